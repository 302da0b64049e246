/* facts_claims.c: tells the checkers what a node claims, from the moment at which somebody can see it, what stands behind
 * that, and which holds it gave. */
#include "world.h"

#include <inttypes.h>

static uint64_t claim_end_ns(struct world *w, struct host *h, uint64_t end_us)
{
    /* A flock of one backs itself at every instant: it claims until it stops. */
    if (goose_election_is_goose(&h->election, end_us + CLOCK_FAR_NS)) {
        return UINT64_MAX;
    }
    return clock_real_ns(&h->clock, end_us, w->now_ns);
}

static bool backs(struct world *w, const struct host *h, uint64_t uid)
{
    return uid == h->uid ||
           check_backs(&w->check, uid, h->uid, h->term, h->stood_lease_us, h->claim_end_us);
}

bool facts_has_newest(struct world *w, const struct goose_roster *roster, uint64_t uid)
{
    const struct voter_seen *voter = check_voter(&w->check, uid);
    return voter != NULL && goose_roster_compare(voter->durable_term, voter->durable_version,
                                                 roster->term, roster->version) >= 0;
}

/* PROTOCOL 5: a lease runs no further than a majority of the seats gave their word for, the goose itself being one. */
static void judge_backing(struct world *w, struct host *h)
{
    const struct goose_roster *roster = &h->election.roster;
    int backing = 0; /* an unclaimed seat gives no word: PROTOCOL 4 */
    for (int seat = 0; seat < roster->count; seat++) {
        uint64_t uid = roster->seats[seat].uid;
        backing += uid != 0 && backs(w, h, uid);
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
    check_copy(&w->check, h->uid);
    judge_backing(w, h);
    check_claim(&w->check, h->index, h->uid, h->term, w->now_ns, claim_end_ns(w, h, end_us));
}

/* A claim that is made longer counts from the step on, one that begins as soon as it can be shown. */
void facts_claim(struct world *w, struct host *h)
{
    struct check *check = &w->check;
    uint64_t now_us = clock_local_us(&h->clock, w->now_ns);
    uint64_t left_us = goose_election_lease_left_us(&h->election, now_us);
    bool claimed = check_is_claimed(check, h->index, w->now_ns);
    if (left_us == 0) {
        if (claimed && h->actions.claim != GOOSE_CLAIM_WITHDRAWN && h->claim_pid == h->pid) {
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

static void see_hold(struct world *w, struct host *h, const struct goose_answer *answer)
{
    uint64_t asked_ns = w->hold_asked_ns[answer->id % CHECK_FACTS];
    int64_t ppm = w->client_ppm[answer->id % CHECK_FACTS];
    if (answer->outcome != GOOSE_OUTCOME_DONE || answer->number == 0 || asked_ns == 0) {
        return;
    }
    /* The client counts it on a clock of its own, from when it sent the question. */
    uint64_t hold_ns = (uint64_t)((int64_t)(answer->number * 1000) / (1000000 + ppm) * 1000000);
    world_count(w, COUNT_HOLDS);
    check_hold(&w->check, h->uid, w->now_ns, asked_ns + hold_ns);
}

/* The lease page shows what a step gave before the step saves or sends: so that is when it has to be true. */
void facts_shown(struct world *w, struct host *h)
{
    const struct goose_durable_state *disk = &h->disk.state;
    uint64_t now_us = clock_local_us(&h->clock, w->now_ns);
    uint64_t left_us = goose_election_lease_left_us(&h->election, now_us);
    bool given = h->actions.claim == GOOSE_CLAIM_GIVEN;
    if (given && (!h->disk.present || disk->term != h->term || disk->voted_for != h->uid)) {
        check_fail(&w->check, RULE_DURABLE, w->now_ns,
                   "n%u claims term %" PRIu64 ", and its own vote is not on disk", h->index + 1u,
                   h->term);
    }
    if (left_us > 0 && (given || check_is_claimed(&w->check, h->index, w->now_ns))) {
        h->claim_pid = h->pid;
        claim_to(w, h, now_us + left_us);
    }
}

/* What a machine that was put back shows at once, and what it takes itself for. */
void facts_put_back(struct world *w, struct host *h)
{
    const struct goose_durable_state *state = goose_election_durable(&h->election);
    uint64_t now_us = clock_local_us(&h->clock, w->now_ns);
    uint64_t left_us = goose_election_lease_left_us(&h->election, now_us);
    h->uid = state->uid;
    h->term = state->term;
    h->voted_for = state->voted_for;
    h->decided_steady_us = clock_steady_us(&h->clock, w->now_ns);
    h->role = h->election.role;
    h->roster_term = h->election.roster.term;
    h->roster_version = h->election.roster.version;
    h->saved_roster_term = state->roster.term;
    h->saved_roster_version = state->roster.version;
    if (left_us > 0) {
        h->claim_pid = h->pid;
        claim_to(w, h, now_us + left_us);
    }
}

void facts_announced(struct world *w, struct host *h)
{
    const struct goose_actions *actions = &h->actions;
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
