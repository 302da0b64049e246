/* server.c: how the server comes and goes, and what it may use. It must never turn a new client away: when all places
 * are taken, one of those from where most come makes room, who has done nothing for longest. Waits can hold half of the places at most,
 * and so can who watches, so that one can always be found. */
#include "http/server.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "http/events.h"
#include "http/inside.h"
#include "http/routes.h"

/* ---- the server comes ---- */

/* How many connections there are descriptors for, at most `wanted`. */
static unsigned connections_possible(unsigned wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
    rlim_t needed = (rlim_t)wanted + HTTP_OTHER_DESCRIPTORS;
    if (limit.rlim_cur < needed) {
        struct rlimit raised = {limit.rlim_max < needed ? limit.rlim_max : needed, limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    }
    if (limit.rlim_cur >= needed) return wanted;
    return limit.rlim_cur > HTTP_OTHER_DESCRIPTORS
               ? (unsigned)limit.rlim_cur - HTTP_OTHER_DESCRIPTORS
               : 0;
}

static unsigned or_default(unsigned given, unsigned otherwise)
{
    return given != 0 ? given : otherwise;
}

static int take_options(struct http_server *server, const struct http_options *options)
{
    server->route = route;
    server->event_text = event_text;
    server->places_key = options->places_key != 0 ? options->places_key : places_key();
    server->faults = options->faults;
    server->log = options->log;
    server->idle_ms = or_default(options->idle_ms, HTTP_IDLE_MS);
    server->request_ms = or_default(options->request_ms, HTTP_REQUEST_MS);
    server->comment_ms = or_default(options->comment_ms, HTTP_COMMENT_MS);
    server->turn_us = or_default(options->turn_us, HTTP_TURN_US);
    server->connections_max = or_default(options->connections_max, HTTP_CONNECTIONS_MAX);
    server->connections_max = connections_possible(server->connections_max);
    if (server->connections_max < 2) server->connections_max = 2;
    server->waits_max = or_default(options->waits_max, HTTP_WAITS_MAX);
    if (server->waits_max > server->connections_max / 2)
        server->waits_max = server->connections_max / 2;
    server->watchers_max = or_default(options->watchers_max, HTTP_WATCHERS_MAX);
    if (server->watchers_max > server->connections_max / 2)
        server->watchers_max = server->connections_max / 2;
    access_name(server->access.self, sizeof(server->access.self), options->self);
    access_name(server->access.bind, sizeof(server->access.bind), options->bind);
    return access_set_token(&server->access, options->token) ? 0 : UV_E2BIG;
}

static int listen_on(struct http_server *server, const struct http_options *options)
{
    if (options->local_fd > 0) {
        int error = queue_add(server->queue, options->local_fd, WAITS_TO_READ, NULL);
        if (error != 0) return error;
        server->listeners[1] = options->local_fd;
    }
    if (options->address == NULL && options->fd == 0) return 0;
    int fd = socket_listen(options->address, options->fd);
    if (fd < 0) return fd;
    server->listeners[0] = fd;
    return queue_add(server->queue, fd, WAITS_TO_READ, NULL);
}

/* NULL: no memory, or an option that cannot be. */
static struct http_server *server_new(uv_loop_t *loop, const struct http_options *options,
                                      int *error)
{
    struct http_server *server = calloc(1, sizeof(*server));
    *error = server == NULL ? UV_ENOMEM : take_options(server, options);
    if (*error == 0) {
        server->loop = loop;
        server->queue = server->listeners[0] = server->listeners[1] = -1;
        return server;
    }
    free(server);
    return NULL;
}

int http_server_start(struct http_server **started, uv_loop_t *loop,
                      const struct http_options *options, const struct node_api *api, char *why,
                      size_t why_bytes)
{
    int error;
    struct http_server *server = server_new(loop, options, &error);
    if (server != NULL) error = turns_start(server);
    if (error != 0) {
        if (options->address == NULL && options->fd > 0) close(options->fd);
        snprintf(why, why_bytes, "the HTTP server cannot start: %s", uv_strerror(error));
        if (server != NULL) http_server_close(server, NULL, NULL);
        return error;
    }
    /* One number for the whole process; nobody else in it uses the parser. */
    http_parser_set_max_header_size(HEADER_BYTES_MAX);
    error = listen_on(server, options);
    if (error != 0) {
        snprintf(why, why_bytes, "the HTTP server cannot listen: %s", uv_strerror(error));
        http_server_close(server, NULL, NULL);
        return error;
    }
    server->api = api;
    api->watch(api->context, watchers_note, server);
    *started = server;
    return 0;
}

uint16_t http_server_port(const struct http_server *server)
{
    struct sockaddr_storage own = {0};
    socklen_t bytes = sizeof(own);
    if (getsockname(server->listeners[0], (struct sockaddr *)&own, &bytes) != 0) return 0;
    /* The port stands at the same place in both kinds of address. */
    struct sockaddr_in in;
    memcpy(&in, &own, sizeof(in));
    return ntohs(in.sin_port);
}

bool http_server_set_token(struct http_server *server, const char *token)
{
    return access_set_token(&server->access, token);
}

/* ---- and goes ---- */

void http_server_close(struct http_server *server, void (*closed)(void *to), void *to)
{
    assert(!server->closing);
    server->closing = true;
    server->on_closed = closed;
    server->on_closed_to = to;
    if (server->api != NULL) server->api->watch(server->api->context, NULL, NULL);
    line_close(&server->idle);
    line_close(&server->busy);
    line_close(&server->waiting);
    line_close(&server->watching);
    tickets_abandon(server);
    kept_drop_all(server->kept);
    if (server->listeners[0] >= 0) socket_close(server->queue, server->listeners[0], false);
    turns_stop(server);
}
