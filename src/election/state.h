/* state.h: the insides of an election, as plain data without pointers, so that it can be stored, copied, compared and
 * hashed. Only src/election writes it; tests and simulators look. To drive an election, goose/election.h is enough. */
#ifndef ELECTION_STATE_H
#define ELECTION_STATE_H

#include "goose/election.h"

#define GUESTS_MAX \
    8 /* uids without a seat here that matter a while: a goose or candidate of a newer roster */
#define PEERS_MAX    (GOOSE_ROSTER_SEATS_MAX + GUESTS_MAX)
#define RESULTS_KEPT 8 /* of forwarded requests: who repeats one is told the same again */

/* What is to be sent to a peer as soon as it may be. */
enum owed {
    OWED_HEARTBEAT = 1 << 0,
    OWED_ACK = 1 << 1,
    OWED_ASK = 1 << 2,   /* my canvass or vote */
    OWED_REPLY = 1 << 3, /* to its canvass or vote */
    OWED_RESIGN = 1 << 4,
    OWED_HELLO = 1 << 5,
};

/* A canvass or vote that was put to me: kept until a promise ends, or answered when what the answer says is durable. */
struct asked {
    bool kept; /* waits for the promise to end */
    bool is_vote;
    enum goose_verdict verdict;
    uint64_t life; /* the asker's */
    struct goose_ask ask;
    uint64_t roster_term; /* the asker's */
    uint64_t roster_version;
    uint64_t flock_id;
};

/* The node at a seat (peers[i] is at seats[i] of the roster in use), or a guest behind them. */
struct peer {
    struct goose_contact contact;
    struct goose_follower follower;
    struct goose_address moved_to; /* it acks from another address than its seat's */
    uint64_t newborn_uid;          /* another uid was heard at this seat's address */
    uint64_t newborn_at_us;
    unsigned tries;     /* sends while silent: the two ways to it in turn */
    uint64_t invite;    /* of its last WELCOME */
    uint64_t told_life; /* of its, that my last HELLO named */
    bool knows_me;      /* its last WELCOME knew this life of mine */
    /* goose: its silence counts from here on, or from when it was heard */
    uint64_t silent_since_us;
    /* My round. */
    bool answered;
    bool yes;
    uint64_t yes_sent_at_us;
    /* Its round, or its heartbeat. */
    struct asked asked;
    struct goose_ack ack;
    uint8_t rank; /* goose: in the succession, 0: the heir */
    unsigned owed;
};

struct promise {
    struct goose_tenure to;
    uint64_t until_us;
};

/* What the goose that I follow, or followed last, told me. */
struct heard_goose {
    uint64_t uid;
    uint64_t term;
    uint64_t seq;
    uint64_t until_us; /* what I promised it ends; 0: it resigned */
    uint32_t delay_us;
    uint32_t stagger_us;
    bool settled;
    bool behind; /* its roster is newer than mine, and did not come along */
};

/* My canvass or candidacy. */
struct round {
    uint64_t id;
    uint64_t began_us;
    uint64_t ends_us;
    uint64_t ask_at_us;
    uint64_t vote_generation; /* candidate: my own vote is durable from this one on */
    unsigned failures;        /* in a row */
};

#define LEASE_ALONE UINT64_MAX

/* Why a goose is to resign, PROTOCOL 7; where there are several, the first counts. */
enum wish {
    WISH_DISK = 1 << 0, /* a write failed; the others are planned, and wait for open work */
    WISH_STOP = 1 << 1,
    WISH_DRAIN = 1 << 2,
    WISH_OPTIONS = 1 << 3, /* priority 0, or an observer */
    WISH_REMOVAL = 1 << 4, /* of my own seat */
    WISH_HANDOVER = 1 << 5,
    WISH_IN_PLACE = 1 << 6,
};

/* My term as candidate and goose. */
struct reign {
    uint64_t lease_us;
    uint64_t promise_us;
    uint64_t heartbeat_us;
    uint64_t seq;
    uint64_t heartbeat_at_us;
    uint64_t hold_end_us;
    /* The lease counts from here: 0 nobody backs it, LEASE_ALONE: my own seat is a majority */
    uint64_t base_us;
    uint64_t above_term; /* a higher term that was seen: the next candidacy goes above it */
    uint32_t stagger_us;
    /* The roster in use, or the one to come, is durable from this one on */
    uint64_t roster_generation;
    bool roster_pending; /* saved.roster is to be used once it is durable */
    enum goose_reason pending_why;
    uint64_t pending_uid;
    bool committed_told;
    unsigned wishes;        /* that it resign: bits of enum wish */
    uint64_t named_heir;    /* of the handover that is wished; 0: anybody */
    uint64_t heir_uid;      /* who is to come, as far as was known last; 0: nobody */
    uint32_t work_open;     /* what the caller has open */
    uint64_t work_grace_us; /* and how long the slowest of it may take to leave */
    uint64_t leave_ends_us; /* nobody waits for work any more; 0: it was not asked to leave */
    bool leave_told;
};

/* RESIGN, three times to all. */
struct farewell {
    uint64_t term;
    uint64_t heir_uid;
    uint32_t stagger_us;
    unsigned left;
    uint64_t next_us;
    uint64_t stands_on;
    uint32_t observers_at; /* how many of the table have been told this time */
    bool observers_left;
};

/* What an operator wants of the roster, and the goose carries out, one at a time: a removal, or how many voters are
 * wanted. */
struct removal {
    bool active;
    bool force;
    bool committed; /* it is done, and who asked is to be told */
    uint8_t wanted; /* 0: it is a removal */
    uint64_t uid;   /* whom; 0: an unclaimed seat */
    struct goose_address address;
    uint64_t for_uid; /* who asked; 0: here */
    uint64_t for_life;
    uint64_t number; /* theirs, or of the request here */
    uint64_t ends_us;
};

struct result_kept {
    uint64_t uid;
    uint64_t life;
    uint64_t number;
    enum goose_outcome outcome;
    uint8_t stops_at;
};

/* A request made here that is not answered yet. */
struct open_request {
    uint64_t id; /* 0: free */
    enum goose_request_kind kind;
    bool force;
    uint8_t wanted;
    bool known; /* the address was a member's when it was asked */
    bool owed;  /* to be sent to the goose */
    uint64_t number;
    uint64_t term; /* the goose's when it was asked */
    uint64_t since_us;
    uint64_t ask_at_us;
    uint64_t ends_us;
    struct goose_address address;
};

/* Where a HELLO goes besides the roster: to a goose that a WELCOME named, or to a sender heard. */
struct invite {
    uint64_t nonce; /* of its WELCOME; 0: not known */
    uint64_t life;  /* its own; 0: not known */
    struct goose_address address;
    unsigned knocks; /* since the last interval began */
    bool knock;      /* say HELLO now */
};

/* PROTOCOL 4: what is sent to whoever asks, without proof of being there, is bounded. */
#define STALES_KEPT 16
struct stale {
    struct goose_endpoint to;
    uint64_t again_at_us;
};

struct bounds {
    struct stale stales[STALES_KEPT];
    unsigned stale_next;
    unsigned greeted; /* HELLOs without an invite that were answered, lately */
    uint64_t greeted_at_us;
};

#define QUESTIONS_MAX 8
struct question {
    uint64_t uid; /* whom; 0: free */
    unsigned times;
};

struct birth {
    bool newborn; /* started without state in this life */
    /* The quarantine has passed: the longest promise given since may replace the one on file */
    bool may_shrink;
    bool cleared;         /* may take part in the bootstrap */
    bool knows_flock;     /* somebody asked knows of one: no bootstrap */
    bool listening;       /* a lone founder */
    uint64_t wait_end_us; /* when a promise's time has passed since birth */
    uint64_t listen_end_us;
    struct question questions[QUESTIONS_MAX]; /* asked because of what was meant for another life */
    uint32_t said_none;                       /* bits of options.peers */
    uint32_t said_none_in_term_0;
};

struct goose_election {
    bool started;
    bool failed;
    bool retired;
    bool draining;
    uint64_t now_us; /* of the newest event */
    uint64_t chance; /* stirred with each event's entropy */
    struct goose_election_options options;

    struct goose_durable_state saved; /* what is, or is about to be, on disk */
    uint64_t generation;              /* of `saved` */
    uint64_t writing;                 /* the one under way; 0: none */
    uint64_t durable;                 /* the newest that is on disk */
    uint64_t writing_roster_term;     /* of the roster in that write */
    uint64_t durable_roster_term;     /* of the roster that is on disk */

    struct goose_roster roster; /* in use */
    struct birth birth;
    uint64_t quarantine_end_us;
    uint64_t longest_given_us; /* since the start */

    enum goose_role role;
    struct promise promise;
    struct heard_goose heard_goose;
    struct goose_tenure resigned; /* the newest resignation heard */
    uint64_t stand_at_us;
    struct round round;
    struct reign reign;
    struct farewell farewell;
    struct removal removal;
    struct result_kept results[RESULTS_KEPT];
    unsigned result_next;
    struct open_request requests[GOOSE_ELECTION_REQUESTS_MAX];
    uint64_t request_number;
    uint64_t stop_id; /* the GOOSE_REQUEST_STOP to be answered */

    uint64_t hello_at_us;
    uint64_t hello_nonce;
    unsigned hello_turn;
    struct goose_address hello_to; /* the one of --peers or --join whose turn it is; empty: none */
    struct invite invite;
    uint64_t invite_secret[2];
    uint64_t greet_at_us; /* those that do not know this life of mine are greeted again */
    struct bounds bounds;
    uint64_t counter; /* of my newest message */
    uint64_t owing;   /* bit i: peers[i].owed is not 0 */
    uint64_t keeping; /* bit i: peers[i].asked.kept */
    uint64_t yielded; /* bit i: I made way for a canvass of peers[i], and nothing came of it yet */

    uint64_t told_goose_uid; /* of the last GOOSE_NOTE_GOOSE */
    uint64_t two_geese_again_us;

    struct peer peers[PEERS_MAX];
};

#endif
