/* status.h: what this node is, for programs, load balancers and people. */
#ifndef HTTP_STATUS_H
#define HTTP_STATUS_H

#include "http/exchange.h"

void status_get(struct exchange *exchange);
void goose_get(struct exchange *exchange);
void duck_get(struct exchange *exchange);
void livez_get(struct exchange *exchange);
void readyz_get(struct exchange *exchange);

#endif
