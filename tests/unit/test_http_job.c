/* test_http_job.c: POST /job: open as long as its client likes, one line when it is to leave, its end when the node is
 * no longer the goose, and never more than the node takes. */
#include "test_http_fake.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

#define POST_JOB "POST /job?grace=3s HTTP/1.1\r\nHost: localhost\r\n\r\n"

static int open_job(struct world *world)
{
    int fd = client_open(world);
    client_say(world, fd, POST_JOB);
    struct answered answered = client_hear(world, fd, true);
    assert_int_equal(answered.code, 200);
    assert_string_equal(field(&answered, "Content-Type"), "text/plain");
    assert_null(field(&answered, "Content-Length"));
    assert_string_equal(field(&answered, "Goose-Term"), "7");
    answered_free(&answered);
    return fd;
}

static void expect_bytes(struct world *world, int fd, const char *text)
{
    char got[64] = "";
    ssize_t bytes = (ssize_t)strlen(text);
    WAIT_FOR(world, recv(fd, got, sizeof got - 1, MSG_DONTWAIT | MSG_PEEK) >= bytes);
    assert_int_equal(recv(fd, got, (size_t)bytes, 0), bytes);
    assert_string_equal(got, text);
}

static void test_open_until_the_client_closes(void **state)
{
    struct world *world = *state;
    int fd = open_job(world);
    assert_int_equal(world->fake.jobs, 1);
    assert_int_equal(world->fake.job_grace_us, 3000000);
    assert_true(client_is_quiet(world, fd));
    close(fd);
    WAIT_FOR(world, world->fake.jobs == 0);
}

/* A client that only closes its sending side has nobody left who reads, as far as one can know. */
static void test_half_closed_is_closed(void **state)
{
    struct world *world = *state;
    int fd = open_job(world);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    WAIT_FOR(world, world->fake.jobs == 0);
    assert_true(client_ended(world, fd));
    close(fd);
}

static void test_leave_is_said_once(void **state)
{
    struct world *world = *state;
    int fd = open_job(world);
    world->fake.job_told(world->fake.job_to, false);
    expect_bytes(world, fd, "leave\n");
    assert_true(client_is_quiet(world, fd));
    assert_int_equal(world->fake.jobs, 1);
    close(fd);
    WAIT_FOR(world, world->fake.jobs == 0);
}

static void test_over_ends_the_stream(void **state)
{
    struct world *world = *state;
    int fd = open_job(world);
    world->fake.job_told(world->fake.job_to, false);
    world->fake.job_told(world->fake.job_to, true);
    expect_bytes(world, fd, "leave\n");
    assert_true(client_ended(world, fd));
    assert_int_equal(world->fake.jobs, 0);
    close(fd);
}

/* What it says behind its request means nothing, and is not kept. */
static void test_what_it_says_is_not_heard(void **state)
{
    struct world *world = *state;
    char much[100000];
    int fd = open_job(world);
    memset(much, 'x', sizeof much);
    assert_true(client_send(world, fd, much, sizeof much));
    client_say(world, fd, "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_true(client_is_quiet(world, fd));
    assert_int_equal(world->fake.jobs, 1);
    close(fd);
    WAIT_FOR(world, world->fake.jobs == 0);
}

static void test_it_is_not_idle(void **state)
{
    struct world *world = *state;
    world->options.idle_ms = 20;
    world->options.request_ms = 20;
    world_restart(world);
    int fd = open_job(world);
    for (uint64_t ends_ms = now_ms() + 150; now_ms() < ends_ms;)
        world_turn(world, fd, 10);
    assert_int_equal(world->fake.jobs, 1);
    world->fake.job_told(world->fake.job_to, false);
    expect_bytes(world, fd, "leave\n");
    close(fd);
}

static void refuse(struct world *world, const char *target, int code, const char *says)
{
    struct answered answered = ask(world, "POST", target, "", "");
    assert_int_equal(answered.code, code);
    assert_non_null(strstr(answered.body, says));
    assert_int_equal(world->fake.jobs, 0);
    answered_free(&answered);
}

static void test_refusals(void **state)
{
    struct world *world = *state;
    refuse(world, "/job?grace=soon", 400, "grace is not a duration");
    refuse(world, "/job?grace=61s", 400, "at most 60s");
    world->fake.takes_jobs = false;
    refuse(world, "/job", 503, "takes no jobs now");
    assert_int_equal(world->fake.job_grace_us, 10000000);
    refuse(world, "/job?grace=60s", 503, "takes no jobs now");
    world->fake.status.is_goose = false;
    refuse(world, "/job", 503, "not the goose");
    world->fake.takes_jobs = true;
    refuse(world, "/job", 503, "not the goose");
}

/* A page makes a browser GET what it likes. */
static void test_get_opens_none(void **state)
{
    static const char *const methods[] = {"GET", "HEAD"};
    struct world *world = *state;
    for (size_t i = 0; i < COUNT(methods); i++) {
        struct answered answered = ask(world, methods[i], "/job?grace=60s", "", "");
        assert_int_equal(answered.code, 405);
        assert_string_equal(field(&answered, "Allow"), "POST, OPTIONS");
        if (i == 0) assert_non_null(strstr(answered.body, "use POST"));
        assert_int_equal(world->fake.jobs, 0);
        answered_free(&answered);
    }
}

/* It keeps the role where it is, so it is for those who may change something. */
static void test_needs_the_token(void **state)
{
    struct world *world = *state;
    world->options.token = "secret";
    world_restart(world);
    refuse(world, "/job", 401, "");
}

static void test_jobs_take_the_places_of_waits(void **state)
{
    struct world *world = *state;
    world->options.connections_max = 4;
    world->options.waits_max = 2;
    world_restart(world);
    int one = open_job(world), two = open_job(world);
    struct answered answered = ask(world, "POST", "/job", "", "");
    assert_int_equal(answered.code, 503);
    answered_free(&answered);
    close(one);
    WAIT_FOR(world, world->fake.jobs == 1);
    one = open_job(world);
    close(one);
    close(two);
    WAIT_FOR(world, world->fake.jobs == 0);
}

static void test_open_when_the_server_closes(void **state)
{
    struct world *world = *state;
    int fd = open_job(world);
    world_restart(world);
    assert_int_equal(world->fake.jobs, 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_open_until_the_client_closes),
        TEST(test_half_closed_is_closed),
        TEST(test_leave_is_said_once),
        TEST(test_over_ends_the_stream),
        TEST(test_what_it_says_is_not_heard),
        TEST(test_it_is_not_idle),
        TEST(test_refusals),
        TEST(test_get_opens_none),
        TEST(test_needs_the_token),
        TEST(test_jobs_take_the_places_of_waits),
        TEST(test_open_when_the_server_closes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
