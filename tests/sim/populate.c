/* populate.c: who is there at the beginning of a run, with which command line, and what stands on the disks. */
#include "world.h"

static size_t addresses_of(uint64_t bits, struct goose_address *addresses)
{
    size_t count = 0;
    for (uint8_t id = 0; id < ADDRESSES_MAX && count < GOOSE_ROSTER_SEATS_MAX; id++) {
        if (((bits >> id) & 1) != 0) {
            (void)goose_address_keep(&addresses[count++], address_name(id));
        }
    }
    return count;
}

void host_set_peers(struct world *w, struct host *h, uint64_t bits)
{
    struct goose_address addresses[GOOSE_ROSTER_SEATS_MAX];
    (void)w;
    h->peers_bits = bits;
    goose_roster_clear(&h->options.peers);
    if (bits != 0) {
        size_t count = addresses_of(bits, addresses);
        (void)goose_roster_bootstrap(&h->options.peers, NAME_TAG, addresses, count);
    }
}

void host_set_hints(struct world *w, struct host *h, uint64_t bits)
{
    struct goose_address addresses[GOOSE_ROSTER_SEATS_MAX];
    (void)w;
    h->hints_bits = bits;
    goose_roster_clear(&h->options.join);
    if (bits != 0) {
        size_t count = addresses_of(bits, addresses);
        (void)goose_roster_bootstrap(&h->options.join, NAME_TAG, addresses, count);
    }
}

void host_set_lease(struct host *h, uint32_t lease_us, uint32_t heartbeat_us)
{
    h->options.lease_us = lease_us;
    h->options.heartbeat_us = heartbeat_us;
    if (h->options.dead_after_us < 3 * (uint64_t)heartbeat_us) {
        h->options.dead_after_us = 3 * (uint64_t)heartbeat_us;
    }
}

/* A stranger has no address before a fault gives it one. */
static struct host *add_host(struct world *w, bool stranger)
{
    struct host *h = &w->hosts[w->host_count];
    const struct sim_options *o = &w->options;
    h->address = stranger ? 0 : (uint8_t)(w->host_count + 1);
    if (!stranger) {
        w->at_address[h->address] = h->index;
        w->member_count++;
    }
    w->host_count++;
    h->clock.base_real_ns = w->now_ns;
    h->clock.base_steady_ns = rng_magnitude(&w->clock_rng, MS, UINT64_C(1000000000000000));
    h->clock.ppm = rng_int(&w->clock_rng, -CLOCK_PPM_MAX, CLOCK_PPM_MAX);
    (void)goose_address_keep(&h->options.self, address_name(h->address));
    h->options.http_port = 7000;
    h->options.priority = GOOSE_PRIORITY_DEFAULT;
    h->options.voters = o->voters;
    h->options.dead_after_us = o->dead_after_us;
    host_set_lease(h, o->lease_us, o->heartbeat_us);
    h->options.name_tag = NAME_TAG;
    w->check.lease_us[h->index] = o->lease_us;
    return h;
}

static void plan_birth(struct world *w, struct host *h)
{
    h->state = HOST_OFF;
    uint64_t at_ns = w->now_ns + rng_below(&w->host_rng, w->options.spread_ns + 1);
    heap_push(&w->heap, at_ns, HAPPENS_START, h->index, 0);
}

/* A flock that has long been settled: every uid in its seat, nothing in flight. */
static void settle(struct world *w, uint64_t bits)
{
    struct goose_durable_state state = {.term = 1};
    struct goose_address addresses[GOOSE_ROSTER_SEATS_MAX];
    (void)goose_roster_bootstrap(&state.roster, NAME_TAG, addresses, addresses_of(bits, addresses));
    state.roster.term = 1;
    state.longest_promise_us = w->options.lease_us + (w->options.lease_us + 19) / 20;
    for (int i = 0; i < w->options.first; i++) {
        struct host *h = &w->hosts[i];
        int seat = goose_roster_find_address(&state.roster, address_name(h->address));
        h->uid = rng_next(&w->host_rng) | 1;
        state.roster.seats[seat].uid = h->uid;
        state.roster.seats[seat].priority = h->options.priority;
    }
    for (int i = 0; i < w->options.first; i++) {
        struct host *h = &w->hosts[i];
        state.uid = h->uid;
        state.life = (UINT64_C(1) << 32) | (rng_next(&w->host_rng) >> 32);
        state.voted_for = w->hosts[0].uid;
        disk_put(&h->disk, &state);
        facts_saved(w, h);
    }
}

static void draw_priorities(struct world *w)
{
    if (!rng_chance(&w->host_rng, 200000)) {
        return;
    }
    for (int i = 0; i < w->options.first; i++) {
        static const uint8_t priorities[] = {0, 50, 100, 100, 200};
        w->hosts[i].options.priority = priorities[rng_below(&w->host_rng, sizeof priorities)];
    }
    w->hosts[0].options.priority = GOOSE_PRIORITY_DEFAULT; /* somebody has to */
}

static void give_command_line(struct world *w, struct host *h, uint64_t first_bits)
{
    const struct sim_options *o = &w->options;
    bool first = h->index < o->first;
    if (first && (o->birth == BIRTH_PEERS || (o->birth == BIRTH_SETTLED && o->settled_peers))) {
        host_set_peers(w, h, first_bits | UINT64_C(1) << h->address);
    } else if (!first || o->birth == BIRTH_SETTLED) {
        host_set_hints(w, h, first_bits & ~(UINT64_C(1) << h->address));
    } else if (h->index > 0) {
        host_set_hints(w, h, UINT64_C(1) << w->hosts[0].address);
    }
}

void world_populate(struct world *w)
{
    const struct sim_options *o = &w->options;
    int count = o->first + o->observers + o->spare;
    uint64_t first_bits = 0;
    for (int i = 0; i < count; i++) {
        struct host *h = add_host(w, false);
        first_bits |= i < o->first ? UINT64_C(1) << h->address : 0;
    }
    for (int i = 0; i < o->strangers; i++) {
        (void)add_host(w, true);
    }
    draw_priorities(w);
    for (int i = 0; i < count; i++) {
        struct host *h = &w->hosts[i];
        give_command_line(w, h, first_bits);
        h->options.observer = i >= o->first && i < o->first + o->observers;
        if (i < o->first + o->observers) {
            plan_birth(w, h);
        }
    }
    if (o->birth == BIRTH_SETTLED) {
        settle(w, first_bits);
    }
}
