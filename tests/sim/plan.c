/* plan.c: draws a run's faults, all of them before it begins. */
#include "world.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const trigger_names[TRIGGERS] = {
    "time",      "win",     "roster", "commit", "resign",  "yes",
    "candidacy", "canvass", "hold",   "save",   "pending",
};

#define LONG_NS UINT64_C(660000000000) /* eleven minutes */

/* How strong weather may be: of a million, and how long, in thousandths of a lease. */
struct range {
    uint32_t low_ppm;
    uint32_t high_ppm;
    uint32_t low_milli;
    uint32_t high_milli;
};

static const struct range ranges[FAULT_INSTANCES] = {
    [FAULT_LOSS] = {2000, 300000, 0, 0},
    [FAULT_DUPLICATES] = {2000, 300000, 0, 0},
    [FAULT_LONG_DELAYS] = {5000, 300000, 20, 1000},
    [FAULT_VERY_LATE] = {1000, 100000, 500, 40000},
    [FAULT_LATE_LOOPS] = {0, 0, 10, 250},
    [FAULT_STALLS] = {500, 50000, 2, 2000},
    [FAULT_SLOW_DISKS] = {0, 0, 40, 3000},
    [FAULT_CLIENTS] = {0, 0, 100, 2000},
    [FAULT_LATE_MEMBERS] = {0, 0, 1000, 40000},
    [FAULT_LATE_BEYOND] = {200, 20000, 240000, 600000}, /* of a lease of three seconds */
};

static void draw_weather(struct world *w, struct rng *rng, struct fault *f)
{
    const struct range *range = &ranges[f->kind];
    if (range->high_ppm > 0) {
        f->strength = rng_magnitude(rng, range->low_ppm, range->high_ppm);
    }
    if (f->kind == FAULT_LOSS && w->options.profile == PROFILE_OPTIONS) {
        f->strength = rng_between(rng, 50000, 400000); /* it is about what is asked again */
    }
    if (range->high_milli > 0) {
        f->for_ns = w->options.lease_us * rng_magnitude(rng, range->low_milli, range->high_milli);
    }
    f->other = (uint8_t)rng_below(rng, w->member_count);
    f->mask = (uint16_t)rng_next(rng);
    if (f->kind == FAULT_LATE_MEMBERS) {
        w->focus_ns = w->now_ns + f->for_ns;
    }
}

#define AT(trigger) (1u << (trigger))

/* Where a fault hurts most: half of the ambushes are laid there. */
static const uint16_t sore[FAULT_KINDS] = {
    [FAULT_DISK_HANGS] = AT(TRIGGER_PENDING) | AT(TRIGGER_SAVE) | AT(TRIGGER_HOLD),
    [FAULT_MUTE] = AT(TRIGGER_PENDING) | AT(TRIGGER_CANDIDACY) | AT(TRIGGER_HOLD),
    [FAULT_PAUSE] = AT(TRIGGER_PENDING),
    [FAULT_DRAIN] = AT(TRIGGER_PENDING) | AT(TRIGGER_HOLD),
    [FAULT_HANDOVER] = AT(TRIGGER_PENDING) | AT(TRIGGER_HOLD),
    [FAULT_STOP] = AT(TRIGGER_PENDING) | AT(TRIGGER_HOLD),
    [FAULT_HOLD] = AT(TRIGGER_PENDING),
    [FAULT_ISOLATE] = AT(TRIGGER_WIN),
    [FAULT_NEW_LEASE] = AT(TRIGGER_CANDIDACY),
    [FAULT_CRASH_BUT_ONE] = AT(TRIGGER_WIN) | AT(TRIGGER_SAVE) | AT(TRIGGER_YES),
    [FAULT_TWIN] = AT(TRIGGER_CANVASS) | AT(TRIGGER_CANDIDACY) | AT(TRIGGER_YES),
    [FAULT_DISK_LOST] = AT(TRIGGER_COMMIT) | AT(TRIGGER_ROSTER),
    [FAULT_MOVE] = AT(TRIGGER_COMMIT) | AT(TRIGGER_ROSTER),
};

static enum trigger draw_trigger(struct rng *rng, enum fault_kind kind)
{
    enum trigger drawn = (enum trigger)rng_int(rng, TRIGGER_WIN, TRIGGERS - 1);
    bool at_a_sore_point = rng_chance(rng, 500000);
    for (unsigned i = 0; i < TRIGGERS && at_a_sore_point && sore[kind] != 0; i++) {
        unsigned trigger = ((unsigned)drawn + i) % TRIGGERS;
        if ((sore[kind] & AT(trigger)) != 0) {
            return (enum trigger)trigger;
        }
    }
    return drawn;
}

/* Rare things come together: at the same moment as the fault before, when that has ended, or a while later. */
static void join_cluster(struct world *w, struct rng *rng, struct fault *f)
{
    const struct fault *before = w->fault_count > 1 ? f - 1 : NULL;
    bool joins = rng_chance(rng, w->options.cluster_ppm);
    uint64_t lease_ns = (uint64_t)w->options.lease_us * 1000;
    uint64_t later_ns = rng_magnitude(rng, lease_ns / 100, 4 * lease_ns);
    bool when_ended = rng_chance(rng, 400000);
    bool same_host = rng_chance(rng, 500000);
    if (!joins || before == NULL || before->kind < FAULT_INSTANCES) {
        return;
    }
    f->trigger = before->trigger;
    f->countdown = before->countdown;
    f->at_ns = before->at_ns;
    if (f->trigger == TRIGGER_TIME) {
        f->at_ns += later_ns + (when_ended ? before->for_ns : 0);
    }
    if (same_host && f->trigger == TRIGGER_TIME && f->kind != FAULT_JOIN) {
        f->host = before->host;
        f->aim = before->aim;
    }
}

/* At any time, or (half of them, where a run is about something) a few leases around what it is about. */
static uint64_t draw_time(struct world *w, struct rng *rng)
{
    uint64_t lease_ns = (uint64_t)w->options.lease_us * 1000;
    uint64_t any_ns = w->now_ns + rng_below(rng, w->options.safety_ns);
    uint64_t early_ns = rng_magnitude(rng, lease_ns / 10, 16 * lease_ns);
    uint64_t late_ns = rng_magnitude(rng, lease_ns / 10, 32 * lease_ns);
    bool near = rng_chance(rng, 600000);
    bool before = rng_chance(rng, 400000);
    if (w->options.main == 0 || !near) {
        return any_ns;
    }
    return before ? (w->focus_ns > early_ns ? w->focus_ns - early_ns : w->now_ns)
                  : w->focus_ns + late_ns;
}

/* Faults hit where they matter: the one that a roster which waits for the disk lets in, the winner before it is heard. */
static void draw_ambush(struct rng *rng, struct fault *f)
{
    static const enum aim aims[] = {AIM_SELF,  AIM_SELF,     AIM_SELF,  AIM_GOOSE,
                                    AIM_OTHER, AIM_NEWCOMER, AIM_SEATED};
    f->trigger = draw_trigger(rng, f->kind);
    bool rare = f->trigger == TRIGGER_PENDING || f->trigger == TRIGGER_WIN;
    f->countdown = (uint32_t)rng_magnitude(rng, 1, rare ? 2 : 8);
    f->stage = (enum carry_next)rng_int(rng, CARRY_WITHDRAW, CARRY_GO_ON);
    f->aim = aims[rng_below(rng, sizeof aims / sizeof aims[0])];
    bool disk = f->kind == FAULT_DISK_HANGS || f->kind == FAULT_DISK_FAILS;
    bool silent = f->kind < FAULT_PAUSE;
    bool most = rng_chance(rng, 600000);
    if (rng_chance(rng, 400000)) {
        f->at_ns = 0; /* from the start */
    }
    if (disk && most) {
        f->stage = CARRY_WITHDRAW;
        f->aim = AIM_SELF;
    } else if (silent && most && f->trigger == TRIGGER_PENDING) {
        f->aim = AIM_NEWCOMER;
    } else if (silent && most && (f->trigger == TRIGGER_WIN || f->trigger == TRIGGER_CANDIDACY)) {
        f->stage = CARRY_WITHDRAW; /* before it has told anybody */
        f->aim = AIM_SELF;
    }
}

static void draw_instance(struct world *w, struct rng *rng, struct fault *f)
{
    uint64_t lease_ns = (uint64_t)w->options.lease_us * 1000;
    f->at_ns = draw_time(w, rng);
    bool link = f->kind >= FAULT_CUT_ONE_WAY && f->kind <= FAULT_PARTITION_ONE_WAY;
    uint64_t longest_ns = w->options.longest_ns;
    uint64_t shortest_ns = w->options.shortest_ns;
    if (link && longest_ns > 12 * lease_ns) {
        shortest_ns = longest_ns / 20;
    } else if (longest_ns > 12 * lease_ns) {
        longest_ns = 12 * lease_ns;
    }
    f->for_ns = rng_magnitude(rng, shortest_ns, longest_ns);
    if (f->kind == FAULT_LONG_PAUSE) {
        f->for_ns = rng_between(rng, LONG_NS, 2 * LONG_NS);
    }
    f->host = (uint8_t)rng_below(rng, w->member_count);
    f->other = (uint8_t)rng_below(rng, w->member_count);
    f->mask = (uint16_t)rng_next(rng);
    f->strength = rng_next(rng);
    f->aim = rng_chance(rng, 400000) ? AIM_GOOSE : AIM_HOST;
    f->trigger = TRIGGER_TIME;
    if (rng_chance(rng, w->options.ambush_ppm)) {
        draw_ambush(rng, f);
    }
    if (f->kind == FAULT_JOIN) {
        f->aim = AIM_HOST;
        if (w->options.profile == PROFILE_FOUNDING) {
            f->at_ns = w->focus_ns + rng_magnitude(rng, lease_ns, 64 * lease_ns);
        }
        int first = w->options.first + w->options.observers;
        f->host = (uint8_t)rng_int(rng, first, (int)w->member_count - 1);
    }
    join_cluster(w, rng, f);
}

static void add(struct world *w, struct rng *rng, enum fault_kind kind)
{
    if (w->fault_count == FAULTS_MAX) {
        return;
    }
    struct fault *f = &w->faults[w->fault_count++];
    *f = (struct fault){.kind = kind, .stage = CARRY_WITHDRAW, .victim = NOBODY};
    w->totals->drawn[kind]++;
    if (kind < FAULT_INSTANCES) {
        draw_weather(w, rng, f);
    } else {
        draw_instance(w, rng, f);
    }
}

void plan_draw(struct world *w)
{
    struct rng rng = {w->options.seed ^ UINT64_C(0xfa0175)};
    enum fault_kind kinds[FAULT_KINDS];
    enum fault_kind mains[FAULT_KINDS];
    unsigned count = 0;
    unsigned main_count = 0;
    w->focus_ns = w->now_ns + rng_below(&rng, w->options.safety_ns / 2);
    for (int kind = 0; kind < FAULT_KINDS; kind++) {
        if (((w->options.swarm >> kind) & 1) == 0) {
            continue;
        }
        if (kind < FAULT_INSTANCES) {
            add(w, &rng, (enum fault_kind)kind);
        } else {
            kinds[count++] = (enum fault_kind)kind;
            if (((w->options.main >> kind) & 1) != 0) {
                mains[main_count++] = (enum fault_kind)kind;
            }
        }
    }
    for (unsigned i = 0; i < w->options.fault_count && count > 0; i++) {
        bool main = main_count > 0 && rng_chance(&rng, 750000);
        add(w, &rng, main ? mains[rng_below(&rng, main_count)] : kinds[rng_below(&rng, count)]);
    }
    for (int i = 0; i < w->options.spare && w->fault_count > 0 && count > 0; i++) {
        if (((w->options.swarm >> FAULT_JOIN) & 1) != 0) {
            add(w, &rng, FAULT_JOIN);
        }
    }
}

void plan_describe(const struct fault *f, char *text, size_t size)
{
    if (f->kind < FAULT_INSTANCES) {
        (void)snprintf(text, size, "%s, all along: %.2f %%, %.1f ms", fault_name(f->kind),
                       (double)f->strength / 1e4, (double)f->for_ns / 1e6);
        return;
    }
    static const char *const aims[] = {"a host",  "itself",     "the goose",
                                       "another", "a newcomer", "the last seated"};
    if (f->trigger == TRIGGER_TIME) {
        (void)snprintf(text, size, "%s of %s (n%u) at %.3f ms for %.1f ms", fault_name(f->kind),
                       aims[f->aim], f->host + 1u, (double)f->at_ns / 1e6, (double)f->for_ns / 1e6);
    } else {
        (void)snprintf(text, size, "%s of %s at %s number %u after %.3f ms, for %.1f ms",
                       fault_name(f->kind), aims[f->aim], trigger_names[f->trigger], f->countdown,
                       (double)f->at_ns / 1e6, (double)f->for_ns / 1e6);
    }
}
