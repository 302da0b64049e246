/* setup.c: flocks that have a past. */
#include <assert.h>
#include <string.h>

#include "script.h"

#define SETTLING_US_MAX UINT64_C(20000000)

#define STORED_TERM    6
#define STORED_VERSION 2

static void setup_roster(struct world *w, struct node *const *nodes, int count,
                         struct goose_roster *roster)
{
    goose_roster_clear(roster);
    for (int i = 0; i < count; i++) {
        enum goose_roster_result result =
            goose_roster_add(roster, goose_address_text(&nodes[i]->address),
                             world_uid(w, nodes[i]->name), nodes[i]->options.priority, 0);
        assert(result == GOOSE_ROSTER_OK);
        (void)result;
    }
    roster->term = STORED_TERM;
    roster->version = STORED_VERSION;
    roster->flock_id = goose_digest_bytes(3, "flock", 5);
    roster->wanted = (uint8_t)count;
}

/* Their command lines name the others, unless the scenario has said what they name. */
static void setup_flags(struct node *const *nodes, int count)
{
    struct goose_address addresses[NODES_MAX];

    for (int i = 0; i < count; i++)
        addresses[i] = nodes[i]->address;
    for (int i = 0; i < count; i++) {
        struct goose_election_options *options = &nodes[i]->options;
        if (options->peers.count > 0 || options->join.count > 0) continue;
        enum goose_roster_result result =
            goose_roster_bootstrap(&options->peers, options->name_tag, addresses, (size_t)count);
        assert(result == GOOSE_ROSTER_OK);
        (void)result;
    }
}

void setup_stored(struct world *w, struct node *const *nodes, int count)
{
    struct goose_durable_state state;

    setup_flags(nodes, count);
    for (int i = 0; i < count; i++) {
        uint32_t lease_us = nodes[i]->options.lease_us;
        memset(&state, 0, sizeof state);
        state.uid = world_uid(w, nodes[i]->name);
        state.life = (UINT64_C(1) << 32) + (uint64_t)i + 1;
        state.term = STORED_TERM;
        state.longest_promise_us = lease_us + (lease_us + 19) / 20;
        setup_roster(w, nodes, count, &state.roster);
        disk_put(&nodes[i]->disk, &state);
    }
}

static bool in_good_order(struct world *w)
{
    struct goose_election_view view;
    struct node *goose = world_goose(w);

    if (goose == NULL || !network_idle(w)) return false;
    goose_election_view(&goose->e, node_now_us(w, goose), &view);
    return view.committed && view.settled;
}

static bool settle(struct world *w, struct node *const *nodes, int count)
{
    uint64_t patience_us = w->now_us + SETTLING_US_MAX;

    for (int i = 0; i < count; i++)
        node_start(w, nodes[i]);
    world_run(w, w->now_us + 2 * (uint64_t)nodes[0]->options.lease_us);
    while (!in_good_order(w))
        if (!world_next(w, patience_us)) return false;
    const struct node *goose = world_goose(w);
    world_run(w, goose->e.reign.heartbeat_at_us - goose->clock_ahead_us - 1);
    w->now_us++;
    w->zero_us = w->now_us;
    return true;
}

bool setup_flock(struct world *w, struct node *const *nodes, int count)
{
    setup_stored(w, nodes, count);
    w->report.muted = true;
    bool settled = settle(w, nodes, count);
    w->report.muted = false;
    return settled;
}
