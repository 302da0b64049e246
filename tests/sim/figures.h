/* figures.h: how long the flock is without a goose, measured on the real core. */
#ifndef GOOSIM_FIGURES_H
#define GOOSIM_FIGURES_H

#include "run.h"

enum scenario {
    SCENARIO_CRASH, /* or cut off, by turns */
    SCENARIO_LAST_CLAIM,
    SCENARIO_DEAF,
    SCENARIO_HANDOVER, /* handover, drain, stop by turns */
    SCENARIO_HIGHER_TERM,
    SCENARIO_ALL_CRASH,
    SCENARIO_NEWBORN,
    SCENARIOS
};

struct setting {
    enum scenario scenario;
    uint32_t heartbeat_us;
    uint32_t lease_us;
    bool wan;
    bool only_crashes; /* of SCENARIO_CRASH: no cuts */
    bool good_clocks;  /* within 0.1 % of each other */
};

/* What one run showed. */
struct measured {
    bool whole; /* false: no goose at all, or something is broken: w->check says what */
    uint64_t ns;
    unsigned rounds; /* of votes */
    unsigned candidates;
    bool by_heir;
    uint64_t terms; /* that the next goose is above the last */
};

/* figures_measure.c: the run is the same for the same setting and number. */
void figures_measure(struct world *w, const struct setting *setting, uint64_t number,
                     struct measured *measured);

#endif
