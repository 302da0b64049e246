/* probe.h: who hears whom, for `goosectl why`: a few small datagrams to every voter, and what came back. They are
 * sealed like all others but are no message of the protocol: they never reach libgoose, so that nothing they do, or fail
 * to do, can alter an election.
 *
 *   | 255 | kind 1 | number 1 | seat 1 | nonce 8 | the asker's address: length 1, text |
 *
 * An answer is the question with another kind: never longer, so that a forged sender gains nothing by it. A message of
 * the protocol begins with its major version, which is not 255. */
#ifndef DAEMON_PROBE_H
#define DAEMON_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "goose/roster.h"
#include "net/udp.h"

#define PROBE_ASKS   5   /* to each voter */
#define PROBE_GAP_MS 100 /* between them */
/* From the beginning of a round to that of the next, at least. */
#define PROBE_REST_US UINT64_C(500000)
/* A question counts as heard for so long, or until I begin a round of my own. */
#define PROBE_HEARD_US UINT64_C(2000000)

struct probe_link {
    const struct goose_address *address;
    unsigned asked;
    unsigned answered;
    uint64_t rtt_us; /* the shortest; UINT64_MAX: none */
    unsigned heard;  /* questions from there */
};

struct probe;

/* NULL: no memory. `self` is how the others know this node. */
struct probe *probe_new(uv_loop_t *loop, struct udp *udp, const struct goose_address *self);
/* Asks all seats but my own; nothing while it asks already, or has just begun to. */
void probe_begin(struct probe *probe, const struct goose_roster *roster);
/* True: this datagram was one of these, good or not, and has been dealt with. */
bool probe_take(struct probe *probe, const uint8_t *bytes, size_t count,
                const struct goose_endpoint *from);
/* The round under way, or the last one; false: there are no more. */
bool probe_link(const struct probe *probe, size_t index, struct probe_link *link);
void probe_close(struct probe *probe);

#endif
