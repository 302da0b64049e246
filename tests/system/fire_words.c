/* fire_words.c: see fire_words.h. */
#include "fire_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/mutate.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define HUGE_BYTES   20000

static bool one_in(struct words *w, uint64_t n)
{
    return rng_below(&w->rng, n) == 0;
}

static const char *one_of(struct words *w, const char *const *texts, size_t count)
{
    return texts[rng_below(&w->rng, count)];
}
#define ONE_OF(words, texts) one_of(words, texts, COUNT(texts))

/* What there is no room for is cut. */
__attribute__((format(printf, 2, 3))) static void say(struct words *w, const char *format, ...)
{
    size_t room = sizeof w->at - w->bytes;
    va_list arguments;

    va_start(arguments, format);
    int bytes = vsnprintf(w->at + w->bytes, room, format, arguments);
    va_end(arguments);
    if (bytes > 0) w->bytes += (size_t)bytes < room ? (size_t)bytes : room - 1;
}

static void say_bytes(struct words *w, size_t count, bool letters)
{
    for (; count > 0 && w->bytes < sizeof w->at; count--) {
        uint64_t byte = letters ? 'a' + rng_below(&w->rng, 26) : rng_below(&w->rng, 256);
        w->at[w->bytes++] = (char)byte;
    }
}

static size_t any_length(struct words *w)
{
    return rng_magnitude(&w->rng, 1, one_in(w, 16) ? HUGE_BYTES : 200);
}

static const char *method(struct words *w)
{
    static const char *const reads[] = {"GET",  "GET",   "GET",   "GET",      "GET",
                                        "HEAD", "HEAD",  "PATCH", "OPTIONS",  "TRACE",
                                        "get",  "MERGE", "LINK",  "M-SEARCH", "CONNECT"};
    static const char *const writes[] = {"POST", "PUT", "DELETE"};

    return w->changes && one_in(w, 2) ? ONE_OF(w, writes) : ONE_OF(w, reads);
}

static void say_query(struct words *w)
{
    static const char *const names[] = {"hold", "wait",  "index", "probe", "force",
                                        "to",   "grace", "hold",  "wait",  "index"};
    static const char *const values[] = {"20ms",
                                         "30s",
                                         "1",
                                         "0",
                                         "18446744073709551615",
                                         "99999999999999999999999",
                                         "-1",
                                         "1us",
                                         "%31",
                                         "%zz",
                                         "",
                                         "m",
                                         "127.0.0.1%3a7001",
                                         "300s",
                                         "5m",
                                         "2ms"};

    for (uint64_t left = rng_below(&w->rng, 4), first = left; left > 0; left--)
        say(w, "%c%s=%s", left == first ? '?' : '&', ONE_OF(w, names), ONE_OF(w, values));
}

static void say_target(struct words *w)
{
    static const char *const paths[] = {"/status",
                                        "/status",
                                        "/goose",
                                        "/duck",
                                        "/",
                                        "/livez",
                                        "/readyz",
                                        "/members",
                                        "/why",
                                        "/members/127.0.0.1:7002",
                                        "/events",
                                        "/history",
                                        "/metrics",
                                        "/voters",
                                        "/members/[::1]%3A7003",
                                        "/handover",
                                        "/drain",
                                        "/job",
                                        "/faults",
                                        "*",
                                        "/nowhere",
                                        "//",
                                        "/%2e%2e/",
                                        "/status/",
                                        "/members/",
                                        "status",
                                        "/favicon.ico",
                                        "/status%",
                                        "localhost:80",
                                        "/members/%00",
                                        "/status",
                                        "/dashboard/../x#",
                                        "?",
                                        "/\x01",
                                        "/\xc3\xa9"};
    static const char *const before[] = {
        "http://localhost:7001", "http://evil.test", "HTTP://[::1]",
        "https://localhost",     "http://",          "//localhost"};

    if (one_in(w, 16)) say(w, "%s", ONE_OF(w, before));
    say(w, "%s", ONE_OF(w, paths));
    if (one_in(w, 32)) say_bytes(w, any_length(w), true);
    if (one_in(w, 2)) say_query(w);
}

static void say_fields(struct words *w)
{
    static const char *const fields[] = {
        "Accept: application/json",
        "Accept: text/html, application/json;q=1",
        "Accept: text/event-stream",
        "Accept: text/html",
        "Accept: ,;,;q=0.0001,*/*;q=",
        "Connection: close",
        "Connection: keep-alive",
        "Connection: keep-alive, Upgrade",
        "Connection: ,,close ,",
        "Upgrade: websocket",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAAQAAP__",
        "Expect: 100-continue",
        "Expect: something",
        "Origin: http://localhost",
        "Origin: null",
        "Origin: http://127.0.0.1:7001",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-origin",
        "Authorization: Bearer wrong-wrong-wrong-wrong",
        "Authorization: Bearer ",
        "Authorization: Basic Z29vc2U6Z29vc2U=",
        "X-Forwarded-For: 127.0.0.1",
        "Host: n1.test",
        "Content-Length: 2",
        "Content-Length: 99999",
        "Content-Length: -1",
        "Content-Length: 18446744073709551617",
        "Content-Length: 0x10",
        "Content-Length: 1, 1",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: gzip, chunked",
        "Range: bytes=0-1",
        "If-None-Match: *",
        "Last-Event-ID: 1",
        "Cookie: a=b",
        "X: a\r\n folded",
        "no colon",
        " : ",
        "X\t: y",
        "X: \x7f\xff",
    };

    for (uint64_t left = rng_below(&w->rng, one_in(w, 32) ? 200 : 4); left > 0; left--)
        say(w, "%s\r\n", ONE_OF(w, fields));
    if (!one_in(w, 32)) return;
    say(w, "X-Long: ");
    say_bytes(w, any_length(w), true);
    say(w, "\r\n");
}

static void say_host(struct words *w)
{
    static const char *const hosts[] = {
        "localhost", "127.0.0.1:7001", "[::1]:7400", "evil.test", "", "[", "a:b:c", "localhost."};

    if (!one_in(w, 4))
        say(w, "Host: localhost\r\n");
    else if (!one_in(w, 4))
        say(w, "Host: %s\r\n", ONE_OF(w, hosts));
}

static void say_body(struct words *w)
{
    static const char *const bodies[] = {
        "{}",
        "{\"to\":\"127.0.0.1:7002\"}",
        "{\"to\":\"127.0.0.1:7001\"}",
        "{\"to\":null}",
        "{\"to\":{\"to\":[]}}",
        "{\"wanted\":3}",
        "{\"wanted\":-1}",
        "{\"wanted\":1e999}",
        "{\"wanted\":31,\"wanted\":1}",
        "{\"freeze\":\"1s\"}",
        "{\"drop_from\":[\"127.0.0.1:7002\"],\"silent\":true}",
        "{\"delay\":\"1ms\",\"disk\":\"fails\"}",
        "\"\\u0000\"",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "{\"to\":\"127.0.0.1:7002\\u0000x\"}",
        "\xef\xbb\xbf{}",
    };
    const char *body = ONE_OF(w, bodies);

    if (one_in(w, 8)) {
        size_t bytes = any_length(w);
        say(w, "Content-Length: %zu\r\n\r\n", bytes);
        say_bytes(w, bytes, false);
    } else if (one_in(w, 8)) {
        say(w, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n%s\r\n0\r\n\r\n", strlen(body), body);
    } else {
        say(w, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    }
}

static void say_request(struct words *w)
{
    static const char *const versions[] = {"HTTP/1.0", "HTTP/1.0", "HTTP/1.0", "HTTP/2.0",
                                           "HTTP/0.9", "HTTP/1.9", "HTTP/1",   "",
                                           "http/1.1", "HTTP/1.11"};

    say(w, "%s ", method(w));
    say_target(w);
    say(w, " %s\r\n", one_in(w, 16) ? ONE_OF(w, versions) : "HTTP/1.1");
    say_host(w);
    say_fields(w);
    if (w->changes && !one_in(w, 4))
        say_body(w);
    else
        say(w, "\r\n");
    w->requests++;
}

/* Parts as long as a mutation may be: a change may be anywhere. */
static void alter(struct words *w)
{
    struct input input;
    size_t from = rng_below(&w->rng, w->bytes);

    input.count = w->bytes - from;
    if (input.count > FUZZ_BYTES_MAX) input.count = FUZZ_BYTES_MAX;
    memcpy(input.bytes, w->at + from, input.count);
    size_t behind = w->bytes - from - input.count;
    mutate(&w->rng, &input);
    if (from + input.count + behind > sizeof w->at) return;
    memmove(w->at + from + input.count, w->at + w->bytes - behind, behind);
    memcpy(w->at + from, input.bytes, input.count);
    w->bytes = from + input.count + behind;
}

void words_next(struct words *w, unsigned most)
{
    w->bytes = w->requests = 0;
    if (one_in(w, 64)) {
        say_bytes(w, any_length(w), false);
        return;
    }
    for (uint64_t left = rng_between(&w->rng, 1, most); left > 0; left--)
        say_request(w);
    for (uint64_t left = one_in(w, 4) ? rng_between(&w->rng, 1, 4) : 0; left > 0 && w->bytes > 0;
         left--)
        alter(w);
}
