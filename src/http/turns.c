/* turns.c: who is served when. An election on the same loop must never wait for HTTP, whatever clients do: what comes
 * in by the loop's poll only says that there is something to do. Behind the poll, when datagrams, timers and the disk
 * had theirs, HTTP has its turn, and no more time than a part of a heartbeat; what is left has its turn in the next
 * pass. In such a turn everybody in the queue is served for one read at most, one after the other; so nobody waits for
 * one who asks much. */
#include <stdlib.h>

#include "http/inside.h"

#define ACCEPTS_A_TURN 16
#define SWEEP_MS_MAX   1000
#define SHARES         8 /* of a pass's time: one asker's is one of them */

/* ---- connections come ---- */

static void on_sweep(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    server->sweep_rang = true;
    wake(server);
}

static void begin_sweeps(struct http_server *server)
{
    unsigned turn_ms = server->idle_ms < server->request_ms ? server->idle_ms : server->request_ms;
    turn_ms = turn_ms / 8 + 1 < SWEEP_MS_MAX ? turn_ms / 8 + 1 : SWEEP_MS_MAX;
    if (!uv_is_active((uv_handle_t *)&server->sweep))
        uv_timer_start(&server->sweep, on_sweep, turn_ms, turn_ms);
}

static void listeners_wait_for(struct http_server *server, unsigned waits_for)
{
    for (int i = 0; i < 2; i++)
        if (server->listeners[i] >= 0)
            queue_change(server->queue, server->listeners[i], waits_for, NULL);
}

/* Without memory or a descriptor it would stay ready, and be tried in vain: so it is left alone for a while. */
static void look_away(struct http_server *server)
{
    server->accept_owed = true;
    listeners_wait_for(server, 0);
}

static bool is_passing(int error)
{
    return error != UV_EMFILE && error != UV_ENFILE && error != UV_ENOMEM && error != UV_ENOBUFS;
}

/* False: there is nobody to accept, or no room. */
static bool accept_one(struct http_server *server, int listener)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    int fd = connection == NULL ? UV_ENOMEM : socket_accept(listener);
    if (fd < 0) {
        if (!is_passing(fd)) look_away(server);
        free(connection);
        return false;
    }
    lines_make_room(server);
    connection->server = server;
    connection->fd = fd;
    server->connections++;
    if (!connection_start(connection)) connection_close(connection);
    return true;
}

/* At whichever of the two they come: the queue does not say. */
static void accept_some(struct http_server *server)
{
    begin_sweeps(server);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < ACCEPTS_A_TURN && server->listeners[k] >= 0; i++)
            if (!accept_one(server, server->listeners[k]) || share_is_up(server)) break;
}

/* ---- and go, if they do nothing ---- */

/* False: there was no time for all. A process that was stopped for an hour would close clients whose requests lie
 * there unread: so each has a turn first. */
static bool sweep_line(struct http_server *server, struct line *line, uint64_t limit_ms)
{
    uint64_t now_ms = uv_now(server->loop);
    while (line->first != NULL && now_ms - line->first->since_ms >= limit_ms) {
        struct connection *connection = line->first;
        connection_turn(connection, false);
        if (connection->line == line && now_ms - connection->since_ms >= limit_ms)
            connection_close(connection);
        if (time_is_up(server)) return false;
    }
    return true;
}

static void sweep(struct http_server *server)
{
    if (!server->sweep_rang) return;
    server->sweep_rang = !sweep_line(server, &server->idle, server->idle_ms) ||
                         !sweep_line(server, &server->busy, server->request_ms);
    if (server->sweep_rang)
        wake(server);
    else
        kept_drop_all(server->kept);
    if (server->accept_owed) {
        server->accept_owed = false;
        listeners_wait_for(server, WAITS_TO_READ);
    } else if (server->connections == 0) {
        uv_timer_stop(&server->sweep);
    }
}

/* ---- turns ---- */

static void serve_woken(struct http_server *server)
{
    if (!server->woken) return;
    server->woken = false;
    tickets_deliver(server);
    jobs_tell(server);
    watchers_tell(server);
    watchers_due(server);
    sweep(server);
}

static void begin_share(struct http_server *server, uint64_t now_ns)
{
    server->share_end_ns = now_ns + UINT64_C(1000) * server->turn_us / SHARES;
}

/* At least one has its turn, even where what was woken for took all the time. */
static void serve_queue(struct http_server *server)
{
    if (server->given == server->taken) {
        server->given = server->taken = 0;
        if (server->ready) server->taken = queue_take(server->queue, server->turns, READY_MAX);
    }
    server->ready = false;
    uint64_t now_ns = uv_hrtime();
    while (server->given < server->taken) {
        const struct ready *one = &server->turns[server->given++];
        begin_share(server, now_ns);
        if (one->whose == NULL)
            accept_some(server);
        else
            connection_turn(one->whose, one->broken);
        now_ns = uv_hrtime();
        if (now_ns >= server->turn_end_ns) break;
    }
    if (server->given == server->taken) connections_bury(server);
}

static void on_turn(uv_check_t *check)
{
    struct http_server *server = check->data;
    if (!server->woken && !server->ready && server->given == server->taken) return;
    uint64_t now_ns = uv_hrtime();
    server->turn_end_ns = now_ns + UINT64_C(1000) * server->turn_us;
    begin_share(server, now_ns);
    serve_woken(server);
    serve_queue(server);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct http_server *server = poll->data;
    (void)status;
    (void)events;
    server->ready = true;
}

/* Whoever wakes the loop has said what for. */
static void on_woken(uv_async_t *async)
{
    (void)async;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;
    server->handles--;
    server_maybe_closed(server);
}

int turns_start(struct http_server *server)
{
    uv_loop_t *loop = server->loop;
    server->queue_poll.data = server->turn.data = server->sweep.data = server->answered.data =
        server->watch.data = server;
    server->watch_due_ms = UINT64_MAX;
    uv_timer_init(loop, &server->sweep);
    uv_timer_init(loop, &server->watch);
    uv_check_init(loop, &server->turn);
    server->queue = queue_open();
    if (server->queue < 0) return server->queue;
    int error = uv_async_init(loop, &server->answered, on_woken);
    if (error == 0) error = uv_poll_init(loop, &server->queue_poll, server->queue);
    if (error == 0) error = uv_poll_start(&server->queue_poll, UV_READABLE, on_ready);
    if (error == 0) error = uv_check_start(&server->turn, on_turn);
    return error;
}

/* A start that failed has not come to all of them. */
static void close_handle(struct http_server *server, uv_handle_t *handle)
{
    if (handle->type == UV_UNKNOWN_HANDLE) return;
    server->handles++;
    uv_close(handle, on_handle_closed);
}

void turns_stop(struct http_server *server)
{
    close_handle(server, (uv_handle_t *)&server->queue_poll);
    close_handle(server, (uv_handle_t *)&server->turn);
    close_handle(server, (uv_handle_t *)&server->sweep);
    close_handle(server, (uv_handle_t *)&server->answered);
    close_handle(server, (uv_handle_t *)&server->watch);
    if (server->queue >= 0) queue_close(server->queue);
}
