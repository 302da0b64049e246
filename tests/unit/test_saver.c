/* The state file on a real directory, and the thread that writes it. Pictures are tried in
 * test_state_image.c. */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disk/saver.h"

#define PATIENCE_MS 20000

struct bench {
    uv_loop_t loop;
    uv_timer_t deadline;
    char dir[128];
    struct saver *saver;
    struct saver_found found;
    unsigned answers;
    uint64_t generation;
    bool ok;
    char error[SAVER_TEXT_BYTES];
    bool late;
};

static void too_late(uv_timer_t *timer)
{
    ((struct bench *)timer->data)->late = true;
}

static int begin(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);

    if (folder_make(state) != 0 || uv_loop_init(&bench->loop) != 0) return -1;
    snprintf(bench->dir, sizeof bench->dir, "%s/a/b", folder);
    uv_timer_init(&bench->loop, &bench->deadline);
    bench->deadline.data = bench;
    *state = bench;
    return 0;
}

static void close_it(struct bench *bench)
{
    saver_close(bench->saver);
    bench->saver = NULL;
    uv_timer_stop(&bench->deadline);
    uv_run(&bench->loop,
           UV_RUN_DEFAULT); /* until its handles are closed: bounded by saver_close() */
}

static int end(void **state)
{
    struct bench *bench = *state;

    if (bench->saver != NULL)
        saver_fault(bench->saver, SAVER_FAULT_NONE, 0); /* a test that failed may have left one */
    close_it(bench);
    uv_close((uv_handle_t *)&bench->deadline, NULL);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    int closed = uv_loop_close(&bench->loop);
    umount2(folder, MNT_DETACH); /* where a test has mounted something and failed */
    free(bench);
    return folder_remove(state) != 0 ? -1 : closed;
}

static void saved(void *to, uint64_t generation, bool ok, const char *error)
{
    struct bench *bench = to;

    assert_true(ok == (error == NULL));
    bench->answers++;
    bench->generation = generation;
    bench->ok = ok;
    snprintf(bench->error, sizeof bench->error, "%s", ok ? "" : error);
}

static enum saver_verdict open_as(struct bench *bench, const char *flock)
{
    assert_null(bench->saver);
    bench->saver = saver_open(&bench->loop, bench->dir, flock, &bench->found);
    assert_int_equal(bench->saver != NULL, bench->found.verdict <= SAVER_DAMAGED);
    bool silent = bench->found.verdict <= SAVER_WHOLE;
    assert_int_equal(bench->found.text[0] == '\0', silent);
    assert_null(strchr(bench->found.text, '\n'));
    if (bench->saver != NULL) saver_on_saved(bench->saver, saved, bench);
    return bench->found.verdict;
}

static enum saver_verdict open_it(struct bench *bench)
{
    return open_as(bench, "goose");
}

static void ask(struct bench *bench, uint64_t generation, const char *text)
{
    saver_save(bench->saver, generation, (const uint8_t *)text, strlen(text));
}

static void await_answers(struct bench *bench, unsigned answers)
{
    bench->late = false;
    uv_timer_start(&bench->deadline, too_late, PATIENCE_MS, 0);
    while (bench->answers < answers && !bench->late)
        uv_run(&bench->loop, UV_RUN_ONCE);
    uv_timer_stop(&bench->deadline);
    assert_int_equal(bench->answers, answers);
}

static void save(struct bench *bench, uint64_t generation, const char *text)
{
    ask(bench, generation, text);
    await_answers(bench, bench->answers + 1);
    assert_true(bench->ok);
    assert_int_equal(bench->generation, generation);
}

static void fail_to_save(struct bench *bench, uint64_t generation, const char *text)
{
    ask(bench, generation, text);
    await_answers(bench, bench->answers + 1);
    assert_false(bench->ok);
    assert_int_equal(bench->generation, generation);
}

static void expect_state(struct bench *bench, const char *text)
{
    assert_int_equal(bench->found.count, strlen(text));
    assert_memory_equal(bench->found.bytes, text, strlen(text));
}

static bool exists(struct bench *bench, const char *name)
{
    char path[200];
    struct stat about;

    snprintf(path, sizeof path, "%s/%s", bench->dir, name);
    return stat(path, &about) == 0;
}

static int open_state(struct bench *bench)
{
    char path[200];

    snprintf(path, sizeof path, "%s/state", bench->dir);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void get_image(struct bench *bench, uint8_t *image)
{
    int fd = open_state(bench);

    assert_int_equal(pread(fd, image, STATE_FILE_BYTES, 0), STATE_FILE_BYTES);
    close(fd);
}

static void put_image(struct bench *bench, const uint8_t *image, size_t bytes)
{
    int fd = open_state(bench);

    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, image, bytes, 0), (ssize_t)bytes);
    close(fd);
}

static void test_saved_and_read_again(void **state)
{
    struct bench *bench = *state;
    struct stat about;

    assert_int_equal(open_it(bench), SAVER_FRESH);
    assert_false(exists(bench, "state")); /* not before there is a state in it */
    save(bench, 1, "one");
    assert_true(exists(bench, "state"));
    save(bench, 2, "two");
    close_it(bench);
    assert_int_equal(open_it(bench), SAVER_WHOLE);
    expect_state(bench, "two");
    int fd = open_state(bench);
    assert_int_equal(fstat(fd, &about), 0);
    close(fd);
    assert_int_equal(about.st_size, STATE_FILE_BYTES);
    assert_true(about.st_blocks * 512 >= STATE_FILE_BYTES); /* no holes */
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(stat(bench->dir, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0700);
}

static void test_the_largest_state(void **state)
{
    struct bench *bench = *state;
    uint8_t bytes[STATE_PAYLOAD_MAX];

    memset(bytes, 0xa5, sizeof bytes);
    open_it(bench);
    saver_save(bench->saver, 9, bytes, sizeof bytes);
    await_answers(bench, 1);
    close_it(bench);
    assert_int_equal(open_it(bench), SAVER_WHOLE);
    assert_int_equal(bench->found.count, sizeof bytes);
    assert_memory_equal(bench->found.bytes, bytes, sizeof bytes);
}

static void test_started_and_never_saved(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(open_it(bench), SAVER_FRESH);
        close_it(bench);
        assert_false(exists(bench, "state"));
        assert_false(exists(bench, "state.new"));
    }
}

/* Every crash of two saves in a row, with a restart that crashes in its own write: the newest
 * state that was acted upon comes back, or a newer one. */
static void test_crash_after_crash(void **state)
{
    struct bench *bench = *state;
    static uint8_t one[STATE_FILE_BYTES], two[STATE_FILE_BYTES], three[STATE_FILE_BYTES],
        picture[STATE_FILE_BYTES];
    const size_t a = STATE_BLOCK_BYTES;

    open_it(bench);
    save(bench, 1, "one");
    close_it(bench);
    get_image(bench, one);
    open_it(bench);
    save(bench, 2, "two");
    close_it(bench);
    get_image(bench, two);
    for (size_t sectors = 0; sectors <= STATE_SLOT_SECTORS; sectors++) {
        memcpy(picture, one, sizeof picture); /* A is written so far, B is still "one" */
        memcpy(picture + a, two + a, sectors * STATE_SECTOR_BYTES);
        put_image(bench, picture, sizeof picture);
        bool whole = sectors == 0 || sectors == STATE_SLOT_SECTORS;
        const char *before = sectors == STATE_SLOT_SECTORS ? "two" : "one";
        assert_int_equal(open_it(bench), whole ? SAVER_WHOLE : SAVER_TORN);
        expect_state(bench, before);
        close_it(bench);
        get_image(bench, picture); /* both slots in line again */
        open_it(bench);
        save(bench, 3, "three");
        close_it(bench);
        get_image(bench, three);
        for (size_t more = 1; more < STATE_SLOT_SECTORS; more++) {
            uint8_t torn[STATE_FILE_BYTES];
            memcpy(torn, picture, sizeof torn);
            memcpy(torn + a, three + a, more * STATE_SECTOR_BYTES);
            put_image(bench, torn, sizeof torn);
            assert_int_equal(open_it(bench), SAVER_TORN);
            expect_state(bench, before);
            close_it(bench);
        }
    }
}

static void test_a_bad_sector_is_repaired(void **state)
{
    struct bench *bench = *state;
    static uint8_t good[STATE_FILE_BYTES], bad[STATE_FILE_BYTES];

    open_it(bench);
    save(bench, 1, "one");
    close_it(bench);
    get_image(bench, good);
    for (size_t at = 0; at < STATE_FILE_BYTES; at += STATE_SECTOR_BYTES) {
        if (at % STATE_BLOCK_BYTES >= STATE_SLOT_BYTES) continue; /* room that nobody uses */
        bool header = at < STATE_BLOCK_BYTES || at >= STATE_HEADER2_OFFSET;
        if (header && at % STATE_BLOCK_BYTES != 0) continue;
        memcpy(bad, good, sizeof bad);
        memset(bad + at, 0xee, STATE_SECTOR_BYTES);
        put_image(bench, bad, sizeof bad);
        assert_int_equal(open_it(bench), SAVER_REPAIRED);
        expect_state(bench, "one");
        close_it(bench);
        get_image(bench, bad);
        assert_memory_equal(bad, good, sizeof bad);
    }
    assert_false(exists(bench, "state.damaged-1"));
}

static void test_damage_is_set_aside(void **state)
{
    struct bench *bench = *state;
    static uint8_t image[STATE_FILE_BYTES];

    for (int i = 1; i <= 3; i++) {
        char name[32];
        open_it(bench);
        save(bench, 1, "one");
        close_it(bench);
        get_image(bench, image);
        image[STATE_BLOCK_BYTES + 77] ^= 1;
        image[2 * STATE_BLOCK_BYTES + 77] ^= 1;
        put_image(bench, image, sizeof image);
        assert_int_equal(open_it(bench), SAVER_DAMAGED);
        assert_int_equal(bench->found.count, 0);
        snprintf(name, sizeof name, "state.damaged-%d", i);
        assert_true(exists(bench, name));
        assert_non_null(strstr(bench->found.text, name));
        assert_false(exists(bench, "state"));
        save(bench, 1, "new");
        close_it(bench);
        assert_int_equal(open_it(bench), SAVER_WHOLE);
        expect_state(bench, "new");
        close_it(bench);
    }
}

static void test_files_that_are_refused(void **state)
{
    struct bench *bench = *state;
    static uint8_t image[STATE_FILE_BYTES], left[STATE_FILE_BYTES];

    open_it(bench);
    save(bench, 1, "one");
    close_it(bench);
    get_image(bench, image);
    assert_int_equal(open_as(bench, "geese"), SAVER_OTHER_FLOCK);
    assert_non_null(strstr(bench->found.text, "\"goose\""));
    assert_non_null(strstr(bench->found.text, "\"geese\""));
    get_image(bench, left);
    assert_memory_equal(image, left, sizeof image); /* what is refused is not touched */
    put_image(bench, image, 5000);
    assert_int_equal(open_it(bench), SAVER_SHORT);
    put_image(bench, image, 0);
    assert_int_equal(open_it(bench), SAVER_SHORT);
    memset(image, 'x', sizeof image);
    put_image(bench, image, sizeof image);
    assert_int_equal(open_it(bench), SAVER_FOREIGN);
    put_image(bench, (const uint8_t *)"{\"term\": 7, \"some\": \"json\"}", 27);
    assert_int_equal(open_it(bench), SAVER_FOREIGN);
}

static void test_a_directory_that_cannot_be(void **state)
{
    struct bench *bench = *state;
    char path[200];

    snprintf(path, sizeof path, "%s/a", folder);
    int fd =
        open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600); /* a file where a directory should be */
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(open_it(bench), SAVER_FAILED);
    assert_non_null(strstr(bench->found.text, "--state-dir"));
    unlink(path);
    snprintf(path, sizeof path, "%s/state", bench->dir);
    assert_int_equal(open_it(bench), SAVER_FRESH);
    close_it(bench);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(open_it(bench), SAVER_FAILED);
    rmdir(path);
}

/* What another user could have put there is not touched: a link would lead to a file of ours. */
static void test_what_others_may_write(void **state)
{
    struct bench *bench = *state;
    static const char *const names[] = {"lock", "state"};
    char path[200], precious[100], text[16] = "";

    assert_int_equal(open_it(bench), SAVER_FRESH);
    save(bench, 1, "one");
    close_it(bench);
    snprintf(precious, sizeof precious, "%s/precious", folder);
    for (size_t i = 0; i < COUNT(names); i++) {
        int fd = open(precious, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_int_equal(write(fd, "precious", 8), 8);
        snprintf(path, sizeof path, "%s/%s", bench->dir, names[i]);
        unlink(path);
        assert_int_equal(symlink(precious, path), 0);
        assert_int_equal(open_it(bench), SAVER_FAILED);
        assert_non_null(strstr(bench->found.text, "it is a link"));
        assert_int_equal(pread(fd, text, sizeof text, 0), 8);
        assert_memory_equal(text, "precious", 8);
        close(fd);
        unlink(path);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(open_it(bench), SAVER_FAILED);
        unlink(path);
    }
    assert_int_equal(open_it(bench), SAVER_FRESH);
    save(bench, 1, "one");
    close_it(bench);
    assert_int_equal(chmod(path, 0620), 0);
    assert_int_equal(open_it(bench), SAVER_FAILED);
    assert_non_null(strstr(bench->found.text, "chmod 600"));
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(chmod(bench->dir, 0770), 0);
    assert_int_equal(open_it(bench), SAVER_FAILED);
    assert_non_null(strstr(bench->found.text, "chmod go-w"));
    assert_int_equal(chmod(bench->dir, 0700), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 4711, 0), 0);
        assert_int_equal(open_it(bench), SAVER_FAILED);
        assert_int_equal(chown(path, 0, 0), 0);
        assert_int_equal(chown(bench->dir, 4711, 0), 0);
        assert_int_equal(open_it(bench), SAVER_FAILED);
        assert_non_null(strstr(bench->found.text, "it belongs to user 4711"));
        assert_int_equal(chown(bench->dir, 0, 0), 0);
    }
    assert_int_equal(open_it(bench), SAVER_WHOLE);
}

static void test_the_lock(void **state)
{
    struct bench *bench = *state;
    struct bench other = {.loop = bench->loop};
    char pid[32];

    open_it(bench);
    assert_null(saver_open(&bench->loop, bench->dir, "goose", &other.found));
    assert_int_equal(other.found.verdict, SAVER_LOCKED);
    snprintf(pid, sizeof pid, "process %ld;", (long)getpid());
    assert_non_null(strstr(other.found.text, pid));
    close_it(bench);
    assert_int_equal(open_it(bench), SAVER_FRESH);
}

static void test_an_old_copy_is_set_aside(void **state)
{
    struct bench *bench = *state;

    open_it(bench);
    save(bench, 1, "one");
    saver_set_aside(bench->saver);
    assert_true(exists(bench, "state"));
    save(bench, 1, "newborn");
    assert_true(exists(bench, "state.old-1"));
    save(bench, 2, "grown");
    assert_false(exists(bench, "state.old-2"));
    close_it(bench);
    assert_int_equal(open_it(bench), SAVER_WHOLE);
    expect_state(bench, "grown");
}

static void test_a_failing_disk(void **state)
{
    struct bench *bench = *state;

    open_it(bench);
    save(bench, 1, "one");
    saver_fault(bench->saver, SAVER_FAULT_FAIL, 0);
    fail_to_save(bench, 2, "two");
    assert_non_null(strstr(bench->error, "drill"));
    saver_fault(bench->saver, SAVER_FAULT_NONE, 0); /* too late: what is on the disk is not known */
    fail_to_save(bench, 3, "three");
    close_it(bench);
    assert_int_equal(open_it(bench), SAVER_WHOLE);
    expect_state(bench, "one");
}

static void move(struct bench *bench, const char *from, const char *to)
{
    char old[200], new[200];

    snprintf(old, sizeof old, "%s/%s", bench->dir, from);
    snprintf(new, sizeof new, "%s/%s", bench->dir, to);
    assert_int_equal(rename(old, new), 0);
}

/* Not even the second slot is written behind a first that failed, though the disk would take it. */
static void test_nothing_follows_a_failed_write(void **state)
{
    struct bench *bench = *state;

    open_it(bench);
    save(bench, 1, "one");
    saver_set_aside(bench->saver);
    move(bench, "state", "elsewhere");
    fail_to_save(bench, 2, "two");
    move(bench, "elsewhere", "state");
    fail_to_save(bench, 3, "three");
    close_it(bench);
    assert_int_equal(open_it(bench), SAVER_WHOLE);
    expect_state(bench, "one");
}

static void test_a_slow_disk(void **state)
{
    struct bench *bench = *state;

    open_it(bench);
    save(bench, 1, "one");
    uint64_t start_ns = uv_hrtime();
    saver_fault(bench->saver, SAVER_FAULT_SLOW, 50000);
    save(bench, 2, "two");
    assert_true(uv_hrtime() - start_ns >= 50000000);
    const struct histogram *times = saver_times(bench->saver);
    uint64_t count = 0;
    for (int i = 0; i <= HISTOGRAM_BOUNDS; i++)
        count += times->counts[i];
    assert_int_equal(count, 2);
    assert_in_range(times->sum_us, 50000, (uv_hrtime() - start_ns) / 1000 + 10000000);
}

static void count_turn(uv_timer_t *timer)
{
    ++*(unsigned *)timer->data;
}

/* The loop turns while the disk hangs; when it goes on, so does the save. */
static void test_a_hung_disk(void **state)
{
    struct bench *bench = *state;
    uv_timer_t ticks;
    unsigned turns = 0;

    uv_timer_init(&bench->loop, &ticks);
    ticks.data = &turns;
    open_it(bench);
    saver_fault(bench->saver, SAVER_FAULT_HANG, 0);
    ask(bench, 1, "one");
    uint64_t asked_ns = uv_hrtime();
    uv_timer_start(&ticks, count_turn, 1, 1);
    while (turns < 50)
        uv_run(&bench->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&ticks, NULL);
    assert_int_equal(bench->answers, 0);
    uint64_t waited_us = (uv_hrtime() - asked_ns) / 1000; /* by a clock that may be slewed */
    assert_true(saver_waits_us(bench->saver) >= waited_us - waited_us / 100);
    saver_fault(bench->saver, SAVER_FAULT_NONE, 0);
    await_answers(bench, 1);
    assert_true(bench->ok);
    assert_int_equal(saver_waits_us(bench->saver), 0);
}

/* Closing does not wait for it, and nobody else gets the directory while it may still write. */
static void test_closing_on_a_hung_disk(void **state)
{
    struct bench *bench = *state;

    open_it(bench);
    save(bench, 1, "one");
    saver_fault(bench->saver, SAVER_FAULT_HANG, 0);
    ask(bench, 2, "two");
    uint64_t start_ns = uv_hrtime();
    saver_close(bench->saver);
    bench->saver = NULL;
    assert_true(uv_hrtime() - start_ns < UINT64_C(500000000));
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_true(uv_hrtime() - start_ns < UINT64_C(10000000000));
    assert_int_equal(bench->answers, 1);
    assert_int_equal(open_it(bench), SAVER_LOCKED);
}

/* What was asked for is written, though nobody is told. */
static void test_closing_at_once(void **state)
{
    struct bench *bench = *state;
    char text[32];

    for (int i = 0; i < 50; i++) {
        assert_int_equal(open_it(bench), i == 0 ? SAVER_FRESH : SAVER_WHOLE);
        if (i > 0) expect_state(bench, text);
        snprintf(text, sizeof text, "state %d", i);
        ask(bench, 1, text);
        close_it(bench);
        assert_int_equal(bench->answers, 0);
    }
}

/* The child of test_killed: no assertion here, it would go on with the parent's tests. */
static void save_for_ever(struct bench *bench, int told)
{
    if (uv_loop_fork(&bench->loop) != 0 || open_it(bench) > SAVER_TORN) _exit(1);
    for (uint64_t i = 1;; i++) {
        saver_save(bench->saver, i, (const uint8_t *)&i, sizeof i);
        while (bench->answers < i)
            uv_run(&bench->loop, UV_RUN_ONCE);
        if (!bench->ok || write(told, &i, sizeof i) != sizeof i) _exit(1);
    }
}

/* What was closed lets the directory go when its thread has ended, which a busy disk holds up; a child
 * would inherit the lock. */
static void await_unlocked(const struct bench *bench)
{
    char path[sizeof bench->dir + 8];

    snprintf(path, sizeof path, "%s/lock", bench->dir);
    int fd = open(path, O_RDWR);
    if (fd < 0) return; /* the first time there is none */
    assert_int_equal(flock(fd, LOCK_EX), 0);
    close(fd);
}

/* SIGKILL at any moment: the last state that was told as saved comes back, or the one after it. */
static void test_killed(void **state)
{
    struct bench *bench = *state;
    int pipes[2];

    for (int round = 0; round < 10; round++) {
        uint64_t told = 0, next;
        assert_int_equal(pipe(pipes), 0);
        await_unlocked(bench);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) save_for_ever(bench, pipes[1]);
        close(pipes[1]);
        while (told < (uint64_t)(20 + round * 7) &&
               read(pipes[0], &next, sizeof next) == sizeof next)
            told = next;
        kill(child, SIGKILL);
        while (read(pipes[0], &next, sizeof next) == sizeof next)
            told = next;
        close(pipes[0]);
        waitpid(child, NULL, 0);
        assert_true(told >= 20);
        assert_true(open_it(bench) <= SAVER_TORN);
        assert_int_equal(bench->found.count, sizeof next);
        memcpy(&next, bench->found.bytes, sizeof next);
        assert_in_range(next, told, told + 1);
        close_it(bench);
    }
}

static void test_no_space(void **state)
{
    struct bench *bench = *state;
    char path[200], filler[4096] = {0};

    if (mount("tmpfs", folder, "tmpfs", 0, "size=64k") != 0) skip(); /* no root here */
    snprintf(path, sizeof path, "%s/filler", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (write(fd, filler, sizeof filler) > 0) {
    }
    enum saver_verdict full = open_it(bench);
    int said = strstr(bench->found.text, strerror(ENOSPC)) != NULL;
    assert_int_equal(ftruncate(fd, 0), 0);
    enum saver_verdict free_again = open_it(bench);
    while (pwrite(fd, filler, sizeof filler, lseek(fd, 0, SEEK_END)) > 0) {
    }
    ask(bench, 1, "one"); /* its room was taken at the start */
    await_answers(bench, 1);
    close(fd);
    close_it(bench);
    umount2(folder, MNT_DETACH);
    assert_int_equal(full, SAVER_FAILED);
    assert_true(said);
    assert_int_equal(free_again, SAVER_FRESH);
    assert_true(bench->ok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_saved_and_read_again, begin, end),
        cmocka_unit_test_setup_teardown(test_the_largest_state, begin, end),
        cmocka_unit_test_setup_teardown(test_started_and_never_saved, begin, end),
        cmocka_unit_test_setup_teardown(test_crash_after_crash, begin, end),
        cmocka_unit_test_setup_teardown(test_a_bad_sector_is_repaired, begin, end),
        cmocka_unit_test_setup_teardown(test_damage_is_set_aside, begin, end),
        cmocka_unit_test_setup_teardown(test_files_that_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_a_directory_that_cannot_be, begin, end),
        cmocka_unit_test_setup_teardown(test_what_others_may_write, begin, end),
        cmocka_unit_test_setup_teardown(test_the_lock, begin, end),
        cmocka_unit_test_setup_teardown(test_an_old_copy_is_set_aside, begin, end),
        cmocka_unit_test_setup_teardown(test_a_failing_disk, begin, end),
        cmocka_unit_test_setup_teardown(test_nothing_follows_a_failed_write, begin, end),
        cmocka_unit_test_setup_teardown(test_a_slow_disk, begin, end),
        cmocka_unit_test_setup_teardown(test_a_hung_disk, begin, end),
        cmocka_unit_test_setup_teardown(test_closing_on_a_hung_disk, begin, end),
        cmocka_unit_test_setup_teardown(test_closing_at_once, begin, end),
        cmocka_unit_test_setup_teardown(test_killed, begin, end),
        cmocka_unit_test_setup_teardown(test_no_space, begin, end),
    };
    return cmocka_run_group_tests_name("saver", tests, NULL, NULL);
}
