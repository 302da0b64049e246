/* world.h: a small flock in simulated time, for the trace tests: nodes, disks, a network that
 * does as it is told. Everything is decided by the scenario and by counters: the same scenario
 * always tells the same story. */
#ifndef TRACE_WORLD_H
#define TRACE_WORLD_H

#include "report.h"
#include "rig/carry.h"
#include "rig/disk.h"
#include "rig/random.h"
#include "rig/tell.h"
#include "rig/will.h"

#define NODES_MAX       12
#define TRACE_PORT      ":4600"
#define LINK_US_DEFAULT UINT64_C(1000)

#define WATCH_DEFAULT (WATCH_ROLE | WATCH_CLAIM | WATCH_ROSTER | WATCH_ANSWER | WATCH_BIRTH)

enum disk_mode { DISK_WORKS, DISK_HOLDS, DISK_FAILS };

/* When a write ends, and how. */
struct drive {
    enum disk_mode mode;
    uint64_t takes_us;
    uint64_t due_us; /* the write under way */
};

struct node {
    char name[NAME_CHARS_MAX];
    struct goose_address address;
    struct goose_election_options options;
    struct goose_election e;
    struct goose_observers *observers;
    struct carry carry;
    struct disk disk;
    struct drive drive;
    struct will will;
    bool up;
    bool paused;
    uint64_t clock_ahead_us; /* no two clocks agree */
    struct rng rng;
    uint64_t wake_at_us; /* by the node's clock */
    uint64_t request_id;
    uint64_t hold_id; /* of the last request for a hold */
    unsigned spins;
    unsigned watch;
};

struct link {
    bool cut;
    uint64_t takes_us;
    unsigned holds;                           /* kinds */
    struct packet *last[GOOSE_MESSAGE_KINDS]; /* delivered */
};

struct packet {
    struct packet *next;
    int from;
    int to;
    uint64_t due_us;
    bool held;
    enum goose_message_kind kind;
    size_t count;
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];
};

struct world {
    uint64_t now_us;
    uint64_t zero_us; /* when the story begins */
    int count;
    struct node nodes[NODES_MAX];
    uint64_t handmade; /* messages of the scenario from those that do not run */
    struct link links[NODES_MAX][NODES_MAX];
    struct packet *packets; /* in the order of sending */
    struct uid_names names;
    unsigned two_geese; /* told once a time */
    unsigned watch;     /* of nodes to come */
    struct report report;
};

struct world *world_new(void);
void world_free(struct world *w);

struct node *world_find(struct world *w, const char *name);
struct node *world_add(struct world *w,
                       const char *name); /* NULL: too many, or no name for a node */
struct node *world_at(struct world *w, struct goose_text address);
int world_index(const struct world *w, const struct node *node);
uint64_t node_now_us(const struct world *w, const struct node *node);

uint64_t world_uid(struct world *w, const char *name); /* made where the name is new */

/* One event, and all that follows from it at once: sends, writes, "go on". */
void node_handle(struct world *w, struct node *node, struct goose_event event);
void node_start(struct world *w, struct node *node);
void node_crash(struct world *w, struct node *node);
void node_kill(struct world *w, struct node *node); /* its helper lives */
void node_options(struct world *w, struct node *node);
bool node_write_ends(struct world *w, struct node *node); /* false: no write is under way */

/* The next thing that happens, if it does before or at `limit_us`. */
bool world_next(struct world *w, uint64_t limit_us);
void world_run(struct world *w, uint64_t until_us);
struct node *world_goose(struct world *w); /* whose claim is true now; NULL: nobody's */

/* will.c: what the helper of a dead process does */
uint64_t wills_due(struct world *w, struct node **due);
void will_speaks(struct world *w, struct node *node);

/* network.c */
struct node *network_receiver(struct world *w,
                              const struct goose_send *send); /* NULL: nobody there */
void network_send(struct world *w, struct node *from, const struct goose_send *send);
void network_carry(struct world *w, const struct node *from, const struct node *to,
                   enum goose_message_kind kind, const uint8_t *bytes, size_t count);
void network_give(struct world *w, int from, int to, const uint8_t *bytes, size_t count);
struct packet *network_due(struct world *w); /* the first that may be delivered; NULL: none */
void network_deliver(struct world *w, struct packet *packet);
bool network_release(struct world *w, int from, int to, unsigned kinds, bool deliver);
bool network_repeat(struct world *w, int from, int to, enum goose_message_kind kind);
bool network_idle(const struct world *w);
void network_free(struct world *w);

#endif
