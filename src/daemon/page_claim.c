/* page_claim.c: see page_claim.h. */
#include "daemon/page_claim.h"

#include <string.h>

#include "base/clock.h"

/* The page says what /status would: a claim that a step took away is gone from it before anything else happens, and what
 * the step gave stands on what is durable already, as all of live state does. The clocks are read before the claim is. */
void page_claim_show(struct lease_page *page, struct page_claim *shown,
                     const struct goose_election *e)
{
    struct goose_election_view view;

    if (page == NULL) return;
    uint64_t boot_ns = lease_page_clock_ns();
    uint64_t now_us = clock_now_us();
    goose_election_view(e, now_us, &view);
    bool goose = view.lease_left_us > 0;
    struct page_claim now = {.term = view.term,
                             .lease_end_us = goose ? now_us + view.lease_left_us : 0,
                             .hold_end_us = view.hold_left_us > 0 ? now_us + view.hold_left_us : 0};
    if (memcmp(&now, shown, sizeof now) == 0) return;
    *shown = now;
    struct lease_claim claim = {.goose = goose,
                                .term = view.term,
                                .lease_left_us = view.lease_left_us,
                                .hold_left_us = view.hold_left_us,
                                .lease_us = view.lease_us};
    lease_page_show(page, boot_ns, &claim);
}

void page_claim_withdraw(struct lease_page *page)
{
    const struct lease_claim duck = {.goose = false};

    if (page != NULL) lease_page_show(page, lease_page_clock_ns(), &duck);
}
