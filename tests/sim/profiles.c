/* profiles.c: what a run is about. In a run where everything may happen, three rare things seldom come together: so some
 * runs have flocks, timings and faults that belong together. Nothing here knows what the election would make of it. */
#include "options.h"

#include <stddef.h>

#define BIT(kind) (UINT64_C(1) << (kind))
#define SECOND_NS UINT64_C(1000000000)
#define MINUTE_NS (60 * SECOND_NS)

/* What nearly every profile can use. */
#define LINKS                                                                           \
    (BIT(FAULT_CUT_ONE_WAY) | BIT(FAULT_CUT_PAIR) | BIT(FAULT_DEAF) | BIT(FAULT_MUTE) | \
     BIT(FAULT_ISOLATE) | BIT(FAULT_PARTITION) | BIT(FAULT_PARTITION_ONE_WAY))

const char *profile_name(enum profile profile)
{
    static const char *const names[PROFILES] = {
        [PROFILE_ORDINARY] = "ordinary", [PROFILE_LONG] = "long",
        [PROFILE_FOUNDING] = "founding", [PROFILE_GROWTH] = "growth",
        [PROFILE_OPTIONS] = "options",   [PROFILE_COPIES] = "copies",
    };
    return profile < PROFILES ? names[profile] : "?";
}

/* Most of the first, half of the second, and few others. */
static void focus(struct sim_options *o, struct rng *rng, uint64_t main, uint64_t often)
{
    uint64_t few = o->swarm & rng_next(rng) & rng_next(rng);
    o->main = main & (rng_next(rng) | rng_next(rng) | rng_next(rng));
    o->swarm = few | o->main | (often & rng_next(rng));
    o->cluster_ppm = rng_chance(rng, 800000) ? 400000 : 0;
}

/* A socket keeps what fits into its buffer: what came first, not what came last. */
static void draw_queue(struct sim_options *o, struct rng *rng)
{
    static const uint16_t queues[] = {1, 4, 16, 64, 512};
    o->queue = queues[rng_below(rng, sizeof queues / sizeof queues[0])];
}

static void make_long(struct sim_options *o, struct rng *rng)
{
    o->first = rng_chance(rng, 800000) ? 3 : 5;
    o->spare = rng_int(rng, 0, 2);
    o->birth = rng_chance(rng, 850000) ? BIRTH_PEERS : BIRTH_SETTLED;
    o->lease_us = 3000000;
    o->heartbeat_us = 1000000;
    o->dead_after_us = rng_between(rng, 6, 60) * 1000000;
    o->spread_ns = SECOND_NS;
    o->safety_ns = rng_between(rng, 15, 30) * MINUTE_NS;
    o->longest_ns = 10 * MINUTE_NS;
    o->fault_count = (unsigned)rng_between(rng, 4, 20);
    o->ambush_ppm = 100000;
    draw_queue(o, rng);
    focus(o, rng,
          BIT(FAULT_LONG_PAUSE) | BIT(FAULT_LATE_MEMBERS) | BIT(FAULT_DISK_LOST) |
              BIT(FAULT_PARTITION) | BIT(FAULT_JOIN),
          LINKS | BIT(FAULT_CRASH) | BIT(FAULT_MOVE) | BIT(FAULT_MOVE_USED) | BIT(FAULT_SLEEP) |
              BIT(FAULT_LATE_BEYOND) | BIT(FAULT_REPLAY));
    o->swarm &= ~(BIT(FAULT_CLIENTS) | BIT(FAULT_OTHER_LEASES) | BIT(FAULT_NEW_LEASE));
}

static void make_founding(struct sim_options *o, struct rng *rng)
{
    static const uint8_t sizes[] = {2, 3, 3, 3, 3, 3, 4, 5};
    o->first = sizes[rng_below(rng, sizeof sizes)];
    o->spare = rng_int(rng, 1, 2);
    o->birth = BIRTH_PEERS;
    o->longest_ns = (uint64_t)o->lease_us * 1000 * 80;
    o->fault_count = (unsigned)rng_between(rng, 4, 20);
    /* Of a small flock a minority is one: either it loses its disk, or it moves. */
    bool moves = rng_chance(rng, 500000);
    uint64_t main = moves ? BIT(FAULT_MOVE) | BIT(FAULT_MOVE_USED) : BIT(FAULT_DISK_LOST);
    o->swarm &= rng_next(rng) & ~(moves ? BIT(FAULT_DISK_LOST) : 0);
    focus(o, rng, main | BIT(FAULT_PARTITION) | BIT(FAULT_ISOLATE),
          LINKS | BIT(FAULT_CRASH_BUT_ONE) | BIT(FAULT_SWAP) | BIT(FAULT_TWIN) |
              BIT(FAULT_CRASH_ALL) | BIT(FAULT_CRASH) | BIT(FAULT_REPLAY) | BIT(FAULT_DISK_HANGS));
    o->swarm |= BIT(FAULT_LATE_MEMBERS) | BIT(FAULT_JOIN);
}

static void make_growth(struct sim_options *o, struct rng *rng)
{
    o->first = rng_int(rng, 2, 3);
    o->spare = rng_int(rng, 1, 2);
    o->voters = (uint8_t)rng_int(rng, 2, 3);
    o->observers = 0;
    o->birth = BIRTH_FOUNDER;
    o->lease_us = (uint32_t)rng_between(rng, 30, 100) * 100000;
    o->heartbeat_us = o->lease_us / (uint32_t)rng_between(rng, 6, 20);
    o->dead_after_us = rng_between(rng, 3 * o->heartbeat_us, 6 * o->heartbeat_us);
    o->spread_ns = SECOND_NS;
    o->safety_ns = 12 * (uint64_t)o->lease_us * 1000 + 20 * SECOND_NS;
    o->shortest_ns = (uint64_t)o->lease_us * 1000 / 4;
    o->longest_ns = (uint64_t)o->lease_us * 1000;
    o->fault_count = (unsigned)rng_between(rng, 4, 24);
    focus(o, rng,
          BIT(FAULT_DISK_HANGS) | BIT(FAULT_HOLD) | BIT(FAULT_MUTE) | BIT(FAULT_DRAIN) |
              BIT(FAULT_CLIENTS) | BIT(FAULT_PAUSE),
          LINKS | BIT(FAULT_HANDOVER) | BIT(FAULT_STOP) | BIT(FAULT_SLOW_DISKS) |
              BIT(FAULT_REMOVE) | BIT(FAULT_CRASH));
    o->swarm |= BIT(FAULT_JOIN) | BIT(FAULT_CLIENTS);
    o->ambush_ppm = 800000;
}

static void make_options(struct sim_options *o, struct rng *rng)
{
    o->birth = BIRTH_SETTLED;
    o->first = rng_chance(rng, 700000) ? 3 : 5;
    if (!o->wan && rng_chance(rng, 600000)) {
        o->lease_us = 300000;
        o->heartbeat_us = 50000;
    }
    o->longest_ns = 4 * (uint64_t)o->lease_us * 1000;
    o->fault_count = (unsigned)rng_between(rng, 4, 24);
    o->ambush_ppm = 700000;
    focus(o, rng,
          BIT(FAULT_NEW_LEASE) | BIT(FAULT_LOSS) | BIT(FAULT_ISOLATE) | BIT(FAULT_MUTE) |
              BIT(FAULT_CRASH),
          LINKS | BIT(FAULT_PAUSE) | BIT(FAULT_HANDOVER) | BIT(FAULT_HOLD) | BIT(FAULT_CLIENTS) |
              BIT(FAULT_LONG_DELAYS) | BIT(FAULT_NEW_OPTIONS));
}

static void make_copies(struct sim_options *o, struct rng *rng)
{
    o->first = rng_chance(rng, 700000) ? 3 : 5;
    o->strangers = 2;
    o->fault_count = (unsigned)rng_between(rng, 3, 20);
    focus(o, rng,
          BIT(FAULT_CLONE) | BIT(FAULT_SNAPSHOT) | BIT(FAULT_DISK_OLD) | BIT(FAULT_REPLAY) |
              BIT(FAULT_RECOVER),
          LINKS | BIT(FAULT_CRASH) | BIT(FAULT_HANDOVER) | BIT(FAULT_NEW_LEASE) |
              BIT(FAULT_REMOVE) | BIT(FAULT_TWIN) | BIT(FAULT_PAUSE));
}

void profile_apply(struct sim_options *o, struct rng *rng)
{
    static void (*const make[PROFILES])(struct sim_options * o, struct rng * rng) = {
        [PROFILE_LONG] = make_long,     [PROFILE_FOUNDING] = make_founding,
        [PROFILE_GROWTH] = make_growth, [PROFILE_OPTIONS] = make_options,
        [PROFILE_COPIES] = make_copies,
    };
    static const uint8_t of_twenty[20] = {
        PROFILE_LONG,   PROFILE_LONG,   PROFILE_FOUNDING, PROFILE_FOUNDING, PROFILE_FOUNDING,
        PROFILE_GROWTH, PROFILE_GROWTH, PROFILE_GROWTH,   PROFILE_OPTIONS,  PROFILE_OPTIONS,
        PROFILE_COPIES, PROFILE_COPIES, PROFILE_OPTIONS,
    };
    o->profile = (enum profile)of_twenty[rng_below(rng, 20)];
    if (make[o->profile] != NULL) {
        make[o->profile](o, rng);
    }
    if (o->birth != BIRTH_PEERS || o->first < 3) {
        o->swarm &= ~BIT(FAULT_WRONG_PEERS);
    }
    if (o->birth != BIRTH_PEERS) {
        o->swarm &= ~BIT(FAULT_LATE_MEMBERS);
    }
    if (o->spare == 0) {
        o->swarm &= ~BIT(FAULT_JOIN);
    }
    o->main &= o->swarm;
}
