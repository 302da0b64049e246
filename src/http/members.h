/* members.h: who belongs to the flock. */
#ifndef HTTP_MEMBERS_H
#define HTTP_MEMBERS_H

#include "http/exchange.h"

void members_get(struct exchange *exchange);

#endif
