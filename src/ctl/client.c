/* client.c: see client.h. One connection a request: whoever asks a node now and then needs no more. */
#include "ctl/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <http_parser.h>

#include "base/clock.h"
#include "ctl/connect.h"

#define HEAD_BYTES 2048 /* of a request: a path with an address in it, and a token */

struct exchange {
    const struct client_request *request;
    struct client_answer *answer;
    http_parser parser;
    int fd;
    bool is_index;   /* the header field that is being read */
    bool is_value;   /* its name is complete */
    char field[16];  /* its name, as far as it fits */
    size_t room;     /* of answer->body */
    bool over;       /* the answer is complete */
    bool enough;     /* whoever gets the pieces wants no more */
    const char *bad; /* why it is no answer of ours */
    uint64_t heard_us;
};

/* ---- what comes ---- */

static int name_came(http_parser *parser, const char *at, size_t bytes)
{
    struct exchange *exchange = parser->data;
    size_t used = exchange->is_value ? 0 : strlen(exchange->field);
    size_t room = sizeof exchange->field - 1 - used;

    exchange->is_value = false;
    if (bytes > room) bytes = room;
    memcpy(exchange->field + used, at, bytes);
    exchange->field[used + bytes] = '\0';
    return 0;
}

static int value_came(http_parser *parser, const char *at, size_t bytes)
{
    struct exchange *exchange = parser->data;

    if (!exchange->is_value) exchange->is_index = strcasecmp(exchange->field, "Goose-Index") == 0;
    exchange->is_value = true;
    for (size_t i = 0; i < bytes && exchange->is_index; i++)
        if (at[i] >= '0' && at[i] <= '9')
            exchange->answer->index = exchange->answer->index * 10 + (uint64_t)(at[i] - '0');
    return 0;
}

static int head_over(http_parser *parser)
{
    struct exchange *exchange = parser->data;

    exchange->answer->code = parser->status_code;
    return 0;
}

static int keep(struct exchange *exchange, const char *at, size_t bytes)
{
    struct client_answer *answer = exchange->answer;

    if (bytes > CLIENT_ANSWER_BYTES - answer->bytes) {
        exchange->bad = "sends more than any goosed";
        return 1;
    }
    if (answer->bytes + bytes >= exchange->room) {
        exchange->room = 2 * (answer->bytes + bytes) + 1024;
        char *larger = realloc(answer->body, exchange->room);
        exchange->bad = larger == NULL ? "sends more than there is memory for" : NULL;
        if (larger == NULL) return 1;
        answer->body = larger;
    }
    memcpy(answer->body + answer->bytes, at, bytes);
    answer->bytes += bytes;
    answer->body[answer->bytes] = '\0';
    return 0;
}

static int body_came(http_parser *parser, const char *at, size_t bytes)
{
    struct exchange *exchange = parser->data;

    if (exchange->request->piece == NULL || parser->status_code != 200)
        return keep(exchange, at, bytes);
    exchange->enough = !exchange->request->piece(exchange->request->to, at, bytes);
    return exchange->enough ? 1 : 0;
}

static int all_came(http_parser *parser)
{
    struct exchange *exchange = parser->data;

    exchange->over = true;
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings callbacks = {
    .on_header_field = name_came,
    .on_header_value = value_came,
    .on_headers_complete = head_over,
    .on_body = body_came,
    .on_message_complete = all_came,
};

/* ---- what goes ---- */

/* Bytes of the head, or 0: too long. */
static size_t put_head(char head[HEAD_BYTES], const struct place *at,
                       const struct client_request *request)
{
    bool token = request->token != NULL && request->token[0] != '\0';
    size_t body = request->body != NULL ? strlen(request->body) : 0;
    const char *method = request->method != NULL ? request->method : "GET";
    bool sends = body > 0 || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;
    char about_body[96] = "";

    if (sends)
        snprintf(about_body, sizeof about_body,
                 "Content-Type: application/json\r\nContent-Length: %zu\r\n", body);
    int bytes = snprintf(head, HEAD_BYTES,
                         "%s %s HTTP/1.1\r\nHost: %s\r\nAccept: %s\r\nConnection: close\r\n"
                         "User-Agent: goosectl\r\n%s%s%s%s\r\n",
                         method, request->path, place_host(at),
                         request->accept != NULL ? request->accept : "application/json",
                         token ? "Authorization: Bearer " : "", token ? request->token : "",
                         token ? "\r\n" : "", about_body);
    return bytes > 0 && bytes < HEAD_BYTES ? (size_t)bytes : 0;
}

/* What is sent is small: it fits into any socket's buffer, or the other side is not worth waiting for. */
static bool send_all(int fd, const char *at, size_t bytes)
{
    while (bytes > 0) {
        ssize_t sent = send(fd, at, bytes, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        at += sent;
        bytes -= (size_t)sent;
    }
    return true;
}

/* ---- both ---- */

static const char *took(struct exchange *exchange, const char *at, size_t bytes)
{
    http_parser_execute(&exchange->parser, &callbacks, at, bytes);
    enum http_errno error = HTTP_PARSER_ERRNO(&exchange->parser);
    if (exchange->over || exchange->enough || error == HPE_OK) return NULL;
    if (exchange->bad != NULL) return exchange->bad;
    return exchange->answer->code == 0 ? "does not speak HTTP: is this the port of a goosed?"
                                       : "broke its answer off";
}

/* How long to wait now: for a byte or for the next tick; 0: patience is over. */
static int wait_ms(const struct exchange *exchange, uint64_t now_us)
{
    const struct client_request *request = exchange->request;
    unsigned patience_ms = request->patience_ms > 0 ? request->patience_ms : CLIENT_PATIENCE_MS;
    uint64_t end_us = exchange->heard_us + (uint64_t)patience_ms * 1000;

    if (now_us >= end_us) return 0;
    uint64_t left_ms = (end_us - now_us) / 1000 + 1;
    return (int)(request->tick != NULL && left_ms > request->tick_ms ? request->tick_ms : left_ms);
}

static const char *read_some(struct exchange *exchange)
{
    char bytes[16384];
    ssize_t got = recv(exchange->fd, bytes, sizeof bytes, 0);

    if (got < 0) return errno == EINTR || errno == EAGAIN ? NULL : strerror(errno);
    if (exchange->request->piece != NULL) exchange->heard_us = clock_now_us();
    const char *wrong = took(exchange, bytes, (size_t)got);
    if (got > 0 || exchange->over || exchange->enough || wrong != NULL) return wrong;
    return exchange->answer->code == 0 ? "closed the connection without an answer"
                                       : "broke its answer off";
}

/* NULL: the answer is whole, or enough of it. */
static const char *read_all(struct exchange *exchange)
{
    const char *wrong = NULL;

    while (wrong == NULL && !exchange->over && !exchange->enough) {
        struct pollfd readable = {.fd = exchange->fd, .events = POLLIN};
        int ms = wait_ms(exchange, clock_now_us());
        if (ms == 0) return "does not answer, though its port is open";
        int ready = poll(&readable, 1, ms);
        if (ready > 0)
            wrong = read_some(exchange);
        else if (ready == 0 && exchange->request->tick != NULL)
            exchange->enough = !exchange->request->tick(exchange->request->to);
    }
    return wrong;
}

static const char *talk(struct exchange *exchange, const struct place *at)
{
    const struct client_request *request = exchange->request;
    char head[HEAD_BYTES];
    size_t bytes = put_head(head, at, request);

    if (bytes == 0) return "cannot be asked that: the request is too long";
    http_parser_init(&exchange->parser, HTTP_RESPONSE);
    exchange->parser.data = exchange;
    exchange->heard_us = exchange->answer->sent_us = clock_now_us();
    exchange->answer->sent = true;
    if (!send_all(exchange->fd, head, bytes) ||
        (request->body != NULL && !send_all(exchange->fd, request->body, strlen(request->body))))
        return strerror(errno);
    return read_all(exchange);
}

bool client_ask(const struct place *at, const struct client_request *request,
                struct client_answer *answer, char why[CLIENT_LINE_BYTES])
{
    struct exchange exchange = {.request = request, .answer = answer};

    *answer = (struct client_answer){0};
    exchange.fd = connect_to(at, request->connect_ms > 0 ? request->connect_ms : CLIENT_CONNECT_MS,
                             why, CLIENT_LINE_BYTES);
    if (exchange.fd < 0) return false;
    const char *wrong = keep(&exchange, "", 0) == 0 ? talk(&exchange, at) : exchange.bad;
    close(exchange.fd);
    if (wrong == NULL) return true;
    snprintf(why, CLIENT_LINE_BYTES, "%s: %s", at->chars, wrong);
    client_free(answer);
    return false;
}

void client_free(struct client_answer *answer)
{
    free(answer->body);
    answer->body = NULL;
}
