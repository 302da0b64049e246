/* resolver.h: addresses "host:port" to socket addresses, without ever blocking the loop. What is numeric is known at once;
 * a name is looked up by libuv's pool, again when its answer is old and somebody still asks for it. */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include <stdbool.h>
#include <uv.h>

#include "base/log.h"
#include "goose/roster.h"

struct resolver;

struct resolver *resolver_new(uv_loop_t *loop, struct log *log);
/* False: not known yet; a look-up is under way. */
bool resolver_find(struct resolver *resolver, struct goose_text address,
                   struct sockaddr_storage *found);
/* Numeric hosts only. */
bool resolver_numeric(struct goose_text address, struct sockaddr_storage *found);
void resolver_close(struct resolver *resolver);

#endif
