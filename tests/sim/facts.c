/* facts.c: tells the checkers what can be seen of a node from outside: what arrived, what left, what is on its disk,
 * what it claims. It looks into an election only for decisions (which vote, which roster), never for its memory of
 * what it promised. */
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

static void hear_welcome(struct host *h, const struct message *m)
{
    if (m->welcome.knows_flock || m->roster_term != 0 ||
        m->welcome.peers_digest != roster_digest(&h->options.peers)) {
        return;
    }
    uint64_t bit = UINT64_C(1) << address_id(m->address);
    h->none_bits |= bit;
    if (m->term == 0) {
        h->none_in_term_0_bits |= bit;
    }
}

void facts_handled(struct world *w, struct host *h, const struct message *m)
{
    uint64_t now_us = clock_steady_us(&h->clock, w->now_ns);
    if (m->kind == MESSAGE_HEARTBEAT) {
        struct heard beat = {m->heartbeat.seq,        m->term, m->uid,
                             m->heartbeat.sent_at_us, now_us,  now_us + m->heartbeat.promise_us};
        hear(h->beats, BEATS_MAX, &h->beat_at, &beat);
        check_heard_goose(&w->check, h->uid, m->uid, m->term);
    } else if (m->kind == MESSAGE_VOTE) {
        struct heard ask = {m->ask.round,      m->ask.term, m->uid,
                            m->ask.sent_at_us, now_us,      now_us + m->ask.promise_us};
        hear(h->asks, ASKS_MAX, &h->ask_at, &ask);
    } else if (m->kind == MESSAGE_WELCOME) {
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
static void judge_newborn(struct world *w, const struct host *h, const struct message *m)
{
    if (!h->newborn || roster_find_uid(&h->election.roster, h->uid) >= 0) {
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
                   h->index + 1u, age_us, message_kind_name(m->kind), said,
                   __builtin_popcountll(h->peers_bits));
    }
}

static void judge_disk(struct world *w, const struct host *h, const struct send *send)
{
    const struct message *m = &send->message;
    const struct disk *disk = &h->disk;
    if (disk->writing && send->stands_on >= disk->generation) {
        check_fail(&w->check, RULE_DURABLE, w->now_ns,
                   "n%u sends %s that stands on generation %" PRIu64 ", not on disk yet",
                   h->index + 1u, message_kind_name(m->kind), send->stands_on);
    }
    if (!disk->present || disk->state.uid != m->uid || disk->state.life != m->life) {
        check_fail(&w->check, RULE_DURABLE, w->now_ns, "n%u sends %s in a life not on disk",
                   h->index + 1u, message_kind_name(m->kind));
    }
}

static void sent_ack(struct world *w, struct host *h, const struct message *m)
{
    const struct durable_state *disk = &h->disk.state;
    const struct heard *beat =
        heard_before(h->beats, BEATS_MAX, m->ack.seq, m->term, m->ack.sent_at_us);
    if (disk->term < m->term || roster_compare(disk->roster.term, disk->roster.version,
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

static void vote_of(struct world *w, struct host *h, uint64_t candidate, uint64_t term)
{
    for (unsigned i = 0; i < w->host_count; i++) {
        w->check.local_us[i] = clock_local_us(&w->hosts[i].clock, w->now_ns);
    }
    uint64_t decided_us = h->term == term && h->voted_for == candidate
                              ? h->decided_steady_us
                              : clock_steady_us(&h->clock, w->now_ns);
    check_vote(&w->check, h->index, h->uid, candidate, term, decided_us, w->now_ns);
}

static void sent_yes(struct world *w, struct host *h, const struct message *m)
{
    const struct durable_state *disk = &h->disk.state;
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
    vote_of(w, h, candidate, term);
    if (ask != NULL) {
        struct word word = {candidate, term, ask->since_steady_us, ask->until_steady_us,
                            ask->sent_at_us};
        check_word(&w->check, m->uid, &word);
    }
}

void facts_sent(struct world *w, struct host *h, const struct send *send)
{
    const struct message *m = &send->message;
    judge_disk(w, h, send);
    if (m->kind == MESSAGE_ACK) {
        if (m->ack.yes) {
            sent_ack(w, h, m);
        }
    } else if (m->kind == MESSAGE_VOTE) {
        check_round(&w->check, m->ask.round, m->uid, m->ask.term);
        judge_newborn(w, h, m);
    } else if (m->kind == MESSAGE_VOTE_REPLY) {
        if (m->reply.verdict == VERDICT_YES) {
            sent_yes(w, h, m);
        }
    } else if (m->kind == MESSAGE_RESIGN) {
        world_count(w, COUNT_RESIGNS);
        check_resigned(&w->check, h->index, m->uid, m->resign.term, w->now_ns);
    }
    if (w->on_send != NULL) {
        w->on_send(w->watcher, w, h, m);
    }
}

static uint64_t claim_end_ns(struct world *w, struct host *h, uint64_t end_us)
{
    /* A flock of one backs itself at every instant: it claims until it stops. */
    if (election_is_goose(&h->election, end_us + CLOCK_FAR_NS)) {
        return UINT64_MAX;
    }
    return clock_real_ns(&h->clock, end_us, w->now_ns);
}

/* Who sits there: an unclaimed seat counts whoever is at its address. */
static uint64_t uid_at(struct world *w, const struct roster *roster, int seat)
{
    uint8_t host = w->at_address[address_id(roster_address(roster, seat))];
    if (roster->seats[seat].uid != 0 || host == NOBODY) {
        return roster->seats[seat].uid;
    }
    uint64_t uid = w->hosts[host].uid;
    return roster_find_uid(roster, uid) >= 0 ? 0 : uid;
}

/* PROTOCOL 5: a lease runs no further than a majority of the seats gave their word for, the goose itself being one. */
static void judge_backing(struct world *w, struct host *h)
{
    const struct roster *roster = &h->election.roster;
    int backing = 0;
    for (int seat = 0; seat < roster->count; seat++) {
        uint64_t uid = uid_at(w, roster, seat);
        backing += uid == h->uid ||
                   check_backs(&w->check, uid, h->uid, h->term, h->stood_lease_us, h->claim_end_us);
    }
    if (2 * backing <= roster->count) {
        check_fail(&w->check, RULE_S1_STAR, w->now_ns,
                   "n%u claims term %" PRIu64 " to %" PRIu64
                   " us, and %d of %d gave their word for it",
                   h->index + 1u, h->term, h->claim_end_us, backing, roster->count);
    }
}

static void claim_to(struct world *w, struct host *h, uint64_t end_us)
{
    h->claim_end_us = end_us;
    judge_backing(w, h);
    check_claim(&w->check, h->index, h->uid, h->term, w->now_ns, claim_end_ns(w, h, end_us));
}

/* A claim that is made longer counts from the step on, one that begins only once it is announced. */
void facts_claim(struct world *w, struct host *h)
{
    struct check *check = &w->check;
    uint64_t now_us = clock_local_us(&h->clock, w->now_ns);
    uint64_t left_us = election_lease_left_us(&h->election, now_us);
    bool claimed = check_is_claimed(check, h->index, w->now_ns);
    if (left_us == 0) {
        if (claimed && h->actions.claim != CLAIM_WITHDRAWN && h->claim_pid == h->pid) {
            check_fail(check, RULE_STEP, w->now_ns,
                       "n%u stops claiming before its lease ends, without CLAIM_WITHDRAWN",
                       h->index + 1u);
        }
        return;
    }
    if (claimed && check->claims[h->index].uid == h->uid &&
        (now_us + left_us > h->claim_end_us || check->claims[h->index].end_ns == UINT64_MAX)) {
        claim_to(w, h, now_us + left_us);
    }
}

void facts_clock_moved(struct world *w, struct host *h)
{
    const struct claim_seen *claim = &w->check.claims[h->index];
    if (check_is_claimed(&w->check, h->index, w->now_ns) && claim->end_ns != UINT64_MAX) {
        check_claim_moved(&w->check, h->index, w->now_ns,
                          clock_real_ns(&h->clock, h->claim_end_us, w->now_ns));
    }
}

/* A process that died leaves its lease page behind: the claim runs to the end of its lease. */
void facts_gone(struct world *w, struct host *h, bool rebooted)
{
    if (rebooted) {
        check_withdrawn(&w->check, h->index, w->now_ns);
    } else if (check_is_claimed(&w->check, h->index, w->now_ns) &&
               w->check.claims[h->index].end_ns == UINT64_MAX) {
        check_claim_moved(&w->check, h->index, w->now_ns,
                          clock_real_ns(&h->clock, h->claim_end_us, w->now_ns));
    }
}

void facts_saved(struct world *w, struct host *h)
{
    const struct durable_state *state = &h->disk.state;
    check_durable_roster(&w->check, state->uid, state->roster.term, state->roster.version);
    budget_roster_seen(w, &state->roster);
    h->saved_roster_term = state->roster.term;
    h->saved_roster_version = state->roster.version;
    if (state->roster.term > 0) {
        h->reached = true;
    }
}

static void see_decision(struct world *w, struct host *h, const struct durable_state *state)
{
    h->uid = state->uid;
    if (state->term == h->term && state->voted_for == h->voted_for) {
        return;
    }
    h->term = state->term;
    h->voted_for = state->voted_for;
    h->decided_steady_us = clock_steady_us(&h->clock, w->now_ns);
    if (state->voted_for == state->uid) {
        h->stood_term = h->roster_term;
        h->stood_version = h->roster_version;
        h->stood_lease_us = h->options.lease_us;
    }
}

static void see_role(struct world *w, struct host *h)
{
    enum role role = h->election.role;
    if (role == h->role) {
        return;
    }
    if (role == ROLE_GOOSE) {
        world_count(w, COUNT_WINS);
        check_leads(&w->check, h->uid, h->stood_term, h->stood_version, w->now_ns);
        vote_of(w, h, h->uid, h->term);
    }
    h->role = role;
}

static int holders_of(struct world *w, const struct roster *roster)
{
    int holders = 0;
    for (int seat = 0; seat < roster->count; seat++) {
        uint64_t uid = uid_at(w, roster, seat);
        const struct voter_seen *voter = uid == 0 ? NULL : check_voter(&w->check, uid);
        holders += voter != NULL && roster_compare(voter->durable_term, voter->durable_version,
                                                   roster->term, roster->version) >= 0;
    }
    return holders;
}

/* A step that finds a roster committed may go on to the next one: then it is the one that the step began with. */
static const struct roster *roster_committed(struct world *w, const struct host *h)
{
    const struct roster *now = &h->election.roster;
    for (unsigned i = w->roster_count; i-- > 0 && 2 * holders_of(w, now) <= now->count;) {
        const struct roster *known = &w->rosters[i];
        if (known->term == h->was_roster_term && known->version == h->was_roster_version) {
            return known;
        }
    }
    return now;
}

static void see_committed(struct world *w, struct host *h)
{
    const struct roster *roster = roster_committed(w, h);
    world_count(w, COUNT_COMMITS);
    check_committed(&w->check, roster->term, roster->version, holders_of(w, roster), roster->count,
                    w->now_ns);
}

static const struct roster *roster_seen(const struct world *w, uint64_t term, uint64_t version)
{
    for (unsigned i = w->roster_count; i-- > 0;) {
        if (w->rosters[i].term == term && w->rosters[i].version == version) {
            return &w->rosters[i];
        }
    }
    return NULL;
}

/* Who claims a seat that nobody had, or moves, keeps its seat. */
static void see_overlap(struct world *w, const struct roster *old, const struct roster *new)
{
    int kept = 0;
    for (int seat = 0; seat < old->count; seat++) {
        uint64_t uid = old->seats[seat].uid;
        kept += uid == 0 ? roster_find_address(new, roster_address(old, seat)) >= 0
                         : roster_find_uid(new, uid) >= 0;
    }
    check_overlap(&w->check, old->term, old->version, old->count - kept, kept, new->count - kept,
                  w->now_ns);
}

/* An unclaimed seat says nothing: who sat there when the change was decided may have moved or lost its disk since. */
static void see_replaced(struct world *w, struct host *h)
{
    const struct roster *roster = roster_seen(w, h->was_roster_term, h->was_roster_version);
    world_count(w, COUNT_ROSTER_CHANGES);
    if (roster == NULL || roster->term != h->term) {
        return;
    }
    int unclaimed = 0;
    for (int seat = 0; seat < roster->count; seat++) {
        unclaimed += roster->seats[seat].uid == 0;
    }
    int holders = holders_of(w, roster);
    check_replaced(&w->check, roster->term, roster->version,
                   unclaimed > 0 ? roster->count : holders, roster->count, w->now_ns);
    see_overlap(w, roster, &h->election.roster);
}

static void count_role(struct world *w, const struct note *note)
{
    bool planned = note->why == REASON_HANDOVER || note->why == REASON_DRAINED ||
                   note->why == REASON_STOPPED || note->why == REASON_REMOVED;
    if (note->role == ROLE_CANVASSING) {
        world_count(w, COUNT_CANVASSES);
    } else if (note->role == ROLE_CANDIDATE) {
        world_count(w, COUNT_CANDIDACIES);
    } else if (note->why == REASON_LEASE_ENDED) {
        world_count(w, COUNT_LEASES_ENDED);
    } else if (planned) {
        world_count(w, COUNT_PLANNED);
    }
}

static void see_notes(struct world *w, struct host *h)
{
    for (unsigned i = 0; i < h->actions.note_count; i++) {
        const struct note *note = &h->actions.notes[i];
        if (note->kind == NOTE_COMMITTED) {
            see_committed(w, h);
        } else if (note->kind == NOTE_ROSTER && h->role == ROLE_GOOSE) {
            see_replaced(w, h);
        } else if (note->kind == NOTE_ROLE) {
            count_role(w, note);
        }
        if (w->on_note != NULL) {
            w->on_note(w->watcher, w, h, note);
        }
    }
}

static uint32_t triggers_of(const struct host *h)
{
    const struct actions *actions = &h->actions;
    uint32_t triggers = actions->claim == CLAIM_GIVEN ? 1u << TRIGGER_WIN : 0;
    triggers |= actions->save ? 1u << TRIGGER_SAVE : 0;
    for (unsigned i = 0; i < actions->note_count; i++) {
        triggers |= actions->notes[i].kind == NOTE_COMMITTED ? 1u << TRIGGER_COMMIT : 0;
        triggers |= actions->notes[i].kind == NOTE_ROSTER ? 1u << TRIGGER_ROSTER : 0;
    }
    for (unsigned i = 0; i < actions->send_count; i++) {
        const struct message *m = &actions->sends[i].message;
        triggers |= m->kind == MESSAGE_RESIGN ? 1u << TRIGGER_RESIGN : 0;
        triggers |= m->kind == MESSAGE_VOTE ? 1u << TRIGGER_CANDIDACY : 0;
        triggers |= m->kind == MESSAGE_CANVASS ? 1u << TRIGGER_CANVASS : 0;
        triggers |= m->kind == MESSAGE_VOTE_REPLY && m->reply.verdict == VERDICT_YES
                        ? 1u << TRIGGER_YES
                        : 0;
    }
    for (unsigned i = 0; i < actions->answer_count; i++) {
        triggers |= actions->answers[i].number > 0 ? 1u << TRIGGER_HOLD : 0;
    }
    return triggers;
}

static void see_rosters(struct world *w, struct host *h)
{
    const struct roster *roster = &h->election.roster;
    h->was_roster_term = h->roster_term;
    h->was_roster_version = h->roster_version;
    if (roster->term != h->roster_term || roster->version != h->roster_version) {
        h->roster_term = roster->term;
        h->roster_version = roster->version;
        budget_roster_seen(w, roster);
    }
    const struct roster *saved = &election_durable(&h->election)->roster;
    if (saved->term != h->saved_roster_term || saved->version != h->saved_roster_version) {
        h->saved_roster_term = saved->term;
        h->saved_roster_version = saved->version;
        budget_roster_seen(w, saved);
    }
}

void facts_stepped(struct world *w, struct host *h, const struct event *event)
{
    (void)event;
    see_decision(w, h, election_durable(&h->election));
    see_role(w, h);
    see_rosters(w, h);
    see_notes(w, h);
    facts_claim(w, h);
    if (w->armed != 0) {
        fault_ambush(w, h, triggers_of(h));
    }
}

static void see_hold(struct world *w, struct host *h, const struct answer *answer)
{
    uint64_t asked_ns = w->hold_asked_ns[answer->id % CHECK_FACTS];
    int64_t ppm = w->client_ppm[answer->id % CHECK_FACTS];
    if (answer->outcome != OUTCOME_DONE || answer->number == 0 || asked_ns == 0) {
        return;
    }
    /* The client counts it on a clock of its own, from when it sent the question. */
    uint64_t hold_ns = (uint64_t)((int64_t)(answer->number * 1000) / (1000000 + ppm) * 1000000);
    world_count(w, COUNT_HOLDS);
    check_hold(&w->check, h->uid, w->now_ns, asked_ns + hold_ns);
}

void facts_announced(struct world *w, struct host *h)
{
    const struct actions *actions = &h->actions;
    uint64_t now_us = clock_local_us(&h->clock, w->now_ns);
    uint64_t left_us = election_lease_left_us(&h->election, now_us);
    if (left_us > 0 &&
        (actions->claim == CLAIM_GIVEN || check_is_claimed(&w->check, h->index, w->now_ns))) {
        h->claim_pid = h->pid;
        claim_to(w, h, now_us + left_us);
    }
    for (unsigned i = 0; i < actions->answer_count; i++) {
        see_hold(w, h, &actions->answers[i]);
        if (actions->answers[i].id == w->stop_ids[h->index]) {
            w->stop_ids[h->index] = 0;
            host_crash(w, h);
            heap_push(&w->heap, w->now_ns + w->stop_for_ns[h->index], HAPPENS_START, h->index, 0);
            return;
        }
    }
}
