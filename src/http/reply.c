/* reply.c: answers out, and the shape of an error. An answer goes into a buffer that all
 * connections share; what the kernel does not take at once is kept, and counted. */
#include <assert.h>
#include <stdlib.h>

#include "http/answer.h"
#include "http/inside.h"

/* One piece, so that nobody's turn is long. What the kernel took of it; 0 where the connection is closed, too. */
static size_t send_piece(struct connection *connection, struct span text)
{
    ssize_t sent =
        socket_write(connection->fd, text.at, text.bytes < PIECE_BYTES ? text.bytes : PIECE_BYTES);
    if (sent >= 0) return (size_t)sent;
    if (sent != UV_EAGAIN) connection_close(connection);
    return 0;
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
    unsent->behind = NULL;
    unsent->left = lasting ? text : (struct span){unsent->copy, copied};
    unsent->bytes = copied;
    if (connection->unsent == NULL)
        connection->unsent = unsent;
    else
        connection->unsent_last->behind = unsent;
    connection->unsent_last = unsent;
    connection->server->unsent_bytes += copied;
}

static void send_now(struct connection *connection, struct span text, bool lasting)
{
    if (text.bytes == 0 || connection->closed) return;
    size_t sent = connection->unsent == NULL ? send_piece(connection, text) : 0;
    if (sent < text.bytes && !connection->closed)
        send_later(connection, (struct span){text.at + sent, text.bytes - sent}, lasting);
}

void connection_send_on(struct connection *connection)
{
    struct unsent *first = connection->unsent;
    size_t sent = send_piece(connection, first->left);
    if (connection->closed) return;
    first->left.at += sent;
    first->left.bytes -= sent;
    if (first->left.bytes > 0) return;
    connection->unsent = first->behind;
    connection->server->unsent_bytes -= first->bytes;
    free(first);
}

void connection_flush(struct connection *connection)
{
    struct http_server *server = connection->server;
    size_t bytes = server->written;
    server->written = 0;
    send_now(connection, (struct span){server->write, bytes}, false);
}

void connection_emit(struct connection *connection, struct span text)
{
    struct http_server *server = connection->server;
    if (text.bytes > sizeof(server->write) - server->written) connection_flush(connection);
    if (text.bytes > sizeof(server->write)) {
        send_now(connection, text, false);
        return;
    }
    memcpy(server->write + server->written, text.at, text.bytes);
    server->written += text.bytes;
}

void reply(const struct exchange *exchange, const struct answer *answer)
{
    struct connection *connection = exchange->connection;
    struct http_server *server = connection->server;
    if (sizeof(server->write) - server->written < ANSWER_HEAD_BYTES_MAX + SMALL_BODY_BYTES_MAX)
        connection_flush(connection);
    assert(answer->code >= HTTP_CODE_MIN && answer->code < HTTP_CODE_MIN + HTTP_CODES);
    server->answers[answer->code - HTTP_CODE_MIN]++;
    struct out out = {server->write + server->written, server->write + sizeof(server->write)};
    answer_put_head(&out, exchange, answer);
    assert(out.at != NULL);
    server->written = (size_t)(out.at - server->write);
    if (exchange->method != HTTP_HEAD && answer->lasting) {
        connection_flush(connection);
        send_now(connection, answer->body, true);
    } else if (exchange->method != HTTP_HEAD) {
        connection_emit(connection, answer->body);
    }
    if (!exchange->keep_alive || answer->open || answer->stream) connection->finishing = true;
}

static void reply_error(const struct exchange *exchange, const struct problem *problem,
                        unsigned allow, const struct flock_status *about)
{
    char text[SMALL_BODY_BYTES_MAX];
    struct out out = {text, text + sizeof(text)};
    if (exchange->wants_json) {
        PUT(&out, "{\"error\": ");
        put_json_string(&out, problem->error);
        PUT(&out, ", \"hint\": ");
        put_json_string(&out, problem->hint);
        PUT(&out, "}\n");
    } else {
        put_string(&out, problem->error);
        PUT(&out, "; ");
        put_string(&out, problem->hint);
        PUT(&out, "\n");
    }
    /* A reason that escapes to more than fits is left out; the code still tells. */
    struct answer answer = {
        .code = problem->code,
        .json = exchange->wants_json && out.at != NULL,
        .challenge = problem->code == HTTP_STATUS_UNAUTHORIZED,
        .allow = allow,
        .about = about,
        .body = {text, out.at != NULL ? (size_t)(out.at - text) : 0},
    };
    reply(exchange, &answer);
}

void reply_problem(const struct exchange *exchange, const struct problem *problem)
{
    reply_error(exchange, problem, 0, NULL);
}

void reply_problem_allow(const struct exchange *exchange, const struct problem *problem,
                         unsigned allow)
{
    reply_error(exchange, problem, allow, NULL);
}

void reply_problem_about(const struct exchange *exchange, const struct problem *problem,
                         const struct flock_status *about)
{
    reply_error(exchange, problem, 0, about);
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
