/* status.h: what this node is, for programs, load balancers and people. */
#ifndef HTTP_STATUS_H
#define HTTP_STATUS_H

#include "http/exchange.h"

/* The object of /status, but for the brace that ends it. */
void status_put(struct out *out, const struct flock_status *status, uint64_t hold_us);

extern const struct problem too_many_watch;

void status_get(struct exchange *exchange);
void goose_get(struct exchange *exchange);
void duck_get(struct exchange *exchange);
void livez_get(struct exchange *exchange);
void readyz_get(struct exchange *exchange);

#endif
