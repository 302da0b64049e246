/* saver.h: the state file DIR/state: what a node remembers through a crash (PROTOCOL 3), as
 * opaque bytes.
 *
 * Written by a thread of its own, so that a slow or hung disk never stops the loop. One save is
 * under way at a time, and what was saved is told on the loop's thread. state_file.h has the
 * directory, and state_image.h what the file looks like and which picture means what after a crash
 * or on a bad disk. */
#ifndef DISK_SAVER_H
#define DISK_SAVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/histogram.h"
#include "disk/state_file.h"

enum saver_fault {
    SAVER_FAULT_NONE,
    SAVER_FAULT_FAIL, /* every write fails from now on */
    SAVER_FAULT_SLOW, /* each takes so much longer */
    SAVER_FAULT_HANG, /* none returns until the fault is taken away */
};

struct saver;

/* Called on the loop, once for each saver_save(). `error` is NULL if ok. After the first failure
 * all fail: what is on the disk is not known any more, so the node has to end. */
typedef void saver_saved(void *to, uint64_t generation, bool ok, const char *error);

/* Makes the directory, locks it, reads the state and brings its two copies into line. Blocks: for
 * the start only. NULL: `found` says why. */
struct saver *saver_open(uv_loop_t *loop, const char *dir, const char *flock,
                         struct saver_found *found);
/* Before the first save. */
void saver_on_saved(struct saver *saver, saver_saved *saved, void *to);
/* 1 to STATE_PAYLOAD_MAX bytes, copied. No other save may be under way. */
void saver_save(struct saver *saver, uint64_t generation, const uint8_t *bytes, size_t count);
/* This state is an old copy: the next save renames it to state.old-N first and begins a new file.
 * An error of that is an error of that save. No save may be under way. */
void saver_set_aside(struct saver *saver);
/* How long each save took, from saver_save() until it was on the disk; and how long the one under way has taken
 * so far, 0: there is none. */
const struct histogram *saver_times(const struct saver *saver);
uint64_t saver_waits_us(const struct saver *saver);
/* For fault drills; holds from the next write on, and ends a hang that is no longer asked for. */
void saver_fault(struct saver *saver, enum saver_fault fault, uint64_t slow_us);
/* Does not wait: the loop frees it, and unlocks the directory, once the thread has ended what it
 * was writing. A save under way is not told of any more. A thread that hangs for more than a
 * second is left to itself, and keeps the directory locked while the process lives. */
/* The descriptor that has the state's lock. */
int saver_lock(const struct saver *saver);
void saver_close(struct saver *saver);

#endif
