/* node_api.h: what the HTTP server may see of the node and ask of it (http/flock.h), answered from live state. */
#ifndef DAEMON_NODE_API_H
#define DAEMON_NODE_API_H

#include "daemon/faults.h"
#include "daemon/node.h"
#include "http/flock.h"

struct served;

/* The node and the drills outlive it. */
struct served *node_api_new(struct node *node, struct faults *faults, const struct options *options,
                            const struct seal *seal);
const struct node_api *node_api_of(const struct served *api);
void node_api_free(struct served *api);

#endif
