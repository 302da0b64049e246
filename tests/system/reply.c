/* reply.c: status line, the headers that matter, and a body of "goose\n" or "duck\n". */
#include "reply.h"

#include <string.h>
#include <strings.h>

/* Digits, and nothing else, up to `end`. */
static bool take_number(const char *at, const char *end, uint64_t *value)
{
    while (at < end && *at == ' ')
        at++;
    *value = 0;
    const char *first = at;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        if (*value > (UINT64_MAX - 9) / 10) return false;
        *value = *value * 10 + (uint64_t)(*at - '0');
    }
    return at == end && at > first;
}

/* The value of a header as a number; false: it is not there, or is none. */
static bool number_of(const char *head, const char *end, const char *name, uint64_t *value)
{
    size_t length = strlen(name);
    const char *line = memchr(head, '\n', (size_t)(end - head));
    while (line != NULL && ++line < end) {
        const char *stop = memchr(line, '\r', (size_t)(end - line));
        if (stop == NULL) return false;
        if ((size_t)(stop - line) > length && line[length] == ':' &&
            strncasecmp(line, name, length) == 0)
            return take_number(line + length + 1, stop, value);
        line = memchr(line, '\n', (size_t)(end - line));
    }
    return false;
}

static bool body_is(const char *body, size_t count, const char *text)
{
    return count == strlen(text) && memcmp(body, text, count) == 0;
}

enum reply_result reply_parse(const char *text, size_t count, struct reply *reply)
{
    static const char ok[] = "HTTP/1.1 200 ";
    *reply = (struct reply){0};
    const char *blank = memmem(text, count, "\r\n\r\n", 4);
    if (blank == NULL) return count < REPLY_BYTES_MAX ? REPLY_PART : REPLY_BAD;
    const char *head_end = blank + 2;
    const char *body = blank + 4;
    uint64_t length;
    if (count < strlen(ok) || memcmp(text, ok, strlen(ok)) != 0) return REPLY_BAD;
    if (!number_of(text, head_end, "Content-Length", &length)) return REPLY_BAD;
    if (length > 6) return REPLY_BAD;
    if ((size_t)(text + count - body) < length) return REPLY_PART;
    reply->is_goose = body_is(body, (size_t)length, "goose\n");
    if (!reply->is_goose && !body_is(body, (size_t)length, "duck\n")) return REPLY_BAD;
    bool has_term = number_of(text, head_end, "Goose-Term", &reply->term);
    bool has_lease = number_of(text, head_end, "Goose-Lease-Ms", &reply->lease_ms);
    if (reply->is_goose && !(has_term && has_lease)) return REPLY_BAD;
    if (!number_of(text, head_end, "Goose-Hold-Ms", &reply->hold_ms)) reply->hold_ms = 0;
    reply->bytes = (size_t)(body - text) + (size_t)length;
    return REPLY_WHOLE;
}
