/* wire.h: the messages of the election, and their bytes.
 *
 * In memory a message is a view: its texts point into the datagram it was read from, or into the election that sends
 * it. It holds no roster; `with_roster` says that one rides along, and encoder and decoder take it beside the message.
 * The layout is drawn in src/election/wire.c. */
#ifndef GOOSE_WIRE_H
#define GOOSE_WIRE_H

#include "goose/roster.h"

/* Versions. Nodes of one major version run side by side. A newer minor version may only append fields to the end of a
 * message; an older reader ignores them, and nobody relies on them while it cannot know that all have them. */
#define WIRE_MAJOR 2
#define WIRE_MINOR 0

#define DATAGRAM_BYTES_MAX 1372 /* sealed: under any common path's limit, headers included */
#define SEAL_BYTES_MAX     56
#define MESSAGE_BYTES_MAX  (DATAGRAM_BYTES_MAX - SEAL_BYTES_MAX)

#define PROMISE_US_MAX UINT32_C(63000000)

enum message_kind {
    MESSAGE_HEARTBEAT = 1,
    MESSAGE_ACK,
    MESSAGE_CANVASS,
    MESSAGE_CANVASS_REPLY,
    MESSAGE_VOTE,
    MESSAGE_VOTE_REPLY,
    MESSAGE_RESIGN,
    MESSAGE_HELLO,
    MESSAGE_WELCOME,
    MESSAGE_REQUEST,
    MESSAGE_RESULT,
    MESSAGE_STALE, /* what you sent was not for this life of mine, or not from your newest: ask me anew */
    MESSAGE_KINDS
};

/* Why a canvass or a vote is granted or not: PROTOCOL 6.1 and 6.3. Travels in replies. */
enum verdict {
    VERDICT_YES,
    VERDICT_STRANGER, /* the asker has no seat in my roster, and its roster is not newer */
    VERDICT_NOT_PART, /* I may not vote: no seat of mine counts, or I am newborn and not cleared yet */
    VERDICT_OLD_TERM,     /* my term is higher */
    VERDICT_VOTED,        /* I voted for another in that term */
    VERDICT_QUARANTINE,   /* I started too recently */
    VERDICT_OLD_ROSTER,   /* my roster is newer; the reply carries it */
    VERDICT_OTHER_ROSTER, /* same term and version, other seats: different --peers */
    VERDICT_RESIGNED,     /* the asker gave that term up */
    VERDICT_LEASE_LIVES,  /* I am the goose */
    VERDICT_PROMISED,     /* my promise to another has not ended */
    VERDICT_YIELD_TO_ME,  /* I canvass too, and am ahead */
    VERDICT_FAILED,       /* my disk failed: nothing I say would last */
    VERDICTS
};

/* What became of a request: answers to operators and clients, and RESULT. */
enum outcome {
    OUTCOME_DONE,
    OUTCOME_NOT_FOUND, /* nobody of that address */
    OUTCOME_NOT_ELIGIBLE, /* it cannot be goose now: draining, priority 0, silent, behind, or no voter */
    OUTCOME_COSTS_MAJORITY, /* the rest would be no connected majority */
    OUTCOME_LAST_SEAT,      /* the only voter cannot be removed */
    OUTCOME_UNCLAIMED_FIRST, /* the rest would be no majority because of seats that nobody has claimed */
    OUTCOME_NO_GOOSE,
    OUTCOME_NOT_GOOSE,
    OUTCOME_BUSY, /* too many requests wait already */
    OUTCOME_TIMED_OUT,
    OUTCOMES
};

enum carried { CARRIED_REMOVE = 1, CARRIED_HANDOVER, CARRIED_VOTERS, CARRIED_KINDS };

/* Somebody's time as candidate and goose: what a promise is given to, and what a resignation gives up for ever. The life
 * belongs to it: an old copy of a node's state may win the very term that an earlier life of it has resigned, and what
 * that life said frees nobody of what was promised to this one. term 0: none. */
struct tenure {
    uint64_t term;
    uint64_t uid;
    uint64_t life;
};

struct heartbeat {
    uint64_t seq; /* higher in every heartbeat of a (term, uid) */
    uint64_t sent_at_us;
    uint32_t promise_us;
    uint32_t succession_delay_us;
    uint32_t step_us;
    uint64_t founding; /* of the roster in use */
    bool settled;      /* every voter has acknowledged a roster without unclaimed seats */
};

struct ack {
    uint64_t seq;
    uint64_t sent_at_us;
    bool yes;      /* no: my term is higher, see the header */
    bool stands;   /* I can become goose, or be let in */
    bool observes; /* by its options: a seat of its own is to be removed */
    uint8_t priority;
    uint16_t http_port;
};

/* CANVASS and VOTE. A canvass asks for the header's term + 1, a vote for the header's term. */
struct ask {
    uint64_t round;
    uint64_t term;
    uint64_t sent_at_us;
    uint32_t promise_us;
    uint32_t succession_delay_us;
    uint64_t roster_digest;
    struct tenure after; /* the newest resignation that the sender knows */
};

struct reply {
    uint64_t round;
    uint64_t sent_at_us; /* the ask's, echoed */
    enum verdict verdict;
    struct tenure after; /* the newest resignation that the sender knows */
};

struct resign {
    uint64_t term;
    uint64_t heir_uid; /* 0: none */
    uint32_t step_us;
};

struct hello {
    uint64_t nonce;
    uint64_t invite; /* of a WELCOME of the receiver, echoed; 0: none yet */
    uint64_t peers_digest;
    uint8_t priority;
    uint16_t http_port;
    bool may_enter; /* I may be let in as a voter */
};

struct welcome {
    uint64_t nonce;  /* of the HELLO, echoed */
    uint64_t invite; /* to be echoed: who can do that is where it says it is */
    uint64_t peers_digest;
    uint64_t newest_life;    /* of the receiver's uid, that the sender knows; 0: none */
    uint64_t newest_counter; /* of that life */
    bool knows_flock;        /* the sender's roster has a term above 0 */
    bool old_copy;           /* the receiver shows less than an earlier life of its uid did */
    struct text goose;       /* empty: not known */
};

struct request {
    uint64_t number; /* with the sender's uid and life: names the request for ever */
    uint64_t term;   /* the goose's, when it was asked */
    enum carried what;
    bool force;
    uint8_t wanted;      /* CARRIED_VOTERS: how many voters, 1..ROSTER_SEATS_MAX; else 0 */
    struct text address; /* empty: anybody (handover), nobody (voters) */
};

struct result {
    uint64_t life; /* the requester's */
    uint64_t number;
    enum outcome outcome;
    uint8_t stops_at; /* of a removal: see struct answer */
};

struct message {
    enum message_kind kind;
    bool with_roster;
    uint64_t name_tag; /* a digest of the flock's name */
    uint64_t flock_id; /* 0: not of a flock yet */
    uint64_t uid;      /* the sender's */
    uint64_t life;     /* how often it has started, and 32 random bits below that */
    uint64_t counter;  /* higher in every message of that life */
    uint64_t for_life; /* the receiver's, as the sender knows it; 0 in a HELLO: not known */
    uint64_t term;
    uint64_t roster_term;
    uint64_t roster_version;
    struct text
        address; /* the sender's; empty in HEARTBEAT, STALE, RESULT and the replies to CANVASS and VOTE */
    union {
        struct heartbeat heartbeat;
        struct ack ack;
        struct ask ask;
        struct reply reply;
        struct resign resign;
        struct hello hello;
        struct welcome welcome;
        struct request request;
        struct result result;
    };
};

/* Why bytes are no message. Each is a counter somewhere. */
enum wire_result {
    WIRE_OK,
    WIRE_SHORT, /* ends before its fields do */
    WIRE_LONG,  /* goes on behind them, or over MESSAGE_BYTES_MAX */
    WIRE_OTHER_MAJOR,
    WIRE_UNKNOWN_KIND,
    WIRE_ABSURD,        /* a value that no node sends: a promise over 63 s, uid 0, ... */
    WIRE_NOT_CANONICAL, /* two ways of saying one thing, and this is the other */
    WIRE_BAD_ADDRESS,
    WIRE_BAD_ROSTER,
    WIRE_RESULTS
};

/* Bytes written, always > 0 and <= MESSAGE_BYTES_MAX. `roster` is read where message->with_roster. The buffer holds
 * MESSAGE_BYTES_MAX bytes. The message must be one that wire_decode() would give back. */
size_t wire_encode(const struct message *message, const struct roster *roster, uint8_t *bytes);

/* Never reads past `count`, never allocates. `roster` is filled where message->with_roster is set, and left alone
 * otherwise. The message's texts point into `bytes`. */
enum wire_result wire_decode(const uint8_t *bytes, size_t count, struct message *message,
                             struct roster *roster);

const char *wire_result_name(enum wire_result result);
const char *message_kind_name(enum message_kind kind);
const char *verdict_name(enum verdict verdict);
const char *outcome_name(enum outcome outcome);

#endif
