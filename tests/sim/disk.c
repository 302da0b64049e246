/* disk.c: when a write ends, what a crash leaves of it, and disks that are rolled back or gone.
 * A crash during a write leaves the old state or the new one; a torn one is found by the daemon's checksums, and the
 * older slot counts, so that it is the old state here. */
#include "world.h"

static uint64_t write_ns(struct world *w, const struct drive *drive)
{
    uint64_t ns = rng_between(&w->disk_rng, w->options.write_min_ns, w->options.write_max_ns);
    if (w->weather.slow_write_ns > 0 && rng_chance(&w->disk_rng, 300000)) {
        ns += rng_magnitude(&w->disk_rng, MS, w->weather.slow_write_ns);
    }
    if (drive->hangs_until_ns > w->now_ns) {
        ns += drive->hangs_until_ns - w->now_ns;
    }
    return ns;
}

void disk_save(struct world *w, struct host *h)
{
    const char *wrong = disk_write(&h->disk, &h->election);
    if (wrong != NULL) {
        check_fail(&w->check, RULE_WIRE, w->now_ns, "n%u: %s", h->index + 1u, wrong);
    }
    h->drive.write++;
    heap_push(&w->heap, w->now_ns + write_ns(w, &h->drive), HAPPENS_DISK, h->index, h->drive.write);
}

static void land(struct world *w, struct host *h)
{
    struct disk *disk = &h->disk;
    if (disk->present && rng_chance(&w->disk_rng, 150000)) {
        disk_copy(disk); /* somebody keeps it */
    }
    disk_land(disk);
    facts_saved(w, h);
}

void disk_done(struct world *w, struct host *h, uint32_t write)
{
    struct drive *drive = &h->drive;
    if (!h->disk.writing || drive->write != write) {
        return;
    }
    bool ok = !drive->fail_next;
    h->disk.writing = false;
    drive->fail_next = false;
    if (ok || rng_chance(&w->disk_rng, 300000)) {
        land(w, h); /* a disk that reports a failure may have written all the same */
    }
    host_saved(w, h, ok);
}

/* Whatever kept a write waiting is over. */
void disk_well(struct world *w, struct host *h)
{
    struct drive *drive = &h->drive;
    drive->fail_next = false;
    drive->hangs_until_ns = 0;
    if (h->disk.writing) {
        drive->write++;
        heap_push(&w->heap, w->now_ns + w->options.write_max_ns, HAPPENS_DISK, h->index,
                  drive->write);
    }
}

void disk_interrupted(struct world *w, struct host *h)
{
    if (!h->disk.writing) {
        return;
    }
    h->disk.writing = false;
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
    h->disk.copied = false;
    h->reached = false;
}

bool disk_roll_back(struct world *w, struct host *h)
{
    struct disk *disk = &h->disk;
    if (!disk->copied || !disk->present) {
        return false;
    }
    budget_lost(w, h);
    disk_bring_back(disk);
    return true;
}
