/* tell.h: what the election notes, as lines of the log: decisions with their causes; and on level debug when this node
 * claimed to be the goose, so that the logs of a machine's nodes can be laid beside each other. It decides nothing. */
#ifndef DAEMON_TELL_H
#define DAEMON_TELL_H

#include "daemon/log.h"
#include "goose/election.h"

/* My claim as far as it has been told. Zeroed: none. */
struct claim_told {
    bool open;
    uint64_t term;
    uint64_t from_us;  /* clock.h's, which all processes of a machine share */
    uint64_t until_us; /* as it stands */
    uint64_t told_us;  /* as the log has it: at most half a lease less */
};

/* After every step, with the time of its event. */
void tell_claim(struct log *log, struct claim_told *told, const struct election *e,
                uint64_t now_us);

/* A member's address where it has a seat, else its uid. */
const char *tell_who(const struct election *e, uint64_t uid, char text[ADDRESS_CHARS_MAX + 1]);

/* Now and then, until it is in a flock: that it is in none, once. */
void tell_lonely(struct log *log, bool *told, const struct election *e, uint64_t uptime_us);

void tell_note(struct log *log, const struct election *e, const struct note *note);

#endif
