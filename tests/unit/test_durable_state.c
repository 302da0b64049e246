/* test_durable_state.c: what a node remembers, to bytes and back, PROTOCOL 3. The file it stands
 * in is the shell's. */
#include "unit.h"

#include "samples.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLES 500

/* Where the fields are. */
enum {
    FORMAT_AT = 4,
    UID_AT = 5,
    LIFE_AT = 13,
    TERM_AT = 21,
    VOTED_AT = 29,
    PROMISE_AT = 37,
    BARRED_AT = 45,
    ROSTER_TERM_AT = 46,
    ROSTER_VERSION_AT = 54,
    FLOCK_ID_AT = 62,
    ROSTER_AT = 70,
    REMOVED_AT = ROSTER_AT + 10,
    SEAT_AT = ROSTER_AT + GOOSE_ROSTER_HEAD_BYTES,
};

static void assert_same_state(const struct goose_durable_state *a,
                              const struct goose_durable_state *b)
{
    assert_int_equal(a->uid, b->uid);
    assert_int_equal(a->life, b->life);
    assert_int_equal(a->term, b->term);
    assert_int_equal(a->voted_for, b->voted_for);
    assert_int_equal(a->longest_promise_us, b->longest_promise_us);
    assert_int_equal(a->barred, b->barred);
    assert_memory_equal(&a->roster, &b->roster, sizeof a->roster);
}

static bool decode_exactly(const uint8_t *bytes, size_t count, struct goose_durable_state *state)
{
    uint8_t *copy = malloc(count > 0 ? count : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, count);
    bool sound = goose_durable_decode(copy, count, state);
    free(copy);
    return sound;
}

static size_t sample_bytes(uint64_t seed, struct goose_durable_state *state, uint8_t *bytes)
{
    struct rng chance = {seed};
    sample_durable(&chance, state);
    size_t count = goose_durable_encode(state, bytes);
    assert_in_range(count, 1, GOOSE_DURABLE_BYTES_MAX);
    return count;
}

static void test_round_trip(void **unused)
{
    struct goose_durable_state state;
    struct goose_durable_state back;
    uint8_t bytes[GOOSE_DURABLE_BYTES_MAX];

    (void)unused;
    for (uint64_t seed = 0; seed < SAMPLES; seed++) {
        size_t count = sample_bytes(seed, &state, bytes);
        memset(&back, 0xa5, sizeof back);
        assert_true(goose_durable_decode(bytes, count, &back));
        assert_same_state(&state, &back);
    }
}

static void test_truncated_or_longer(void **unused)
{
    struct goose_durable_state state;
    uint8_t bytes[GOOSE_DURABLE_BYTES_MAX + 1] = {0};

    (void)unused;
    for (uint64_t seed = 0; seed < 20; seed++) {
        size_t count = sample_bytes(seed, &state, bytes);
        for (size_t less = 0; less < count; less++)
            assert_false(decode_exactly(bytes, less, &state));
        assert_false(decode_exactly(bytes, count + 1, &state));
    }
}

struct rule {
    const char *what;
    size_t at;
    int width;
    uint64_t value;
    bool sound;
};

static const struct rule rules[] = {
    {"nothing", UID_AT, 0, 0, true},
    {"another magic", 0, 1, 'G', false},
    {"an older format", FORMAT_AT, 1, 0, false},
    {"a newer format", FORMAT_AT, 1, 3, false},
    {"uid 0", UID_AT, 8, 0, false},
    {"life 0", LIFE_AT, 8, 0, false},
    {"last life that can be counted up", LIFE_AT, 4, UINT32_MAX - 1, true},
    {"a life that cannot", LIFE_AT, 4, UINT32_MAX, false},
    {"highest term", TERM_AT, 8, TERM_MAX, true},
    {"term over the limit", TERM_AT, 8, TERM_MAX + 1, false},
    {"a term below the roster's", TERM_AT, 8, 6, false},
    {"no vote", VOTED_AT, 8, 0, true},
    {"no promise", PROMISE_AT, 8, 0, true},
    {"promise of 63 s", PROMISE_AT, 8, GOOSE_PROMISE_US_MAX, true},
    {"promise over 63 s", PROMISE_AT, 8, GOOSE_PROMISE_US_MAX + 1, false},
    {"promise over 32 bits", PROMISE_AT, 8, UINT64_C(1) << 32, false},
    {"removed by an operator", BARRED_AT, 1, 1, true},
    {"neither removed nor not", BARRED_AT, 1, 2, false},
    {"nobody removed last, but one before", REMOVED_AT + 8, 8, 9, false},
    {"roster of a term to come", ROSTER_TERM_AT, 8, 9, false},
    {"roster from flags", ROSTER_TERM_AT, 8, 0, true},
    {"version over the limit", ROSTER_VERSION_AT, 8, TERM_MAX + 1, false},
    {"roster of no flock", FLOCK_ID_AT, 8, 0, false},
    {"no seat wanted", ROSTER_AT, 1, 0, false},
    {"two seats where there is one", ROSTER_AT + 1, 1, 2, false},
    {"no seat where there is one", ROSTER_AT + 1, 1, 0, false},
    {"32 seats", ROSTER_AT + 1, 1, GOOSE_ROSTER_SEATS_MAX + 1, false},
    {"unclaimed seat", SEAT_AT + 3, 8, 0, true},
    {"seat of port 0", SEAT_AT + 1, 2, 0, false},
    {"seat in upper case", SEAT_AT + GOOSE_SEAT_HEAD_BYTES, 1, 'N', false},
};

static void good_state(struct goose_durable_state *state)
{
    memset(state, 0, sizeof *state);
    state->uid = 1;
    state->life = 1;
    state->term = 8;
    state->voted_for = 2;
    state->longest_promise_us = 315000;
    const struct goose_text address = {"n1:7000", 7};
    assert_int_equal(goose_roster_add(&state->roster, address, 1, 100, 0), GOOSE_ROSTER_OK);
    state->roster.term = 7;
    state->roster.version = 2;
    state->roster.flock_id = 5;
    state->roster.wanted = 1;
}

static void patch(uint8_t *bytes, int width, uint64_t value)
{
    for (int i = width; i > 0; i--, value >>= 8)
        bytes[i - 1] = (uint8_t)value;
}

static void test_rules(void **unused)
{
    struct goose_durable_state state;
    uint8_t bytes[GOOSE_DURABLE_BYTES_MAX];

    (void)unused;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        good_state(&state);
        size_t count = goose_durable_encode(&state, bytes);
        patch(bytes + rules[i].at, rules[i].width, rules[i].value);
        if (goose_durable_decode(bytes, count, &state) != rules[i].sound)
            fail_msg("%s: %s", rules[i].what, rules[i].sound ? "refused" : "taken");
    }
}

/* A node that has not joined anything yet keeps nothing of a flock, and votes in no term 0. */
static void test_not_of_a_flock(void **unused)
{
    static const size_t zero_at[] = {ROSTER_TERM_AT, ROSTER_VERSION_AT, FLOCK_ID_AT, REMOVED_AT};
    struct goose_durable_state state = {.uid = 1, .life = 1, .term = 1};
    uint8_t bytes[GOOSE_DURABLE_BYTES_MAX];
    size_t count = goose_durable_encode(&state, bytes);

    (void)unused;
    assert_true(goose_durable_decode(bytes, count, &state));
    for (size_t i = 0; i < sizeof zero_at / sizeof zero_at[0]; i++) {
        patch(bytes + zero_at[i], 8, 1);
        assert_false(goose_durable_decode(bytes, count, &state));
        patch(bytes + zero_at[i], 8, 0);
    }
    patch(bytes + TERM_AT, 8, 0);
    assert_true(goose_durable_decode(bytes, count, &state));
    patch(bytes + VOTED_AT, 8, 2);
    assert_false(goose_durable_decode(bytes, count, &state));
}

/* A file of format 1, as goosed 0.1.0 wrote it. */
static void test_format_1(void **unused)
{
    static const uint8_t old[] = {
        'g',  'o', 'o', 's', 1,                          /* format */
        0,    0,   0,   0,   0,   0,   0,    0x30,       /* uid */
        0,    0,   0,   1,   0,   0,   0,    7,          /* life */
        0,    0,   0,   0,   0,   0,   0,    8,          /* term */
        0,    0,   0,   0,   0,   0,   0,    0x31,       /* voted for */
        0,    0,   0,   0,   0,   4,   0xce, 0x78,       /* longest promise 315 ms */
        0,    0,   0,   0,   0,   0,   0,    7,          /* roster: term */
        0,    0,   0,   0,   0,   0,   0,    2,          /* version */
        0,    0,   0,   0,   0,   0,   0,    5,          /* flock id */
        3,    1,                                         /* wanted, count */
        0,    0,   0,   0,   0,   0,   0,    0x55,       /* removed */
        2,    27,  88,  0,   0,   0,   0,    0,    0, 0, /* n1:7000, uid ... */
        0x30, 100, 31,  144, 'n', '1',                   /* 0x30, HTTP port 8080 */
    };
    struct goose_durable_state state, back;
    uint8_t bytes[GOOSE_DURABLE_BYTES_MAX];

    (void)unused;
    for (size_t less = 0; less < sizeof old; less++)
        assert_false(decode_exactly(old, less, &state));
    assert_true(decode_exactly(old, sizeof old, &state));
    assert_int_equal(state.uid, 0x30);
    assert_int_equal(state.voted_for, 0x31);
    assert_int_equal(state.longest_promise_us, 315000);
    assert_false(state.barred); /* it was forgotten by each restart */
    assert_int_equal(state.roster.term, 7);
    assert_int_equal(state.roster.removed[0], 0x55);
    assert_int_equal(state.roster.removed[1], 0);
    assert_int_equal(state.roster.seats[0].http_port, 8080);
    size_t count = goose_durable_encode(&state, bytes);
    assert_int_equal(bytes[FORMAT_AT], 2);
    assert_true(goose_durable_decode(bytes, count, &back));
    assert_same_state(&state, &back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_truncated_or_longer),
        cmocka_unit_test(test_rules),      cmocka_unit_test(test_not_of_a_flock),
        cmocka_unit_test(test_format_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
