/* step_message.c: messages for fuzz_step.c. Noise hardly ever gets past an envelope, so the values
 * here are those that the election has in hand, or next to them. What no node sends is left out,
 * as wire.c leaves it out. */
#include "internal.h"
#include "step_world.h"
#include "wire_parts.h"

#include <string.h>

/* The value itself, mostly; else one beside it, 0, or any. */
static uint64_t near(struct program *program, uint64_t value)
{
    switch (next_u8(program) % 32) {
    case 0: return value + 1;
    case 1: return value - 1;
    case 2: return 0;
    case 3: return next_u64(program, 8);
    case 4: return value + 1 + next_u8(program);
    case 5: return TERM_MAX - next_u8(program) % 3;
    default: return value;
    }
}

static bool coin(struct program *program)
{
    return next_u8(program) % 2 == 1;
}

static struct goose_text any_address(struct world *w)
{
    uint8_t which = next_u8(&w->program) % (OTHERS + 1);
    if (which == OTHERS) return (struct goose_text){NULL, 0};
    return goose_address_text(&w->addresses[which]);
}

/* One of the others, or of their newborn successors, or whoever holds some seat. */
static uint64_t any_uid(struct world *w)
{
    uint8_t which = next_u8(&w->program);

    if (which >= 128 && w->e.roster.count > 0) {
        uint64_t uid = w->e.roster.seats[which % w->e.roster.count].uid;
        if (uid != 0) return uid;
    }
    return 100 + which % (2 * OTHERS);
}

static uint32_t any_promise_us(struct world *w)
{
    return coin(&w->program) ? 315000
                             : (uint32_t)next_u64(&w->program, 4) % (GOOSE_PROMISE_US_MAX + 1);
}

static uint32_t any_delay_us(struct world *w)
{
    return coin(&w->program) ? 10000U * (next_u8(&w->program) % 4)
                             : (uint32_t)next_u64(&w->program, 3);
}

static struct goose_tenure any_resignation(struct world *w)
{
    switch (next_u8(&w->program) % 4) {
    case 0:
        return (struct goose_tenure){near(&w->program, w->e.promise.to.term),
                                     near(&w->program, w->e.promise.to.uid),
                                     near(&w->program, w->e.promise.to.life)};
    case 1:
        return (struct goose_tenure){near(&w->program, w->e.saved.term), any_uid(w),
                                     w->e.saved.life};
    default: return (struct goose_tenure){0, 0, 0};
    }
}

static void fill_heartbeat(struct world *w, struct goose_heartbeat *b)
{
    b->seq = near(&w->program, w->e.heard_goose.seq + 1);
    b->sent_at_us = next_u64(&w->program, 4);
    b->promise_us = any_promise_us(w);
    b->succession_delay_us = any_delay_us(w);
    b->stagger_us = any_delay_us(w);
    b->founding = next_u8(&w->program);
    b->settled = coin(&w->program);
}

static void fill_ack(struct world *w, struct goose_ack *b)
{
    b->seq = near(&w->program, w->e.reign.seq);
    b->sent_at_us = near(&w->program, w->now_us);
    b->yes = next_u8(&w->program) % 8 != 0;
    b->stands = next_u8(&w->program) % 8 != 0;
    b->priority = next_u8(&w->program);
    b->http_port = (uint16_t)next_u64(&w->program, 2);
}

static void fill_ask(struct world *w, struct goose_ask *b, uint64_t term)
{
    b->round = next_u8(&w->program);
    b->term = term;
    b->sent_at_us = next_u64(&w->program, 4);
    b->promise_us = any_promise_us(w);
    b->succession_delay_us = any_delay_us(w);
    b->roster_digest = near(&w->program, goose_roster_digest(&w->e.roster));
    b->after = any_resignation(w);
}

static void fill_reply(struct world *w, struct goose_reply *b)
{
    b->round = near(&w->program, w->e.round.id);
    b->sent_at_us = near(&w->program, w->now_us);
    b->verdict = coin(&w->program) ? GOOSE_VERDICT_YES
                                   : (enum goose_verdict)(next_u8(&w->program) % GOOSE_VERDICTS);
    b->after = any_resignation(w);
}

static void fill_resign(struct world *w, struct goose_resign *b)
{
    b->term = near(&w->program, w->e.saved.term);
    b->heir_uid = coin(&w->program) ? w->e.saved.uid : any_uid(w);
    b->stagger_us = any_delay_us(w);
}

static void fill_hello(struct world *w, struct goose_hello *b)
{
    b->nonce = 1 + next_u8(&w->program);
    b->invite = next_u8(&w->program);
    b->peers_digest = near(&w->program, goose_roster_digest(&w->options.peers));
    b->priority = next_u8(&w->program);
    b->http_port = 80;
    b->may_enter = coin(&w->program);
}

static void fill_welcome(struct world *w, struct goose_welcome *b)
{
    b->nonce = near(&w->program, w->e.hello_nonce);
    b->invite = next_u8(&w->program);
    b->peers_digest = near(&w->program, goose_roster_digest(&w->options.peers));
    b->newest_life = near(&w->program, w->e.saved.life);
    b->newest_counter = near(&w->program, w->e.counter);
    b->knows_flock = coin(&w->program);
    b->old_copy = next_u8(&w->program) % 32 == 31;
    b->goose = any_address(w);
}

static void fill_request(struct world *w, struct goose_request *b)
{
    b->number = next_u8(&w->program);
    b->term = near(&w->program, w->e.saved.term);
    b->what = (enum goose_forwarded)(GOOSE_FORWARDED_REMOVE +
                                     next_u8(&w->program) % (GOOSE_FORWARDED_KINDS - 1));
    b->force = coin(&w->program);
    if (b->what == GOOSE_FORWARDED_VOTERS)
        b->wanted = 1 + next_u8(&w->program) % GOOSE_ROSTER_SEATS_MAX;
    else
        b->address = any_address(w);
}

static void fill_result(struct world *w, struct goose_result *b)
{
    b->life = near(&w->program, w->e.saved.life);
    b->number = near(&w->program, w->e.request_number);
    b->outcome = (enum goose_outcome)(next_u8(&w->program) % GOOSE_OUTCOMES);
}

static void fill_body(struct world *w, struct goose_message *m)
{
    switch (m->kind) {
    case GOOSE_MESSAGE_HEARTBEAT: fill_heartbeat(w, &m->heartbeat); break;
    case GOOSE_MESSAGE_ACK: fill_ack(w, &m->ack); break;
    case GOOSE_MESSAGE_CANVASS: fill_ask(w, &m->ask, m->term + 1); break;
    case GOOSE_MESSAGE_VOTE: fill_ask(w, &m->ask, m->term); break;
    case GOOSE_MESSAGE_CANVASS_REPLY:
    case GOOSE_MESSAGE_VOTE_REPLY: fill_reply(w, &m->reply); break;
    case GOOSE_MESSAGE_RESIGN: fill_resign(w, &m->resign); break;
    case GOOSE_MESSAGE_HELLO: fill_hello(w, &m->hello); break;
    case GOOSE_MESSAGE_WELCOME: fill_welcome(w, &m->welcome); break;
    case GOOSE_MESSAGE_REQUEST: fill_request(w, &m->request); break;
    case GOOSE_MESSAGE_RESULT: fill_result(w, &m->result); break;
    case GOOSE_MESSAGE_STALE:
    case GOOSE_MESSAGE_KINDS: break;
    }
}

static void change_roster(struct world *w, struct goose_roster *roster)
{
    int seat = roster->count == 0 ? -1 : next_u8(&w->program) % roster->count;

    switch (next_u8(&w->program) % 8) {
    case 0:
        if (roster->count > 1) goose_roster_remove(roster, seat);
        break;
    case 1:
        if (seat >= 0 && goose_roster_find_uid(roster, w->e.saved.uid) < 0)
            roster->seats[seat].uid = w->e.saved.uid;
        break;
    case 2: {
        uint64_t uid = any_uid(w);
        if (uid != 0) goose_roster_removed_add(roster, uid);
        break;
    }
    case 3:
        if (seat >= 0) roster->seats[seat].uid = 0;
        break;
    case 4: (void)goose_roster_add(roster, any_address(w), 0, GOOSE_PRIORITY_DEFAULT, 0); break;
    default:
        (void)goose_roster_add(roster, any_address(w), any_uid(w), GOOSE_PRIORITY_DEFAULT, 0);
        break;
    }
}

/* The one in use, or its neighbour. */
static void fill_roster(struct world *w, struct goose_message *m, struct goose_roster *roster)
{
    *roster = w->e.roster;
    for (uint8_t changes = next_u8(&w->program) % 3; changes > 0; changes--)
        change_roster(w, roster);
    if (roster->wanted == 0 && roster->count > 0) roster->wanted = 5;
    roster->term = m->roster_term;
    roster->version = m->roster_version;
    roster->flock_id = m->flock_id;
}

static void fill_head(struct world *w, struct goose_message *m)
{
    uint8_t who = next_u8(&w->program) % OTHERS;
    uint8_t how = next_u8(&w->program);

    m->kind = (enum goose_message_kind)(1 + next_u8(&w->program) % (GOOSE_MESSAGE_KINDS - 1));
    m->name_tag = how % 64 == 63 ? 1 : w->options.name_tag;
    m->flock_id = w->e.roster.term > 0 ? w->e.roster.flock_id : (how & 1U) * UINT64_C(77);
    if (how % 32 == 31) m->flock_id = 78;
    m->uid = (how & 2) != 0 && w->e.roster.count > who ? w->e.roster.seats[who].uid : 0;
    if (m->uid == 0) m->uid = 100U + who + ((how & 4) != 0 ? OTHERS : 0U);
    m->life = (how & 8) != 0 ? UINT64_C(1) << 32 : near(&w->program, w->e.saved.life);
    m->counter = (how & 16) != 0 ? near(&w->program, w->counters[who]) : ++w->counters[who];
    m->for_life = (how & 0x60) == 0x60 ? near(&w->program, w->e.saved.life) : w->e.saved.life;
    if (m->kind == GOOSE_MESSAGE_HELLO && (how & 1) != 0) m->for_life = 0;
    m->term = near(&w->program, w->e.saved.term);
    m->roster_term = near(&w->program, w->e.roster.term);
    m->roster_version = near(&w->program, w->e.roster.version);
    if (wire_has_address(m->kind)) m->address = goose_address_text(&w->addresses[who]);
}

static bool may_carry_roster(enum goose_message_kind kind)
{
    return kind == GOOSE_MESSAGE_HEARTBEAT || kind == GOOSE_MESSAGE_CANVASS_REPLY ||
           kind == GOOSE_MESSAGE_VOTE_REPLY || kind == GOOSE_MESSAGE_WELCOME;
}

bool step_message(struct world *w, struct goose_message *m, struct goose_roster *roster)
{
    memset(m, 0, sizeof *m);
    fill_head(w, m);
    fill_body(w, m);
    m->with_roster = may_carry_roster(m->kind) && coin(&w->program);
    if (m->with_roster) {
        if (m->flock_id == 0) m->flock_id = 77;
        fill_roster(w, m, roster);
    }
    if (!wire_message_is_sane(m)) return false;
    return !m->with_roster || (roster->count > 0 && goose_roster_is_sound(roster));
}
