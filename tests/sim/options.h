/* options.h: what one seed draws before anything runs: the flock, its timings, its network, and which kinds of faults
 * it will meet (swarm testing: every run has its own few). */
#ifndef GOOSIM_OPTIONS_H
#define GOOSIM_OPTIONS_H

#include "rng.h"

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
    FAULT_CLIENTS, /* ask for holds, all the time */
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
    FAULT_KINDS
};

const char *fault_name(enum fault_kind kind);

enum beginning {
    BIRTH_SETTLED, /* an old flock whose machines were all switched off, and on again */
    BIRTH_PEERS,   /* newborn, with --peers */
    BIRTH_FOUNDER, /* one alone, the others --join it */
};

struct sim_options {
    uint64_t seed;
    bool beyond; /* more disks are lost than PROTOCOL 2 allows: S1 alone must hold */
    enum beginning birth;
    bool settled_peers; /* BIRTH_SETTLED: with --peers on the command lines; else --join */
    int first;          /* the first members */
    int observers;      /* that never want a seat */
    int spare;          /* that join later */
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
    uint64_t swarm;        /* bits of enum fault_kind */
    unsigned fault_count;
    uint32_t ambush_ppm; /* of the single faults */
    uint32_t broken_ppm; /* how likely it is that a minority stays broken at the end */
};

void options_draw(struct sim_options *options, uint64_t seed);
void options_print(const struct sim_options *options, FILE *out);

#endif
