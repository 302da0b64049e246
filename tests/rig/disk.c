/* disk.c: see disk.h. */
#include "rig/disk.h"

#include <assert.h>
#include <string.h>

static bool through_bytes(const struct goose_durable_state *state, struct goose_durable_state *read)
{
    uint8_t bytes[GOOSE_DURABLE_BYTES_MAX];

    return goose_durable_decode(bytes, goose_durable_encode(state, bytes), read);
}

const struct goose_durable_state *disk_read(const struct disk *disk)
{
    return disk->present ? &disk->state : NULL;
}

void disk_put(struct disk *disk, const struct goose_durable_state *state)
{
    disk->present = through_bytes(state, &disk->state);
    assert(disk->present);
}

const char *disk_write(struct disk *disk, const struct goose_election *e)
{
    const struct goose_durable_state *state = goose_election_durable(e);

    disk->writing = true;
    if (!through_bytes(state, &disk->next)) return "what it saves cannot be read again";
    return memcmp(&disk->next, state, sizeof *state) == 0 ? NULL : "what it saves reads otherwise";
}

void disk_land(struct disk *disk)
{
    disk->state = disk->next;
    disk->present = true;
    disk->writing = false;
}

void disk_copy(struct disk *disk)
{
    disk->copy = disk->state;
    disk->copied = disk->present;
}

void disk_bring_back(struct disk *disk)
{
    disk->state = disk->copy;
    disk->present = disk->copied;
}
