/* reply.c: answers out, and the shape of an error. An answer goes into a buffer that all
 * connections share; what the kernel does not take at once is kept, and counted. */
#include <assert.h>
#include <stdlib.h>

#include "http/answer.h"
#include "http/inside.h"

/* Answers that the kernel did not take at once. */
struct unsent {
    uv_write_t write;
    struct connection *connection;
    size_t bytes; /* of the copy; none is made of what lasts */
    char copy[];
};

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
        connection->server->resume(connection);
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
    while (text.bytes > 0) {
        size_t room = sizeof(server->write) - server->written;
        size_t bytes = text.bytes < room ? text.bytes : room;
        memcpy(server->write + server->written, text.at, bytes);
        server->written += bytes;
        text.at += bytes;
        text.bytes -= bytes;
        if (text.bytes > 0) connection_flush(connection);
    }
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
