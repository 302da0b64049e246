/* plan.c: draws a run's faults, all of them before it begins. */
#include "world.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const trigger_names[TRIGGERS] = {
    "time", "win", "roster", "commit", "resign", "yes", "candidacy", "canvass", "hold", "save",
};

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
};

static void draw_weather(struct world *w, struct rng *rng, struct fault *f)
{
    const struct range *range = &ranges[f->kind];
    if (range->high_ppm > 0) {
        f->strength = rng_magnitude(rng, range->low_ppm, range->high_ppm);
    }
    if (range->high_milli > 0) {
        f->for_ns = w->options.lease_us * rng_magnitude(rng, range->low_milli, range->high_milli);
    }
    f->other = (uint8_t)rng_below(rng, w->host_count);
    f->mask = (uint16_t)rng_next(rng);
}

static void draw_instance(struct world *w, struct rng *rng, struct fault *f)
{
    uint64_t lease_ns = (uint64_t)w->options.lease_us * 1000;
    f->at_ns = w->now_ns + rng_below(rng, w->options.safety_ns);
    f->for_ns = rng_magnitude(rng, lease_ns / 20, 12 * lease_ns);
    f->host = (uint8_t)rng_below(rng, w->host_count);
    f->other = (uint8_t)rng_below(rng, w->host_count);
    f->mask = (uint16_t)rng_next(rng);
    f->strength = rng_next(rng);
    f->aim = rng_chance(rng, 400000) ? AIM_GOOSE : AIM_HOST;
    f->trigger = TRIGGER_TIME;
    if (rng_chance(rng, w->options.ambush_ppm)) {
        f->trigger = (enum trigger)rng_int(rng, TRIGGER_WIN, TRIGGERS - 1);
        f->countdown = (uint32_t)rng_magnitude(rng, 1, 8);
        f->stage = (enum stage)rng_int(rng, STAGE_WITHDRAW, STAGE_MORE);
        static const enum aim aims[] = {AIM_SELF, AIM_SELF, AIM_GOOSE, AIM_OTHER};
        f->aim = aims[rng_below(rng, 4)];
    }
    if (f->kind == FAULT_JOIN) {
        f->aim = AIM_HOST;
        int first = w->options.first + w->options.observers;
        f->host = (uint8_t)rng_int(rng, first, (int)w->host_count - 1);
    }
}

static void add(struct world *w, struct rng *rng, enum fault_kind kind)
{
    if (w->fault_count == FAULTS_MAX) {
        return;
    }
    struct fault *f = &w->faults[w->fault_count++];
    *f = (struct fault){.kind = kind, .victim = NOBODY};
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
    unsigned count = 0;
    for (int kind = 0; kind < FAULT_KINDS; kind++) {
        if (((w->options.swarm >> kind) & 1) == 0) {
            continue;
        }
        if (kind < FAULT_INSTANCES) {
            add(w, &rng, (enum fault_kind)kind);
        } else {
            kinds[count++] = (enum fault_kind)kind;
        }
    }
    for (unsigned i = 0; i < w->options.fault_count && count > 0; i++) {
        add(w, &rng, kinds[rng_below(&rng, count)]);
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
    static const char *const aims[] = {"a host", "itself", "the goose", "another"};
    if (f->trigger == TRIGGER_TIME) {
        (void)snprintf(text, size, "%s of %s (n%u) at %.3f ms for %.1f ms", fault_name(f->kind),
                       aims[f->aim], f->host + 1u, (double)f->at_ns / 1e6, (double)f->for_ns / 1e6);
    } else {
        (void)snprintf(text, size, "%s of %s at %s number %u after %.3f ms, for %.1f ms",
                       fault_name(f->kind), aims[f->aim], trigger_names[f->trigger], f->countdown,
                       (double)f->at_ns / 1e6, (double)f->for_ns / 1e6);
    }
}
