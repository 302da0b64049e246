/* http_client.c: see http_client.h. It reads answers strictly, as no client has to: whatever the
 * server need not say, it does not say. */
#include "http_client.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "http/access.h"
#include "http/request.h"

#define REFERENCE_READ_BYTES 4096
#define JSON_BYTES_MAX       4096 /* a longer body is a list of what is in shorter ones */

static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

void client_clear(struct client *client)
{
    memset(client, 0, offsetof(struct client, asked));
}

static void note_request(struct client *client, const struct request *request,
                         const struct access *access)
{
    struct exchange exchange = {.access = access};
    bool good = request_read(request, &exchange);
    bool streams = good && exchange.method == HTTP_GET && span_is(exchange.path, "/events") &&
                   access_refusal(&exchange, ACCESS_HOST | ACCESS_PAGE) == NULL;
    struct span wait;

    assert(client->requests < REQUESTS_MAX);
    client->watches = client->watches || streams || query_find(exchange.query, "wait", &wait);
    client->asked[client->requests++] = (struct wanted_answer){
        exchange.method == HTTP_HEAD, streams || !exchange.keep_alive, !good, streams};
}

void client_count_requests(struct client *client, const struct access *access)
{
    struct request request;
    const char *at = client->says;
    size_t left = client->says_bytes, seen = 0, there = 0;

    request_init(&request);
    while (there < left) {
        there = left - seen < REFERENCE_READ_BYTES ? left : seen + REFERENCE_READ_BYTES;
        enum request_progress parsed = request_parse(&request, at, &seen, there);
        if (parsed == REQUEST_UNFINISHED) continue;
        note_request(client, &request, access);
        if (client->asked[client->requests - 1].last) return;
        at += seen;
        left -= seen;
        seen = there = 0;
    }
}

static bool starts(const char *at, const char *text)
{
    return strncmp(at, text, strlen(text)) == 0;
}

struct head {
    unsigned code;
    size_t length;
    bool has_length;
    bool closes;
    bool json;
    bool streams;
};

static void read_field(const char *at, size_t bytes, struct head *head)
{
    const char *colon = memchr(at, ':', bytes);

    assert(colon != NULL && colon > at && colon[1] == ' ');
    for (size_t i = 0; i < bytes; i++)
        assert(at[i] >= ' ' && at[i] != 0x7f);
    for (const char *name = at; name < colon; name++)
        assert((*name >= 'A' && *name <= 'Z') || (*name >= 'a' && *name <= 'z') || *name == '-');
    if (starts(at, "Content-Length: ")) {
        char *end = NULL;
        assert(!head->has_length);
        head->has_length = true;
        head->length = strtoul(colon + 2, &end, 10);
        assert(end == at + bytes && end > colon + 2);
    }
    if (starts(at, "Connection: close\r")) head->closes = true;
    if (starts(at, "Content-Type: application/json\r")) head->json = true;
    if (starts(at, "Content-Type: text/event-stream\r")) head->streams = true;
}

static void read_status_line(const char *at, size_t bytes, struct head *head)
{
    assert(bytes > 13 && starts(at, "HTTP/1.1 ") && at[12] == ' ');
    for (int i = 9; i < 12; i++) {
        assert(at[i] >= '0' && at[i] <= '9');
        head->code = head->code * 10 + (unsigned)(at[i] - '0');
    }
    assert(head->code >= 200 && head->code <= 599);
}

/* Where the body begins; 0: the head is not all there. */
static size_t read_head(const char *heard, size_t bytes, struct head *head)
{
    const char *at = heard, *end = heard + bytes;

    for (unsigned line = 0;; line++) {
        const char *stop = memchr(at, '\r', (size_t)(end - at));
        if (stop == NULL || stop + 1 == end) return 0;
        assert(stop[1] == '\n');
        if (stop == at) break;
        if (line == 0)
            read_status_line(at, (size_t)(stop - at), head);
        else
            read_field(at, (size_t)(stop - at), head);
        at = stop + 2;
    }
    assert(head->code > 0 && head->has_length != head->streams);
    return (size_t)(at + 2 - heard);
}

static void check_json(const char *body, size_t bytes)
{
    const char *end = NULL;
    cJSON *value = cJSON_ParseWithLengthOpts(body, bytes, &end, false);

    assert(value != NULL && end + 1 == body + bytes && *end == '\n');
    cJSON_Delete(value);
}

/* Why it is refused may depend on the packets: where one ends in a Transfer-Encoding that is wrong,
 * the server can tell that. */
static bool code_fits(unsigned code, bool refused)
{
    return code == 400 || refused == (code == 413 || code == 431 || code == 501 || code == 505);
}

/* How many bytes the first answer has; 0: it is not all there. */
static size_t take_answer(struct client *client)
{
    const size_t go_on_bytes = sizeof go_on - 1;
    struct head head = {0};

    if (client->heard_bytes >= go_on_bytes && starts(client->heard, go_on)) return go_on_bytes;
    size_t body_at = read_head(client->heard, client->heard_bytes, &head);
    if (body_at == 0) return 0;
    assert(client->answers < client->requests); /* nobody speaks who was not asked */
    const struct wanted_answer *asked = &client->asked[client->answers];
    size_t body_bytes = asked->head ? 0 : head.length;
    if (client->heard_bytes - body_at < body_bytes) return 0;
    assert(head.closes == asked->last && head.streams == asked->streams);
    client->streams = head.streams;
    assert(code_fits(head.code, asked->refused));
    if (head.json && body_bytes > 0 && body_bytes <= JSON_BYTES_MAX)
        check_json(client->heard + body_at, body_bytes);
    client->answers++;
    return body_at + body_bytes;
}

/* A line of a stream; 0: it is not all there. */
static size_t take_line(const struct client *client)
{
    const char *end = memchr(client->heard, '\n', client->heard_bytes);
    size_t bytes = end == NULL ? 0 : (size_t)(end + 1 - client->heard);

    if (bytes <= 1) return bytes;
    assert(starts(client->heard, "id: ") || starts(client->heard, "event: status\n") ||
           starts(client->heard, "data: {") || starts(client->heard, ": still here\n"));
    if (starts(client->heard, "data: ")) check_json(client->heard + 6, bytes - 6);
    return bytes;
}

/* The beginning of a 100 is no head of another answer. */
static bool may_be_going_on(const struct client *client)
{
    size_t bytes = client->heard_bytes < sizeof go_on - 1 ? client->heard_bytes : sizeof go_on - 1;
    return memcmp(client->heard, go_on, bytes) == 0 && bytes < sizeof go_on - 1;
}

void client_hear(struct client *client, const char *bytes, size_t count)
{
    assert(count < HEARD_BYTES - client->heard_bytes);
    memcpy(client->heard + client->heard_bytes, bytes, count);
    client->heard_bytes += count;
    client->heard[client->heard_bytes] = '\0';
    while (client->heard_bytes > 0 && (client->streams || !may_be_going_on(client))) {
        size_t taken = client->streams ? take_line(client) : take_answer(client);
        if (taken == 0) return;
        client->heard_bytes -= taken;
        memmove(client->heard, client->heard + taken, client->heard_bytes + 1);
    }
}
