/* disk.h: the state file of one node, as it would be read: whatever gets there has been bytes. One write is under way at a
 * time, and lands whole or not at all; how long that takes, and what becomes of it, is the shell's. */
#ifndef RIG_DISK_H
#define RIG_DISK_H

#include "goose/election.h"

struct disk {
    bool present;
    bool writing;
    bool copied; /* somebody keeps a copy */
    struct goose_durable_state state;
    struct goose_durable_state next; /* what the write under way leaves */
    struct goose_durable_state copy;
};

const struct goose_durable_state *disk_read(const struct disk *disk); /* NULL: there is none */
void disk_put(struct disk *disk, const struct goose_durable_state *state);
/* Begins to write what the election says now: what changes later belongs to the next write. What is wrong; NULL: nothing */
const char *disk_write(struct disk *disk, const struct goose_election *e);
void disk_land(struct disk *disk);
void disk_copy(struct disk *disk); /* or that there is nothing */
void disk_bring_back(struct disk *disk);

#endif
