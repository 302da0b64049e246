/* deadline.h: how long a job may live, off the lease page: until when no other node is goose, when the job is told to end,
 * and when it has to be dead. Both processes that watch over a job have one each, and a timer of their own. */
#ifndef JOB_DEADLINE_H
#define JOB_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "goose/lease_page.h"

struct deadline {
    struct goose_lease_reader reader;
    uint64_t term;        /* that the job is started in */
    uint64_t hold_end_ns; /* the latest that was read; a hold is never taken back */
    uint64_t lease_ns;
    bool lost; /* the page no longer says goose of that term */
};

/* Whether the page says goose now, and holds the role for long enough to begin: then `deadline` is all set. */
bool deadline_begin(struct deadline *deadline, const struct goose_lease_reader *reader);
void deadline_look(struct deadline *deadline);

/* When half a lease is left; at once where the role is lost. */
uint64_t deadline_term_ns(const struct deadline *deadline);
/* When SIGKILL is sent: early enough to be dead at the end. */
uint64_t deadline_kill_ns(const struct deadline *deadline);
/* How often the page is looked at. */
uint64_t deadline_look_ns(const struct deadline *deadline);
/* Too short a lease to do anything in half of it. */
bool deadline_too_short(uint64_t lease_ns);

/* A timer on the clock of the page, and when it goes off. */
int deadline_timer(void);
void deadline_arm(int timer, uint64_t at_ns);

#endif
