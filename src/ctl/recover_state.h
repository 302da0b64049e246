/* recover_state.h: what `recover` makes of a node's state: another node, of a flock of its own. */
#ifndef CTL_RECOVER_STATE_H
#define CTL_RECOVER_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "goose/election.h"

/* How far the terms of the new flock are above the last one that this node knew. The lost majority may have elected
 * without it: a flock that does nothing else, at a lease of 300 ms, is busy for a year with so many. Twenty recoveries
 * still fit into the 31 bits of some table's column. */
#define RECOVER_TERMS UINT64_C(100000000)

/* `flock_id` and `uid` are fresh random bits, and not 0. `reset_terms`: where there is no room above, begin low; whatever
 * compares terms will refuse the new goose. NULL: made; else why this state cannot be recovered from. */
const char *recover_state(const struct goose_durable_state *old, const struct goose_address *self,
                          uint64_t flock_id, uint64_t uid, bool reset_terms,
                          struct goose_durable_state *made);

#endif
