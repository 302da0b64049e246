/* durable.h: the state file DIR/state: what a node remembers through a crash (PROTOCOL 3), as
 * opaque bytes.
 *
 * Written by a thread of its own, so that a slow or hung disk never stops the loop. One save is
 * under way at a time, and what was saved is told on the loop's thread. state_file.h has the
 * directory, and state_image.h what the file looks like and which picture means what after a crash
 * or on a bad disk. */
#ifndef DAEMON_DURABLE_H
#define DAEMON_DURABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "daemon/histogram.h"
#include "daemon/state_file.h"

enum durable_fault {
    DURABLE_FAULT_NONE,
    DURABLE_FAULT_FAIL, /* every write fails from now on */
    DURABLE_FAULT_SLOW, /* each takes so much longer */
    DURABLE_FAULT_HANG, /* none returns until the fault is taken away */
};

struct durable;

/* Called on the loop, once for each durable_save(). `error` is NULL if ok. After the first failure
 * all fail: what is on the disk is not known any more, so the node has to end. */
typedef void durable_saved(void *to, uint64_t generation, bool ok, const char *error);

/* Makes the directory, locks it, reads the state and brings its two copies into line. Blocks: for
 * the start only. NULL: `found` says why. */
struct durable *durable_open(uv_loop_t *loop, const char *dir, const char *flock,
                             struct durable_found *found);
/* Before the first save. */
void durable_on_saved(struct durable *durable, durable_saved *saved, void *to);
/* 1 to STATE_PAYLOAD_MAX bytes, copied. No other save may be under way. */
void durable_save(struct durable *durable, uint64_t generation, const uint8_t *bytes, size_t count);
/* This state is an old copy: the next save renames it to state.old-N first and begins a new file.
 * An error of that is an error of that save. No save may be under way. */
void durable_set_aside(struct durable *durable);
/* How long each save took, from durable_save() until it was on the disk; and how long the one under way has taken
 * so far, 0: there is none. */
const struct histogram *durable_times(const struct durable *durable);
uint64_t durable_waits_us(const struct durable *durable);
/* For fault drills; holds from the next write on, and ends a hang that is no longer asked for. */
void durable_fault(struct durable *durable, enum durable_fault fault, uint64_t slow_us);
/* Does not wait: the loop frees it, and unlocks the directory, once the thread has ended what it
 * was writing. A save under way is not told of any more. A thread that hangs for more than a
 * second is left to itself, and keeps the directory locked while the process lives. */
void durable_close(struct durable *durable);

#endif
