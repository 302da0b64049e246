/* samples.h: valid messages, rosters and durable states by the handful, each drawn from a seed.
 * They are what the unit tests carry there and back, and what the fuzzers begin with. The same
 * seed gives the same sample everywhere. */
#ifndef FUZZ_SAMPLES_H
#define FUZZ_SAMPLES_H

#include "goose/election.h"
#include "internal.h" /* TERM_MAX */

struct chance {
    uint64_t state;
};

/* A message and what its texts point into: it must not be moved. */
struct sample {
    struct goose_message message;
    struct goose_roster roster; /* meaningful where message.with_roster */
    struct goose_address self;
    struct goose_address other;
};

uint64_t chance_any(struct chance *chance);
uint64_t chance_under(struct chance *chance, uint64_t limit); /* 0..limit-1 */

void sample_address(struct chance *chance, struct goose_address *address);
/* With at most so many seats, at least 1. */
void sample_roster(struct chance *chance, struct goose_roster *roster, int seats_max);
void sample_message(struct chance *chance, enum goose_message_kind kind, struct sample *sample);
void sample_durable(struct chance *chance, struct goose_durable_state *state);

#endif
