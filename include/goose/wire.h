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
#define GOOSE_WIRE_MAJOR 2
#define GOOSE_WIRE_MINOR 0

#define GOOSE_DATAGRAM_BYTES_MAX 1372 /* sealed: under any common path's limit, headers included */
#define GOOSE_SEAL_BYTES_MAX     56
#define GOOSE_MESSAGE_BYTES_MAX  (GOOSE_DATAGRAM_BYTES_MAX - GOOSE_SEAL_BYTES_MAX)

#define GOOSE_PROMISE_US_MAX UINT32_C(63000000)

enum goose_message_kind {
    GOOSE_MESSAGE_HEARTBEAT = 1,
    GOOSE_MESSAGE_ACK,
    GOOSE_MESSAGE_CANVASS,
    GOOSE_MESSAGE_CANVASS_REPLY,
    GOOSE_MESSAGE_VOTE,
    GOOSE_MESSAGE_VOTE_REPLY,
    GOOSE_MESSAGE_RESIGN,
    GOOSE_MESSAGE_HELLO,
    GOOSE_MESSAGE_WELCOME,
    GOOSE_MESSAGE_REQUEST,
    GOOSE_MESSAGE_RESULT,
    GOOSE_MESSAGE_STALE, /* what you sent was not for this life of mine, or not from your newest: ask me anew */
    GOOSE_MESSAGE_KINDS
};

/* Why a canvass or a vote is granted or not: PROTOCOL 6.1 and 6.3. Travels in replies. */
enum goose_verdict {
    GOOSE_VERDICT_YES,
    GOOSE_VERDICT_STRANGER, /* the asker has no seat in my roster, and its roster is not newer */
    GOOSE_VERDICT_NOT_PART, /* I may not vote: no seat of mine counts, or I am newborn and not cleared yet */
    GOOSE_VERDICT_OLD_TERM,     /* my term is higher */
    GOOSE_VERDICT_VOTED,        /* I voted for another in that term */
    GOOSE_VERDICT_QUARANTINE,   /* I started too recently */
    GOOSE_VERDICT_OLD_ROSTER,   /* my roster is newer; the reply carries it */
    GOOSE_VERDICT_OTHER_ROSTER, /* same term and version, other seats: different --peers */
    GOOSE_VERDICT_RESIGNED,     /* the asker gave that term up */
    GOOSE_VERDICT_LEASE_LIVES,  /* I am the goose */
    GOOSE_VERDICT_PROMISED,     /* my promise to another has not ended */
    GOOSE_VERDICT_YIELD_TO_ME,  /* I canvass too, and am ahead */
    GOOSE_VERDICT_FAILED,       /* my disk failed: nothing I say would last */
    GOOSE_VERDICTS
};

/* What became of a request: answers to operators and clients, and RESULT. */
enum goose_outcome {
    GOOSE_OUTCOME_DONE,
    GOOSE_OUTCOME_NOT_FOUND, /* nobody of that address */
    GOOSE_OUTCOME_NOT_ELIGIBLE, /* it cannot be goose now: draining, priority 0, silent, behind, or no voter */
    GOOSE_OUTCOME_COSTS_MAJORITY, /* the rest would be no connected majority */
    GOOSE_OUTCOME_LAST_SEAT,      /* the only voter cannot be removed */
    GOOSE_OUTCOME_UNCLAIMED_FIRST, /* the rest would be no majority because of seats that nobody has claimed */
    GOOSE_OUTCOME_NO_GOOSE,
    GOOSE_OUTCOME_NOT_GOOSE,
    GOOSE_OUTCOME_BUSY, /* too many requests wait already */
    GOOSE_OUTCOME_TIMED_OUT,
    GOOSE_OUTCOMES
};

enum goose_forwarded {
    GOOSE_FORWARDED_REMOVE = 1,
    GOOSE_FORWARDED_HANDOVER,
    GOOSE_FORWARDED_VOTERS,
    GOOSE_FORWARDED_KINDS
};

/* Somebody's time as candidate and goose: what a promise is given to, and what a resignation gives up for ever. The life
 * belongs to it: an old copy of a node's state may win the very term that an earlier life of it has resigned, and what
 * that life said frees nobody of what was promised to this one. term 0: none. */
struct goose_tenure {
    uint64_t term;
    uint64_t uid;
    uint64_t life;
};

struct goose_heartbeat {
    uint64_t seq; /* higher in every heartbeat of a (term, uid) */
    uint64_t sent_at_us;
    uint32_t promise_us;
    uint32_t succession_delay_us;
    uint32_t stagger_us;
    uint64_t founding; /* of the roster in use */
    bool settled;      /* every voter has acknowledged a roster without unclaimed seats */
};

struct goose_ack {
    uint64_t seq;
    uint64_t sent_at_us;
    bool yes;      /* no: my term is higher, see the header */
    bool stands;   /* I can become goose, or be let in */
    bool observes; /* by its options: a seat of its own is to be removed */
    uint8_t priority;
    uint16_t http_port;
};

/* CANVASS and VOTE. A canvass asks for the header's term + 1, a vote for the header's term. */
struct goose_ask {
    uint64_t round;
    uint64_t term;
    uint64_t sent_at_us;
    uint32_t promise_us;
    uint32_t succession_delay_us;
    uint64_t roster_digest;
    struct goose_tenure after; /* the newest resignation that the sender knows */
};

struct goose_reply {
    uint64_t round;
    uint64_t sent_at_us; /* the ask's, echoed */
    enum goose_verdict verdict;
    struct goose_tenure after; /* the newest resignation that the sender knows */
};

struct goose_resign {
    uint64_t term;
    uint64_t heir_uid; /* 0: none */
    uint32_t stagger_us;
};

struct goose_hello {
    uint64_t nonce;
    uint64_t invite; /* of a WELCOME of the receiver, echoed; 0: none yet */
    uint64_t peers_digest;
    uint8_t priority;
    uint16_t http_port;
    bool may_enter; /* I may be let in as a voter */
};

struct goose_welcome {
    uint64_t nonce;  /* of the HELLO, echoed */
    uint64_t invite; /* to be echoed: who can do that is where it says it is */
    uint64_t peers_digest;
    uint64_t newest_life;    /* of the receiver's uid, that the sender knows; 0: none */
    uint64_t newest_counter; /* of that life */
    bool knows_flock;        /* the sender's roster has a term above 0 */
    bool old_copy;           /* the receiver shows less than an earlier life of its uid did */
    struct goose_text goose; /* empty: not known */
};

struct goose_request {
    uint64_t number; /* with the sender's uid and life: names the request for ever */
    uint64_t term;   /* the goose's, when it was asked */
    enum goose_forwarded what;
    bool force;
    uint8_t wanted; /* GOOSE_FORWARDED_VOTERS: how many voters, 1..GOOSE_ROSTER_SEATS_MAX; else 0 */
    struct goose_text address; /* empty: anybody (handover), nobody (voters) */
};

struct goose_result {
    uint64_t life; /* the requester's */
    uint64_t number;
    enum goose_outcome outcome;
    uint8_t stops_at; /* of a removal: see struct goose_answer */
};

struct goose_message {
    enum goose_message_kind kind;
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
    /* The sender's; empty in HEARTBEAT, STALE, RESULT and the replies to CANVASS and VOTE */
    struct goose_text address;
    union {
        struct goose_heartbeat heartbeat;
        struct goose_ack ack;
        struct goose_ask ask;
        struct goose_reply reply;
        struct goose_resign resign;
        struct goose_hello hello;
        struct goose_welcome welcome;
        struct goose_request request;
        struct goose_result result;
    };
};

/* Why bytes are no message. Each is a counter somewhere. */
enum goose_wire_result {
    GOOSE_WIRE_OK,
    GOOSE_WIRE_SHORT, /* ends before its fields do */
    GOOSE_WIRE_LONG,  /* goes on behind them, or over GOOSE_MESSAGE_BYTES_MAX */
    GOOSE_WIRE_OTHER_MAJOR,
    GOOSE_WIRE_UNKNOWN_KIND,
    GOOSE_WIRE_ABSURD,        /* a value that no node sends: a promise over 63 s, uid 0, ... */
    GOOSE_WIRE_NOT_CANONICAL, /* two ways of saying one thing, and this is the other */
    GOOSE_WIRE_BAD_ADDRESS,
    GOOSE_WIRE_BAD_ROSTER,
    GOOSE_WIRE_RESULTS
};

/* Bytes written, always > 0 and <= GOOSE_MESSAGE_BYTES_MAX. `roster` is read where message->with_roster. The buffer
 * holds GOOSE_MESSAGE_BYTES_MAX bytes. The message must be one that goose_wire_decode() would give back. */
size_t goose_wire_encode(const struct goose_message *message, const struct goose_roster *roster,
                         uint8_t *bytes);

/* Never reads past `count`, never allocates. `roster` is filled where message->with_roster is set, and left alone
 * otherwise. The message's texts point into `bytes`. */
enum goose_wire_result goose_wire_decode(const uint8_t *bytes, size_t count,
                                         struct goose_message *message,
                                         struct goose_roster *roster);

const char *goose_wire_result_name(enum goose_wire_result result);
const char *goose_message_kind_name(enum goose_message_kind kind);
const char *goose_verdict_name(enum goose_verdict verdict);
const char *goose_outcome_name(enum goose_outcome outcome);

#endif
