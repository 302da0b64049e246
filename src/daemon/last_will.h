/* last_will.h: --last-will, the daemon's side: it keeps the will up to date where its helper can read it after its death.
 * NULL wherever there is no helper: then nothing is done. */
#ifndef DAEMON_LAST_WILL_H
#define DAEMON_LAST_WILL_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "base/log.h"
#include "daemon/will_helper.h"
#include "goose/election.h"
#include "net/udp.h"

struct last_will;

/* Starts the helper: before any thread, and before a secret is read. `argv` becomes its name. NULL: `why` is a line. */
struct last_will *last_will_begin(int argc, char **argv, bool with_page, char *why,
                                  size_t why_bytes);
/* The helper would die with this process, which is the first of its pid namespace. */
bool last_will_is_vain(void);
/* From now on the log hears of the helper's end. */
bool last_will_watch(struct last_will *will, uv_loop_t *loop, struct log *log);
/* A copy of this descriptor is kept to the helper's end. */
void last_will_give(struct last_will *will, enum will_gift which, int fd);
/* Behind each step, before any of it is carried out. `anew`: the keys have changed. */
void last_will_write(struct last_will *will, const struct goose_election *e, struct udp *udp,
                     bool anew);
/* Nothing is to be said any more. The handle closes with the loop. */
void last_will_revoke(struct last_will *will);
/* Ends the helper, and has seen it end. */
void last_will_free(struct last_will *will);

#endif
