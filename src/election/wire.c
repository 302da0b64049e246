/* wire.c: messages as bytes, PROTOCOL 4, and which of them no node sends.
 * Decoding never reads past the end, never allocates, and trips no assertion whatever the bytes
 * are; encoding asserts what decoding refuses. It knows nothing of who sends what when.
 *
 * Everything is big-endian; a number in a cell is its bytes. A bool is 0 or 1. A text is its
 * length, 1, and its characters. There is one way to write a message: decoded and encoded again it
 * is the same bytes.
 *
 *    +---------------+---------------+---------------+---------------+
 *  0 | major 1 (= 2) | minor 1 (= 0) |     kind 1    |0 0 0 0 0 0 0 R|  R: a roster rides along
 *    +---------------+---------------+---------------+---------------+
 *  4 | name tag 8: a digest of the flock's name                      |
 * 12 | flock id 8; 0: not of a flock yet                             |
 * 20 | uid of the sender 8                                           |
 * 28 | life of the sender 8                                          |
 * 36 | counter 8                                                     |
 * 44 | life of the receiver 8; 0 in a HELLO: not known               |
 * 52 | term 8                                                        |
 * 60 | term of its roster 8                                          |
 * 68 | version of its roster 8                                       |
 * 76 | address of the sender, text; of length 0 where marked below * |
 *    +---------------------------------------------------------------+
 *    | body, by kind                                                 |
 *    +---------------------------------------------------------------+
 *    | roster, where R                                               |
 *    +---------------------------------------------------------------+
 *
 *  1 HEARTBEAT *    | seq 8 | sent at 8 | promise 4 | succession delay 4 | stagger 4 |
 *                   | founding 8 | settled 1 |
 *  2 ACK            | seq 8 | sent at 8 | yes 1 | stands 1 | observes 1 | priority 1 | HTTP port 2 |
 *  3 CANVASS        | round 8 | term 8 | sent at 8 | promise 4 | succession delay 4 |
 *  5 VOTE           | roster digest 8 | after: term 8 | after: uid 8 | after: life 8 |
 *  4 CANVASS_REPLY *| round 8 | sent at 8 | verdict 1 | after: term 8 | after: uid 8 |
 *  6 VOTE_REPLY *   | after: life 8 |
 *  7 RESIGN         | term 8 | heir's uid 8 | stagger 4 |
 *  8 HELLO          | nonce 8 | invite 8 | peers digest 8 | priority 1 | HTTP port 2 |
 *                   | may enter 1 | zeros: as long as any WELCOME |
 *  9 WELCOME        | nonce 8 | invite 8 | peers digest 8 | newest life 8 |
 *                   | newest counter 8 | knows flock 1 | old copy 1 | the goose's address, text |
 * 10 REQUEST        | number 8 | term 8 | what 1 | force 1 | wanted 1 | address, text |
 * 11 RESULT *       | life 8 | number 8 | outcome 1 | stops at 1 |
 * 12 STALE *        | |
 *
 *    roster         | wanted 1 | count 1 | founding 8 | removed uid 8, 4 times | and count times a
 *    seat           | length of host 1 | port 2 | uid 8 | priority 1 | HTTP port 2 | host |
 *
 * A roster's term, version and flock id are those in the head. One of term 0, made from flags, is
 * no flock yet and never travels.
 *
 * Versions. A reader takes every minor version of its own major version. A newer one has its new
 * fields behind all that is drawn here, and this reader lets them be; bytes there that its own
 * version does not have are refused. Major version 255 is never given: a shell may begin datagrams of
 * its own with it. */
#include "internal.h"
#include "wire_parts.h"

#define HEAD_BYTES     76
#define FLAG_ROSTER    1
#define DELAY_US_MAX   (GOOSE_PROMISE_US_MAX * GOOSE_ROSTER_SEATS_MAX)
#define KIND_BIT(kind) (1U << (kind))

_Static_assert(GOOSE_PROMISE_US_MAX <= UINT32_MAX / GOOSE_ROSTER_SEATS_MAX,
               "a whole roster of steps has its place in 32 bits");
_Static_assert(HEAD_BYTES + 1 + HEARTBEAT_BYTES + GOOSE_SEAL_BYTES_MAX < 200,
               "a flock at rest costs little");
_Static_assert(HEAD_BYTES + 1 + GOOSE_ADDRESS_CHARS_MAX + WELCOME_BYTES_MAX +
                       GOOSE_ROSTER_BYTES_MAX <=
                   GOOSE_MESSAGE_BYTES_MAX,
               "the largest message is one datagram");
_Static_assert(HEAD_BYTES + 1 + HEARTBEAT_BYTES + GOOSE_ROSTER_BYTES_MAX <= 1200,
               "a heartbeat is never a fragment");
_Static_assert(GOOSE_ADDRESS_CHARS_MAX + WELCOME_BYTES_MAX <= 1 + HELLO_BYTES_MIN,
               "a WELCOME without a roster is never longer than its HELLO");
_Static_assert(REPLY_BYTES < ASK_BYTES && RESULT_BYTES < REQUEST_BYTES,
               "nor is a reply without a roster than its question");
_Static_assert(STALE_BYTES < RESULT_BYTES && STALE_BYTES < RESIGN_BYTES && STALE_BYTES < ACK_BYTES,
               "and STALE is shorter than anything that it may answer");

/* A heartbeat is the message that there are many of, and its sender is known by its uid; an answer goes to who asked. */
bool wire_has_address(enum goose_message_kind kind)
{
    const unsigned without = KIND_BIT(GOOSE_MESSAGE_HEARTBEAT) |
                             KIND_BIT(GOOSE_MESSAGE_CANVASS_REPLY) |
                             KIND_BIT(GOOSE_MESSAGE_VOTE_REPLY) | KIND_BIT(GOOSE_MESSAGE_RESULT) |
                             KIND_BIT(GOOSE_MESSAGE_STALE);

    return (without & KIND_BIT(kind)) == 0;
}

/* HEARTBEAT and replies carry a roster to those whose own is older: PROTOCOL 4. */
static const unsigned carries_roster =
    KIND_BIT(GOOSE_MESSAGE_HEARTBEAT) | KIND_BIT(GOOSE_MESSAGE_CANVASS_REPLY) |
    KIND_BIT(GOOSE_MESSAGE_VOTE_REPLY) | KIND_BIT(GOOSE_MESSAGE_WELCOME);

static bool is_promise(uint32_t promise_us)
{
    return promise_us > 0 && promise_us <= GOOSE_PROMISE_US_MAX;
}

/* All of it or none. */
static bool is_resignation(const struct goose_tenure *after)
{
    bool none = after->term == 0;

    return after->term <= TERM_MAX && none == (after->uid == 0) && none == (after->life == 0);
}

static bool ask_is_sane(const struct goose_ask *ask, uint64_t term)
{
    return ask->term == term && term > 0 && term <= TERM_MAX && is_promise(ask->promise_us) &&
           ask->succession_delay_us <= DELAY_US_MAX && is_resignation(&ask->after);
}

static bool heartbeat_is_sane(const struct goose_heartbeat *heartbeat)
{
    return is_promise(heartbeat->promise_us) && heartbeat->stagger_us <= DELAY_US_MAX &&
           heartbeat->succession_delay_us <= DELAY_US_MAX;
}

static bool resign_is_sane(const struct goose_resign *resign)
{
    return resign->term > 0 && resign->term <= TERM_MAX && resign->stagger_us <= DELAY_US_MAX;
}

/* Who is to be removed has to be named, and how many voters are wanted has to be said; nothing else. */
static bool request_is_sane(const struct goose_request *request)
{
    bool names = request->address.bytes > 0;

    if (request->term > TERM_MAX || request->wanted > GOOSE_ROSTER_SEATS_MAX) return false;
    if (request->what == GOOSE_FORWARDED_VOTERS) return request->wanted > 0 && !names;
    return request->wanted == 0 && (request->what == GOOSE_FORWARDED_HANDOVER || names);
}

static bool body_is_sane(const struct goose_message *m)
{
    switch (m->kind) {
    case GOOSE_MESSAGE_HEARTBEAT: return m->term > 0 && heartbeat_is_sane(&m->heartbeat);
    case GOOSE_MESSAGE_ACK: return m->term > 0;
    case GOOSE_MESSAGE_CANVASS: return ask_is_sane(&m->ask, m->term + 1);
    case GOOSE_MESSAGE_VOTE: return ask_is_sane(&m->ask, m->term);
    case GOOSE_MESSAGE_CANVASS_REPLY:
    case GOOSE_MESSAGE_VOTE_REPLY: return is_resignation(&m->reply.after);
    case GOOSE_MESSAGE_RESIGN: return resign_is_sane(&m->resign);
    case GOOSE_MESSAGE_HELLO: return m->hello.nonce != 0;
    case GOOSE_MESSAGE_WELCOME: return m->welcome.nonce != 0;
    case GOOSE_MESSAGE_REQUEST: return request_is_sane(&m->request);
    case GOOSE_MESSAGE_RESULT:
        return m->result.life != 0 && m->result.stops_at <= GOOSE_ROSTER_SEATS_MAX;
    case GOOSE_MESSAGE_STALE: return true;
    case GOOSE_MESSAGE_KINDS: break;
    }
    return false;
}

/* Terms and versions leave room to be counted up. */
bool wire_message_is_sane(const struct goose_message *m)
{
    if (m->uid == 0 || m->life == 0 || m->term > TERM_MAX) return false;
    if (m->for_life == 0 && m->kind != GOOSE_MESSAGE_HELLO) return false;
    if (m->roster_term > m->term || m->roster_version > TERM_MAX) return false;
    if (m->with_roster) {
        if ((carries_roster & KIND_BIT(m->kind)) == 0) return false;
        if (m->roster_term == 0 || m->flock_id == 0) return false;
    }
    return body_is_sane(m);
}

/* The roster in use, as the head of the message says. */
static bool roster_is_of(const struct goose_roster *roster, const struct goose_message *m)
{
    return roster->count > 0 && roster->term == m->roster_term &&
           roster->version == m->roster_version && roster->flock_id == m->flock_id;
}

static void put_head(struct writer *w, const struct goose_message *m)
{
    put_u8(w, GOOSE_WIRE_MAJOR);
    put_u8(w, GOOSE_WIRE_MINOR);
    put_u8(w, (uint8_t)m->kind);
    put_u8(w, m->with_roster ? FLAG_ROSTER : 0);
    put_u64(w, m->name_tag);
    put_u64(w, m->flock_id);
    put_u64(w, m->uid);
    put_u64(w, m->life);
    put_u64(w, m->counter);
    put_u64(w, m->for_life);
    put_u64(w, m->term);
    put_u64(w, m->roster_term);
    put_u64(w, m->roster_version);
    put_text(w, m->address);
}

size_t goose_wire_encode(const struct goose_message *message, const struct goose_roster *roster,
                         uint8_t *bytes)
{
    struct writer w = {bytes, bytes + GOOSE_MESSAGE_BYTES_MAX};

    assert(wire_message_is_sane(message));
    assert(wire_has_address(message->kind) == (message->address.bytes > 0));
    put_head(&w, message);
    wire_body_put(&w, message);
    if (message->with_roster) {
        assert(roster_is_of(roster, message));
        wire_roster_put(&w, roster);
    }
    return (size_t)(w.at - bytes);
}

/* The minor version, and what every version begins with. */
static uint8_t take_kind(struct reader *r, struct goose_message *m)
{
    uint8_t major = take_u8(r);
    if (major != GOOSE_WIRE_MAJOR) reader_fail(r, GOOSE_WIRE_OTHER_MAJOR);
    uint8_t minor = take_u8(r);
    uint8_t kind = take_u8(r);
    if (kind == 0 || kind >= GOOSE_MESSAGE_KINDS) reader_fail(r, GOOSE_WIRE_UNKNOWN_KIND);
    uint8_t flags = take_u8(r);
    if (flags > FLAG_ROSTER) reader_fail(r, GOOSE_WIRE_ABSURD);
    m->kind = (enum goose_message_kind)kind;
    m->with_roster = flags == FLAG_ROSTER;
    return minor;
}

static void take_head(struct reader *r, struct goose_message *m)
{
    m->name_tag = take_u64(r);
    m->flock_id = take_u64(r);
    m->uid = take_u64(r);
    m->life = take_u64(r);
    m->counter = take_u64(r);
    m->for_life = take_u64(r);
    m->term = take_u64(r);
    m->roster_term = take_u64(r);
    m->roster_version = take_u64(r);
    m->address = take_text(r);
    if (wire_has_address(m->kind) ? !goose_address_is_canonical(m->address) : m->address.bytes > 0)
        reader_fail(r, GOOSE_WIRE_BAD_ADDRESS);
}

static void take_roster(struct reader *r, const struct goose_message *m,
                        struct goose_roster *roster)
{
    wire_roster_take(r, roster, false);
    roster->term = m->roster_term;
    roster->version = m->roster_version;
    roster->flock_id = m->flock_id;
    if (roster->count == 0) reader_fail(r, GOOSE_WIRE_BAD_ROSTER);
}

enum goose_wire_result goose_wire_decode(const uint8_t *bytes, size_t count,
                                         struct goose_message *message, struct goose_roster *roster)
{
    if (count == 0) return GOOSE_WIRE_SHORT;
    struct reader r = {bytes, bytes + count, GOOSE_WIRE_OK};

    memset(message, 0, sizeof *message);
    uint8_t minor = take_kind(&r, message);
    if (count > GOOSE_MESSAGE_BYTES_MAX) reader_fail(&r, GOOSE_WIRE_LONG);
    if (r.why != GOOSE_WIRE_OK) return r.why;
    take_head(&r, message);
    if (r.why != GOOSE_WIRE_OK) return r.why;
    wire_body_take(&r, message);
    if (r.why == GOOSE_WIRE_OK && !wire_message_is_sane(message))
        reader_fail(&r, GOOSE_WIRE_ABSURD);
    if (r.why == GOOSE_WIRE_OK && message->with_roster) take_roster(&r, message, roster);
    if (r.at != r.end && minor <= GOOSE_WIRE_MINOR) reader_fail(&r, GOOSE_WIRE_LONG);
    return r.why;
}

/* Texts of a fixed width rather than pointers: constant data that no loader has to touch. */
#define NAME_CHARS_MAX 16
#define NAME_OF(names, value) \
    ((size_t)(value) < sizeof(names) / sizeof(names)[0] ? (names)[value] : "unknown")

const char *goose_wire_result_name(enum goose_wire_result result)
{
    static const char names[GOOSE_WIRE_RESULTS][NAME_CHARS_MAX] = {
        [GOOSE_WIRE_OK] = "ok",
        [GOOSE_WIRE_SHORT] = "short",
        [GOOSE_WIRE_LONG] = "long",
        [GOOSE_WIRE_OTHER_MAJOR] = "other-major",
        [GOOSE_WIRE_UNKNOWN_KIND] = "unknown-kind",
        [GOOSE_WIRE_ABSURD] = "absurd",
        [GOOSE_WIRE_NOT_CANONICAL] = "not-canonical",
        [GOOSE_WIRE_BAD_ADDRESS] = "bad-address",
        [GOOSE_WIRE_BAD_ROSTER] = "bad-roster",
    };
    return NAME_OF(names, result);
}

const char *goose_message_kind_name(enum goose_message_kind kind)
{
    static const char names[GOOSE_MESSAGE_KINDS][NAME_CHARS_MAX] = {
        [0] = "unknown",
        [GOOSE_MESSAGE_HEARTBEAT] = "HEARTBEAT",
        [GOOSE_MESSAGE_ACK] = "ACK",
        [GOOSE_MESSAGE_CANVASS] = "CANVASS",
        [GOOSE_MESSAGE_CANVASS_REPLY] = "CANVASS_REPLY",
        [GOOSE_MESSAGE_VOTE] = "VOTE",
        [GOOSE_MESSAGE_VOTE_REPLY] = "VOTE_REPLY",
        [GOOSE_MESSAGE_RESIGN] = "RESIGN",
        [GOOSE_MESSAGE_HELLO] = "HELLO",
        [GOOSE_MESSAGE_WELCOME] = "WELCOME",
        [GOOSE_MESSAGE_REQUEST] = "REQUEST",
        [GOOSE_MESSAGE_RESULT] = "RESULT",
        [GOOSE_MESSAGE_STALE] = "STALE",
    };
    return NAME_OF(names, kind);
}

const char *goose_verdict_name(enum goose_verdict verdict)
{
    static const char names[GOOSE_VERDICTS][NAME_CHARS_MAX] = {
        [GOOSE_VERDICT_YES] = "yes",
        [GOOSE_VERDICT_STRANGER] = "stranger",
        [GOOSE_VERDICT_NOT_PART] = "not-part",
        [GOOSE_VERDICT_OLD_TERM] = "old-term",
        [GOOSE_VERDICT_VOTED] = "voted",
        [GOOSE_VERDICT_QUARANTINE] = "quarantine",
        [GOOSE_VERDICT_OLD_ROSTER] = "old-roster",
        [GOOSE_VERDICT_OTHER_ROSTER] = "other-roster",
        [GOOSE_VERDICT_RESIGNED] = "resigned",
        [GOOSE_VERDICT_LEASE_LIVES] = "lease-lives",
        [GOOSE_VERDICT_PROMISED] = "promised",
        [GOOSE_VERDICT_YIELD_TO_ME] = "yield-to-me",
        [GOOSE_VERDICT_FAILED] = "failed",
    };
    return NAME_OF(names, verdict);
}

const char *goose_outcome_name(enum goose_outcome outcome)
{
    static const char names[GOOSE_OUTCOMES][NAME_CHARS_MAX] = {
        [GOOSE_OUTCOME_DONE] = "done",
        [GOOSE_OUTCOME_NOT_FOUND] = "not-found",
        [GOOSE_OUTCOME_NOT_ELIGIBLE] = "not-eligible",
        [GOOSE_OUTCOME_COSTS_MAJORITY] = "costs-majority",
        [GOOSE_OUTCOME_LAST_SEAT] = "last-seat",
        [GOOSE_OUTCOME_UNCLAIMED_FIRST] = "unclaimed-first",
        [GOOSE_OUTCOME_NO_GOOSE] = "no-goose",
        [GOOSE_OUTCOME_NOT_GOOSE] = "not-goose",
        [GOOSE_OUTCOME_BUSY] = "busy",
        [GOOSE_OUTCOME_TIMED_OUT] = "timed-out",
    };
    return NAME_OF(names, outcome);
}
