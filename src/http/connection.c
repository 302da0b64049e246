/* connection.c: what comes in on one connection, and when its answers go out.
 *
 * A read goes into a buffer that all connections share, is parsed in place, and the answers to all
 * that it held leave in one write before the loop goes on: nothing is kept of a request that came
 * in one piece, and no answer about the role lies about until later. Only what is left over (half
 * a request, or requests behind one that waits) is copied to a stash of the connection's own, and
 * a later read goes on in that. It must never read on for a client that does not take its answers.
 */
#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "http/inside.h"

#define STASH_FIRST_BYTES 1024

static void on_read(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *buffer);
static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer);

static bool is_ready(const struct connection *connection)
{
    return connection->waiter == NULL && connection->writes == 0 && !connection->finishing &&
           !connection->closed;
}

/* More of its answer may come at any time, and nothing that its client says means anything. */
static bool goes_on(const struct connection *connection)
{
    return connection->waiter != NULL && connection->waiter->streams;
}

static void read_on(struct connection *connection)
{
    int error = uv_read_start((uv_stream_t *)&connection->tcp, on_room, on_read);
    if (error != 0 && error != UV_EALREADY) connection_close(connection);
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
    assert(connection->stash != NULL);
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
        .local = connection->local,
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
    if (connection->waiter != NULL && connection->writes == 0)
        line = connection->waiter->line;
    else if (connection->writes > 0 || connection->stash_bytes > 0)
        line = &server->busy;
    if (line == connection->line && !progress) return;
    line_leave(connection);
    line_join(line, connection, uv_now(connection->tcp.loop));
}

/* The last answer is on its way: send our end, and wait for the client's, so that a reset cannot
 * overtake the answer (RFC 9112 9.6). */
static void linger(struct connection *connection)
{
    uv_os_fd_t fd;
    connection->lingering = true;
    if (connection->ended || uv_fileno((uv_handle_t *)&connection->tcp, &fd) != 0 ||
        shutdown(fd, SHUT_WR) != 0)
        connection_close(connection);
    else
        read_on(connection);
}

static void settle(struct connection *connection, bool progress)
{
    if (connection->closed) return;
    if (connection->writes == 0 && connection->waiter == NULL) {
        if (connection->finishing && !connection->lingering)
            linger(connection);
        else if (connection->ended)
            connection_close(connection);
    }
    line_up(connection, progress);
}

/* Answers the requests at `data` one by one, as long as the next can be answered at once; keeps
 * the rest. */
static void consume(struct connection *connection, const char *data, size_t bytes)
{
    size_t seen = connection->seen;
    bool progress = false;
    enum request_progress parsed = REQUEST_WHOLE;
    while (seen < bytes && is_ready(connection)) {
        parsed = request_parse(&connection->request, data, &seen, bytes);
        if (parsed == REQUEST_UNFINISHED) break;
        progress = true;
        answer_request(connection);
        data += seen;
        bytes -= seen;
        seen = 0;
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
    bool listens = is_ready(connection) || (goes_on(connection) && connection->writes == 0);
    if (listens && !connection->ended) read_on(connection);
}

void connection_put(struct connection *connection, struct span text)
{
    connection_emit(connection, text);
    connection_flush(connection);
    settle(connection, false);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct connection *connection = (struct connection *)handle;
    (void)suggested;
    *buffer = uv_buf_init(NULL, 0);
    if (connection->sated) return;
    if (connection->stash == NULL || connection->lingering) {
        *buffer = uv_buf_init(connection->server->read, READ_BYTES);
        return;
    }
    /* No room means no memory, for a request fits into a stash: then the read fails, and with it
     * the connection. */
    if (!stash_reserve(connection, STASH_FIRST_BYTES)) return;
    uint32_t room = connection->stash_room - connection->stash_bytes;
    *buffer = uv_buf_init(connection->stash + connection->stash_bytes,
                          room < READ_BYTES ? room : READ_BYTES);
}

/* While an answer is waited for, reading goes on only to notice that the client has gone, and not
 * beyond what the stash holds. */
static void read_ahead(struct connection *connection, const char *from, size_t bytes)
{
    if (connection->stash == NULL)
        stash_keep(connection, from, bytes);
    else
        connection->stash_bytes += (uint32_t)bytes;
    if (connection->stash_bytes + STASH_FIRST_BYTES > STASH_BYTES)
        uv_read_stop((uv_stream_t *)&connection->tcp);
}

/* A client that has only closed its sending side still gets the answer that it waits for. One that
 * watches has most likely gone: nothing else would tell, and its place is somebody else's. */
static void on_end(struct connection *connection, ssize_t error)
{
    connection->ended = true;
    if (error != UV_EOF || connection->waiter == NULL || !connection->waiter->owed)
        connection_close(connection);
    else
        uv_read_stop((uv_stream_t *)&connection->tcp);
}

/* libuv reads on for as long as a read fills its buffer. A client that sends without end would get
 * thousands of answers in a row while heartbeats wait: so a full buffer ends its turn, and the
 * next one comes when the loop has looked at all the others. */
static bool turn_is_over(struct connection *connection, ssize_t bytes, const uv_buf_t *buffer)
{
    bool over = bytes == UV_ENOBUFS && connection->sated;
    connection->sated = bytes > 0 && (size_t)bytes == buffer->len;
    return over;
}

static void on_read(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *buffer)
{
    struct connection *connection = (struct connection *)stream;
    if (turn_is_over(connection, bytes, buffer) || bytes == 0) return;
    if (bytes < 0) {
        on_end(connection, bytes);
    } else if (connection->lingering || goes_on(connection)) {
        return;
    } else if (!is_ready(connection)) {
        read_ahead(connection, buffer->base, (size_t)bytes);
    } else if (connection->stash == NULL) {
        consume(connection, buffer->base, (size_t)bytes);
    } else {
        connection->stash_bytes += (uint32_t)bytes;
        consume(connection, connection->stash, connection->stash_bytes);
    }
}

static bool is_local(const uv_tcp_t *tcp)
{
    struct sockaddr_storage peer = {0};
    struct sockaddr_storage own = {0};
    int peer_bytes = sizeof(peer);
    int own_bytes = sizeof(own);
    return uv_tcp_getpeername(tcp, (struct sockaddr *)&peer, &peer_bytes) == 0 &&
           uv_tcp_getsockname(tcp, (struct sockaddr *)&own, &own_bytes) == 0 &&
           access_is_local((const struct sockaddr *)&peer, (const struct sockaddr *)&own);
}

void connection_start(struct connection *connection)
{
    connection->local = is_local(&connection->tcp);
    request_init(&connection->request);
    line_join(&connection->server->idle, connection, uv_now(connection->tcp.loop));
    read_on(connection);
}
