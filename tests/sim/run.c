/* run.c: one seed: safety under faults, then healing, then liveness. */
#include "run.h"

#define AFTER_LEASES 20

bool run_seed(struct world *w, uint64_t seed, uint64_t faults, struct totals *totals)
{
    struct sim_options options;
    options_draw(&options, seed);
    world_reset(w, &options, totals);
    if (w->trace != NULL) {
        options_print(&options, w->trace);
    }
    world_populate(w);
    plan_draw(w);
    w->faults_enabled = faults;
    plan_start(w);
    world_count(w, options.beyond ? COUNT_BEYOND : COUNT_RUNS);
    if (world_run(w, w->now_ns + options.safety_ns)) {
        uint16_t well = liveness_heal(w);
        if (options.beyond) {
            (void)world_run(w, w->now_ns + AFTER_LEASES * (uint64_t)options.lease_us * 1000);
        } else {
            liveness_judge(w, well);
        }
    }
    totals->profiles[options.profile]++;
    totals->excused[w->check.excuse][w->check.excused]++;
    totals->events += w->events;
    totals->simulated_ns += w->now_ns;
    return w->check.broken == RULE_NONE;
}
