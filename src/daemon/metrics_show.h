/* metrics_show.h: everything that can be watched of a node, as metrics. Gauges are read live; the lease on a clock that is
 * read in the very call. */
#ifndef DAEMON_METRICS_SHOW_H
#define DAEMON_METRICS_SHOW_H

#include "daemon/node.h"
#include "http/flock.h"

void metrics_show(const struct node *node, const struct options *options, flock_each_metric *each,
                  void *to);

#endif
