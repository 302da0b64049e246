/* server.c: the listening socket, how many connections there may be and how long each may do
 * nothing. It must never turn a new client away: when all places are taken, the connection that
 * has done nothing for longest makes room. Waits can hold half of the places at most, and so can
 * who watches, so that one can always be found. */
#include "http/server.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "http/events.h"
#include "http/inside.h"
#include "http/routes.h"

#define BACKLOG           1024
#define OTHER_DESCRIPTORS 64 /* that the rest of the daemon may need */
#define SWEEP_MS_MAX      1000

/* ---- connections come ---- */

static void on_sweep(uv_timer_t *timer);

static void accept_one(struct http_server *server)
{
    unsigned turn_ms = server->idle_ms < server->request_ms ? server->idle_ms : server->request_ms;
    turn_ms = turn_ms / 8 + 1 < SWEEP_MS_MAX ? turn_ms / 8 + 1 : SWEEP_MS_MAX;
    if (!uv_is_active((uv_handle_t *)&server->sweep))
        uv_timer_start(&server->sweep, on_sweep, turn_ms, turn_ms);
    struct connection *connection = calloc(1, sizeof(*connection));
    /* Until it is accepted, libuv looks at no other: so try again, and again. */
    server->accept_owed = connection == NULL;
    if (connection == NULL) return;
    lines_make_room(server);
    connection->server = server;
    uv_tcp_init(server->listener.loop, &connection->tcp);
    server->connections++;
    server->unclosed++;
    if (uv_accept((uv_stream_t *)&server->listener, (uv_stream_t *)&connection->tcp) != 0)
        connection_close(connection);
    else
        connection_start(connection);
}

static void on_connection(uv_stream_t *listener, int status)
{
    if (status == 0) accept_one(listener->data);
}

/* The timer fires before the loop looks at the sockets. A process that was stopped for an hour
 * would then close clients whose requests lie there unread; so the sweep comes behind the poll,
 * when these have been answered. */
static void on_swept(uv_check_t *check)
{
    struct http_server *server = check->data;
    uint64_t now_ms = uv_now(check->loop);
    uv_check_stop(check);
    line_sweep(&server->idle, now_ms, server->idle_ms);
    line_sweep(&server->busy, now_ms, server->request_ms);
    if (server->accept_owed)
        accept_one(server);
    else if (server->connections == 0)
        uv_timer_stop(&server->sweep);
}

static void on_sweep(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    uv_check_start(&server->swept, on_swept);
}

static void on_answered(uv_async_t *async)
{
    tickets_deliver(async->data);
    jobs_tell(async->data);
    watchers_tell(async->data);
}

/* ---- the server comes ---- */

/* How many connections there are descriptors for, at most `wanted`. */
static unsigned connections_possible(unsigned wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
    rlim_t needed = (rlim_t)wanted + OTHER_DESCRIPTORS;
    if (limit.rlim_cur < needed) {
        struct rlimit raised = {limit.rlim_max < needed ? limit.rlim_max : needed, limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    }
    if (limit.rlim_cur >= needed) return wanted;
    return limit.rlim_cur / 2 > OTHER_DESCRIPTORS ? (unsigned)limit.rlim_cur - OTHER_DESCRIPTORS
                                                  : OTHER_DESCRIPTORS;
}

static unsigned or_default(unsigned given, unsigned otherwise)
{
    return given != 0 ? given : otherwise;
}

static int take_options(struct http_server *server, const struct http_options *options)
{
    server->route = route;
    server->event_text = event_text;
    server->resume = connection_resume;
    server->faults = options->faults;
    server->idle_ms = or_default(options->idle_ms, HTTP_IDLE_MS);
    server->request_ms = or_default(options->request_ms, HTTP_REQUEST_MS);
    server->comment_ms = or_default(options->comment_ms, HTTP_COMMENT_MS);
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

static int open_handles(struct http_server *server, uv_loop_t *loop)
{
    server->listener.data = server->sweep.data = server->swept.data = server->answered.data =
        server->watch.data = server;
    server->watch_due_ms = UINT64_MAX;
    int error = uv_async_init(loop, &server->answered, on_answered);
    if (error != 0) return error;
    uv_tcp_init(loop, &server->listener);
    uv_timer_init(loop, &server->sweep);
    uv_timer_init(loop, &server->watch);
    uv_check_init(loop, &server->swept);
    server->handles = 5;
    return 0;
}

/* Connections inherit TCP_NODELAY, so it is set once: an answer is complete when it is written. */
static int listen_on(struct http_server *server, const struct http_options *options)
{
    int error = 0;
    if (options->address != NULL)
        error = uv_tcp_bind(&server->listener, options->address, 0);
    else if ((error = uv_tcp_open(&server->listener, options->fd)) != 0)
        close(options->fd);
    if (error == 0) error = uv_tcp_nodelay(&server->listener, 1);
    if (error == 0) error = uv_listen((uv_stream_t *)&server->listener, BACKLOG, on_connection);
    return error;
}

int http_server_start(struct http_server **started, uv_loop_t *loop,
                      const struct http_options *options, const struct node_api *api, char *why,
                      size_t why_bytes)
{
    struct http_server *server = calloc(1, sizeof(*server));
    int error = server == NULL ? UV_ENOMEM : take_options(server, options);
    if (error == 0) error = open_handles(server, loop);
    if (error != 0) {
        if (options->address == NULL) close(options->fd);
        snprintf(why, why_bytes, "the HTTP server cannot start: %s", uv_strerror(error));
        free(server);
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
    int bytes = sizeof(own);
    if (uv_tcp_getsockname(&server->listener, (struct sockaddr *)&own, &bytes) != 0) return 0;
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

static void on_handle_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;
    server->handles--;
    server_maybe_closed(server);
}

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
    uv_close((uv_handle_t *)&server->listener, on_handle_closed);
    uv_close((uv_handle_t *)&server->sweep, on_handle_closed);
    uv_close((uv_handle_t *)&server->swept, on_handle_closed);
    uv_close((uv_handle_t *)&server->answered, on_handle_closed);
    uv_close((uv_handle_t *)&server->watch, on_handle_closed);
}
