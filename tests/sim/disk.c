/* disk.c: durable states as bytes, written slowly, lost at a crash, rolled back, gone.
 * A crash during a write leaves the old state or the new one; a torn one is found by the daemon's checksums, and the
 * older slot counts, so that it is the old state here. */
#include "world.h"

#include <string.h>

static void take_bytes(struct world *w, struct host *h, const uint8_t *bytes, uint16_t count)
{
    struct disk *disk = &h->disk;
    memmove(disk->bytes, bytes, count);
    disk->count = count;
    disk->present = true;
    if (!goose_durable_decode(disk->bytes, disk->count, &disk->state)) {
        check_fail(&w->check, RULE_WIRE, w->now_ns, "n%u: durable_decode() refuses its own state",
                   h->index + 1u);
    }
}

void disk_put(struct host *h, const struct goose_durable_state *state)
{
    h->disk.count = (uint16_t)goose_durable_encode(state, h->disk.bytes);
    h->disk.state = *state;
    h->disk.present = true;
}

static uint64_t write_ns(struct world *w, const struct disk *disk)
{
    uint64_t ns = rng_between(&w->disk_rng, w->options.write_min_ns, w->options.write_max_ns);
    if (w->weather.slow_write_ns > 0 && rng_chance(&w->disk_rng, 300000)) {
        ns += rng_magnitude(&w->disk_rng, MS, w->weather.slow_write_ns);
    }
    if (disk->hangs_until_ns > w->now_ns) {
        ns += disk->hangs_until_ns - w->now_ns;
    }
    return ns;
}

void disk_save(struct world *w, struct host *h)
{
    struct disk *disk = &h->disk;
    if (disk->writing) {
        check_fail(&w->check, RULE_STEP, w->now_ns, "n%u: a second write while one is under way",
                   h->index + 1u);
    }
    disk->new_count =
        (uint16_t)goose_durable_encode(goose_election_durable(&h->election), disk->new_bytes);
    disk->generation = h->actions.save_generation;
    disk->writing = true;
    disk->write++;
    heap_push(&w->heap, w->now_ns + write_ns(w, disk), HAPPENS_DISK, h->index, disk->write);
}

static void land(struct world *w, struct host *h)
{
    struct disk *disk = &h->disk;
    if (disk->present && rng_chance(&w->disk_rng, 150000)) {
        memcpy(disk->old_bytes, disk->bytes, disk->count);
        disk->old_count = disk->count;
    }
    take_bytes(w, h, disk->new_bytes, disk->new_count);
    facts_saved(w, h);
}

void disk_done(struct world *w, struct host *h, uint32_t write)
{
    struct disk *disk = &h->disk;
    if (!disk->writing || disk->write != write) {
        return;
    }
    bool ok = !disk->fail_next;
    disk->writing = false;
    disk->fail_next = false;
    if (ok || rng_chance(&w->disk_rng, 300000)) {
        land(w, h); /* a disk that reports a failure may have written all the same */
    }
    host_saved(w, h, ok);
}

/* Whatever kept a write waiting is over. */
void disk_well(struct world *w, struct host *h)
{
    struct disk *disk = &h->disk;
    disk->fail_next = false;
    disk->hangs_until_ns = 0;
    if (disk->writing) {
        disk->write++;
        heap_push(&w->heap, w->now_ns + w->options.write_max_ns, HAPPENS_DISK, h->index,
                  disk->write);
    }
}

void disk_interrupted(struct world *w, struct host *h)
{
    struct disk *disk = &h->disk;
    if (!disk->writing) {
        return;
    }
    disk->writing = false;
    if (rng_chance(&w->disk_rng, 500000)) {
        land(w, h);
    } else {
        world_count(w, COUNT_WRITES_LOST);
    }
}

void disk_lose(struct world *w, struct host *h)
{
    if (!h->disk.present) {
        return;
    }
    budget_lost(w, h);
    h->disk.present = false;
    h->disk.old_count = 0;
    h->reached = false;
}

bool disk_roll_back(struct world *w, struct host *h)
{
    struct disk *disk = &h->disk;
    if (disk->old_count == 0 || !disk->present) {
        return false;
    }
    budget_lost(w, h);
    take_bytes(w, h, disk->old_bytes, disk->old_count);
    return true;
}
