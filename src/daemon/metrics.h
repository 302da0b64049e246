/* metrics.h: what a node counts while it runs, for whoever watches it: plain counters of fixed size, read off the
 * events and actions that node.c carries out anyway. Nothing here decides anything, and nothing allocates. */
#ifndef DAEMON_METRICS_H
#define DAEMON_METRICS_H

#include "base/histogram.h"
#include "goose/election.h"
#include "net/senders.h"

#define REIGNS_KEPT 8 /* the newest terms */

struct metrics {
    uint64_t started_unix_us;

    /* Rounds that this node began, by why; how they ended; how its reigns ended. */
    uint64_t began[GOOSE_REASONS];
    uint64_t won;
    uint64_t lost[GOOSE_REASONS];
    uint64_t ended[GOOSE_REASONS];
    enum goose_role role; /* the last that was noted */

    uint64_t goose_changes; /* another than before came to be followed here */
    uint64_t goose_losses;  /* none was known any more */
    uint64_t goose_uid;     /* the last that was known */

    uint64_t sent[GOOSE_MESSAGE_KINDS];
    uint64_t accepted[GOOSE_MESSAGE_KINDS];
    uint64_t refused[GOOSE_REFUSALS];
    uint64_t undecoded[GOOSE_WIRE_RESULTS];
    struct histogram round_trips; /* of heartbeats that a follower acknowledged */
    struct histogram loop_lag;

    /* Whose heartbeats are about, by term: PROTOCOL 2, S2. */
    struct {
        uint64_t flock_id;
        uint64_t term;
        uint64_t uid;
    } reigns[REIGNS_KEPT];
    uint64_t two_geese;
    uint64_t faults; /* sentences of goose_election_fault() */

    struct senders other_lease;
    struct senders other_version;
    struct senders other_peers;
};

/* After each step of the election, with the very event and what came of it. */
void metrics_step(struct metrics *metrics, const struct goose_event *event,
                  enum goose_refusal refusal, const struct goose_actions *actions);

#endif
