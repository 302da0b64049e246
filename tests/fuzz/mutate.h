/* mutate.h: what becomes of a good input on its way to a bad one. */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include "found.h"
#include "rig/random.h"

/* One change: of a bit, a byte, a number to its limits, of parts or of the length. Nothing stays nothing. */
void mutate(struct rng *rng, struct input *input);

#endif
