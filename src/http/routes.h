/* routes.h: from a method and a path to the function that answers. */
#ifndef HTTP_ROUTES_H
#define HTTP_ROUTES_H

#include "http/exchange.h"

/* Answers the exchange, or has it wait. */
void route(struct exchange *exchange);

#endif
