/* names.h: addresses "host:port" to socket addresses, without ever blocking the loop. What is numeric is known at once;
 * a name is looked up by libuv's pool, again when its answer is old and somebody still asks for it. */
#ifndef DAEMON_NAMES_H
#define DAEMON_NAMES_H

#include <stdbool.h>
#include <uv.h>

#include "daemon/log.h"
#include "goose/roster.h"

struct names;

struct names *names_new(uv_loop_t *loop, struct log *log);
/* False: not known yet; a look-up is under way. */
bool names_find(struct names *names, struct goose_text address, struct sockaddr_storage *found);
/* Numeric hosts only. */
bool names_numeric(struct goose_text address, struct sockaddr_storage *found);
void names_close(struct names *names);

#endif
