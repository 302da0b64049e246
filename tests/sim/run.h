/* run.h: one seed from its first line to its verdict, many of them, and the smallest set of faults that fails. */
#ifndef GOOSIM_RUN_H
#define GOOSIM_RUN_H

#include "world.h"

/* run.c. False: something is broken, w->check says what. */
bool run_seed(struct world *w, uint64_t seed, uint64_t faults, struct totals *totals);

/* liveness.c */
uint16_t liveness_heal(struct world *w); /* the hosts that are well from now on */
void liveness_judge(struct world *w, uint16_t hosts);

/* shrink.c: replays a failing seed with ever fewer faults; the smallest set that still breaks the same rule. */
uint64_t shrink_faults(struct world *w, uint64_t seed, uint64_t faults);

/* many.c: 0 if none failed. `first`: no seed after one that failed is of interest. */
int many_run(uint64_t from, uint64_t to, unsigned jobs, uint64_t seconds, bool first);
void many_print(const struct totals *totals, double seconds);

/* figures.c: 0 if within what PROTOCOL 11 says. */
int figures_run(unsigned runs);
int figures_crashes(unsigned crashes);
int figures_crash(unsigned number); /* one of them, as a trace */

#endif
