/* drills.h: faults on demand, for those who want to see their flock cope (--faults): datagrams that get lost or late,
 * a disk that fails, slows or hangs, a process that freezes or stops answering. Never anything without being asked. */
#ifndef DAEMON_DRILLS_H
#define DAEMON_DRILLS_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

struct cJSON;
struct drills;
struct durable;
struct udp;

struct drills *drills_new(uv_loop_t *loop, struct udp *udp, struct durable *durable);
/* The whole set at once: what is not named is healed; {} heals all. False, and nothing changed: `why` says what is wrong. */
bool drills_set(struct drills *drills, const struct cJSON *object, char *why, size_t why_bytes);
/* As set, in JSON; stays until the next call. */
const char *drills_show(struct drills *drills);
void drills_close(struct drills *drills);

#endif
