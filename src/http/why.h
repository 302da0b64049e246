/* why.h: GET /why. */
#ifndef HTTP_WHY_H
#define HTTP_WHY_H

#include "http/exchange.h"

void why_get(struct exchange *exchange);

#endif
