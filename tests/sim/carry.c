/* carry.c: one step of a host's election, and what it asks for. Between any two things, and between two datagrams, the
 * process may stop or die. */
#include "world.h"

#define SAMPLE_EVERY 128 /* steps, for speed: then all is judged */

static void stir(struct world *w, const struct host *h, uint64_t what)
{
    w->digest =
        (w->digest ^ what ^ ((uint64_t)h->index << 56) ^ w->now_ns) * UINT64_C(0x9e3779b97f4a7c15);
    w->digest ^= w->digest >> 29;
}

/* A stall somewhere in this step, where no fault waits for one. */
static void plan_stall(struct world *w, struct host *h)
{
    if (h->trip == -1 && rng_chance(&w->host_rng, w->weather.stall_ppm)) {
        h->trip = -2;
        h->trip_at = (enum carry_next)rng_int(&w->host_rng, CARRY_WITHDRAW, CARRY_GO_ON);
        h->trip_send = (uint8_t)rng_below(&w->host_rng, 4);
        h->trip_ns = rng_magnitude(&w->host_rng, 1000, w->weather.stall_ns);
    }
}

static void judge(struct world *w, const struct host *h, enum rule rule)
{
    if (h->carry.wrong != NULL) {
        check_fail(&w->check, rule, w->now_ns, "n%u: %s", h->index + 1u, h->carry.wrong);
    }
}

void host_step(struct world *w, struct host *h, struct goose_event *event)
{
    event->now_us = clock_local_us(&h->clock, w->now_ns);
    event->entropy = rng_next(&w->host_rng);
    event->observers = h->observers;
    w->steps++;
    struct goose_election *before = w->steps % SAMPLE_EVERY == 0 ? &w->before : NULL;
    enum goose_refusal refusal = carry_step(&h->carry, &h->election, event, &h->actions, before);
    stir(w, h, event->kind + h->actions.wake_at_us + ((uint64_t)refusal << 40));
    judge(w, h, RULE_INVARIANT);
    trace_step(w, h, event, refusal);
    facts_stepped(w, h, event);
    work_stepped(w, h, event, refusal);
    plan_stall(w, h);
}

/* Whether the fault that waits for this point struck. */
static bool tripped(struct world *w, struct host *h)
{
    if (h->trip == -1 || h->trip_at != h->carry.at ||
        (h->carry.at == CARRY_SEND && h->trip_send != h->carry.sent)) {
        return false;
    }
    int trip = h->trip;
    h->trip = -1;
    if (trip == -2) {
        host_freeze(w, h, h->trip_ns);
    } else {
        fault_strike(w, (unsigned)trip, h);
    }
    return true;
}

static void carry_out(struct world *w, struct host *h)
{
    enum carry_next now = carry_next(&h->carry);
    judge(w, h, now == CARRY_SEND ? RULE_DURABLE : RULE_STEP);
    switch (now) {
    case CARRY_WITHDRAW:
        will_stepped(w, h);
        if (h->actions.claim == GOOSE_CLAIM_WITHDRAWN) {
            check_withdrawn(&w->check, h->index, w->now_ns);
        }
        facts_shown(w, h);
        break;
    case CARRY_SAVE: disk_save(w, h); break;
    case CARRY_SEND:
        facts_sent(w, h, h->carry.send);
        net_send(w, h, h->carry.send);
        break;
    case CARRY_ARM:
        trace_sent(w, h);
        h->wake_us = h->actions.wake_at_us;
        host_plan_timer(w, h);
        break;
    case CARRY_ANNOUNCE: facts_announced(w, h); break;
    case CARRY_GO_ON: host_step(w, h, &(struct goose_event){.kind = GOOSE_EVENT_GO_ON}); break;
    case CARRY_RETIRE: host_retire(w, h); break;
    case CARRY_DONE:
    case CARRY_NOTHING: break;
    }
}

bool carry_on(struct world *w, struct host *h)
{
    uint32_t pid = h->pid;
    while (h->carry.at != CARRY_DONE) {
        if (tripped(w, h) &&
            (h->state != HOST_UP || h->pid != pid || w->now_ns < h->frozen_until_ns)) {
            return false;
        }
        carry_out(w, h);
        if (h->state != HOST_UP || h->pid != pid) {
            return false;
        }
    }
    h->trip = -1;
    return true;
}
