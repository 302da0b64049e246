/* invariants.c: checks on one state, and on a state before and after a step. For tests and simulators: the election
 * itself never needs them, and they never change anything. Each sentence is what is wrong. */
#include <string.h>

#include "internal.h"

static const char *check_durable(const struct election *e)
{
    const struct durable_state *saved = &e->saved;

    if (saved->uid == 0 || saved->life == 0) return "a started node has a uid and a life";
    if (saved->roster.term > saved->term) return "the roster is of a later term than the node";
    if (saved->longest_promise_us > PROMISE_US_MAX) return "a promise of more than 63 s";
    if (!roster_is_sound(&saved->roster)) return "the saved roster is not sound";
    if (!roster_is_sound(&e->roster)) return "the roster in use is not sound";
    if (e->durable > e->generation || e->writing > e->generation) return "a write of the future";
    if (e->longest_given_us > saved->longest_promise_us && !e->birth.may_shrink)
        return "a promise longer than the longest on file";
    return NULL;
}

static const char *check_goose(const struct election *e)
{
    if (e->role != ROLE_GOOSE) return NULL;
    if (self_seat(e) < 0 || e->roster.seats[self_seat(e)].uid == 0)
        return "a goose without a claimed seat";
    if (e->roster.term != e->saved.term) return "a goose whose roster is not of its term";
    if (e->saved.voted_for != e->saved.uid) return "a goose that did not vote for itself";
    if (e->durable < e->round.vote_generation) return "a goose whose vote is not durable";
    struct tenure mine = own_tenure(e);
    if (same_tenure(&e->after, &mine)) return "a goose in a term that it gave up";
    if (e->reign.promise_us * 20 < e->reign.lease_us * 21) return "a promise under 1.05 leases";
    if (!e->reign.roster_pending && memcmp(&e->roster, &e->saved.roster, sizeof e->roster) != 0)
        return "a goose uses another roster than it saved";
    return NULL;
}

static const char *check_roles(const struct election *e)
{
    bool asks = e->role == ROLE_CANVASSING || e->role == ROLE_CANDIDATE;

    if (asks && !self_counts(e)) return "somebody without a seat that counts asks for votes";
    if (e->role == ROLE_CANDIDATE && e->saved.voted_for != e->saved.uid)
        return "a candidate that did not vote for itself";
    if (e->role == ROLE_CANDIDATE && e->promise.to.uid != e->saved.uid)
        return "a candidate that promised itself to another";
    if (e->role != ROLE_GOOSE && memcmp(&e->roster, &e->saved.roster, sizeof e->roster) != 0)
        return "a duck uses another roster than it saves";
    return NULL;
}

static const char *check_peers(const struct election *e)
{
    for (int i = 0; i < PEERS_MAX; i++) {
        const struct peer *peer = &e->peers[i];
        if ((peer->owed != 0) != (e->owing >> i & 1)) return "what is owed is not marked";
        if (peer->asked.kept && (e->keeping >> i & 1) == 0) return "what is kept is not marked";
        if ((peer->owed & OWED_HEARTBEAT) != 0 && e->role != ROLE_GOOSE)
            return "a duck owes a heartbeat";
        if (i < e->roster.count && e->roster.seats[i].uid != 0 && peer->contact.uid != 0 &&
            peer->contact.uid != e->roster.seats[i].uid)
            return "a seat's peer is somebody else";
        for (int j = i + 1; peer->contact.uid != 0 && j < PEERS_MAX; j++)
            if (e->peers[j].contact.uid == peer->contact.uid) return "one uid, two peers";
    }
    return NULL;
}

const char *election_check(const struct election *e)
{
    const char *wrong = NULL;

    if (!e->started) return NULL;
    if (wrong == NULL) wrong = check_durable(e);
    if (wrong == NULL) wrong = check_goose(e);
    if (wrong == NULL) wrong = check_roles(e);
    if (wrong == NULL) wrong = check_peers(e);
    return wrong;
}

const char *election_check_step(const struct election *before, const struct election *after)
{
    const struct durable_state *was = &before->saved, *is = &after->saved;

    if (!before->started) return NULL;
    if (is->uid != was->uid || is->life != was->life) return "another uid or life in one run";
    if (is->term < was->term) return "the term went down";
    if (is->term == was->term && was->voted_for != 0 && is->voted_for != was->voted_for)
        return "the vote of a term changed";
    if (roster_compare(is->roster.term, is->roster.version, was->roster.term, was->roster.version) <
        0)
        return "the roster went back";
    if (after->now_us < before->now_us) return "time went back";
    if (after->durable < before->durable) return "what was durable is not any more";
    if (before->role != ROLE_GOOSE && after->role == ROLE_GOOSE && before->role != ROLE_CANDIDATE)
        return "a goose that was no candidate";
    if (before->role == ROLE_GOOSE && after->role == ROLE_GOOSE && is->term != was->term)
        return "a goose changed its term";
    /* Only the newest resignation is remembered: the one that freed it may be older. */
    bool freed = after->after.term >= before->promise.to.term;
    if (after->promise.until_us < before->promise.until_us && !freed &&
        after->now_us < before->promise.until_us)
        return "a promise was shortened, and nobody had resigned";
    if (is->voted_for != was->voted_for && is->voted_for != 0 && !freed &&
        is->voted_for != before->promise.to.uid && after->now_us < before->promise.until_us)
        return "a vote against a live promise";
    return NULL;
}
