/* clocks.c: from a node's clock back to real time, exactly. It must never round the wrong way: a claim ends at the
 * first instant at which the node's clock shows the end of its lease, and S1 is judged to the nanosecond. */
#include "clocks.h"

uint64_t clock_real_ns(const struct clock *clock, uint64_t local_us, uint64_t from_ns)
{
    if (local_us <= clock_local_us(clock, from_ns)) {
        return from_ns;
    }
    uint64_t ahead_us = local_us - clock_local_us(clock, from_ns);
    if (ahead_us >= CLOCK_FAR_NS / 1000) {
        return from_ns + CLOCK_FAR_NS;
    }
    uint64_t steady_ns = (local_us - clock->shift_us) * 1000;
    int64_t wanted = (int64_t)(steady_ns - clock->base_steady_ns);
    /* Good to a few parts in 10^12 by division; the last steps by trying. */
    int64_t rate = 1000000 + clock->ppm;
    int64_t guess = wanted / rate * 1000000 + wanted % rate * 1000000 / rate;
    uint64_t real_ns = clock->base_real_ns + (uint64_t)guess;
    while (clock_steady_ns(clock, real_ns) < steady_ns) {
        real_ns++;
    }
    while (real_ns > from_ns && clock_steady_ns(clock, real_ns - 1) >= steady_ns) {
        real_ns--;
    }
    return real_ns < from_ns ? from_ns : real_ns;
}
