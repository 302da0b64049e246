/* lease_page.h: the file of --lease-page, from which any program reads whether this node is the goose. Its layout and
 * its reader are in goose/lease_page.h. */
#ifndef DAEMON_LEASE_PAGE_H
#define DAEMON_LEASE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lease_page;

/* What the node claims at this instant; all zero: duck. */
struct lease_claim {
    bool goose;
    uint64_t term;
    uint64_t lease_left_us;
    uint64_t hold_left_us;
    uint64_t lease_us; /* of a new one */
};

/* Whether a page can be kept there: a page already, or nothing in a directory that exists. False: `why` is a line. */
bool lease_page_check(const char *path, char *why, size_t why_bytes);

/* Opened or made, and duck. NULL: `why` is a line. */
struct lease_page *lease_page_open(const char *path, char *why, size_t why_bytes);

/* Whether it lies in memory. A file on a disk may make its writer wait for that disk. */
bool lease_page_in_memory(const struct lease_page *page);

/* The boot-time clock is read first, then the claim, then it is shown: a pause anywhere between makes the end of the
 * lease come earlier, never later. Both are NULL-safe: no page, nothing to show. */
uint64_t lease_page_clock_ns(void);
void lease_page_show(struct lease_page *page, uint64_t boot_ns, const struct lease_claim *claim);

/* Its descriptor, which has its lock; and what a process without a lease_page does with that of a daemon that is dead: duck,
 * for good. False: somebody may still read a claim there. */
int lease_page_descriptor(const struct lease_page *page);
bool lease_page_withdraw(int fd);

void lease_page_close(struct lease_page *page); /* duck, for good */

#endif
