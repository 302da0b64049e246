/* why.h: what GET /why says: what binds this node, who refused what lately, and whom it hears; as JSON. */
#ifndef DAEMON_WHY_H
#define DAEMON_WHY_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/probe.h"
#include "daemon/refusals.h"
#include "goose/election.h"
#include "net/senders.h"

#define WHY_BYTES 16384

/* With a zero behind it; "{}" where it does not fit, which no roster can bring about. */
void why_put(const struct goose_election_view *view, const struct refusals *refusals,
             const struct senders *other_version, const struct probe *probe, uint64_t now_us,
             char text[WHY_BYTES]);

#endif
