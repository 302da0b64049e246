/* options.h: what one seed draws before anything runs: the flock, its timings, its network, and which kinds of faults
 * it will meet (swarm testing: every run has its own few). */
#ifndef GOOSIM_OPTIONS_H
#define GOOSIM_OPTIONS_H

#include "rig/random.h"

#include <stdio.h>

#define HOSTS_MAX 16 /* as many as check.h's CHECK_HOSTS */

enum fault_kind {
    /* Weather: from the start to the healing. */
    FAULT_LOSS,
    FAULT_DUPLICATES,
    FAULT_LONG_DELAYS,
    FAULT_VERY_LATE,
    FAULT_CLOCK_RATES,
    FAULT_LATE_LOOPS,
    FAULT_STALLS, /* time passes between reading the clock and sending */
    FAULT_SLOW_DISKS,
    FAULT_OTHER_LEASES,
    FAULT_WRONG_PEERS,
    FAULT_CLIENTS,      /* ask for holds, all the time */
    FAULT_LATE_MEMBERS, /* first members that come when the others have long begun */
    FAULT_LATE_BEYOND,  /* messages later than any time that a node keeps in mind */
    FAULT_INSTANCES,
    /* Single ones, at a time or in ambush. */
    FAULT_CUT_ONE_WAY = FAULT_INSTANCES,
    FAULT_CUT_PAIR,
    FAULT_DEAF,
    FAULT_MUTE,
    FAULT_ISOLATE,
    FAULT_PARTITION,
    FAULT_PARTITION_ONE_WAY,
    FAULT_PAUSE,
    FAULT_SLEEP, /* the host: arrivals are lost too */
    FAULT_CRASH,
    FAULT_REBOOT, /* the host: its clock starts anew */
    FAULT_CRASH_ALL,
    FAULT_DISK_LOST,
    FAULT_DISK_OLD,
    FAULT_DISK_FAILS,
    FAULT_DISK_HANGS,
    FAULT_JOIN,
    FAULT_REMOVE,
    FAULT_HANDOVER,
    FAULT_DRAIN,
    FAULT_UNDRAIN,
    FAULT_STOP,
    FAULT_MOVE,
    FAULT_NEW_OPTIONS,
    FAULT_HOLD,
    FAULT_LONG_PAUSE,    /* longer than any time that a node keeps in mind */
    FAULT_CRASH_BUT_ONE, /* all but one: what only that one knew may go next */
    FAULT_NEW_LEASE,     /* a much shorter or longer one, while the process runs */
    FAULT_MOVE_USED,     /* to an address that somebody else had */
    FAULT_SWAP,          /* two come back, each with the other's address */
    FAULT_TWIN,          /* another machine says --self as one that is there */
    FAULT_REPLAY,        /* what was sent is recorded, and sent again later */
    FAULT_RECOVER,  /* all others are lost for good, and an operator rewrites the state of one */
    FAULT_CLONE,    /* the same uid twice */
    FAULT_SNAPSHOT, /* a machine's memory and disk are put back as they were */
    FAULT_KINDS
};

const char *fault_name(enum fault_kind kind);

/* What a run is about: which rare things come together in it. */
enum profile {
    PROFILE_ORDINARY,
    PROFILE_LONG,     /* slow and long: half an hour of few events */
    PROFILE_FOUNDING, /* who is where while a flock begins */
    PROFILE_GROWTH, /* from one voter to two and three, with leases longer than a silence that counts as death */
    PROFILE_OPTIONS, /* timings that change while the flock runs */
    PROFILE_COPIES,  /* nodes that are there twice, or again */
    PROFILES
};

const char *profile_name(enum profile profile);

enum beginning {
    BIRTH_SETTLED, /* an old flock whose machines were all switched off, and on again */
    BIRTH_PEERS,   /* newborn, with --peers */
    BIRTH_FOUNDER, /* one alone, the others --join it */
};

struct sim_options {
    uint64_t seed;
    bool beyond;    /* more disks are lost than PROTOCOL 2 allows: S1 alone must hold */
    bool last_will; /* a process that dies leaves a helper behind */
    enum profile profile;
    enum beginning birth;
    bool settled_peers; /* BIRTH_SETTLED: with --peers on the command lines; else --join */
    int first;          /* the first members */
    int observers;      /* that never want a seat */
    int spare;          /* that join later */
    uint8_t voters;     /* that a founder wants */
    int strangers;      /* machines that only a fault brings in */
    bool wan;
    uint32_t heartbeat_us;
    uint32_t lease_us;
    uint64_t dead_after_us;
    uint64_t delay_min_ns; /* one way */
    uint64_t delay_max_ns;
    uint64_t write_min_ns;
    uint64_t write_max_ns;
    uint64_t loop_late_ns; /* at most */
    uint64_t spread_ns;    /* of the first starts */
    uint64_t safety_ns;    /* how long faults happen */
    uint64_t shortest_ns;  /* of a cut, a crash, a pause */
    uint64_t longest_ns;
    unsigned queue; /* datagrams that a socket keeps */
    uint64_t swarm; /* bits of enum fault_kind */
    uint64_t main;  /* those that two of three single faults are of; 0: any */
    unsigned fault_count;
    uint32_t ambush_ppm;  /* of the single faults */
    uint32_t cluster_ppm; /* how likely it is that a fault comes with the one before it */
    uint32_t broken_ppm;  /* how likely it is that a minority stays broken at the end */
};

/* profiles.c: makes of what was drawn what the profile is about */
void profile_apply(struct sim_options *options, struct rng *rng);
void options_draw(struct sim_options *options, uint64_t seed);
void options_print(const struct sim_options *options, FILE *out);

#endif
