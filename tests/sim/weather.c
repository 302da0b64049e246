/* weather.c: the faults that are there all along, from the first start to the healing. */
#include "world.h"

static void loss(struct world *w, const struct fault *f)
{
    w->weather.loss_ppm = (uint32_t)f->strength;
}

static void duplicates(struct world *w, const struct fault *f)
{
    w->weather.twice_ppm = (uint32_t)f->strength;
}

static void long_delays(struct world *w, const struct fault *f)
{
    w->weather.long_ppm = (uint32_t)f->strength;
    w->weather.long_ns = f->for_ns;
}

static void very_late(struct world *w, const struct fault *f)
{
    w->weather.late_ppm = (uint32_t)f->strength;
    w->weather.late_ns = f->for_ns;
}

static void clock_rates(struct world *w, const struct fault *f)
{
    (void)f;
    for (unsigned i = 0; i < w->host_count; i++) {
        heap_push(&w->heap, w->now_ns, HAPPENS_CLOCK, (uint8_t)i, 0);
    }
}

static void late_loops(struct world *w, const struct fault *f)
{
    w->weather.loop_late_ns = f->for_ns;
}

static void stalls(struct world *w, const struct fault *f)
{
    w->weather.stall_ppm = (uint32_t)f->strength;
    w->weather.stall_ns = f->for_ns;
}

static void slow_disks(struct world *w, const struct fault *f)
{
    w->weather.slow_write_ns = f->for_ns;
}

static void clients(struct world *w, const struct fault *f)
{
    w->weather.clients_ns = f->for_ns;
    w->weather.work = (f->mask & 1) != 0;
    heap_push(&w->heap, w->now_ns, HAPPENS_CLIENT, 0, 0);
}

static void late_beyond(struct world *w, const struct fault *f)
{
    w->weather.beyond_ppm = (uint32_t)f->strength;
    w->weather.beyond_ns = f->for_ns;
}

/* One or two, so that the others can found a flock without them. */
static void late_members(struct world *w, const struct fault *f)
{
    unsigned first = (unsigned)w->options.first;
    unsigned late = first > 3 && (f->mask & 3) == 0 ? 2 : 1;
    for (unsigned i = 0; i < late; i++) {
        w->hosts[(f->other + i) % first].not_before_ns = w->now_ns + f->for_ns;
    }
}

/* A wrong list must be a minority's, and nobody else's: its own node and one or two others. */
static void wrong_peers(struct world *w, const struct fault *f)
{
    unsigned first = (unsigned)w->options.first;
    struct host *h = &w->hosts[f->other % first];
    const struct host *real = &w->hosts[(f->other + 1u) % first];
    uint64_t bits = UINT64_C(1) << h->address | UINT64_C(1) << real->address;
    if ((f->mask & 1) != 0) {
        bits |= UINT64_C(1) << (ADDRESSES_MAX - 1); /* nobody is there */
    }
    host_set_peers(w, h, bits);
}

static void other_leases(struct world *w, const struct fault *f)
{
    static const uint32_t tenths[] = {5, 8, 10, 15, 20, 30};
    for (unsigned i = 0; i < w->host_count; i++) {
        struct host *h = &w->hosts[i];
        uint32_t tenth = tenths[(f->mask >> i) % 6];
        uint32_t lease_us = w->options.lease_us * tenth / 10;
        lease_us = lease_us > GOOSE_LEASE_US_MAX ? GOOSE_LEASE_US_MAX : lease_us;
        host_set_lease(h, lease_us, lease_us / (3 + ((f->mask >> (i / 2)) & 3)));
        if (h->options.lease_us > w->longest_lease_us) {
            w->longest_lease_us = h->options.lease_us;
        }
    }
}

static void (*const begin[FAULT_INSTANCES])(struct world *w, const struct fault *f) = {
    [FAULT_LOSS] = loss,
    [FAULT_DUPLICATES] = duplicates,
    [FAULT_LONG_DELAYS] = long_delays,
    [FAULT_VERY_LATE] = very_late,
    [FAULT_CLOCK_RATES] = clock_rates,
    [FAULT_LATE_LOOPS] = late_loops,
    [FAULT_STALLS] = stalls,
    [FAULT_SLOW_DISKS] = slow_disks,
    [FAULT_OTHER_LEASES] = other_leases,
    [FAULT_WRONG_PEERS] = wrong_peers,
    [FAULT_CLIENTS] = clients,
    [FAULT_LATE_MEMBERS] = late_members,
    [FAULT_LATE_BEYOND] = late_beyond,
};

void weather_begins(struct world *w, const struct fault *f)
{
    begin[f->kind](w, f);
}

/* A client asks somebody, most often the goose, for a hold, and may have work in its name. Its question was sent a moment
 * ago. */
void fault_client(struct world *w)
{
    if (w->healed || w->weather.clients_ns == 0) {
        return;
    }
    struct rng *rng = &w->client_rng;
    struct host *goose = world_goose(w);
    struct host *h =
        goose != NULL && rng_chance(rng, 900000) ? goose : &w->hosts[rng_below(rng, w->host_count)];
    struct waiting_request request = {.kind = GOOSE_REQUEST_HOLD};
    uint64_t longest_us = 2 * (uint64_t)w->options.lease_us;
    bool as_long_as_can_be = rng_chance(rng, 400000);
    request.hold_us = as_long_as_can_be ? longest_us : rng_magnitude(rng, 1000, longest_us);
    uint64_t next = w->request_ids + 1;
    w->client_ppm[next % CHECK_FACTS] = rng_int(rng, -CLOCK_PPM_MAX, CLOCK_PPM_MAX);
    host_request(w, h, request);
    if (w->weather.work) {
        work_client(w);
    }
    heap_push(&w->heap, w->now_ns + rng_below(rng, 2 * w->weather.clients_ns) + 1000,
              HAPPENS_CLIENT, 0, 0);
}
