/* test_http_limits.c: what clients may not do to the server: too much, too slowly, too many. */
#include "test_http_fake.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET       "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define PUT_DRAIN "PUT /drain HTTP/1.1\r\nHost: localhost\r\n\r\n"

static const struct flock_answer done = {.outcome = FLOCK_DONE};

static void expect(struct world *world, int fd, int code, const char *body)
{
    struct answered answered = client_hear(world, fd, false);
    assert_int_equal(answered.code, code);
    if (body != NULL) assert_string_equal(answered.body, body);
    answered_free(&answered);
}

static void expect_alive(struct world *world, int fd)
{
    client_say(world, fd, GET);
    expect(world, fd, 200, "goose\n");
}

/* ---- too much, and not HTTP ---- */

static void test_errors_of_form(void **state)
{
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        {"FETCH /status HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
        {"\x16\x03\x01\x02\x01 hello", 400},
        {"GET /status HTTP/1.1\r\n\r\n", 400},
        {"GET /status HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400},
        {"GET /status HTTP/1.1\r\nHost: localhost\r\nOrigin: a\r\nOrigin: b\r\n\r\n", 400},
        {"GET /status HTTP/1.1\r\nHost: localhost\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n",
         400},
        {"GET /status HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n", 400},
        {"GET /status HTTP/1.1\nHost: localhost\r\n\r\n", 400},
        {"GET /status HTTP/1.1\r\nHost: localhost\nX: a\r\n\r\n", 400},
        {"GET /status HTTP/1.1\r\nHost: localhost\n\r\n", 400},
        {"GET /status HTTP/1.1\r\nHost: localhost\r\n\n", 400},
        {"GET /status HTTP/1.0\n\n", 400},
        {"GET /status HTTP/1.0\r\n\n", 400},
        {"PUT /drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\n{", 400},
        {"GET /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", 400},
        {"GET /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: "
         "2\r\n\r\n",
         400},
        {"GET /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
         400},
        {"GET /status HTTP/1.1\r\nHost: localhost\r\nbad header: x\r\n\r\n", 400},
        {"GET /status HTTP/1.1\r\nHost : x\r\n\r\n", 400},
        {"GET /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16385\r\n\r\n", 413},
        {"POST /handover HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", 413},
        {"POST /handover HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
         "chunked\r\n\r\n0\r\n\r\n",
         501},
        {"POST /handover HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
        {"POST /handover HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
         "chunked\r\nContent-Length: "
         "3\r\n\r\n",
         501},
        {"POST /handover HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: "
         "chunked\r\n\r\n",
         501},
        {"GET /status HTTP/2.0\r\nHost: localhost\r\n\r\n", 505},
        {"CONNECT a.test:80 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = client_open(world);
        client_say(world, fd, cases[i].text);
        struct answered answered = client_hear(world, fd, false);
        if (answered.code != cases[i].code) print_error("%s\n", cases[i].text);
        assert_int_equal(answered.code, cases[i].code);
        assert_string_equal(field(&answered, "Connection"), "close");
        assert_true(answered.body_bytes > 0);
        answered_free(&answered);
        assert_true(client_ended(world, fd));
        close(fd);
    }
    assert_int_equal(world->fake.pending, 0);
}

static void send_padded(struct world *world, int fd, size_t header_bytes)
{
    static const char front[] = "GET /status HTTP/1.1\r\nHost: localhost\r\nX: ";
    char *text = malloc(header_bytes);
    assert_non_null(text);
    memset(text, 'x', header_bytes);
    memcpy(text, front, sizeof(front) - 1);
    memcpy(text + header_bytes - 4, "\r\n\r\n", 4);
    client_send(world, fd, text, header_bytes);
    free(text);
}

static void test_header_limit(void **state)
{
    struct world *world = *state;
    int fd = client_open(world);
    send_padded(world, fd, 8192);
    expect(world, fd, 200, "goose\n");
    send_padded(world, fd, 8193);
    expect(world, fd, 431,
           "the header is larger than 8192 bytes; send fewer or shorter header fields\n");
    assert_true(client_ended(world, fd));
    close(fd);
    fd = client_open(world); /* one that never ends is refused as soon as it is too long */
    for (int i = 0; i < 9000; i++)
        client_say(world, fd, i == 0 ? "GET /" : "a");
    expect(world, fd, 431, NULL);
    close(fd);
}

static void test_body_limit(void **state)
{
    struct world *world = *state;
    char body[16384];
    memset(body, ' ', sizeof(body));
    memcpy(body, "{\"to\":\"n9:1\"}", 13);
    int fd = client_open(world);
    client_say(world, fd,
               "POST /handover HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16384\r\n\r\n");
    client_send(world, fd, body, sizeof(body));
    WAIT_FOR(world, world->fake.pending == 1);
    assert_string_equal(world->fake.requests[0].address, "n9:1");
    fake_answer(&world->fake, &done);
    expect(world, fd, 200, NULL);
    expect_alive(world, fd);
    close(fd);
}

/* A client that sends all of its large body before it reads still gets the answer, and no reset
 * instead of it. */
static void test_the_refusal_of_a_large_body_arrives(void **state)
{
    struct world *world = *state;
    static char body[16 << 20];
    int fd = client_open(world);
    client_say(world, fd,
               "POST /handover HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16777216\r\n\r\n");
    assert_true(client_send(world, fd, body, sizeof(body)));
    expect(world, fd, 413, "the body is larger than 16384 bytes; no request here needs so much\n");
    assert_true(client_ended(world, fd));
    close(fd);
}

/* ---- too slowly ---- */

static void shorten(struct world *world)
{
    world->options.idle_ms = 200;
    world->options.request_ms = 300;
    world_restart(world);
}

static void test_idle_clients_are_closed(void **state)
{
    struct world *world = *state;
    shorten(world);
    uint64_t start_ms = now_ms();
    int silent = client_open(world);
    int spoke = client_open(world);
    expect_alive(world, spoke);
    assert_true(client_ended(world, silent));
    assert_true(client_ended(world, spoke));
    uint64_t took_ms = now_ms() - start_ms;
    assert_true(took_ms >= 200);
    assert_true(took_ms < DEADLINE_MS);
    close(silent);
    close(spoke);
}

static void test_idle_time_counts_between_requests_only(void **state)
{
    struct world *world = *state;
    shorten(world);
    uint64_t start_ms = now_ms();
    int fd = client_open(world);
    while (now_ms() - start_ms < 800) {
        expect_alive(world, fd);
        world_turn(world, -1, 20);
    }
    close(fd);
}

/* A byte now and then keeps nobody in: the whole request has a deadline. */
static void drip(struct world *world, const char *text)
{
    uint64_t start_ms = now_ms();
    uint64_t next_ms = start_ms;
    int fd = client_open(world);
    char byte;
    client_say(world, fd, text);
    while (recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN &&
           now_ms() - start_ms < DEADLINE_MS) {
        if (now_ms() >= next_ms) {
            client_say(world, fd, "x");
            next_ms += 10;
        }
        world_turn(world, -1, 5);
    }
    uint64_t took_ms = now_ms() - start_ms;
    assert_true(took_ms >= 300);
    assert_true(took_ms < DEADLINE_MS);
    close(fd);
}

static void test_dribbling_clients_are_closed(void **state)
{
    struct world *world = *state;
    shorten(world);
    drip(world, "GET /");
    drip(world, "GET /status HTTP/1.1\r\nX-Slow: ");
    drip(world, "POST /handover HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16384\r\n\r\n");
}

static void test_clients_that_do_not_read_are_closed(void **state)
{
    struct world *world = *state;
    shorten(world);
    world->fake.members = 100000;
    int fd = client_open(world);
    client_say(world, fd, "GET /members HTTP/1.1\r\nHost: localhost\r\n\r\n");
    uint64_t start_ms = now_ms();
    while (now_ms() - start_ms < 700)
        world_turn(world, -1, 10);
    static char taken[65536];
    size_t bytes = 0;
    ssize_t got = -1;
    while (got != 0 && now_ms() - start_ms < DEADLINE_MS) {
        got = recv(fd, taken, sizeof(taken), MSG_DONTWAIT);
        if (got > 0)
            bytes += (size_t)got;
        else if (got < 0 && errno != EAGAIN)
            break;
        else
            world_turn(world, fd, 20);
    }
    assert_true(now_ms() - start_ms < DEADLINE_MS); /* ended, and long before all of it was sent */
    assert_true(bytes < 10000000);
    close(fd);
}

/* What slow readers make the server keep is bounded, all together: the next large answer is refused
 * until they have gone. */
static void test_slow_readers_do_not_fill_the_memory(void **state)
{
    struct world *world = *state;
    static const char members[] = "GET /members HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int slow = client_open(world);
    int other = client_open(world);
    world->fake.members = 200000;
    client_say(world, slow, members);
    for (int i = 0; i < 5; i++)
        world_turn(world, -1, 5);
    world->fake.members = 1;
    client_say(world, other, members);
    expect(world, other, 503, "there is no memory for the list now; ask again later\n");
    expect_alive(world, other);
    close(slow);
    for (int i = 0; i < 5; i++)
        world_turn(world, -1, 5);
    client_say(world, other, members);
    expect(world, other, 200, NULL);
    close(other);
}

/* What stands behind an answer that the client does not take is not even looked at. */
static void test_an_answer_waits_until_the_one_before_is_taken(void **state)
{
    struct world *world = *state;
    int fd = client_open(world);
    world->fake.members = 200000;
    client_say(world, fd, "GET /members HTTP/1.1\r\nHost: localhost\r\n\r\n" PUT_DRAIN);
    for (int i = 0; i < 20; i++)
        world_turn(world, -1, 5);
    assert_int_equal(world->fake.pending, 0);
    close(fd);
}

static void test_a_wait_is_not_idle(void **state)
{
    struct world *world = *state;
    shorten(world);
    int fd = client_open(world);
    client_say(world, fd, PUT_DRAIN);
    uint64_t start_ms = now_ms();
    while (now_ms() - start_ms < 900)
        world_turn(world, -1, 20);
    fake_answer(&world->fake, &done);
    expect(world, fd, 200, "draining\n");
    expect_alive(world, fd);
    close(fd);
}

/* The process stands still for longer than a client may be idle; a request waits in the socket. It
 * is answered, from what is true now. */
static void test_a_stopped_process_answers_what_waits(void **state)
{
    struct world *world = *state;
    shorten(world);
    int fd = client_open(world);
    int half = client_open(world);
    expect_alive(world, fd);
    client_say(world, half, "GET /status HTTP/1.1\r\n");
    for (int i = 0; i < 3; i++)
        world_turn(world, -1, 1);
    assert_int_equal(send(fd, GET, strlen(GET), 0), (ssize_t)strlen(GET));
    assert_int_equal(send(half, "Host: localhost\r\n\r\n", 19, 0), 19);
    poll(NULL, 0, 700);
    world->fake.status.is_goose = false;
    expect(world, fd, 200, "duck\n");
    expect(world, half, 200, "duck\n");
    close(fd);
    close(half);
}

/* ---- too many ---- */

enum { PLACES = 8, WAITS = 4 };

static void make_small(struct world *world)
{
    world->options.connections_max = PLACES;
    world->options.waits_max = 2 * PLACES; /* half of the places is all that it can be */
    world_restart(world);
}

static void test_the_longest_idle_makes_room(void **state)
{
    struct world *world = *state;
    int fds[PLACES];
    make_small(world);
    for (int i = 0; i < PLACES; i++) {
        fds[i] = client_open(world);
        expect_alive(world, fds[i]);
    }
    expect_alive(world, fds[0]); /* so now the second has been idle for longest */
    int late = client_open(world);
    expect_alive(world, late);
    assert_true(client_ended(world, fds[1]));
    expect_alive(world, fds[0]);
    for (int i = 2; i < PLACES; i++)
        expect_alive(world, fds[i]);
    expect_alive(world, late);
    for (int i = 0; i < PLACES; i++)
        close(fds[i]);
    close(late);
}

static void test_slow_clients_keep_nobody_out(void **state)
{
    struct world *world = *state;
    int slow[3 * PLACES];
    make_small(world);
    for (int i = 0; i < 3 * PLACES; i++) {
        slow[i] = client_open(world);
        client_say(world, slow[i], "GET /sta");
        world_turn(world, -1, 0);
    }
    int fd = client_open(world);
    expect_alive(world, fd);
    assert_true(client_ended(world, slow[0]));
    for (int i = 0; i < 3 * PLACES; i++)
        close(slow[i]);
    close(fd);
}

/* Neither many nor busy ones push out a client elsewhere that has said nothing for a while. */
static void test_who_has_most_makes_room(void **state)
{
    struct world *world = *state;
    int many[2 * PLACES];
    world->options.places_key = UINT64_C(1) << 30 | 1; /* 127.0.0.1 to 3 have three numbers */
    make_small(world);
    int quiet = client_open_from(world, "127.0.0.2");
    expect_alive(world, quiet);
    for (int i = 0; i < 2 * PLACES; i++) {
        many[i] = client_open(world);
        client_say(world, many[i], i % 2 == 0 ? "GET /sta" : "");
        world_turn(world, -1, 0);
    }
    int late = client_open_from(world, "127.0.0.3");
    expect_alive(world, late);
    expect_alive(world, quiet);
    for (int i = 0; i < 2 * PLACES; i++)
        close(many[i]);
    close(quiet);
    close(late);
}

static void test_waits_leave_room(void **state)
{
    struct world *world = *state;
    int waits[WAITS];
    int others[PLACES];
    make_small(world);
    for (int i = 0; i < WAITS; i++) {
        waits[i] = client_open(world);
        client_say(world, waits[i], PUT_DRAIN);
        WAIT_FOR(world, world->fake.pending == (unsigned)i + 1);
    }
    for (int i = 0; i < PLACES; i++) {
        others[i] = client_open(world);
        expect_alive(world, others[i]);
    }
    client_say(world, others[PLACES - 1], PUT_DRAIN);
    expect(world, others[PLACES - 1], 503,
           "too many requests wait for an answer already; ask again later\n");
    fake_answer(&world->fake, &done);
    expect(world, waits[0], 200, "draining\n");
    client_say(world, waits[0], PUT_DRAIN); /* there is room for one again */
    WAIT_FOR(world, world->fake.pending == WAITS);
    for (int i = 1; i <= WAITS; i++) {
        fake_answer(&world->fake, &done);
        expect(world, waits[i % WAITS], 200, "draining\n");
    }
    for (int i = 0; i < WAITS; i++)
        close(waits[i]);
    for (int i = 0; i < PLACES; i++)
        close(others[i]);
}

static void test_each_gets_the_answer_to_its_own_request(void **state)
{
    struct world *world = *state;
    int first = client_open(world);
    int second = client_open(world);
    client_say(world, first, PUT_DRAIN);
    WAIT_FOR(world, world->fake.pending == 1);
    client_say(world, second, "DELETE /drain HTTP/1.1\r\nHost: localhost\r\n\r\n");
    WAIT_FOR(world, world->fake.pending == 2);
    fake_answer_newest(&world->fake, &done);
    expect(world, second, 200, "not draining\n");
    fake_answer(&world->fake, &done);
    expect(world, first, 200, "draining\n");
    close(first);
    close(second);
}

/* The place of a wait is free before the next request of the same client is looked at. */
static void test_a_change_behind_a_change(void **state)
{
    struct world *world = *state;
    int fds[WAITS];
    make_small(world);
    for (int i = 0; i < WAITS; i++) {
        fds[i] = client_open(world);
        client_say(world, fds[i], PUT_DRAIN PUT_DRAIN);
        WAIT_FOR(world, world->fake.pending == (unsigned)i + 1);
    }
    for (int i = 0; i < 2 * WAITS; i++) {
        WAIT_FOR(world, world->fake.pending > 0);
        fake_answer(&world->fake, &done);
        expect(world, fds[i % WAITS], 200, "draining\n");
    }
    for (int i = 0; i < WAITS; i++)
        close(fds[i]);
}

/* Who sends without end gets a few answers at a time: the loop has other work. */
static void test_a_flood_is_answered_in_turns(void **state)
{
    struct world *world = *state;
    enum { MANY = 2000, A_TURN = 4096 / (sizeof(GET) - 1) + 2 };
    static char flood[MANY * (sizeof(GET) - 1)];
    for (size_t i = 0; i < MANY; i++)
        memcpy(flood + i * (sizeof(GET) - 1), GET, sizeof(GET) - 1);
    int fd = client_open(world);
    expect_alive(world, fd);
    size_t sent = 0;
    ssize_t more;
    while ((more = send(fd, flood + sent, sizeof(flood) - sent, MSG_DONTWAIT)) > 0)
        sent += (size_t)more;
    assert_true(sent > (size_t)A_TURN * sizeof(GET) * 4);
    uint64_t before = world->fake.status_reads;
    uv_run(&world->loop, UV_RUN_NOWAIT);
    assert_in_range(world->fake.status_reads - before, 1, A_TURN);
    for (size_t i = 0; i < sent / (sizeof(GET) - 1); i++)
        expect(world, fd, 200, "goose\n");
    close(fd);
}

/* ---- clients that go ---- */

static void reset(int fd)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
}

static void test_a_client_vanishes_while_it_waits(void **state)
{
    struct world *world = *state;
    make_small(world);
    for (int i = 0; i < WAITS; i++) {
        int fd = client_open(world);
        client_say(world, fd, PUT_DRAIN GET);
        WAIT_FOR(world, world->fake.pending == (unsigned)i + 1);
        reset(fd);
    }
    /* The node still works on what they asked for, so they count until it is done. */
    int fd = client_open(world);
    client_say(world, fd, PUT_DRAIN);
    expect(world, fd, 503, NULL);
    for (int i = 0; i < WAITS; i++)
        fake_answer(&world->fake, &done);
    for (int i = 0; i < 3; i++)
        world_turn(world, -1, 1);
    client_say(world, fd, PUT_DRAIN);
    WAIT_FOR(world, world->fake.pending == 1);
    fake_answer(&world->fake, &done);
    expect(world, fd, 200, "draining\n");
    close(fd);
}

static void test_answer_and_reset_at_once(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 20; i++) {
        int fd = client_open(world);
        client_say(world, fd, PUT_DRAIN GET);
        WAIT_FOR(world, world->fake.pending == 1);
        if (i % 2 == 0) fake_answer(&world->fake, &done);
        reset(fd);
        if (i % 2 == 1) fake_answer(&world->fake, &done);
        for (int turn = 0; turn < 3; turn++)
            world_turn(world, -1, 1);
    }
    int fd = client_open(world);
    expect_alive(world, fd);
    close(fd);
}

static void test_a_half_closed_client_gets_its_answers(void **state)
{
    struct world *world = *state;
    int fd = client_open(world);
    client_say(world, fd, PUT_DRAIN GET);
    shutdown(fd, SHUT_WR);
    WAIT_FOR(world, world->fake.pending == 1);
    for (int i = 0; i < 5; i++)
        world_turn(world, -1, 1);
    fake_answer(&world->fake, &done);
    expect(world, fd, 200, "draining\n");
    expect(world, fd, 200, "goose\n");
    assert_true(client_ended(world, fd));
    close(fd);
    fd = client_open(world);
    client_say(world, fd, GET);
    shutdown(fd, SHUT_WR);
    expect(world, fd, 200, "goose\n");
    assert_true(client_ended(world, fd));
    close(fd);
    fd = client_open(world); /* and where the answer is the last one anyway */
    client_say(world, fd, "PUT /drain HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    shutdown(fd, SHUT_WR);
    WAIT_FOR(world, world->fake.pending == 1);
    for (int i = 0; i < 5; i++)
        world_turn(world, -1, 1);
    fake_answer(&world->fake, &done);
    expect(world, fd, 200, "draining\n");
    assert_true(client_ended(world, fd));
    close(fd);
}

/* What stands behind a request that waits is kept, but not without end; nothing of it is lost. */
static void test_a_long_train_behind_a_wait(void **state)
{
    struct world *world = *state;
    enum { MANY = 4000 };
    int fd = client_open(world);
    client_say(world, fd, PUT_DRAIN);
    WAIT_FOR(world, world->fake.pending == 1);
    for (int i = 0; i < MANY; i++)
        client_say(world, fd, GET);
    for (int i = 0; i < 10; i++)
        world_turn(world, -1, 1);
    char byte;
    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
    fake_answer(&world->fake, &done);
    expect(world, fd, 200, "draining\n");
    for (int i = 0; i < MANY; i++)
        expect(world, fd, 200, "goose\n");
    close(fd);
}

/* The server goes while answers are owed; they come afterwards, and between. */
static void test_the_server_goes_first(void **state)
{
    struct world *world = *state;
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = client_open(world);
        client_say(world, fds[i], PUT_DRAIN);
        WAIT_FOR(world, world->fake.pending == (unsigned)i + 1);
    }
    fake_answer(&world->fake, &done); /* answered, but not delivered when the server goes */
    world_restart(world);
    for (int i = 0; i < 3; i++) {
        assert_true(client_ended(world, fds[i]));
        close(fds[i]);
    }
    fake_answer(&world->fake, &done);
    int fd = client_open(world);
    expect_alive(world, fd);
    close(fd);
}

/* ---- start, and the token ---- */

static void test_start_errors(void **state)
{
    struct world *world = *state;
    struct http_server *second = NULL;
    struct sockaddr_in address;
    char why[128];
    uv_ip4_addr("127.0.0.1", world->port, &address);
    const struct http_options taken = {.address = (const struct sockaddr *)&address};
    int error =
        http_server_start(&second, &world->loop, &taken, &world->fake.api, why, sizeof(why));
    assert_int_equal(error, UV_EADDRINUSE);
    assert_string_equal(why, "the HTTP server cannot listen: address already in use");
    char token[HTTP_TOKEN_BYTES_MAX + 2];
    memset(token, 'x', sizeof(token) - 1);
    token[sizeof(token) - 1] = '\0';
    const struct http_options long_token = {.address = (const struct sockaddr *)&address,
                                            .token = token};
    error =
        http_server_start(&second, &world->loop, &long_token, &world->fake.api, why, sizeof(why));
    assert_int_equal(error, UV_E2BIG);
    assert_null(second);
}

static void test_a_socket_that_is_bound_already(void **state)
{
    struct world *world = *state;
    struct http_server *second;
    struct sockaddr_in address;
    char why[128];
    socklen_t bytes = sizeof(address);
    uv_ip4_addr("127.0.0.1", 0, &address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, bytes), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
    const struct http_options options = {.fd = fd};
    assert_int_equal(
        http_server_start(&second, &world->loop, &options, &world->fake.api, why, sizeof(why)), 0);
    assert_int_equal(http_server_port(second), ntohs(address.sin_port));
    http_server_close(second, NULL, NULL);
    for (int i = 0; i < 3; i++)
        world_turn(world, -1, 1);
}

static void expect_token(struct world *world, const char *fields, int code)
{
    struct answered answered = ask(world, "PUT", "/drain", fields, "");
    const char *challenge = field(&answered, "WWW-Authenticate");
    assert_int_equal(answered.code, code);
    assert_int_equal(challenge != NULL, code == 401);
    if (challenge != NULL) assert_string_equal(challenge, "Bearer realm=\"goosed\"");
    answered_free(&answered);
}

static void test_tokens(void **state)
{
    struct world *world = *state;
    world->fake.answers_at_once = true;
    world->fake.answer = done;
    expect_token(world, "", 200);
    expect_token(world, "Host: evil.test\r\n", 403);
    expect_token(world, "Origin: http://evil.test\r\n", 403);
    expect_token(world, "Origin: http://localhost\r\n", 200);
    world->options.token = "first";
    world_restart(world);
    expect_token(world, "", 401);
    expect_token(world, "Authorization: Bearer first\r\n", 200);
    assert_true(http_server_set_token(world->server, "second"));
    expect_token(world, "Authorization: Bearer first\r\n", 401);
    expect_token(world, "Authorization: Bearer second\r\n", 200);
    assert_true(http_server_set_token(world->server, NULL));
    expect_token(world, "", 200);
    struct answered answered =
        ask(world, "GET", "/status", "Host: evil.test\r\n", ""); /* reading is free */
    assert_int_equal(answered.code, 200);
    answered_free(&answered);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_errors_of_form),
        TEST(test_header_limit),
        TEST(test_body_limit),
        TEST(test_the_refusal_of_a_large_body_arrives),
        TEST(test_idle_clients_are_closed),
        TEST(test_idle_time_counts_between_requests_only),
        TEST(test_dribbling_clients_are_closed),
        TEST(test_clients_that_do_not_read_are_closed),
        TEST(test_slow_readers_do_not_fill_the_memory),
        TEST(test_an_answer_waits_until_the_one_before_is_taken),
        TEST(test_a_wait_is_not_idle),
        TEST(test_a_stopped_process_answers_what_waits),
        TEST(test_the_longest_idle_makes_room),
        TEST(test_who_has_most_makes_room),
        TEST(test_slow_clients_keep_nobody_out),
        TEST(test_waits_leave_room),
        TEST(test_each_gets_the_answer_to_its_own_request),
        TEST(test_a_change_behind_a_change),
        TEST(test_a_flood_is_answered_in_turns),
        TEST(test_a_client_vanishes_while_it_waits),
        TEST(test_answer_and_reset_at_once),
        TEST(test_a_half_closed_client_gets_its_answers),
        TEST(test_a_long_train_behind_a_wait),
        TEST(test_the_server_goes_first),
        TEST(test_start_errors),
        TEST(test_a_socket_that_is_bound_already),
        TEST(test_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
