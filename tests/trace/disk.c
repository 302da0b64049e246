/* disk.c: the nodes' state files: whole writes that succeed, wait or fail as the scenario says. */
#include "world.h"

#include <assert.h>
#include <string.h>

void disk_store(struct file *file, const struct goose_durable_state *state)
{
    file->count = goose_durable_encode(state, file->bytes);
    assert(file->count > 0 && file->count <= sizeof file->bytes);
}

bool disk_read(const struct file *file, struct goose_durable_state *state)
{
    return file->count > 0 && goose_durable_decode(file->bytes, file->count, state);
}

/* What gets durable is the state at this moment: what changes later belongs to the next write. */
void disk_write(struct world *w, struct node *node, uint64_t generation)
{
    struct disk *disk = &node->disk;

    assert(!disk->writing);
    disk->writing = true;
    disk->generation = generation;
    disk->due_us = w->now_us + disk->takes_us;
    disk_store(&disk->next, goose_election_durable(&node->e));
}

bool disk_done(struct world *w, struct node *node)
{
    struct disk *disk = &node->disk;
    struct goose_event event = {.kind = GOOSE_EVENT_SAVED};

    if (!disk->writing) return false;
    disk->writing = false;
    event.saved.generation = disk->generation;
    event.saved.ok = disk->mode != DISK_FAILS;
    if (event.saved.ok) {
        disk->file = disk->next;
        disk->durable = disk->generation;
    }
    node_handle(w, node, event);
    return true;
}
