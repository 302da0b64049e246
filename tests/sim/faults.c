/* faults.c: what a fault does when it strikes, and how it ends. It must never go beyond what budget.c allows. */
#include "world.h"

static uint16_t all_hosts(const struct world *w)
{
    return (uint16_t)((1u << w->host_count) - 1);
}

void plan_start(struct world *w)
{
    for (unsigned i = 0; i < w->fault_count; i++) {
        struct fault *f = &w->faults[i];
        if (((w->faults_enabled >> i) & 1) == 0) {
            continue;
        }
        if (f->kind < FAULT_INSTANCES) {
            f->struck = true;
            w->totals->struck[f->kind]++;
            weather_begins(w, f);
        } else if (f->trigger == TRIGGER_TIME) {
            heap_push(&w->heap, f->at_ns, HAPPENS_FAULT, 0, i);
        } else {
            w->armed |= 1u << f->trigger;
        }
    }
}

/* One that runs and has no seat in the goose's roster; NULL: none. */
static struct host *newcomer(struct world *w, const struct host *goose, unsigned from)
{
    for (unsigned i = 0; i < w->member_count && goose != NULL; i++) {
        struct host *h = &w->hosts[(from + i) % w->member_count];
        if (h->state == HOST_UP && goose_roster_find_uid(&goose->election.roster, h->uid) < 0) {
            return h;
        }
    }
    return NULL;
}

static struct host *aimed_at(struct world *w, const struct fault *f, struct host *sprung_by)
{
    struct host *goose = world_goose(w);
    if (f->aim == AIM_SELF && sprung_by != NULL) {
        return sprung_by;
    }
    if (f->aim == AIM_GOOSE && goose != NULL) {
        return goose;
    }
    if (f->aim == AIM_SEATED && w->seated != NOBODY) {
        return &w->hosts[w->seated];
    }
    if (f->aim == AIM_NEWCOMER && newcomer(w, goose, f->host) != NULL) {
        return newcomer(w, goose, f->host);
    }
    if (f->aim == AIM_OTHER && sprung_by != NULL && f->host == sprung_by->index) {
        return &w->hosts[(f->host + 1u) % w->host_count];
    }
    return &w->hosts[f->host % w->host_count];
}

/* What is asked of a process waits until its step is carried out. */
static bool strikes_within(enum fault_kind kind)
{
    bool asked = kind >= FAULT_REMOVE && kind <= FAULT_STOP;
    return !asked && kind != FAULT_HOLD && kind != FAULT_NEW_OPTIONS && kind != FAULT_JOIN &&
           kind != FAULT_NEW_LEASE && kind != FAULT_SNAPSHOT;
}

/* An ambush on a host's own step strikes within it, at its stage; on another's, right after it. */
void fault_ambush(struct world *w, struct host *h, uint32_t triggers)
{
    if (w->healed || (w->armed & triggers) == 0) {
        return;
    }
    for (unsigned i = 0; i < w->fault_count; i++) {
        struct fault *f = &w->faults[i];
        if (f->trigger == TRIGGER_TIME || f->struck || ((w->faults_enabled >> i) & 1) == 0 ||
            ((triggers >> f->trigger) & 1) == 0 || w->now_ns < f->at_ns || --f->countdown > 0) {
            continue;
        }
        world_count(w, COUNT_AMBUSHES);
        f->struck = true;
        f->victim = aimed_at(w, f, h)->index;
        if (f->victim == h->index && h->trip == -1 && strikes_within(f->kind)) {
            h->trip = (int)i;
            h->trip_at = f->stage;
            h->trip_send = (uint8_t)(f->strength % 4);
        } else {
            heap_push(&w->heap, w->now_ns, HAPPENS_FAULT, 0, i);
        }
    }
}

void fault_spring(struct world *w, unsigned index)
{
    struct fault *f = &w->faults[index];
    if (w->healed) {
        return;
    }
    struct host *h = f->victim != NOBODY ? &w->hosts[f->victim] : aimed_at(w, f, NULL);
    f->struck = true;
    fault_strike(w, index, h);
}

static void cut(struct world *w, struct fault *f, uint16_t from, uint16_t to, bool both)
{
    f->from = from;
    f->to = to;
    f->both = both;
    net_cut(w, from, to, both, 1);
    heap_push(&w->heap, w->now_ns + f->for_ns, HAPPENS_FAULT_END, 0, (uint32_t)(f - w->faults));
}

static uint16_t alone(const struct host *h)
{
    return (uint16_t)(1u << h->index);
}

static uint16_t all_but(const struct world *w, uint16_t hosts)
{
    return (uint16_t)(all_hosts(w) & ~hosts);
}

static uint16_t one_side(const struct world *w, const struct fault *f, const struct host *h)
{
    return (uint16_t)((f->mask | alone(h)) & all_hosts(w));
}

static void cut_one_way(struct world *w, struct fault *f, struct host *h)
{
    cut(w, f, alone(h), (uint16_t)(1u << f->other), false);
}

static void cut_pair(struct world *w, struct fault *f, struct host *h)
{
    cut(w, f, alone(h), (uint16_t)(1u << f->other), true);
}

static void deaf(struct world *w, struct fault *f, struct host *h)
{
    cut(w, f, all_but(w, alone(h)), alone(h), false);
}

static void mute(struct world *w, struct fault *f, struct host *h)
{
    cut(w, f, alone(h), all_but(w, alone(h)), false);
}

static void isolate(struct world *w, struct fault *f, struct host *h)
{
    cut(w, f, alone(h), all_but(w, alone(h)), true);
}

static void partition(struct world *w, struct fault *f, struct host *h)
{
    uint16_t side = one_side(w, f, h);
    cut(w, f, side, all_but(w, side), true);
}

static void partition_one_way(struct world *w, struct fault *f, struct host *h)
{
    uint16_t side = one_side(w, f, h);
    cut(w, f, side, all_but(w, side), false);
}

static void start_again(struct world *w, const struct fault *f, const struct host *h)
{
    heap_push(&w->heap, w->now_ns + f->for_ns, HAPPENS_START, h->index, 0);
}

static void crash(struct world *w, struct fault *f, struct host *h)
{
    if (h->carry.at != CARRY_DONE) {
        world_count(w, COUNT_CRASHES_IN_STEP);
    }
    host_crash(w, h);
    start_again(w, f, h);
}

static void crash_all(struct world *w, struct fault *f, struct host *h)
{
    (void)h;
    for (unsigned i = 0; i < w->host_count; i++) {
        if (w->hosts[i].state == HOST_UP) {
            crash(w, f, &w->hosts[i]);
        }
    }
}

static void pause(struct world *w, struct fault *f, struct host *h)
{
    trace_line(w, "pause n%u", h->index + 1u);
    host_freeze(w, h, f->for_ns);
}

static void sleep(struct world *w, struct fault *f, struct host *h)
{
    pause(w, f, h);
    h->asleep = true;
}

static void reboot(struct world *w, struct fault *f, struct host *h)
{
    host_reboot(w, h);
    start_again(w, f, h);
}

static void crash_but_one(struct world *w, struct fault *f, struct host *h)
{
    for (unsigned i = 0; i < w->host_count; i++) {
        if (&w->hosts[i] != h && w->hosts[i].state == HOST_UP) {
            crash(w, f, &w->hosts[i]);
        }
    }
}

static void disk_lost(struct world *w, struct fault *f, struct host *h)
{
    crash(w, f, h); /* first: it may still finish a write */
    f->missed = !h->disk.present || !budget_allows_loss(w, h);
    if (!f->missed) {
        trace_line(w, "n%u disk is lost", h->index + 1u);
        disk_lose(w, h);
    }
}

static void disk_old(struct world *w, struct fault *f, struct host *h)
{
    crash(w, f, h);
    f->missed = !h->disk.present || !budget_allows_loss(w, h) || !disk_roll_back(w, h);
    if (!f->missed) {
        trace_line(w, "n%u disk is the copy", h->index + 1u);
    }
}

static void disk_fails(struct world *w, struct fault *f, struct host *h)
{
    h->drive.fail_next = true;
    f->victim = h->index;
    heap_push(&w->heap, w->now_ns + f->for_ns, HAPPENS_FAULT_END, 0, (uint32_t)(f - w->faults));
}

static void disk_hangs(struct world *w, struct fault *f, struct host *h)
{
    trace_line(w, "n%u disk holds", h->index + 1u);
    h->drive.hangs_until_ns = w->now_ns + f->for_ns;
}

static void set_lease(struct host *h, uint32_t lease_us)
{
    host_set_lease(h, lease_us, lease_us / 4);
}

static void new_options(struct world *w, struct fault *f, struct host *h)
{
    static const uint8_t priorities[] = {1, 50, 100, 200};
    h->options.priority = priorities[f->strength % 4];
    if ((f->strength & 64) != 0) {
        set_lease(h, w->options.lease_us * (5 + (uint32_t)(f->strength >> 8) % 16) / 10);
    }
    host_new_options(w, h);
}

/* Much shorter or longer, but no shorter than a question and its answer need. */
static void new_lease(struct world *w, struct fault *f, struct host *h)
{
    static const uint16_t percent[] = {3, 5, 10, 25, 200, 400};
    uint64_t least_us = 10000 + 8 * w->options.delay_max_ns / 1000;
    uint64_t lease_us = (uint64_t)w->options.lease_us * percent[f->strength % 6] / 100;
    lease_us = lease_us < least_us ? least_us : lease_us;
    set_lease(h, (uint32_t)(lease_us > GOOSE_LEASE_US_MAX ? GOOSE_LEASE_US_MAX : lease_us));
    h->lease_changed = true;
    host_new_options(w, h);
}

static void ask(struct world *w, struct fault *f, struct host *h, enum goose_request_kind kind)
{
    struct waiting_request request = {.kind = kind, .force = (f->strength & 15) == 0};
    if (kind == GOOSE_REQUEST_REMOVE ||
        (kind == GOOSE_REQUEST_HANDOVER && (f->strength & 16) != 0)) {
        request.address = w->hosts[f->other].address;
    }
    if (kind == GOOSE_REQUEST_HOLD) {
        request.hold_us = f->for_ns / 1000;
    }
    if (kind == GOOSE_REQUEST_STOP) {
        if (w->stop_ids[h->index] != 0) {
            return; /* it is stopping already */
        }
        w->stop_ids[h->index] = w->request_ids + 1; /* the answer may come at once */
        w->stop_for_ns[h->index] = f->for_ns;
    }
    host_request(w, h, request);
}

static void ask_hold(struct world *w, struct fault *f, struct host *h)
{
    ask(w, f, h, GOOSE_REQUEST_HOLD);
}

static void ask_remove(struct world *w, struct fault *f, struct host *h)
{
    ask(w, f, h, GOOSE_REQUEST_REMOVE);
}

static void ask_handover(struct world *w, struct fault *f, struct host *h)
{
    ask(w, f, h, GOOSE_REQUEST_HANDOVER);
}

static void ask_drain(struct world *w, struct fault *f, struct host *h)
{
    ask(w, f, h, GOOSE_REQUEST_DRAIN);
}

static void ask_undrain(struct world *w, struct fault *f, struct host *h)
{
    ask(w, f, h, GOOSE_REQUEST_UNDRAIN);
}

static void ask_stop(struct world *w, struct fault *f, struct host *h)
{
    ask(w, f, h, GOOSE_REQUEST_STOP);
}

static void (*const strike[FAULT_KINDS])(struct world *w, struct fault *f, struct host *h) = {
    [FAULT_CUT_ONE_WAY] = cut_one_way,
    [FAULT_CUT_PAIR] = cut_pair,
    [FAULT_DEAF] = deaf,
    [FAULT_MUTE] = mute,
    [FAULT_ISOLATE] = isolate,
    [FAULT_PARTITION] = partition,
    [FAULT_PARTITION_ONE_WAY] = partition_one_way,
    [FAULT_PAUSE] = pause,
    [FAULT_SLEEP] = sleep,
    [FAULT_CRASH] = crash,
    [FAULT_REBOOT] = reboot,
    [FAULT_CRASH_ALL] = crash_all,
    [FAULT_DISK_LOST] = disk_lost,
    [FAULT_DISK_OLD] = disk_old,
    [FAULT_DISK_FAILS] = disk_fails,
    [FAULT_DISK_HANGS] = disk_hangs,
    [FAULT_JOIN] = identity_join,
    [FAULT_REMOVE] = ask_remove,
    [FAULT_HANDOVER] = ask_handover,
    [FAULT_DRAIN] = ask_drain,
    [FAULT_UNDRAIN] = ask_undrain,
    [FAULT_STOP] = ask_stop,
    [FAULT_MOVE] = identity_move,
    [FAULT_NEW_OPTIONS] = new_options,
    [FAULT_HOLD] = ask_hold,
    [FAULT_LONG_PAUSE] = pause,
    [FAULT_CRASH_BUT_ONE] = crash_but_one,
    [FAULT_NEW_LEASE] = new_lease,
    [FAULT_MOVE_USED] = identity_move_used,
    [FAULT_SWAP] = identity_swap,
    [FAULT_TWIN] = copies_twin,
    [FAULT_REPLAY] = copies_record,
    [FAULT_RECOVER] = identity_recover,
    [FAULT_CLONE] = copies_clone,
    [FAULT_SNAPSHOT] = copies_snapshot,
};

/* The fault as it happens to this host: at a time of its own, or within a step. */
void fault_strike(struct world *w, unsigned index, struct host *h)
{
    struct fault *f = &w->faults[index];
    enum host_state wanted = f->kind == FAULT_JOIN ? HOST_ABSENT : HOST_UP;
    if (h->state != wanted || w->healed) {
        return;
    }
    trace_line(w, "# fault %u, n%u: %s for %.1fms", index, h->index + 1u, fault_name(f->kind),
               (double)f->for_ns / 1e6);
    strike[f->kind](w, f, h);
    w->totals->struck[f->kind] += !f->missed;
}

void fault_end(struct world *w, unsigned index)
{
    struct fault *f = &w->faults[index];
    if (w->healed) {
        return;
    }
    if (f->kind == FAULT_DISK_FAILS) {
        struct host *h = &w->hosts[f->victim];
        if (h->election.failed && h->state == HOST_UP) {
            host_crash(w, h); /* the daemon ends itself, and is started again */
            host_start(w, h);
        }
        return;
    }
    copies_end(w, f);
    net_cut(w, f->from, f->to, f->both, -1);
    f->from = 0;
    f->to = 0;
}
