/* resolver.h: addresses "host:port" to socket addresses, without ever blocking the loop, or the end of this process. What is
 * numeric is known at once; a name is looked up by a thread, again when its answer is old and somebody still asks for
 * it. A name may have several addresses, and may come to have others: of one machine, or of two. */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/log.h"
#include "goose/roster.h"

#define RESOLVER_ADDRESSES 8 /* of one name; further ones are left out */

/* What a socket can send to. One that is bound to the wildcard of IPv6 reaches IPv4 through mapped addresses. */
enum resolver_family { RESOLVER_ANY, RESOLVER_V4, RESOLVER_V6, RESOLVER_MAPPED };

/* Why nothing can be sent to an address. */
enum resolver_wrong { RESOLVER_GOOD, RESOLVER_UNKNOWN, RESOLVER_OTHER_FAMILY };

union socket_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

struct resolver_found {
    unsigned count;
    union socket_address at[RESOLVER_ADDRESSES];
};

struct resolver;

/* NULL: no memory or descriptor. */
struct resolver *resolver_new(uv_loop_t *loop, struct log *log);
/* What is found from now on is of this family; whoever has no address of it is said once. */
void resolver_for(struct resolver *resolver, enum resolver_family family);
/* False: none is known yet, and a look-up is under way; or there is none. */
bool resolver_find(struct resolver *resolver, struct goose_text address,
                   struct resolver_found *found);
/* The next from *place on that was asked for lately and has this wrong with it; NULL: there are no more. */
const struct goose_address *resolver_next_wrong(const struct resolver *resolver,
                                                enum resolver_wrong wrong, size_t *place);
/* A look-up that is under way is left to its thread. */
void resolver_close(struct resolver *resolver);

#endif
