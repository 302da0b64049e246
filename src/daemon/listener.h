/* listener.h: opens the node's one port, UDP and TCP, as soon as that can be done. A name that does not resolve yet, or
 * a network that is not up yet, is said once and tried again; a port that somebody else has is the end. */
#ifndef DAEMON_LISTENER_H
#define DAEMON_LISTENER_H

#include <uv.h>

#include "base/log.h"
#include "config/options.h"
#include "http/server.h"
#include "net/udp.h"

struct listener;

struct listener_parts {
    uv_loop_t *loop;
    struct log *log;
    const struct options *options;
    struct udp *udp;
    const struct node_api *api;
    const char *token;                         /* NULL: none */
    void (*listening)(void *to);               /* the UDP port is open: the node may start */
    void (*all_open)(void *to);                /* and the HTTP server's, if there is to be one */
    void (*failed)(void *to, const char *why); /* for good */
    void *to;
};

struct listener *listener_start(const struct listener_parts *parts);
/* A new token from now on. False: it is too long, and the old one stays. */
bool listener_set_token(struct listener *listener, const char *token);
/* No new connections and no more answers; frees itself once the loop has closed its handles. */
void listener_close(struct listener *listener);

#endif
