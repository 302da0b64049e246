/* show.h: the node's claim, to the lease page. */
#ifndef DAEMON_SHOW_H
#define DAEMON_SHOW_H

#include "daemon/lease_page.h"
#include "goose/election.h"

/* What the page says, on the daemon's clock. */
struct shown {
    uint64_t term;
    uint64_t lease_end_us; /* 0: duck */
    uint64_t hold_end_us;  /* 0: none */
};

/* Behind a step, before anything else is done. Without a page it does nothing. */
void show_nothing(struct lease_page *page); /* duck, whatever the election says */
void show_claim(struct lease_page *page, struct shown *shown, const struct goose_election *e);

#endif
