/* test_http_kept.c: large answers are made once for many who ask, and nobody is told of a role that is over. */
#include "test_http_fake.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/inside.h"
#include "http/kept.h"

enum { MANY = 12, MAKE_US = 12500 };

/* ---- by a clock that is made up ---- */

static const struct flock_status goose = {
    .is_goose = true, .knows_goose = true, .term = 7, .index = 3};

/* One that was made from `began_us` to `now_us`. */
static struct kept make_kept(uint64_t began_us, uint64_t now_us)
{
    struct kept kept = {.at = NULL};
    struct growing text = {.at = NULL};
    struct out out = growing_begin(&text, 100);
    PUT(&out, "the goose");
    growing_end(&text, &out);
    kept_keep(&kept, &text, &goose, began_us, now_us);
    assert_memory_equal(kept.at, "the goose", 9);
    assert_int_equal(kept.bytes, 9);
    return kept;
}

static void test_kept_for_twenty_times_what_it_took(void **state)
{
    (void)state;
    struct kept kept = make_kept(1000, 1100);
    assert_true(kept_is_good(&kept, &goose, 1100));
    assert_true(kept_is_good(&kept, &goose, 1100 + 1999));
    assert_false(kept_is_good(&kept, &goose, 1100 + 2000));
    kept_drop(&kept);
    assert_false(kept_is_good(&kept, &goose, 1100));
}

static void test_kept_for_250_ms_at_most(void **state)
{
    (void)state;
    struct kept kept = make_kept(1000, 1001000);
    assert_true(kept_is_good(&kept, &goose, 1001000 + 249999));
    assert_false(kept_is_good(&kept, &goose, 1001000 + 250000));
    kept_drop(&kept);
}

static void test_dropped_at_a_change(void **state)
{
    (void)state;
    struct kept kept = make_kept(1000, 1100);
    struct flock_status now[] = {goose, goose, goose, goose};
    now[0].index++;
    now[1].is_goose = false; /* its lease is over, and nothing has noticed yet */
    now[2].knows_goose = false;
    now[3].term++;
    for (size_t i = 0; i < sizeof(now) / sizeof(now[0]); i++)
        assert_false(kept_is_good(&kept, &now[i], 1200));
    assert_true(kept_is_good(&kept, &goose, 1200));
    kept_drop(&kept);
}

static void test_what_does_not_fit_fails_for_good(void **state)
{
    (void)state;
    struct growing text = {.at = NULL};
    struct out out = growing_begin(&text, 4);
    PUT(&out, "more than four");
    growing_end(&text, &out);
    out = growing_begin(&text, 4);
    PUT(&out, "four");
    growing_end(&text, &out);
    assert_true(text.failed);
    free(text.at);
}

/* ---- by a server ---- */

/* Each takes so long to make that it is kept for as long as one may be. */
static int open_slow(void **state)
{
    int error = world_open(state);
    ((struct world *)*state)->fake.make_us = MAKE_US;
    return error;
}

static void test_made_once_for_many(void **state)
{
    static const char *const asked[][2] = {
        {"/metrics", ""},     {"/members", ""}, {"/why", ""},
        {"/why?probe=1", ""}, {"/history", ""}, {"/history", "Accept: application/json\r\n"}};
    struct world *world = *state;
    world->fake.history = 2;
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        char many[MANY * 100] = "";
        int fd = client_open(world);
        for (int k = 0; k < MANY; k++)
            snprintf(many + strlen(many), 100, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n",
                     asked[i][0], asked[i][1]);
        world->fake.made = 0;
        client_say(world, fd, many);
        for (int k = 0; k < MANY; k++) {
            struct answered answered = client_hear(world, fd, false);
            assert_int_equal(answered.code, 200);
            assert_true(answered.body_bytes > 0);
            answered_free(&answered);
        }
        assert_in_range(world->fake.made, 0, MANY / 2);
        close(fd);
    }
}

static void expect_made(struct world *world, const char *method, const char *path, bool anew)
{
    unsigned before = world->fake.made;
    struct answered answered = ask(world, method, path, "", "");
    assert_int_equal(answered.code, 200);
    answered_free(&answered);
    if (anew) assert_int_equal(world->fake.made, before + 1);
}

/* The claim ends by the clock alone, a change by what the node has heard. */
static void test_nobody_hears_of_what_is_over(void **state)
{
    static const char *const paths[] = {"/metrics", "/members", "/why", "/history"};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        world->fake.status.is_goose = true;
        expect_made(world, "GET", paths[i], false);
        world->fake.status.is_goose = false;
        expect_made(world, "GET", paths[i], true);
        fake_change(&world->fake, "heard another");
        expect_made(world, "HEAD", paths[i], true);
    }
}

/* A copy's head says what is left of the lease now. */
static void test_the_head_is_new(void **state)
{
    struct world *world = *state;
    expect_made(world, "GET", "/members", true);
    world->fake.status.lease_us = 17000;
    struct answered answered = ask(world, "GET", "/members", "", "");
    assert_string_equal(field(&answered, "Goose-Lease-Ms"), "17");
    answered_free(&answered);
}

/* HEAD, an old client and an error take what they need of a copy, and leave it as it is. */
static void test_other_clients_of_a_copy(void **state)
{
    struct world *world = *state;
    char length[32];
    struct answered whole = ask(world, "GET", "/metrics", "", "");
    snprintf(length, sizeof(length), "%zu", whole.body_bytes);
    struct answered head = ask(world, "HEAD", "/metrics", "", "");
    assert_string_equal(field(&head, "Content-Length"), length);
    assert_string_equal(head.body, "");
    int fd = client_open(world);
    client_say(world, fd, "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n");
    struct answered old = client_hear(world, fd, false);
    assert_string_equal(field(&old, "Connection"), "close");
    assert_int_equal(old.body_bytes, whole.body_bytes);
    assert_true(client_ended(world, fd));
    close(fd);
    struct answered refused = ask(world, "GET", "/why?probe=2", "", "");
    assert_int_equal(refused.code, 400);
    answered_free(&refused);
    answered_free(&whole);
    answered_free(&head);
    answered_free(&old);
}

static void test_what_cannot_be_made_is_not_kept(void **state)
{
    struct world *world = *state;
    world->fake.more_metrics = 10000;
    struct answered answered = ask(world, "GET", "/metrics", "", "");
    assert_int_equal(answered.code, 503);
    answered_free(&answered);
    world->fake.more_metrics = 0;
    expect_made(world, "GET", "/metrics", true);
}

static bool holds_none(const struct world *world)
{
    for (int i = 0; i < KEPT_ANSWERS; i++)
        if (world->server->kept[i].at != NULL) return false;
    return true;
}

/* Whether its client has gone or not. */
static void test_memory_is_given_back(void **state)
{
    struct world *world = *state;
    world->options.request_ms = 400;
    world_restart(world);
    int fd = client_open(world);
    client_say(world, fd, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    struct answered answered = client_hear(world, fd, false);
    answered_free(&answered);
    WAIT_FOR(world, holds_none(world));
    expect_made(world, "GET", "/members", true);
    close(fd);
    WAIT_FOR(world, holds_none(world));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_slow, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept_for_twenty_times_what_it_took),
        cmocka_unit_test(test_kept_for_250_ms_at_most),
        cmocka_unit_test(test_dropped_at_a_change),
        cmocka_unit_test(test_what_does_not_fit_fails_for_good),
        TEST(test_made_once_for_many),
        TEST(test_nobody_hears_of_what_is_over),
        TEST(test_the_head_is_new),
        TEST(test_other_clients_of_a_copy),
        TEST(test_what_cannot_be_made_is_not_kept),
        TEST(test_memory_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
