/* senders.h: who sent something of a kind lately: a small set of addresses, so that members which differ can be counted
 * rather than their datagrams. Its size is fixed; where more send, the one not heard for longest is forgotten. */
#ifndef NET_SENDERS_H
#define NET_SENDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "goose/observers.h"

#define SENDERS_MAX     32
#define SENDERS_LATE_US UINT64_C(60000000) /* heartbeats of the longest lease come more often */

struct senders {
    struct {
        struct goose_endpoint from;
        uint64_t at_us; /* 0: nobody */
    } of[SENDERS_MAX];
};

/* True: it was not among them. */
bool senders_saw(struct senders *senders, const struct goose_endpoint *from, uint64_t now_us);

/* Whether the one at this place was seen within the last SENDERS_LATE_US; and how many were. */
bool senders_recent(const struct senders *senders, int place, uint64_t now_us);
unsigned senders_count(const struct senders *senders, uint64_t now_us);

#endif
