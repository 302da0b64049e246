/* refusals.h: who refused whose canvass or vote lately, and why: for people who ask why there is no goose. */
#ifndef DAEMON_REFUSALS_H
#define DAEMON_REFUSALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "goose/election.h"

#define REFUSALS_MAX 32

struct refusals_entry {
    bool refused_me;            /* else I refused */
    uint64_t uid;               /* the other one; 0: a free entry */
    struct goose_endpoint from; /* where that one is; zeros: not known */
    uint64_t term;
    uint64_t at_us;
    enum goose_verdict why;
};

/* The newest refusal each way of each other node; beyond REFUSALS_MAX the oldest goes. */
struct refusals {
    struct refusals_entry of[REFUSALS_MAX];
};

/* `from`: of the message that it came of, or zeros. A note that is no refusal changes nothing. */
void refusals_note(struct refusals *refusals, const struct goose_note *note,
                   const struct goose_endpoint *from, uint64_t now_us);

#endif
