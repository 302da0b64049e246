/* samples.c: see samples.h. It draws from all that decoding has to accept, the limits more often
 * than chance would; it must never make what decoding refuses. */
#include "samples.h"
#include "wire_parts.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define LIFE_MAX     (((uint64_t)UINT32_MAX << 32) - 1)
#define DELAY_US_MAX (GOOSE_PROMISE_US_MAX * GOOSE_ROSTER_SEATS_MAX)

static bool coin(struct rng *rng)
{
    return rng_below(rng, 2) == 1;
}

/* least..most, of any magnitude, and now and then one of the two. */
static uint64_t any_between(struct rng *rng, uint64_t least, uint64_t most)
{
    uint64_t span = most - least;
    uint64_t value = rng_next(rng) >> rng_below(rng, 64);

    switch (rng_below(rng, 8)) {
    case 0: return least;
    case 1: return most;
    default: return span == UINT64_MAX ? value : least + value % (span + 1);
    }
}

static uint8_t any_u8(struct rng *rng)
{
    return (uint8_t)any_between(rng, 0, UINT8_MAX);
}

static uint16_t any_u16(struct rng *rng)
{
    return (uint16_t)any_between(rng, 0, UINT16_MAX);
}

static uint64_t any_u64(struct rng *rng)
{
    return any_between(rng, 0, UINT64_MAX);
}

static uint32_t any_delay_us(struct rng *rng)
{
    return (uint32_t)any_between(rng, 0, DELAY_US_MAX);
}

static size_t any_name(struct rng *rng, char *chars)
{
    static const char inside[] = "abcdefghijklmnopqrstuvwxyz0123456789-._";
    size_t count = any_between(rng, 1, GOOSE_HOST_CHARS_MAX);

    for (size_t i = 0; i < count; i++)
        chars[i] = inside[rng_below(rng, sizeof inside - 1)];
    chars[0] = 'n';
    chars[count - 1] = count == 1 ? 'n' : 'z';
    return count;
}

static size_t any_host(struct rng *rng, char *chars, size_t room)
{
    uint64_t bits = rng_next(rng);
    int count = 0;

    switch (rng_below(rng, 3)) {
    case 0: return any_name(rng, chars);
    case 1:
        count = snprintf(chars, room, "%u.%u.%u.%u", (unsigned)(bits & 255),
                         (unsigned)(bits >> 8 & 255), (unsigned)(bits >> 16 & 255),
                         (unsigned)(bits >> 24 & 255));
        break;
    default:
        count = snprintf(chars, room, "[fd00::%x:%x]", (unsigned)(bits & 0xffff),
                         (unsigned)(bits >> 16 & 0xffff));
    }
    return (size_t)count;
}

void sample_address(struct rng *rng, struct goose_address *address)
{
    char chars[GOOSE_ADDRESS_CHARS_MAX + 2];
    size_t host = any_host(rng, chars, sizeof chars);
    unsigned port = (unsigned)any_between(rng, 1, UINT16_MAX);
    int tail = snprintf(chars + host, sizeof chars - host, ":%u", port);
    struct goose_text text = {chars, (uint8_t)(host + (size_t)tail)};
    bool canonical = goose_address_keep(address, text);

    assert(canonical);
    (void)canonical;
}

void sample_roster(struct rng *rng, struct goose_roster *roster, int seats_max)
{
    int seats = (int)any_between(rng, 1, (uint64_t)seats_max);
    struct goose_address address;

    goose_roster_clear(roster);
    while (roster->count < seats) {
        sample_address(rng, &address);
        uint64_t uid = coin(rng) ? any_u64(rng) : 0;
        enum goose_roster_result added =
            goose_roster_add(roster, goose_address_text(&address), uid, any_u8(rng), any_u16(rng));
        if (added == GOOSE_ROSTER_TOO_LARGE) break;
    }
    roster->term = any_between(rng, 0, TERM_MAX);
    roster->version = any_between(rng, 1, TERM_MAX);
    roster->flock_id = any_between(rng, 1, UINT64_MAX);
    for (uint64_t removed = any_between(rng, 0, GOOSE_REMOVED_KEPT + 1); removed > 0; removed--)
        goose_roster_removed_add(roster, any_between(rng, 1, UINT64_MAX));
    roster->wanted = (uint8_t)any_between(rng, 1, GOOSE_ROSTER_SEATS_MAX);
}

static struct goose_tenure any_resignation(struct rng *rng)
{
    if (coin(rng)) return (struct goose_tenure){0, 0, 0};
    return (struct goose_tenure){any_between(rng, 1, TERM_MAX), any_between(rng, 1, UINT64_MAX),
                                 any_between(rng, 1, UINT64_MAX)};
}

static void any_head(struct rng *rng, struct goose_message *m)
{
    m->name_tag = any_u64(rng);
    m->flock_id = any_u64(rng);
    m->uid = any_between(rng, 1, UINT64_MAX);
    m->life = any_between(rng, 1, UINT64_MAX);
    m->counter = any_u64(rng);
    m->for_life = any_between(rng, 1, UINT64_MAX);
    m->term = any_between(rng, 1, TERM_MAX - 1);
    m->roster_term = any_between(rng, 0, m->term);
    m->roster_version = any_between(rng, 0, TERM_MAX);
}

static void any_heartbeat(struct rng *rng, struct goose_heartbeat *b)
{
    b->seq = any_u64(rng);
    b->sent_at_us = any_u64(rng);
    b->promise_us = (uint32_t)any_between(rng, 1, GOOSE_PROMISE_US_MAX);
    b->succession_delay_us = any_delay_us(rng);
    b->stagger_us = any_delay_us(rng);
    b->founding = any_u64(rng);
    b->settled = coin(rng);
}

static void any_ack(struct rng *rng, struct goose_ack *b)
{
    b->seq = any_u64(rng);
    b->sent_at_us = any_u64(rng);
    b->yes = coin(rng);
    b->stands = coin(rng);
    b->priority = any_u8(rng);
    b->http_port = any_u16(rng);
}

static void any_ask(struct rng *rng, struct goose_ask *b, uint64_t term)
{
    b->round = any_u64(rng);
    b->term = term;
    b->sent_at_us = any_u64(rng);
    b->promise_us = (uint32_t)any_between(rng, 1, GOOSE_PROMISE_US_MAX);
    b->succession_delay_us = any_delay_us(rng);
    b->roster_digest = any_u64(rng);
    b->after = any_resignation(rng);
}

static void any_reply(struct rng *rng, struct goose_reply *b)
{
    b->round = any_u64(rng);
    b->sent_at_us = any_u64(rng);
    b->verdict = (enum goose_verdict)rng_below(rng, GOOSE_VERDICTS);
    b->after = any_resignation(rng);
}

static void any_resign(struct rng *rng, struct goose_resign *b)
{
    b->term = any_between(rng, 1, TERM_MAX);
    b->heir_uid = any_u64(rng);
    b->stagger_us = any_delay_us(rng);
}

static void any_hello(struct rng *rng, struct goose_hello *b)
{
    b->nonce = any_between(rng, 1, UINT64_MAX);
    b->invite = any_u64(rng);
    b->peers_digest = any_u64(rng);
    b->priority = any_u8(rng);
    b->http_port = any_u16(rng);
    b->may_enter = coin(rng);
}

static void any_welcome(struct rng *rng, struct goose_welcome *b, struct goose_text goose)
{
    b->nonce = any_between(rng, 1, UINT64_MAX);
    b->invite = any_u64(rng);
    b->peers_digest = any_u64(rng);
    b->newest_life = any_u64(rng);
    b->newest_counter = any_u64(rng);
    b->knows_flock = coin(rng);
    b->old_copy = coin(rng);
    if (coin(rng)) b->goose = goose;
}

static void any_request(struct rng *rng, struct goose_request *b, struct goose_text address)
{
    b->number = any_u64(rng);
    b->term = any_between(rng, 0, TERM_MAX);
    b->what =
        (enum goose_forwarded)any_between(rng, GOOSE_FORWARDED_REMOVE, GOOSE_FORWARDED_VOTERS);
    b->force = coin(rng);
    if (b->what == GOOSE_FORWARDED_VOTERS)
        b->wanted = (uint8_t)any_between(rng, 1, GOOSE_ROSTER_SEATS_MAX);
    else if (b->what == GOOSE_FORWARDED_REMOVE || coin(rng))
        b->address = address;
}

static void any_result(struct rng *rng, struct goose_result *b)
{
    b->life = any_between(rng, 1, UINT64_MAX);
    b->number = any_u64(rng);
    b->outcome = (enum goose_outcome)rng_below(rng, GOOSE_OUTCOMES);
    b->stops_at = (uint8_t)any_between(rng, 0, GOOSE_ROSTER_SEATS_MAX);
}

static void any_body(struct rng *rng, struct goose_message *m, struct goose_text other)
{
    switch (m->kind) {
    case GOOSE_MESSAGE_HEARTBEAT: any_heartbeat(rng, &m->heartbeat); break;
    case GOOSE_MESSAGE_ACK: any_ack(rng, &m->ack); break;
    case GOOSE_MESSAGE_CANVASS: any_ask(rng, &m->ask, m->term + 1); break;
    case GOOSE_MESSAGE_VOTE: any_ask(rng, &m->ask, m->term); break;
    case GOOSE_MESSAGE_CANVASS_REPLY:
    case GOOSE_MESSAGE_VOTE_REPLY: any_reply(rng, &m->reply); break;
    case GOOSE_MESSAGE_RESIGN: any_resign(rng, &m->resign); break;
    case GOOSE_MESSAGE_HELLO: any_hello(rng, &m->hello); break;
    case GOOSE_MESSAGE_WELCOME: any_welcome(rng, &m->welcome, other); break;
    case GOOSE_MESSAGE_REQUEST: any_request(rng, &m->request, other); break;
    case GOOSE_MESSAGE_RESULT: any_result(rng, &m->result); break;
    case GOOSE_MESSAGE_STALE:
    case GOOSE_MESSAGE_KINDS: break;
    }
}

static bool may_carry_roster(enum goose_message_kind kind)
{
    return kind == GOOSE_MESSAGE_HEARTBEAT || kind == GOOSE_MESSAGE_CANVASS_REPLY ||
           kind == GOOSE_MESSAGE_VOTE_REPLY || kind == GOOSE_MESSAGE_WELCOME;
}

void sample_message(struct rng *rng, enum goose_message_kind kind, struct sample *sample)
{
    struct goose_message *m = &sample->message;

    memset(sample, 0, sizeof *sample);
    sample_address(rng, &sample->self);
    sample_address(rng, &sample->other);
    m->kind = kind;
    any_head(rng, m);
    any_body(rng, m, goose_address_text(&sample->other));
    if (wire_has_address(kind)) m->address = goose_address_text(&sample->self);
    m->with_roster = may_carry_roster(kind) && coin(rng);
    if (!m->with_roster) return;
    sample_roster(rng, &sample->roster, GOOSE_ROSTER_SEATS_MAX);
    sample->roster.term = 1 + sample->roster.term % m->term;
    m->roster_term = sample->roster.term;
    m->roster_version = sample->roster.version;
    m->flock_id = sample->roster.flock_id;
}

void sample_durable(struct rng *rng, struct goose_durable_state *state)
{
    memset(state, 0, sizeof *state);
    state->uid = any_between(rng, 1, UINT64_MAX);
    state->life = any_between(rng, 1, LIFE_MAX);
    state->term = any_between(rng, 0, TERM_MAX);
    state->voted_for = state->term == 0 ? 0 : any_u64(rng);
    state->longest_promise_us = any_between(rng, 0, GOOSE_PROMISE_US_MAX);
    if (coin(rng)) return;
    sample_roster(rng, &state->roster, GOOSE_ROSTER_SEATS_MAX);
    state->roster.term %= state->term + 1;
    state->barred = state->roster.term > 0 && coin(rng);
}
