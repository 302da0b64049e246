/* check_votes.c: S3, S5, S4 and S1*, with a perfect memory of every word that a voter gave.
 *
 * A word counts once it has left the node (an ACK, a yes, a candidate's own vote when it wins); what it promised counts
 * from when the message that it answers was handled. Only the very resignation of the goose it was given to frees it,
 * and only once that has left. A node's own promise is never asked. */
#include "check.h"

#include <inttypes.h>

struct voter_seen *check_voter(struct check *check, uint64_t uid)
{
    if (uid == 0) {
        return NULL;
    }
    unsigned at = (unsigned)(uid % CHECK_UIDS);
    while (check->voters[at].uid != 0 && check->voters[at].uid != uid) {
        at = (at + 1) % CHECK_UIDS;
    }
    if (check->voters[at].uid == 0) {
        if (check->voter_count == CHECK_UIDS - 1) {
            return NULL;
        }
        check->voter_count++;
        check->voters[at].uid = uid;
    }
    return &check->voters[at];
}

void check_taint(struct check *check, uint64_t uid)
{
    struct voter_seen *voter = check_voter(check, uid);
    if (voter != NULL) {
        voter->tainted = true;
    }
}

void check_round(struct check *check, uint64_t round, uint64_t candidate, uint64_t term)
{
    bool is_new;
    uint64_t *whose = facts_make(&check->rounds, round, 0, &is_new);
    uint64_t *of_term = facts_make(&check->rounds, round, 1, &is_new);
    if (whose != NULL && of_term != NULL) {
        *whose = candidate;
        *of_term = term;
    }
}

uint64_t check_term_of(struct check *check, uint64_t round)
{
    const uint64_t *term = facts_find(&check->rounds, round, 1);
    return term == NULL ? 0 : *term;
}

uint64_t check_round_of(struct check *check, uint64_t round)
{
    const uint64_t *whose = facts_find(&check->rounds, round, 0);
    return whose == NULL ? 0 : *whose;
}

static void widen(struct word *kept, const struct word *word)
{
    if (word->until_steady_us > kept->until_steady_us) {
        kept->until_steady_us = word->until_steady_us;
    }
    if (word->sent_at_us > kept->sent_at_us) {
        kept->sent_at_us = word->sent_at_us;
    }
}

static bool is_over(const struct voter_seen *voter, const struct word *word)
{
    return word->term < voter->goose_term ||
           (word->term == voter->goose_term && word->to != voter->goose);
}

/* A word takes the place of one that has ended, else of the one that ends first. */
void check_word(struct check *check, uint64_t voter_uid, const struct word *word)
{
    struct voter_seen *voter = check_voter(check, voter_uid);
    if (voter == NULL || is_over(voter, word)) {
        return;
    }
    struct word *place = &voter->words[0];
    for (unsigned i = 0; i < CHECK_PROMISES; i++) {
        struct word *kept = &voter->words[i];
        if (kept->to == word->to && kept->term == word->term) {
            widen(kept, word);
            return;
        }
        if (kept->until_steady_us < place->until_steady_us) {
            place = kept;
        }
    }
    *place = *word;
}

/* A goose that gave up a term claims no earlier one either. */
static bool is_freed(struct check *check, const struct word *word)
{
    const uint64_t *term = facts_find(&check->resigned, word->to, 0);
    return term != NULL && *term >= word->term;
}

static void judge_promises(struct check *check, const struct voter_seen *voter, uint64_t candidate,
                           uint64_t term, uint64_t decided_steady_us, uint64_t now_ns)
{
    for (unsigned i = 0; i < CHECK_PROMISES; i++) {
        const struct word *word = &voter->words[i];
        if (word->to != 0 && word->to != candidate && word->since_steady_us <= decided_steady_us &&
            word->until_steady_us > decided_steady_us && !is_freed(check, word)) {
            check_fail(check, RULE_S5, now_ns,
                       "%016" PRIx64 " votes for %016" PRIx64 " in term %" PRIu64 ", %" PRIu64
                       " us before its promise to %016" PRIx64 " in term %" PRIu64 " ends",
                       voter->uid, candidate, term, word->until_steady_us - decided_steady_us,
                       word->to, word->term);
        }
    }
}

void check_heard_goose(struct check *check, uint64_t voter_uid, uint64_t goose, uint64_t term)
{
    struct voter_seen *voter = check_voter(check, voter_uid);
    if (voter == NULL || voter->goose_term > term) {
        return;
    }
    voter->goose = goose;
    voter->goose_term = term;
    for (unsigned i = 0; i < CHECK_PROMISES; i++) {
        if (is_over(voter, &voter->words[i])) {
            voter->words[i] = (struct word){0};
        }
    }
}

static const struct word *word_to(const struct voter_seen *voter, uint64_t uid, uint64_t term)
{
    for (unsigned i = 0; i < CHECK_PROMISES; i++) {
        if (voter->words[i].to == uid && voter->words[i].term == term) {
            return &voter->words[i];
        }
    }
    return NULL;
}

bool check_backs(struct check *check, uint64_t voter_uid, uint64_t goose, uint64_t term,
                 uint64_t lease_us, uint64_t end_us)
{
    const struct voter_seen *voter = check_voter(check, voter_uid);
    const struct word *word = voter == NULL ? NULL : word_to(voter, goose, term);
    return word != NULL && word->sent_at_us + lease_us >= end_us;
}

static void judge_leases(struct check *check, const struct voter_seen *voter, uint64_t candidate,
                         uint64_t term, uint64_t now_ns)
{
    for (unsigned host = 0; host < CHECK_HOSTS; host++) {
        const struct claim_seen *claim = &check->claims[host];
        if (!check_is_claimed(check, host, now_ns) || claim->uid == candidate ||
            claim->term >= term) {
            continue; /* who has won the very term of this vote leaves the candidate no majority */
        }
        const struct word *word = word_to(voter, claim->uid, claim->term);
        bool backs =
            claim->uid == voter->uid ||
            (word != NULL && word->sent_at_us + check->lease_us[host] > check->local_us[host]);
        if (backs) {
            check_fail(check, RULE_S1_STAR, now_ns,
                       "%016" PRIx64 " votes for %016" PRIx64 " in term %" PRIu64
                       " while its last word still backs n%u's lease of term %" PRIu64,
                       voter->uid, candidate, term, host + 1, claim->term);
        }
    }
}

void check_vote(struct check *check, unsigned host, uint64_t voter_uid, uint64_t candidate,
                uint64_t term, uint64_t decided_steady_us, uint64_t now_ns)
{
    struct voter_seen *voter = check_voter(check, voter_uid);
    check_copy(check, voter_uid);
    if (voter == NULL || voter->tainted) {
        return;
    }
    bool is_new;
    uint64_t *vote = facts_make(&check->votes, voter_uid, term, &is_new);
    if (vote != NULL && is_new) {
        *vote = candidate;
    } else if (vote == NULL || *vote != candidate) {
        check_fail(check, RULE_S3, now_ns,
                   "n%u (%016" PRIx64 ") votes for %016" PRIx64 " and for %016" PRIx64
                   " in term %" PRIu64,
                   host + 1, voter_uid, vote == NULL ? 0 : *vote, candidate, term);
    }
    judge_promises(check, voter, candidate, term, decided_steady_us, now_ns);
    judge_leases(check, voter, candidate, term, now_ns);
}

void check_resigned(struct check *check, unsigned host, uint64_t uid, uint64_t term,
                    uint64_t now_ns)
{
    const struct claim_seen *claim = &check->claims[host];
    check_copy(check, uid); /* it may give up what an earlier life of it still claims */
    if (check_is_claimed(check, host, now_ns) && claim->uid == uid && claim->term == term) {
        check_fail(check, RULE_S1_STAR, now_ns,
                   "n%u resigns term %" PRIu64 " and still claims it for %" PRIu64 " us", host + 1,
                   term, (claim->end_ns - now_ns) / 1000);
    }
    bool is_new;
    uint64_t *highest = facts_make(&check->resigned, uid, 0, &is_new);
    if (highest != NULL && term > *highest) {
        *highest = term;
    }
}

static bool roster_before(uint64_t term, uint64_t version, uint64_t other_term,
                          uint64_t other_version)
{
    return term < other_term || (term == other_term && version < other_version);
}

void check_durable_roster(struct check *check, uint64_t uid, uint64_t term, uint64_t version)
{
    struct voter_seen *voter = check_voter(check, uid);
    if (voter != NULL &&
        roster_before(voter->durable_term, voter->durable_version, term, version)) {
        voter->durable_term = term;
        voter->durable_version = version;
    }
}

void check_committed(struct check *check, uint64_t term, uint64_t version, int holders, int seats,
                     uint64_t now_ns)
{
    if (2 * holders <= seats) {
        check_fail(check, RULE_S4, now_ns,
                   "roster %" PRIu64 ".%" PRIu64
                   " is called committed, and is on the disks of %d of %d",
                   term, version, holders, seats);
    }
    if (roster_before(check->committed_term, check->committed_version, term, version)) {
        check->committed_term = term;
        check->committed_version = version;
    }
}

/* PROTOCOL 8.2: no change on top of one that may still be lost. */
void check_replaced(struct check *check, uint64_t term, uint64_t version, int holders, int seats,
                    uint64_t now_ns)
{
    if (2 * holders <= seats) {
        check_fail(check, RULE_S4, now_ns,
                   "roster %" PRIu64 ".%" PRIu64 " is replaced, and is on the disks of %d of %d",
                   term, version, holders, seats);
    }
}

/* How many of the seats that both have a majority needs at least. */
static int needs_of_kept(int alone, int kept)
{
    int majority = (alone + kept) / 2 + 1;
    return majority > alone ? majority - alone : 0;
}

/* PROTOCOL 8.1: a majority of the old and one of the new always share a node. */
void check_overlap(struct check *check, uint64_t term, uint64_t version, int gone, int kept,
                   int new_ones, uint64_t now_ns)
{
    if (needs_of_kept(gone, kept) + needs_of_kept(new_ones, kept) <= kept) {
        check_fail(check, RULE_S2, now_ns,
                   "roster %" PRIu64 ".%" PRIu64
                   " is replaced by one without %d and with %d others, of %d in both: two "
                   "majorities without a common node",
                   term, version, gone, new_ones, kept);
    }
}

void check_leads(struct check *check, uint64_t uid, uint64_t term, uint64_t version,
                 uint64_t now_ns)
{
    const struct voter_seen *voter = check_voter(check, uid);
    if (voter != NULL && !voter->tainted &&
        roster_before(term, version, check->committed_term, check->committed_version)) {
        check_fail(check, RULE_S4, now_ns,
                   "%016" PRIx64 " becomes goose with roster %" PRIu64 ".%" PRIu64 ", and %" PRIu64
                   ".%" PRIu64 " was committed",
                   uid, term, version, check->committed_term, check->committed_version);
    }
}
