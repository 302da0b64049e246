/* random.h: chance, all of it from one seed (splitmix64). Streams are forked, so that what one part draws does not move what
 * another gets. It must never be seeded from anything but a command line or a name. */
#ifndef RIG_RANDOM_H
#define RIG_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng)
{
    uint64_t x = (rng->state += UINT64_C(0x9e3779b97f4a7c15));
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static inline struct rng rng_fork(struct rng *rng)
{
    struct rng fork = {rng_next(rng)};
    return fork;
}

/* 0..n-1 */
static inline uint64_t rng_below(struct rng *rng, uint64_t n)
{
    uint64_t x = rng_next(rng);
    return n <= UINT32_MAX ? ((x >> 32) * n) >> 32 : x % n;
}

/* lo..hi */
static inline uint64_t rng_between(struct rng *rng, uint64_t lo, uint64_t hi)
{
    return lo + rng_below(rng, hi - lo + 1);
}

static inline int rng_int(struct rng *rng, int lo, int hi)
{
    return lo + (int)rng_below(rng, (uint64_t)(hi - lo) + 1);
}

static inline bool rng_chance(struct rng *rng, uint32_t ppm)
{
    return ppm > 0 && rng_below(rng, 1000000) < ppm;
}

/* lo..hi, each order of magnitude as likely as the next: short things and long ones. */
static inline uint64_t rng_magnitude(struct rng *rng, uint64_t lo, uint64_t hi)
{
    uint64_t top = lo;
    unsigned doublings = 0;
    while (top < hi) {
        top *= 2;
        doublings++;
    }
    uint64_t low = lo << rng_below(rng, doublings + 1);
    uint64_t value = rng_between(rng, low, 2 * low);
    return value > hi ? hi : value;
}

#endif
