/* work.c: what clients have open in a goose's name. It leaves when it is told to, or stays; and a resignation by plan waits
 * for it, PROTOCOL 7, by the shell's own books. */
#include "world.h"

#define OPEN_MAX 3

/* A goose is asked for more, or has less to do; who has been told to leave does so soon, mostly. */
void work_client(struct world *w)
{
    struct rng *rng = &w->work_rng;
    struct host *goose = world_goose(w);
    if (goose == NULL || !rng_chance(rng, 500000)) {
        return;
    }
    struct waiting_request request = {.is_work = true, .open = goose->work_open};
    if (goose->leave_ends_us != 0) {
        request.open = rng_chance(rng, 700000) ? 0 : goose->work_open;
    } else if (goose->work_open == 0 || (goose->work_open < OPEN_MAX && rng_chance(rng, 600000))) {
        request.open++;
    } else {
        request.open--;
    }
    request.grace_us = rng_magnitude(rng, 1000, 3 * (uint64_t)w->options.lease_us);
    host_request(w, goose, request);
}

void work_ends(struct world *w)
{
    for (unsigned i = 0; i < w->host_count; i++) {
        if (w->hosts[i].work_open > 0) {
            host_request(w, &w->hosts[i], (struct waiting_request){.is_work = true});
        }
    }
}

void work_forget(struct host *h)
{
    h->work_open = 0;
    h->leave_ends_us = 0;
}

static bool is_planned(enum goose_reason why)
{
    return why == GOOSE_REASON_HANDOVER || why == GOOSE_REASON_DRAINED ||
           why == GOOSE_REASON_STOPPED || why == GOOSE_REASON_REMOVED ||
           why == GOOSE_REASON_OPTIONS;
}

/* Where a voter is above the goose's term, half of the lease is as long as it waits. */
static bool may_go(const struct world *w, const struct host *h, uint64_t now_us)
{
    bool told = h->leave_ends_us != 0 && now_us >= h->leave_ends_us;
    return told || h->work_open == 0 || h->claim_end_us < now_us + w->longest_lease_us / 2;
}

void work_stepped(struct world *w, struct host *h, const struct goose_event *event,
                  enum goose_refusal refusal)
{
    uint64_t now_us = event->now_us;
    if (event->kind == GOOSE_EVENT_WORK && refusal == GOOSE_REFUSAL_NONE) {
        world_count(w, h->work_open < event->work.open ? COUNT_WORK : COUNT_WORK_LEFT);
        h->work_open = event->work.open;
    }
    for (unsigned i = 0; i < h->actions.note_count; i++) {
        const struct goose_note *note = &h->actions.notes[i];
        if (note->kind == GOOSE_NOTE_LEAVE) {
            world_count(w, COUNT_WORK_TOLD);
            h->leave_ends_us = now_us + note->number;
        } else if (note->kind == GOOSE_NOTE_ROLE && note->role == GOOSE_ROLE_DUCK) {
            if (is_planned(note->why) && !may_go(w, h, now_us)) {
                check_fail(&w->check, RULE_WORK, w->now_ns,
                           "n%u gives its role up by plan while work is open", h->index + 1u);
            }
            work_forget(h);
        }
    }
}
