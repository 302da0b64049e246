/* text.c: text into a bounded buffer, and small questions about text from clients.
 * It never allocates, and never reads past a span's end. */
#include "base/text.h"

#include <strings.h>

void put_string(struct out *out, const char *string)
{
    put(out, string, strlen(string));
}

void put_u64(struct out *out, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    put(out, digits + at, sizeof(digits) - at);
}

/* 64 bits as a string: a JSON number of that size loses its last digits in many readers. */
void put_hex64(struct out *out, uint64_t number)
{
    char quoted[18];
    quoted[0] = '"';
    for (int i = 16; i >= 1; i--) {
        quoted[i] = "0123456789abcdef"[number & 15];
        number >>= 4;
    }
    quoted[17] = '"';
    put(out, quoted, sizeof(quoted));
}

static void put_escaped(struct out *out, unsigned char c)
{
    char escape[] = {'\\', 'u', '0', '0', "0123456789abcdef"[c >> 4], "0123456789abcdef"[c & 15]};
    put(out, escape, sizeof(escape));
}

void put_json_string(struct out *out, const char *string)
{
    if (string == NULL) {
        PUT(out, "null");
        return;
    }
    PUT(out, "\"");
    for (; *string != '\0'; string++) {
        unsigned char c = (unsigned char)*string;
        if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
            put_escaped(out, c);
        else
            put(out, string, 1);
    }
    PUT(out, "\"");
}

void put_bool(struct out *out, bool yes)
{
    put_string(out, yes ? "true" : "false");
}

struct span span_of(const char *string)
{
    return (struct span){string, strlen(string)};
}

bool span_is(struct span span, const char *string)
{
    size_t bytes = strlen(string);
    return span.bytes == bytes && memcmp(span.at, string, bytes) == 0;
}

bool span_is_caseless(struct span a, struct span b)
{
    return a.bytes == b.bytes && strncasecmp(a.at, b.at, a.bytes) == 0;
}

bool span_starts_caseless(struct span span, const char *prefix)
{
    size_t bytes = strlen(prefix);
    return span.bytes >= bytes && strncasecmp(span.at, prefix, bytes) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct span span_trim(struct span span)
{
    while (span.bytes > 0 && is_blank(span.at[0])) {
        span.at++;
        span.bytes--;
    }
    while (span.bytes > 0 && is_blank(span.at[span.bytes - 1]))
        span.bytes--;
    return span;
}

bool duration_parse_us(struct span span, uint64_t *us)
{
    static const struct {
        const char *name;
        uint64_t us;
    } units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"m", 60000000}};

    uint64_t number = 0;
    size_t digits = 0;
    while (digits < span.bytes && span.at[digits] >= '0' && span.at[digits] <= '9') {
        if (digits == 11) return false; /* 10^11 minutes in microseconds still fit 64 bits */
        number = number * 10 + (uint64_t)(span.at[digits] - '0');
        digits++;
    }
    struct span unit = {span.at + digits, span.bytes - digits};
    for (size_t i = 0; digits > 0 && i < sizeof(units) / sizeof(units[0]); i++) {
        if (!span_is(unit, units[i].name)) continue;
        *us = number * units[i].us;
        return true;
    }
    return false;
}

bool number_parse(struct span span, uint64_t *number)
{
    if (span.bytes == 0 || span.bytes > 19) return false;
    *number = 0;
    for (size_t i = 0; i < span.bytes; i++) {
        if (span.at[i] < '0' || span.at[i] > '9') return false;
        *number = *number * 10 + (uint64_t)(span.at[i] - '0');
    }
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool percent_decode(struct span span, char *to, size_t to_bytes)
{
    size_t length = 0;
    for (size_t i = 0; i < span.bytes; i++) {
        char c = span.at[i];
        if (c == '%') {
            int high = i + 2 < span.bytes ? hex_digit(span.at[i + 1]) : -1;
            int low = i + 2 < span.bytes ? hex_digit(span.at[i + 2]) : -1;
            if (high < 0 || low < 0) return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0' || length + 1 >= to_bytes) return false;
        to[length++] = c;
    }
    to[length] = '\0';
    return true;
}

bool query_find(struct span query, const char *name, struct span *value)
{
    size_t name_bytes = strlen(name);
    while (query.bytes > 0) {
        const char *ampersand = memchr(query.at, '&', query.bytes);
        size_t bytes = ampersand == NULL ? query.bytes : (size_t)(ampersand - query.at);
        const char *equals = memchr(query.at, '=', bytes);
        size_t key_bytes = equals == NULL ? bytes : (size_t)(equals - query.at);
        if (key_bytes == name_bytes && memcmp(query.at, name, name_bytes) == 0) {
            size_t skipped = equals == NULL ? bytes : key_bytes + 1;
            *value = (struct span){query.at + skipped, bytes - skipped};
            return true;
        }
        if (ampersand == NULL) return false;
        query.at += bytes + 1;
        query.bytes -= bytes + 1;
    }
    return false;
}
