/* histogram.c: see histogram.h. */
#include "base/histogram.h"

/* From a round trip on a quick network to a disk that hangs; a lease of 300 ms lies well within. */
const uint64_t histogram_bounds_us[HISTOGRAM_BOUNDS] = {
    100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000};

void histogram_add(struct histogram *histogram, uint64_t took_us)
{
    int bucket = 0;

    while (bucket < HISTOGRAM_BOUNDS && took_us > histogram_bounds_us[bucket])
        bucket++;
    histogram->counts[bucket]++;
    histogram->sum_us += took_us;
}
