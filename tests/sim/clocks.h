/* clocks.h: the clock of a host, a straight line over real time with a kink at each change of its rate.
 * Real time is nanoseconds, a local clock microseconds. The `steady` reading goes on through reboots and is the
 * checkers' own; the node is shown the steady reading plus a shift, which a reboot changes. */
#ifndef GOOSIM_CLOCKS_H
#define GOOSIM_CLOCKS_H

#include <stdint.h>

#define CLOCK_PPM_MAX 24000 /* 1.024 / 0.976 < 1.05: any two clocks are within 5 % of each other */
#define CLOCK_FAR_NS  UINT64_C(1000000000000)

struct clock {
    uint64_t base_real_ns;
    uint64_t base_steady_ns;
    int64_t ppm;
    uint64_t shift_us; /* modulo 2^64 */
};

static inline uint64_t clock_steady_ns(const struct clock *clock, uint64_t real_ns)
{
    int64_t passed = (int64_t)(real_ns - clock->base_real_ns);
    return clock->base_steady_ns + (uint64_t)(passed + passed * clock->ppm / 1000000);
}

static inline uint64_t clock_steady_us(const struct clock *clock, uint64_t real_ns)
{
    return clock_steady_ns(clock, real_ns) / 1000;
}

/* What the node is shown. */
static inline uint64_t clock_local_us(const struct clock *clock, uint64_t real_ns)
{
    return clock_steady_us(clock, real_ns) + clock->shift_us;
}

/* From now on this rate. */
static inline void clock_bend(struct clock *clock, uint64_t real_ns, int64_t ppm)
{
    clock->base_steady_ns = clock_steady_ns(clock, real_ns);
    clock->base_real_ns = real_ns;
    clock->ppm = ppm;
}

/* A reboot: the node's clock starts anew at local_us, the steady one goes on. */
static inline void clock_reboot(struct clock *clock, uint64_t real_ns, uint64_t local_us)
{
    clock->shift_us = local_us - clock_steady_us(clock, real_ns);
}

/* The first instant of real time at which the node's clock shows local_us or more, at today's rate; what is further
 * than CLOCK_FAR_NS away is cut to that. Not before from_ns. */
uint64_t clock_real_ns(const struct clock *clock, uint64_t local_us, uint64_t from_ns);

#endif
