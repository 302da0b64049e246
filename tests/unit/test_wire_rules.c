/* test_wire_rules.c: what goose_wire_decode() refuses, a case a rule. Each case is a good message with
 * one field changed, so that nothing but this rule can be why it is refused. */
#include "unit.h"

#include "samples.h"
#include "wire_parts.h"

#include <stdio.h>
#include <string.h>

#define TERM       8
#define DELAY_MAX  ((uint64_t)GOOSE_PROMISE_US_MAX * GOOSE_ROSTER_SEATS_MAX)
#define SEAT_BYTES (GOOSE_SEAT_HEAD_BYTES + (size_t)2) /* of the two in good_roster() */

enum base { HEAD, ADDRESS, BODY, ROSTER };

struct rule {
    const char *what;
    enum goose_message_kind kind;
    enum base base;
    size_t offset;
    int width;
    uint64_t value;
    enum goose_wire_result expected;
    bool with_roster;
};

static const struct goose_text self = {"n1:7000", 7};

static void good_roster(struct goose_roster *roster)
{
    goose_roster_clear(roster);
    roster->term = TERM;
    roster->version = 2;
    roster->flock_id = 5;
    roster->wanted = 3;
    assert_int_equal(goose_roster_add(roster, self, 1, 100, 0), GOOSE_ROSTER_OK);
    assert_int_equal(goose_roster_add(roster, (struct goose_text){"n2:7000", 7}, 2, 100, 0),
                     GOOSE_ROSTER_OK);
}

static void good_body(struct goose_message *m)
{
    const struct goose_ask ask = {.term = m->kind == GOOSE_MESSAGE_VOTE ? TERM : TERM + 1,
                                  .promise_us = 315000,
                                  .after = {TERM - 1, 3, 1}};
    switch (m->kind) {
    case GOOSE_MESSAGE_HEARTBEAT: m->heartbeat.promise_us = 315000; break;
    case GOOSE_MESSAGE_ACK: m->ack.seq = 1; break;
    case GOOSE_MESSAGE_CANVASS:
    case GOOSE_MESSAGE_VOTE: m->ask = ask; break;
    case GOOSE_MESSAGE_CANVASS_REPLY:
    case GOOSE_MESSAGE_VOTE_REPLY: m->reply.after = ask.after; break;
    case GOOSE_MESSAGE_RESIGN: m->resign.term = TERM; break;
    case GOOSE_MESSAGE_HELLO: m->hello.nonce = 1; break;
    case GOOSE_MESSAGE_WELCOME:
        m->welcome.nonce = 2;
        m->welcome.goose = self;
        break;
    case GOOSE_MESSAGE_REQUEST:
        m->request.what = GOOSE_FORWARDED_REMOVE;
        m->request.address = self;
        break;
    case GOOSE_MESSAGE_RESULT: m->result.life = 1; break;
    case GOOSE_MESSAGE_STALE: break;
    case GOOSE_MESSAGE_KINDS: fail();
    }
}

static size_t good_bytes(enum goose_message_kind kind, bool with_roster, uint8_t *bytes)
{
    struct goose_roster roster;
    struct goose_message m = {.kind = kind,
                              .with_roster = with_roster,
                              .name_tag = 4,
                              .flock_id = 5,
                              .uid = 1,
                              .life = 1,
                              .counter = 1,
                              .for_life = 1,
                              .term = TERM,
                              .roster_term = TERM,
                              .roster_version = 2};

    if (wire_has_address(kind)) m.address = self;
    good_body(&m);
    good_roster(&roster);
    return goose_wire_encode(&m, &roster, bytes);
}

static size_t base_at(const struct rule *rule, size_t count)
{
    switch (rule->base) {
    case HEAD: return 0;
    case ADDRESS: return 76;
    case BODY: return 77U + (wire_has_address(rule->kind) ? self.bytes : 0U);
    case ROSTER: return count - GOOSE_ROSTER_HEAD_BYTES - 2 * SEAT_BYTES;
    }
    return 0;
}

static void patch(uint8_t *bytes, int width, uint64_t value)
{
    for (int i = width; i > 0; i--, value >>= 8)
        bytes[i - 1] = (uint8_t)value;
}

#define H          GOOSE_MESSAGE_HEARTBEAT
#define C          GOOSE_MESSAGE_CANVASS
#define V          GOOSE_MESSAGE_VOTE
#define R          GOOSE_MESSAGE_VOTE_REPLY
#define PROMISE_AT 24 /* in an ask */
#define NO_BOOL    2, GOOSE_WIRE_NOT_CANONICAL, false

static const struct rule rules[] = {
    {"other major", H, HEAD, 0, 1, 1, GOOSE_WIRE_OTHER_MAJOR, false},
    {"kind 0", H, HEAD, 2, 1, 0, GOOSE_WIRE_UNKNOWN_KIND, false},
    {"kind behind the last", H, HEAD, 2, 1, GOOSE_MESSAGE_KINDS, GOOSE_WIRE_UNKNOWN_KIND, false},
    {"reserved flag", H, HEAD, 3, 1, 2, GOOSE_WIRE_ABSURD, false},
    {"reserved flag beside the roster's", H, HEAD, 3, 1, 3, GOOSE_WIRE_ABSURD, true},
    {"roster promised, none there", H, HEAD, 3, 1, 1, GOOSE_WIRE_SHORT, false},
    {"roster there, none promised", H, HEAD, 3, 1, 0, GOOSE_WIRE_LONG, true},
    {"roster with ACK", GOOSE_MESSAGE_ACK, HEAD, 3, 1, 1, GOOSE_WIRE_ABSURD, false},
    {"roster with CANVASS", C, HEAD, 3, 1, 1, GOOSE_WIRE_ABSURD, false},
    {"roster with VOTE", V, HEAD, 3, 1, 1, GOOSE_WIRE_ABSURD, false},
    {"roster with RESIGN", GOOSE_MESSAGE_RESIGN, HEAD, 3, 1, 1, GOOSE_WIRE_ABSURD, false},
    {"roster with HELLO", GOOSE_MESSAGE_HELLO, HEAD, 3, 1, 1, GOOSE_WIRE_ABSURD, false},
    {"roster with REQUEST", GOOSE_MESSAGE_REQUEST, HEAD, 3, 1, 1, GOOSE_WIRE_ABSURD, false},
    {"roster with RESULT", GOOSE_MESSAGE_RESULT, HEAD, 3, 1, 1, GOOSE_WIRE_ABSURD, false},
    {"roster without flock id", H, HEAD, 12, 8, 0, GOOSE_WIRE_ABSURD, true},
    {"roster of term 0", H, HEAD, 60, 8, 0, GOOSE_WIRE_ABSURD, true},
    {"uid 0", H, HEAD, 20, 8, 0, GOOSE_WIRE_ABSURD, false},
    {"life 0", H, HEAD, 28, 8, 0, GOOSE_WIRE_ABSURD, false},
    {"for no life", H, HEAD, 44, 8, 0, GOOSE_WIRE_ABSURD, false},
    {"term over the limit", H, HEAD, 52, 8, TERM_MAX + 1, GOOSE_WIRE_ABSURD, false},
    {"term far over the limit", H, HEAD, 52, 8, UINT64_MAX, GOOSE_WIRE_ABSURD, false},
    {"roster of a term to come", H, HEAD, 60, 8, TERM + 1, GOOSE_WIRE_ABSURD, false},
    {"version over the limit", H, HEAD, 68, 8, TERM_MAX + 1, GOOSE_WIRE_ABSURD, false},
    {"no address", GOOSE_MESSAGE_HELLO, ADDRESS, 0, 1, 0, GOOSE_WIRE_BAD_ADDRESS, false},
    {"address in a heartbeat", H, ADDRESS, 0, 1, 7, GOOSE_WIRE_BAD_ADDRESS, false},
    {"address longer than any", GOOSE_MESSAGE_WELCOME, ADDRESS, 0, 1, 71, GOOSE_WIRE_SHORT, false},
    {"address in upper case", GOOSE_MESSAGE_HELLO, ADDRESS, 1, 1, 'N', GOOSE_WIRE_BAD_ADDRESS,
     false},
    {"address without port", GOOSE_MESSAGE_HELLO, ADDRESS, 3, 1, 'x', GOOSE_WIRE_BAD_ADDRESS,
     false},
    {"port with a leading zero", GOOSE_MESSAGE_HELLO, ADDRESS, 4, 1, '0', GOOSE_WIRE_BAD_ADDRESS,
     false},

    {"heartbeat of term 0", H, HEAD, 52, 16, 0, GOOSE_WIRE_ABSURD, false},
    {"promise 0", H, BODY, 16, 4, 0, GOOSE_WIRE_ABSURD, false},
    {"promise over 63 s", H, BODY, 16, 4, GOOSE_PROMISE_US_MAX + 1, GOOSE_WIRE_ABSURD, false},
    {"succession delay too long", H, BODY, 20, 4, DELAY_MAX + 1, GOOSE_WIRE_ABSURD, false},
    {"step too long", H, BODY, 24, 4, DELAY_MAX + 1, GOOSE_WIRE_ABSURD, false},
    {"settled is no bool", H, BODY, 36, 1, NO_BOOL},

    {"ack of term 0", GOOSE_MESSAGE_ACK, HEAD, 52, 16, 0, GOOSE_WIRE_ABSURD, false},
    {"yes is no bool", GOOSE_MESSAGE_ACK, BODY, 16, 1, NO_BOOL},
    {"stands is no bool", GOOSE_MESSAGE_ACK, BODY, 17, 1, NO_BOOL},

    {"canvass for its own term", C, BODY, 8, 8, TERM, GOOSE_WIRE_ABSURD, false},
    {"canvass two terms ahead", C, BODY, 8, 8, TERM + 2, GOOSE_WIRE_ABSURD, false},
    {"canvass with promise 0", C, BODY, PROMISE_AT, 4, 0, GOOSE_WIRE_ABSURD, false},
    {"canvass with long promise", C, BODY, PROMISE_AT, 4, GOOSE_PROMISE_US_MAX + 1,
     GOOSE_WIRE_ABSURD, false},
    {"canvass with a long delay", C, BODY, 28, 4, DELAY_MAX + 1, GOOSE_WIRE_ABSURD, false},
    {"canvass after half a resignation", C, BODY, 40, 8, 0, GOOSE_WIRE_ABSURD, false},
    {"vote for the term to come", V, BODY, 8, 8, TERM + 1, GOOSE_WIRE_ABSURD, false},
    {"vote for the term before", V, BODY, 8, 8, TERM - 1, GOOSE_WIRE_ABSURD, false},
    {"vote with promise 0", V, BODY, PROMISE_AT, 4, 0, GOOSE_WIRE_ABSURD, false},
    {"vote with a long promise", V, BODY, PROMISE_AT, 4, GOOSE_PROMISE_US_MAX + 1,
     GOOSE_WIRE_ABSURD, false},
    {"vote with a long delay", V, BODY, 28, 4, DELAY_MAX + 1, GOOSE_WIRE_ABSURD, false},
    {"vote after a term of nobody", V, BODY, 48, 8, 0, GOOSE_WIRE_ABSURD, false},
    {"vote after a term of no life", V, BODY, 56, 8, 0, GOOSE_WIRE_ABSURD, false},
    {"vote after a term over the limit", V, BODY, 40, 8, TERM_MAX + 1, GOOSE_WIRE_ABSURD, false},

    {"verdict behind the last", GOOSE_MESSAGE_CANVASS_REPLY, BODY, 16, 1, GOOSE_VERDICTS,
     GOOSE_WIRE_ABSURD, false},
    {"verdict behind the last, of a vote", R, BODY, 16, 1, GOOSE_VERDICTS, GOOSE_WIRE_ABSURD,
     false},
    {"reply after a term of nobody", R, BODY, 25, 8, 0, GOOSE_WIRE_ABSURD, false},
    {"reply after a term of no life", R, BODY, 33, 8, 0, GOOSE_WIRE_ABSURD, false},
    {"reply after nobody's term", GOOSE_MESSAGE_CANVASS_REPLY, BODY, 17, 8, 0, GOOSE_WIRE_ABSURD,
     false},
    {"reply after a term over the limit", R, BODY, 17, 8, TERM_MAX + 1, GOOSE_WIRE_ABSURD, false},

    {"resignation of term 0", GOOSE_MESSAGE_RESIGN, BODY, 0, 8, 0, GOOSE_WIRE_ABSURD, false},
    {"resignation over the limit", GOOSE_MESSAGE_RESIGN, BODY, 0, 8, TERM_MAX + 1,
     GOOSE_WIRE_ABSURD, false},
    {"resignation with a long step", GOOSE_MESSAGE_RESIGN, BODY, 16, 4, DELAY_MAX + 1,
     GOOSE_WIRE_ABSURD, false},

    {"may enter is no bool", GOOSE_MESSAGE_HELLO, BODY, 27, 1, NO_BOOL},
    {"hello without a nonce", GOOSE_MESSAGE_HELLO, BODY, 0, 8, 0, GOOSE_WIRE_ABSURD, false},
    {"hello filled with something", GOOSE_MESSAGE_HELLO, BODY, HELLO_BYTES_MIN - 1, 1, 1,
     GOOSE_WIRE_NOT_CANONICAL, false},

    {"welcome without a nonce", GOOSE_MESSAGE_WELCOME, BODY, 0, 8, 0, GOOSE_WIRE_ABSURD, false},
    {"knows flock is no bool", GOOSE_MESSAGE_WELCOME, BODY, 40, 1, NO_BOOL},
    {"old copy is no bool", GOOSE_MESSAGE_WELCOME, BODY, 41, 1, NO_BOOL},
    {"goose at no address", GOOSE_MESSAGE_WELCOME, BODY, 43, 1, '.', GOOSE_WIRE_BAD_ADDRESS, false},

    {"request over the limit", GOOSE_MESSAGE_REQUEST, BODY, 8, 8, TERM_MAX + 1, GOOSE_WIRE_ABSURD,
     false},
    {"request for nothing", GOOSE_MESSAGE_REQUEST, BODY, 16, 1, 0, GOOSE_WIRE_ABSURD, false},
    {"request for what is not known", GOOSE_MESSAGE_REQUEST, BODY, 16, 1, GOOSE_FORWARDED_KINDS,
     GOOSE_WIRE_ABSURD, false},
    {"force is no bool", GOOSE_MESSAGE_REQUEST, BODY, 17, 1, NO_BOOL},
    {"request about no address", GOOSE_MESSAGE_REQUEST, BODY, 20, 1, ' ', GOOSE_WIRE_BAD_ADDRESS,
     false},
    {"a removal that wants voters", GOOSE_MESSAGE_REQUEST, BODY, 18, 1, 3, GOOSE_WIRE_ABSURD,
     false},
    {"more voters than there can be", GOOSE_MESSAGE_REQUEST, BODY, 18, 1,
     GOOSE_ROSTER_SEATS_MAX + 1, GOOSE_WIRE_ABSURD, false},
    {"voters and an address", GOOSE_MESSAGE_REQUEST, BODY, 16, 3, GOOSE_FORWARDED_VOTERS << 16 | 3,
     GOOSE_WIRE_ABSURD, false},
    {"a loss of more than there can be", GOOSE_MESSAGE_RESULT, BODY, 17, 1,
     GOOSE_ROSTER_SEATS_MAX + 1, GOOSE_WIRE_ABSURD, false},

    {"result for life 0", GOOSE_MESSAGE_RESULT, BODY, 0, 8, 0, GOOSE_WIRE_ABSURD, false},
    {"outcome behind the last", GOOSE_MESSAGE_RESULT, BODY, 16, 1, GOOSE_OUTCOMES,
     GOOSE_WIRE_ABSURD, false},

    {"roster wants no seat", H, ROSTER, 0, 1, 0, GOOSE_WIRE_BAD_ROSTER, true},
    {"roster wants too many", H, ROSTER, 0, 1, GOOSE_ROSTER_SEATS_MAX + 1, GOOSE_WIRE_BAD_ROSTER,
     true},
    {"too many seats", R, ROSTER, 1, 1, GOOSE_ROSTER_SEATS_MAX + 1, GOOSE_WIRE_BAD_ROSTER, true},
    {"a seat more than there are", R, ROSTER, 1, 1, 3, GOOSE_WIRE_SHORT, true},
    {"a seat less than there are", R, ROSTER, 1, 1, 1, GOOSE_WIRE_LONG, true},
    {"nobody removed last, but one before", H, ROSTER, 18, 8, 9, GOOSE_WIRE_BAD_ROSTER, true},
    {"seat without host", H, ROSTER, GOOSE_ROSTER_HEAD_BYTES + SEAT_BYTES, 1, 0,
     GOOSE_WIRE_BAD_ROSTER, true},
    {"seat of port 0", H, ROSTER, GOOSE_ROSTER_HEAD_BYTES + 1, 2, 0, GOOSE_WIRE_BAD_ROSTER, true},
    {"seat's host in upper case", H, ROSTER, GOOSE_ROSTER_HEAD_BYTES + 14, 1, 'N',
     GOOSE_WIRE_BAD_ROSTER, true},
    {"seat's host with a port", H, ROSTER, GOOSE_ROSTER_HEAD_BYTES + 15, 1, ':',
     GOOSE_WIRE_BAD_ROSTER, true},
    {"two seats of one address", H, ROSTER, GOOSE_ROSTER_HEAD_BYTES + SEAT_BYTES + 15, 1, '1',
     GOOSE_WIRE_BAD_ROSTER, true},
    {"two seats of one uid", H, ROSTER, GOOSE_ROSTER_HEAD_BYTES + SEAT_BYTES + 3, 8, 1,
     GOOSE_WIRE_BAD_ROSTER, true},
};

#undef H
#undef C
#undef V
#undef R

static void test_rules(void **state)
{
    struct goose_roster roster;
    struct goose_message message;
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const struct rule *rule = &rules[i];
        size_t count = good_bytes(rule->kind, rule->with_roster, bytes);
        assert_int_equal(goose_wire_decode(bytes, count, &message, &roster), GOOSE_WIRE_OK);
        patch(bytes + base_at(rule, count) + rule->offset, rule->width, rule->value);
        enum goose_wire_result result = goose_wire_decode(bytes, count, &message, &roster);
        if (result != rule->expected)
            fail_msg("%s: %s instead of %s", rule->what, goose_wire_result_name(result),
                     goose_wire_result_name(rule->expected));
    }
}

/* The values next to those refused are taken. */
static const struct rule limits[] = {
    {"promise of 63 s", GOOSE_MESSAGE_HEARTBEAT, BODY, 16, 4, GOOSE_PROMISE_US_MAX, GOOSE_WIRE_OK,
     false},
    {"promise of 1 us", GOOSE_MESSAGE_HEARTBEAT, BODY, 16, 4, 1, GOOSE_WIRE_OK, false},
    {"longest delay", GOOSE_MESSAGE_HEARTBEAT, BODY, 20, 4, DELAY_MAX, GOOSE_WIRE_OK, false},
    {"longest step", GOOSE_MESSAGE_HEARTBEAT, BODY, 24, 4, DELAY_MAX, GOOSE_WIRE_OK, false},
    {"highest term", GOOSE_MESSAGE_HEARTBEAT, HEAD, 52, 8, TERM_MAX, GOOSE_WIRE_OK, false},
    {"highest version", GOOSE_MESSAGE_HEARTBEAT, HEAD, 68, 8, TERM_MAX, GOOSE_WIRE_OK, false},
    {"no flock", GOOSE_MESSAGE_HELLO, HEAD, 12, 8, 0, GOOSE_WIRE_OK, false},
    {"nothing at all known", GOOSE_MESSAGE_HELLO, HEAD, 44, 32, 0, GOOSE_WIRE_OK, false},
    {"last verdict", GOOSE_MESSAGE_VOTE_REPLY, BODY, 16, 1, GOOSE_VERDICTS - 1, GOOSE_WIRE_OK,
     false},
    {"last outcome", GOOSE_MESSAGE_RESULT, BODY, 16, 1, GOOSE_OUTCOMES - 1, GOOSE_WIRE_OK, false},
    {"handover", GOOSE_MESSAGE_REQUEST, BODY, 16, 1, GOOSE_FORWARDED_HANDOVER, GOOSE_WIRE_OK,
     false},
    {"most seats wanted", GOOSE_MESSAGE_HEARTBEAT, ROSTER, 0, 1, GOOSE_ROSTER_SEATS_MAX,
     GOOSE_WIRE_OK, true},
    {"unclaimed seat", GOOSE_MESSAGE_HEARTBEAT, ROSTER, GOOSE_ROSTER_HEAD_BYTES + 3, 8, 0,
     GOOSE_WIRE_OK, true},
};

static void test_limits(void **state)
{
    struct goose_roster roster;
    struct goose_message message;
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const struct rule *rule = &limits[i];
        size_t count = good_bytes(rule->kind, rule->with_roster, bytes);
        patch(bytes + base_at(rule, count) + rule->offset, rule->width, rule->value);
        enum goose_wire_result result = goose_wire_decode(bytes, count, &message, &roster);
        if (result != rule->expected)
            fail_msg("%s: %s instead of %s", rule->what, goose_wire_result_name(result),
                     goose_wire_result_name(rule->expected));
    }
}

/* Nobody stands in a term that could not be counted up. */
static void test_last_term(void **state)
{
    struct goose_roster roster;
    struct goose_message message;
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];
    size_t count = good_bytes(GOOSE_MESSAGE_CANVASS, false, bytes);
    uint8_t *ask_term = bytes + 77 + self.bytes + 8;

    (void)state;
    patch(bytes + 52, 8, TERM_MAX - 1);
    patch(ask_term, 8, TERM_MAX);
    assert_int_equal(goose_wire_decode(bytes, count, &message, &roster), GOOSE_WIRE_OK);
    patch(bytes + 52, 8, TERM_MAX);
    patch(ask_term, 8, TERM_MAX + 1);
    assert_int_equal(goose_wire_decode(bytes, count, &message, &roster), GOOSE_WIRE_ABSURD);
    patch(bytes + 52, 8, UINT64_MAX);
    patch(ask_term, 8, 0);
    assert_int_equal(goose_wire_decode(bytes, count, &message, &roster), GOOSE_WIRE_ABSURD);
}

/* A vote without a term. */
static void test_vote_of_term_0(void **state)
{
    struct goose_roster roster;
    struct goose_message message;
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];
    size_t count = good_bytes(GOOSE_MESSAGE_VOTE, false, bytes);

    (void)state;
    patch(bytes + 52, 16, 0);
    patch(bytes + 77 + self.bytes + 8, 8, 0);
    assert_int_equal(goose_wire_decode(bytes, count, &message, &roster), GOOSE_WIRE_ABSURD);
}

/* Who is to be removed has to be named; who is to take over need not be. */
static void test_request_about_anybody(void **state)
{
    struct goose_roster roster;
    struct goose_message message;
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];
    size_t count = good_bytes(GOOSE_MESSAGE_REQUEST, false, bytes) - self.bytes;
    uint8_t *body = bytes + 77 + self.bytes;

    (void)state;
    patch(body + 19, 1, 0);
    assert_int_equal(goose_wire_decode(bytes, count, &message, &roster), GOOSE_WIRE_ABSURD);
    patch(body + 16, 3, GOOSE_FORWARDED_VOTERS << 16); /* and nobody at all */
    assert_int_equal(goose_wire_decode(bytes, count, &message, &roster), GOOSE_WIRE_ABSURD);
    patch(body + 16, 3, GOOSE_FORWARDED_VOTERS << 16 | GOOSE_ROSTER_SEATS_MAX);
    assert_int_equal(goose_wire_decode(bytes, count, &message, &roster), GOOSE_WIRE_OK);
    patch(body + 16, 3, GOOSE_FORWARDED_HANDOVER << 16);
    assert_int_equal(goose_wire_decode(bytes, count, &message, &roster), GOOSE_WIRE_OK);
}

static void test_roster_of_no_seats(void **state)
{
    struct goose_roster roster;
    struct goose_message message;
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];
    size_t count = good_bytes(GOOSE_MESSAGE_HEARTBEAT, true, bytes) - 2 * SEAT_BYTES;

    (void)state;
    patch(bytes + count - GOOSE_ROSTER_HEAD_BYTES, 2, 0);
    assert_int_equal(goose_wire_decode(bytes, count, &message, &roster), GOOSE_WIRE_BAD_ROSTER);
}

/* Appends a seat, unlike all others by its port. */
static size_t append_seat(uint8_t *bytes, uint8_t host, unsigned number)
{
    memset(bytes, 0, GOOSE_SEAT_HEAD_BYTES);
    bytes[0] = host;
    patch(bytes + 1, 2, 65535 - number);
    memset(bytes + GOOSE_SEAT_HEAD_BYTES, 'h', host);
    return GOOSE_SEAT_HEAD_BYTES + (size_t)host;
}

/* A heartbeat whose roster has such seats. */
static size_t heartbeat_of_seats(uint8_t *bytes, const uint8_t *hosts, uint8_t seats)
{
    size_t count = good_bytes(GOOSE_MESSAGE_HEARTBEAT, true, bytes) - 2 * SEAT_BYTES;

    bytes[count - GOOSE_ROSTER_HEAD_BYTES + 1] = seats;
    for (uint8_t i = 0; i < seats; i++)
        count += append_seat(bytes + count, hosts[i], i);
    return count;
}

static void test_roster_too_large(void **state)
{
    struct goose_roster roster;
    struct goose_message message;
    uint8_t hosts[15];
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];

    (void)state;
    memset(hosts, GOOSE_HOST_CHARS_MAX, sizeof hosts);
    size_t count = heartbeat_of_seats(bytes, hosts, 13); /* 1,024 bytes */
    assert_int_equal(goose_wire_decode(bytes, count, &message, &roster), GOOSE_WIRE_OK);
    count = heartbeat_of_seats(bytes, hosts, 14);
    assert_int_equal(goose_wire_decode(bytes, count, &message, &roster), GOOSE_WIRE_BAD_ROSTER);
    /* As text these are 1,032 bytes, more than the arena holds. */
    memset(hosts, 63, 12);
    memset(hosts + 12, 62, 3);
    count = heartbeat_of_seats(bytes, hosts, 15);
    assert_true(count <= GOOSE_MESSAGE_BYTES_MAX);
    assert_int_equal(goose_wire_decode(bytes, count, &message, &roster), GOOSE_WIRE_BAD_ROSTER);
    hosts[0] = GOOSE_HOST_CHARS_MAX + 1;
    count = heartbeat_of_seats(bytes, hosts, 1);
    assert_int_equal(goose_wire_decode(bytes, count, &message, &roster), GOOSE_WIRE_BAD_ROSTER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_last_term),
        cmocka_unit_test(test_vote_of_term_0),
        cmocka_unit_test(test_request_about_anybody),
        cmocka_unit_test(test_roster_of_no_seats),
        cmocka_unit_test(test_roster_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
