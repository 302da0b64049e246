/* connection.c: what comes in on one connection, and when its answers go out.
 *
 * A read goes into a buffer that all connections share, is parsed in place, and the answers to all
 * that it held leave in one write before the loop goes on: nothing is kept of a request that came
 * in one piece, and no answer about the role lies about until later. Only what is left over (half
 * a request, requests behind one that waits, or more than a turn has time for) is copied to a stash
 * of the connection's own, and a later read goes on in that. A turn is one read at most, or what it
 * left. It must never read on for a client that does not take its answers. */
#include <assert.h>
#include <stdlib.h>

#include "base/closed.h"
#include "http/inside.h"

#define STASH_FIRST_BYTES 1024

static bool is_ready(const struct connection *connection)
{
    return connection->waiter == NULL && connection->unsent == NULL && !connection->finishing &&
           !connection->closed;
}

/* More of its answer may come at any time, and nothing that its client says means anything. */
static bool goes_on(const struct connection *connection)
{
    return connection->waiter != NULL && connection->waiter->streams;
}

/* While an answer is waited for, reading goes on only to notice that the client has gone, and not
 * beyond what the stash holds. */
static bool takes_more(const struct connection *connection)
{
    bool full =
        connection->waiter != NULL && connection->stash_bytes + STASH_FIRST_BYTES > STASH_BYTES;
    return !connection->ended && !full;
}

/* Who was cut short has its next turn when all others had theirs and its client takes answers. */
static unsigned should_wait_for(const struct connection *connection)
{
    if (connection->unsent != NULL || connection->cut) return WAITS_TO_WRITE;
    return takes_more(connection) ? WAITS_TO_READ : 0;
}

static void queue_up(struct connection *connection)
{
    unsigned waits_for = should_wait_for(connection);
    if (connection->closed || waits_for == connection->waits_for) return;
    connection->waits_for = waits_for;
    queue_change(connection->server->queue, connection->fd, waits_for, connection);
}

static bool stash_reserve(struct connection *connection, size_t bytes)
{
    size_t wanted = connection->stash_bytes + bytes;
    size_t room = connection->stash_room;
    if (wanted <= room) return true;
    if (wanted > STASH_BYTES) return false;
    if (room == 0) room = STASH_FIRST_BYTES;
    while (room < wanted)
        room *= 2;
    char *larger = realloc(connection->stash, room);
    if (larger == NULL) return false;
    connection->stash = larger;
    connection->stash_room = (uint32_t)room;
    return true;
}

static void stash_drop(struct connection *connection)
{
    free(connection->stash);
    connection->stash = NULL;
    connection->stash_bytes = connection->stash_room = connection->seen = 0;
}

/* What is left of a read, or of the stash itself, becomes the stash. */
static void stash_keep(struct connection *connection, const char *from, size_t bytes)
{
    if (bytes == 0) {
        stash_drop(connection);
        return;
    }
    if (connection->stash == NULL && !stash_reserve(connection, bytes)) {
        connection_close(connection);
        return;
    }
    assert(connection->stash != NULL && from != NULL);
    if (connection->stash != from) memmove(connection->stash, from, bytes);
    connection->stash_bytes = (uint32_t)bytes;
}

static void answer_request(struct connection *connection)
{
    struct http_server *server = connection->server;
    struct exchange exchange = {
        .connection = connection,
        .api = server->api,
        .access = &server->access,
        .kept = server->kept,
        .local = connection->local,
        .by_socket = connection->by_socket,
        .faults = server->faults,
    };
    if (request_read(&connection->request, &exchange))
        server->route(&exchange);
    else
        reply_problem(&exchange, connection->request.problem);
}

static void say_continue(struct connection *connection)
{
    connection->request.wants_continue = false;
    connection_emit(connection, span_of("HTTP/1.1 100 Continue\r\n\r\n"));
}

/* The right line for what it does now. A request that is still the same one keeps its place, so
 * that a client cannot draw it out byte by byte. */
static void line_up(struct connection *connection, bool progress)
{
    if (connection->closed) return;
    struct http_server *server = connection->server;
    struct line *line = &server->idle;
    if (connection->waiter != NULL && connection->unsent == NULL)
        line = connection->waiter->line;
    else if (connection->unsent != NULL || connection->stash_bytes > 0)
        line = &server->busy;
    if (line == connection->line && !progress) return;
    line_leave(connection);
    line_join(line, connection, uv_now(server->loop));
}

/* The last answer is on its way: send our end, and wait for the client's, so that a reset cannot
 * overtake the answer (RFC 9112 9.6). */
static void linger(struct connection *connection)
{
    connection->lingering = true;
    if (connection->ended || !socket_finish(connection->fd)) connection_close(connection);
}

/* Where it stands now, and what for. */
static void settle(struct connection *connection, bool progress)
{
    if (connection->closed) return;
    if (connection->unsent == NULL && connection->waiter == NULL && !connection->cut) {
        if (connection->finishing && !connection->lingering)
            linger(connection);
        else if (connection->ended)
            connection_close(connection);
    }
    line_up(connection, progress);
    queue_up(connection);
}

/* Answers the requests at `data` one by one, as long as the next can be answered at once and there
 * is time; keeps the rest. */
static void consume(struct connection *connection, const char *data, size_t bytes)
{
    size_t seen = connection->seen;
    bool progress = false;
    enum request_progress parsed = REQUEST_WHOLE;
    connection->cut = false;
    while (seen < bytes && is_ready(connection) && !connection->cut) {
        parsed = request_parse(&connection->request, data, &seen, bytes);
        if (parsed == REQUEST_UNFINISHED) break;
        progress = true;
        answer_request(connection);
        data += seen;
        bytes -= seen;
        seen = 0;
        connection->cut = bytes > 0 && is_ready(connection) && share_is_up(connection->server);
    }
    if (parsed == REQUEST_UNFINISHED && connection->request.wants_continue)
        say_continue(connection);
    if (connection->finishing) bytes = seen = 0;
    stash_keep(connection, data, bytes);
    connection->seen = (uint32_t)seen;
    connection_flush(connection);
    settle(connection, progress);
}

void connection_resume(struct connection *connection)
{
    connection_flush(connection);
    if (connection->waiter != NULL && connection->waiter->go_on != NULL)
        connection->waiter->go_on(connection->waiter);
    if (is_ready(connection) && connection->stash_bytes > 0)
        consume(connection, connection->stash, connection->stash_bytes);
    else
        settle(connection, true);
}

void connection_put(struct connection *connection, struct span text)
{
    connection_emit(connection, text);
    connection_flush(connection);
    settle(connection, false);
}

/* A client that has only closed its sending side still gets the answer that it waits for. One that
 * watches has most likely gone: nothing else would tell, and its place is somebody else's. */
static void take_end(struct connection *connection, ssize_t error)
{
    connection->ended = true;
    if (error != 0 || connection->waiter == NULL || !connection->waiter->owed)
        connection_close(connection);
    else
        queue_up(connection);
}

/* Behind what the stash holds already. */
static void take_more(struct connection *connection, const char *from, size_t bytes)
{
    if (connection->stash == NULL && is_ready(connection)) {
        memory_close(from + bytes, READ_BYTES - bytes);
        consume(connection, from, bytes);
        memory_open(from + bytes, READ_BYTES - bytes);
        return;
    }
    if (connection->stash == NULL)
        stash_keep(connection, from, bytes);
    else
        connection->stash_bytes += (uint32_t)bytes;
    if (is_ready(connection))
        consume(connection, connection->stash, connection->stash_bytes);
    else
        queue_up(connection);
}

static void read_some(struct connection *connection)
{
    char *to = connection->server->read;
    size_t room = READ_BYTES;
    bool heeds = !connection->lingering && !goes_on(connection);
    if (heeds && connection->stash != NULL) {
        /* A request fits into a stash, so no room means no memory. */
        if (!stash_reserve(connection, STASH_FIRST_BYTES)) {
            connection_close(connection);
            return;
        }
        to = connection->stash + connection->stash_bytes;
        room = connection->stash_room - connection->stash_bytes;
        if (room > READ_BYTES) room = READ_BYTES;
    }
    ssize_t bytes = socket_read(connection->fd, to, room);
    if (bytes == UV_EAGAIN) return;
    if (bytes <= 0)
        take_end(connection, bytes);
    else if (heeds)
        take_more(connection, to, (size_t)bytes);
}

/* First what its client has not taken yet, then what it has asked already, then what it asks now. */
void connection_turn(struct connection *connection, bool broken)
{
    if (connection->closed) return;
    bool unsent = connection->unsent != NULL;
    if (unsent) connection_send_on(connection);
    if (connection->closed || connection->unsent != NULL) return;
    if (unsent || connection->cut)
        connection_resume(connection);
    else if (takes_more(connection))
        read_some(connection);
    else if (broken)
        connection_close(connection);
}

/* Where the client is, and whether on this machine. */
static void look_at_ends(struct connection *connection)
{
    struct sockaddr_storage peer = {0};
    struct sockaddr_storage own = {0};
    unsigned uid;

    connection->by_socket = socket_user(connection->fd, &uid);
    if (connection->by_socket)
        connection->local = access_is_owner(uid);
    else if (socket_ends(connection->fd, &peer, &own))
        connection->local =
            access_is_local((const struct sockaddr *)&peer, (const struct sockaddr *)&own);
    connection->place = place_of(connection->server->places_key, &peer);
    connection->server->connections_of[connection->place]++;
}

bool connection_start(struct connection *connection)
{
    struct http_server *server = connection->server;
    look_at_ends(connection);
    connection->waits_for = WAITS_TO_READ;
    if (queue_add(server->queue, connection->fd, WAITS_TO_READ, connection) != 0) return false;
    request_init(&connection->request);
    line_join(&server->idle, connection, uv_now(server->loop));
    return true;
}
