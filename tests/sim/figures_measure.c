/* figures_measure.c: one fault in a healthy flock, timed. The assumptions are those of PROTOCOL 11: 0.05-0.25 ms one way,
 * writes of 0.2-2 ms, loops up to 0.1 ms late, clocks up to 2.4 % off, 3 and 5 voters by turns; over a WAN 15-30 ms one
 * way, writes of 1-10 ms and 0-5 % loss. */
#include "figures.h"

#include <string.h>

struct watch {
    uint64_t round;
    uint64_t candidate;
    unsigned rounds;
    unsigned candidates;
    bool by_heir; /* the last to stand was told by the goose that it is next */
};

static void watch_send(void *watcher, struct world *w, struct host *h,
                       const struct goose_message *m)
{
    struct watch *watch = watcher;
    if (m->kind == GOOSE_MESSAGE_VOTE && m->ask.round != watch->round) {
        struct goose_election_view view;
        goose_election_view(&h->election, clock_local_us(&h->clock, w->now_ns), &view);
        watch->by_heir = view.succession_delay_us == 0;
        watch->round = m->ask.round;
        watch->rounds++;
        watch->candidates += m->uid != watch->candidate;
        watch->candidate = m->uid;
    }
}

static void set_up(struct world *w, const struct setting *setting, uint64_t number)
{
    struct rng rng = {number * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)setting->scenario};
    struct sim_options options = {.birth = BIRTH_PEERS, .first = number % 2 == 0 ? 3 : 5};
    options.seed = rng_next(&rng);
    options.heartbeat_us = setting->heartbeat_us;
    options.lease_us = setting->lease_us;
    options.dead_after_us = 10000000;
    options.wan = setting->wan;
    options.delay_min_ns = setting->wan ? 15 * MS : MS / 20;
    options.delay_max_ns = setting->wan ? 30 * MS : MS / 4;
    options.write_min_ns = setting->wan ? MS : MS / 5;
    options.write_max_ns = setting->wan ? 10 * MS : 2 * MS;
    options.loop_late_ns = MS / 10;
    options.spread_ns = MS;
    options.queue = 512;
    options.voters = 5;
    world_reset(w, &options, NULL);
    w->weather.loss_ppm = setting->wan ? (uint32_t)rng_below(&rng, 50001) : 0;
    world_populate(w);
    for (unsigned i = 0; i < w->host_count; i++) {
        w->hosts[i].options.priority = GOOSE_PRIORITY_DEFAULT;
        w->hosts[i].clock.ppm /= setting->good_clocks ? 48 : 1;
    }
}

static bool is_settled(struct world *w)
{
    struct host *goose = world_goose(w);
    for (unsigned i = 0; i < w->host_count; i++) {
        struct goose_election_view view;
        struct host *h = &w->hosts[i];
        goose_election_view(&h->election, clock_local_us(&h->clock, w->now_ns), &view);
        if (h->state != HOST_UP || goose == NULL || !view.settled ||
            (h != goose && (!view.knows_goose || view.goose_uid != goose->uid))) {
            return false;
        }
    }
    return true;
}

/* A goose that all follow, for two leases and a bit. */
static bool become_healthy(struct world *w)
{
    uint64_t lease_ns = (uint64_t)w->options.lease_us * 1000;
    uint64_t end_ns = w->now_ns + 60 * lease_ns;
    while (!is_settled(w)) {
        if (w->now_ns > end_ns || !world_run(w, w->now_ns + lease_ns / 10)) {
            return false;
        }
    }
    uint64_t more_ns = 2 * lease_ns + rng_below(&w->client_rng, lease_ns);
    return world_run(w, w->now_ns + more_ns) && is_settled(w);
}

/* As if it had granted a vote that nobody else heard of. */
static void raise_a_term(struct world *w, const struct host *goose)
{
    unsigned other = (unsigned)rng_below(&w->client_rng, w->host_count);
    struct host *h =
        &w->hosts[other] == goose ? &w->hosts[(other + 1) % w->host_count] : &w->hosts[other];
    h->election.saved.term++;
    h->election.saved.voted_for = 0;
    struct goose_durable_state state = *goose_election_durable(&h->election);
    disk_put(&h->disk, &state);
}

static void crash_all(struct world *w)
{
    for (unsigned i = 0; i < w->host_count; i++) {
        host_crash(w, &w->hosts[i]);
    }
    for (unsigned i = 0; i < w->host_count; i++) {
        host_start(w, &w->hosts[i]);
    }
}

static void strike(struct world *w, const struct setting *setting, uint64_t number,
                   struct host *goose)
{
    static const enum goose_request_kind planned[] = {GOOSE_REQUEST_HANDOVER, GOOSE_REQUEST_DRAIN,
                                                      GOOSE_REQUEST_STOP};
    uint16_t self = (uint16_t)(1u << goose->index);
    uint16_t others = (uint16_t)~self;
    switch (setting->scenario) {
    case SCENARIO_CRASH:
        if (setting->only_crashes || number / 2 % 2 == 0) {
            host_crash(w, goose);
        } else {
            net_cut(w, self, others, true, 1);
        }
        break;
    case SCENARIO_LAST_CLAIM: net_cut(w, self, others, true, 1); break;
    case SCENARIO_DEAF: net_cut(w, others, self, false, 1); break;
    case SCENARIO_HANDOVER:
        host_request(w, goose, (struct waiting_request){.kind = planned[number / 2 % 3]});
        break;
    case SCENARIO_HIGHER_TERM: raise_a_term(w, goose); break;
    case SCENARIO_ALL_CRASH: crash_all(w); break;
    case SCENARIO_NEWBORN:
    case SCENARIOS: break;
    }
}

/* The first claim of a term above `term`; NULL: none in time. */
static const struct claim_seen *next_claim(struct world *w, uint64_t term)
{
    uint64_t lease_ns = (uint64_t)w->options.lease_us * 1000;
    uint64_t end_ns = w->now_ns + 60 * lease_ns;
    while (w->now_ns < end_ns && world_run(w, w->now_ns + lease_ns / 20)) {
        for (unsigned host = 0; host < w->host_count; host++) {
            const struct claim_seen *claim = &w->check.claims[host];
            if (claim->term > term) {
                return claim;
            }
        }
    }
    return NULL;
}

static void measure_newborn(struct world *w, struct measured *measured)
{
    uint64_t last_ns = 0;
    const struct claim_seen *claim = next_claim(w, 0);
    for (unsigned i = 0; i < w->host_count; i++) {
        last_ns = w->hosts[i].started_ns > last_ns ? w->hosts[i].started_ns : last_ns;
    }
    measured->whole = claim != NULL;
    measured->ns = claim != NULL && claim->begin_ns > last_ns ? claim->begin_ns - last_ns : 0;
}

void figures_measure(struct world *w, const struct setting *setting, uint64_t number,
                     struct measured *measured)
{
    struct watch watch = {0};
    *measured = (struct measured){.whole = false};
    set_up(w, setting, number);
    w->watcher = &watch;
    w->on_send = watch_send;
    if (setting->scenario == SCENARIO_NEWBORN) {
        measure_newborn(w, measured);
    } else if (become_healthy(w)) {
        struct host *goose = world_goose(w);
        const struct claim_seen *last = &w->check.claims[goose->index];
        uint64_t term = last->term;
        uint64_t began_ns = w->now_ns;
        watch = (struct watch){0};
        check_quiet_since(&w->check, began_ns);
        strike(w, setting, number, goose);
        const struct claim_seen *claim = next_claim(w, term);
        measured->whole = claim != NULL;
        if (setting->scenario == SCENARIO_LAST_CLAIM) {
            measured->ns = last->end_ns - began_ns;
        } else if (setting->scenario == SCENARIO_HIGHER_TERM) {
            measured->ns = check_gap_ns(&w->check, w->now_ns);
        } else if (claim != NULL) {
            measured->ns = claim->begin_ns - began_ns;
        }
        measured->terms = claim != NULL ? claim->term - term : 0;
        measured->by_heir = watch.by_heir;
    }
    measured->rounds = watch.rounds;
    measured->candidates = watch.candidates;
    w->on_send = NULL;
}
