/* log_election.h: what the election notes, as lines of the log: decisions with their causes; what an operator should know, once;
 * and on level debug when this node claimed to be the goose, so that the logs of a machine's nodes can be laid beside
 * each other. It decides nothing. */
#ifndef DAEMON_LOG_ELECTION_H
#define DAEMON_LOG_ELECTION_H

#include "base/log.h"
#include "goose/election.h"
#include "net/udp.h"

/* My claim as far as it has been told. Zeroed: none. */
struct claim_told {
    bool open;
    uint64_t term;
    uint64_t from_us;  /* clock.h's, which all processes of a machine share */
    uint64_t until_us; /* as it stands */
    uint64_t told_us;  /* as the log has it: at most half a lease less */
};

/* What is said once in a node's life. Zeroed: nothing yet. */
struct told_once {
    bool other_lease;
    unsigned other_versions; /* nodes that have been named */
    bool alone;
    bool lonely;
    bool partly_own; /* a name of --peers */
};

/* After every step, with the time of its event. */
void log_election_claim(struct log *log, struct claim_told *told,
                        const struct goose_election_view *view, uint64_t now_us);

/* A member's address where it has a seat; else where its message came from, where that is known (`from` is neither NULL nor
 * zeros); else its uid. */
const char *log_election_who(const struct goose_election_view *view, uint64_t uid,
                             const struct goose_endpoint *from,
                             char text[GOOSE_ADDRESS_CHARS_MAX + 1]);

void log_election_note(struct log *log, const struct goose_election_view *view,
                       const struct goose_note *note, const struct goose_endpoint *from);

/* A goose promises for another lease than mine; this node, not named yet, speaks another version; I have a flock that my
 * flags do not lead back to; I am in no flock still. */
void log_election_other_lease(struct log *log, struct told_once *told, uint64_t lease_us,
                              uint64_t promise_us);
void log_election_other_version(struct log *log, struct told_once *told,
                                const struct goose_endpoint *from, unsigned theirs);
void log_election_alone(struct log *log, struct told_once *told,
                        const struct goose_election_view *view);
void log_election_lonely(struct log *log, struct told_once *told,
                         const struct goose_election_view *view, uint64_t uptime_us);

/* The line of SIGUSR1. */
void log_election_status(struct log *log, const struct goose_election_view *view,
                         uint32_t observers, const struct udp_counts *counts, uint64_t replayed);

#endif
