/* connection.c: one connection's bytes, in and out.
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

#include "http/answer.h"
#include "http/inside.h"
#include "http/routes.h"

#define STASH_FIRST_BYTES 1024

/* Answers that the kernel did not take at once. */
struct unsent {
    uv_write_t write;
    struct connection *connection;
    size_t bytes; /* of the copy; none is made of what lasts */
    char copy[];
};

static void on_read(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *buffer);
static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer);

static bool is_ready(const struct connection *connection)
{
    return connection->ticket == NULL && connection->job == NULL && connection->watcher == NULL &&
           connection->writes == 0 && !connection->finishing && !connection->closed;
}

/* More of its answer may come at any time, and nothing that its client says means anything. */
static bool goes_on(const struct connection *connection)
{
    return connection->job != NULL || watcher_streams(connection);
}

static void read_on(struct connection *connection)
{
    int error = uv_read_start((uv_stream_t *)&connection->tcp, on_room, on_read);
    if (error != 0 && error != UV_EALREADY) connection_close(connection);
}

/* ---- out ---- */

/* libuv has one kind of buffer, for reading too; what is written it leaves alone. */
static uv_buf_t buffer_of(struct span text)
{
    uv_buf_t buffer = {.len = text.bytes};
    memcpy(&buffer.base, &text.at, sizeof(buffer.base));
    return buffer;
}

static void on_written(uv_write_t *write, int status)
{
    struct unsent *unsent = write->data;
    struct connection *connection = unsent->connection;
    connection->server->unsent_bytes -= unsent->bytes;
    connection->writes--;
    free(unsent);
    if (connection->closed) return;
    if (status != 0)
        connection_close(connection);
    else if (connection->writes == 0)
        connection_resume(connection);
}

/* The client takes its answers more slowly than it asks: nothing more is read from it until it has
 * them. */
static void send_later(struct connection *connection, struct span text, bool lasting)
{
    size_t copied = lasting ? 0 : text.bytes;
    struct unsent *unsent = malloc(sizeof(*unsent) + copied);
    if (unsent == NULL) {
        connection_close(connection);
        return;
    }
    memcpy(unsent->copy, text.at, copied);
    unsent->connection = connection;
    unsent->bytes = copied;
    unsent->write.data = unsent;
    uv_buf_t buffer = lasting ? buffer_of(text) : uv_buf_init(unsent->copy, (unsigned)copied);
    uv_stream_t *stream = (uv_stream_t *)&connection->tcp;
    if (uv_write(&unsent->write, stream, &buffer, 1, on_written) != 0) {
        free(unsent);
        connection_close(connection);
        return;
    }
    connection->server->unsent_bytes += copied;
    connection->writes++;
    uv_read_stop(stream);
}

static void send_now(struct connection *connection, struct span text, bool lasting)
{
    if (text.bytes == 0 || connection->closed) return;
    uv_buf_t buffer = buffer_of(text);
    int sent = uv_try_write((uv_stream_t *)&connection->tcp, &buffer, 1);
    if (sent == UV_EAGAIN) sent = 0;
    if (sent < 0)
        connection_close(connection);
    else if ((size_t)sent < text.bytes)
        send_later(connection, (struct span){text.at + sent, text.bytes - (size_t)sent}, lasting);
}

static void flush(struct connection *connection)
{
    struct http_server *server = connection->server;
    size_t bytes = server->written;
    server->written = 0;
    send_now(connection, (struct span){server->write, bytes}, false);
}

static void emit(struct connection *connection, struct span text)
{
    struct http_server *server = connection->server;
    while (text.bytes > 0) {
        size_t room = sizeof(server->write) - server->written;
        size_t bytes = text.bytes < room ? text.bytes : room;
        memcpy(server->write + server->written, text.at, bytes);
        server->written += bytes;
        text.at += bytes;
        text.bytes -= bytes;
        if (text.bytes > 0) flush(connection);
    }
}

void reply(const struct exchange *exchange, const struct answer *answer)
{
    struct connection *connection = exchange->connection;
    struct http_server *server = connection->server;
    if (sizeof(server->write) - server->written < ANSWER_HEAD_BYTES_MAX + SMALL_BODY_BYTES_MAX)
        flush(connection);
    assert(answer->code >= HTTP_CODE_MIN && answer->code < HTTP_CODE_MIN + HTTP_CODES);
    server->answers[answer->code - HTTP_CODE_MIN]++;
    struct out out = {server->write + server->written, server->write + sizeof(server->write)};
    answer_put_head(&out, exchange, answer);
    assert(out.at != NULL);
    server->written = (size_t)(out.at - server->write);
    if (exchange->method != HTTP_HEAD && answer->lasting) {
        flush(connection);
        send_now(connection, answer->body, true);
    } else if (exchange->method != HTTP_HEAD) {
        emit(connection, answer->body);
    }
    if (!exchange->keep_alive || answer->open || answer->stream) connection->finishing = true;
}

/* ---- in ---- */

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
        route(&exchange);
    else
        reply_problem(&exchange, connection->request.problem);
}

static void say_continue(struct connection *connection)
{
    connection->request.wants_continue = false;
    emit(connection, span_of("HTTP/1.1 100 Continue\r\n\r\n"));
}

/* The right line for what it does now. A request that is still the same one keeps its place, so
 * that a client cannot draw it out byte by byte. */
static void line_up(struct connection *connection, bool progress)
{
    if (connection->closed) return;
    struct http_server *server = connection->server;
    struct line *line = &server->idle;
    if ((connection->ticket != NULL || connection->job != NULL) && connection->writes == 0)
        line = &server->waiting;
    else if (connection->watcher != NULL && connection->writes == 0)
        line = &server->watching;
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
    if (connection->writes == 0 && connection->ticket == NULL && connection->job == NULL &&
        connection->watcher == NULL) {
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
    flush(connection);
    settle(connection, progress);
}

void connection_resume(struct connection *connection)
{
    flush(connection);
    watcher_go_on(connection);
    if (is_ready(connection) && connection->stash_bytes > 0)
        consume(connection, connection->stash, connection->stash_bytes);
    else
        settle(connection, true);
    bool listens = is_ready(connection) || (goes_on(connection) && connection->writes == 0);
    if (listens && !connection->ended) read_on(connection);
}

void connection_put(struct connection *connection, struct span text)
{
    emit(connection, text);
    flush(connection);
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
    if (error != UV_EOF || connection->ticket == NULL)
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

const uint64_t *exchange_answers(const struct exchange *exchange)
{
    return exchange->connection->server->answers;
}

unsigned exchange_connections(const struct exchange *exchange)
{
    return exchange->connection->server->connections;
}

bool exchange_is_crowded(const struct exchange *exchange)
{
    return exchange->connection->server->unsent_bytes > UNSENT_BYTES_MAX;
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

static void on_closed(uv_handle_t *handle)
{
    struct connection *connection = (struct connection *)handle;
    struct http_server *server = connection->server;
    free(connection->stash);
    free(connection);
    server->unclosed--;
    server_maybe_closed(server);
}

/* Who has not taken its answers gets a reset: an orderly end would wait behind them, and they in the
 * kernel's memory. */
void connection_close(struct connection *connection)
{
    if (connection->closed) return;
    connection->closed = true;
    connection->server->connections--;
    line_leave(connection);
    ticket_leave(connection);
    job_leave(connection);
    watcher_leave(connection);
    if (connection->writes == 0 || uv_tcp_close_reset(&connection->tcp, on_closed) != 0)
        uv_close((uv_handle_t *)&connection->tcp, on_closed);
}
