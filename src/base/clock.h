/* clock.h: the one clock. Microseconds that go on while the host sleeps, that no time daemon slews
 * and that never go backwards: PROTOCOL 1. Only differences mean something, and only on this host
 * since its last start. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Read afresh at every call, above 0. A claim rests on it, so nobody keeps the answer for later. */
uint64_t clock_now_us(void);

/* For tests: the four readings that make one instant, in the order in which they are taken. */
struct clock_reading {
    int64_t boot_before_ns;
    int64_t raw_ns;
    int64_t awake_ns;
    int64_t boot_after_ns;
};

typedef void clock_reader(void *from, struct clock_reading *reading);

/* One instant from as many readings as it takes. */
int64_t clock_settle_ns(clock_reader *read, void *from);

#endif
