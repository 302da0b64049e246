/* test_log.c: lines, their escapes, repeats, and a reader that does not read. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

#define START_US  INT64_C(1771234567000042) /* 2026-02-16T09:36:07.000042Z */
#define TEXT_HEAD "2026-02-16T09:36:07.000042Z "
#define JSON_HEAD "{\"time\":\"2026-02-16T09:36:07.000042Z\",\"level\":\"info\",\"message\":\""

static int64_t now_us; /* the tests' clock */

static int64_t clock_us(void)
{
    return now_us;
}

struct bench {
    int ends[2];
    struct log *log;
    char got[65536];
};

static struct bench *bench_new(enum log_level level, enum log_format format)
{
    struct bench *bench = calloc(1, sizeof *bench);

    assert_non_null(bench);
    assert_int_equal(pipe(bench->ends), 0);
    assert_int_equal(fcntl(bench->ends[0], F_SETFL, O_NONBLOCK), 0);
    bench->log = log_new(bench->ends[1], level, format);
    assert_non_null(bench->log);
    now_us = START_US;
    log_set_clock(bench->log, clock_us);
    return bench;
}

static void bench_free(struct bench *bench)
{
    log_free(bench->log);
    for (int i = 0; i < 2; i++)
        if (bench->ends[i] >= 0) close(bench->ends[i]);
    free(bench);
}

/* All that was written since. */
static const char *bench_got(struct bench *bench)
{
    size_t bytes = 0;
    ssize_t got;

    while ((got = read(bench->ends[0], bench->got + bytes, sizeof bench->got - 1 - bytes)) > 0)
        bytes += (size_t)got;
    bench->got[bytes] = 0;
    return bench->got;
}

static void test_levels(void **state)
{
    struct bench *bench = bench_new(LOG_LEVEL_WARN, LOG_FORMAT_TEXT);

    (void)state;
    log_error(bench->log, "e %d", 1);
    log_warn(bench->log, "w %s", "two");
    log_info(bench->log, "i");
    log_debug(bench->log, "d");
    assert_string_equal(bench_got(bench), TEXT_HEAD "error e 1\n" TEXT_HEAD "warn  w two\n");
    assert_true(log_wants(bench->log, LOG_LEVEL_WARN));
    assert_false(log_wants(bench->log, LOG_LEVEL_INFO));
    log_set_level(bench->log, LOG_LEVEL_DEBUG);
    log_info(bench->log, "i");
    log_debug(bench->log, "d");
    assert_string_equal(bench_got(bench), TEXT_HEAD "info  i\n" TEXT_HEAD "debug d\n");
    log_set_level(bench->log, LOG_LEVEL_ERROR);
    log_always(bench->log, "asked");
    log_always(bench->log, "asked");
    assert_string_equal(bench_got(bench), TEXT_HEAD "info  asked\n" TEXT_HEAD "info  asked\n");
    bench_free(bench);
}

/* Three nodes in one terminal can be told apart; a file's lines are shorter without. */
static void test_whose_line(void **state)
{
    struct bench *bench = bench_new(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    char got[256] = "";

    (void)state;
    log_set_node(bench->log, "n1:7000");
    log_info(bench->log, "in a pipe");
    assert_string_equal(bench_got(bench), TEXT_HEAD "info  in a pipe\n");
    log_set_format(bench->log, LOG_FORMAT_JSON);
    log_info(bench->log, "for programs");
    assert_string_equal(bench_got(bench),
                        "{\"time\":\"2026-02-16T09:36:07.000042Z\",\"level\":\"info\","
                        "\"node\":\"n1:7000\",\"message\":\"for programs\"}\n");
    bench_free(bench);

    int ours = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(ours >= 0 && grantpt(ours) == 0 && unlockpt(ours) == 0);
    int terminal = open(ptsname(ours), O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    struct log *log = log_new(terminal, LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    assert_non_null(log);
    log_set_clock(log, clock_us);
    log_set_node(log, "n1:7000");
    log_info(log, "to a person");
    assert_true(read(ours, got, sizeof got - 1) > 0);
    assert_string_equal(got, TEXT_HEAD "info  n1:7000: to a person\r\n");
    log_free(log);
    close(terminal);
    close(ours);
}

static void test_host_clock(void **state)
{
    struct bench *bench = bench_new(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    struct log *log = log_new(bench->ends[1], LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    int year = 0, end = 0;

    (void)state;
    log_info(log, "x");
    assert_int_equal(
        sscanf(bench_got(bench), "%4d-%*2d-%*2dT%*2d:%*2d:%*2d.%*6dZ info  x%n", &year, &end), 1);
    assert_int_equal(end, (int)strlen(TEXT_HEAD "info  x"));
    assert_true(year >= 2024);
    log_free(log);
    bench_free(bench);
}

static void test_escapes(void **state)
{
    static const char *const cases[][3] = {
        {"a \"b\" c\\d", "a \"b\" c\\d", "a \\\"b\\\" c\\\\d"},
        {"two\nlines\r\t", "two\\x0alines\\x0d\\x09", "two\\u000alines\\u000d\\u0009"},
        {"\x1b[31m\x7f", "\\x1b[31m\\x7f", "\\u001b[31m\\u007f"},
        {"g\xc3\xa4nse \xe2\x82\xac \xf0\x9f\xa6\x86", "g\xc3\xa4nse \xe2\x82\xac \xf0\x9f\xa6\x86",
         "g\xc3\xa4nse \xe2\x82\xac \xf0\x9f\xa6\x86"},
        {"\xc2\x9b", "\\x9b", "\\u009b"},
        {"\xff.", "\\xff.", "\xef\xbf\xbd."},
        {"\xc0\xaf", "\\xc0\\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80",
         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"cut \xe2\x82", "cut \\xe2\\x82", "cut \xef\xbf\xbd\xef\xbf\xbd"},
        {"cut \xf0\x9f\xa6", "cut \\xf0\\x9f\\xa6", "cut \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"", "", ""},
    };
    char right[256];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct bench *bench = bench_new(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
        log_info(bench->log, "%s", cases[i][0]);
        snprintf(right, sizeof right, TEXT_HEAD "info  %s\n", cases[i][1]);
        assert_string_equal(bench_got(bench), right);
        log_set_format(bench->log, LOG_FORMAT_JSON);
        log_always(bench->log, "%s", cases[i][0]);
        snprintf(right, sizeof right, JSON_HEAD "%s\"}\n", cases[i][2]);
        assert_string_equal(bench_got(bench), right);
        bench_free(bench);
    }
}

/* However long and however escaped: one line, whole, and within the bound. */
static void test_long_lines(void **state)
{
    static const char *const fills[] = {
        "x", "\x01", "\"", "\xe2\x82\xac", "\xff", "a\xf0\x9f\xa6\x86"};
    char said[8192];

    (void)state;
    for (size_t i = 0; i < COUNT(fills); i++) {
        struct bench *bench = bench_new(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
        said[0] = 0;
        for (size_t bytes = 0; bytes + strlen(fills[i]) < sizeof said; bytes += strlen(fills[i]))
            memcpy(said + bytes, fills[i], strlen(fills[i]) + 1);
        for (int format = 0; format < LOG_FORMATS; format++) {
            log_set_format(bench->log, (enum log_format)format);
            log_always(bench->log, "%s", said);
            const char *got = bench_got(bench);
            assert_in_range(strlen(got), 2000, LOG_LINE_BYTES_MAX);
            assert_ptr_equal(strchr(got, '\n'), got + strlen(got) - 1);
            if (format == LOG_FORMAT_JSON) assert_string_equal(got + strlen(got) - 3, "\"}\n");
        }
        bench_free(bench);
    }
}

static void test_repeats(void **state)
{
    struct bench *bench = bench_new(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);

    (void)state;
    log_warn(bench->log, "the disk is slow");
    log_warn(bench->log, "the disk is slow");
    log_info(bench->log, "term=%d", 8);
    log_info(bench->log, "term=%d", 9);
    now_us += LOG_REPEAT_US - 1;
    log_warn(bench->log, "the disk is slow");
    log_set_clock(bench->log, clock_us);
    assert_string_equal(bench_got(bench), TEXT_HEAD "warn  the disk is slow\n" TEXT_HEAD
                                                    "info  term=8\n" TEXT_HEAD "info  term=9\n");
    now_us += 1;
    log_warn(bench->log, "the disk is slow");
    assert_string_equal(bench_got(bench),
                        "2026-02-16T09:37:07.000042Z warn  (2 times more) the disk is slow\n");
    log_set_level(bench->log, LOG_LEVEL_DEBUG);
    log_warn(bench->log, "the disk is slow");
    assert_string_equal(bench_got(bench), "2026-02-16T09:37:07.000042Z debug the disk is slow\n");
    now_us -= LOG_REPEAT_US; /* the wall clock is set back */
    log_set_format(bench->log, LOG_FORMAT_JSON);
    log_warn(bench->log, "the disk is slow");
    assert_string_equal(
        bench_got(bench),
        "{\"time\":\"2026-02-16T09:36:07.000042Z\",\"level\":\"warn\",\"repeats\":1,"
        "\"message\":\"the disk is slow\"}\n");
    bench_free(bench);
}

static void test_only_so_many_are_remembered(void **state)
{
    struct bench *bench = bench_new(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);

    (void)state;
    log_info(bench->log, "first");
    for (int i = 0; i < LOG_REPEATS_KEPT - 1; i++)
        log_info(bench->log, "line %d", i);
    bench_got(bench);
    log_info(bench->log, "first");
    assert_string_equal(bench_got(bench), "");
    log_info(bench->log, "one more");
    log_info(bench->log, "first");
    assert_string_equal(bench_got(bench), TEXT_HEAD "info  one more\n" TEXT_HEAD "info  first\n");
    bench_free(bench);
}

/* Writes until the reader's side is full, then more: were a line waited for, the alarm would end
 * this test. */
static void check_full(struct bench *bench, const char *kind)
{
    int lines = 0;

    alarm(20);
    while (log_dropped(bench->log) < 1000)
        log_info(bench->log,
                 "%s: line %d of many, and long enough to fill whatever it is soon enough", kind,
                 lines++);
    const char *got = bench_got(bench);
    assert_int_equal(got[strlen(got) - 1], '\n');
    while (got[0] != 0)
        got = bench_got(bench);
    log_info(bench->log, "after");
    assert_string_equal(
        bench_got(bench),
        TEXT_HEAD "warn  1000 lines before this one are lost: nobody took them in time\n" TEXT_HEAD
                  "info  after\n");
    log_info(bench->log, "and on");
    assert_string_equal(bench_got(bench), TEXT_HEAD "info  and on\n");
    assert_int_equal(log_dropped(bench->log), 1000);
    alarm(0);
}

static void test_a_full_pipe(void **state)
{
    struct bench *bench = bench_new(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);

    (void)state;
    check_full(bench, "a pipe");
    assert_int_equal(fcntl(bench->ends[1], F_GETFL) & O_NONBLOCK, 0); /* it is shared with others */
    bench_free(bench);
}

static void test_a_full_socket(void **state)
{
    struct bench *bench = bench_new(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);

    (void)state;
    log_free(bench->log);
    close(bench->ends[0]);
    close(bench->ends[1]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, bench->ends), 0);
    assert_int_equal(fcntl(bench->ends[0], F_SETFL, O_NONBLOCK), 0);
    bench->log = log_new(bench->ends[1], LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    log_set_clock(bench->log, clock_us);
    check_full(bench, "a socket");
    bench_free(bench);
}

static void test_a_reader_that_left(void **state)
{
    struct bench *bench = bench_new(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);

    (void)state;
    close(bench->ends[0]);
    bench->ends[0] = -1;
    log_info(bench->log, "nobody");
    log_info(bench->log, "hears this");
    assert_int_equal(log_dropped(bench->log), 2);
    bench_free(bench);
}

/* Several processes append to one file: none writes over another's lines. */
static void test_a_file_is_appended_to(void **state)
{
    char path[] = "/tmp/test_log.XXXXXX", got[256] = "";
    int made = mkstemp(path), other = open(path, O_WRONLY | O_APPEND),
        fd = open(path, O_WRONLY | O_APPEND);
    struct log *log = log_new(fd, LOG_LEVEL_INFO, LOG_FORMAT_TEXT);

    (void)state;
    assert_true(made >= 0 && other >= 0 && fd >= 0);
    log_set_clock(log, clock_us);
    now_us = START_US;
    log_info(log, "one");
    assert_int_equal(write(other, "other\n", 6), 6);
    log_info(log, "two");
    assert_true(read(made, got, sizeof got - 1) > 0);
    assert_string_equal(got, TEXT_HEAD "info  one\nother\n" TEXT_HEAD "info  two\n");
    log_free(log);
    close(made);
    close(fd);
    close(other);
    unlink(path);
}

static void test_a_file_is_written_by_a_thread(void **state)
{
    char path[] = "/tmp/test_log.XXXXXX", got[256] = "";
    int fd = mkstemp(path);
    struct log *log = log_new(fd, LOG_LEVEL_INFO, LOG_FORMAT_TEXT);

    (void)state;
    log_set_clock(log, clock_us);
    now_us = START_US;
    log_by_thread(log);
    log_info(log, "one");
    log_info(log, "two");
    log_free(log);
    assert_true(pread(fd, got, sizeof got - 1, 0) > 0);
    assert_string_equal(got, TEXT_HEAD "info  one\n" TEXT_HEAD "info  two\n");
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_whose_line),
        cmocka_unit_test(test_host_clock),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_only_so_many_are_remembered),
        cmocka_unit_test(test_a_full_pipe),
        cmocka_unit_test(test_a_full_socket),
        cmocka_unit_test(test_a_reader_that_left),
        cmocka_unit_test(test_a_file_is_appended_to),
        cmocka_unit_test(test_a_file_is_written_by_a_thread),
    };

    signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
