/* wire_body.c: what follows the head of each kind of message, in the order of their kinds. Drawn
 * in wire.c. Each put_X() and take_X() list the same fields in the same order; what the values
 * may be is judged in wire.c. */
#include "wire_parts.h"

static void put_resignation(struct writer *w, const struct goose_tenure *after)
{
    put_u64(w, after->term);
    put_u64(w, after->uid);
    put_u64(w, after->life);
}

static void take_resignation(struct reader *r, struct goose_tenure *after)
{
    after->term = take_u64(r);
    after->uid = take_u64(r);
    after->life = take_u64(r);
}

/* An address that may be missing. */
static struct goose_text take_optional_address(struct reader *r)
{
    struct goose_text address = take_text(r);
    if (address.bytes > 0 && !goose_address_is_canonical(address))
        reader_fail(r, GOOSE_WIRE_BAD_ADDRESS);
    return address;
}

static void put_heartbeat(struct writer *w, const struct goose_heartbeat *b)
{
    put_u64(w, b->seq);
    put_u64(w, b->sent_at_us);
    put_u32(w, b->promise_us);
    put_u32(w, b->succession_delay_us);
    put_u32(w, b->stagger_us);
    put_u64(w, b->founding);
    put_u8(w, b->settled);
}

static void take_heartbeat(struct reader *r, struct goose_heartbeat *b)
{
    b->seq = take_u64(r);
    b->sent_at_us = take_u64(r);
    b->promise_us = take_u32(r);
    b->succession_delay_us = take_u32(r);
    b->stagger_us = take_u32(r);
    b->founding = take_u64(r);
    b->settled = take_bool(r);
}

static void put_ack(struct writer *w, const struct goose_ack *b)
{
    put_u64(w, b->seq);
    put_u64(w, b->sent_at_us);
    put_u8(w, b->yes);
    put_u8(w, b->stands);
    put_u8(w, b->observes);
    put_u8(w, b->priority);
    put_u16(w, b->http_port);
}

static void take_ack(struct reader *r, struct goose_ack *b)
{
    b->seq = take_u64(r);
    b->sent_at_us = take_u64(r);
    b->yes = take_bool(r);
    b->stands = take_bool(r);
    b->observes = take_bool(r);
    b->priority = take_u8(r);
    b->http_port = take_u16(r);
}

static void put_ask(struct writer *w, const struct goose_ask *b)
{
    put_u64(w, b->round);
    put_u64(w, b->term);
    put_u64(w, b->sent_at_us);
    put_u32(w, b->promise_us);
    put_u32(w, b->succession_delay_us);
    put_u64(w, b->roster_digest);
    put_resignation(w, &b->after);
}

static void take_ask(struct reader *r, struct goose_ask *b)
{
    b->round = take_u64(r);
    b->term = take_u64(r);
    b->sent_at_us = take_u64(r);
    b->promise_us = take_u32(r);
    b->succession_delay_us = take_u32(r);
    b->roster_digest = take_u64(r);
    take_resignation(r, &b->after);
}

static void put_reply(struct writer *w, const struct goose_reply *b)
{
    put_u64(w, b->round);
    put_u64(w, b->sent_at_us);
    put_u8(w, (uint8_t)b->verdict);
    put_resignation(w, &b->after);
}

static void take_reply(struct reader *r, struct goose_reply *b)
{
    b->round = take_u64(r);
    b->sent_at_us = take_u64(r);
    b->verdict = (enum goose_verdict)take_choice(r, GOOSE_VERDICT_YES, GOOSE_VERDICTS);
    take_resignation(r, &b->after);
}

static void put_resign(struct writer *w, const struct goose_resign *b)
{
    put_u64(w, b->term);
    put_u64(w, b->heir_uid);
    put_u32(w, b->stagger_us);
}

static void take_resign(struct reader *r, struct goose_resign *b)
{
    b->term = take_u64(r);
    b->heir_uid = take_u64(r);
    b->stagger_us = take_u32(r);
}

/* PROTOCOL 4: what follows the fields up to HELLO_BYTES_MIN is zeros. */
static void put_hello(struct writer *w, const struct goose_hello *b)
{
    put_u64(w, b->nonce);
    put_u64(w, b->invite);
    put_u64(w, b->peers_digest);
    put_u8(w, b->priority);
    put_u16(w, b->http_port);
    put_u8(w, b->may_enter);
    memset(writer_room(w, HELLO_BYTES_MIN - HELLO_BYTES), 0, HELLO_BYTES_MIN - HELLO_BYTES);
}

static void take_hello(struct reader *r, struct goose_hello *b)
{
    b->nonce = take_u64(r);
    b->invite = take_u64(r);
    b->peers_digest = take_u64(r);
    b->priority = take_u8(r);
    b->http_port = take_u16(r);
    b->may_enter = take_bool(r);
    const uint8_t *rest = take_bytes(r, HELLO_BYTES_MIN - HELLO_BYTES);
    for (size_t i = 0; rest != NULL && i < HELLO_BYTES_MIN - HELLO_BYTES; i++)
        if (rest[i] != 0) reader_fail(r, GOOSE_WIRE_NOT_CANONICAL);
}

static void put_welcome(struct writer *w, const struct goose_welcome *b)
{
    put_u64(w, b->nonce);
    put_u64(w, b->invite);
    put_u64(w, b->peers_digest);
    put_u64(w, b->newest_life);
    put_u64(w, b->newest_counter);
    put_u8(w, b->knows_flock);
    put_u8(w, b->old_copy);
    put_text(w, b->goose);
}

static void take_welcome(struct reader *r, struct goose_welcome *b)
{
    b->nonce = take_u64(r);
    b->invite = take_u64(r);
    b->peers_digest = take_u64(r);
    b->newest_life = take_u64(r);
    b->newest_counter = take_u64(r);
    b->knows_flock = take_bool(r);
    b->old_copy = take_bool(r);
    b->goose = take_optional_address(r);
}

static void put_request(struct writer *w, const struct goose_request *b)
{
    put_u64(w, b->number);
    put_u64(w, b->term);
    put_u8(w, (uint8_t)b->what);
    put_u8(w, b->force);
    put_u8(w, b->wanted);
    put_text(w, b->address);
}

static void take_request(struct reader *r, struct goose_request *b)
{
    b->number = take_u64(r);
    b->term = take_u64(r);
    b->what = (enum goose_forwarded)take_choice(r, GOOSE_FORWARDED_REMOVE, GOOSE_FORWARDED_KINDS);
    b->force = take_bool(r);
    b->wanted = take_u8(r);
    b->address = take_optional_address(r);
}

static void put_result(struct writer *w, const struct goose_result *b)
{
    put_u64(w, b->life);
    put_u64(w, b->number);
    put_u8(w, (uint8_t)b->outcome);
    put_u8(w, b->stops_at);
}

static void take_result(struct reader *r, struct goose_result *b)
{
    b->life = take_u64(r);
    b->number = take_u64(r);
    b->outcome = (enum goose_outcome)take_choice(r, GOOSE_OUTCOME_DONE, GOOSE_OUTCOMES);
    b->stops_at = take_u8(r);
}

void wire_body_put(struct writer *w, const struct goose_message *m)
{
    switch (m->kind) {
    case GOOSE_MESSAGE_HEARTBEAT: put_heartbeat(w, &m->heartbeat); break;
    case GOOSE_MESSAGE_ACK: put_ack(w, &m->ack); break;
    case GOOSE_MESSAGE_CANVASS:
    case GOOSE_MESSAGE_VOTE: put_ask(w, &m->ask); break;
    case GOOSE_MESSAGE_CANVASS_REPLY:
    case GOOSE_MESSAGE_VOTE_REPLY: put_reply(w, &m->reply); break;
    case GOOSE_MESSAGE_RESIGN: put_resign(w, &m->resign); break;
    case GOOSE_MESSAGE_HELLO: put_hello(w, &m->hello); break;
    case GOOSE_MESSAGE_WELCOME: put_welcome(w, &m->welcome); break;
    case GOOSE_MESSAGE_REQUEST: put_request(w, &m->request); break;
    case GOOSE_MESSAGE_RESULT: put_result(w, &m->result); break;
    case GOOSE_MESSAGE_STALE: break;
    case GOOSE_MESSAGE_KINDS: assert(m->kind != GOOSE_MESSAGE_KINDS);
    }
}

void wire_body_take(struct reader *r, struct goose_message *m)
{
    switch (m->kind) {
    case GOOSE_MESSAGE_HEARTBEAT: take_heartbeat(r, &m->heartbeat); break;
    case GOOSE_MESSAGE_ACK: take_ack(r, &m->ack); break;
    case GOOSE_MESSAGE_CANVASS:
    case GOOSE_MESSAGE_VOTE: take_ask(r, &m->ask); break;
    case GOOSE_MESSAGE_CANVASS_REPLY:
    case GOOSE_MESSAGE_VOTE_REPLY: take_reply(r, &m->reply); break;
    case GOOSE_MESSAGE_RESIGN: take_resign(r, &m->resign); break;
    case GOOSE_MESSAGE_HELLO: take_hello(r, &m->hello); break;
    case GOOSE_MESSAGE_WELCOME: take_welcome(r, &m->welcome); break;
    case GOOSE_MESSAGE_REQUEST: take_request(r, &m->request); break;
    case GOOSE_MESSAGE_RESULT: take_result(r, &m->result); break;
    case GOOSE_MESSAGE_STALE: break;
    case GOOSE_MESSAGE_KINDS: reader_fail(r, GOOSE_WIRE_UNKNOWN_KIND);
    }
}
