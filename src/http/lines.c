/* lines.c: the server's connections and what they wait for: in which line each stands, how long it
 * may stand there, and how it goes. */
#include <assert.h>
#include <stdlib.h>

#include "http/inside.h"

void line_join(struct line *line, struct connection *connection, uint64_t now_ms)
{
    assert(connection->line == NULL);
    connection->line = line;
    connection->since_ms = now_ms;
    connection->behind = NULL;
    connection->before = line->last;
    if (line->last != NULL)
        line->last->behind = connection;
    else
        line->first = connection;
    line->last = connection;
}

void line_leave(struct connection *connection)
{
    struct line *line = connection->line;
    if (line == NULL) return;
    if (connection->before != NULL)
        connection->before->behind = connection->behind;
    else
        line->first = connection->behind;
    if (connection->behind != NULL)
        connection->behind->before = connection->before;
    else
        line->last = connection->before;
    connection->line = NULL;
}

void waiter_join(struct waiters *list, struct waiter *waiter)
{
    waiter->behind = NULL;
    waiter->before = list->last;
    if (list->last != NULL)
        list->last->behind = waiter;
    else
        list->first = waiter;
    list->last = waiter;
    list->count++;
}

void waiter_leave(struct waiters *list, struct waiter *waiter)
{
    if (waiter->before != NULL)
        waiter->before->behind = waiter->behind;
    else
        list->first = waiter->behind;
    if (waiter->behind != NULL)
        waiter->behind->before = waiter->before;
    else
        list->last = waiter->before;
    list->count--;
}

bool waits_are_full(const struct http_server *server)
{
    return server->tickets.count + server->jobs.count >= server->waits_max;
}

/* HTTP has some of each pass: datagrams, timers and the disk had theirs before, and they come again soon. */
bool time_is_up(const struct http_server *server)
{
    return uv_hrtime() >= server->turn_end_ns;
}

/* Of one of those who have their turns in it. */
bool share_is_up(const struct http_server *server)
{
    return uv_hrtime() >= server->share_end_ns;
}

void wake(struct http_server *server)
{
    server->woken = true;
    uv_async_send(&server->answered);
}

void connections_bury(struct http_server *server)
{
    while (server->dead != NULL) {
        struct connection *connection = server->dead;
        server->dead = connection->behind;
        free(connection->stash);
        free(connection);
    }
}

void server_maybe_closed(struct http_server *server)
{
    if (!server->closing || server->handles > 0) return;
    void (*closed)(void *to) = server->on_closed;
    void *to = server->on_closed_to;
    connections_bury(server);
    free(server);
    if (closed != NULL) closed(to);
}

static void drop_unsent(struct connection *connection)
{
    while (connection->unsent != NULL) {
        struct unsent *first = connection->unsent;
        connection->unsent = first->behind;
        connection->server->unsent_bytes -= first->bytes;
        free(first);
    }
}

/* Who has not taken its answers gets a reset: an orderly end would wait behind them, and they in the
 * kernel's memory. */
void connection_close(struct connection *connection)
{
    struct http_server *server = connection->server;
    if (connection->closed) return;
    connection->closed = true;
    server->connections--;
    server->connections_of[connection->place]--;
    line_leave(connection);
    if (connection->waiter != NULL) connection->waiter->leave(connection->waiter);
    socket_close(server->queue, connection->fd, connection->unsent != NULL);
    drop_unsent(connection);
    connection->behind = server->dead;
    server->dead = connection;
}

void line_close(struct line *line)
{
    while (line->first != NULL)
        connection_close(line->first);
}

/* Who has stood in it for longest, of those from where most come. */
static struct connection *one_of_most(const struct http_server *server, const struct line *line)
{
    struct connection *most = line->first;
    for (struct connection *one = line->first; one != NULL; one = one->behind)
        if (server->connections_of[one->place] > server->connections_of[most->place]) most = one;
    return most;
}

/* Somebody who takes all places takes them from himself, not from a client elsewhere that asks now and then. */
void lines_make_room(struct http_server *server)
{
    if (server->connections < server->connections_max) return;
    struct connection *goes = one_of_most(server, &server->idle);
    struct connection *busy = one_of_most(server, &server->busy);
    if (goes == NULL ||
        (busy != NULL && server->connections_of[busy->place] > server->connections_of[goes->place]))
        goes = busy;
    if (goes == NULL) goes = server->watching.first;
    assert(goes != NULL);
    connection_close(goes);
}
