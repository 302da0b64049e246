/* on_change.h: the command of --on-change, run for each change of my role or of the goose: one at a time, in order,
 * in a process group of its own, and never for longer than its time. Nothing ever waits for it but the end of this
 * process: one such time for what is left, and one for the last of all. */
#ifndef DAEMON_ON_CHANGE_H
#define DAEMON_ON_CHANGE_H

#include <uv.h>

#include "base/log.h"
#include "daemon/changes.h"

#define ON_CHANGE_QUEUE    64   /* changes that wait for their run */
#define ON_CHANGE_GRACE_MS 1000 /* from TERM to KILL */

struct on_change;

struct on_change_parts {
    uv_loop_t *loop;
    struct log *log;
    const char *command; /* these three outlive it */
    const char *self;
    const char *flock;
    uint64_t timeout_us;
};

/* NULL: no memory. */
struct on_change *on_change_new(const struct on_change_parts *parts);
/* A changes_told. The first run begins once the loop goes on, so that no step of the election waits for it. */
void on_change_tell(void *to, const struct change *change);
/* What waits is run before, as far as one timeout allows for all of it, and the newest in any case: it says what this
 * node was last. Then the loop frees it. */
void on_change_close(struct on_change *on_change);

#endif
