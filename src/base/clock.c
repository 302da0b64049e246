/* clock.c: see clock.h. CLOCK_MONOTONIC_RAW stops while the host sleeps, CLOCK_BOOTTIME is slewed
 * by time daemons, by up to 10 %, which would break the 5 % of PROTOCOL 1. Boot time less
 * monotonic time, slewed alike, is the time slept. It must never keep a reading for a later call:
 * the largest one given is kept only so as not to go below it. */
#include "base/clock.h"

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

#define NS_PER_S     INT64_C(1000000000)
#define BRACKET_NS   INT64_C(10000) /* some twenty times what the four readings take */
#define READINGS_MAX 1000           /* a debugger or an emulator may never be that quick */

static int64_t read_ns(clockid_t clock)
{
    struct timespec at;
    int error = clock_gettime(clock, &at);

    assert(error == 0);
    (void)error;
    return (int64_t)at.tv_sec * NS_PER_S + at.tv_nsec;
}

static void read_all(void *from, struct clock_reading *reading)
{
    (void)from;
    reading->boot_before_ns = read_ns(CLOCK_BOOTTIME);
    reading->raw_ns = read_ns(CLOCK_MONOTONIC_RAW);
    reading->awake_ns = read_ns(CLOCK_MONOTONIC);
    reading->boot_after_ns = read_ns(CLOCK_BOOTTIME);
}

/* A pause or a sleep between the readings would count as time slept: boot time, which sees both,
 * is read around the others, and readings too far apart are taken again. */
int64_t clock_settle_ns(clock_reader *read, void *from)
{
    int64_t narrowest_ns = INT64_MAX;
    int64_t settled_ns = 0;

    for (int i = 0; i < READINGS_MAX && narrowest_ns > BRACKET_NS; i++) {
        struct clock_reading reading;
        read(from, &reading);
        int64_t apart_ns = reading.boot_after_ns - reading.boot_before_ns;
        if (apart_ns >= narrowest_ns) continue;
        narrowest_ns = apart_ns;
        settled_ns = reading.raw_ns + (reading.boot_before_ns - reading.awake_ns);
    }
    return settled_ns;
}

/* Two settled readings differ from the true distance by up to a bracket, either way. */
uint64_t clock_now_us(void)
{
    static _Atomic int64_t latest_ns = 1000;
    int64_t now_ns = clock_settle_ns(read_all, NULL);
    int64_t seen_ns = atomic_load(&latest_ns);

    while (now_ns > seen_ns && !atomic_compare_exchange_weak(&latest_ns, &seen_ns, now_ns)) {
    }
    return (uint64_t)(now_ns > seen_ns ? now_ns : seen_ns) / 1000;
}
