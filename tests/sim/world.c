/* world.c: time goes on from one happening to the next. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX UINT64_C(20000000) /* a run that needs more is a storm */

void world_count(struct world *w, enum count count)
{
    w->totals->counts[count]++;
}

struct goose_text address_name(uint8_t address)
{
    static const char *const names[ADDRESSES_MAX] = {
        "n0:7000",  "n1:7000",  "n2:7000",  "n3:7000",  "n4:7000",  "n5:7000",  "n6:7000",
        "n7:7000",  "n8:7000",  "n9:7000",  "n10:7000", "n11:7000", "n12:7000", "n13:7000",
        "n14:7000", "n15:7000", "n16:7000", "n17:7000", "n18:7000", "n19:7000", "n20:7000",
        "n21:7000", "n22:7000", "n23:7000", "n24:7000", "n25:7000", "n26:7000", "n27:7000",
        "n28:7000", "n29:7000", "n30:7000", "n31:7000", "n32:7000", "n33:7000", "n34:7000",
        "n35:7000", "n36:7000", "n37:7000", "n38:7000", "n39:7000", "n40:7000", "n41:7000",
        "n42:7000", "n43:7000", "n44:7000", "n45:7000", "n46:7000", "n47:7000", "n48:7000",
        "n49:7000", "n50:7000", "n51:7000", "n52:7000", "n53:7000", "n54:7000", "n55:7000",
        "n56:7000", "n57:7000", "n58:7000", "n59:7000", "n60:7000", "n61:7000", "n62:7000",
        "n63:7000"};
    const char *name = names[address % ADDRESSES_MAX];
    return (struct goose_text){name, (uint8_t)strlen(name)};
}

uint8_t address_id(struct goose_text name)
{
    unsigned id = 0;
    for (unsigned i = 1; i < name.bytes && name.at[i] != ':'; i++) {
        id = id * 10 + (unsigned)(name.at[i] - '0');
    }
    return (uint8_t)(id % ADDRESSES_MAX);
}

struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);
    struct packet *packets = calloc(PACKETS_MAX, sizeof *packets);
    if (w == NULL || packets == NULL) {
        abort();
    }
    w->packets = packets;
    for (unsigned i = 0; i < HOSTS_MAX; i++) {
        w->hosts[i].observers = malloc(goose_observers_bytes(OBSERVERS_MAX));
        if (w->hosts[i].observers == NULL) {
            abort();
        }
    }
    w->snapshot.observers = malloc(goose_observers_bytes(OBSERVERS_MAX));
    if (w->snapshot.observers == NULL) {
        abort();
    }
    return w;
}

void world_free(struct world *w)
{
    for (unsigned i = 0; i < HOSTS_MAX; i++) {
        free(w->hosts[i].observers);
    }
    free(w->snapshot.observers);
    heap_free(&w->heap);
    free(w->packets);
    free(w);
}

static void host_reset(struct world *w, unsigned index)
{
    struct host *h = &w->hosts[index];
    struct goose_observers *observers = h->observers;
    uint32_t pid = h->pid;
    /* All but election and actions, which each start makes anew. */
    memset(h, 0, offsetof(struct host, election));
    h->observers = observers;
    h->pid = pid;
    h->index = (uint8_t)index;
    h->trip = -1;
}

void world_reset(struct world *w, const struct sim_options *options, struct totals *totals)
{
    struct rng rng = {options->seed ^ UINT64_C(0x60053d)};
    w->options = *options;
    w->totals = totals != NULL ? totals : &w->ignored;
    w->fault_count = 0;
    w->faults_enabled = UINT64_MAX;
    w->armed = 0;
    w->healed = false;
    w->now_ns = 1000000;
    w->events = 0;
    w->steps = 0;
    w->digest = options->seed;
    heap_clear(&w->heap);
    net_reset(w);
    w->net_rng = rng_fork(&rng);
    w->host_rng = rng_fork(&rng);
    w->disk_rng = rng_fork(&rng);
    w->clock_rng = rng_fork(&rng);
    w->client_rng = rng_fork(&rng);
    w->work_rng = rng_fork(&rng);
    memset(&w->weather, 0, sizeof w->weather);
    w->weather.loop_late_ns = options->loop_late_ns;
    for (unsigned i = 0; i < HOSTS_MAX; i++) {
        host_reset(w, i);
    }
    w->host_count = 0;
    w->member_count = 0;
    w->seated = NOBODY;
    w->longest_lease_us = options->lease_us;
    w->recording.on = false;
    w->snapshot.taken = false;
    memset(w->at_address, NOBODY, sizeof w->at_address);
    memset(w->twin_at, NOBODY, sizeof w->twin_at);
    w->next_address = HOSTS_MAX + 1;
    w->names.count = 0;
    w->roster_count = 0;
    w->lost_count = 0;
    w->moved_away_bits = 0;
    w->request_ids = 0;
    memset(w->hold_asked_ns, 0, sizeof w->hold_asked_ns);
    memset(w->stop_ids, 0, sizeof w->stop_ids);
    check_reset(&w->check);
    w->check.only_s1 = options->beyond;
}

struct host *world_goose(struct world *w)
{
    int host = check_goose(&w->check, w->now_ns);
    return host < 0 ? NULL : &w->hosts[host];
}

/* Another rate, somewhere within what any two clocks may differ by, often at its ends. */
static void bend(struct world *w, struct host *h)
{
    int64_t ppm = rng_int(&w->clock_rng, -CLOCK_PPM_MAX, CLOCK_PPM_MAX);
    if (rng_chance(&w->clock_rng, 400000)) {
        ppm = ppm < 0 ? -CLOCK_PPM_MAX : CLOCK_PPM_MAX;
    }
    clock_bend(&h->clock, w->now_ns, ppm);
    facts_clock_moved(w, h);
    if (h->state == HOST_UP && h->carry.at == CARRY_DONE) {
        host_plan_timer(w, h);
    }
    uint64_t lease_ns = (uint64_t)w->options.lease_us * 1000;
    heap_push(&w->heap, w->now_ns + rng_magnitude(&w->clock_rng, lease_ns / 8, 8 * lease_ns),
              HAPPENS_CLOCK, h->index, 0);
}

static void happen(struct world *w, const struct happening *it)
{
    struct host *h = &w->hosts[it->host % HOSTS_MAX];
    switch ((enum happening_kind)it->kind) {
    case HAPPENS_PACKET: {
        const struct packet *packet = &w->packets[it->arg];
        uint8_t to = net_owner(w, packet->from_host, packet->to_address);
        if (to == NOBODY) {
            net_free(w, it->arg);
        } else {
            host_arrives(w, &w->hosts[to], it->arg);
        }
        break;
    }
    case HAPPENS_TIMER:
        if (h->pid == it->arg) {
            host_timer(w, h, it->at_ns);
        }
        break;
    case HAPPENS_DISK: disk_done(w, h, it->arg); break;
    case HAPPENS_LOOP: host_loop(w, h, it->arg); break;
    case HAPPENS_START:
        if (w->now_ns < h->not_before_ns && !w->healed) {
            heap_push(&w->heap, h->not_before_ns, HAPPENS_START, h->index, 0);
        } else if (!h->left_broken) {
            host_start(w, h);
        }
        break;
    case HAPPENS_FAULT: fault_spring(w, it->arg); break;
    case HAPPENS_FAULT_END: fault_end(w, it->arg); break;
    case HAPPENS_CLOCK: bend(w, h); break;
    case HAPPENS_CLIENT: fault_client(w); break;
    case HAPPENS_WILL: will_due(w, h, it->arg); break;
    }
}

bool world_run(struct world *w, uint64_t until_ns)
{
    struct happening next;
    while (!check_is_over(&w->check)) {
        if (w->heap.count == 0 || w->heap.entries[0].at_ns > until_ns) {
            w->now_ns = until_ns;
            return true;
        }
        (void)heap_pop(&w->heap, &next);
        w->now_ns = next.at_ns;
        happen(w, &next);
        if (++w->events > EVENTS_MAX) {
            check_fail(&w->check, RULE_STEP, w->now_ns, "a storm: more than %d million events",
                       (int)(EVENTS_MAX / 1000000));
        }
    }
    return !check_is_over(&w->check);
}
