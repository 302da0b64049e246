/* host.c: a process and its loop: starting, stopping, dying, and what waits for it meanwhile. It must never step an
 * election whose last step is not carried out to the end. */
#include "world.h"

#include <string.h>

void host_plan_timer(struct world *w, struct host *h)
{
    if (h->wake_us == UINT64_MAX) {
        return;
    }
    uint64_t at_ns = clock_real_ns(&h->clock, h->wake_us, w->now_ns);
    at_ns += rng_below(&w->host_rng, w->weather.loop_late_ns + 1) + 1;
    if (h->timer_at_ns <= w->now_ns || at_ns < h->timer_at_ns) {
        h->timer_at_ns = at_ns;
        heap_push(&w->heap, at_ns, HAPPENS_TIMER, h->index, h->pid);
    }
}

static void run_step(struct world *w, struct host *h, struct goose_event *event)
{
    host_step(w, h, event);
    (void)carry_on(w, h);
}

static void forget_process(struct host *h)
{
    h->pid++;
    memset(&h->carry, 0, sizeof h->carry);
    h->looping = false;
    h->asleep = false;
    h->frozen_until_ns = 0;
    h->timer_at_ns = 0;
    h->wake_us = UINT64_MAX;
    h->timer_waits = false;
    h->saved_waits = false;
    h->options_wait = false;
    h->request_count = 0;
    work_forget(h);
    h->trip = -1;
    h->role = GOOSE_ROLE_DUCK;
}

void host_start(struct world *w, struct host *h)
{
    if (h->state == HOST_UP || h->state == HOST_ABSENT || will_waits(w, h)) {
        return;
    }
    forget_process(h);
    will_is_gone(h);
    h->state = HOST_UP;
    h->queue_head = NO_PACKET;
    h->queued = 0;
    h->started_ns = w->now_ns;
    h->started_steady_us = clock_steady_us(&h->clock, w->now_ns);
    h->started_lease_us = h->options.lease_us;
    h->newborn = !h->disk.present;
    h->none_bits = 0;
    h->none_in_term_0_bits = 0;
    h->term = h->disk.present ? h->disk.state.term : 0;
    h->voted_for = h->disk.present ? h->disk.state.voted_for : 0;
    world_count(w, COUNT_STARTS);
    if (h->newborn) {
        world_count(w, COUNT_NEWBORN);
    }
    memset(&h->election, 0, sizeof h->election);
    goose_observers_init(h->observers, OBSERVERS_MAX);
    struct goose_event event = {.kind = GOOSE_EVENT_START};
    event.start.options = &h->options;
    event.start.saved = disk_read(&h->disk);
    run_step(w, h, &event);
}

static void drop_queue(struct world *w, struct host *h)
{
    while (h->queued > 0) {
        uint32_t packet = h->queue_head;
        h->queue_head = w->packets[packet].next;
        h->queued--;
        net_free(w, packet);
    }
}

static void stop(struct world *w, struct host *h, bool rebooted)
{
    if (h->carry.at == CARRY_SEND || h->carry.at == CARRY_ARM) {
        trace_sent(w, h);
    }
    trace_line(w, "crash n%u%s%s", h->index + 1u, rebooted ? " and its host" : "",
               h->carry.at != CARRY_DONE ? " in the middle of a step" : "");
    world_count(w, COUNT_CRASHES);
    facts_gone(w, h, rebooted);
    disk_interrupted(w, h);
    drop_queue(w, h);
    forget_process(h);
    w->stop_ids[h->index] = 0;
    h->state = HOST_OFF;
    if (!rebooted) {
        will_begins(w, h);
    }
}

void host_crash(struct world *w, struct host *h)
{
    if (h->state == HOST_UP) {
        stop(w, h, false);
    }
}

void host_retire(struct world *w, struct host *h)
{
    const struct voter_seen *voter = check_voter(&w->check, h->uid);
    if (voter != NULL && !voter->tainted) {
        check_fail(&w->check, RULE_STEP, w->now_ns, "n%u takes its own state for an old copy",
                   h->index + 1u);
    }
    trace_line(w, "    n%u sets its state aside", h->index + 1u);
    world_count(w, COUNT_RETIRED);
    facts_gone(w, h, false);
    will_is_gone(h);
    h->disk.writing = false;
    disk_lose(w, h);
    h->state = HOST_OFF; /* the queue waits in the socket, but the process begins anew */
    drop_queue(w, h);
    heap_push(&w->heap, w->now_ns + 1000, HAPPENS_START, h->index, 0);
}

void host_reboot(struct world *w, struct host *h)
{
    if (h->state == HOST_UP) {
        stop(w, h, true);
    }
    will_is_gone(h);
    facts_gone(w, h, true);
    clock_reboot(&h->clock, w->now_ns, rng_between(&w->clock_rng, 1000, 5000000));
}

/* A machine as it was: its memory, its clock and its disk. What came meanwhile it has never seen. */
void host_put_back(struct world *w, struct host *h, const struct snapshot *snapshot)
{
    host_crash(w, h);
    facts_gone(w, h, true);
    forget_process(h);
    clock_reboot(&h->clock, w->now_ns, snapshot->local_us);
    will_is_gone(h);
    h->disk = snapshot->disk;
    h->drive = snapshot->drive;
    h->carry = snapshot->carry;
    h->election = snapshot->election;
    memcpy(h->observers, snapshot->observers, goose_observers_bytes(OBSERVERS_MAX));
    h->state = HOST_UP;
    h->queue_head = NO_PACKET;
    h->queued = 0;
    h->wake_us = snapshot->wake_us;
    will_stepped(w, h);
    facts_put_back(w, h);
    host_plan_timer(w, h);
}

void host_freeze(struct world *w, struct host *h, uint64_t for_ns)
{
    uint64_t until_ns = w->now_ns + for_ns;
    if (until_ns > h->frozen_until_ns) {
        h->frozen_until_ns = until_ns;
    }
    if (!h->looping) {
        h->looping = true;
        heap_push(&w->heap, h->frozen_until_ns, HAPPENS_LOOP, h->index, h->pid);
    }
}

static void handle_packet(struct world *w, struct host *h, uint32_t at)
{
    struct packet *packet = &w->packets[at];
    struct goose_message message;
    struct goose_roster roster;
    enum goose_wire_result result =
        goose_wire_decode(packet->data, packet->bytes, &message, &roster);
    if (result != GOOSE_WIRE_OK) {
        check_fail(&w->check, RULE_WIRE, w->now_ns, "n%u: wire_decode() refuses a message: %s",
                   h->index + 1u, goose_wire_result_name(result));
        net_free(w, at);
        return;
    }
    struct goose_event event = {.kind = GOOSE_EVENT_MESSAGE};
    event.message.message = &message;
    event.message.roster = message.with_roster ? &roster : NULL;
    event.message.from.bytes[0] = packet->from_address;
    facts_handled(w, h, &message);
    host_step(w, h, &event);
    net_free(w, at);
    (void)carry_on(w, h);
}

void host_arrives(struct world *w, struct host *h, uint32_t packet)
{
    if (h->state != HOST_UP || h->asleep) {
        net_free(w, packet);
    } else if (!h->looping) {
        handle_packet(w, h, packet);
    } else if (h->queued >= w->options.queue) {
        net_free(w, packet);
    } else {
        w->packets[packet].next = NO_PACKET;
        if (h->queued++ == 0) {
            h->queue_head = packet;
        } else {
            w->packets[h->queue_tail].next = packet;
        }
        h->queue_tail = packet;
    }
}

static void handle_deadline(struct world *w, struct host *h)
{
    h->timer_waits = false;
    struct goose_event event = {.kind = GOOSE_EVENT_DEADLINE};
    run_step(w, h, &event);
}

void host_timer(struct world *w, struct host *h, uint64_t at_ns)
{
    if (h->state != HOST_UP || at_ns != h->timer_at_ns) {
        return;
    }
    h->timer_at_ns = 0;
    if (h->looping) {
        h->timer_waits = true;
    } else if (clock_local_us(&h->clock, w->now_ns) < h->wake_us) {
        host_plan_timer(w, h); /* it was put off meanwhile */
    } else {
        handle_deadline(w, h);
    }
}

static void handle_saved(struct world *w, struct host *h)
{
    h->saved_waits = false;
    struct goose_event event = {.kind = GOOSE_EVENT_SAVED};
    event.saved.generation = h->carry.writing;
    event.saved.ok = h->saved_ok;
    run_step(w, h, &event);
}

void host_saved(struct world *w, struct host *h, bool ok)
{
    h->saved_ok = ok;
    if (h->state != HOST_UP) {
        return;
    }
    if (h->looping) {
        h->saved_waits = true;
    } else {
        handle_saved(w, h);
    }
}

static void handle_request(struct world *w, struct host *h)
{
    struct waiting_request request = h->requests[0];
    h->request_count--;
    memmove(&h->requests[0], &h->requests[1], h->request_count * sizeof h->requests[0]);
    if (request.is_work) {
        struct goose_event work = {.kind = GOOSE_EVENT_WORK,
                                   .work = {.open = request.open, .grace_us = request.grace_us}};
        run_step(w, h, &work);
        return;
    }
    struct goose_event event = {.kind = GOOSE_EVENT_REQUEST};
    event.request.id = request.id;
    event.request.kind = request.kind;
    event.request.force = request.force;
    event.request.hold_us = request.hold_us;
    if (request.address != 0) {
        event.request.address = address_name(request.address);
    }
    run_step(w, h, &event);
}

/* A node that is down, or has enough to do, does not take it: the client has to try again. */
void host_request(struct world *w, struct host *h, struct waiting_request request)
{
    if (h->state != HOST_UP || h->request_count == REQUESTS_MAX) {
        return;
    }
    request.id = ++w->request_ids;
    w->hold_asked_ns[request.id % CHECK_FACTS] = w->now_ns;
    h->requests[h->request_count++] = request;
    if (!h->looping) {
        handle_request(w, h);
    }
}

static void handle_options(struct world *w, struct host *h)
{
    h->options_wait = false;
    struct goose_event event = {.kind = GOOSE_EVENT_OPTIONS};
    event.options.options = &h->options;
    run_step(w, h, &event);
}

void host_new_options(struct world *w, struct host *h)
{
    if (h->options.lease_us > w->longest_lease_us) {
        w->longest_lease_us = h->options.lease_us;
    }
    if (h->state == HOST_UP && h->looping) {
        h->options_wait = true;
    } else if (h->state == HOST_UP) {
        handle_options(w, h);
    }
}

/* What waits is taken in any order, but datagrams in the order in which they came. */
static bool handle_one(struct world *w, struct host *h)
{
    bool waits[5] = {h->timer_waits, h->saved_waits, h->queued > 0, h->request_count > 0,
                     h->options_wait};
    unsigned at = (unsigned)rng_below(&w->host_rng, 5);
    for (unsigned i = 0; i < 5 && !waits[at]; i++) {
        at = (at + 1) % 5;
    }
    if (!waits[at]) {
        return false;
    }
    if (at == 0) {
        handle_deadline(w, h);
    } else if (at == 1) {
        handle_saved(w, h);
    } else if (at == 2) {
        uint32_t packet = h->queue_head;
        h->queue_head = w->packets[packet].next;
        h->queued--;
        handle_packet(w, h, packet);
    } else if (at == 3) {
        handle_request(w, h);
    } else {
        handle_options(w, h);
    }
    return true;
}

static void loop_again(struct world *w, struct host *h, uint64_t at_ns)
{
    h->looping = true;
    heap_push(&w->heap, at_ns, HAPPENS_LOOP, h->index, h->pid);
}

void host_loop(struct world *w, struct host *h, uint32_t pid)
{
    if (h->state != HOST_UP || h->pid != pid) {
        return;
    }
    if (w->now_ns < h->frozen_until_ns) {
        loop_again(w, h, h->frozen_until_ns);
        return;
    }
    h->asleep = false;
    bool busy = h->carry.at != CARRY_DONE ? (void)carry_on(w, h), true : handle_one(w, h);
    if (h->state != HOST_UP || h->pid != pid) {
        return;
    }
    if (h->carry.at != CARRY_DONE || w->now_ns < h->frozen_until_ns) {
        loop_again(w, h, h->frozen_until_ns);
    } else if (busy) {
        loop_again(w, h, w->now_ns + rng_between(&w->host_rng, 2000, 20000));
    } else {
        h->looping = false;
        host_plan_timer(w, h);
    }
}
