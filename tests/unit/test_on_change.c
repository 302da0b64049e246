/* test_on_change.c: real shells, one at a time and in order; what they are given, what becomes of those that take too
 * long, of those that nobody has time for, and of the last ones. */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/on_change.h"

#define DEADLINE_MS 10000
#define FILE_BYTES  16384

struct world {
    uv_loop_t loop;
    struct log *log;
    struct on_change *on_change;
    int log_fd;
};

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* What stands in a file of the folder. */
static const char *contents(const char *name)
{
    static char bytes[FILE_BYTES];
    ssize_t count = 0;
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        count = read(fd, bytes, sizeof bytes - 1);
        close(fd);
    }
    bytes[count < 0 ? 0 : count] = 0;
    return bytes;
}

static void turn_until(struct world *world, const char *name, const char *wanted)
{
    for (uint64_t end_ms = now_ms() + DEADLINE_MS;
         strstr(contents(name), wanted) == NULL && now_ms() < end_ms;) {
        uv_run(&world->loop, UV_RUN_NOWAIT);
        usleep(2000);
    }
    if (strstr(contents(name), wanted) == NULL)
        fail_msg("no '%s' in %s: %s", wanted, name, contents(name));
}

static int new_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    if (world == NULL) return -1;
    world->log_fd = open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    world->log = log_new(world->log_fd, LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    uv_loop_init(&world->loop);
    signal(SIGPIPE, SIG_IGN);
    *state = world;
    return world->log == NULL ? -1 : 0;
}

static int begin(void **state)
{
    return folder_make(state) == 0 && chdir(folder) == 0 ? new_world(state) : -1;
}

static void start(struct world *world, const char *command, uint64_t timeout_ms)
{
    const struct on_change_parts parts = {.loop = &world->loop,
                                          .log = world->log,
                                          .command = command,
                                          .self = "n1:7000",
                                          .flock = "pond",
                                          .timeout_us = timeout_ms * 1000};

    world->on_change = on_change_new(&parts);
    assert_non_null(world->on_change);
}

/* How long it takes until all is over. */
static uint64_t finish(struct world *world)
{
    uint64_t begun_ms = now_ms();

    uv_update_time(&world->loop);
    on_change_close(world->on_change);
    assert_int_equal(uv_run(&world->loop, UV_RUN_DEFAULT), 0);
    return now_ms() - begun_ms;
}

static int end(void **state)
{
    struct world *world = *state;
    int closed = uv_loop_close(&world->loop);

    log_free(world->log);
    close(world->log_fd);
    free(world);
    return chdir("/") != 0 || folder_remove(state) != 0 ? -1 : closed;
}

static void tell(struct world *world, bool is_goose, uint64_t term, const char *goose)
{
    struct change change = {.is_goose = is_goose, .term = term, .of_goose = true};

    snprintf(change.to, sizeof change.to, "%s", goose);
    on_change_tell(world->on_change, &change);
}

static void tell_many(struct world *world, uint64_t first, uint64_t last)
{
    for (uint64_t term = first; term <= last; term++)
        tell(world, false, term, "");
}

static void test_what_a_run_is_given(void **state)
{
    struct world *world = *state;

    setenv("GOOSE_ROLE", "swan", 1);
    setenv("GOOSE_MISSED", "99", 1);
    setenv("OF_MINE", "kept", 1);
    start(world,
          "echo \"$GOOSE_ROLE $GOOSE_TERM '$GOOSE_ADDRESS' $GOOSE_SELF $GOOSE_FLOCK "
          "${GOOSE_MISSED-unset} $OF_MINE\" >>out",
          5000);
    tell(world, true, 18446744073709551615U, "n1:7000");
    tell(world, false, 3, "");
    finish(world);
    assert_string_equal(contents("out"),
                        "goose 18446744073709551615 'n1:7000' n1:7000 pond unset kept\n"
                        "duck 3 '' n1:7000 pond unset kept\n");
    assert_string_equal(getenv("GOOSE_ROLE"), "swan"); /* nothing is changed here */
    unsetenv("GOOSE_ROLE");
    unsetenv("GOOSE_MISSED");
}

/* Its three descriptors, no signal that is ignored or blocked, and a group of its own. */
static void test_what_a_run_does_not_inherit(void **state)
{
    struct world *world = *state;
    sigset_t blocked, before;
    char wanted[64];

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    start(world,
          "grep -E 'Sig(Blk|Ign)' /proc/self/status >>out; readlink /proc/$$/fd/0 >>out; "
          "for fd in 4 5 6 7 8 9; do [ ! -e /proc/$$/fd/$fd ] || readlink /proc/$$/fd/$fd; done | "
          "grep -E 'epoll|event|socket|log' >>out; cut -d ' ' -f 5 /proc/$$/stat >>group; "
          "echo $$ >>group; echo said >&2; echo aloud",
          5000);
    tell(world, false, 1, "");
    int stderr_fd = dup(STDERR_FILENO), file = open("said", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(file, STDERR_FILENO);
    finish(world);
    dup2(stderr_fd, STDERR_FILENO);
    close(file);
    close(stderr_fd);
    sigprocmask(SIG_SETMASK, &before, NULL);
    assert_string_equal(contents("out"), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"
                                         "/dev/null\n");
    assert_string_equal(contents("said"), "said\naloud\n");
    long group = 0, shell = 0;
    assert_int_equal(sscanf(contents("group"), "%ld %ld", &group, &shell), 2);
    assert_int_equal(group, shell);
    snprintf(wanted, sizeof wanted, "role=duck term=1: exit status 0 after ");
    assert_non_null(strstr(contents("log"), wanted));
}

static void test_one_at_a_time_in_order(void **state)
{
    struct world *world = *state;
    char wanted[FILE_BYTES] = "";

    start(world, "echo \"begin $GOOSE_TERM\" >>out; sleep 0.02; echo \"end $GOOSE_TERM\" >>out",
          5000);
    tell_many(world, 1, 5);
    turn_until(world, "out", "end 3");
    tell_many(world, 6, 10);
    finish(world);
    for (int i = 1; i <= 10; i++)
        snprintf(wanted + strlen(wanted), 32, "begin %d\nend %d\n", i, i);
    assert_string_equal(contents("out"), wanted);
}

static void test_only_changes_of_role_or_goose(void **state)
{
    struct world *world = *state;
    const struct change other = {.term = 2};

    start(world, "echo $GOOSE_TERM >>out", 5000);
    tell(world, false, 1, "");
    on_change_tell(world->on_change, &other);
    tell(world, false, 3, "");
    finish(world);
    assert_string_equal(contents("out"), "1\n3\n");
}

/* The first is running; of the 70 behind it, 64 wait. */
static void test_too_many(void **state)
{
    struct world *world = *state;
    char wanted[FILE_BYTES] = "1 \n8 6\n";

    start(world,
          "echo \"$GOOSE_TERM ${GOOSE_MISSED-}\" >>out; while [ ! -e gate ]; do sleep 0.02; done",
          60000);
    tell(world, false, 1, "");
    turn_until(world, "out", "1 \n");
    tell_many(world, 2, 71);
    close(open("gate", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    finish(world);
    for (int i = 9; i <= 71; i++)
        snprintf(wanted + strlen(wanted), 32, "%d \n", i);
    assert_string_equal(contents("out"), wanted);
    assert_non_null(strstr(contents("log"), "on-change: 1 left out of 64 changes that wait"));
}

static void test_a_status_is_logged(void **state)
{
    struct world *world = *state;

    start(world, "exit $GOOSE_TERM", 5000);
    tell(world, true, 7, "");
    tell(world, false, 0, "");
    finish(world);
    assert_non_null(
        strstr(contents("log"), "warn  on-change role=goose term=7: exit status 7 after "));
    assert_non_null(
        strstr(contents("log"), "info  on-change role=duck term=0: exit status 0 after "));
}

static void expect_gone(const char *name)
{
    const char *at = contents(name);
    char *end;

    for (long pid = strtol(at, &end, 10); end != at; pid = strtol(at = end, &end, 10)) {
        for (uint64_t end_ms = now_ms() + 2000; kill((pid_t)pid, 0) == 0 && now_ms() < end_ms;)
            usleep(1000);
        /* A zombie of nobody's counts as gone: this process may not be the one to bury it. */
        char path[64], line[256] = "";
        snprintf(path, sizeof path, "/proc/%ld/stat", pid);
        FILE *file = fopen(path, "r");
        if (file == NULL) continue;
        bool read = fgets(line, sizeof line, file) != NULL;
        fclose(file);
        if (read && strstr(line, ") Z ") == NULL) fail_msg("still there: %s", line);
    }
}

/* By TERM where it listens, and all of its group. The next run is not held up. */
static void test_a_run_whose_time_is_up(void **state)
{
    struct world *world = *state;

    start(world,
          "echo $$ >>out; [ $GOOSE_TERM = 1 ] || exit 0; trap 'exit 9' TERM; "
          "sh -c 'trap \"\" TERM; echo $$ >>out; sleep 60 & echo $! >>out; wait; sleep 60' & "
          "sleep 60 & wait",
          1000);
    tell_many(world, 1, 2);
    uint64_t begun_ms = now_ms();
    turn_until(world, "log", "term=2: exit status 0");
    assert_in_range(now_ms() - begun_ms, 1000, DEADLINE_MS);
    assert_non_null(strstr(contents("log"), "role=duck term=1: exit status 9 after "));
    assert_non_null(strstr(contents("log"), "ms, its time was up"));
    finish(world);
    expect_gone("out");
}

static void test_a_run_that_does_not_listen(void **state)
{
    struct world *world = *state;

    start(world, "trap '' TERM; echo $$ >>out; while :; do sleep 60; done", 1000);
    tell(world, true, 1, "");
    uint64_t begun_ms = now_ms();
    turn_until(world, "log", "role=goose term=1: ended by signal 9 after ");
    assert_in_range(now_ms() - begun_ms, 1000 + ON_CHANGE_GRACE_MS, DEADLINE_MS);
    finish(world);
    expect_gone("out");
}

/* What a run that ended by itself has left behind is none of ours. */
static void test_what_is_left_behind_lives(void **state)
{
    struct world *world = *state;

    start(world, "sleep 60 </dev/null >/dev/null 2>&1 & echo $! >>out", 300);
    tell(world, true, 1, "");
    turn_until(world, "log", "exit status 0");
    finish(world);
    pid_t pid = (pid_t)strtol(contents("out"), NULL, 10);
    assert_int_equal(kill(pid, 0), 0);
    kill(pid, SIGKILL);
}

static void test_at_the_end_all_that_wait_are_run(void **state)
{
    struct world *world = *state;

    start(world, "sleep 0.1; echo $GOOSE_TERM >>out", 5000);
    tell_many(world, 1, 4);
    uv_run(&world->loop, UV_RUN_NOWAIT);
    finish(world);
    assert_string_equal(contents("out"), "1\n2\n3\n4\n");
}

/* As far as one timeout allows; but the newest is run in any case, and has its own. */
static void test_at_the_end_time_is_up(void **state)
{
    struct world *world = *state;

    start(world, "echo $GOOSE_TERM ${GOOSE_MISSED-} >>out; [ $GOOSE_TERM = 1 ] || exec sleep 60",
          500);
    tell_many(world, 1, 5);
    uint64_t took_ms = finish(world);
    assert_in_range(took_ms, 1000, DEADLINE_MS);
    assert_string_equal(contents("out"), "1\n2\n5 2\n");
    assert_non_null(strstr(contents("log"), "term=2: ended by signal 15 after "));
    assert_non_null(strstr(contents("log"), "term=5: ended by signal 15 after "));
    assert_non_null(strstr(contents("log"), "on-change: 2 left out of 3 changes that wait"));
}

static void test_an_end_without_a_run(void **state)
{
    struct world *world = *state;

    start(world, "echo never >>out", 60000);
    assert_in_range(finish(world), 0, 1000);
    assert_string_equal(contents("out"), "");
}

/* A run needs none of this process's. */
static void test_no_descriptor(void **state)
{
    struct world *world = *state;
    struct rlimit before;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit few = {64, before.rlim_max};
    int fds[64], count = 0;
    start(world, "true", 1000);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    while ((fds[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        count++;
    tell(world, true, 1, "");
    for (int i = 0; i < 5; i++)
        uv_run(&world->loop, UV_RUN_NOWAIT);
    while (count > 0)
        close(fds[--count]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    finish(world);
    assert_non_null(strstr(contents("log"), "term=1: exit status 0"));
}

/* From now on this process can make no other. */
static bool forbid_children(void)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof steps / sizeof steps[0], steps};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Said, and the next is tried. In a process of its own, which must not come back to the tests. */
static void test_no_process(void **state)
{
    int status;

    pid_t pid = fork();
    if (pid == 0) {
        void *fresh;
        if (new_world(&fresh) != 0 || !forbid_children()) _exit(77);
        struct world *world = fresh;
        start(world, "true", 1000);
        tell_many(world, 1, 2);
        finish(world);
        _exit(0);
    }
    (void)state;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) skip();
    assert_int_equal(status, 0);
    for (int term = 1; term <= 2; term++) {
        char said[128];
        snprintf(said, sizeof said, "warn  on-change role=duck term=%d: cannot be run: %s", term,
                 strerror(EAGAIN));
        if (strstr(contents("log"), said) == NULL) fail_msg("no '%s': %s", said, contents("log"));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_a_run_is_given),
        TEST(test_what_a_run_does_not_inherit),
        TEST(test_one_at_a_time_in_order),
        TEST(test_only_changes_of_role_or_goose),
        TEST(test_too_many),
        TEST(test_a_status_is_logged),
        TEST(test_a_run_whose_time_is_up),
        TEST(test_a_run_that_does_not_listen),
        TEST(test_what_is_left_behind_lives),
        TEST(test_at_the_end_all_that_wait_are_run),
        TEST(test_at_the_end_time_is_up),
        TEST(test_an_end_without_a_run),
        TEST(test_no_descriptor),
        TEST(test_no_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
