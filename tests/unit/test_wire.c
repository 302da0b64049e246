/* test_wire.c: messages to bytes and back. What is refused, rule by rule, is in
 * test_wire_rules.c. */
#include "unit.h"

#include "samples.h"
#include "wire_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES 300 /* of each kind */

static struct sample *sample_new(void)
{
    struct sample *sample = malloc(sizeof *sample);
    assert_non_null(sample);
    return sample;
}

/* From a buffer without a byte to spare, so that a sanitizer sees the first one read behind the
 * end. */
static enum goose_wire_result decode_exactly(const uint8_t *bytes, size_t count,
                                             struct goose_message *message,
                                             struct goose_roster *roster)
{
    uint8_t *copy = malloc(count > 0 ? count : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, count);
    enum goose_wire_result result = goose_wire_decode(copy, count, message, roster);
    free(copy);
    return result;
}

static void assert_same_text(struct goose_text a, struct goose_text b)
{
    assert_int_equal(a.bytes, b.bytes);
    if (a.bytes > 0) assert_memory_equal(a.at, b.at, a.bytes);
}

static void assert_same_head(const struct goose_message *a, const struct goose_message *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->with_roster, b->with_roster);
    assert_int_equal(a->name_tag, b->name_tag);
    assert_int_equal(a->flock_id, b->flock_id);
    assert_int_equal(a->uid, b->uid);
    assert_int_equal(a->life, b->life);
    assert_int_equal(a->counter, b->counter);
    assert_int_equal(a->for_life, b->for_life);
    assert_int_equal(a->term, b->term);
    assert_int_equal(a->roster_term, b->roster_term);
    assert_int_equal(a->roster_version, b->roster_version);
    assert_same_text(a->address, b->address);
}

static void assert_same_heartbeat(const struct goose_heartbeat *a, const struct goose_heartbeat *b)
{
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->sent_at_us, b->sent_at_us);
    assert_int_equal(a->promise_us, b->promise_us);
    assert_int_equal(a->succession_delay_us, b->succession_delay_us);
    assert_int_equal(a->stagger_us, b->stagger_us);
    assert_int_equal(a->founding, b->founding);
    assert_int_equal(a->settled, b->settled);
}

static void assert_same_ack(const struct goose_ack *a, const struct goose_ack *b)
{
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->sent_at_us, b->sent_at_us);
    assert_int_equal(a->yes, b->yes);
    assert_int_equal(a->stands, b->stands);
    assert_int_equal(a->priority, b->priority);
    assert_int_equal(a->http_port, b->http_port);
}

static void assert_same_ask(const struct goose_ask *a, const struct goose_ask *b)
{
    assert_int_equal(a->round, b->round);
    assert_int_equal(a->term, b->term);
    assert_int_equal(a->sent_at_us, b->sent_at_us);
    assert_int_equal(a->promise_us, b->promise_us);
    assert_int_equal(a->succession_delay_us, b->succession_delay_us);
    assert_int_equal(a->roster_digest, b->roster_digest);
    assert_int_equal(a->after.term, b->after.term);
    assert_int_equal(a->after.uid, b->after.uid);
    assert_int_equal(a->after.life, b->after.life);
}

static void assert_same_reply(const struct goose_reply *a, const struct goose_reply *b)
{
    assert_int_equal(a->round, b->round);
    assert_int_equal(a->sent_at_us, b->sent_at_us);
    assert_int_equal(a->verdict, b->verdict);
    assert_int_equal(a->after.term, b->after.term);
    assert_int_equal(a->after.uid, b->after.uid);
    assert_int_equal(a->after.life, b->after.life);
}

static void assert_same_hello(const struct goose_hello *a, const struct goose_hello *b)
{
    assert_int_equal(a->nonce, b->nonce);
    assert_int_equal(a->invite, b->invite);
    assert_int_equal(a->peers_digest, b->peers_digest);
    assert_int_equal(a->priority, b->priority);
    assert_int_equal(a->http_port, b->http_port);
    assert_int_equal(a->may_enter, b->may_enter);
}

static void assert_same_welcome(const struct goose_welcome *a, const struct goose_welcome *b)
{
    assert_int_equal(a->nonce, b->nonce);
    assert_int_equal(a->invite, b->invite);
    assert_int_equal(a->peers_digest, b->peers_digest);
    assert_int_equal(a->newest_life, b->newest_life);
    assert_int_equal(a->newest_counter, b->newest_counter);
    assert_int_equal(a->knows_flock, b->knows_flock);
    assert_int_equal(a->old_copy, b->old_copy);
    assert_same_text(a->goose, b->goose);
}

static void assert_same_request(const struct goose_request *a, const struct goose_request *b)
{
    assert_int_equal(a->number, b->number);
    assert_int_equal(a->term, b->term);
    assert_int_equal(a->what, b->what);
    assert_int_equal(a->force, b->force);
    assert_same_text(a->address, b->address);
}

static void assert_same_resign(const struct goose_resign *a, const struct goose_resign *b)
{
    assert_int_equal(a->term, b->term);
    assert_int_equal(a->heir_uid, b->heir_uid);
    assert_int_equal(a->stagger_us, b->stagger_us);
}

static void assert_same_result(const struct goose_result *a, const struct goose_result *b)
{
    assert_int_equal(a->life, b->life);
    assert_int_equal(a->number, b->number);
    assert_int_equal(a->outcome, b->outcome);
}

static void assert_same_message(const struct goose_message *a, const struct goose_message *b)
{
    assert_same_head(a, b);
    switch (a->kind) {
    case GOOSE_MESSAGE_HEARTBEAT: assert_same_heartbeat(&a->heartbeat, &b->heartbeat); break;
    case GOOSE_MESSAGE_ACK: assert_same_ack(&a->ack, &b->ack); break;
    case GOOSE_MESSAGE_CANVASS:
    case GOOSE_MESSAGE_VOTE: assert_same_ask(&a->ask, &b->ask); break;
    case GOOSE_MESSAGE_CANVASS_REPLY:
    case GOOSE_MESSAGE_VOTE_REPLY: assert_same_reply(&a->reply, &b->reply); break;
    case GOOSE_MESSAGE_RESIGN: assert_same_resign(&a->resign, &b->resign); break;
    case GOOSE_MESSAGE_HELLO: assert_same_hello(&a->hello, &b->hello); break;
    case GOOSE_MESSAGE_WELCOME: assert_same_welcome(&a->welcome, &b->welcome); break;
    case GOOSE_MESSAGE_REQUEST: assert_same_request(&a->request, &b->request); break;
    case GOOSE_MESSAGE_RESULT: assert_same_result(&a->result, &b->result); break;
    case GOOSE_MESSAGE_STALE: break;
    case GOOSE_MESSAGE_KINDS: fail();
    }
}

typedef void visitor(const struct sample *sample, uint8_t *bytes, size_t count);

/* Hands so many messages of each kind over, with their bytes and room for one more. */
static void each_sample(int samples, visitor *visit)
{
    struct sample *sample = sample_new();
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX + 1];

    for (int kind = 1; kind < GOOSE_MESSAGE_KINDS; kind++)
        for (int i = 0; i < samples; i++) {
            struct rng chance = {(uint64_t)(kind * 1000 + i)};
            sample_message(&chance, (enum goose_message_kind)kind, sample);
            size_t count = goose_wire_encode(&sample->message, &sample->roster, bytes);
            assert_in_range(count, 1, GOOSE_MESSAGE_BYTES_MAX);
            visit(sample, bytes, count);
        }
    free(sample);
}

static void there_and_back(const struct sample *sample, uint8_t *bytes, size_t count)
{
    struct goose_roster roster;
    struct goose_roster untouched;
    struct goose_message message;

    memset(&roster, 0xa5, sizeof roster);
    memset(&untouched, 0xa5, sizeof untouched);
    memset(&message, 0xa5, sizeof message);
    assert_int_equal(goose_wire_decode(bytes, count, &message, &roster), GOOSE_WIRE_OK);
    assert_same_message(&sample->message, &message);
    if (message.with_roster)
        assert_memory_equal(&roster, &sample->roster, sizeof roster);
    else
        assert_memory_equal(&roster, &untouched, sizeof roster);
}

static void test_round_trip(void **state)
{
    (void)state;
    each_sample(SAMPLES, there_and_back);
}

static void texts_are_inside(const struct sample *sample, uint8_t *bytes, size_t count)
{
    struct goose_roster roster;
    struct goose_message m;

    assert_int_equal(goose_wire_decode(bytes, count, &m, &roster), GOOSE_WIRE_OK);
    uintptr_t first = (uintptr_t)bytes;
    if (sample->message.address.bytes > 0)
        assert_in_range((uintptr_t)m.address.at, first, first + count - m.address.bytes);
    if (m.kind == GOOSE_MESSAGE_WELCOME && m.welcome.goose.bytes > 0)
        assert_in_range((uintptr_t)m.welcome.goose.at, first,
                        first + count - m.welcome.goose.bytes);
}

static void test_texts_are_views(void **state)
{
    (void)state;
    each_sample(20, texts_are_inside);
}

static void ends_too_early(const struct sample *sample, uint8_t *bytes, size_t count)
{
    struct goose_roster roster;
    struct goose_message message;

    (void)sample;
    for (size_t less = 0; less < count; less++)
        assert_int_equal(decode_exactly(bytes, less, &message, &roster), GOOSE_WIRE_SHORT);
    bytes[1] = GOOSE_WIRE_MINOR + 1;
    for (size_t less = 0; less < count; less++)
        assert_int_equal(decode_exactly(bytes, less, &message, &roster), GOOSE_WIRE_SHORT);
}

static void test_truncated(void **state)
{
    (void)state;
    each_sample(20, ends_too_early);
}

static void goes_on(const struct sample *sample, uint8_t *bytes, size_t count)
{
    struct goose_roster roster;
    struct goose_message message;

    (void)sample;
    for (int last = 0; last <= UINT8_MAX; last++) {
        bytes[count] = (uint8_t)last;
        assert_int_equal(decode_exactly(bytes, count + 1, &message, &roster), GOOSE_WIRE_LONG);
    }
}

static void test_trailing_byte(void **state)
{
    (void)state;
    each_sample(20, goes_on);
}

static void from_newer_minor(const struct sample *sample, uint8_t *bytes, size_t count)
{
    struct goose_roster roster;
    struct goose_message message;
    uint8_t longer[GOOSE_MESSAGE_BYTES_MAX + 1];

    memset(longer, 0xee, sizeof longer);
    memcpy(longer, bytes, count);
    for (unsigned minor = GOOSE_WIRE_MINOR + 1; minor <= UINT8_MAX; minor += 127) {
        longer[1] = (uint8_t)minor;
        for (size_t more = count; more <= GOOSE_MESSAGE_BYTES_MAX; more += 1 + more / 8) {
            assert_int_equal(goose_wire_decode(longer, more, &message, &roster), GOOSE_WIRE_OK);
            assert_same_message(&sample->message, &message);
        }
        if (message.with_roster) assert_memory_equal(&roster, &sample->roster, sizeof roster);
        assert_int_equal(decode_exactly(longer, GOOSE_MESSAGE_BYTES_MAX + 1, &message, &roster),
                         GOOSE_WIRE_LONG);
    }
}

/* Nodes of one major version run side by side: what a newer minor version appends is let be. */
static void test_newer_minor(void **state)
{
    (void)state;
    each_sample(20, from_newer_minor);
}

/* And what it needs first of all is its major version: nothing else is looked at in a foreign
 * one. */
static void from_other_major(const struct sample *sample, uint8_t *bytes, size_t count)
{
    struct goose_roster roster;
    struct goose_message message;

    (void)sample;
    for (int major = 0; major <= UINT8_MAX; major++) {
        if (major == GOOSE_WIRE_MAJOR) continue;
        bytes[0] = (uint8_t)major;
        assert_int_equal(decode_exactly(bytes, count, &message, &roster), GOOSE_WIRE_OTHER_MAJOR);
        assert_int_equal(decode_exactly(bytes, 1, &message, &roster), GOOSE_WIRE_OTHER_MAJOR);
    }
}

static void test_other_major(void **state)
{
    (void)state;
    each_sample(1, from_other_major);
}

static void test_too_long_for_a_datagram(void **state)
{
    struct goose_roster roster;
    struct goose_message message;
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX + 1] = {GOOSE_WIRE_MAJOR, GOOSE_WIRE_MINOR,
                                                  GOOSE_MESSAGE_HELLO};

    (void)state;
    assert_int_equal(goose_wire_decode(bytes, sizeof bytes, &message, &roster), GOOSE_WIRE_LONG);
}

/* The layout is a promise to other versions: these bytes never change within a major version. */
static void test_layout(void **state)
{
    static const uint8_t expected[] = {
        2,    0,    1,    1,                                    /* version, HEARTBEAT, roster */
        0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,         /* name tag */
        0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27,         /* flock id */
        0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37,         /* uid */
        0,    0,    0,    2,    0x44, 0x45, 0x46, 0x47,         /* life */
        0,    0,    0,    0,    0,    0,    0x01, 0x00,         /* counter */
        0,    0,    0,    3,    0,    0,    0,    1,            /* for life */
        0,    0,    0,    0,    0,    0,    0,    8,            /* term */
        0,    0,    0,    0,    0,    0,    0,    7,            /* roster: term */
        0,    0,    0,    0,    0,    0,    0,    3,            /* version */
        0,                                                      /* no address */
        0,    0,    0,    0,    0,    0,    0,    9,            /* seq */
        0,    0,    0,    0,    0,    0x0f, 0x42, 0x40,         /* sent at 1 s */
        0,    0x04, 0xce, 0x78,                                 /* promise 315 ms */
        0,    0,    0x27, 0x10,                                 /* delay 10 ms */
        0,    0,    0x13, 0x88,                                 /* stagger 5 ms */
        0,    0,    0,    0,    0,    0,    0,    0x77,         /* founding */
        1,                                                      /* settled */
        3,    2,                                                /* wanted, count */
        0,    0,    0,    0,    0,    0,    0,    0x77,         /* founding */
        0,    0,    0,    0,    0,    0,    0,    0x55,         /* removed last, */
        0,    0,    0,    0,    0,    0,    0,    0x54,         /* and before */
        0,    0,    0,    0,    0,    0,    0,    0,            /* nobody */
        0,    0,    0,    0,    0,    0,    0,    0,            /* nobody */
        2,    0x1b, 0x58, 0,    0,    0,    0,    0,    0,   0, /* n1:7000, uid ... */
        0x66, 100,  0x1f, 0x90, 'n',  '1',                      /* 0x66, HTTP port 8080 */
        5,    0xff, 0xff, 0,    0,    0,    0,    0,    0,   0, /* [::1]:65535, unclaimed */
        0,    0,    0,    0,    '[',  ':',  ':',  '1',  ']',
    };
    struct goose_roster roster;
    struct goose_message m = {.kind = GOOSE_MESSAGE_HEARTBEAT,
                              .with_roster = true,
                              .name_tag = UINT64_C(0x1011121314151617),
                              .flock_id = UINT64_C(0x2021222324252627),
                              .uid = UINT64_C(0x3031323334353637),
                              .life = UINT64_C(0x0000000244454647),
                              .counter = 256,
                              .for_life = UINT64_C(0x0000000300000001),
                              .term = 8,
                              .roster_term = 7,
                              .roster_version = 3,
                              .heartbeat = {9, 1000000, 315000, 10000, 5000, 0x77, true}};
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];

    (void)state;
    goose_roster_clear(&roster);
    roster.term = 7;
    roster.version = 3;
    roster.flock_id = m.flock_id;
    roster.founding = 0x77;
    roster.removed[0] = 0x55;
    roster.removed[1] = 0x54;
    roster.wanted = 3;
    assert_int_equal(goose_roster_add(&roster, (struct goose_text){"n1:7000", 7}, 0x66, 100, 8080),
                     GOOSE_ROSTER_OK);
    assert_int_equal(goose_roster_add(&roster, (struct goose_text){"[::1]:65535", 11}, 0, 0, 0),
                     GOOSE_ROSTER_OK);
    assert_int_equal(goose_wire_encode(&m, &roster, bytes), sizeof expected);
    assert_memory_equal(bytes, expected, sizeof expected);
}

static void test_sizes(void **state)
{
    static const size_t body_bytes[GOOSE_MESSAGE_KINDS] = {
        [GOOSE_MESSAGE_HEARTBEAT] = HEARTBEAT_BYTES,
        [GOOSE_MESSAGE_ACK] = ACK_BYTES,
        [GOOSE_MESSAGE_CANVASS] = ASK_BYTES,
        [GOOSE_MESSAGE_CANVASS_REPLY] = REPLY_BYTES,
        [GOOSE_MESSAGE_VOTE] = ASK_BYTES,
        [GOOSE_MESSAGE_VOTE_REPLY] = REPLY_BYTES,
        [GOOSE_MESSAGE_RESIGN] = RESIGN_BYTES,
        [GOOSE_MESSAGE_HELLO] = HELLO_BYTES_MIN,
        [GOOSE_MESSAGE_WELCOME] = 43,
        [GOOSE_MESSAGE_REQUEST] = REQUEST_BYTES,
        [GOOSE_MESSAGE_RESULT] = RESULT_BYTES,
        [GOOSE_MESSAGE_STALE] = STALE_BYTES,
    };
    struct sample *sample = sample_new();
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];

    (void)state;
    for (int kind = 1; kind < GOOSE_MESSAGE_KINDS; kind++) {
        struct rng chance = {(uint64_t)kind};
        struct goose_message *m = &sample->message;
        sample_message(&chance, (enum goose_message_kind)kind, sample);
        m->with_roster = false;
        size_t texts = m->address.bytes;
        if (kind == GOOSE_MESSAGE_WELCOME) texts += m->welcome.goose.bytes;
        if (kind == GOOSE_MESSAGE_REQUEST) texts += m->request.address.bytes;
        assert_int_equal(goose_wire_encode(m, NULL, bytes), 77 + body_bytes[kind] + texts);
        if (kind == GOOSE_MESSAGE_HEARTBEAT)
            assert_in_range(77 + body_bytes[kind] + GOOSE_SEAL_BYTES_MAX, 1, 199);
    }
    free(sample);
}

/* As many seats of such addresses as a roster holds. */
static void fill_roster(struct goose_roster *roster, const char *host, struct goose_message *m)
{
    char chars[GOOSE_ADDRESS_CHARS_MAX + 1];

    goose_roster_clear(roster);
    for (unsigned i = 0; i < GOOSE_ROSTER_SEATS_MAX; i++) {
        int bytes = snprintf(chars, sizeof chars, "%s:%u", host, 65535 - i);
        struct goose_text address = {chars, (uint8_t)bytes};
        if (goose_roster_add(roster, address, UINT64_MAX - i, 255, 65535) != GOOSE_ROSTER_OK) break;
    }
    roster->term = m->roster_term = m->term;
    roster->version = m->roster_version = 1;
    roster->flock_id = m->flock_id = 77;
    roster->wanted = GOOSE_ROSTER_SEATS_MAX;
    m->with_roster = true;
}

static void test_largest(void **state)
{
    static const char longest[] =
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl";
    struct sample *sample = sample_new();
    struct rng chance = {1};
    char chars[GOOSE_ADDRESS_CHARS_MAX + 1];
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];

    (void)state;
    sample_message(&chance, GOOSE_MESSAGE_WELCOME, sample);
    snprintf(chars, sizeof chars, "%s:65535", longest);
    sample->message.address = sample->message.welcome.goose =
        (struct goose_text){chars, GOOSE_ADDRESS_CHARS_MAX};
    fill_roster(&sample->roster, longest, &sample->message);
    assert_int_equal(sample->roster.count, 13);
    assert_int_equal(goose_roster_encoded_bytes(&sample->roster), GOOSE_ROSTER_BYTES_MAX);
    size_t count = goose_wire_encode(&sample->message, &sample->roster, bytes);
    assert_int_equal(count, GOOSE_MESSAGE_BYTES_MAX);
    there_and_back(sample, bytes, count);
    fill_roster(&sample->roster, "255.255.255.255", &sample->message);
    assert_int_equal(sample->roster.count, GOOSE_ROSTER_SEATS_MAX);
    count = goose_wire_encode(&sample->message, &sample->roster, bytes);
    there_and_back(sample, bytes, count);
    free(sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_texts_are_views),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_trailing_byte),
        cmocka_unit_test(test_newer_minor),
        cmocka_unit_test(test_other_major),
        cmocka_unit_test(test_too_long_for_a_datagram),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_largest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
