/* carry.c: one step of the election, and its actions in the order of election.h: withdraw, save, send, arm, announce,
 * once more. Between any two of them, and between two datagrams, the process may stop or die. */
#include "world.h"

#include <assert.h>
#include <string.h>

#define SAMPLE_EVERY 128 /* goose_election_check_step() needs a copy of the state before */

static void judge(struct world *w, struct host *h, const char *what)
{
    if (what != NULL) {
        check_fail(&w->check, RULE_INVARIANT, w->now_ns, "n%u: %s", h->index + 1u, what);
    }
}

static void stir(struct world *w, const struct host *h, uint64_t what)
{
    w->digest =
        (w->digest ^ what ^ ((uint64_t)h->index << 56) ^ w->now_ns) * UINT64_C(0x9e3779b97f4a7c15);
    w->digest ^= w->digest >> 29;
}

void host_step(struct world *w, struct host *h, struct goose_event *event)
{
    assert(h->stage == STAGE_DONE || event->kind == GOOSE_EVENT_GO_ON);
    event->now_us = clock_local_us(&h->clock, w->now_ns);
    event->entropy = rng_next(&w->host_rng);
    event->observers = h->observers;
    w->steps++;
    bool sampled = w->steps % SAMPLE_EVERY == 0;
    if (sampled) {
        memcpy(&w->before, &h->election, sizeof w->before);
    }
    enum goose_refusal refusal = goose_election_step(&h->election, event, &h->actions);
    stir(w, h, event->kind + h->actions.wake_at_us + ((uint64_t)refusal << 40));
    if (sampled && event->kind != GOOSE_EVENT_START) {
        judge(w, h, goose_election_check_step(&w->before, &h->election));
    }
    if (sampled || h->actions.claim != GOOSE_CLAIM_UNCHANGED || h->actions.note_count > 0) {
        judge(w, h, goose_election_check(&h->election));
    }
    trace_step(w, h, event, refusal);
    facts_stepped(w, h, event);
}

void carry_begin(struct world *w, struct host *h)
{
    h->stage = STAGE_WITHDRAW;
    h->send_at = 0;
    if (h->trip == -1 && rng_chance(&w->host_rng, w->weather.stall_ppm)) {
        h->trip = -2;
        h->trip_stage = (enum stage)rng_below(&w->host_rng, STAGE_DONE);
        h->trip_send = (uint8_t)rng_below(&w->host_rng, 4);
        h->trip_ns = rng_magnitude(&w->host_rng, 1000, w->weather.stall_ns);
    }
}

/* Whether the fault that waits for this point struck. */
static bool tripped(struct world *w, struct host *h)
{
    if (h->trip == -1 || h->trip_stage != h->stage ||
        (h->stage == STAGE_SEND && h->trip_send != h->send_at)) {
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
    h->disk.writing = false;
    disk_lose(w, h);
    h->state = HOST_OFF; /* the queue waits in the socket, but the process begins anew */
    while (h->queued > 0) {
        uint32_t packet = h->queue_head;
        h->queue_head = w->packets[packet].next;
        h->queued--;
        net_free(w, packet);
    }
    heap_push(&w->heap, w->now_ns + 1000, HAPPENS_START, h->index, 0);
}

static void step_again(struct world *w, struct host *h)
{
    if (++h->go_ons > 1000) {
        check_fail(&w->check, RULE_STEP, w->now_ns, "n%u: `more` for ever", h->index + 1u);
        h->stage = STAGE_DONE;
        return;
    }
    struct goose_event event = {.kind = GOOSE_EVENT_GO_ON};
    host_step(w, h, &event);
    carry_begin(w, h);
}

static void carry_stage(struct world *w, struct host *h)
{
    const struct goose_actions *actions = &h->actions;
    switch (h->stage) {
    case STAGE_WITHDRAW:
        if (actions->claim == GOOSE_CLAIM_WITHDRAWN) {
            check_withdrawn(&w->check, h->index, w->now_ns);
        }
        facts_shown(w, h);
        break;
    case STAGE_SAVE:
        if (actions->save) {
            disk_save(w, h);
        }
        break;
    case STAGE_SEND:
        if (h->send_at < actions->send_count) {
            facts_sent(w, h, &actions->sends[h->send_at]);
            net_send(w, h, &actions->sends[h->send_at]);
            h->send_at++;
            return; /* the same stage again */
        }
        trace_sent(w, h);
        break;
    case STAGE_ARM:
        h->wake_us = actions->wake_at_us;
        host_plan_timer(w, h);
        break;
    case STAGE_ANNOUNCE: facts_announced(w, h); break;
    case STAGE_MORE:
    case STAGE_DONE: break;
    }
    if (h->stage != STAGE_DONE) { /* else it has ended */
        h->stage++;
    }
}

bool carry_on(struct world *w, struct host *h)
{
    uint32_t pid = h->pid;
    while (h->stage != STAGE_DONE) {
        if (tripped(w, h) &&
            (h->state != HOST_UP || h->pid != pid || w->now_ns < h->frozen_until_ns)) {
            return false;
        }
        if (h->stage != STAGE_MORE) {
            carry_stage(w, h);
        } else if (h->actions.retire) {
            h->stage = STAGE_DONE;
            host_retire(w, h);
            return false;
        } else if (h->actions.more) {
            step_again(w, h);
        } else {
            h->stage = STAGE_DONE;
        }
        if (h->state != HOST_UP || h->pid != pid) {
            return false;
        }
    }
    h->trip = -1;
    return true;
}
