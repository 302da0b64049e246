/* shrink.c: delta debugging over the list of faults: leave out halves, quarters, ... then single ones, as long as the
 * same rule is broken. */
#include "run.h"

static bool still_fails(struct world *w, uint64_t seed, uint64_t faults, enum rule rule)
{
    struct totals ignored = {0};
    struct totals *totals = w->totals;
    bool fine = run_seed(w, seed, faults, &ignored);
    w->totals = totals;
    return !fine && w->check.broken == rule;
}

static unsigned bits_of(uint64_t faults, unsigned *bits)
{
    unsigned count = 0;
    for (unsigned i = 0; i < FAULTS_MAX; i++) {
        if (((faults >> i) & 1) != 0) {
            bits[count++] = i;
        }
    }
    return count;
}

static uint64_t without(uint64_t faults, const unsigned *bits, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        faults &= ~(UINT64_C(1) << bits[i]);
    }
    return faults;
}

uint64_t shrink_faults(struct world *w, uint64_t seed, uint64_t faults)
{
    enum rule rule = w->check.broken;
    FILE *trace = w->trace;
    w->trace = NULL;
    unsigned bits[FAULTS_MAX];
    unsigned count = bits_of(faults, bits);
    unsigned chunk = count > 1 ? count / 2 : 1;
    while (count > 0) {
        bool smaller = false;
        for (unsigned from = 0; from < count; from += chunk) {
            unsigned to = from + chunk < count ? from + chunk : count;
            uint64_t fewer = without(faults, bits, from, to);
            if (still_fails(w, seed, fewer, rule)) {
                faults = fewer;
                smaller = true;
                break;
            }
        }
        if (!smaller && chunk == 1) {
            break;
        }
        chunk = smaller ? chunk : chunk / 2;
        count = bits_of(faults, bits);
        chunk = chunk > count && count > 0 ? count : chunk;
    }
    w->trace = trace;
    return faults;
}
