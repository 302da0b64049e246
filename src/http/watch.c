/* watch.c: clients that watch: streams of events, and answers that wait for the next change.
 *
 * An event is made once for all, at the change, and kept in a ring. A stream takes them from there
 * one by one, as far as its client reads; so a slow client costs the rest of one event, and one
 * that falls behind the ring loses its connection. A change may be told in the middle of anything:
 * then it is only noted, and sent from the loop, some clients a turn. */
#include <assert.h>
#include <stdlib.h>

#include "http/inside.h"

#define WATCHERS_A_TURN 256 /* that are told, before the loop looks at its sockets again */

struct watcher {
    struct connection *connection;
    struct watcher *before;
    struct watcher *behind;
    uint64_t index; /* the last change that the client knows of */
    uint64_t due_ms;
    void (*answer)(const struct exchange *exchange); /* NULL: a stream */
    struct exchange exchange;                        /* its spans point nowhere any more */
};

static void join(struct http_server *server, struct watcher *watcher)
{
    watcher->behind = NULL;
    watcher->before = server->last_watcher;
    if (watcher->before != NULL)
        watcher->before->behind = watcher;
    else
        server->first_watcher = watcher;
    server->last_watcher = watcher;
}

static void leave(struct http_server *server, const struct watcher *watcher)
{
    if (watcher->before != NULL)
        watcher->before->behind = watcher->behind;
    else
        server->first_watcher = watcher->behind;
    if (watcher->behind != NULL)
        watcher->behind->before = watcher->before;
    else
        server->last_watcher = watcher->before;
}

static void on_due(uv_timer_t *timer);

/* One timer for all of them, set to the earliest. */
static void arm(struct http_server *server, uint64_t due_ms)
{
    uint64_t now_ms = uv_now(server->watch.loop);
    if (due_ms >= server->watch_due_ms) return;
    server->watch_due_ms = due_ms;
    uv_timer_start(&server->watch, on_due, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

static struct watcher *watch(const struct exchange *exchange, uint64_t index, uint64_t wait_ms)
{
    struct connection *connection = exchange->connection;
    struct http_server *server = connection->server;
    assert(connection->watcher == NULL && connection->ticket == NULL);
    if (server->watchers >= server->watchers_max) return NULL;
    struct watcher *watcher = calloc(1, sizeof(*watcher));
    if (watcher == NULL) return NULL;
    watcher->connection = connection;
    watcher->exchange = *exchange;
    watcher->index = index;
    watcher->due_ms = uv_now(server->watch.loop) + wait_ms;
    connection->watcher = watcher;
    server->watchers++;
    join(server, watcher);
    arm(server, watcher->due_ms);
    return watcher;
}

bool exchange_watch(const struct exchange *exchange, uint64_t index, uint64_t wait_ms,
                    void (*answer)(const struct exchange *exchange))
{
    struct watcher *watcher = watch(exchange, index, wait_ms);
    if (watcher != NULL) watcher->answer = answer;
    return watcher != NULL;
}

bool exchange_stream(const struct exchange *exchange, uint64_t index)
{
    return watch(exchange, index, exchange->connection->server->comment_ms) != NULL;
}

void watcher_leave(struct connection *connection)
{
    struct watcher *watcher = connection->watcher;
    if (watcher == NULL) return;
    leave(connection->server, watcher);
    connection->server->watchers--;
    connection->watcher = NULL;
    free(watcher);
}

bool watcher_streams(const struct connection *connection)
{
    return connection->watcher != NULL && connection->watcher->answer == NULL;
}

static void answer_now(const struct watcher *watcher)
{
    struct exchange exchange = watcher->exchange;
    void (*answer)(const struct exchange *) = watcher->answer;
    watcher_leave(exchange.connection);
    answer(&exchange);
    connection_resume(exchange.connection);
}

/* What its client has not been sent yet, as far as it reads. */
void watcher_go_on(struct connection *connection)
{
    const struct http_server *server = connection->server;
    while (watcher_streams(connection) && connection->watcher->index < server->index) {
        struct watcher *watcher = connection->watcher;
        const struct event *event = &server->events[(watcher->index + 1) % EVENTS_KEPT];
        if (event->index != watcher->index + 1 || event->bytes == 0) {
            connection_close(connection);
            return;
        }
        if (connection->writes > 0) return;
        watcher->index++;
        watcher->due_ms = uv_now(server->watch.loop) + server->comment_ms;
        connection_put(connection, (struct span){event->text, event->bytes});
    }
}

static void tell(const struct watcher *watcher)
{
    if (watcher->index >= watcher->connection->server->index) return;
    if (watcher->answer != NULL)
        answer_now(watcher);
    else
        watcher_go_on(watcher->connection);
}

void watchers_note(void *to, const struct flock_status *status)
{
    struct http_server *server = to;
    struct event *event = &server->events[status->index % EVENTS_KEPT];
    event->index = server->index = status->index;
    event->bytes = event_text(event->text, status);
    server->untold = server->watchers;
    if (server->untold > 0) uv_async_send(&server->answered);
}

/* Who has been told goes to the end of the line. */
void watchers_tell(struct http_server *server)
{
    for (unsigned told = 0; server->untold > 0 && told < WATCHERS_A_TURN; told++) {
        struct watcher *watcher = server->first_watcher;
        server->untold--;
        if (watcher == NULL) break;
        leave(server, watcher);
        join(server, watcher);
        tell(watcher);
    }
    if (server->untold > 0) uv_async_send(&server->answered);
}

static void on_due(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    uint64_t now_ms = uv_now(timer->loop);
    struct watcher *next;
    server->watch_due_ms = UINT64_MAX;
    for (struct watcher *watcher = server->first_watcher; watcher != NULL; watcher = next) {
        struct connection *connection = watcher->connection;
        /* Taking this one up ends no other; new ones come at the end, and arm for themselves. */
        next = watcher->behind;
        if (watcher->due_ms <= now_ms && watcher->answer != NULL) {
            answer_now(watcher);
            continue;
        }
        if (watcher->due_ms <= now_ms) {
            watcher->due_ms = now_ms + server->comment_ms;
            arm(server, watcher->due_ms);
            if (connection->writes == 0) connection_put(connection, span_of(": still here\n\n"));
        } else {
            arm(server, watcher->due_ms);
        }
    }
}
