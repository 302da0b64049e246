/* model.h: what goosemodel explores. A world is a few nodes, the messages in flight, what may still happen to them, and
 * what a perfect observer remembers. Nodes and messages are stored once each and known by number, so that a state of the
 * world is a handful of numbers. Time is counted in ticks of one clock that all nodes share. */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rig/words.h"

#define NODES_MAX  4
#define FLIGHT_MAX 6

/* A multiple of 21, so that what is left of a lease is a whole number of ticks after 20/21 and 1.05 of it as well. */
#define TICK_US  UINT64_C(21000)
#define LEASE_US (world.lease_ticks * TICK_US)
/* Every state stands at this instant: times are kept relative to it. */
#define NOW_US UINT64_C(1000000000000)
#define FAR_US (2 * NOW_US)

#define FOUNDING UINT64_C(0xf0f0) /* of each flock */

#define OBSERVERS       2
#define OBSERVERS_WORDS 128

/* The last word of a voter to a goose: until when a lease may rest on it, and in which term. */
struct word_given {
    uint8_t term;
    uint8_t left;
};

/* What an observer at the node remembers through its crashes, and the node itself does not. */
struct ghost {
    uint8_t birth;     /* its how many-th uid */
    uint8_t page_term; /* a claim that was shown when its process died: ticks that it still runs */
    uint8_t page_left;
    uint8_t hold_left; /* ticks that a client relies on */
    uint8_t held_term; /* the newest roster on a disk that was lost here */
    uint8_t held_version;
    uint8_t zero[2];
    uint8_t told[8]; /* [term]: for which node a yes has left, or a win was counted; 0: none */
    struct word_given words[NODES_MAX];
};

struct node {
    struct goose_election e; /* zero while it is down */
    struct goose_durable_state disk;
    struct goose_durable_state writing;
    uint64_t observers[OBSERVERS_WORDS];
    struct ghost ghost;
    bool up;
    bool has_disk;
    bool is_writing;
    uint8_t index;
    uint8_t place; /* whose address it has: its own at first */
    uint8_t zero[3];
};

/* What happens in one transition: to one node, or to all (a tick). */
enum move_kind {
    MOVE_NONE,
    MOVE_TICK,
    MOVE_DELIVER, /* argument: the message */
    MOVE_WAKE,    /* its timer, when none of the deadlines below is due */
    MOVE_STAND,   /* its turn to stand has come, and a majority would vote for it */
    MOVE_CANVASS, /* the same, asked with messages */
    MOVE_ROUND_ENDS,
    MOVE_ASK_AGAIN,
    MOVE_HEARTBEAT,
    MOVE_SILENT, /* a heartbeat, and seat `argument` has been silent for long */
    MOVE_HELLO,  /* argument: whose turn it is to be asked */
    MOVE_GREET,  /* all seats are */
    MOVE_SAVED,
    MOVE_CRASH,
    MOVE_CRASH_LANDED, /* and the write under way reached the disk before */
    MOVE_KILL,         /* its last will is said, unless a hold runs */
    MOVE_START,
    MOVE_LOSE_DISK,
    MOVE_ADDRESS,  /* argument: the place that it has from now on */
    MOVE_HANDOVER, /* argument: the heir */
    MOVE_HOLD,
    MOVE_REMOVE, /* argument: the node */
    MOVE_KINDS
};

#define MOVE_SENDS_MAX 8

struct move {
    uint32_t node; /* as it is afterwards */
    uint32_t sends[MOVE_SENDS_MAX];
    uint8_t send_count;
    uint8_t voted_for; /* decided to vote for this node; 0: did not */
    bool won;
    bool committed;
    uint8_t term;
    uint8_t stood_term; /* won: the roster that it stood with */
    uint8_t stood_version;
    uint8_t roster_term; /* committed: this one */
    uint8_t roster_version;
    const char *broken; /* NULL, or what is wrong with this step alone */
};

/* What the checks and the explorer need to know of a node, without unfolding it. */
struct facts {
    bool up;
    bool writing;
    uint8_t index;
    uint8_t place;
    uint8_t role;
    uint8_t term;
    uint8_t claim_term; /* 0: it claims nothing now */
    uint8_t hold_left;
    uint8_t version;   /* of its roster */
    uint8_t disk_term; /* the newest roster that was ever on a disk here */
    uint8_t disk_version;
    uint8_t own_disk_term; /* the term on its disk: it never goes below that */
    bool promised;         /* to `promise`, just now */
    uint8_t seats;         /* of the roster in use: how many */
    uint8_t voters;        /* bits: nodes that claim one of them */
    uint8_t come;          /* bits: nodes that no roster here and on disk waits for; 0: no flock */
    bool has_disk;
    struct word_given words[NODES_MAX];
    uint64_t uid;
    uint64_t life;
    uint64_t vote_round;    /* the one that it asks for now; 0: none */
    uint64_t canvass_round; /* the one of its term */
    struct goose_tenure after, promise, heard_goose;
};

struct message_kept {
    uint8_t from;
    uint8_t to;
    size_t count;
    const uint8_t *bytes;
};

/* Voters without a goose; with one; with one that gave a seat to who came last, and the second does not know; the same,
 * and who came has moved, and another is to start at its address; newborns of one list that have asked each other; a
 * flock that such newborns founded. */
enum start { START_SEATED, START_REIGN, START_SETTLED, START_MOVED, START_NEWBORN, START_FOUNDED };
/* What of a message decides whether it is spent: spent.c. */
struct message_facts {
    uint8_t to;
    uint8_t kind;
    bool yes; /* an ACK's */
    uint8_t term;
    uint64_t for_life;
    uint64_t round;
    struct goose_tenure over; /* the resignation that it tells of; term 0: none */
};

enum lie { LIE_NONE, LIE_DISK, LIE_PROMISE, LIE_GOOSE, LIES };

struct world {
    const char *name;
    const char *about;
    unsigned nodes;
    unsigned seats;
    unsigned unclaimed; /* of the seats, the last ones: their nodes have not come yet */
    enum start start;
    unsigned terms;
    unsigned versions;
    unsigned in_flight;
    unsigned crashes;
    unsigned lost_disks;
    unsigned duplicates;
    unsigned handovers;
    unsigned holds;
    unsigned stands; /* 0: as often as they like */
    unsigned removals;
    unsigned hellos;
    unsigned alike; /* bits: nodes that may be taken for each other: alike.c */
    bool greets;    /* who starts says HELLO, even where there are none besides */
    bool canvass;
    bool wills; /* who crashes may leave one */
    bool silence;
    bool observers;
    unsigned lease_ticks;
    unsigned stagger_ticks;
    bool open; /* was never seen to end within its budgets */
    enum lie lie;
    bool outside; /* what the core says of itself is not asked */
    double seconds;
    size_t megabytes;
};

extern struct world world; /* the one that is explored */

/* worlds.c */
extern const struct world worlds[];
extern const unsigned world_count;
void world_options(unsigned place, struct goose_election_options *options);
void world_seated(unsigned node, struct goose_durable_state *state);

/* names.c */
extern struct uid_names names;
struct goose_text node_address(unsigned node);
int node_of_address(struct goose_text address); /* -1: nobody's */
void name_uid(uint64_t uid, unsigned node, unsigned birth);
int node_of_uid(uint64_t uid); /* -1: nobody's */
unsigned birth_of_uid(uint64_t uid);
uint64_t uid_at(unsigned node, uint64_t like); /* the uid there of the same birth; 0: none */
void roster_known(const struct goose_roster *roster);
const struct goose_roster *roster_of_digest(uint64_t digest); /* NULL: never seen */

/* lives.c */
struct state;
uint64_t life_named(unsigned node, unsigned birth, uint64_t start);
uint64_t life_of_uid(uint64_t uid);
int node_of_life(uint64_t life); /* -1: nobody's */
uint32_t message_leaves(uint32_t message, const struct state *state);
int node_at(const struct state *state, unsigned place); /* -1: nobody is up there */

/* store.c: equal bytes are kept once. Numbers count from 1. */
struct store;
struct store *store_new(void);
uint32_t store_put(struct store *store, const void *bytes, size_t count);
const uint8_t *store_get(const struct store *store, uint32_t number, size_t *count);
uint32_t store_count(const struct store *store);
size_t store_memory(const struct store *store);

/* kept.c: nodes and messages as numbers. */
void kept_begin(void);
uint32_t node_put(struct node *node); /* which must be in canonical form */
void node_get(uint32_t number, struct node *node);
const struct facts *node_facts(uint32_t number);
uint32_t node_tick(uint32_t number);
uint32_t message_put(unsigned from, unsigned to, const struct goose_message *message,
                     const struct goose_roster *roster);
struct message_kept message_get(uint32_t number);
/* The same, for another life, and where that is. */
uint32_t message_for(uint32_t number, uint64_t life, unsigned place);
uint32_t message_tick(uint32_t number);
const struct message_facts *message_facts(uint32_t number);
uint32_t nodes_kept(void);
uint32_t messages_kept(void);
size_t kept_memory(void);

/* canon.c */
void canon_node(struct node *node);
void canon_tick(struct node *node);
struct goose_observer *observer_of(struct node *node, uint32_t index);
void canon_message(struct goose_message *message);
void canon_founding(struct goose_roster *roster);
void canon_message_tick(struct goose_message *message);
uint64_t canon_round(uint64_t uid, uint64_t life, uint64_t term, enum goose_message_kind kind);

/* shell.c: one step of the core, and its actions carried out. */
struct shell {
    struct node node;
    struct move *move;
    bool tells;    /* prints what happens */
    bool deaf;     /* what it sends goes nowhere */
    unsigned lost; /* of the sends of this move, bit i: was lost. For telling */
};

void shell_send(struct shell *shell, struct goose_send *send);
void shell_step(struct shell *shell, struct goose_event *event);
bool shell_start(struct shell *shell, bool newborn);

/* moves.c */
void moves_begin(void);
/* NULL: not possible, or nothing changes. */
const struct move *move_make(uint32_t node, enum move_kind kind, uint32_t argument);
/* The same, on a node that is unfolded. False: an assertion of the core failed. */
bool move_try(struct shell *shell, enum move_kind kind, uint32_t argument);
size_t moves_memory(void);
uint64_t moves_count(void);
/* What move_make() remembers, made anew. */
void move_remake(uint32_t node, enum move_kind kind, uint32_t argument, struct move *move);

/* state.c: a state of the world, as explore.c stores it. */
struct state {
    uint32_t nodes[NODES_MAX];
    uint32_t flight[FLIGHT_MAX]; /* sorted, 0: free */
    uint8_t crashes, lost_disks, duplicates, handovers, holds, removals, hellos, stands; /* left */
    uint8_t highest_won;                                                                 /* term */
    uint8_t committed_term;
    uint8_t committed_version;
    uint8_t zero2;
};

/* spent.c */
bool message_is_spent(uint32_t message, const struct state *state);

/* alike.c: nodes that may be taken for each other. A turn is one way to do so; 0 is none at all. */
void alike_begin(void);
/* To the form that stands for all of them; returns the turn */
unsigned alike_turn(struct state *state);
unsigned alike_back(unsigned turn);
unsigned alike_then(unsigned first, unsigned second);
unsigned alike_node(unsigned turn, unsigned node);
uint32_t alike_argument(unsigned turn, enum move_kind kind, uint32_t argument);
uint32_t alike_kept(unsigned turn, uint32_t node);
void alike_check(uint32_t node, enum move_kind kind, uint32_t argument, const struct move *move);
size_t alike_memory(void);

/* check.c */
/* What is wrong after `move` of `node` led from `before` to `after`; NULL: nothing. It keeps the memory of `after`. */
const char *check_move(const struct state *before, unsigned node, const struct move *move,
                       struct state *after);
const char *check_state(const struct state *state);

/* explore.c */
struct event_kept {
    uint8_t kind;
    uint8_t node;
    uint8_t lost;
    uint8_t turned; /* how the nodes were taken for each other afterwards: alike.c */
    uint32_t argument;
};

struct outcome_of {
    const char *broken;
    bool finished;
    const char *why_not;
    unsigned depth;
    uint64_t states, transitions, cut;
    unsigned term_won, version_committed; /* the highest that were reached */
    double seconds;
    size_t bytes;
};

void explore(const struct state *first, struct outcome_of *outcome);
/* The way to where it broke: its events, oldest first; returns how many. */
unsigned explore_path(const struct event_kept **events);

/* prologue.c */
void prologue(struct state *first);

/* tell.c */
void tell_step(const struct shell *shell, const struct goose_actions *actions, unsigned first_send);
void tell_path(const struct state *first, const struct event_kept *events, unsigned count,
               const char *broken);

#endif
