/* invariants.c: checks on one state, and on a state before and after a step. The election itself never needs them, and
 * they never change anything. Each sentence is what is wrong: with what a claim stands on, or with the books. */
#include <string.h>

#include "internal.h"

static const char *check_durable(const struct goose_election *e)
{
    const struct goose_durable_state *saved = &e->saved;

    if (saved->roster.term > saved->term) return "the roster is of a later term than the node";
    if (saved->longest_promise_us > GOOSE_PROMISE_US_MAX) return "a promise of more than 63 s";
    if (e->durable > e->generation || e->writing > e->generation) return "a write of the future";
    if (e->longest_given_us > saved->longest_promise_us && !e->birth.may_shrink)
        return "a promise longer than the longest on file";
    return NULL;
}

static const char *check_rosters(const struct goose_election *e)
{
    if (!goose_roster_is_sound(&e->saved.roster)) return "the saved roster is not sound";
    return goose_roster_is_sound(&e->roster) ? NULL : "the roster in use is not sound";
}

static const char *check_goose(const struct goose_election *e)
{
    if (e->role != GOOSE_ROLE_GOOSE) return NULL;
    if (self_seat(e) < 0 || e->roster.seats[self_seat(e)].uid == 0)
        return "a goose without a claimed seat";
    if (e->roster.term != e->saved.term) return "a goose whose roster is not of its term";
    if (e->saved.voted_for != e->saved.uid) return "a goose that did not vote for itself";
    if (e->durable < e->round.vote_generation) return "a goose whose vote is not durable";
    struct goose_tenure mine = own_tenure(e);
    if (same_tenure(&e->resigned, &mine)) return "a goose in a term that it gave up";
    if (e->reign.promise_us * 20 < e->reign.lease_us * 21) return "a promise under 1.05 leases";
    if (!e->reign.roster_pending && memcmp(&e->roster, &e->saved.roster, sizeof e->roster) != 0)
        return "a goose uses another roster than it saved";
    return NULL;
}

static const char *check_roles(const struct goose_election *e)
{
    bool asks = e->role == GOOSE_ROLE_CANVASSING || e->role == GOOSE_ROLE_CANDIDATE;

    if (asks && !self_counts(e)) return "somebody without a seat that counts asks for votes";
    if (e->role == GOOSE_ROLE_CANDIDATE && e->saved.voted_for != e->saved.uid)
        return "a candidate that did not vote for itself";
    if (e->role == GOOSE_ROLE_CANDIDATE && e->promise.to.uid != e->saved.uid)
        return "a candidate that promised itself to another";
    if (e->role != GOOSE_ROLE_GOOSE && memcmp(&e->roster, &e->saved.roster, sizeof e->roster) != 0)
        return "a duck uses another roster than it saves";
    return NULL;
}

/* Whose answers are counted as whose. */
static const char *check_seats(const struct goose_election *e)
{
    for (int i = 0; i < PEERS_MAX; i++) {
        const struct peer *peer = &e->peers[i];
        if (peer->contact.uid == 0) continue;
        if (i < e->roster.count && e->roster.seats[i].uid != 0 &&
            peer->contact.uid != e->roster.seats[i].uid)
            return "a seat's peer is somebody else";
        for (int j = i + 1; j < PEERS_MAX; j++)
            if (e->peers[j].contact.uid == peer->contact.uid) return "one uid, two peers";
    }
    return NULL;
}

static const char *check_books(const struct goose_election *e)
{
    if (e->saved.uid == 0 || e->saved.life == 0) return "a started node has a uid and a life";
    for (int i = 0; i < PEERS_MAX; i++) {
        const struct peer *peer = &e->peers[i];
        if ((peer->owed != 0) != (e->owing >> i & 1)) return "what is owed is not marked";
        if (peer->asked.kept && (e->keeping >> i & 1) == 0) return "what is kept is not marked";
        if ((peer->owed & OWED_HEARTBEAT) != 0 && e->role != GOOSE_ROLE_GOOSE)
            return "a duck owes a heartbeat";
    }
    return NULL;
}

static const char *check_claim(const struct goose_election *e)
{
    const char *wrong = check_durable(e);

    if (wrong == NULL) wrong = check_goose(e);
    if (wrong == NULL) wrong = check_roles(e);
    return wrong == NULL ? check_seats(e) : wrong;
}

const char *goose_election_check(const struct goose_election *e)
{
    if (!e->started) return NULL;
    const char *wrong = check_rosters(e);
    if (wrong == NULL) wrong = check_claim(e);
    return wrong == NULL ? check_books(e) : wrong;
}

void goose_election_facts(const struct goose_election *e, struct goose_election_facts *facts)
{
    *facts = (struct goose_election_facts){.started = e->started,
                                           .role = e->role,
                                           .now_us = e->now_us,
                                           .uid = e->saved.uid,
                                           .life = e->saved.life,
                                           .term = e->saved.term,
                                           .voted_for = e->saved.voted_for,
                                           .roster_term = e->saved.roster.term,
                                           .roster_version = e->saved.roster.version,
                                           .durable = e->durable,
                                           .promise_until_us = e->promise.until_us,
                                           .promised_to = e->promise.to};
}

/* Only the newest resignation is remembered: the one that freed a promise may be older. */
static const char *check_promise(const struct goose_election_facts *was,
                                 const struct goose_election *after)
{
    const struct goose_durable_state *is = &after->saved;
    bool lives = after->now_us < was->promise_until_us;

    if (!lives || after->resigned.term >= was->promised_to.term) return NULL;
    if (after->promise.until_us < was->promise_until_us)
        return "a promise was shortened, and nobody had resigned";
    if (is->voted_for != was->voted_for && is->voted_for != 0 &&
        is->voted_for != was->promised_to.uid)
        return "a vote against a live promise";
    return NULL;
}

static const char *check_change(const struct goose_election_facts *was,
                                const struct goose_election *after)
{
    const struct goose_durable_state *is = &after->saved;

    if (!was->started) return NULL;
    if (is->uid != was->uid || is->life != was->life) return "another uid or life in one run";
    if (is->term < was->term) return "the term went down";
    if (is->term == was->term && was->voted_for != 0 && is->voted_for != was->voted_for)
        return "the vote of a term changed";
    if (goose_roster_compare(is->roster.term, is->roster.version, was->roster_term,
                             was->roster_version) < 0)
        return "the roster went back";
    if (after->now_us < was->now_us) return "time went back";
    if (after->durable < was->durable) return "what was durable is not any more";
    if (was->role != GOOSE_ROLE_GOOSE && after->role == GOOSE_ROLE_GOOSE &&
        was->role != GOOSE_ROLE_CANDIDATE)
        return "a goose that was no candidate";
    if (was->role == GOOSE_ROLE_GOOSE && after->role == GOOSE_ROLE_GOOSE && is->term != was->term)
        return "a goose changed its term";
    return check_promise(was, after);
}

const char *goose_election_check_step(const struct goose_election *before,
                                      const struct goose_election *after)
{
    struct goose_election_facts was;

    goose_election_facts(before, &was);
    return check_change(&was, after);
}

/* Most of the work is in rosters, and most steps change none: the one in use is the one that was found sound before. */
static bool rosters_changed(const struct goose_election_facts *was,
                            const struct goose_election *after)
{
    const struct goose_roster *saved = &after->saved.roster;

    return !was->started || was->roster_term != saved->term ||
           was->roster_version != saved->version || after->roster.version != saved->version;
}

struct goose_election_fault goose_election_fault(const struct goose_election_facts *before,
                                                 const struct goose_election *after)
{
    struct goose_election_fault fault = {.of_claim = true};

    if (!after->started) return (struct goose_election_fault){NULL, false};
    if (rosters_changed(before, after)) fault.what = check_rosters(after);
    if (fault.what == NULL) fault.what = check_claim(after);
    if (fault.what == NULL) fault.what = check_change(before, after);
    if (fault.what != NULL) return fault;
    return (struct goose_election_fault){check_books(after), false};
}
