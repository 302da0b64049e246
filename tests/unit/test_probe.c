/* test_probe.c: two nodes that ask each other whether they hear one another, over a wire that the test holds: nothing
 * but udp_send() is theirs. What is no question of theirs changes nothing. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/probe.h"
#include "daemon/refusals.h"
#include "goose/wire.h"

#define WIRE_MAX 64

/* ---- the wire ---- */

struct sent {
    struct udp *by;
    char to[GOOSE_ADDRESS_CHARS_MAX + 1]; /* empty: to an endpoint */
    size_t count;
    uint8_t bytes[256];
};

struct udp {
    struct udp_counts counts;
    bool knows_no_names;
};

static struct sent wire[WIRE_MAX];
static size_t wired;

void udp_send(struct udp *udp, const struct goose_send *send, const uint8_t *message, size_t bytes)
{
    if (udp->knows_no_names && !send->has_endpoint) {
        udp->counts.unresolved++;
        return;
    }
    assert_true(wired < WIRE_MAX && bytes <= sizeof wire[0].bytes);
    struct sent *sent = &wire[wired++];
    *sent = (struct sent){.by = udp, .count = bytes};
    if (!send->has_endpoint)
        snprintf(sent->to, sizeof sent->to, "%.*s", send->address.bytes, send->address.at);
    memcpy(sent->bytes, message, bytes);
}

const struct udp_counts *udp_counts(const struct udp *udp)
{
    return &udp->counts;
}

/* ---- two nodes ---- */

struct pair {
    uv_loop_t loop;
    struct udp udp[2];
    struct probe *probe[2];
    struct goose_roster roster;
};

static const struct goose_endpoint somewhere = {{4, 1, 2}};
static struct pair pair;

static struct goose_address address_of(const char *text)
{
    struct goose_address address;

    assert_true(goose_address_keep(&address, (struct goose_text){text, (uint8_t)strlen(text)}));
    return address;
}

static int open_pair(void **state)
{
    const struct goose_address both[] = {address_of("n1:7000"), address_of("n2:7000")};

    (void)state;
    wired = 0;
    memset(&pair, 0, sizeof pair);
    assert_int_equal(uv_loop_init(&pair.loop), 0);
    assert_int_equal(goose_roster_bootstrap(&pair.roster, 1, both, 2), GOOSE_ROSTER_OK);
    for (int i = 0; i < 2; i++) {
        pair.probe[i] = probe_new(&pair.loop, &pair.udp[i], &both[i]);
        assert_non_null(pair.probe[i]);
    }
    return 0;
}

static int close_pair(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        probe_close(pair.probe[i]);
    uv_run(&pair.loop, UV_RUN_DEFAULT);
    return uv_loop_close(&pair.loop);
}

/* All that is on the wire goes to the other one, but what `lost` says; answers to answers too. */
static void deliver(bool (*lost)(const struct sent *sent))
{
    for (size_t i = 0; i < wired; i++) {
        const struct sent sent = wire[i];
        struct probe *other = pair.probe[sent.by == &pair.udp[0] ? 1 : 0];
        if (lost == NULL || !lost(&sent))
            assert_true(probe_take(other, sent.bytes, sent.count, &somewhere));
    }
    wired = 0;
}

/* A whole round of the first node. */
static void round_of_first(bool (*lost)(const struct sent *sent))
{
    probe_begin(pair.probe[0], &pair.roster);
    uint64_t end_us = clock_now_us() + 10000000;
    struct probe_link link = {.asked = 0};
    while (link.asked < PROBE_ASKS && clock_now_us() < end_us) {
        uv_run(&pair.loop, UV_RUN_ONCE);
        deliver(lost);
        assert_true(probe_link(pair.probe[0], 0, &link));
    }
}

static bool is_answer(const struct sent *sent)
{
    return sent->bytes[1] == 2;
}

static bool is_second_question(const struct sent *sent)
{
    return sent->bytes[1] == 1 && sent->bytes[2] == 1;
}

static bool any(const struct sent *sent)
{
    (void)sent;
    return true;
}

static void expect_link(int node, unsigned asked, unsigned answered, unsigned heard)
{
    struct probe_link link = {.asked = 0};

    if (!probe_link(pair.probe[node], 0, &link)) assert_int_equal(asked, 0);
    assert_int_equal(link.asked, asked);
    assert_int_equal(link.answered, answered);
    assert_int_equal(link.heard, heard);
    if (asked > 0) assert_int_equal(link.rtt_us == UINT64_MAX, answered == 0);
}

/* So that the second node has a list of its own to look at; what it asks itself goes nowhere. */
static void list_of_second(void)
{
    pair.udp[1].knows_no_names = true;
    probe_begin(pair.probe[1], &pair.roster);
}

static void test_both_ways(void **state)
{
    (void)state;
    list_of_second();
    round_of_first(NULL);
    expect_link(0, PROBE_ASKS, PROBE_ASKS, 0);
    struct probe_link link;
    assert_true(probe_link(pair.probe[1], 0, &link));
    assert_string_equal(link.address->chars, "n1:7000");
    expect_link(1, 0, 0, PROBE_ASKS);
    assert_false(probe_link(pair.probe[1], 1, &link));
}

static void test_one_way(void **state)
{
    (void)state;
    list_of_second();
    round_of_first(is_answer);
    expect_link(0, PROBE_ASKS, 0, 0);
    expect_link(1, 0, 0, PROBE_ASKS);
}

static void test_loss(void **state)
{
    (void)state;
    round_of_first(is_second_question);
    expect_link(0, PROBE_ASKS, PROBE_ASKS - 1, 0);
}

static void test_no_way(void **state)
{
    (void)state;
    list_of_second();
    round_of_first(any);
    expect_link(0, PROBE_ASKS, 0, 0);
    expect_link(1, 0, 0, 0);
}

static void test_a_name_that_is_not_known_was_not_asked(void **state)
{
    (void)state;
    pair.udp[0].knows_no_names = true;
    probe_begin(pair.probe[0], &pair.roster);
    for (int i = 0; i < PROBE_ASKS; i++)
        uv_run(&pair.loop, UV_RUN_ONCE);
    expect_link(0, 0, 0, 0);
    assert_int_equal(pair.udp[0].counts.unresolved, PROBE_ASKS);
}

static void expect_answered(unsigned answered)
{
    struct probe_link link;

    assert_true(probe_link(pair.probe[0], 0, &link));
    assert_int_equal(link.answered, answered);
}

/* What was heard before a round of my own is another story. */
static void test_a_round_forgets_the_last(void **state)
{
    (void)state;
    round_of_first(NULL);
    list_of_second();
    expect_link(1, 0, 0, 0);
}

/* One round at a time, and a rest; an answer counts once, and only for its own round. */
static void test_rounds_are_apart(void **state)
{
    (void)state;
    probe_begin(pair.probe[0], &pair.roster);
    uv_run(&pair.loop, UV_RUN_NOWAIT);
    assert_true(wired >= 1);
    struct sent question = wire[0];
    probe_begin(pair.probe[0], &pair.roster);
    wired = 0;
    question.bytes[1] = 2;
    question.bytes[4] ^= 1; /* another round */
    assert_true(probe_take(pair.probe[0], question.bytes, question.count, &somewhere));
    question.bytes[4] ^= 1;
    question.bytes[3] = 1; /* nobody */
    assert_true(probe_take(pair.probe[0], question.bytes, question.count, &somewhere));
    question.bytes[3] = 0;
    expect_answered(0);
    for (int i = 0; i < 3; i++)
        assert_true(probe_take(pair.probe[0], question.bytes, question.count, &somewhere));
    expect_answered(1);
    question.bytes[2] = PROBE_ASKS - 1; /* has not been asked yet */
    assert_true(probe_take(pair.probe[0], question.bytes, question.count, &somewhere));
    expect_answered(1);
}

/* Any bytes are taken without harm, and of those that begin like this none reaches the election. */
static void test_what_is_no_question(void **state)
{
    uint8_t bytes[256] = {255, 1, 0, 0};

    (void)state;
    for (size_t count = 1; count <= sizeof bytes; count++)
        for (unsigned length = 0; length < 256; length += 5) {
            bytes[12] = (uint8_t)length; /* an address of zeros is none */
            assert_true(probe_take(pair.probe[0], bytes, count, &somewhere));
        }
    assert_int_equal(wired, 0);
    bytes[0] = 1;
    assert_false(probe_take(pair.probe[0], bytes, sizeof bytes, &somewhere));
    assert_false(probe_take(pair.probe[0], bytes, 0, &somewhere));
}

static void test_no_message_looks_like_one(void **state)
{
    uint8_t bytes[256] = {255};
    struct goose_message message;
    struct goose_roster roster;

    (void)state;
    assert_int_equal(goose_wire_decode(bytes, sizeof bytes, &message, &roster),
                     GOOSE_WIRE_OTHER_MAJOR);
}

static void test_answers_have_a_limit(void **state)
{
    (void)state;
    probe_begin(pair.probe[1], &pair.roster);
    uv_run(&pair.loop, UV_RUN_NOWAIT);
    struct sent question = wire[0];
    unsigned answered = 0;
    for (int i = 0; i < 3000; i++) {
        wired = 0;
        assert_true(probe_take(pair.probe[0], question.bytes, question.count, &somewhere));
        answered += (unsigned)wired;
    }
    assert_in_range(answered, 1000, 2000); /* a second may have passed */
}

/* ---- the diary ---- */

static void test_the_newest_refusal_each_way_is_kept(void **state)
{
    struct refusals refusals = {.of = {{.uid = 0}}};
    const struct goose_note other = {.kind = GOOSE_NOTE_ROLE, .uid = 9};
    struct goose_note note = {
        .kind = GOOSE_NOTE_DENIED, .uid = 9, .number = GOOSE_VERDICT_PROMISED, .term = 4};

    (void)state;
    refusals_note(&refusals, &other, &somewhere, 5);
    assert_int_equal(refusals.of[0].uid, 0);
    refusals_note(&refusals, &note, &somewhere, 10);
    note.number = GOOSE_VERDICT_VOTED;
    refusals_note(&refusals, &note, &somewhere, 20);
    note.kind = GOOSE_NOTE_DENIED_ME;
    refusals_note(&refusals, &note, &somewhere, 30);
    assert_int_equal(refusals.of[0].why, GOOSE_VERDICT_VOTED);
    assert_int_equal(refusals.of[0].at_us, 20);
    assert_false(refusals.of[0].refused_me);
    assert_true(refusals.of[1].refused_me);
    assert_int_equal(refusals.of[2].uid, 0);
    for (uint64_t uid = 100; uid < 100 + REFUSALS_MAX; uid++) {
        note.uid = uid;
        refusals_note(&refusals, &note, &somewhere, uid);
    }
    bool newest = false;
    for (int i = 0; i < REFUSALS_MAX; i++) {
        assert_true(refusals.of[i].uid >= 100);
        newest = newest || refusals.of[i].uid == 99 + REFUSALS_MAX;
    }
    assert_true(newest);
}

int main(void)
{
#define IN_A_PAIR(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)
    const struct CMUnitTest tests[] = {
        IN_A_PAIR(test_both_ways),
        IN_A_PAIR(test_one_way),
        IN_A_PAIR(test_loss),
        IN_A_PAIR(test_no_way),
        IN_A_PAIR(test_a_name_that_is_not_known_was_not_asked),
        IN_A_PAIR(test_a_round_forgets_the_last),
        IN_A_PAIR(test_rounds_are_apart),
        IN_A_PAIR(test_what_is_no_question),
        IN_A_PAIR(test_answers_have_a_limit),
        cmocka_unit_test(test_no_message_looks_like_one),
        cmocka_unit_test(test_the_newest_refusal_each_way_is_kept),
    };
    return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
