/* tether.h: how long a job may live, off the lease page: until when no other node is goose, when the job is told to end,
 * and when it has to be dead. Both processes that watch over a job have one each, and a timer of their own. */
#ifndef CTL_TETHER_H
#define CTL_TETHER_H

#include <stdbool.h>
#include <stdint.h>

#include "goose/lease_page.h"

struct tether {
    struct goose_lease_reader reader;
    uint64_t term;        /* that the job is started in */
    uint64_t hold_end_ns; /* the latest that was read; a hold is never taken back */
    uint64_t lease_ns;
    bool lost; /* the page no longer says goose of that term */
};

/* Whether the page says goose now, and holds the role for long enough to begin: then `tether` is all set. */
bool tether_begin(struct tether *tether, const struct goose_lease_reader *reader);
void tether_look(struct tether *tether);

/* When half a lease is left; at once where the role is lost. */
uint64_t tether_term_ns(const struct tether *tether);
/* When SIGKILL is sent: early enough to be dead at the end. */
uint64_t tether_kill_ns(const struct tether *tether);
/* How often the page is looked at. */
uint64_t tether_look_ns(const struct tether *tether);
/* Too short a lease to do anything in half of it. */
bool tether_too_short(uint64_t lease_ns);

/* A timer on the clock of the page, and when it goes off. */
int tether_timer(void);
void tether_arm(int timer, uint64_t at_ns);

#endif
