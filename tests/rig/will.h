/* will.h: the last will of a process, as its helper keeps it: bytes, for what they were made from dies with the process. */
#ifndef RIG_WILL_H
#define RIG_WILL_H

#include "goose/election.h"

#define WILL_TIMES        3
#define WILL_BYTES_MAX    256
#define WILL_GIVE_UP_US   UINT64_C(1000000)
#define WILL_APART_US_MAX UINT64_C(100000)

struct letter {
    bool has_endpoint;
    struct goose_endpoint endpoint;
    struct goose_address address;
    size_t count;
    uint8_t bytes[WILL_BYTES_MAX];
};

struct will {
    uint64_t hold_end_us;
    uint64_t apart_us; /* from one time to the next */
    unsigned letter_count;
    struct letter letters[GOOSE_ROSTER_SEATS_MAX];
    /* Of the helper, once the process is dead. */
    unsigned left; /* times to be sent; 0: it has ended */
    uint64_t at_us;
};

/* Behind each step, before any of it is carried out. */
void will_write(struct will *will, const struct goose_election *e);
/* The process is dead: when the helper speaks, on the clock of that host. Not at all where a hold lasts too long. */
void will_open(struct will *will, uint64_t now_us);
/* It has spoken once. */
void will_spoken(struct will *will);

#endif
