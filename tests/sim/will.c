/* will.c: the helper of a process that died: it takes the claim from the lease page, waits for the end of the last hold,
 * and says the last will. Until it ends it has the locks and the port, so nothing starts there. A machine that stops
 * takes it along. */
#include "world.h"

#define FIRST_NS (2 * MS) /* at most, until it has noticed */

static void plan(struct world *w, struct host *h)
{
    uint64_t at_ns = clock_real_ns(&h->clock, h->will.at_us, w->now_ns);
    heap_push(&w->heap, at_ns > w->now_ns ? at_ns : w->now_ns + 1000, HAPPENS_WILL, h->index,
              h->pid);
}

/* Behind each step, before the page shows what it gave. */
void will_stepped(struct world *w, struct host *h)
{
    if (w->options.last_will) {
        will_write(&h->will, &h->election);
    }
}

void will_begins(struct world *w, struct host *h)
{
    if (!w->options.last_will) {
        return;
    }
    uint64_t now_us = clock_local_us(&h->clock, w->now_ns);
    will_open(&h->will, now_us);
    if (h->will.left == 0) {
        return;
    }
    h->will.at_us += (h->wills++ * UINT64_C(7919) + w->now_ns) % FIRST_NS / 1000;
    h->will_from = h->address;
    trace_line(w, "    n%u's page is withdrawn", h->index + 1u);
    check_withdrawn(&w->check, h->index, w->now_ns);
    plan(w, h);
}

void will_is_gone(struct host *h)
{
    h->will.left = 0;
    h->will.letter_count = 0;
}

bool will_waits(struct world *w, struct host *h)
{
    if (h->will.left == 0) {
        return false;
    }
    uint64_t at_ns = clock_real_ns(&h->clock, h->will.at_us, w->now_ns);
    heap_push(&w->heap, (at_ns > w->now_ns ? at_ns : w->now_ns) + MS, HAPPENS_START, h->index, 0);
    return true;
}

static void say(struct world *w, struct host *h, const struct letter *letter)
{
    struct goose_message m;
    uint8_t to = letter->has_endpoint ? letter->endpoint.bytes[0]
                                      : address_id(goose_address_text(&letter->address));

    if (goose_wire_decode(letter->bytes, letter->count, &m, NULL) != GOOSE_WIRE_OK) {
        check_fail(&w->check, RULE_WIRE, w->now_ns, "n%u: a last will that cannot be read",
                   h->index + 1u);
        return;
    }
    if (m.uid != h->uid || m.life != h->election.saved.life) {
        check_fail(&w->check, RULE_STEP, w->now_ns, "n%u: a last will of another life",
                   h->index + 1u);
    }
    check_resigned(&w->check, h->index, m.uid, m.resign.term, w->now_ns);
    net_post(w, h->index, h->will_from, to, letter->bytes, letter->count);
}

void will_due(struct world *w, struct host *h, uint32_t pid)
{
    if (h->will.left == 0 || h->pid != pid) {
        return;
    }
    if (clock_local_us(&h->clock, w->now_ns) >= h->will.at_us) {
        if (h->state == HOST_UP) {
            check_fail(&w->check, RULE_STEP, w->now_ns, "n%u: a last will beside a living process",
                       h->index + 1u);
        }
        trace_line(w, "    n%u's last will is said", h->index + 1u);
        world_count(w, COUNT_WILLS);
        for (unsigned i = 0; i < h->will.letter_count; i++) {
            say(w, h, &h->will.letters[i]);
        }
        will_spoken(&h->will);
    }
    if (h->will.left > 0) {
        plan(w, h);
    }
}
