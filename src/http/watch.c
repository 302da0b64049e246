/* watch.c: clients that watch: streams of events, and answers that wait for the next change.
 *
 * An event is made once for all, at the change, and kept in a ring. A stream takes them from there
 * one by one, as far as its client reads; so a slow client costs the rest of one event, and one
 * that falls behind the ring loses its connection. A change may be told in the middle of anything:
 * then it is only noted, and sent from the loop, as many clients a turn as there is time for. */
#include <assert.h>
#include <stdlib.h>

#include "http/inside.h"

struct watcher {
    struct waiter waiter;
    uint64_t index; /* the last change that the client knows of */
    uint64_t due_ms;
    void (*answer)(const struct exchange *exchange); /* NULL: a stream */
};

static void on_due(uv_timer_t *timer);

/* One timer for all of them, set to the earliest. */
static void arm(struct http_server *server, uint64_t due_ms)
{
    uint64_t now_ms = uv_now(server->loop);
    if (due_ms >= server->watch_due_ms) return;
    server->watch_due_ms = due_ms;
    uv_timer_start(&server->watch, on_due, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

static void watcher_leave(struct waiter *waiter)
{
    struct connection *connection = waiter->exchange.connection;
    connection->server->watchers_of[connection->place]--;
    waiter_leave(&connection->server->watchers, waiter);
    connection->waiter = NULL;
    free(waiter);
}

/* Of those from where most watch, who was told longest ago. */
static struct connection *one_of_most(const struct http_server *server)
{
    struct connection *most = NULL;
    for (struct waiter *waiter = server->watchers.first; waiter != NULL; waiter = waiter->behind) {
        struct connection *one = waiter->exchange.connection;
        if (most == NULL || server->watchers_of[one->place] > server->watchers_of[most->place])
            most = one;
    }
    return most;
}

/* Who watches may do so for ever. So where all places are taken, who comes from elsewhere gets one of theirs who have
 * most; but nobody who has as many himself, or two would push each other out for ever. Whoever is told of a change has
 * left his own place before he asks again, so nobody is pushed out in the middle of that. */
static bool find_place(struct http_server *server, const struct connection *asks)
{
    if (server->watchers.count < server->watchers_max) return true;
    struct connection *most = one_of_most(server);
    if (most == NULL || server->watchers_of[most->place] <= server->watchers_of[asks->place] + 1)
        return false;
    connection_close(most);
    return true;
}

static struct watcher *watch(const struct exchange *exchange, uint64_t index, uint64_t wait_ms)
{
    struct connection *connection = exchange->connection;
    struct http_server *server = connection->server;
    assert(connection->waiter == NULL);
    if (!find_place(server, connection)) return NULL;
    struct watcher *watcher = calloc(1, sizeof(*watcher));
    if (watcher == NULL) return NULL;
    watcher->waiter.exchange = *exchange;
    watcher->waiter.line = &server->watching;
    watcher->waiter.leave = watcher_leave;
    watcher->index = index;
    watcher->due_ms = uv_now(server->loop) + wait_ms;
    waiter_join(&server->watchers, &watcher->waiter);
    server->watchers_of[connection->place]++;
    connection->waiter = &watcher->waiter;
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

static void answer_now(struct watcher *watcher)
{
    struct exchange exchange = watcher->waiter.exchange;
    void (*answer)(const struct exchange *) = watcher->answer;
    watcher_leave(&watcher->waiter);
    answer(&exchange);
    connection_resume(exchange.connection);
}

/* What its client has not been sent yet, as far as it reads. */
static void watcher_go_on(struct waiter *waiter)
{
    struct watcher *watcher = (struct watcher *)waiter;
    struct connection *connection = waiter->exchange.connection;
    const struct http_server *server = connection->server;
    /* It ends with its connection, which a client that is gone may close here. */
    while (connection->waiter != NULL && watcher->index < server->index) {
        const struct event *event = &server->events[(watcher->index + 1) % EVENTS_KEPT];
        if (event->index != watcher->index + 1 || event->bytes == 0) {
            connection_close(connection);
            return;
        }
        if (connection->unsent != NULL) return;
        watcher->index++;
        watcher->due_ms = uv_now(server->loop) + server->comment_ms;
        connection_put(connection, (struct span){event->text, event->bytes});
    }
}

bool exchange_stream(const struct exchange *exchange, uint64_t index)
{
    struct watcher *watcher = watch(exchange, index, exchange->connection->server->comment_ms);
    if (watcher == NULL) return false;
    watcher->waiter.streams = true;
    watcher->waiter.go_on = watcher_go_on;
    return true;
}

static void tell(struct watcher *watcher)
{
    if (watcher->index >= watcher->waiter.exchange.connection->server->index) return;
    if (watcher->answer != NULL)
        answer_now(watcher);
    else
        watcher_go_on(&watcher->waiter);
}

void watchers_note(void *to, const struct flock_status *status)
{
    struct http_server *server = to;
    struct event *event = &server->events[status->index % EVENTS_KEPT];
    event->index = server->index = status->index;
    event->bytes = server->event_text(event->text, status);
    server->untold = server->watchers.count;
    if (server->untold > 0) wake(server);
}

/* Who has been told goes to the end of the line. One is told at least, however little time there is. */
void watchers_tell(struct http_server *server)
{
    while (server->untold > 0) {
        struct waiter *waiter = server->watchers.first;
        server->untold = waiter == NULL ? 0 : server->untold - 1;
        if (waiter == NULL) return;
        waiter_leave(&server->watchers, waiter);
        waiter_join(&server->watchers, waiter);
        tell((struct watcher *)waiter);
        if (time_is_up(server)) break;
    }
    if (server->untold > 0) wake(server);
}

static void on_due(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    server->watch_rang = true;
    wake(server);
}

/* An answer at its time, or a sign of life. */
static void serve_due(struct watcher *watcher, uint64_t now_ms)
{
    struct connection *connection = watcher->waiter.exchange.connection;
    if (watcher->answer != NULL) {
        answer_now(watcher);
        return;
    }
    watcher->due_ms = now_ms + connection->server->comment_ms;
    arm(connection->server, watcher->due_ms);
    if (connection->unsent == NULL) connection_put(connection, span_of(": still here\n\n"));
}

void watchers_due(struct http_server *server)
{
    uint64_t now_ms = uv_now(server->loop);
    struct waiter *next;
    bool over = false;
    if (!server->watch_rang) return;
    server->watch_rang = false;
    server->watch_due_ms = UINT64_MAX;
    for (struct waiter *waiter = server->watchers.first; waiter != NULL; waiter = next) {
        struct watcher *watcher = (struct watcher *)waiter;
        /* Taking this one up ends no other; new ones come at the end, and arm for themselves. */
        next = waiter->behind;
        if (watcher->due_ms > now_ms || over) {
            arm(server, watcher->due_ms);
        } else {
            serve_due(watcher, now_ms);
            over = time_is_up(server);
        }
    }
}
