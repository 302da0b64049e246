/* test_http_turns.c: whose turn it is. The loop has other work than HTTP, and nobody waits for one who asks much. */
#include "test_http_fake.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET    "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define STREAM "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"

enum { MANY = 6 };

/* So little time that each pass of the loop has one turn, and each turn one request. */
static void hurry(struct world *world)
{
    world->options.turn_us = 1;
    world_restart(world);
}

static void one_pass(struct world *world)
{
    uv_run(&world->loop, UV_RUN_NOWAIT);
}

static void expect(struct world *world, int fd, const char *body)
{
    struct answered answered = client_hear(world, fd, false);
    assert_int_equal(answered.code, 200);
    assert_string_equal(answered.body, body);
    answered_free(&answered);
}

static int client_known(struct world *world)
{
    int fd = client_open(world);
    client_say(world, fd, GET);
    expect(world, fd, "goose\n");
    return fd;
}

static void say_many(struct world *world, int fd)
{
    char many[MANY * sizeof(GET)] = "";
    for (int i = 0; i < MANY; i++)
        memcpy(many + strlen(many), GET, sizeof(GET));
    assert_true(client_send(world, fd, many, strlen(many)));
}

/* Each request that lies there is answered from what is true when its turn comes, and in turn. */
static void test_a_pass_has_a_bounded_part_of_a_train(void **state)
{
    struct world *world = *state;
    hurry(world);
    int fd = client_known(world);
    uint64_t before = world->fake.status_reads;
    say_many(world, fd);
    for (unsigned passes = 1; passes <= MANY; passes++) {
        one_pass(world);
        assert_in_range(world->fake.status_reads - before, passes - 1, passes);
        world->fake.status.is_goose = passes < MANY / 2;
    }
    for (int i = 0; i < MANY; i++)
        expect(world, fd, i < MANY / 2 ? "goose\n" : "duck\n");
    close(fd);
}

static void test_a_pass_has_a_bounded_number_of_turns(void **state)
{
    struct world *world = *state;
    int fds[MANY];
    hurry(world);
    for (int i = 0; i < MANY; i++)
        fds[i] = client_known(world);
    uint64_t before = world->fake.status_reads;
    for (int i = 0; i < MANY; i++)
        assert_int_equal(send(fds[i], GET, strlen(GET), 0), (ssize_t)strlen(GET));
    for (unsigned passes = 1; passes <= MANY; passes++) {
        one_pass(world);
        assert_int_equal(world->fake.status_reads - before, passes);
    }
    for (int i = 0; i < MANY; i++)
        expect(world, fds[i], "goose\n");
    for (int i = 0; i < MANY; i++)
        close(fds[i]);
}

/* Others ask for much and go on asking; one who asks for little is answered between. */
static void test_nobody_waits_for_one_who_asks_much(void **state)
{
    struct world *world = *state;
    int greedy[MANY];
    hurry(world);
    int modest = client_known(world);
    for (int i = 0; i < MANY; i++) {
        greedy[i] = client_known(world);
        say_many(world, greedy[i]);
    }
    uint64_t before = world->fake.status_reads;
    world->fake.status.is_goose = false;
    assert_int_equal(send(modest, GET, strlen(GET), 0), (ssize_t)strlen(GET));
    char byte;
    while (recv(modest, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 1 &&
           world->fake.status_reads - before < 2 * MANY)
        one_pass(world);
    assert_true(world->fake.status_reads - before < 2 * MANY);
    expect(world, modest, "duck\n");
    for (int i = 0; i < MANY; i++)
        for (int answers = 0; answers < MANY; answers++) {
            struct answered answered = client_hear(world, greedy[i], false);
            assert_int_equal(answered.code, 200);
            answered_free(&answered);
        }
    for (int i = 0; i < MANY; i++)
        close(greedy[i]);
    close(modest);
}

static unsigned count_told(const int fds[MANY])
{
    unsigned told = 0;
    char byte;
    for (int i = 0; i < MANY; i++)
        told += recv(fds[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
    return told;
}

/* Who watches is told one after the other, too, and none is left out. */
static void test_a_pass_tells_a_bounded_number_of_watchers(void **state)
{
    struct world *world = *state;
    int fds[MANY];
    char text[4096];
    hurry(world);
    for (int i = 0; i < MANY; i++) {
        fds[i] = client_open(world);
        client_say(world, fds[i], STREAM);
        WAIT_FOR(world, recv(fds[i], text, sizeof(text), MSG_PEEK | MSG_DONTWAIT) > 0);
        assert_true(recv(fds[i], text, sizeof(text), MSG_DONTWAIT) > 0);
    }
    fake_change(&world->fake, "a change");
    for (unsigned passes = 1; passes <= MANY; passes++) {
        assert_in_range(count_told(fds), 0, passes - 1);
        one_pass(world);
    }
    WAIT_FOR(world, count_told(fds) == MANY);
    for (int i = 0; i < MANY; i++)
        close(fds[i]);
}

/* The same for those whose time is over: each has an answer, and not all in one pass. */
static void test_a_pass_ends_a_bounded_number_of_waits(void **state)
{
    struct world *world = *state;
    int fds[MANY];
    hurry(world);
    for (int i = 0; i < MANY; i++) {
        fds[i] = client_known(world);
        client_say(world, fds[i], "GET /status?wait=300ms HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    uint64_t start_ms = now_ms();
    while (now_ms() - start_ms < 200)
        world_turn(world, -1, 10);
    assert_int_equal(count_told(fds), 0);
    usleep(200000);
    one_pass(world);
    assert_in_range(count_told(fds), 0, 1);
    for (int i = 0; i < MANY; i++)
        expect(world, fds[i], "goose\n");
    for (int i = 0; i < MANY; i++)
        close(fds[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_pass_has_a_bounded_part_of_a_train),
        TEST(test_a_pass_has_a_bounded_number_of_turns),
        TEST(test_nobody_waits_for_one_who_asks_much),
        TEST(test_a_pass_tells_a_bounded_number_of_watchers),
        TEST(test_a_pass_ends_a_bounded_number_of_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
