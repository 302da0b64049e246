/* election.h: the election as a library. One door:
 *
 *     enum goose_refusal goose_election_step(struct goose_election *e, const struct goose_event *event,
 *     struct goose_actions *actions);
 *
 * An event goes in, actions come out. The library does no I/O, has no clock, no chance and no memory of its own: time
 * and chance come with the event. It may be driven by a daemon, a simulator or a model checker alike.
 *
 * How to drive it
 * ---------------
 * Give it goose_election_bytes() of zeroes, hand it GOOSE_EVENT_START, and from then on one event at a time. Carry the
 * actions of each step out before the next step, in this order:
 *
 *   1. withdraw: if actions->claim is GOOSE_CLAIM_WITHDRAWN, make everybody who might look see "duck", before all else.
 *      Who publishes when the lease or a hold ends does that anew behind every step: both move with
 *      GOOSE_CLAIM_UNCHANGED too, and the lease may move back, when the roster changes.
 *   2. save: if actions->save, make bytes of goose_election_durable(e) now, with goose_durable_encode(), and start to
 *      write them. One write is under way at a time; GOOSE_EVENT_SAVED tells how it ended. Until then nothing more is
 *      asked to be saved, though goose_election_durable(e) may go on changing. The write is atomic: after a crash there
 *      is the old state or the new one, whole. The bytes carry no checksum; a torn file is for you to notice.
 *   3. send: each of actions->sends, as goose_wire_encode() makes it, best effort. A send is lost or it is not; there
 *      is no error. A send names the generation of durable state it stands on; it is never one that is not saved yet,
 *      so sends need not wait for the write of this step.
 *   4. arm one timer: GOOSE_EVENT_DEADLINE at actions->wake_at_us (early or late does no harm but to speed).
 *   5. announce: claim given, notes, answers.
 *   6. if actions->more, step again at once with GOOSE_EVENT_GO_ON.
 *
 * Texts in actions point into the election, and are good until its next step; so are the texts, the roster and the
 * options of a view.
 *
 * Whether this node is the goose is asked of goose_election_is_goose(e, now), with a clock read at that very moment,
 * and of nothing else.
 *
 * Work in the goose's name
 * ------------------------
 * GOOSE_EVENT_WORK says how much of it is open, each time that changes; the goose then holds its role for it (nine
 * tenths of its lease, as with GOOSE_REQUEST_HOLD, renewed again and again). GOOSE_REFUSAL_NOT_GOOSE and
 * GOOSE_REFUSAL_NO_WORK: no more is taken, what was open before still is. GOOSE_NOTE_LEAVE: the goose is to resign by
 * plan (stop, drain, new options, removal, handover, a higher term) and waits, until all has left, or for the longest
 * grace; tell the work. When the node is goose no more, or of another term, its work is over, and none of it is open
 * for the election. A crash, a lost lease and a failed disk do not wait.
 *
 * Time is microseconds of one local clock, above 0, that goes on while the host sleeps and that nobody slews. It is
 * read after the datagram, request or end of a write was received that the event tells of, and before the step: a time
 * that an event loop has kept from before makes leases and holds end too late. A time before that of an earlier event
 * counts as that one. Well-formed events cannot fail; what is refused (a datagram that
 * is not for us, a request that cannot be met) changes nothing and is named. */
#ifndef GOOSE_ELECTION_H
#define GOOSE_ELECTION_H

#include "goose/observers.h"
#include "goose/roster.h"
#include "goose/wire.h"

#define GOOSE_LEASE_US_MAX          UINT32_C(60000000)
#define GOOSE_HEARTBEAT_US_MIN      UINT32_C(1000)
#define GOOSE_HELLO_INTERVAL_US     UINT64_C(1000000)
#define GOOSE_ELECTION_SENDS_MAX    64
#define GOOSE_ELECTION_NOTES_MAX    16
#define GOOSE_ELECTION_ANSWERS_MAX  8
#define GOOSE_ELECTION_REQUESTS_MAX 8
#define GOOSE_WORK_GRACE_US_MAX     UINT64_C(3600000000) /* more counts as this */
#define GOOSE_DURABLE_BYTES_MAX     (GOOSE_ROSTER_BYTES_MAX + 128)

enum goose_role { GOOSE_ROLE_DUCK, GOOSE_ROLE_CANVASSING, GOOSE_ROLE_CANDIDATE, GOOSE_ROLE_GOOSE };

/* What a node has to remember through a crash: PROTOCOL 3. */
struct goose_durable_state {
    uint64_t uid;
    uint64_t life;
    uint64_t term;
    uint64_t voted_for; /* a uid; 0: nobody in this term */
    uint64_t longest_promise_us;
    bool barred;                /* an operator removed me: not let in until told to come back */
    struct goose_roster roster; /* of 0 seats: not of a flock yet */
};

/* Bytes of a durable state and back. `bytes` holds GOOSE_DURABLE_BYTES_MAX. Decoding refuses whatever encoding never
 * makes; that is no proof that the bytes are whole, or the newest. */
size_t goose_durable_encode(const struct goose_durable_state *state, uint8_t *bytes);
bool goose_durable_decode(const uint8_t *bytes, size_t count, struct goose_durable_state *state);

struct goose_election_options {
    /* On `peers`, where there are any: a node that moves is started without them. */
    struct goose_address self;
    uint16_t http_port; /* told to the others; 0: none */
    /* Who is next in line; 0: never goose. A goose that is given 0 by GOOSE_EVENT_OPTIONS resigns by plan. */
    uint8_t priority;
    /* Never a voter: a seat that it has is removed, once it is goose no more; a goose resigns by plan. */
    bool observer;
    uint8_t voters; /* seats that a flock without --peers aims at: 1..GOOSE_ROSTER_SEATS_MAX */
    uint32_t heartbeat_us;
    uint32_t lease_us; /* at least 3 heartbeats */
    uint64_t dead_after_us;
    uint64_t name_tag; /* a digest of the flock's name */
    /* goose_roster_bootstrap() of all first members, self included; 0 seats: none */
    struct goose_roster peers;
    /* Where to ask for a flock, made by goose_roster_bootstrap() likewise; 0 seats: none */
    struct goose_roster join;
};

enum goose_event_kind {
    GOOSE_EVENT_START = 1, /* once, first */
    GOOSE_EVENT_MESSAGE,
    GOOSE_EVENT_DEADLINE,
    GOOSE_EVENT_SAVED,
    GOOSE_EVENT_GO_ON,
    GOOSE_EVENT_REQUEST,
    /* New options: priority, observer, voters and dead_after count at once, heartbeat and lease from the next term on;
     * the others never change */
    GOOSE_EVENT_OPTIONS,
    GOOSE_EVENT_WORK, /* what the caller has open in the goose's name, now: see above */
};

enum goose_request_kind {
    /* Goose only: for so long no other node is goose. The answer's number is the hold in us, which its client counts from
     * before it asked. DONE with 0: none can be given now. */
    GOOSE_REQUEST_HOLD = 1,
    GOOSE_REQUEST_HANDOVER, /* to `address`, or to the first in line */
    GOOSE_REQUEST_REMOVE,   /* `address` from the roster */
    /* Stop being, and never become, goose. DONE when it counts: at once, or, where a goose has open work, when that has
     * left; TIMED_OUT where UNDRAIN comes first. */
    GOOSE_REQUEST_DRAIN,
    /* And back: takes back a DRAIN, also one that waits for work or a hold (but no STOP), and lets an operator's removal be
     * forgotten. */
    GOOSE_REQUEST_UNDRAIN,
    GOOSE_REQUEST_VOTERS, /* the flock wants `wanted` voters from now on */
    /* Resign if goose; the answer (after the last hold and three RESIGNs) says that all has been sent, and the process
     * may end. A second one is BUSY */
    GOOSE_REQUEST_STOP,
};

struct goose_event {
    enum goose_event_kind kind;
    uint64_t now_us;
    uint64_t entropy; /* 64 fresh random bits with every event */
    /* The caller's table, the same each time, goose_observers_init() done before GOOSE_EVENT_START; NULL: no observers
     * here. */
    struct goose_observers *observers;
    union {
        struct {
            const struct goose_election_options *options;
            const struct goose_durable_state *saved; /* NULL: none, this is a newborn node */
        } start;
        struct {
            const struct goose_message *message;
            const struct goose_roster *roster; /* where message->with_roster */
            struct goose_endpoint from;
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
            enum goose_request_kind kind;
            bool force;
            /* GOOSE_REQUEST_VOTERS: 1..GOOSE_ROSTER_SEATS_MAX; another number is not found */
            uint8_t wanted;
            uint64_t hold_us;
            struct goose_text address; /* empty: anybody */
        } request;
        struct {
            const struct goose_election_options *options;
        } options;
        struct {
            uint32_t open;     /* how much; 0: all of it has left */
            uint64_t grace_us; /* how long the slowest may take to leave once it is asked to */
        } work;
    };
};

/* Why an event changed nothing, or not all that it might have. Each is a counter somewhere. */
enum goose_refusal {
    GOOSE_REFUSAL_NONE,
    GOOSE_REFUSAL_NOT_STARTED, /* or its life is not on disk yet */
    GOOSE_REFUSAL_STARTED,     /* GOOSE_EVENT_START a second time */
    GOOSE_REFUSAL_OPTIONS,     /* options that no node can run with */
    GOOSE_REFUSAL_DURABLE,     /* a durable state that no node can have written */
    GOOSE_REFUSAL_UNKNOWN_EVENT,
    GOOSE_REFUSAL_GENERATION, /* GOOSE_EVENT_SAVED for no write that is under way */
    GOOSE_REFUSAL_FAILED,     /* this state is an old copy: see actions->retire */
    GOOSE_REFUSAL_OTHER_NAME, /* a message of a flock of another name */
    GOOSE_REFUSAL_OTHER_FLOCK,
    GOOSE_REFUSAL_OWN_MESSAGE, /* from my own uid and life */
    GOOSE_REFUSAL_OLD_LIFE,
    GOOSE_REFUSAL_WRONG_LIFE, /* meant for an earlier life of mine, or for somebody else */
    GOOSE_REFUSAL_OLD_COPY,   /* its sender runs on an old copy of its state */
    GOOSE_REFUSAL_REPLAY,     /* seen before, or too old to know */
    GOOSE_REFUSAL_STRANGER,   /* from a uid without a seat */
    GOOSE_REFUSAL_OLD_TERM,
    GOOSE_REFUSAL_OLD_SEQ,
    GOOSE_REFUSAL_OLD_ROUND,    /* an answer to a question that is not open */
    GOOSE_REFUSAL_RESIGNED,     /* from a goose that gave this term up */
    GOOSE_REFUSAL_OTHER_ROSTER, /* same term and version, other seats: different --peers */
    GOOSE_REFUSAL_SECOND_GOOSE, /* a heartbeat in the very term that I won */
    GOOSE_REFUSAL_ABSURD,       /* a sending time that has not come yet, ... */
    GOOSE_REFUSAL_NOT_GOOSE,
    GOOSE_REFUSAL_NOT_ASKED, /* an answer to a HELLO or REQUEST that nobody waits for */
    GOOSE_REFUSAL_NOT_WELCOME, /* an unknown uid without an invite of mine, too many at once, or no room */
    GOOSE_REFUSAL_NO_WORK, /* more work, at a goose that is to resign, or that cannot give a hold now */
    GOOSE_REFUSALS
};

enum goose_claim { GOOSE_CLAIM_UNCHANGED, GOOSE_CLAIM_WITHDRAWN, GOOSE_CLAIM_GIVEN };

struct goose_send {
    bool has_endpoint; /* where its uid was last heard from; else resolve `address` */
    struct goose_endpoint endpoint;
    struct goose_text address;
    uint64_t stands_on; /* 0: on nothing */
    struct goose_message message;
};

/* What has changed and why, for logs and subscribers. */
enum goose_note_kind {
    GOOSE_NOTE_ROLE = 1, /* role, why */
    GOOSE_NOTE_GOOSE,    /* uid: the goose that this node follows now, or is; 0: none */
    GOOSE_NOTE_ROSTER,   /* a newer roster is in use; why; uid: whom it is about; number: seats */
    GOOSE_NOTE_COMMITTED,
    GOOSE_NOTE_DENIED,    /* a canvass or vote of uid; number: the enum goose_verdict */
    GOOSE_NOTE_DENIED_ME, /* uid refused my canvass or vote; number: the enum goose_verdict */
    GOOSE_NOTE_CONFLICT,  /* uid has a roster made from other --peers */
    GOOSE_NOTE_OBSERVER,  /* uid follows me; number 1, or follows no longer: 0 */
    GOOSE_NOTE_BIRTH,     /* why */
    /* uid claims beside another goose of this flock: a second founding, or a file that went back */
    GOOSE_NOTE_TWO_GEESE,
    /* uid cannot be let in, or move: the roster would be `number` bytes, over GOOSE_ROSTER_BYTES_MAX. Said again at
     * each heartbeat as long as it is so */
    GOOSE_NOTE_TOO_LARGE,
    GOOSE_NOTE_LEAVE, /* the goose is to resign, why: its open work is to leave; number: within so many us */
};

enum goose_reason {
    GOOSE_REASON_NONE,
    GOOSE_REASON_STARTED,
    GOOSE_REASON_NEWBORN,       /* no state: a new uid */
    GOOSE_REASON_CLEARED,       /* enough of --peers know of no flock: may vote */
    GOOSE_REASON_FLOCK_EXISTS,  /* somebody knows of a flock: takes part in no bootstrap */
    GOOSE_REASON_FOUNDED,       /* alone, and made a flock of one */
    GOOSE_REASON_PROMISE_ENDED, /* heard no goose for a promise's time */
    GOOSE_REASON_HEIR,          /* the goose resigned and named me */
    GOOSE_REASON_CANVASS_WON,
    GOOSE_REASON_VOTES_WON,
    GOOSE_REASON_NO_MAJORITY, /* in time */
    GOOSE_REASON_YIELDED,     /* to one who is ahead, or whom I said yes to */
    GOOSE_REASON_GOOSE_HEARD,
    GOOSE_REASON_HIGHER_TERM,
    GOOSE_REASON_NEWER_ROSTER,
    GOOSE_REASON_LEASE_ENDED,
    GOOSE_REASON_WON_TOO_LATE, /* the first lease was over when the votes arrived */
    GOOSE_REASON_HANDOVER,
    GOOSE_REASON_DRAINED,
    GOOSE_REASON_STOPPED,
    GOOSE_REASON_IN_PLACE, /* resigned only to stand again above a higher term */
    GOOSE_REASON_REMOVED,  /* an operator removed me, or asked me to remove it */
    GOOSE_REASON_OPTIONS,  /* priority 0, or an observer, by new options */
    GOOSE_REASON_DISK_FAILED,
    GOOSE_REASON_OLD_COPY,    /* runs on an old copy of its state: to be started again without it */
    GOOSE_REASON_SEAT_FILLED, /* uids, addresses or priorities of seats */
    GOOSE_REASON_SEAT_ADDED,
    GOOSE_REASON_SEAT_REPLACED, /* a newborn at the address of a silent seat */
    GOOSE_REASON_SEAT_DEAD,
    GOOSE_REASON_SEAT_SPARE,    /* there were more than wanted */
    GOOSE_REASON_VOTERS_WANTED, /* an operator wants another number of voters */
    GOOSE_REASON_SEAT_LEFT,     /* by a voter that is an observer by its options */
    GOOSE_REASONS
};

struct goose_note {
    enum goose_note_kind kind;
    enum goose_role role;
    enum goose_reason why;
    uint64_t uid;
    uint64_t term;
    uint64_t number;
};

/* `number`: the hold in us; or behind a removal, the loss of how many voters stops the flock now, where nobody waits for
 * the seat: 0 if somebody does, or no more are wanted. */
struct goose_answer {
    uint64_t id;
    enum goose_outcome outcome;
    uint64_t number;
};

/* 64 sends a step at most: what is left is sent by the steps of GOOSE_EVENT_GO_ON that `more` asks for. Only the
 * counted entries of the arrays are written. */
struct goose_actions {
    enum goose_claim claim;
    bool save;
    /* Set the state file aside, and start again with a zeroed election and without state */
    bool retire;
    bool more;
    uint8_t send_count;
    /* A note that finds no room is lost: they explain, nothing depends on them */
    uint8_t note_count;
    uint8_t answer_count;
    uint64_t save_generation;
    uint64_t wake_at_us; /* UINT64_MAX: never. May be past: then step again soon */
    struct goose_send sends[GOOSE_ELECTION_SENDS_MAX];
    struct goose_note notes[GOOSE_ELECTION_NOTES_MAX];
    struct goose_answer answers[GOOSE_ELECTION_ANSWERS_MAX];
};

/* Plain data without pointers, which may be copied and moved. Its storage is the caller's: so many bytes, zeroed, aligned
 * as malloc() does. */
struct goose_election;
size_t goose_election_bytes(void);

enum goose_refusal goose_election_step(struct goose_election *e, const struct goose_event *event,
                                       struct goose_actions *actions);

/* The one place that answers a claim. `now_us` is read from the clock at that very moment, never cached. */
bool goose_election_is_goose(const struct goose_election *e, uint64_t now_us);
/* 0: not the goose. Of a goose whose own seat is a majority it is always a whole lease. */
uint64_t goose_election_lease_left_us(const struct goose_election *e, uint64_t now_us);

/* What is to be saved when actions->save says so: as it is right behind that step. Later steps change it while the write
 * is under way; what they change is asked for when that has ended. */
const struct goose_durable_state *goose_election_durable(const struct goose_election *e);

/* The roster in use: the one that goose_wire_encode() takes beside a send. (goose_election_durable() may be ahead of
 * it.) */
const struct goose_roster *goose_election_roster(const struct goose_election *e);

/* The last will, PROTOCOL 7: the RESIGN of this very (term, uid, life) for each other voter, as a goose's process leaves it
 * behind. It may be said only when that process is dead for certain, when everybody who might look sees "duck", and not
 * before `hold_end_us`; then as often as one likes, and an older one is still true. Ask for it behind each step, before
 * any of it is carried out: no hold may be shown or told that the will does not know. The messages carry no roster. */
struct goose_will {
    uint64_t hold_end_us;
    uint32_t stagger_us;
    uint8_t send_count; /* 0: nothing is claimed, or nobody is to be told */
    struct goose_send sends[GOOSE_ROSTER_SEATS_MAX];
};

void goose_election_will(const struct goose_election *e, struct goose_will *will);

enum goose_seat_kind { GOOSE_SEAT_NONE, GOOSE_SEAT_OBSERVER, GOOSE_SEAT_VOTER };

struct goose_election_view {
    enum goose_role role; /* GOOSE_ROLE_GOOSE only with a live lease */
    enum goose_seat_kind seat;
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
    uint64_t goose_uid;      /* 0: not known */
    struct goose_text goose; /* its address; empty: not known */
    uint64_t lease_left_us;
    uint64_t hold_left_us;
    uint64_t promise_left_us;
    uint64_t stagger_us;
    uint32_t succession_delay_us;
    uint64_t quarantine_left_us;
    uint64_t promised_to;                         /* whose promise lives, a uid; 0: nobody's */
    uint64_t lease_us;                            /* of this reign; a duck's next */
    struct goose_tenure resigned;                 /* the newest resignation that it knows */
    const struct goose_roster *roster;            /* in use */
    const struct goose_election_options *options; /* in use */
};

void goose_election_view(const struct goose_election *e, uint64_t now_us,
                         struct goose_election_view *view);

/* A member, for listings. What this node does not know is GOOSE_MEMBER_UNKNOWN. */
#define GOOSE_MEMBER_UNKNOWN UINT64_MAX

struct goose_election_member {
    struct goose_text address;
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
bool goose_election_member(const struct goose_election *e, const struct goose_observers *observers,
                           size_t index, uint64_t now_us, struct goose_election_member *member);

/* What is wrong with a state, or with a change of it, as a sentence; NULL: nothing. It costs little more than a step at
 * rest, so it may be asked behind each one: read the facts, step, ask. Where `of_claim` is set, a claim, vote, promise or
 * roster in use cannot be trusted: stop the process before anything of that step is carried out. */
struct goose_election_facts {
    bool started;
    enum goose_role role;
    uint64_t now_us;
    uint64_t uid;
    uint64_t life;
    uint64_t term;
    uint64_t voted_for;
    uint64_t roster_term; /* of the roster that is saved */
    uint64_t roster_version;
    uint64_t durable;
    uint64_t promise_until_us;
    struct goose_tenure promised_to;
};

struct goose_election_fault {
    const char *what;
    bool of_claim;
};

void goose_election_facts(const struct goose_election *e, struct goose_election_facts *facts);
struct goose_election_fault goose_election_fault(const struct goose_election_facts *before,
                                                 const struct goose_election *after);

/* The same for tests and simulators, which look at one state, or keep all of the one before. */
const char *goose_election_check(const struct goose_election *e);
const char *goose_election_check_step(const struct goose_election *before,
                                      const struct goose_election *after);

const char *goose_role_name(enum goose_role role);
const char *goose_reason_name(enum goose_reason why);
const char *goose_refusal_name(enum goose_refusal refusal);

#endif
