/* samples.h: valid messages, rosters and durable states by the handful, each drawn from a seed.
 * They are what the unit tests carry there and back, and what the fuzzers begin with. The same
 * seed gives the same sample everywhere. */
#ifndef FUZZ_SAMPLES_H
#define FUZZ_SAMPLES_H

#include "goose/election.h"
#include "internal.h" /* TERM_MAX */
#include "rig/random.h"

/* A message and what its texts point into: it must not be moved. */
struct sample {
    struct goose_message message;
    struct goose_roster roster; /* meaningful where message.with_roster */
    struct goose_address self;
    struct goose_address other;
};

void sample_address(struct rng *rng, struct goose_address *address);
/* With at most so many seats, at least 1. */
void sample_roster(struct rng *rng, struct goose_roster *roster, int seats_max);
void sample_message(struct rng *rng, enum goose_message_kind kind, struct sample *sample);
void sample_durable(struct rng *rng, struct goose_durable_state *state);

#endif
