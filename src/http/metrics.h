/* metrics.h: what can be watched, in Prometheus' text format. */
#ifndef HTTP_METRICS_H
#define HTTP_METRICS_H

#include "http/exchange.h"

void metrics_get(struct exchange *exchange);

#endif
