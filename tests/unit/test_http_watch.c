/* test_http_watch.c: who watches: streams of events, answers that wait for a change, and the history; and what they may
 * cost the server. */
#include "test_http_fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#define GET        "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define EVENTS     "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define WAIT(what) "GET /status?" what " HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define EVENT_MAX  4096
#define KEPT       64 /* events, for who reads slowly */

static void expect(struct world *world, int fd, int code, const char *body, const char *index)
{
    struct answered answered = client_hear(world, fd, false);
    assert_int_equal(answered.code, code);
    if (body != NULL) assert_string_equal(answered.body, body);
    if (index != NULL) assert_string_equal(field(&answered, "Goose-Index"), index);
    answered_free(&answered);
}

/* One event, or a comment, up to its empty line; false: the connection has ended. */
static bool hear_event(struct world *world, int fd, char text[EVENT_MAX])
{
    size_t bytes = 0;
    uint64_t deadline_ms = now_ms() + DEADLINE_MS;
    while (bytes < 2 || memcmp(text + bytes - 2, "\n\n", 2) != 0) {
        ssize_t got = recv(fd, text + bytes, 1, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN)) return false;
        if (got < 0) world_turn(world, fd, 20);
        assert_true(now_ms() < deadline_ms);
        if (got == 1) bytes++;
        assert_true(bytes < EVENT_MAX);
    }
    text[bytes] = '\0';
    return true;
}

static void expect_event(struct world *world, int fd, unsigned index, const char *why)
{
    char text[EVENT_MAX], front[64];
    assert_true(hear_event(world, fd, text));
    snprintf(front, sizeof(front), "id: %u\nevent: status\ndata: {", index);
    assert_memory_equal(text, front, strlen(front));
    assert_null(strchr(text + strlen(front), '\r'));
    cJSON *json = cJSON_Parse(text + strlen(front) - 1);
    assert_non_null(json);
    assert_int_equal(cJSON_GetObjectItem(json, "index")->valueint, index);
    assert_string_equal(cJSON_GetObjectItem(json, "why")->valuestring, why);
    cJSON_Delete(json);
}

static int stream_open_from(struct world *world, const char *host)
{
    int fd = client_open_from(world, host);
    client_say(world, fd, EVENTS);
    struct answered answered = client_hear(world, fd, true);
    assert_int_equal(answered.code, 200);
    answered_free(&answered);
    expect_event(world, fd, (unsigned)world->fake.status.index, world->fake.status.why);
    return fd;
}

static int stream_open(struct world *world)
{
    return stream_open_from(world, "127.0.0.1");
}

/* ---- streams ---- */

static void test_the_first_event_is_the_status(void **state)
{
    struct world *world = *state;
    char text[EVENT_MAX], wanted[EVENT_MAX];
    int fd = client_open(world);
    client_say(world, fd, EVENTS);
    struct answered head = client_hear(world, fd, true);
    assert_int_equal(head.code, 200);
    assert_string_equal(field(&head, "Content-Type"), "text/event-stream");
    assert_string_equal(field(&head, "Cache-Control"), "no-store");
    assert_string_equal(field(&head, "Connection"), "close");
    assert_string_equal(field(&head, "Goose-Index"), "3");
    assert_string_equal(field(&head, "Goose-Term"), "7");
    assert_null(field(&head, "Content-Length"));
    answered_free(&head);
    assert_true(hear_event(world, fd, text));
    struct answered status = ask(world, "GET", "/status", "Accept: application/json\r\n", "");
    assert_string_equal(status.body + status.body_bytes - 2, "}\n");
    snprintf(wanted, sizeof(wanted),
             "id: 3\nevent: status\ndata: %.*s,\"index\":3,\"why\":\"elected\"}\n\n",
             (int)status.body_bytes - 2, status.body);
    assert_string_equal(text, wanted);
    answered_free(&status);
    close(fd);
}

static void test_each_change_is_an_event(void **state)
{
    struct world *world = *state;
    int first = stream_open(world);
    int second = stream_open(world);
    fake_change(&world->fake, "one");
    expect_event(world, first, 4, "one");
    int third = stream_open(world); /* which begins behind it */
    for (int i = 0; i < 20; i++)
        fake_change(&world->fake, "\"more\"\n"); /* all at once, before anybody is told */
    expect_event(world, second, 4, "one");
    for (unsigned i = 0; i < 20; i++) {
        expect_event(world, first, 5 + i, "\"more\"\n");
        expect_event(world, second, 5 + i, "\"more\"\n");
        expect_event(world, third, 5 + i, "\"more\"\n");
    }
    assert_true(client_is_quiet(world, first) && client_is_quiet(world, second) &&
                client_is_quiet(world, third));
    close(first);
    close(second);
    close(third);
}

static void test_what_takes_a_stream(void **state)
{
    static const char *const methods[] = {"HEAD", "POST", "PUT", "DELETE", "PATCH"};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        struct answered answered = ask(world, methods[i], "/events", "", "");
        assert_int_equal(answered.code, 405);
        assert_string_equal(field(&answered, "Allow"), "GET, OPTIONS");
        answered_free(&answered);
    }
    struct answered answered = ask(world, "OPTIONS", "/events", "", "");
    assert_int_equal(answered.code, 200);
    answered_free(&answered);
}

/* Whatever a client says behind its request is for nobody, be it without end. */
static void test_a_stream_is_the_last_answer(void **state)
{
    static char flood[1 << 20];
    struct world *world = *state;
    int fd = client_open(world);
    client_say(world, fd, GET EVENTS GET);
    expect(world, fd, 200, "goose\n", "3");
    struct answered head = client_hear(world, fd, true);
    answered_free(&head);
    expect_event(world, fd, 3, "elected");
    client_send(world, fd, flood, sizeof(flood));
    fake_change(&world->fake, "one");
    expect_event(world, fd, 4, "one");
    assert_true(client_is_quiet(world, fd));
    close(fd);
}

static void test_a_change_in_the_middle_of_an_answer(void **state)
{
    struct world *world = *state;
    int stream = stream_open(world);
    int fd = client_open(world);
    world->fake.changes_in_hold = true;
    client_say(world, fd, GET "GET /status?hold=1s HTTP/1.1\r\nHost: localhost\r\n\r\n" GET);
    expect(world, fd, 200, "goose\n", "3");
    expect(world, fd, 200, "goose\n", "4");
    expect(world, fd, 200, "goose\n", "4");
    expect_event(world, stream, 4, "a hold");
    close(fd);
    close(stream);
}

static void test_streams_and_waits_are_not_idle(void **state)
{
    struct world *world = *state;
    char text[EVENT_MAX];
    world->options.idle_ms = 100;
    world->options.request_ms = 100;
    world->options.comment_ms = 250;
    world_restart(world);
    int stream = stream_open(world);
    int fd = client_open(world);
    client_say(world, fd, WAIT("wait=5m"));
    uint64_t begun_ms = now_ms();
    for (int i = 0; i < 3; i++) {
        assert_true(hear_event(world, stream, text));
        assert_string_equal(text, ": still here\n\n");
    }
    assert_in_range(now_ms() - begun_ms, 700, DEADLINE_MS);
    assert_true(client_is_quiet(world, fd));
    fake_change(&world->fake, "one");
    expect_event(world, stream, 4, "one");
    expect(world, fd, 200, "goose\n", "4");
    close(stream);
    close(fd);
}

/* ---- clients that read slowly ---- */

/* The kernel keeps next to nothing for a client, so that it is the server that has to. */
static void make_narrow(struct world *world)
{
    struct sockaddr_in address;
    int bytes = 4096;
    uv_ip4_addr("127.0.0.1", 0, &address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    world->options.fd = fd;
    world_restart(world);
}

static int narrow_stream_open(struct world *world)
{
    struct sockaddr_in address;
    int bytes = 4096;
    uv_ip4_addr("127.0.0.1", world->port, &address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    client_say(world, fd, EVENTS);
    struct answered answered = client_hear(world, fd, true);
    assert_int_equal(answered.code, 200);
    answered_free(&answered);
    expect_event(world, fd, (unsigned)world->fake.status.index, world->fake.status.why);
    return fd;
}

static const char *long_words(void)
{
    static char words[1501];
    memset(words, 'w', sizeof(words) - 1);
    return words;
}

/* What the kernel does not take waits in the server, each client for itself, and comes in order. */
static void test_a_slow_stream_catches_up(void **state)
{
    struct world *world = *state;
    make_narrow(world);
    int slow = narrow_stream_open(world);
    int other = narrow_stream_open(world);
    for (unsigned round = 0; round < 2; round++) {
        unsigned first = (unsigned)world->fake.status.index + 1;
        for (unsigned i = 0; i < KEPT; i++) {
            fake_change(&world->fake, long_words());
            expect_event(world, other, first + i, long_words());
        }
        for (unsigned i = 0; i < KEPT; i++)
            expect_event(world, slow, first + i, long_words());
    }
    assert_true(client_is_quiet(world, slow));
    close(slow);
    close(other);
}

static void test_a_stream_that_falls_behind_is_ended(void **state)
{
    struct world *world = *state;
    char text[EVENT_MAX];
    make_narrow(world);
    int slow = narrow_stream_open(world);
    int other = narrow_stream_open(world);
    for (unsigned i = 0; i < 4 * KEPT; i++) {
        fake_change(&world->fake, long_words());
        expect_event(world, other, 4 + i, long_words());
    }
    unsigned told = 0;
    while (hear_event(world, slow, text))
        told++;
    assert_in_range(told, 1, 2 * KEPT); /* in order until then, and then the end */
    fake_change(&world->fake, "on");
    expect_event(world, other, 4 + 4 * KEPT, "on");
    close(slow);
    close(other);
}

/* One that takes nothing at all is ended even if little happens. */
static void test_a_stream_that_is_stuck_is_ended(void **state)
{
    struct world *world = *state;
    char text[EVENT_MAX];
    world->options.request_ms = 200;
    make_narrow(world);
    int slow = narrow_stream_open(world);
    for (unsigned i = 0; i < KEPT; i++)
        fake_change(&world->fake, long_words());
    for (uint64_t begun_ms = now_ms(); now_ms() - begun_ms < 600;)
        world_turn(world, -1, 20);
    unsigned told = 0;
    while (hear_event(world, slow, text))
        told++;
    assert_in_range(told, 1, KEPT - 1);
    close(slow);
}

/* ---- waits ---- */

static void test_a_wait_is_answered_at_the_change(void **state)
{
    struct world *world = *state;
    int same = client_open(world), next = client_open(world), json = client_open(world);
    client_say(world, same, WAIT("wait=5m&index=3") GET);
    client_say(world, next, WAIT("wait=1s"));
    client_say(
        world, json,
        "GET /?index=3&wait=20s HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n");
    assert_true(client_is_quiet(world, same) && client_is_quiet(world, next) &&
                client_is_quiet(world, json));
    world->fake.status.is_goose = false;
    fake_change(&world->fake, "one");
    expect(world, same, 200, "duck\n", "4");
    expect(world, same, 200, "duck\n", "4"); /* what stood behind the wait */
    expect(world, next, 200, "duck\n", "4");
    struct answered answered = client_hear(world, json, false);
    assert_non_null(strstr(answered.body, "\"role\":\"duck\""));
    assert_null(strstr(answered.body, "\"index\""));
    answered_free(&answered);
    client_say(world, same, WAIT("wait=1m&index=4"));
    assert_true(client_is_quiet(world, same));
    fake_change(&world->fake, "two");
    expect(world, same, 200, "duck\n", "5");
    close(same);
    close(next);
    close(json);
}

static void test_a_wait_that_need_not_be(void **state)
{
    static const char *const at_once[] = {
        WAIT("wait=5m&index=2"), WAIT("wait=5m&index=0"),
        WAIT("wait=5m&index=4"), WAIT("wait=5m&index=9999999999999999999"),
        WAIT("wait=0s&index=3"), WAIT("wait=999us")};
    struct world *world = *state;
    int fd = client_open(world);
    for (size_t i = 0; i < sizeof(at_once) / sizeof(at_once[0]); i++) {
        client_say(world, fd, at_once[i]);
        expect(world, fd, 200, "goose\n", "3");
    }
    close(fd);
}

static void test_a_wait_that_is_over(void **state)
{
    struct world *world = *state;
    int fd = client_open(world), longer = client_open(world);
    uint64_t begun_ms = now_ms();
    client_say(world, longer, WAIT("wait=400ms"));
    client_say(world, fd, WAIT("wait=200ms&index=3") WAIT("wait=300ms"));
    expect(world, fd, 200, "goose\n", "3");
    assert_in_range(now_ms() - begun_ms, 190, DEADLINE_MS);
    expect(world, longer, 200, "goose\n", "3");
    assert_in_range(now_ms() - begun_ms, 390, DEADLINE_MS);
    expect(world, fd, 200, "goose\n", "3");
    assert_in_range(now_ms() - begun_ms, 490, DEADLINE_MS);
    close(fd);
    close(longer);
}

static void test_waits_that_make_no_sense(void **state)
{
    static const struct {
        const char *target;
        const char *says;
    } cases[] = {
        {"/status?wait=301s",
         "wait is not a duration of at most 5m; write it as in ?wait=30s&index=7\n"},
        {"/status?wait=soon",
         "wait is not a duration of at most 5m; write it as in ?wait=30s&index=7\n"},
        {"/status?wait=",
         "wait is not a duration of at most 5m; write it as in ?wait=30s&index=7\n"},
        {"/status?wait=1s&index=", "index is not a number; give the Goose-Index of an answer\n"},
        {"/status?wait=1s&index=-1", "index is not a number; give the Goose-Index of an answer\n"},
        {"/status?wait=1s&index=10000000000000000000",
         "index is not a number; give the Goose-Index of an answer\n"},
        {"/status?wait=1s&hold=1s",
         "a hold that is waited for holds nothing; ask for ?wait= first, and for ?hold= then\n"},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct answered answered = ask(world, "GET", cases[i].target, "", "");
        assert_int_equal(answered.code, 400);
        assert_string_equal(answered.body, cases[i].says);
        answered_free(&answered);
    }
    assert_int_equal(world->fake.hold_asked_us, 0);
}

/* ---- how many ---- */

enum { PLACES_MAX = 8, WATCHERS = 4 };

static void make_small(struct world *world)
{
    world->options.connections_max = PLACES_MAX;
    world->options.places_key =
        UINT64_C(0x9e3779b97f4a7c15); /* addresses that differ are different places */
    world_restart(world);
}

/* Half of the places are for others, whoever watches; and one that watches loses its place to nobody. */
static void test_watchers_leave_room(void **state)
{
    struct world *world = *state;
    int fds[WATCHERS], others[PLACES_MAX];
    make_small(world);
    for (int i = 0; i < WATCHERS; i += 2) {
        fds[i] = stream_open(world);
        fds[i + 1] = client_open(world);
        client_say(world, fds[i + 1], WAIT("wait=4s"));
    }
    static const char *const words = "too many clients watch this node already; "
                                     "ask another node, or look at /status now and then\n";
    for (int i = 0; i < PLACES_MAX; i++) {
        others[i] = client_open(world);
        client_say(world, others[i], i % 2 == 0 ? EVENTS : WAIT("wait=4s"));
        expect(world, others[i], 503, words, NULL);
        client_say(world, others[i], GET);
        expect(world, others[i], 200, "goose\n", "3");
    }
    close(fds[0]); /* its place is free */
    assert_true(client_is_quiet(world, fds[1]));
    fds[0] = stream_open(world);
    fake_change(&world->fake, "one");
    expect_event(world, fds[0], 4, "one");
    expect(world, fds[1], 200, "goose\n", "4");
    expect_event(world, fds[2], 4, "one");
    expect(world, fds[3], 200, "goose\n", "4");
    for (int i = 0; i < WATCHERS; i++)
        close(fds[i]);
    for (int i = 0; i < PLACES_MAX; i++)
        close(others[i]);
}

/* Whoever has all places has to share them with who comes from elsewhere, until all have as many. */
static void test_watchers_share(void **state)
{
    struct world *world = *state;
    int fds[WATCHERS], others[WATCHERS / 2];
    make_small(world);
    for (int i = 0; i < WATCHERS; i++)
        fds[i] = stream_open(world);
    for (int i = 0; i < WATCHERS / 2; i++) {
        others[i] = stream_open_from(world, "127.0.0.2");
        assert_true(client_ended(world, fds[i]));
    }
    for (int i = 0; i < 2; i++) {
        int late = client_open_from(world, i == 0 ? "127.0.0.1" : "127.0.0.2");
        client_say(world, late, EVENTS);
        expect(world, late, 503, NULL, NULL);
        close(late);
    }
    fake_change(&world->fake, "one");
    for (int i = 0; i < WATCHERS / 2; i++) {
        expect_event(world, fds[WATCHERS / 2 + i], 4, "one");
        expect_event(world, others[i], 4, "one");
        close(others[i]);
    }
    for (int i = 0; i < WATCHERS; i++)
        close(fds[i]);
}

/* Where every place waits for something, the one that has watched for longest goes. */
static void test_watchers_and_waits_everywhere(void **state)
{
    static const struct flock_answer done = {.outcome = FLOCK_DONE};
    struct world *world = *state;
    int fds[PLACES_MAX];
    make_small(world);
    for (int i = 0; i < PLACES_MAX; i++) {
        fds[i] = i < WATCHERS ? stream_open(world) : client_open(world);
        if (i < WATCHERS) continue;
        client_say(world, fds[i], "PUT /drain HTTP/1.1\r\nHost: localhost\r\n\r\n");
        WAIT_FOR(world, world->fake.pending == (unsigned)(i - WATCHERS) + 1);
    }
    int late = client_open(world);
    client_say(world, late, GET);
    expect(world, late, 200, "goose\n", "3");
    assert_true(client_ended(world, fds[0]));
    fake_change(&world->fake, "one");
    for (int i = 1; i < WATCHERS; i++)
        expect_event(world, fds[i], 4, "one");
    for (int i = WATCHERS; i < PLACES_MAX; i++) {
        fake_answer(&world->fake, &done);
        expect(world, fds[i], 200, "draining\n", NULL);
    }
    for (int i = 0; i < PLACES_MAX; i++)
        close(fds[i]);
    close(late);
}

/* More than are told in one turn of the loop; each is told once. */
static void test_many_watchers(void **state)
{
    enum { MANY = 400 };
    struct world *world = *state;
    static int fds[MANY];
    for (int i = 0; i < MANY; i++)
        fds[i] = stream_open(world);
    fake_change(&world->fake, "one");
    fake_change(&world->fake, "two");
    for (int i = 0; i < MANY; i++) {
        expect_event(world, fds[i], 4, "one");
        expect_event(world, fds[i], 5, "two");
    }
    for (int i = 0; i < MANY; i++) {
        char byte;
        assert_int_equal(recv(fds[i], &byte, 1, MSG_DONTWAIT), -1);
        close(fds[i]);
    }
}

static void test_the_server_goes_first(void **state)
{
    struct world *world = *state;
    int stream = stream_open(world), fd = client_open(world);
    client_say(world, fd, WAIT("wait=1m"));
    assert_true(client_is_quiet(world, fd));
    fake_change(&world->fake, "one"); /* told to nobody any more */
    http_server_close(world->server, NULL, NULL);
    assert_null(world->fake.changed);
    world->server = NULL;
    assert_true(client_ended(world, stream));
    assert_true(client_ended(world, fd));
    close(stream);
    close(fd);
    world_restart(world);
    fd = stream_open(world);
    fake_change(&world->fake, "two");
    expect_event(world, fd, 5, "two");
    close(fd);
}

/* ---- the history ---- */

static void expect_history(struct world *world, const char *fields, const char *body)
{
    struct answered answered = ask(world, "GET", "/history", fields, "");
    assert_int_equal(answered.code, 200);
    assert_string_equal(answered.body, body);
    answered_free(&answered);
}

static void test_history(void **state)
{
    static const char json[] = "Accept: application/json\r\n";
    struct world *world = *state;
    expect_history(world, "", "");
    expect_history(world, json, "{\"history\":[\n]}\n");
    world->fake.history = 2;
    fake_change(&world->fake, "heard it");
    expect_history(world, "",
                   "2026-11-21T15:53:27.123Z term 7: none -> n1.test:7400, heard it\n"
                   "2026-11-21T15:54:27.123Z term 7: n1.test:7400 -> none, lost \"it\"\n");
    expect_history(
        world, json,
        "{\"history\":[\n"
        "{\"index\":1,\"at\":\"2026-11-21T15:53:27.123Z\",\"term\":7,\"from\":null,"
        "\"to\":\"n1.test:7400\",\"why\":\"heard it\"},\n"
        "{\"index\":2,\"at\":\"2026-11-21T15:54:27.123Z\",\"term\":7,\"from\":\"n1.test:7400\","
        "\"to\":null,\"why\":\"lost \\u0022it\\u0022\"}\n]}\n");
    world->fake.history = 100;
    fake_change(&world->fake, "heard it");
    struct answered answered = ask(world, "GET", "/history", json, "");
    cJSON *parsed = cJSON_Parse(answered.body);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(parsed, "history")), 100);
    cJSON_Delete(parsed);
    answered_free(&answered);
    answered = ask(world, "HEAD", "/history", "", "");
    assert_int_equal(answered.code, 200);
    answered_free(&answered);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_first_event_is_the_status),
        TEST(test_each_change_is_an_event),
        TEST(test_what_takes_a_stream),
        TEST(test_a_stream_is_the_last_answer),
        TEST(test_a_change_in_the_middle_of_an_answer),
        TEST(test_streams_and_waits_are_not_idle),
        TEST(test_a_slow_stream_catches_up),
        TEST(test_a_stream_that_falls_behind_is_ended),
        TEST(test_a_stream_that_is_stuck_is_ended),
        TEST(test_a_wait_is_answered_at_the_change),
        TEST(test_a_wait_that_need_not_be),
        TEST(test_a_wait_that_is_over),
        TEST(test_waits_that_make_no_sense),
        TEST(test_watchers_leave_room),
        TEST(test_watchers_and_waits_everywhere),
        TEST(test_watchers_share),
        TEST(test_many_watchers),
        TEST(test_the_server_goes_first),
        TEST(test_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
