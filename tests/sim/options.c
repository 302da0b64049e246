/* options.c: draws a run's options from its seed and prints them. */
#include "options.h"

#include <inttypes.h>
#include <string.h>

const char *fault_name(enum fault_kind kind)
{
    static const char *const names[FAULT_KINDS] = {
        [FAULT_LOSS] = "loss",
        [FAULT_DUPLICATES] = "duplicates",
        [FAULT_LONG_DELAYS] = "long delays",
        [FAULT_VERY_LATE] = "very late messages",
        [FAULT_CLOCK_RATES] = "clock rates",
        [FAULT_LATE_LOOPS] = "late loops",
        [FAULT_STALLS] = "stalls",
        [FAULT_SLOW_DISKS] = "slow disks",
        [FAULT_OTHER_LEASES] = "other leases",
        [FAULT_WRONG_PEERS] = "wrong peers",
        [FAULT_CLIENTS] = "clients",
        [FAULT_LATE_MEMBERS] = "late members",
        [FAULT_LATE_BEYOND] = "late beyond all",
        [FAULT_CUT_ONE_WAY] = "cut one way",
        [FAULT_CUT_PAIR] = "cut pair",
        [FAULT_DEAF] = "deaf",
        [FAULT_MUTE] = "mute",
        [FAULT_ISOLATE] = "isolate",
        [FAULT_PARTITION] = "partition",
        [FAULT_PARTITION_ONE_WAY] = "partition one way",
        [FAULT_PAUSE] = "pause",
        [FAULT_SLEEP] = "sleep",
        [FAULT_CRASH] = "crash",
        [FAULT_REBOOT] = "reboot",
        [FAULT_CRASH_ALL] = "crash all",
        [FAULT_DISK_LOST] = "disk lost",
        [FAULT_DISK_OLD] = "old disk",
        [FAULT_DISK_FAILS] = "disk fails",
        [FAULT_DISK_HANGS] = "disk hangs",
        [FAULT_JOIN] = "join",
        [FAULT_REMOVE] = "remove",
        [FAULT_HANDOVER] = "handover",
        [FAULT_DRAIN] = "drain",
        [FAULT_UNDRAIN] = "undrain",
        [FAULT_STOP] = "stop",
        [FAULT_MOVE] = "move",
        [FAULT_NEW_OPTIONS] = "new options",
        [FAULT_HOLD] = "hold",
        [FAULT_LONG_PAUSE] = "long pause",
        [FAULT_CRASH_BUT_ONE] = "crash but one",
        [FAULT_NEW_LEASE] = "new lease",
        [FAULT_MOVE_USED] = "move to a used one",
        [FAULT_SWAP] = "swap",
        [FAULT_TWIN] = "twin",
        [FAULT_REPLAY] = "replay",
        [FAULT_RECOVER] = "recover",
        [FAULT_CLONE] = "clone",
        [FAULT_SNAPSHOT] = "snapshot",
    };
    return kind < FAULT_KINDS ? names[kind] : "?";
}

#define BIT(kind) (UINT64_C(1) << (kind))

static void draw_flock(struct sim_options *o, struct rng *rng)
{
    static const uint8_t sizes[] = {1, 2, 3, 3, 3, 3, 3, 3, 4, 4, 5, 5, 5, 5, 6, 7};
    o->first = sizes[rng_below(rng, sizeof sizes)];
    o->birth = BIRTH_SETTLED;
    if (rng_chance(rng, 400000)) {
        o->birth = rng_chance(rng, 750000) ? BIRTH_PEERS : BIRTH_FOUNDER;
    }
    o->settled_peers = rng_chance(rng, 500000);
    o->observers = rng_chance(rng, 150000) ? rng_int(rng, 1, 2) : 0;
    o->spare = rng_chance(rng, 500000) ? rng_int(rng, 1, 4) : 0;
    o->strangers = 1;
    o->voters = 5;
    if (o->beyond) {
        o->first = 3;
        o->spare = 0;
        o->birth = rng_chance(rng, 500000) ? BIRTH_SETTLED : BIRTH_PEERS;
        o->settled_peers = true;
    }
}

static void draw_timings(struct sim_options *o, struct rng *rng)
{
    static const uint32_t leases[] = {50000, 60000, 60000, 100000, 300000};
    o->lease_us = leases[rng_below(rng, sizeof leases / sizeof leases[0])];
    o->heartbeat_us = o->lease_us / (uint32_t)rng_between(rng, 3, 8);
    o->delay_min_ns = 50000;
    o->delay_max_ns = rng_chance(rng, 700000) ? 250000 : rng_between(rng, 250000, 3000000);
    o->write_min_ns = 200000;
    o->write_max_ns = 2000000;
    o->wan = rng_chance(rng, 120000);
    if (o->wan) {
        o->lease_us = rng_chance(rng, 500000) ? 300000 : 1000000;
        o->heartbeat_us = o->lease_us / 6;
        o->delay_min_ns = 15000000;
        o->delay_max_ns = 30000000;
        o->write_min_ns = 1000000;
        o->write_max_ns = 10000000;
    }
    uint64_t lease_ns = (uint64_t)o->lease_us * 1000;
    o->dead_after_us = o->beyond ? UINT64_C(3600000000) : o->lease_us * rng_between(rng, 4, 60);
    o->loop_late_ns = 100000;
    o->spread_ns = rng_chance(rng, 500000) ? 1000000 : rng_magnitude(rng, 1000000, 10 * lease_ns);
    o->safety_ns = lease_ns * rng_between(rng, 15, 90);
    o->shortest_ns = lease_ns / 20;
    o->longest_ns = 12 * lease_ns;
    o->queue = 512;
    if (o->birth == BIRTH_FOUNDER) {
        o->safety_ns += UINT64_C(3000000000); /* it listens for two seconds first */
    }
}

static void draw_swarm(struct sim_options *o, struct rng *rng)
{
    uint64_t swarm = 0;
    uint32_t share = (uint32_t)rng_between(rng, 150000, 700000);
    for (int kind = 0; kind < FAULT_KINDS; kind++) {
        swarm |= rng_chance(rng, share) ? BIT(kind) : 0;
    }
    if (!rng_chance(rng, 250000)) {
        swarm &= ~BIT(FAULT_CRASH_ALL);
    }
    if (o->birth != BIRTH_PEERS || o->first < 3) {
        swarm &= ~BIT(FAULT_WRONG_PEERS);
    }
    if (o->spare == 0) {
        swarm &= ~BIT(FAULT_JOIN);
    }
    swarm &= ~(BIT(FAULT_LONG_PAUSE) | BIT(FAULT_LATE_BEYOND));
    if (o->beyond) {
        swarm &= ~(BIT(FAULT_WRONG_PEERS) | BIT(FAULT_JOIN) | BIT(FAULT_REMOVE) | BIT(FAULT_MOVE) |
                   BIT(FAULT_OTHER_LEASES) | BIT(FAULT_NEW_OPTIONS) | BIT(FAULT_DISK_OLD) |
                   BIT(FAULT_NEW_LEASE) | BIT(FAULT_MOVE_USED) | BIT(FAULT_SWAP) | BIT(FAULT_TWIN) |
                   BIT(FAULT_RECOVER) | BIT(FAULT_CLONE) | BIT(FAULT_SNAPSHOT) |
                   BIT(FAULT_LATE_MEMBERS));
        swarm |= BIT(FAULT_DISK_LOST) | BIT(FAULT_CRASH);
    }
    o->swarm = swarm;
    o->fault_count = (unsigned)rng_between(rng, 3, 48);
    o->cluster_ppm = rng_chance(rng, 300000) ? 300000 : 0;
    o->ambush_ppm = rng_chance(rng, 700000) ? (uint32_t)rng_between(rng, 100000, 800000) : 0;
    o->broken_ppm = 400000;
}

void options_draw(struct sim_options *options, uint64_t seed)
{
    struct rng rng = {seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
    memset(options, 0, sizeof *options);
    options->seed = seed;
    options->last_will = seed % 5 % 2 == 0; /* not drawn: the other seeds go on as they did */
    options->beyond = rng_chance(&rng, 60000);
    draw_flock(options, &rng);
    draw_timings(options, &rng);
    draw_swarm(options, &rng);
    if (!options->beyond) {
        profile_apply(options, &rng);
    }
}

void options_print(const struct sim_options *o, FILE *out)
{
    static const char *const births[] = {"settled", "newborn", "founded"};
    fprintf(out, "goosim --seed %" PRIu64 "   %d voters", o->seed, o->first);
    if (o->observers > 0) {
        fprintf(out, ", %d observers", o->observers);
    }
    if (o->spare > 0) {
        fprintf(out, ", %d join", o->spare);
    }
    if (o->last_will) {
        fprintf(out, ", last wills");
    }
    fprintf(out,
            ", %s, %s%s, lease %.0f ms, heartbeat %.1f ms, %.2f-%.2f ms one way, faults for %.1f s",
            profile_name(o->profile), births[o->birth],
            o->beyond ? ", beyond the failure model" : "", o->lease_us / 1e3, o->heartbeat_us / 1e3,
            (double)o->delay_min_ns / 1e6, (double)o->delay_max_ns / 1e6,
            (double)o->safety_ns / 1e9);
    for (int kind = 0; kind < FAULT_KINDS; kind++) {
        if ((o->swarm & BIT(kind)) != 0) {
            fprintf(out, ", %s", fault_name((enum fault_kind)kind));
        }
    }
    fprintf(out, "\n");
}
