/* faults.h: faults on demand, for those who want to see their flock cope (--faults): datagrams that get lost or late,
 * a disk that fails, slows or hangs, a process that freezes or stops answering. Never anything without being asked. */
#ifndef DAEMON_FAULTS_H
#define DAEMON_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

struct cJSON;
struct faults;
struct saver;
struct udp;

struct faults *faults_new(uv_loop_t *loop, struct udp *udp, struct saver *saver);
/* The whole set at once: what is not named is healed; {} heals all. False, and nothing changed: `why` says what is wrong. */
bool faults_set(struct faults *faults, const struct cJSON *object, char *why, size_t why_bytes);
/* As set, in JSON; stays until the next call. */
const char *faults_show(struct faults *faults);
void faults_close(struct faults *faults);

#endif
