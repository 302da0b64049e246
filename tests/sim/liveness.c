/* liveness.c: the faults end for a majority, and from then on PROTOCOL 2 owes it a goose (L1) that all who can reach
 * it follow (L3) and that nothing a minority does takes away (L2). */
#include "run.h"

#define POKES       3
#define HELLO_NS    (GOOSE_HELLO_INTERVAL_US * 1000)
#define CLOCK_SPARE 21 / 20 /* bounds are in the nodes' own time */

static uint64_t longest_lease_ns(const struct world *w)
{
    return w->longest_lease_us * 1000;
}

/* Of those that are well; NULL: none has one. */
static const struct goose_roster *newest_roster(const struct world *w, uint16_t hosts)
{
    const struct goose_roster *newest = NULL;
    for (unsigned i = 0; i < w->host_count; i++) {
        const struct goose_roster *roster = &w->hosts[i].disk.state.roster;
        if (((hosts >> i) & 1) == 0 || !w->hosts[i].disk.present) {
            continue;
        }
        if (newest == NULL || goose_roster_compare(roster->term, roster->version, newest->term,
                                                   newest->version) > 0) {
            newest = roster;
        }
    }
    return newest;
}

/* L1: a majority is well, "one of which may be goose". */
static bool may_be_goose(const struct world *w, uint16_t hosts)
{
    const struct goose_roster *newest = newest_roster(w, hosts);
    for (unsigned i = 0; i < w->host_count; i++) {
        const struct host *h = &w->hosts[i];
        const struct goose_roster *roster = &h->disk.state.roster;
        if (((hosts >> i) & 1) == 0 || h->options.priority == 0 || h->options.observer ||
            !h->disk.present || budget_is_lost(w, h->disk.state.uid)) {
            continue;
        }
        bool seated = goose_roster_find_uid(newest, h->disk.state.uid) >= 0;
        if (seated || (roster->term == 0 && budget_list_up(w, h, hosts))) {
            return true;
        }
    }
    return false;
}

static void end_faults(struct world *w)
{
    w->healed = true;
    work_ends(w);
    w->armed = 0;
    w->weather = (struct weather){.loop_late_ns = w->options.loop_late_ns};
    for (unsigned a = 0; a < HOSTS_MAX; a++) {
        for (unsigned b = 0; b < HOSTS_MAX; b++) {
            w->cut[a][b] = 0;
        }
    }
}

static void break_one(struct world *w, struct host *h, unsigned how)
{
    uint16_t self = (uint16_t)(1u << h->index);
    uint16_t others = (uint16_t)~self;
    h->left_broken = true;
    switch (how) {
    case 0: host_crash(w, h); break;
    case 1: net_cut(w, self, others, true, 1); break;
    case 2: net_cut(w, others, self, false, 1); break;
    default: net_cut(w, self, others, false, 1); break;
    }
    trace_line(w, "# n%u stays broken", h->index + 1u);
}

static void make_well(struct world *w, struct host *h)
{
    disk_well(w, h);
    if (h->state == HOST_UP && (h->election.failed || (h->saved_waits && !h->saved_ok))) {
        host_crash(w, h);
    }
    if (h->state == HOST_UP) {
        if (h->frozen_until_ns > w->now_ns) {
            h->frozen_until_ns = w->now_ns;
            heap_push(&w->heap, w->now_ns, HAPPENS_LOOP, h->index, h->pid);
        }
    } else {
        host_start(w, h);
    }
    if (h->lease_changed) {
        host_set_lease(h, w->options.lease_us, w->options.heartbeat_us);
        host_new_options(w, h);
    }
    h->request_count = 0;
    host_request(w, h, (struct waiting_request){.kind = GOOSE_REQUEST_UNDRAIN});
}

uint16_t liveness_heal(struct world *w)
{
    struct rng *rng = &w->client_rng;
    uint16_t all = 0;
    uint16_t broken = 0;
    copies_remove_strangers(w);
    for (unsigned i = 0; i < w->host_count; i++) {
        all = (uint16_t)(all | (w->hosts[i].state != HOST_ABSENT ? 1u << i : 0));
    }
    if (rng_chance(rng, w->options.broken_ppm)) {
        broken = (uint16_t)(rng_next(rng) & rng_next(rng) & all);
        if (!budget_majority_up(w, (uint16_t)(all & ~broken)) ||
            !may_be_goose(w, (uint16_t)(all & ~broken))) {
            broken = 0;
        }
    }
    trace_line(w, "# the faults end: heal");
    end_faults(w);
    if (broken != 0) {
        world_count(w, COUNT_BROKEN_MINORITIES);
    }
    for (unsigned i = 0; i < w->host_count && !check_is_over(&w->check); i++) {
        unsigned how = (unsigned)rng_below(rng, 4);
        if (((broken >> i) & 1) != 0) {
            break_one(w, &w->hosts[i], how);
        } else if (((all >> i) & 1) != 0) {
            make_well(w, &w->hosts[i]);
        }
    }
    return (uint16_t)(all & ~broken);
}

static bool is_well(const struct host *h, uint16_t hosts)
{
    return ((hosts >> h->index) & 1) != 0;
}

/* Whose claim is no dead process's. */
static struct host *live_goose(struct world *w)
{
    struct host *goose = world_goose(w);
    return goose != NULL && goose->state == HOST_UP && goose->role == GOOSE_ROLE_GOOSE ? goose
                                                                                       : NULL;
}

static bool follows(struct world *w, const struct host *h, const struct host *goose)
{
    struct goose_election_view view;
    goose_election_view(&h->election, clock_local_us(&h->clock, w->now_ns), &view);
    return h->state == HOST_UP && view.knows_goose && view.goose_uid == goose->uid;
}

/* It has an address on its command line, or in its roster, of somebody who follows the goose; or the goose has it
 * in a seat at that address. */
static bool knows_a_follower(struct world *w, const struct host *h, const struct host *goose,
                             uint16_t hosts)
{
    uint64_t bits = h->peers_bits | h->hints_bits;
    const struct goose_roster *roster = &h->election.roster;
    for (int seat = 0; seat < roster->count; seat++) {
        bits |= UINT64_C(1) << address_id(goose_roster_address(roster, seat));
    }
    for (unsigned i = 0; i < w->host_count; i++) {
        const struct host *other = &w->hosts[i];
        if (other != h && is_well(other, hosts) && ((bits >> other->address) & 1) != 0 &&
            (other == goose || follows(w, other, goose))) {
            return true;
        }
    }
    int seat = goose_roster_find_uid(&goose->election.roster, h->uid);
    return seat >= 0 &&
           address_id(goose_roster_address(&goose->election.roster, seat)) == h->address;
}

static struct host *first_astray(struct world *w, uint16_t hosts)
{
    struct host *goose = live_goose(w);
    for (unsigned i = 0; i < w->host_count; i++) {
        struct host *h = &w->hosts[i];
        if (is_well(h, hosts) && goose == NULL) {
            return h;
        }
        if (is_well(h, hosts) && h != goose && !follows(w, h, goose) &&
            knows_a_follower(w, h, goose, hosts)) {
            return h;
        }
    }
    return NULL;
}

/* L1's premise. It may end without a fault: a goose may let in one that broke a moment ago. */
static bool majority_is_well(struct world *w, uint16_t hosts)
{
    bool well = budget_majority_up(w, hosts) && may_be_goose(w, hosts);
    if (!well) {
        world_count(w, COUNT_L1_SKIPPED);
    }
    return well;
}

static bool wait_for_goose(struct world *w, uint16_t hosts)
{
    uint64_t bound_ns = (10 * longest_lease_ns(w) + 4 * HELLO_NS) * CLOCK_SPARE;
    uint64_t began_ns = w->now_ns;
    uint64_t look_ns = (uint64_t)w->options.lease_us * 1000 / 8;
    struct host *goose;
    while ((goose = live_goose(w)) == NULL || !is_well(goose, hosts)) {
        if (w->now_ns > began_ns + bound_ns && majority_is_well(w, hosts)) {
            check_fail(&w->check, RULE_L1, w->now_ns,
                       "a majority is well for %.1f ms, and no goose",
                       (double)(w->now_ns - began_ns) / 1e6);
        }
        if (w->now_ns > began_ns + bound_ns || !world_run(w, w->now_ns + look_ns)) {
            return false;
        }
    }
    world_count(w, COUNT_L1);
    if (w->now_ns - began_ns > w->totals->worst_l1_ns) {
        w->totals->worst_l1_ns = w->now_ns - began_ns;
    }
    return true;
}

static bool wait_for_all(struct world *w, uint16_t hosts)
{
    uint64_t bound_ns = (10 * longest_lease_ns(w) + 4 * HELLO_NS) * CLOCK_SPARE;
    uint64_t began_ns = w->now_ns;
    uint64_t look_ns = (uint64_t)w->options.lease_us * 1000 / 8;
    struct host *astray;
    while ((astray = first_astray(w, hosts)) != NULL) {
        if (w->now_ns > began_ns + bound_ns && majority_is_well(w, hosts)) {
            check_fail(&w->check, RULE_L3, w->now_ns, "n%u can reach the flock and does not follow",
                       astray->index + 1u);
        }
        if (w->now_ns > began_ns + bound_ns) {
            return false;
        }
        if (!world_run(w, w->now_ns + look_ns)) {
            return false;
        }
    }
    world_count(w, COUNT_L3);
    return true;
}

static int voters_of(const struct world *w, uint16_t hosts, const struct goose_roster *roster)
{
    int voters = 0;
    for (unsigned i = 0; i < w->host_count; i++) {
        const struct host *h = &w->hosts[i];
        voters += ((hosts >> i) & 1) != 0 && goose_roster_find_uid(roster, h->uid) >= 0 &&
                  !budget_is_lost(w, h->uid);
    }
    return voters;
}

/* Whom to poke: anybody but the goose, as long as a majority of its roster follows it untouched, even if one of the
 * poked is let in at this very moment. */
static uint16_t draw_minority(struct world *w, uint16_t hosts, const struct host *goose)
{
    const struct goose_roster *roster = &goose_election_durable(&goose->election)->roster;
    uint16_t minority = 0;
    int seats = roster->count;
    for (unsigned i = 0; i < w->host_count; i++) {
        const struct host *h = &w->hosts[i];
        if (h == goose || !is_well(h, hosts) || !rng_chance(&w->client_rng, 500000)) {
            continue;
        }
        uint16_t more = (uint16_t)(minority | 1u << i);
        int entering = goose_roster_find_uid(roster, h->uid) < 0 && !h->options.observer;
        if (2 * voters_of(w, (uint16_t)(hosts & ~more), roster) > seats + entering) {
            minority = more;
            seats += entering;
        }
    }
    return minority;
}

/* As if it had stood in the past, and nobody had heard. */
static void raise_term(struct world *w, struct host *h)
{
    host_crash(w, h);
    if (h->disk.present) {
        struct goose_durable_state state = h->disk.state;
        state.term += rng_between(&w->client_rng, 1, 5);
        state.voted_for = 0;
        disk_put(&h->disk, &state);
    }
}

static void poke_one(struct world *w, struct host *h, unsigned how, uint64_t for_ns)
{
    uint16_t self = (uint16_t)(1u << h->index);
    uint16_t others = (uint16_t)~self;
    static const char *const names[] = {"crash",   "reboot", "pause", "higher term",
                                        "isolate", "deaf",   "mute"};
    trace_line(w, "# a poke, n%u: %s for %.1fms", h->index + 1u, names[how], (double)for_ns / 1e6);
    switch (how) {
    case 0: host_crash(w, h); break;
    case 1: host_reboot(w, h); break;
    case 2: host_freeze(w, h, for_ns); break;
    case 3: raise_term(w, h); break;
    case 4: net_cut(w, self, others, true, 1); break;
    case 5: net_cut(w, others, self, false, 1); break;
    default: net_cut(w, self, others, false, 1); break;
    }
}

static void unpoke_one(struct world *w, struct host *h, unsigned how)
{
    uint16_t self = (uint16_t)(1u << h->index);
    uint16_t others = (uint16_t)~self;
    switch (how) {
    case 2: break;
    case 4: net_cut(w, self, others, true, -1); break;
    case 5: net_cut(w, others, self, false, -1); break;
    case 6: net_cut(w, self, others, false, -1); break;
    default: host_start(w, h); break;
    }
}

static uint64_t poke_bound_ns(const struct world *w)
{
    /* In-place re-election: a few round trips and writes; a split vote costs a round more. */
    return longest_lease_ns(w) + 16 * w->options.delay_max_ns + 8 * w->options.write_max_ns;
}

/* What an operator asked for earlier may still move the role or the seats. */
static bool is_busy(const struct world *w, uint16_t hosts)
{
    for (unsigned i = 0; i < w->host_count; i++) {
        const struct goose_election *e = &w->hosts[i].election;
        bool ended = is_well(&w->hosts[i], hosts) && w->hosts[i].state != HOST_UP;
        if (w->stop_ids[i] != 0 || ended) {
            return true; /* it will end when it wakes, or has, and is to start again */
        }
        if (w->hosts[i].state != HOST_UP) {
            continue;
        }
        for (int request = 0; request < GOOSE_ELECTION_REQUESTS_MAX; request++) {
            if (e->requests[request].id != 0) {
                return true;
            }
        }
        if (e->removal.active || e->reign.roster_pending || e->reign.wishes != 0) {
            return true;
        }
    }
    return false;
}

static bool poke(struct world *w, uint16_t hosts)
{
    /* Who broke a moment ago may still be let in, on the strength of its last ack. */
    if (!world_run(w, w->now_ns + longest_lease_ns(w))) {
        return false;
    }
    struct host *goose = live_goose(w);
    if (goose == NULL || is_busy(w, hosts)) {
        return true;
    }
    uint64_t lease_ns = longest_lease_ns(w);
    uint16_t minority = draw_minority(w, hosts, goose);
    uint64_t for_ns = rng_magnitude(&w->client_rng, lease_ns / 10, 8 * lease_ns);
    unsigned how[HOSTS_MAX];
    check_quiet_since(&w->check, w->now_ns);
    for (unsigned i = 0; i < w->host_count; i++) {
        how[i] = (unsigned)rng_below(&w->client_rng, 7);
        if (((minority >> i) & 1) != 0) {
            poke_one(w, &w->hosts[i], how[i], for_ns);
        }
    }
    bool fine = world_run(w, w->now_ns + for_ns);
    for (unsigned i = 0; i < w->host_count && fine; i++) {
        if (((minority >> i) & 1) != 0) {
            unpoke_one(w, &w->hosts[i], how[i]);
        }
    }
    fine = fine && world_run(w, w->now_ns + 6 * lease_ns);
    uint64_t gap_ns = check_gap_ns(&w->check, w->now_ns);
    world_count(w, COUNT_POKES);
    if (gap_ns > w->totals->worst_poke_ns) {
        w->totals->worst_poke_ns = gap_ns;
    }
    if (gap_ns > poke_bound_ns(w) && majority_is_well(w, (uint16_t)(hosts & ~minority))) {
        check_fail(&w->check, RULE_L2, w->now_ns,
                   "a minority was poked, and the majority had no goose for %.1f ms",
                   (double)gap_ns / 1e6);
    }
    return !check_is_over(&w->check);
}

void liveness_judge(struct world *w, uint16_t hosts)
{
    if (check_is_over(&w->check)) {
        return;
    }
    if (!majority_is_well(w, hosts)) {
        (void)world_run(w, w->now_ns + 20 * longest_lease_ns(w));
        return;
    }
    for (int i = 0; i < POKES; i++) {
        if (!wait_for_goose(w, hosts) || !wait_for_all(w, hosts) || !poke(w, hosts)) {
            return;
        }
    }
}
