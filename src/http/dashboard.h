/* dashboard.h: what is at the root. */
#ifndef HTTP_DASHBOARD_H
#define HTTP_DASHBOARD_H

#include "http/exchange.h"

/* The page for browsers; for everything else what /status gives. */
void root_get(struct exchange *exchange);

#endif
