/* tell.h: what the election notes, as lines of the log: decisions with their causes. It decides nothing. */
#ifndef DAEMON_TELL_H
#define DAEMON_TELL_H

#include "daemon/log.h"
#include "goose/election.h"

void tell_note(struct log *log, const struct election *e, const struct note *note);

#endif
