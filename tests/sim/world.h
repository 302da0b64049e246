/* world.h: a simulated flock: hosts with clocks and disks, the network between them, and what will happen next.
 * Deterministic: the same options and the same faults give the same history, to the byte. */
#ifndef GOOSIM_WORLD_H
#define GOOSIM_WORLD_H

#include "check.h"
#include "clocks.h"
#include "facts.h"
#include "heap.h"
#include "options.h"
#include "plan.h"

#include "goose/election.h"
#include "rig/carry.h"
#include "rig/disk.h"
#include "rig/tell.h"
#include "rig/will.h"

#define ADDRESSES_MAX 64 /* "n1:7000" ... : hosts move from one to another */
#define PACKETS_MAX   8192
#define BEATS_MAX     32
#define ASKS_MAX      128 /* a candidate asks again every stagger, and a slow disk may take a while */
#define REQUESTS_MAX  4
#define FAULTS_MAX    64 /* bits of a uint64_t */
#define ROSTERS_MAX   256
#define LOST_UIDS_MAX 64
#define RECORDED_MAX  128
#define OBSERVERS_MAX 16
#define NAME_TAG      UINT64_C(0x60053)
#define NOBODY        0xff
#define NO_PACKET     UINT32_MAX
#define MS            UINT64_C(1000000)

enum happening_kind {
    HAPPENS_PACKET = 1,
    HAPPENS_TIMER,
    HAPPENS_DISK,
    HAPPENS_LOOP,
    HAPPENS_START,
    HAPPENS_FAULT,
    HAPPENS_FAULT_END,
    HAPPENS_CLOCK,
    HAPPENS_CLIENT,
    HAPPENS_WILL,
};

struct packet {
    uint32_t next;
    uint16_t bytes;
    uint8_t from_address;
    uint8_t to_address;
    uint8_t from_host;
    bool with_roster;
    uint64_t roster_term;
    uint64_t roster_version;
    uint8_t data[GOOSE_MESSAGE_BYTES_MAX];
};

/* What is wrong with the machine's disk. */
struct drive {
    bool fail_next;
    uint32_t write; /* names the write under way */
    uint64_t hangs_until_ns;
};

enum host_state { HOST_ABSENT, HOST_OFF, HOST_UP };

/* A heartbeat or vote request as it was handled: what an answer to it promises. */
struct heard {
    uint64_t key; /* seq or round */
    uint64_t term;
    uint64_t uid;
    uint64_t sent_at_us;
    uint64_t since_steady_us;
    uint64_t until_steady_us;
};

struct waiting_request {
    uint64_t id;
    enum goose_request_kind kind;
    uint64_t hold_us;
    uint8_t address; /* 0: none */
    bool force;
    bool is_work; /* no request at all: GOOSE_EVENT_WORK */
    uint32_t open;
    uint64_t grace_us;
};

struct host {
    uint8_t index;
    uint8_t address;
    enum host_state state;
    bool asleep;
    bool left_broken;
    bool lease_changed;     /* by a fault: the healing takes it back */
    uint64_t not_before_ns; /* its machine is not there yet */
    uint32_t pid;           /* of the process: what was planned for an earlier one is void */
    struct clock clock;
    struct disk disk;
    struct drive drive;
    struct goose_election_options options;
    uint64_t peers_bits; /* addresses on its command line */
    uint64_t hints_bits;
    uint64_t none_bits; /* newborn: who has told this life that it knows of no flock */
    uint64_t none_in_term_0_bits;
    uint64_t started_ns;
    uint64_t started_steady_us;
    uint64_t started_lease_us;
    bool newborn;
    bool reached; /* its disk has held a roster of a flock since it was lost */

    /* The process. */
    struct carry carry;
    bool looping; /* busy, frozen, or working off its queue: arrivals wait */
    uint64_t frozen_until_ns;
    uint64_t timer_at_ns; /* the one timer event that counts */
    uint64_t wake_us;
    bool timer_waits;
    bool saved_waits;
    bool options_wait;
    bool saved_ok;
    uint32_t queue_head;
    uint32_t queue_tail;
    uint32_t queued;
    struct waiting_request requests[REQUESTS_MAX];
    unsigned request_count;
    uint32_t work_open;     /* in its name, and taken */
    uint64_t leave_ends_us; /* what is open has been told to leave by then; 0: it has not */
    int trip;               /* a fault that strikes within this step; -1: none, -2: a stall */
    enum carry_next trip_at;
    uint8_t trip_send;
    uint64_t trip_ns;
    struct will will;
    uint8_t will_from; /* the address of its socket */
    uint32_t wills;

    /* What was seen of it. */
    uint64_t uid;
    uint64_t term;
    uint64_t voted_for;
    uint64_t decided_steady_us; /* when (term, voted_for) became what it is */
    uint64_t roster_term;       /* in use */
    uint64_t roster_version;
    uint64_t was_roster_term; /* when its last step began */
    uint64_t was_roster_version;
    uint64_t saved_roster_term;
    uint64_t saved_roster_version;
    uint64_t stood_term; /* the roster in use when it last voted for itself */
    uint64_t stood_version;
    uint64_t stood_lease_us;
    enum goose_role role;
    uint64_t claim_end_us; /* on its own clock */
    uint32_t claim_pid;
    struct heard beats[BEATS_MAX];
    struct heard asks[ASKS_MAX];
    unsigned beat_at;
    unsigned ask_at;

    struct goose_observers *observers;
    struct goose_election election;
    struct goose_actions actions;
    const char *lost[GOOSE_ELECTION_SENDS_MAX]; /* why, for the trace; NULL: it was not */
};

/* What the weather faults make of the network, the loops and the disks. */
struct weather {
    uint32_t loss_ppm;
    uint32_t twice_ppm;
    uint32_t long_ppm;
    uint64_t long_ns;
    uint32_t late_ppm;
    uint64_t late_ns;
    uint32_t beyond_ppm;
    uint64_t beyond_ns;
    uint64_t loop_late_ns;
    uint32_t stall_ppm;
    uint64_t stall_ns;
    uint64_t slow_write_ns;
    uint64_t clients_ns; /* between two questions; 0: none */
    bool work;           /* clients have some open */
};

enum count {
    COUNT_RUNS,
    COUNT_BEYOND,
    COUNT_WINS,
    COUNT_CANVASSES,
    COUNT_CANDIDACIES,
    COUNT_YES,
    COUNT_RESIGNS,
    COUNT_LEASES_ENDED,
    COUNT_ROSTER_CHANGES,
    COUNT_COMMITS,
    COUNT_HOLDS,
    COUNT_WORK,
    COUNT_WORK_LEFT,
    COUNT_WORK_TOLD,
    COUNT_PLANNED, /* resignations: handover, drain, stop, removal */
    COUNT_STARTS,
    COUNT_NEWBORN,
    COUNT_CRASHES,
    COUNT_CRASHES_IN_STEP,
    COUNT_WRITES_LOST,
    COUNT_RETIRED,
    COUNT_MESSAGES,
    COUNT_MESSAGES_LOST,
    COUNT_MESSAGES_TWICE,
    COUNT_AMBUSHES,
    COUNT_BROKEN_MINORITIES,
    COUNT_L1,
    COUNT_L1_SKIPPED,
    COUNT_L3,
    COUNT_POKES,
    COUNT_REPLAYED,
    COUNT_LATE_BEYOND,
    COUNT_USED_ADDRESSES, /* given to somebody else */
    COUNT_WILLS,
    COUNTS
};

struct totals {
    uint64_t seeds;
    uint64_t failed;
    uint64_t first_failed;
    uint64_t events;
    uint64_t simulated_ns;
    uint64_t drawn[FAULT_KINDS];
    uint64_t struck[FAULT_KINDS];
    uint64_t counts[COUNTS];
    uint64_t profiles[PROFILES];
    uint64_t excused[EXCUSES][RULES]; /* what a copy, or a second machine, broke */
    uint64_t worst_l1_ns;
    uint64_t worst_poke_ns;
};

/* A machine's memory and disk as they once were. */
struct snapshot {
    bool taken;
    uint8_t fault;
    uint8_t host;
    uint64_t uid;
    uint64_t local_us;
    uint64_t wake_us;
    struct disk disk;
    struct drive drive;
    struct carry carry;
    struct goose_election election;
    struct goose_observers *observers;
};

/* Datagrams from and to one host, as they were sent. */
struct recording {
    bool on;
    uint8_t fault;
    uint8_t host;
    unsigned wanted;
    unsigned count;
    struct packet packets[RECORDED_MAX];
};

struct world {
    struct sim_options options;
    struct fault faults[FAULTS_MAX];
    unsigned fault_count;
    uint64_t faults_enabled;
    uint64_t focus_ns; /* many faults happen around then */
    uint32_t armed;    /* bits of enum trigger: ambushes that still wait */
    bool healed;

    uint64_t now_ns;
    uint64_t events;
    uint64_t steps;
    uint64_t digest;
    struct heap heap;
    struct rng net_rng;
    struct rng host_rng;
    struct rng disk_rng;
    struct rng clock_rng;
    struct rng client_rng;
    struct rng work_rng;
    struct weather weather;

    struct host hosts[HOSTS_MAX];
    unsigned host_count;
    uint8_t seated;        /* who was given a seat last, or claimed one; NOBODY: nobody */
    unsigned member_count; /* the strangers come after them */
    uint64_t longest_lease_us;
    uint8_t at_address[ADDRESSES_MAX];
    uint8_t twin_at[ADDRESSES_MAX];     /* another host with the same --self */
    uint16_t twin_hears[ADDRESSES_MAX]; /* from these hosts the way leads there */
    uint8_t next_address;
    struct recording recording;
    struct snapshot snapshot;
    uint8_t cut[HOSTS_MAX][HOSTS_MAX];
    struct packet *packets;
    uint32_t free_packet;

    /* For section 2's sum of lost disks. */
    struct goose_roster rosters[ROSTERS_MAX];
    uint64_t roster_flies_to_ns[ROSTERS_MAX]; /* when the last datagram with it arrives */
    unsigned roster_count;
    uint64_t lost_uids[LOST_UIDS_MAX];
    unsigned lost_count;
    uint64_t moved_away_bits;

    uint64_t request_ids;
    uint64_t hold_asked_ns[CHECK_FACTS]; /* by id: when the client sent it */
    int64_t client_ppm[CHECK_FACTS];
    uint64_t stop_ids[HOSTS_MAX];
    uint64_t stop_for_ns[HOSTS_MAX];

    struct check check;
    struct totals *totals;
    struct totals ignored; /* where nobody wants them */
    FILE *trace;
    bool trace_all;
    struct uid_names names;       /* for the trace */
    struct goose_election before; /* for goose_election_check_step() */
    void *watcher;                /* figures: told of what happens */
    void (*on_note)(void *watcher, struct world *w, struct host *h, const struct goose_note *note);
    void (*on_send)(void *watcher, struct world *w, struct host *h, const struct goose_message *m);
};

/* world.c */
struct world *world_new(void);
void world_free(struct world *w);
/* totals: NULL where nobody wants them */
void world_reset(struct world *w, const struct sim_options *options, struct totals *totals);
void world_populate(struct world *w); /* hosts, command lines, first disks; starts are planned */
/* Goes on until the time. False: something is broken. */
bool world_run(struct world *w, uint64_t until_ns);
void world_count(struct world *w, enum count count);
struct host *world_goose(struct world *w);       /* NULL: nobody claims now */
struct goose_text address_name(uint8_t address); /* its text lives for ever */
uint8_t address_id(struct goose_text name);

/* populate.c */
void host_set_peers(struct world *w, struct host *h, uint64_t bits);
/* A daemon refuses to count a silence of less than three heartbeats as death. */
void host_set_lease(struct host *h, uint32_t lease_us, uint32_t heartbeat_us);
void host_set_hints(struct world *w, struct host *h, uint64_t bits);

/* host.c: a process and its loop */
void host_start(struct world *w, struct host *h);
void host_crash(struct world *w, struct host *h);
void host_reboot(struct world *w, struct host *h); /* crash, and the clock starts anew */
void host_freeze(struct world *w, struct host *h, uint64_t for_ns);
void host_arrives(struct world *w, struct host *h, uint32_t packet);
void host_timer(struct world *w, struct host *h, uint64_t at_ns);
void host_loop(struct world *w, struct host *h, uint32_t pid);
void host_saved(struct world *w, struct host *h, bool ok);
void host_request(struct world *w, struct host *h, struct waiting_request request);
void host_new_options(struct world *w, struct host *h);
void host_plan_timer(struct world *w, struct host *h);
void host_put_back(struct world *w, struct host *h, const struct snapshot *snapshot);

/* carry.c: a step's actions, in order */
void host_step(struct world *w, struct host *h, struct goose_event *event);
bool carry_on(struct world *w, struct host *h); /* true: the whole step is done */
void host_retire(struct world *w, struct host *h);

/* work.c */
void work_client(struct world *w);
void work_ends(struct world *w);
void work_forget(struct host *h);
void work_stepped(struct world *w, struct host *h, const struct goose_event *event,
                  enum goose_refusal refusal);

/* will.c: the helper of a process */
void will_stepped(struct world *w, struct host *h);
void will_begins(struct world *w, struct host *h); /* the process is dead */
void will_is_gone(struct host *h);                 /* the machine is */
bool will_waits(struct world *w, struct host *h);  /* true: the start comes later */
void will_due(struct world *w, struct host *h, uint32_t pid);

/* disk.c */
void disk_save(struct world *w, struct host *h);
void disk_done(struct world *w, struct host *h, uint32_t write);
void disk_well(struct world *w, struct host *h);
void disk_interrupted(struct world *w, struct host *h); /* a crash: old or new state, as it falls */
void disk_lose(struct world *w, struct host *h);
bool disk_roll_back(struct world *w, struct host *h); /* false: no old copy */

/* net.c */
void net_reset(struct world *w);
void net_send(struct world *w, struct host *h, const struct goose_send *send);
/* These bytes, from a process that is gone. */
void net_post(struct world *w, uint8_t from_host, uint8_t from, uint8_t to, const uint8_t *bytes,
              size_t count);
void net_free(struct world *w, uint32_t packet);
void net_fly(struct world *w, const struct packet *packet, uint64_t within_ns); /* once more */
uint8_t net_owner(const struct world *w, unsigned from,
                  uint8_t address); /* NOBODY, or the host there */
void net_cut(struct world *w, uint16_t from, uint16_t to, bool both, int change);

/* budget.c: PROTOCOL 2, which disks may be lost */
void budget_roster_seen(struct world *w, const struct goose_roster *roster);
void budget_roster_flies(struct world *w, uint64_t term, uint64_t version, uint64_t to_ns);
bool budget_allows_loss(struct world *w, const struct host *h);
bool budget_allows_move(struct world *w, const struct host *h);
bool budget_allows_swap(const struct world *w, const struct host *h, const struct host *other);
void budget_lost(struct world *w, struct host *h);
bool budget_is_lost(const struct world *w, uint64_t uid); /* rolled back counts too */
bool budget_majority_up(struct world *w, uint16_t hosts); /* of every roster in use there */
bool budget_list_up(const struct world *w, const struct host *h,
                    uint16_t hosts); /* of its --peers */

/* trace.c */
void trace_line(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void trace_link(struct world *w, uint16_t from, uint16_t to, bool both, bool cut);
void trace_step(struct world *w, struct host *h, const struct goose_event *event,
                enum goose_refusal refusal);
void trace_sent(struct world *w, const struct host *h); /* all that this step has sent */

#endif
