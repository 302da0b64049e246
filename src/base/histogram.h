/* histogram.h: how often something took how long, in buckets that are always the same. Counting allocates nothing. */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BOUNDS 14

/* Each bucket holds what took at most its bound, and longer than the bound before it. */
extern const uint64_t histogram_bounds_us[HISTOGRAM_BOUNDS];

struct histogram {
    uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* the last: all that took longer */
    uint64_t sum_us;
};

void histogram_add(struct histogram *histogram, uint64_t took_us);

#endif
