/* request.c: bytes -> a request, with http-parser, in place. It never copies a byte and never
 * trusts one: what the rules of HTTP forbid becomes a problem with a reason. */
#include "http/request.h"

#include <assert.h>
#include <string.h>

static const struct problem malformed = {
    400, "this is not a valid HTTP/1.1 request",
    "send a request line, header fields and a body as RFC 9112 says"};
static const struct problem header_too_large = {431, "the header is larger than 8192 bytes",
                                                "send fewer or shorter header fields"};
static const struct problem body_too_large = {413, "the body is larger than 16384 bytes",
                                              "no request here needs so much"};
static const struct problem transfer_encoded = {501, "Transfer-Encoding is not supported",
                                                "send the body as it is, with a Content-Length"};
static const struct problem wrong_version = {505, "only HTTP/1.1 and HTTP/1.0 are spoken here",
                                             "ask again as HTTP/1.1"};
static const struct problem one_host = {400, "an HTTP/1.1 request has exactly one Host field",
                                        "send one, such as Host: localhost"};
static const struct problem repeated = {400, "Origin or Authorization is there more than once",
                                        "send it once"};
static const struct problem folded = {400, "a field is folded over several lines",
                                      "send it on one line"};
static const struct problem bare_lf = {400, "a line of the header ends in LF alone",
                                       "end each in CR LF"};

static void refuse(struct request *request, const struct problem *problem)
{
    if (request->problem == NULL) request->problem = problem;
}

/* The parser hands out a field in pieces where a read ended in it; they lie one behind the other.
 * Only an obsolete folded line leaves a gap, and RFC 9112 5.2 has a server refuse that. */
static void extend(struct request *request, struct field *field, const char *at, size_t bytes)
{
    size_t from = (size_t)(at - request->base);
    assert(from + bytes <= UINT16_MAX);
    if (field->bytes == 0) field->at = (uint16_t)from;
    if ((size_t)field->at + field->bytes != from) refuse(request, &folded);
    field->bytes = (uint16_t)(from + bytes - field->at);
}

/* The parser takes LF for CR LF. Who reads a request otherwise than a proxy in front of it can be
 * made to see another one. */
static void want_ends(struct request *request, const char *behind, const char *ends)
{
    size_t bytes = strlen(ends);
    if ((size_t)(behind - request->base) < bytes || memcmp(behind - bytes, ends, bytes) != 0)
        refuse(request, &bare_lf);
}

static struct span view(const struct request *request, struct field field)
{
    return (struct span){request->base + field.at, field.bytes};
}

static int on_begin(http_parser *parser)
{
    struct request *request = parser->data;
    const struct request fresh = {.parser = request->parser, .base = request->base};
    *request = fresh;
    return 0;
}

static int on_target(http_parser *parser, const char *at, size_t bytes)
{
    struct request *request = parser->data;
    extend(request, &request->target, at, bytes);
    return 0;
}

static bool ends_word(char c)
{
    return c == ',' || c == ';' || c == ' ' || c == '\t';
}

/* Whether a list of media ranges names this type: that word and no longer one. */
static bool resolver_type(struct span accept, const char *type)
{
    size_t bytes = strlen(type);
    while (accept.bytes >= bytes) {
        if (span_starts_caseless(accept, type)) {
            struct span rest = {accept.at + bytes, accept.bytes - bytes};
            if (rest.bytes == 0 || ends_word(rest.at[0])) return true;
        }
        const char *comma = memchr(accept.at, ',', accept.bytes);
        if (comma == NULL) return false;
        accept.bytes -= (size_t)(comma + 1 - accept.at);
        accept.at = comma + 1;
        accept = span_trim(accept);
    }
    return false;
}

static void keep_once(struct request *request, struct field *kept, bool *has, struct span value,
                      const struct problem *twice)
{
    if (*has) refuse(request, twice);
    *has = true;
    kept->at = (uint16_t)(value.at - request->base);
    kept->bytes = (uint16_t)value.bytes;
}

/* Browsers say whose page makes them ask, and no page can change that: "none" is the user. */
static bool is_other_site(struct span value)
{
    return !span_is_caseless(value, span_of("same-origin")) &&
           !span_is_caseless(value, span_of("none"));
}

static void end_field(struct request *request)
{
    struct span name = view(request, request->name);
    struct span value = span_trim(view(request, request->value));
    /* RFC 9112 5.1: no blank between name and colon; a proxy in front might read such a field
     * otherwise. */
    if (memchr(name.at, ' ', name.bytes) != NULL) {
        refuse(request, &malformed);
    } else if (span_is_caseless(name, span_of("host"))) {
        keep_once(request, &request->host, &request->has_host, value, &one_host);
    } else if (span_is_caseless(name, span_of("accept"))) {
        request->wants_json = request->wants_json || resolver_type(value, "application/json");
        request->wants_html = request->wants_html || resolver_type(value, "text/html");
    } else if (span_is_caseless(name, span_of("origin"))) {
        keep_once(request, &request->origin, &request->has_origin, value, &repeated);
    } else if (span_is_caseless(name, span_of("sec-fetch-site"))) {
        request->cross_site = request->cross_site || is_other_site(value);
    } else if (span_is_caseless(name, span_of("authorization"))) {
        keep_once(request, &request->authorization, &request->has_authorization, value, &repeated);
    } else if (span_is_caseless(name, span_of("expect"))) {
        request->expects = span_is_caseless(value, span_of("100-continue"));
    } else if (span_is_caseless(name, span_of("transfer-encoding"))) {
        request->encoded = true;
    }
    request->name = (struct field){0};
    request->value = (struct field){0};
    request->in_value = false;
}

static int on_name(http_parser *parser, const char *at, size_t bytes)
{
    struct request *request = parser->data;
    if (request->in_value) end_field(request);
    if (request->name.bytes == 0) want_ends(request, at, "\r\n");
    extend(request, &request->name, at, bytes);
    return 0;
}

static int on_value(http_parser *parser, const char *at, size_t bytes)
{
    struct request *request = parser->data;
    request->in_value = true;
    extend(request, &request->value, at, bytes);
    return 0;
}

/* What the header alone tells is refused before a body is waited for. */
static int on_header_end(http_parser *parser)
{
    struct request *request = parser->data;
    if (request->in_value) end_field(request);
    bool has_body = parser->content_length != UINT64_MAX && parser->content_length > 0;
    if (parser->http_major != 1) refuse(request, &wrong_version);
    if (request->encoded) refuse(request, &transfer_encoded);
    if (has_body && parser->content_length > BODY_BYTES_MAX) refuse(request, &body_too_large);
    if (parser->http_minor > 0 && !request->has_host) refuse(request, &one_host);
    request->wants_continue = request->expects && has_body && parser->http_minor > 0;
    return request->problem == NULL ? 0 : -1;
}

static int on_body(http_parser *parser, const char *at, size_t bytes)
{
    struct request *request = parser->data;
    if (request->body.bytes == 0) want_ends(request, at, "\r\n\r\n");
    extend(request, &request->body, at, bytes);
    return 0;
}

/* Stop here: the answer is made outside the parser, and where this request ends the next one
 * begins. */
static int on_end(http_parser *parser)
{
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings callbacks = {
    .on_message_begin = on_begin,
    .on_url = on_target,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_header_end,
    .on_body = on_body,
    .on_message_complete = on_end,
};

void request_init(struct request *request)
{
    *request = (struct request){0};
    http_parser_init(&request->parser, HTTP_REQUEST);
}

enum request_progress request_parse(struct request *request, const char *base, size_t *seen,
                                    size_t bytes)
{
    http_parser *parser = &request->parser;
    assert(*seen <= bytes);
    request->base = base;
    parser->data = request;
    *seen += http_parser_execute(parser, &callbacks, base + *seen, bytes - *seen);
    enum http_errno error = HTTP_PARSER_ERRNO(parser);
    if (error == HPE_OK) return REQUEST_UNFINISHED;
    /* An Upgrade is an offer, and this server takes none: what follows is HTTP/1.1 still. */
    if (error == HPE_PAUSED) {
        http_parser_pause(parser, 0);
        if (request->body.bytes == 0) want_ends(request, base + *seen, "\r\n\r\n");
        return REQUEST_WHOLE;
    }
    if (request->in_value) end_field(request); /* it may be the Transfer-Encoding that is wrong */
    if (error == HPE_HEADER_OVERFLOW)
        refuse(request, &header_too_large);
    else
        refuse(request, request->encoded ? &transfer_encoded : &malformed);
    return REQUEST_REFUSED;
}

/* "http://host/path" is a valid target too; its host then counts, RFC 9112 3.2.2. */
static void split_target(struct exchange *exchange, struct span target)
{
    if (span_starts_caseless(target, "http://")) {
        const char *authority = target.at + 7;
        size_t bytes = target.bytes - 7;
        const char *slash = memchr(authority, '/', bytes);
        size_t host_bytes = slash == NULL ? bytes : (size_t)(slash - authority);
        exchange->host = (struct span){authority, host_bytes};
        target = slash == NULL ? span_of("/") : (struct span){slash, bytes - host_bytes};
    }
    const char *fragment = memchr(target.at, '#', target.bytes);
    if (fragment != NULL) target.bytes = (size_t)(fragment - target.at);
    const char *question = memchr(target.at, '?', target.bytes);
    exchange->path = target;
    if (question == NULL) return;
    exchange->path.bytes = (size_t)(question - target.at);
    exchange->query = (struct span){question + 1, target.bytes - exchange->path.bytes - 1};
}

bool request_read(const struct request *request, struct exchange *exchange)
{
    exchange->method = (enum http_method)request->parser.method;
    exchange->wants_json = request->wants_json;
    exchange->wants_html = request->wants_html;
    exchange->cross_site = request->cross_site;
    exchange->keep_alive =
        request->problem == NULL && http_should_keep_alive(&request->parser) != 0;
    exchange->says_so = request->parser.http_minor == 0;
    if (request->problem != NULL) return false;
    if (request->has_host) exchange->host = view(request, request->host);
    if (request->has_origin) exchange->origin = view(request, request->origin);
    if (request->has_authorization) exchange->authorization = view(request, request->authorization);
    exchange->body = view(request, request->body);
    split_target(exchange, view(request, request->target));
    return true;
}
