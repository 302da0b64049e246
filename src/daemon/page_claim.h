/* page_claim.h: the node's claim, to the lease page. */
#ifndef DAEMON_PAGE_CLAIM_H
#define DAEMON_PAGE_CLAIM_H

#include "daemon/lease_page.h"
#include "goose/election.h"

/* What the page says, on the daemon's clock. */
struct page_claim {
    uint64_t term;
    uint64_t lease_end_us; /* 0: duck */
    uint64_t hold_end_us;  /* 0: none */
};

/* Behind a step, before anything else is done. Without a page it does nothing. */
void page_claim_withdraw(struct lease_page *page); /* duck, whatever the election says */
void page_claim_show(struct lease_page *page, struct page_claim *shown,
                     const struct goose_election *e);

#endif
