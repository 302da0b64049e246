/* step_world.h: one node under a fuzzer: the bytes left to read, the election, its disk, its
 * clock. */
#ifndef FUZZ_STEP_WORLD_H
#define FUZZ_STEP_WORLD_H

#include "goose/election.h"
#include "rig/carry.h"
#include "rig/disk.h"
#include "state.h"

#define OTHERS 8 /* nodes that may speak to it */

struct program {
    const uint8_t *at;
    const uint8_t *end;
};

struct world {
    struct program program;
    struct goose_election e;
    struct goose_election before;
    struct goose_observers *observers;
    struct goose_election_options options;
    struct goose_actions actions;
    struct carry carry;
    struct disk disk;
    uint64_t now_us;
    uint64_t counters[2 * OTHERS]; /* of what the others send */
    struct goose_address addresses[OTHERS];
};

/* Zeros behind the end of the program. */
uint8_t next_u8(struct program *program);
uint64_t next_u64(struct program *program, unsigned bytes);

/* A message that some other node might send, close to what this one waits for, made of a few
 * bytes of the program. `roster` is filled where one rides along. False: no node would send this.
 */
bool step_message(struct world *w, struct goose_message *m, struct goose_roster *roster);

#endif
