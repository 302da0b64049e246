/* check.h: what must always hold (PROTOCOL 2), judged from what was seen from outside and remembered perfectly.
 *
 * The checkers know nothing of the code they check: they are told facts (a claim seen, a message that left, bytes on a
 * disk) and never believe a node's own memory. test_checkers.c tells them lies and sees each of them notice. Times are
 * real nanoseconds unless named otherwise; `steady_us` is a host's clock as it goes on through reboots, `local_us` as
 * its node sees it. The first thing that breaks is kept; what follows from it is not told. */
#ifndef GOOSIM_CHECK_H
#define GOOSIM_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHECK_HOSTS    16
#define CHECK_HOLDS    32
#define CHECK_UIDS     128
#define CHECK_PROMISES 8
#define CHECK_FACTS    8192 /* a power of two */

enum rule {
    RULE_NONE,
    RULE_S1,
    RULE_S1_STAR, /* a vote while the voter's last word still backs a live lease: the step before two claims */
    RULE_S2,
    RULE_S3,
    RULE_S4,
    RULE_S5,
    RULE_HOLD,
    RULE_WORK, /* a resignation by plan waits for open work */
    RULE_NEWBORN,
    RULE_L1,
    RULE_L2,
    RULE_L3,
    RULE_DURABLE,   /* something left that stands on what is not on the disk */
    RULE_INVARIANT, /* goose_election_check() or goose_election_check_step() */
    RULE_STEP,      /* the door does not behave as election.h says */
    RULE_WIRE, /* a message that goose_wire_decode() refuses, a state that goose_durable_decode() refuses */
    RULES
};

/* What a run has met that PROTOCOL 2 excludes: some rules cannot hold then, and are counted, not judged. */
enum excuse {
    EXCUSE_NONE,
    EXCUSE_COPY,       /* a uid that ran twice, or on an old state, voted, resigned or claimed */
    EXCUSE_TWO_FLOCKS, /* one --self on two machines at the founding */
    EXCUSES
};

/* (a, b) -> value, never forgotten during a run. */
struct fact {
    uint64_t a;
    uint64_t b;
    uint64_t value;
};

struct facts {
    struct fact slots[CHECK_FACTS];
    uint32_t used[CHECK_FACTS];
    uint32_t count;
};

struct claim_seen {
    bool live;
    uint64_t uid;
    uint64_t term;
    uint64_t begin_ns;
    uint64_t end_ns; /* the first instant at which it is not true any more */
};

/* The word of a voter that left: an ACK or a yes. */
struct word {
    uint64_t to; /* uid; 0: a free place */
    uint64_t term;
    uint64_t since_steady_us; /* on the voter's clock: when what it answers was handled */
    uint64_t until_steady_us;
    uint64_t sent_at_us; /* on the goose's: its lease counts from here */
};

struct voter_seen {
    uint64_t uid;
    uint64_t durable_term; /* the newest roster that was ever on its disk */
    uint64_t durable_version;
    bool tainted;   /* its disk was lost or rolled back: nothing is promised about this uid */
    uint64_t goose; /* the latest that it heard from */
    uint64_t goose_term;
    struct word words[CHECK_PROMISES];
};

struct hold_given {
    uint64_t uid;
    uint64_t end_ns;
};

struct check {
    enum rule broken;
    uint64_t broken_ns;
    char why[240];
    enum excuse excuse;
    /* The first rule that was broken with an excuse: what follows from it is not told either */
    enum rule excused;
    /* Beyond the failure model S1 alone must hold; what the core says of itself must hold too */
    bool only_s1;

    struct claim_seen claims[CHECK_HOSTS];
    uint64_t highest_term;
    uint64_t covered_until_ns; /* somebody claims, or claimed, up to here */
    uint64_t gap_ns;           /* the longest time without a claim since gap_ns was last set to 0 */
    uint64_t lease_us[CHECK_HOSTS]; /* of the node there, the shortest that may be in force */
    uint64_t local_us[CHECK_HOSTS]; /* clocks now: set before check_vote() */

    struct hold_given holds[CHECK_HOLDS];

    uint64_t committed_term;
    uint64_t committed_version;

    struct facts winners;  /* (term, 0) -> uid */
    struct facts ended;    /* (term, uid) -> when its claim ended */
    struct facts votes;    /* (voter, term) -> candidate */
    struct facts rounds;   /* (round, 0) -> candidate, (round, 1) -> term */
    struct facts resigned; /* (uid, 0) -> the highest term that it gave up */
    struct voter_seen voters[CHECK_UIDS];
    unsigned voter_count;
};

void facts_clear(struct facts *facts);
/* NULL: not known. */
uint64_t *facts_find(struct facts *facts, uint64_t a, uint64_t b);
/* The value's place; *is_new says whether it was made just now (with value 0). NULL: no room. */
uint64_t *facts_make(struct facts *facts, uint64_t a, uint64_t b, bool *is_new);

void check_reset(struct check *check);
void check_fail(struct check *check, enum rule rule, uint64_t now_ns, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool check_is_over(const struct check *check);      /* something is broken, excused or not */
void check_copy(struct check *check, uint64_t uid); /* it acts: is it one? */
void check_excuse(struct check *check, enum excuse excuse);
const char *rule_name(enum rule rule);

/* check_claims.c: S1, S2, holds, and the time without a goose. */
void check_claim(struct check *check, unsigned host, uint64_t uid, uint64_t term, uint64_t now_ns,
                 uint64_t end_ns);
void check_claim_moved(struct check *check, unsigned host, uint64_t now_ns, uint64_t end_ns);
void check_withdrawn(struct check *check, unsigned host, uint64_t now_ns);
bool check_is_claimed(const struct check *check, unsigned host, uint64_t now_ns);
int check_goose(const struct check *check, uint64_t now_ns); /* a host that claims; -1: none */
void check_hold(struct check *check, uint64_t uid, uint64_t now_ns, uint64_t end_ns);
void check_quiet_since(struct check *check,
                       uint64_t now_ns); /* measure the time without a goose from now on */
uint64_t check_gap_ns(const struct check *check, uint64_t now_ns);

/* check_votes.c: S3, S5, S1*, S4. */
struct voter_seen *check_voter(struct check *check, uint64_t uid);
/* Whether this voter gave its word that a lease of the goose may run to `end_us` on the goose's clock. */
bool check_backs(struct check *check, uint64_t voter, uint64_t goose, uint64_t term,
                 uint64_t lease_us, uint64_t end_us);
void check_taint(struct check *check, uint64_t uid);
void check_round(struct check *check, uint64_t round, uint64_t candidate, uint64_t term);
uint64_t check_round_of(struct check *check, uint64_t round); /* 0: nobody's */
uint64_t check_term_of(struct check *check, uint64_t round);
void check_word(struct check *check, uint64_t voter, const struct word *word);
/* It heard from the goose of this term: what it promised to others up to this term is over, for that goose could not
 * have won else. */
void check_heard_goose(struct check *check, uint64_t voter, uint64_t goose, uint64_t term);
void check_vote(struct check *check, unsigned host, uint64_t voter, uint64_t candidate,
                uint64_t term, uint64_t decided_steady_us, uint64_t now_ns);
void check_resigned(struct check *check, unsigned host, uint64_t uid, uint64_t term,
                    uint64_t now_ns);
void check_durable_roster(struct check *check, uint64_t uid, uint64_t term, uint64_t version);
/* Declared committed: `holders` of `seats` have it on their disks. */
void check_committed(struct check *check, uint64_t term, uint64_t version, int holders, int seats,
                     uint64_t now_ns);
/* A goose replaces this roster by one of its own: `holders` of `seats` have it on their disks. */
void check_replaced(struct check *check, uint64_t term, uint64_t version, int holders, int seats,
                    uint64_t now_ns);
/* By one with which it has `kept` seats in common, while `gone` and `new_ones` stand in one of them alone. */
void check_overlap(struct check *check, uint64_t term, uint64_t version, int gone, int kept,
                   int new_ones, uint64_t now_ns);
/* A goose begins with this roster: what it held when it stood. */
void check_leads(struct check *check, uint64_t uid, uint64_t term, uint64_t version,
                 uint64_t now_ns);

#endif
