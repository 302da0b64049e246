/* why.h: what GET /why says: what binds this node, who refused what lately, and whom it hears; as JSON. */
#ifndef DAEMON_WHY_H
#define DAEMON_WHY_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/metrics.h"
#include "daemon/probe.h"
#include "daemon/refusals.h"
#include "goose/election.h"
#include "net/udp.h"

#define WHY_BYTES 28672

/* What else the node knows. */
struct why_parts {
    const struct refusals *refusals;
    const struct metrics *metrics;
    const struct udp_counts *datagrams;
    const struct resolver *names;
    const struct probe *probe;
};

/* With a zero behind it; "{}" where it does not fit, which no roster can bring about. */
void why_put(const struct goose_election_view *view, const struct why_parts *parts, uint64_t now_us,
             char text[WHY_BYTES]);

#endif
