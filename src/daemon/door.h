/* door.h: what the HTTP server may see of the node and ask of it (http/flock.h), answered from live state. */
#ifndef DAEMON_DOOR_H
#define DAEMON_DOOR_H

#include "daemon/drills.h"
#include "daemon/node.h"
#include "http/flock.h"

struct door;

/* The node and the drills outlive it. */
struct door *door_new(struct node *node, struct drills *drills, const struct options *options,
                      const struct seal *seal);
const struct flock_door *door_of(const struct door *door);
void door_free(struct door *door);

#endif
