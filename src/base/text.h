/* text.h: text into a bounded buffer, and small questions about text from clients.
 * Nothing here allocates, and nothing reads past a span's end. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A view of somebody else's bytes. */
struct span {
    const char *at;
    size_t bytes;
};

/* A cursor that stays failed: once something did not fit, `at` is NULL for good. */
struct out {
    char *at;
    const char *end;
};

static inline void put(struct out *out, const char *from, size_t bytes)
{
    if (out->at == NULL) return;
    if ((size_t)(out->end - out->at) < bytes) {
        out->at = NULL;
        return;
    }
    memcpy(out->at, from, bytes);
    out->at += bytes;
}

#define PUT(out, literal) put((out), "" literal, sizeof(literal) - 1)

void put_string(struct out *out, const char *string);
void put_u64(struct out *out, uint64_t number);
void put_hex64(struct out *out, uint64_t number);          /* "00000000deadbeef", quoted */
void put_json_string(struct out *out, const char *string); /* quoted and escaped; NULL: null */
void put_bool(struct out *out, bool yes);

struct span span_of(const char *string);
bool span_is(struct span span, const char *string);
bool span_is_caseless(struct span a, struct span b);
bool span_starts_caseless(struct span span, const char *prefix);
struct span span_trim(struct span span); /* without blanks and tabs around it */

/* "250ms": a whole number and us, ms, s or m. */
bool duration_parse_us(struct span span, uint64_t *us);

/* Up to 19 digits and nothing else. */
bool number_parse(struct span span, uint64_t *number);

/* Undoes %XX into `to`, zero-terminated. False: malformed, a zero byte, or too long. */
bool percent_decode(struct span span, char *to, size_t to_bytes);

/* The value of `name` in "a=1&b=2". False: not there. */
bool query_find(struct span query, const char *name, struct span *value);

#endif
