/* facts.c: tells the checkers what can be seen of a node from outside: what arrived and what left. Like its sisters
 * (facts_claims.c: what it claims; facts_steps.c: what a step decided) it looks into an election only for decisions
 * (which vote, which roster), never for its memory of what it promised. */
#include "world.h"

#include <inttypes.h>

static void hear(struct heard *ring, unsigned size, unsigned *at, const struct heard *heard)
{
    for (unsigned i = 0; i < size; i++) {
        if (ring[i].key == heard->key && ring[i].sent_at_us == heard->sent_at_us &&
            ring[i].term == heard->term) {
            return; /* a copy: the promise counts from when the first was handled */
        }
    }
    ring[(*at)++ % size] = *heard;
}

static void hear_welcome(struct host *h, const struct goose_message *m)
{
    if (m->welcome.knows_flock || m->roster_term != 0 ||
        m->welcome.peers_digest != goose_roster_digest(&h->options.peers)) {
        return;
    }
    uint64_t bit = UINT64_C(1) << address_id(m->address);
    h->none_bits |= bit;
    if (m->term == 0) {
        h->none_in_term_0_bits |= bit;
    }
}

void facts_handled(struct world *w, struct host *h, const struct goose_message *m)
{
    uint64_t now_us = clock_steady_us(&h->clock, w->now_ns);
    if (m->kind == GOOSE_MESSAGE_HEARTBEAT) {
        struct heard beat = {m->heartbeat.seq,        m->term, m->uid,
                             m->heartbeat.sent_at_us, now_us,  now_us + m->heartbeat.promise_us};
        hear(h->beats, BEATS_MAX, &h->beat_at, &beat);
        check_heard_goose(&w->check, h->uid, m->uid, m->term);
    } else if (m->kind == GOOSE_MESSAGE_VOTE) {
        struct heard ask = {m->ask.round,      m->ask.term, m->uid,
                            m->ask.sent_at_us, now_us,      now_us + m->ask.promise_us};
        hear(h->asks, ASKS_MAX, &h->ask_at, &ask);
    } else if (m->kind == GOOSE_MESSAGE_WELCOME) {
        hear_welcome(h, m);
    }
}

static const struct heard *heard_before(const struct heard *ring, unsigned size, uint64_t key,
                                        uint64_t term, uint64_t sent_at_us)
{
    for (unsigned i = 0; i < size; i++) {
        if (ring[i].key == key && ring[i].term == term && ring[i].sent_at_us == sent_at_us &&
            ring[i].uid != 0) {
            return &ring[i];
        }
    }
    return NULL;
}

/* PROTOCOL 9: a newborn whose seat is not its own yet waits a promise's time, or hears from all of its list. */
static void judge_newborn(struct world *w, const struct host *h, const struct goose_message *m)
{
    if (!h->newborn || goose_roster_find_uid(&h->election.roster, h->uid) >= 0) {
        return;
    }
    uint64_t self = UINT64_C(1) << h->address;
    uint64_t age_us = clock_steady_us(&h->clock, w->now_ns) - h->started_steady_us;
    bool all = (h->peers_bits & ~(h->none_in_term_0_bits | self)) == 0;
    int said = __builtin_popcountll(h->peers_bits & (h->none_bits | self));
    bool most = 2 * said > __builtin_popcountll(h->peers_bits);
    if ((age_us < h->started_lease_us && !all) || (h->election.roster.term == 0 && !most)) {
        check_fail(&w->check, RULE_NEWBORN, w->now_ns,
                   "n%u, newborn %" PRIu64 " us ago, sends %s, and %d of %d of its list know of no"
                   " flock",
                   h->index + 1u, age_us, goose_message_kind_name(m->kind), said,
                   __builtin_popcountll(h->peers_bits));
    }
}

static void judge_disk(struct world *w, const struct host *h, const struct goose_send *send)
{
    const struct goose_message *m = &send->message;
    const struct disk *disk = &h->disk;
    if (!disk->present || disk->state.uid != m->uid || disk->state.life != m->life) {
        check_fail(&w->check, RULE_DURABLE, w->now_ns, "n%u sends %s in a life not on disk",
                   h->index + 1u, goose_message_kind_name(m->kind));
    }
}

static void sent_ack(struct world *w, struct host *h, const struct goose_message *m)
{
    const struct goose_durable_state *disk = &h->disk.state;
    const struct heard *beat =
        heard_before(h->beats, BEATS_MAX, m->ack.seq, m->term, m->ack.sent_at_us);
    if (disk->term < m->term || goose_roster_compare(disk->roster.term, disk->roster.version,
                                                     m->roster_term, m->roster_version) < 0) {
        check_fail(&w->check, RULE_DURABLE, w->now_ns,
                   "n%u acks term %" PRIu64 " roster %" PRIu64 ".%" PRIu64 ", not on disk",
                   h->index + 1u, m->term, m->roster_term, m->roster_version);
    }
    if (beat != NULL) {
        struct word word = {beat->uid, beat->term, beat->since_steady_us, beat->until_steady_us,
                            beat->sent_at_us};
        check_word(&w->check, m->uid, &word);
    }
}

void facts_vote(struct world *w, struct host *h, uint64_t candidate, uint64_t term)
{
    for (unsigned i = 0; i < w->host_count; i++) {
        w->check.local_us[i] = clock_local_us(&w->hosts[i].clock, w->now_ns);
    }
    uint64_t decided_us = h->term == term && h->voted_for == candidate
                              ? h->decided_steady_us
                              : clock_steady_us(&h->clock, w->now_ns);
    check_vote(&w->check, h->index, h->uid, candidate, term, decided_us, w->now_ns);
}

static void sent_yes(struct world *w, struct host *h, const struct goose_message *m)
{
    const struct goose_durable_state *disk = &h->disk.state;
    uint64_t candidate = check_round_of(&w->check, m->reply.round);
    world_count(w, COUNT_YES);
    if (candidate == 0) {
        check_fail(&w->check, RULE_STEP, w->now_ns, "n%u says yes to a round that nobody opened",
                   h->index + 1u);
    }
    uint64_t term = check_term_of(&w->check, m->reply.round);
    const struct heard *ask =
        heard_before(h->asks, ASKS_MAX, m->reply.round, term, m->reply.sent_at_us);
    if (disk->term < term || (disk->term == term && disk->voted_for != candidate)) {
        check_fail(&w->check, RULE_DURABLE, w->now_ns,
                   "n%u says yes in term %" PRIu64 ", and that vote is not on disk", h->index + 1u,
                   term);
    }
    judge_newborn(w, h, m);
    facts_vote(w, h, candidate, term);
    if (ask != NULL) {
        struct word word = {candidate, term, ask->since_steady_us, ask->until_steady_us,
                            ask->sent_at_us};
        check_word(&w->check, m->uid, &word);
    }
}

void facts_sent(struct world *w, struct host *h, const struct goose_send *send)
{
    const struct goose_message *m = &send->message;
    judge_disk(w, h, send);
    if (m->kind == GOOSE_MESSAGE_ACK) {
        if (m->ack.yes) {
            sent_ack(w, h, m);
        }
    } else if (m->kind == GOOSE_MESSAGE_VOTE) {
        check_round(&w->check, m->ask.round, m->uid, m->ask.term);
        judge_newborn(w, h, m);
    } else if (m->kind == GOOSE_MESSAGE_VOTE_REPLY) {
        if (m->reply.verdict == GOOSE_VERDICT_YES) {
            sent_yes(w, h, m);
        }
    } else if (m->kind == GOOSE_MESSAGE_RESIGN) {
        world_count(w, COUNT_RESIGNS);
        check_resigned(&w->check, h->index, m->uid, m->resign.term, w->now_ns);
    }
    if (w->on_send != NULL) {
        w->on_send(w->watcher, w, h, m);
    }
}
