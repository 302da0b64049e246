/* check_claims.c: S1 on exact claim intervals of real time, S2, holds, and how long there was no goose.
 *
 * Two intervals overlap exactly if the one that begins later (or is made longer later) does so inside the other. So it
 * is enough to look at the others' ends whenever a claim begins, goes on, or is moved by a clock that changes its rate:
 * nothing is sampled. */
#include "check.h"

#include <inttypes.h>

bool check_is_claimed(const struct check *check, unsigned host, uint64_t now_ns)
{
    return check->claims[host].live && check->claims[host].end_ns > now_ns;
}

int check_goose(const struct check *check, uint64_t now_ns)
{
    for (unsigned host = 0; host < CHECK_HOSTS; host++) {
        if (check_is_claimed(check, host, now_ns)) {
            return (int)host;
        }
    }
    return -1;
}

/* A lost disk's uid is never heard again; one that was copied acts on what it has forgotten. */
void check_copy(struct check *check, uint64_t uid)
{
    const struct voter_seen *voter = check_voter(check, uid);
    if (voter != NULL && voter->tainted) {
        check_excuse(check, EXCUSE_COPY);
    }
}

static void judge_others(struct check *check, unsigned host, uint64_t now_ns)
{
    const struct claim_seen *mine = &check->claims[host];
    for (unsigned other = 0; other < CHECK_HOSTS; other++) {
        const struct claim_seen *theirs = &check->claims[other];
        if (other != host && theirs->live && theirs->end_ns > now_ns) {
            check_fail(check, RULE_S1, now_ns,
                       "n%u claims term %" PRIu64 " while n%u claims term %" PRIu64 " for %" PRIu64
                       " us more",
                       host + 1, mine->term, other + 1, theirs->term,
                       (theirs->end_ns - now_ns) / 1000);
        }
    }
}

static void judge_term(struct check *check, unsigned host, uint64_t now_ns)
{
    const struct claim_seen *mine = &check->claims[host];
    bool is_new;
    uint64_t *winner = facts_make(&check->winners, mine->term, 0, &is_new);
    if (winner != NULL && is_new) {
        *winner = mine->uid;
    }
    if (winner == NULL || *winner != mine->uid) {
        check_fail(check, RULE_S2, now_ns,
                   "n%u claims term %" PRIu64 ", which another node won before", host + 1,
                   mine->term);
    }
    if (mine->term < check->highest_term) {
        check_fail(check, RULE_S2, now_ns,
                   "n%u begins to claim term %" PRIu64 " after a claim of term %" PRIu64, host + 1,
                   mine->term, check->highest_term);
    }
    if (facts_find(&check->ended, mine->term, mine->uid) != NULL) {
        check_fail(check, RULE_S2, now_ns,
                   "n%u claims term %" PRIu64 " again, after its claim had ended", host + 1,
                   mine->term);
    }
    if (mine->term > check->highest_term) {
        check->highest_term = mine->term;
    }
}

static void judge_holds(struct check *check, unsigned host, uint64_t now_ns)
{
    for (unsigned i = 0; i < CHECK_HOLDS; i++) {
        const struct hold_given *hold = &check->holds[i];
        if (hold->end_ns > now_ns && hold->uid != check->claims[host].uid) {
            check_fail(check, RULE_HOLD, now_ns,
                       "n%u claims term %" PRIu64 " within a hold of another node, %" PRIu64
                       " us before its end",
                       host + 1, check->claims[host].term, (hold->end_ns - now_ns) / 1000);
        }
    }
}

/* PROTOCOL 8.5: a lease may end earlier than it said (under a new roster), but not within a hold that rests on it. */
static void judge_own_holds(struct check *check, unsigned host, uint64_t now_ns, uint64_t end_ns)
{
    const struct claim_seen *mine = &check->claims[host];
    for (unsigned i = 0; i < CHECK_HOLDS; i++) {
        const struct hold_given *hold = &check->holds[i];
        if (hold->uid == mine->uid && hold->end_ns > end_ns && hold->end_ns > now_ns) {
            check_fail(check, RULE_HOLD, now_ns,
                       "n%u's lease of term %" PRIu64 " now ends %" PRIu64
                       " us before a hold that it gave",
                       host + 1, mine->term, (hold->end_ns - end_ns) / 1000);
        }
    }
}

static void note_end(struct check *check, const struct claim_seen *claim)
{
    bool is_new;
    (void)facts_make(&check->ended, claim->term, claim->uid, &is_new);
}

static void cover(struct check *check, uint64_t now_ns)
{
    if (now_ns > check->covered_until_ns && now_ns - check->covered_until_ns > check->gap_ns) {
        check->gap_ns = now_ns - check->covered_until_ns;
    }
    check->covered_until_ns = now_ns;
    for (unsigned host = 0; host < CHECK_HOSTS; host++) {
        const struct claim_seen *claim = &check->claims[host];
        if (claim->live && claim->end_ns > check->covered_until_ns) {
            check->covered_until_ns = claim->end_ns;
        }
    }
}

void check_claim(struct check *check, unsigned host, uint64_t uid, uint64_t term, uint64_t now_ns,
                 uint64_t end_ns)
{
    struct claim_seen *claim = &check->claims[host];
    bool goes_on =
        claim->live && claim->end_ns > now_ns && claim->uid == uid && claim->term == term;
    if (goes_on && claim->end_ns == end_ns) {
        return;
    }
    if (!goes_on) {
        if (claim->live) {
            note_end(check, claim);
        }
        *claim = (struct claim_seen){true, uid, term, now_ns, end_ns};
        check_copy(check, uid);
        judge_term(check, host, now_ns);
    }
    if (end_ns > now_ns) {
        judge_others(check, host, now_ns);
        judge_holds(check, host, now_ns);
    }
    if (goes_on && end_ns < claim->end_ns) {
        judge_own_holds(check, host, now_ns, end_ns);
    }
    if (!goes_on || end_ns < claim->end_ns || now_ns > check->covered_until_ns) {
        claim->end_ns = end_ns;
        cover(check, now_ns);
    } else if (end_ns > check->covered_until_ns) {
        check->covered_until_ns = end_ns;
    }
    claim->end_ns = end_ns;
}

void check_claim_moved(struct check *check, unsigned host, uint64_t now_ns, uint64_t end_ns)
{
    struct claim_seen *claim = &check->claims[host];
    if (!check_is_claimed(check, host, now_ns)) {
        return;
    }
    claim->end_ns = end_ns;
    judge_others(check, host, now_ns);
    cover(check, now_ns);
}

void check_withdrawn(struct check *check, unsigned host, uint64_t now_ns)
{
    struct claim_seen *claim = &check->claims[host];
    if (claim->live) {
        note_end(check, claim);
        if (claim->end_ns > now_ns) {
            claim->end_ns = now_ns;
            claim->live = false;
            if (check->covered_until_ns > now_ns) {
                check->covered_until_ns = now_ns;
            }
            cover(check, now_ns);
        }
        claim->live = false;
    }
}

/* A hold binds all but the uid that gave it, from when it was given. Others that claim just now break it too. */
void check_hold(struct check *check, uint64_t uid, uint64_t now_ns, uint64_t end_ns)
{
    struct hold_given *place = &check->holds[0]; /* the one that ends first is over long since */
    for (unsigned i = 1; i < CHECK_HOLDS; i++) {
        if (check->holds[i].end_ns < place->end_ns) {
            place = &check->holds[i];
        }
    }
    *place = (struct hold_given){uid, end_ns};
    for (unsigned host = 0; host < CHECK_HOSTS; host++) {
        if (end_ns > now_ns && check_is_claimed(check, host, now_ns) &&
            check->claims[host].uid != uid) {
            check_fail(check, RULE_HOLD, now_ns, "a hold was given while n%u claims term %" PRIu64,
                       host + 1, check->claims[host].term);
        }
    }
}

void check_quiet_since(struct check *check, uint64_t now_ns)
{
    if (check->covered_until_ns < now_ns) {
        check->covered_until_ns = now_ns;
    }
    check->gap_ns = 0;
}

uint64_t check_gap_ns(const struct check *check, uint64_t now_ns)
{
    uint64_t open_ns = now_ns > check->covered_until_ns ? now_ns - check->covered_until_ns : 0;
    return open_ns > check->gap_ns ? open_ns : check->gap_ns;
}
