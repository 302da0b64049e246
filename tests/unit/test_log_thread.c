/* test_log_thread.c: what is written into a log thread comes out in order, whatever its file does meanwhile, and nobody waits. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/log_thread.h"

#define PATIENCE_MS 10000

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A word at a time, until nothing more goes in; how many did. */
static unsigned fill(int in)
{
    unsigned words = 0;

    while (write(in, &words, sizeof words) == (ssize_t)sizeof words)
        words++;
    assert_int_equal(errno, EAGAIN);
    return words;
}

static void expect_words(int from, unsigned words)
{
    for (unsigned word = 0, got; word < words; word++) {
        struct pollfd ready = {.fd = from, .events = POLLIN};
        assert_int_equal(poll(&ready, 1, PATIENCE_MS), 1);
        assert_int_equal(read(from, &got, sizeof got), sizeof got);
        assert_int_equal(got, word);
    }
}

/* Nobody reads: what writes into the ferry is told, and does not wait; and at the end it is left to itself. */
static void test_a_file_that_hangs(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    struct log_thread *thread = log_thread_open(ends[1]);
    assert_non_null(thread);
    unsigned words = fill(log_thread_in(thread));
    assert_true(words * sizeof words >= 65536);
    expect_words(ends[0], words);
    words = fill(log_thread_in(thread));
    uint64_t begun_ms = now_ms();
    log_thread_close(thread);
    assert_in_range(now_ms() - begun_ms, LOG_THREAD_CLOSE_MS, LOG_THREAD_CLOSE_MS + PATIENCE_MS);
    expect_words(ends[0], words);
    close(ends[0]);
}

static void test_what_is_left_is_carried(void **state)
{
    char path[] = "/tmp/test_log_thread.XXXXXX";
    int fd = mkstemp(path);
    struct log_thread *thread = log_thread_open(fd);
    static char wrote[4096], got[4097];

    (void)state;
    assert_non_null(thread);
    memset(wrote, 'x', sizeof wrote);
    assert_int_equal(write(log_thread_in(thread), wrote, sizeof wrote), sizeof wrote);
    log_thread_close(thread);
    assert_int_equal(pread(fd, got, sizeof got, 0), sizeof wrote);
    assert_memory_equal(got, wrote, sizeof wrote);
    close(fd);
    unlink(path);
}

/* A file that takes no more for a while: nothing is lost, and at the end nobody waits for it. */
static void test_a_file_that_is_full(void **state)
{
    char path[] = "/tmp/test_log_thread.XXXXXX", got[16] = "";
    int fd = mkstemp(path);
    struct log_thread *thread = log_thread_open(fd);
    struct rlimit before;

    (void)state;
    assert_non_null(thread);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit small = {4, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(write(log_thread_in(thread), "one two", 7), 7);
    for (uint64_t end_ms = now_ms() + PATIENCE_MS; lseek(fd, 0, SEEK_CUR) < 4;) {
        assert_true(now_ms() < end_ms);
        usleep(1000);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    for (uint64_t end_ms = now_ms() + PATIENCE_MS; lseek(fd, 0, SEEK_CUR) < 7;) {
        assert_true(now_ms() < end_ms);
        usleep(1000);
    }
    assert_int_equal(pread(fd, got, sizeof got, 0), 7);
    assert_string_equal(got, "one two");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(write(log_thread_in(thread), "three", 5), 5);
    uint64_t begun_ms = now_ms();
    log_thread_close(thread);
    assert_true(now_ms() - begun_ms < LOG_THREAD_CLOSE_MS);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_that_hangs),
        cmocka_unit_test(test_what_is_left_is_carried),
        cmocka_unit_test(test_a_file_that_is_full),
    };
    return cmocka_run_group_tests_name("ferry", tests, NULL, NULL);
}
