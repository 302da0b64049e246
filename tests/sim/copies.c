/* copies.c: machines that are there twice, or again: another one with the same address, a clone of a disk, a snapshot of
 * memory and disk, and datagrams that were recorded. Whatever runs on a copy counts as a lost disk (budget.c), and what
 * only a copy can break is counted, not judged (check.c). */
#include "world.h"

#include <string.h>

static struct host *free_stranger(struct world *w)
{
    for (unsigned i = w->member_count; i < w->host_count; i++) {
        if (w->hosts[i].state == HOST_ABSENT && !w->hosts[i].left_broken) {
            return &w->hosts[i];
        }
    }
    return NULL;
}

static void ends_later(struct world *w, struct fault *f, const struct host *h)
{
    f->victim = h->index;
    heap_push(&w->heap, w->now_ns + f->for_ns, HAPPENS_FAULT_END, 0, (uint32_t)(f - w->faults));
}

static void begin_as(struct host *stranger, const struct host *like)
{
    stranger->options = like->options;
    stranger->peers_bits = like->peers_bits;
    stranger->hints_bits = like->hints_bits;
    stranger->reached = false;
    stranger->disk.writing = false;
    stranger->disk.copied = false;
    stranger->state = HOST_OFF;
}

/* Before there is a flock that knows its voters, two that say the same --self may found two. */
void copies_twin(struct world *w, struct fault *f, struct host *h)
{
    struct host *twin = free_stranger(w);
    if (twin == NULL || h->index >= w->member_count || w->twin_at[h->address] != NOBODY) {
        f->missed = true;
        return;
    }
    if (!h->disk.present || !budget_allows_loss(w, h)) {
        check_excuse(&w->check, EXCUSE_TWO_FLOCKS);
    }
    begin_as(twin, h);
    twin->disk.present = false;
    twin->address = h->address;
    w->twin_at[h->address] = twin->index;
    w->twin_hears[h->address] = f->mask;
    w->moved_away_bits |= UINT64_C(1)
                          << h->address; /* who answers there is not always who was there */
    trace_line(w, "# n%u has n%u's address", twin->index + 1u, h->index + 1u);
    host_start(w, twin);
    ends_later(w, f, twin);
}

/* The clone of a machine, under an address of its own. */
void copies_clone(struct world *w, struct fault *f, struct host *h)
{
    struct host *clone = free_stranger(w);
    if (clone == NULL || h->index >= w->member_count || !h->disk.present ||
        w->next_address >= ADDRESSES_MAX - 1 || !budget_allows_loss(w, h)) {
        f->missed = true;
        return;
    }
    budget_lost(w, h);
    clone->disk = h->disk;
    begin_as(clone, h);
    clone->drive = h->drive;
    clone->drive.fail_next = false;
    clone->address = w->next_address++;
    w->at_address[clone->address] = clone->index;
    (void)goose_address_keep(&clone->options.self, address_name(clone->address));
    host_set_hints(w, clone, h->peers_bits | h->hints_bits | UINT64_C(1) << h->address);
    host_set_peers(w, clone, 0);
    trace_line(w, "# n%u is a clone of n%u", clone->index + 1u, h->index + 1u);
    host_start(w, clone);
    ends_later(w, f, clone);
}

void copies_snapshot(struct world *w, struct fault *f, struct host *h)
{
    struct snapshot *snapshot = &w->snapshot;
    if (snapshot->taken || h->looping || h->carry.at != CARRY_DONE || h->disk.writing ||
        h->index >= w->member_count) {
        f->missed = true;
        return;
    }
    trace_line(w, "# a snapshot of n%u", h->index + 1u);
    snapshot->taken = true;
    snapshot->fault = (uint8_t)(f - w->faults);
    snapshot->host = h->index;
    snapshot->uid = h->uid;
    snapshot->local_us = clock_local_us(&h->clock, w->now_ns);
    snapshot->wake_us = h->wake_us;
    snapshot->disk = h->disk;
    snapshot->drive = h->drive;
    snapshot->carry = h->carry;
    snapshot->election = h->election;
    memcpy(snapshot->observers, h->observers, goose_observers_bytes(OBSERVERS_MAX));
    ends_later(w, f, h);
}

static void put_back(struct world *w, struct host *h)
{
    w->snapshot.taken = false;
    bool same = h->disk.present && h->disk.state.uid == w->snapshot.uid &&
                h->options.self.bytes == w->snapshot.election.options.self.bytes &&
                memcmp(h->options.self.chars, w->snapshot.election.options.self.chars,
                       h->options.self.bytes) == 0;
    if (same && budget_allows_loss(w, h)) {
        trace_line(w, "# n%u is its snapshot", h->index + 1u);
        budget_lost(w, h);
        host_put_back(w, h, &w->snapshot);
    }
}

void copies_record(struct world *w, struct fault *f, struct host *h)
{
    struct recording *recording = &w->recording;
    if (recording->on) {
        f->missed = true;
        return;
    }
    recording->on = true;
    recording->fault = (uint8_t)(f - w->faults);
    recording->host = h->index;
    recording->count = 0;
    recording->wanted = 1 + (unsigned)(f->strength % RECORDED_MAX);
    ends_later(w, f, h);
}

void copies_heard(struct world *w, const struct packet *packet, uint8_t to)
{
    struct recording *recording = &w->recording;
    if (recording->on && recording->count < recording->wanted &&
        (packet->from_host == recording->host || to == recording->host)) {
        recording->packets[recording->count++] = *packet;
    }
}

static void restart(struct world *w, struct host *h)
{
    if (h->state == HOST_UP) {
        host_crash(w, h);
        host_start(w, h);
    }
}

/* Before it is sent again, one side is started again, or the other, or both, or none. */
static void play(struct world *w, const struct fault *f)
{
    struct recording *recording = &w->recording;
    recording->on = false;
    if ((f->strength & 256) != 0) {
        restart(w, &w->hosts[recording->host]);
    }
    for (unsigned i = 0; i < w->member_count && (f->strength & 512) != 0; i++) {
        if (i != recording->host && ((f->mask >> i) & 1) != 0) {
            restart(w, &w->hosts[i]);
        }
    }
    uint64_t within_ns = (f->strength & 1024) != 0 ? w->options.lease_us * UINT64_C(4000) : 1;
    for (unsigned i = 0; i < recording->count; i++) {
        world_count(w, COUNT_REPLAYED);
        net_fly(w, &recording->packets[i], within_ns);
    }
}

static void remove_stranger(struct world *w, struct host *h)
{
    trace_line(w, "# n%u is gone for good", h->index + 1u);
    host_crash(w, h);
    if (w->twin_at[h->address] == h->index) {
        w->twin_at[h->address] = NOBODY;
    } else {
        w->at_address[h->address] = NOBODY;
        w->moved_away_bits |= UINT64_C(1) << h->address;
    }
    disk_lose(w, h);
    h->state = HOST_ABSENT;
    h->left_broken = true;
}

void copies_remove_strangers(struct world *w)
{
    for (unsigned i = w->member_count; i < w->host_count; i++) {
        if (w->hosts[i].state != HOST_ABSENT) {
            remove_stranger(w, &w->hosts[i]);
        }
    }
}

void copies_end(struct world *w, struct fault *f)
{
    if (f->victim == NOBODY) {
        return; /* it was a cut */
    }
    struct host *h = &w->hosts[f->victim];
    unsigned index = (unsigned)(f - w->faults);
    if (f->kind == FAULT_SNAPSHOT && w->snapshot.taken && w->snapshot.fault == index) {
        put_back(w, h);
    } else if (f->kind == FAULT_REPLAY && w->recording.on && w->recording.fault == index) {
        play(w, f);
    } else if ((f->kind == FAULT_TWIN || f->kind == FAULT_CLONE) && h->state != HOST_ABSENT &&
               (!h->disk.present || budget_is_lost(w, h->disk.state.uid) ||
                budget_allows_loss(w, h))) {
        remove_stranger(w, h);
    }
}
