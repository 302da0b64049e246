/* changes.h: what changes the flock: remove a member, hand over, drain. */
#ifndef HTTP_CHANGES_H
#define HTTP_CHANGES_H

#include "http/exchange.h"

void member_delete(struct exchange *exchange);
void handover_post(struct exchange *exchange);
void voters_put(struct exchange *exchange);
void drain_put(struct exchange *exchange);
void drain_delete(struct exchange *exchange);

#endif
