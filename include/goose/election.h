/* election.h: the election as a library. One door:
 *
 *     enum refusal election_step(struct election *e, const struct event *event, struct actions *actions);
 *
 * An event goes in, actions come out. The library does no I/O, has no clock, no chance and no memory of its own: time
 * and chance come with the event. It may be driven by a daemon, a simulator or a model checker alike.
 *
 * How to drive it
 * ---------------
 * Give it election_bytes() of zeroes, hand it EVENT_START, and from then on one event at a time. Carry the actions of each
 * step out before the next step, in this order:
 *
 *   1. withdraw: if actions->claim is CLAIM_WITHDRAWN, make everybody who might look see "duck", before all else. Who
 *      publishes when the lease or a hold ends does that anew behind every step: both move with CLAIM_UNCHANGED too, and
 *      the lease may move back, when the roster changes.
 *   2. save: if actions->save, make bytes of election_durable(e) now, with durable_encode(), and start to write them.
 *      One write is under way at a time; EVENT_SAVED tells how it ended. Until then nothing more is asked to be saved,
 *      though election_durable(e) may go on changing. The write is atomic: after a crash there is the old state or the
 *      new one, whole. The bytes carry no checksum; a torn file is for you to notice.
 *   3. send: each of actions->sends, as wire_encode() makes it, best effort. A send is lost or it is not; there is no
 *      error. A send names the generation of durable state it stands on; it is never one that is not saved yet, so sends
 *      need not wait for the write of this step.
 *   4. arm one timer: EVENT_DEADLINE at actions->wake_at_us (early or late does no harm but to speed).
 *   5. announce: claim given, notes, answers.
 *   6. if actions->more, step again at once with EVENT_GO_ON.
 *
 * Texts in actions point into the election, and are good until its next step; so are the texts, the roster and the
 * options of a view.
 *
 * Whether this node is the goose is asked of election_is_goose(e, now), with a clock read at that very moment, and of
 * nothing else.
 *
 * Work in the goose's name
 * ------------------------
 * EVENT_WORK says how much of it is open, each time that changes; the goose then holds its role for it (nine tenths of
 * its lease, as with REQUEST_HOLD, renewed again and again). REFUSAL_NOT_GOOSE and REFUSAL_NO_WORK: no more is taken, what
 * was open before still is. NOTE_LEAVE: the goose is to resign by plan (stop, drain, new options, removal, handover, a
 * higher term) and waits, until all has left, or for the longest grace; tell the work. When the node is goose no more, or
 * of another term, its work is over, and none of it is open for the election. A crash, a lost lease and a failed disk do
 * not wait.
 *
 * Time is microseconds of one local clock, above 0, that goes on while the host sleeps and that nobody slews. It is read
 * after the datagram, request or end of a write was received that the event tells of, and before the step: a time that an
 * event loop has kept from before makes leases and holds end too late. A time before that of an earlier event counts as
 * that one. Well-formed events cannot fail; what is refused (a datagram that
 * is not for us, a request that cannot be met) changes nothing and is named. */
#ifndef GOOSE_ELECTION_H
#define GOOSE_ELECTION_H

#include "goose/observers.h"
#include "goose/roster.h"
#include "goose/wire.h"

#define LEASE_US_MAX         UINT32_C(60000000)
#define HEARTBEAT_US_MIN     UINT32_C(1000)
#define HELLO_INTERVAL_US    UINT64_C(1000000)
#define ELECTION_SENDS_MAX   64
#define ELECTION_NOTES_MAX   16
#define ELECTION_ANSWERS_MAX 8
#define ELECTION_ERRANDS_MAX 8
#define WORK_GRACE_US_MAX    UINT64_C(3600000000) /* more counts as this */
#define DURABLE_BYTES_MAX    (ROSTER_BYTES_MAX + 128)

enum role { ROLE_DUCK, ROLE_CANVASSING, ROLE_CANDIDATE, ROLE_GOOSE };

/* What a node has to remember through a crash: PROTOCOL 3. */
struct durable_state {
    uint64_t uid;
    uint64_t life;
    uint64_t term;
    uint64_t voted_for; /* a uid; 0: nobody in this term */
    uint64_t longest_promise_us;
    bool barred;          /* an operator removed me: not let in until told to come back */
    struct roster roster; /* of 0 seats: not of a flock yet */
};

/* Bytes of a durable state and back. `bytes` holds DURABLE_BYTES_MAX. Decoding refuses whatever encoding never makes; that
 * is no proof that the bytes are whole, or the newest. */
size_t durable_encode(const struct durable_state *state, uint8_t *bytes);
bool durable_decode(const uint8_t *bytes, size_t count, struct durable_state *state);

struct election_options {
    /* On `peers`, where there are any: a node that moves is started without them. */
    struct address self;
    uint16_t http_port; /* told to the others; 0: none */
    /* Who is next in line; 0: never goose. A goose that is given 0 by EVENT_OPTIONS resigns by plan. */
    uint8_t priority;
    /* Never a voter: a seat that it has is removed, once it is goose no more; a goose resigns by plan. */
    bool observer;
    uint8_t voters; /* seats that a flock without --peers aims at: 1..ROSTER_SEATS_MAX */
    uint32_t heartbeat_us;
    uint32_t lease_us; /* at least 3 heartbeats */
    uint64_t dead_after_us;
    uint64_t name_tag;   /* a digest of the flock's name */
    struct roster peers; /* roster_bootstrap() of all first members, self included; 0 seats: none */
    struct roster
        join; /* where to ask for a flock, made by roster_bootstrap() likewise; 0 seats: none */
};

enum event_kind {
    EVENT_START = 1, /* once, first */
    EVENT_MESSAGE,
    EVENT_DEADLINE,
    EVENT_SAVED,
    EVENT_GO_ON,
    EVENT_REQUEST,
    EVENT_OPTIONS, /* new options: priority, observer, voters and dead_after count at once, heartbeat and lease from
                      the next term on; the others never change */
    EVENT_WORK, /* what the caller has open in the goose's name, now: see above */
};

enum request_kind {
    /* Goose only: for so long no other node is goose. The answer's number is the hold in us, which its client counts from
     * before it asked. DONE with 0: none can be given now. */
    REQUEST_HOLD = 1,
    REQUEST_HANDOVER, /* to `address`, or to the first in line */
    REQUEST_REMOVE,   /* `address` from the roster */
    /* Stop being, and never become, goose. DONE when it counts: at once, or, where a goose has open work, when that has
     * left; TIMED_OUT where UNDRAIN comes first. */
    REQUEST_DRAIN,
    /* And back: takes back a DRAIN, also one that waits for work or a hold (but no STOP), and lets an operator's removal be
     * forgotten. */
    REQUEST_UNDRAIN,
    REQUEST_VOTERS, /* the flock wants `wanted` voters from now on */
    REQUEST_STOP, /* resign if goose; the answer (after the last hold and three RESIGNs) says that all has been sent,
                        and the process may end. A second one is BUSY */
};

struct event {
    enum event_kind kind;
    uint64_t now_us;
    uint64_t entropy; /* 64 fresh random bits with every event */
    /* The caller's table, the same each time, observers_init() done before EVENT_START; NULL: no observers here. */
    struct observers *observers;
    union {
        struct {
            const struct election_options *options;
            const struct durable_state *saved; /* NULL: none, this is a newborn node */
        } start;
        struct {
            const struct message *message;
            const struct roster *roster; /* where message->with_roster */
            struct endpoint from;
        } message;
        struct {
            uint64_t generation;
            /* False: the disk failed, and may hold either state. The node resigns, denies all, and saves nothing any more;
             * only a new start from that disk cures it. */
            bool ok;
        } saved;
        struct {
            /* The caller's, above 0: comes back with the answer, at once or in a later step. None comes after
             * actions->retire; none to HANDOVER, REMOVE and STOP while the first write hangs. */
            uint64_t id;
            enum request_kind kind;
            bool force;
            uint8_t wanted; /* REQUEST_VOTERS: 1..ROSTER_SEATS_MAX; another number is not found */
            uint64_t hold_us;
            struct text address; /* empty: anybody */
        } request;
        struct {
            const struct election_options *options;
        } options;
        struct {
            uint32_t open;     /* how much; 0: all of it has left */
            uint64_t grace_us; /* how long the slowest may take to leave once it is asked to */
        } work;
    };
};

/* Why an event changed nothing, or not all that it might have. Each is a counter somewhere. */
enum refusal {
    REFUSAL_NONE,
    REFUSAL_NOT_STARTED, /* or its life is not on disk yet */
    REFUSAL_STARTED,     /* EVENT_START a second time */
    REFUSAL_OPTIONS,     /* options that no node can run with */
    REFUSAL_DURABLE,     /* a durable state that no node can have written */
    REFUSAL_UNKNOWN_EVENT,
    REFUSAL_GENERATION, /* EVENT_SAVED for no write that is under way */
    REFUSAL_FAILED,     /* this state is an old copy: see actions->retire */
    REFUSAL_OTHER_NAME, /* a message of a flock of another name */
    REFUSAL_OTHER_FLOCK,
    REFUSAL_OWN_MESSAGE, /* from my own uid and life */
    REFUSAL_OLD_LIFE,
    REFUSAL_WRONG_LIFE, /* meant for an earlier life of mine, or for somebody else */
    REFUSAL_OLD_COPY,   /* its sender runs on an old copy of its state */
    REFUSAL_REPLAY,     /* seen before, or too old to know */
    REFUSAL_STRANGER,   /* from a uid without a seat */
    REFUSAL_OLD_TERM,
    REFUSAL_OLD_SEQ,
    REFUSAL_OLD_ROUND,    /* an answer to a question that is not open */
    REFUSAL_RESIGNED,     /* from a goose that gave this term up */
    REFUSAL_OTHER_ROSTER, /* same term and version, other seats: different --peers */
    REFUSAL_SECOND_GOOSE, /* a heartbeat in the very term that I won */
    REFUSAL_ABSURD,       /* a sending time that has not come yet, ... */
    REFUSAL_NOT_GOOSE,
    REFUSAL_NOT_ASKED,   /* an answer to a HELLO or REQUEST that nobody waits for */
    REFUSAL_NOT_WELCOME, /* an unknown uid without an invite of mine, too many at once, or no room */
    REFUSAL_NO_WORK, /* more work, at a goose that is to resign, or that cannot give a hold now */
    REFUSALS
};

enum claim { CLAIM_UNCHANGED, CLAIM_WITHDRAWN, CLAIM_GIVEN };

struct send {
    bool has_endpoint; /* where its uid was last heard from; else resolve `address` */
    struct endpoint endpoint;
    struct text address;
    uint64_t stands_on; /* 0: on nothing */
    struct message message;
};

/* What has changed and why, for logs and subscribers. */
enum note_kind {
    NOTE_ROLE = 1, /* role, why */
    NOTE_GOOSE,    /* uid: the goose that this node follows now, or is; 0: none */
    NOTE_ROSTER,   /* a newer roster is in use; why; uid: whom it is about; number: seats */
    NOTE_COMMITTED,
    NOTE_DENIED,    /* a canvass or vote of uid; number: the enum verdict */
    NOTE_DENIED_ME, /* uid refused my canvass or vote; number: the enum verdict */
    NOTE_CONFLICT,  /* uid has a roster made from other --peers */
    NOTE_OBSERVER,  /* uid follows me; number 1, or follows no longer: 0 */
    NOTE_BIRTH,     /* why */
    NOTE_TWO_GEESE, /* uid claims beside another goose of this flock: a second founding, or a file that went back */
    NOTE_TOO_LARGE, /* uid cannot be let in, or move: the roster would be `number` bytes, over ROSTER_BYTES_MAX. Said
                       again at each heartbeat as long as it is so */
    NOTE_LEAVE, /* the goose is to resign, why: its open work is to leave; number: within so many us */
};

enum reason {
    REASON_NONE,
    REASON_STARTED,
    REASON_NEWBORN,       /* no state: a new uid */
    REASON_CLEARED,       /* enough of --peers know of no flock: may vote */
    REASON_FLOCK_EXISTS,  /* somebody knows of a flock: takes part in no bootstrap */
    REASON_FOUNDED,       /* alone, and made a flock of one */
    REASON_PROMISE_ENDED, /* heard no goose for a promise's time */
    REASON_HEIR,          /* the goose resigned and named me */
    REASON_CANVASS_WON,
    REASON_VOTES_WON,
    REASON_NO_MAJORITY, /* in time */
    REASON_YIELDED,     /* to one who is ahead, or whom I said yes to */
    REASON_GOOSE_HEARD,
    REASON_HIGHER_TERM,
    REASON_NEWER_ROSTER,
    REASON_LEASE_ENDED,
    REASON_WON_TOO_LATE, /* the first lease was over when the votes arrived */
    REASON_HANDOVER,
    REASON_DRAINED,
    REASON_STOPPED,
    REASON_IN_PLACE, /* resigned only to stand again above a higher term */
    REASON_REMOVED,  /* an operator removed me, or asked me to remove it */
    REASON_OPTIONS,  /* priority 0, or an observer, by new options */
    REASON_DISK_FAILED,
    REASON_OLD_COPY,    /* runs on an old copy of its state: to be started again without it */
    REASON_SEAT_FILLED, /* uids, addresses or priorities of seats */
    REASON_SEAT_ADDED,
    REASON_SEAT_REPLACED, /* a newborn at the address of a silent seat */
    REASON_SEAT_DEAD,
    REASON_SEAT_SPARE,    /* there were more than wanted */
    REASON_VOTERS_WANTED, /* an operator wants another number of voters */
    REASON_SEAT_LEFT,     /* by a voter that is an observer by its options */
    REASONS
};

struct note {
    enum note_kind kind;
    enum role role;
    enum reason why;
    uint64_t uid;
    uint64_t term;
    uint64_t number;
};

/* `number`: the hold in us; or behind a removal, the loss of how many voters stops the flock now, where nobody waits for
 * the seat: 0 if somebody does, or no more are wanted. */
struct answer {
    uint64_t id;
    enum outcome outcome;
    uint64_t number;
};

/* 64 sends a step at most: what is left is sent by the steps of EVENT_GO_ON that `more` asks for. Only the counted
 * entries of the arrays are written. */
struct actions {
    enum claim claim;
    bool save;
    bool
        retire; /* set the state file aside, and start again with a zeroed election and without state */
    bool more;
    uint8_t send_count;
    uint8_t
        note_count; /* a note that finds no room is lost: they explain, nothing depends on them */
    uint8_t answer_count;
    uint64_t save_generation;
    uint64_t wake_at_us; /* UINT64_MAX: never. May be past: then step again soon */
    struct send sends[ELECTION_SENDS_MAX];
    struct note notes[ELECTION_NOTES_MAX];
    struct answer answers[ELECTION_ANSWERS_MAX];
};

/* Plain data without pointers, which may be copied and moved. Its storage is the caller's: so many bytes, zeroed, aligned
 * as malloc() does. */
struct election;
size_t election_bytes(void);

enum refusal election_step(struct election *e, const struct event *event, struct actions *actions);

/* The one place that answers a claim. `now_us` is read from the clock at that very moment, never cached. */
bool election_is_goose(const struct election *e, uint64_t now_us);
/* 0: not the goose. Of a goose whose own seat is a majority it is always a whole lease. */
uint64_t election_lease_left_us(const struct election *e, uint64_t now_us);

/* What is to be saved when actions->save says so: as it is right behind that step. Later steps change it while the write
 * is under way; what they change is asked for when that has ended. */
const struct durable_state *election_durable(const struct election *e);

/* The roster in use: the one that wire_encode() takes beside a send. (election_durable() may be ahead of it.) */
const struct roster *election_roster(const struct election *e);

enum seat_kind { SEAT_NONE, SEAT_OBSERVER, SEAT_VOTER };

struct election_view {
    enum role role; /* ROLE_GOOSE only with a live lease */
    enum seat_kind seat;
    bool knows_goose; /* its promise from a heartbeat of this term lives, or it is the goose */
    bool settled;
    bool committed; /* goose: the roster in use is */
    bool draining;
    bool removed; /* by an operator: not let in until told to come back */
    bool quarantined;
    bool listening;      /* alone, waits whether a flock knows it */
    bool alone_by_flags; /* its command line names nobody, yet others have joined */
    bool failed;
    bool two_geese; /* another goose of this flock was heard, within the last minute */
    uint64_t uid;
    uint64_t life;
    uint64_t term;
    uint64_t goose_uid; /* 0: not known */
    struct text goose;  /* its address; empty: not known */
    uint64_t lease_left_us;
    uint64_t hold_left_us;
    uint64_t promise_left_us;
    uint64_t step_us;
    uint32_t succession_delay_us;
    uint64_t quarantine_left_us;
    uint64_t promised_to;                   /* whose promise lives, a uid; 0: nobody's */
    uint64_t lease_us;                      /* of this reign; a duck's next */
    struct tenure resigned;                 /* the newest resignation that it knows */
    const struct roster *roster;            /* in use */
    const struct election_options *options; /* in use */
};

void election_view(const struct election *e, uint64_t now_us, struct election_view *view);

/* A member, for listings. What this node does not know is MEMBER_UNKNOWN. */
#define MEMBER_UNKNOWN UINT64_MAX

struct election_member {
    struct text address;
    uint64_t uid;
    bool voter;
    bool goose;
    bool self;
    uint8_t priority;
    uint16_t http_port;
    uint64_t heard_ago_us;
    uint64_t rtt_us;
    uint64_t rank; /* in the succession, 0: the heir */
};

/* Members are counted from 0: the seats, then (on the goose) the observers. False: there is no such member. */
bool election_member(const struct election *e, const struct observers *observers, size_t index,
                     uint64_t now_us, struct election_member *member);

/* What is wrong with a state, or with a change of it, as a sentence; NULL: nothing. It costs little more than a step at
 * rest, so it may be asked behind each one: read the facts, step, ask. Where `of_claim` is set, a claim, vote, promise or
 * roster in use cannot be trusted: stop the process before anything of that step is carried out. */
struct election_facts {
    bool started;
    enum role role;
    uint64_t now_us;
    uint64_t uid;
    uint64_t life;
    uint64_t term;
    uint64_t voted_for;
    uint64_t roster_term; /* of the roster that is saved */
    uint64_t roster_version;
    uint64_t durable;
    uint64_t promise_until_us;
    struct tenure promised_to;
};

struct election_fault {
    const char *what;
    bool of_claim;
};

void election_facts(const struct election *e, struct election_facts *facts);
struct election_fault election_fault(const struct election_facts *before,
                                     const struct election *after);

/* The same for tests and simulators, which look at one state, or keep all of the one before. */
const char *election_check(const struct election *e);
const char *election_check_step(const struct election *before, const struct election *after);

const char *role_name(enum role role);
const char *reason_name(enum reason why);
const char *refusal_name(enum refusal refusal);

#endif
