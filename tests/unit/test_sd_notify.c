/* test_sd_notify.c: what a service manager hears: each word once, at its time, and nothing of a loop that hangs. */
#include "folder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/sd_notify.h"

#define TEXT_BYTES 512

/* A manager, and a process that it started. */
struct bench {
    uv_loop_t loop;
    struct log *log;
    int said[2]; /* the log */
    int manager;
    struct goose_election_view view;
    struct sd_notify *notify;
    char got[TEXT_BYTES];
};

static void view_of(const void *of, struct goose_election_view *view)
{
    *view = ((const struct bench *)of)->view;
}

static int manager_open(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(manager >= 0);
    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@') address.sun_path[0] = 0;
    unlink(folder_file);
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    assert_int_equal(bind(manager, (const struct sockaddr *)&address, bytes), 0);
    return manager;
}

static struct bench *bench_new(const char *socket, const char *watchdog_us,
                               const char *watchdog_pid)
{
    struct bench *bench = calloc(1, sizeof *bench);

    assert_non_null(bench);
    bench->manager = manager_open(socket[0] == '@' ? socket : folder_file);
    setenv("NOTIFY_SOCKET", socket, 1);
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    if (watchdog_us != NULL) setenv("WATCHDOG_USEC", watchdog_us, 1);
    if (watchdog_pid != NULL) setenv("WATCHDOG_PID", watchdog_pid, 1);
    assert_int_equal(pipe(bench->said), 0);
    bench->log = log_new(bench->said[1], LOG_LEVEL_WARN, LOG_FORMAT_TEXT);
    assert_int_equal(uv_loop_init(&bench->loop), 0);
    bench->view = (struct goose_election_view){.term = 7};
    bench->notify = sd_notify_new(&(struct sd_notify_parts){
        .loop = &bench->loop, .log = bench->log, .view = view_of, .of = bench});
    return bench;
}

static void bench_free(struct bench *bench)
{
    sd_notify_close(bench->notify);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
    log_free(bench->log);
    close(bench->said[0]);
    close(bench->said[1]);
    close(bench->manager);
    free(bench);
}

/* The next datagram; "": none is there. */
static const char *next(struct bench *bench)
{
    ssize_t got = recv(bench->manager, bench->got, sizeof bench->got - 1, MSG_DONTWAIT);

    bench->got[got > 0 ? got : 0] = 0;
    return bench->got;
}

static void turn(struct bench *bench)
{
    uv_run(&bench->loop, UV_RUN_NOWAIT);
}

static const char *after_a_turn(struct bench *bench)
{
    turn(bench);
    return next(bench);
}

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static struct goose_text text_of(const char *chars)
{
    return (struct goose_text){chars, (uint8_t)strlen(chars)};
}

static void test_nobody_asked(void **state)
{
    uv_loop_t loop = {0};

    (void)state;
    unsetenv("NOTIFY_SOCKET");
    struct sd_notify *notify = sd_notify_new(&(struct sd_notify_parts){.loop = &loop});
    assert_null(notify);
    sd_notify_ready(notify);
    sd_notify_reloading(notify);
    sd_notify_reloaded(notify);
    sd_notify_stopping(notify);
    sd_notify_close(notify);
}

static void test_names_that_are_none(void **state)
{
    static const char *const names[] = {"", "/", "@", "run/notify", "vsock:2:1234"};
    char long_name[200], said[TEXT_BYTES];

    (void)state;
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[0] = '/';
    long_name[sizeof long_name - 1] = 0;
    for (size_t i = 0; i <= sizeof names / sizeof names[0]; i++) {
        bool last = i == sizeof names / sizeof names[0];
        struct bench *bench = bench_new(last ? long_name : names[i], NULL, NULL);
        assert_null(bench->notify);
        ssize_t bytes = read(bench->said[0], said, sizeof said - 1);
        assert_true(bytes > 0);
        said[bytes] = 0;
        assert_non_null(strstr(said, "NOTIFY_SOCKET="));
        bench_free(bench);
    }
}

static void test_status_when_it_changes(struct bench *bench)
{
    assert_string_equal(after_a_turn(bench), "STATUS=waits for its address\n");
    assert_string_equal(after_a_turn(bench), "");
    sd_notify_ready(bench->notify);
    assert_string_equal(next(bench), "READY=1\nSTATUS=duck, term 7, knows no goose\n");
    assert_string_equal(after_a_turn(bench), "");
    bench->view.goose = text_of("10.0.0.2:7000");
    assert_string_equal(after_a_turn(bench), "STATUS=duck, term 7, follows 10.0.0.2:7000\n");
    bench->view.lease_left_us = 5; /* is told nobody */
    assert_string_equal(after_a_turn(bench), "");
    bench->view.role = GOOSE_ROLE_GOOSE;
    bench->view.term = 8;
    assert_string_equal(after_a_turn(bench), "STATUS=goose, term 8\n");
    assert_string_equal(after_a_turn(bench), "");
}

static void test_path_and_abstract_name(void **state)
{
    char abstract[64];

    (void)state;
    snprintf(abstract, sizeof abstract, "@goosed-notify-%d", (int)getpid());
    const char *names[] = {folder_file, abstract};
    for (int i = 0; i < 2; i++) {
        struct bench *bench = bench_new(names[i], NULL, NULL);
        test_status_when_it_changes(bench);
        bench_free(bench);
    }
}

static void test_reload(void **state)
{
    struct bench *bench = bench_new(folder_file, NULL, NULL);
    uint64_t told_us = 0, before_us = now_us();

    (void)state;
    turn(bench);
    next(bench);
    sd_notify_reloading(bench->notify); /* a signal that comes early must not say READY */
    sd_notify_reloaded(bench->notify);
    assert_string_equal(after_a_turn(bench), "");
    sd_notify_ready(bench->notify);
    next(bench);
    sd_notify_reloading(bench->notify);
    assert_int_equal(sscanf(next(bench), "RELOADING=1\nMONOTONIC_USEC=%" SCNu64, &told_us), 1);
    assert_in_range(told_us, before_us, now_us());
    sd_notify_reloaded(bench->notify);
    assert_string_equal(next(bench), "READY=1\n");
    bench_free(bench);
}

static void test_stopping(void **state)
{
    struct bench *bench = bench_new(folder_file, NULL, NULL);

    (void)state;
    sd_notify_ready(bench->notify);
    next(bench);
    sd_notify_stopping(bench->notify);
    assert_string_equal(next(bench), "STOPPING=1\nSTATUS=stopping\n");
    sd_notify_stopping(bench->notify);
    sd_notify_ready(bench->notify);
    sd_notify_reloading(bench->notify);
    sd_notify_reloaded(bench->notify);
    assert_string_equal(after_a_turn(bench), "");
    bench_free(bench);
}

/* A loop that turns feeds it at half of its patience; one that hangs does not. */
static void test_watchdog(void **state)
{
    struct bench *bench = bench_new(folder_file, "20000", NULL);
    uint64_t end_us = now_us() + 5000000;
    int fed = 0;

    (void)state;
    sd_notify_ready(bench->notify);
    while (fed < 5 && now_us() < end_us) {
        uv_run(&bench->loop, UV_RUN_ONCE);
        for (const char *got = next(bench); got[0] != 0; got = next(bench))
            fed += strcmp(got, "WATCHDOG=1\n") == 0;
    }
    assert_int_equal(fed, 5);
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    assert_string_equal(next(bench), "");
    turn(bench);
    assert_string_equal(next(bench), "WATCHDOG=1\n");
    bench_free(bench);
}

static void test_watchdogs_that_are_not_ours(void **state)
{
    char mine[16];
    snprintf(mine, sizeof mine, "%d", (int)getpid());
    const struct {
        const char *us, *pid;
        bool ours;
    } cases[] = {{"2000", mine, true}, {"2000", "1", false}, {"2000", "x", false},
                 {"0", mine, false},   {"", mine, false},    {"2s", mine, false},
                 {"-5", mine, false},  {NULL, mine, false},  {"99999999999999999999", mine, false}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench *bench = bench_new(folder_file, cases[i].us, cases[i].pid);
        bool fed = false;
        for (int turns = 0; turns < 3; turns++) {
            turn(bench);
            for (const char *got = next(bench); got[0] != 0; got = next(bench))
                fed = fed || strstr(got, "WATCHDOG=1") != NULL;
        }
        assert_int_equal(fed, cases[i].ours);
        bench_free(bench);
    }
}

/* A manager that is busy, or gone for a moment, is told later, and holds nobody up. */
static void test_a_manager_that_does_not_listen(void **state)
{
    struct bench *bench = bench_new(folder_file, NULL, NULL);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int filler = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    (void)state;
    memcpy(address.sun_path, folder_file, strlen(folder_file) + 1);
    assert_int_equal(connect(filler, (const struct sockaddr *)&address, sizeof address), 0);
    while (send(filler, "X=1", 3, MSG_DONTWAIT) == 3)
        continue;
    assert_int_equal(errno, EAGAIN);
    sd_notify_ready(bench->notify);
    turn(bench);
    while (strcmp(next(bench), "X=1") == 0)
        continue;
    assert_string_equal(bench->got, "");
    assert_string_equal(after_a_turn(bench), "READY=1\nSTATUS=duck, term 7, knows no goose\n");
    close(bench->manager);
    bench->view.term = 8;
    turn(bench);
    bench->manager = manager_open(folder_file);
    assert_string_equal(after_a_turn(bench), "STATUS=duck, term 8, knows no goose\n");
    close(filler);
    bench_free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_asked),
        cmocka_unit_test(test_names_that_are_none),
        cmocka_unit_test(test_path_and_abstract_name),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_stopping),
        cmocka_unit_test(test_watchdog),
        cmocka_unit_test(test_watchdogs_that_are_not_ours),
        cmocka_unit_test(test_a_manager_that_does_not_listen),
    };

    return cmocka_run_group_tests_name("notify", tests, folder_make, folder_remove);
}
