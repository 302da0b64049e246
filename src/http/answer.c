/* answer.c: an answer's head as bytes.
 * It never keeps anything: what an answer says was read by its handler a moment ago. */
#include "http/answer.h"

void put_methods(struct out *out, unsigned methods)
{
    static const enum http_method order[] = {HTTP_GET, HTTP_HEAD,   HTTP_POST,
                                             HTTP_PUT, HTTP_DELETE, HTTP_OPTIONS};
    bool first = true;
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        if ((methods & 1u << order[i]) == 0) continue;
        if (!first) PUT(out, ", ");
        put_string(out, http_method_str(order[i]));
        first = false;
    }
}

/* Milliseconds are rounded down: a client may rely on what it reads. */
static void put_role_fields(struct out *out, const struct answer *answer)
{
    PUT(out, "Goose-Term: ");
    put_u64(out, answer->about->term);
    PUT(out, "\r\nGoose-Index: ");
    put_u64(out, answer->about->index);
    PUT(out, "\r\nGoose-Lease-Ms: ");
    put_u64(out, answer->about->lease_us / 1000);
    if (answer->about->goose != NULL) {
        PUT(out, "\r\nGoose-Address: ");
        put_string(out, answer->about->goose);
    }
    if (answer->holds) {
        PUT(out, "\r\nGoose-Hold-Ms: ");
        put_u64(out, answer->hold_us / 1000);
    }
    PUT(out, "\r\n");
}

static void put_status_line(struct out *out, unsigned code)
{
    if (code == HTTP_STATUS_OK) {
        PUT(out, "HTTP/1.1 200 OK\r\n");
        return;
    }
    PUT(out, "HTTP/1.1 ");
    put_u64(out, code);
    PUT(out, " ");
    put_string(out, http_status_str((enum http_status)code));
    PUT(out, "\r\n");
}

void answer_put_head(struct out *out, const struct exchange *exchange, const struct answer *answer)
{
    put_status_line(out, answer->code);
    if (answer->fields != NULL)
        put_string(out, answer->fields);
    else if (answer->json)
        PUT(out, "Content-Type: application/json\r\n");
    else
        PUT(out, "Content-Type: text/plain\r\n");
    PUT(out, "Cache-Control: no-store\r\n");
    if (!answer->open && !answer->stream) {
        PUT(out, "Content-Length: ");
        put_u64(out, answer->body.bytes);
        PUT(out, "\r\n");
    }
    if (answer->about != NULL) put_role_fields(out, answer);
    if (answer->allow != 0) {
        PUT(out, "Allow: ");
        put_methods(out, answer->allow);
        PUT(out, "\r\n");
    }
    if (answer->challenge) PUT(out, "WWW-Authenticate: Bearer realm=\"goosed\"\r\n");
    if (!exchange->keep_alive || answer->open || answer->stream)
        PUT(out, "Connection: close\r\n");
    else if (exchange->says_so)
        PUT(out, "Connection: keep-alive\r\n");
    PUT(out, "\r\n");
}
