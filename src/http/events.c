/* events.c: a change as a server-sent event, and the changes of the goose that the node remembers.
 * Who gets which event, and when, is watch.c's business. */
#include "http/events.h"

#include <time.h>

#include "http/kept.h"
#include "http/status.h"

#define HISTORY_BYTES_MAX 65536

_Static_assert(SMALL_BODY_BYTES_MAX + 256 <= EVENT_BYTES_MAX, "a status, and what goes around it");
_Static_assert(EVENT_BYTES_MAX + ANSWER_HEAD_BYTES_MAX <= 4096, "the first event and its head");

size_t event_text(char text[EVENT_BYTES_MAX], const struct flock_status *status)
{
    struct out out = {text, text + EVENT_BYTES_MAX};
    PUT(&out, "id: ");
    put_u64(&out, status->index);
    PUT(&out, "\nevent: status\ndata: ");
    status_put(&out, status,
               status->hold_us < status->lease_us ? status->hold_us : status->lease_us);
    PUT(&out, ",\"index\":");
    put_u64(&out, status->index);
    PUT(&out, ",\"why\":");
    put_json_string(&out, status->why);
    PUT(&out, "}\n\n");
    return out.at == NULL ? 0 : (size_t)(out.at - text);
}

void events_get(struct exchange *exchange)
{
    char text[EVENT_BYTES_MAX];
    struct flock_status status;
    exchange->api->status(exchange->api->context, &status);
    if (!exchange_stream(exchange, status.index)) {
        reply_problem(exchange, &too_many_watch);
        return;
    }
    const struct answer answer = {.code = 200,
                                  .fields = "Content-Type: text/event-stream\r\n",
                                  .stream = true,
                                  .body = {text, event_text(text, &status)},
                                  .about = &status};
    reply(exchange, &answer);
}

static void put_digits(struct out *out, int number, int digits)
{
    char text[4];
    for (int i = digits - 1; i >= 0; i--) {
        text[i] = (char)('0' + number % 10);
        number /= 10;
    }
    put(out, text, (size_t)digits);
}

/* As in 2026-11-21T15:53:27.123Z */
static void put_time(struct out *out, int64_t at_ms)
{
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm at = {0};
    gmtime_r(&seconds, &at);
    put_digits(out, at.tm_year + 1900, 4);
    PUT(out, "-");
    put_digits(out, at.tm_mon + 1, 2);
    PUT(out, "-");
    put_digits(out, at.tm_mday, 2);
    PUT(out, "T");
    put_digits(out, at.tm_hour, 2);
    PUT(out, ":");
    put_digits(out, at.tm_min, 2);
    PUT(out, ":");
    put_digits(out, at.tm_sec, 2);
    PUT(out, ".");
    put_digits(out, (int)(at_ms % 1000), 3);
    PUT(out, "Z");
}

struct page {
    struct out out;
    bool json;
    bool begun;
};

static void put_json_change(struct out *out, const struct flock_change *change)
{
    PUT(out, "{\"index\":");
    put_u64(out, change->index);
    PUT(out, ",\"at\":\"");
    put_time(out, change->at_ms);
    PUT(out, "\",\"term\":");
    put_u64(out, change->term);
    PUT(out, ",\"from\":");
    put_json_string(out, change->from);
    PUT(out, ",\"to\":");
    put_json_string(out, change->to);
    PUT(out, ",\"why\":");
    put_json_string(out, change->why);
    PUT(out, "}");
}

static void put_text_change(struct out *out, const struct flock_change *change)
{
    put_time(out, change->at_ms);
    PUT(out, " term ");
    put_u64(out, change->term);
    PUT(out, ": ");
    put_string(out, change->from != NULL ? change->from : "none");
    PUT(out, " -> ");
    put_string(out, change->to != NULL ? change->to : "none");
    PUT(out, ", ");
    put_string(out, change->why);
    PUT(out, "\n");
}

static void put_change(const struct flock_change *change, void *to)
{
    struct page *page = to;
    if (page->json) {
        put_string(&page->out, page->begun ? ",\n" : "\n");
        put_json_change(&page->out, change);
    } else {
        put_text_change(&page->out, change);
    }
    page->begun = true;
}

static void put_history(const struct exchange *exchange, const struct flock_status *status,
                        struct growing *text)
{
    struct page page = {.out = growing_begin(text, HISTORY_BYTES_MAX),
                        .json = exchange->wants_json};

    (void)status;
    if (page.json) PUT(&page.out, "{\"history\":[");
    exchange->api->history(exchange->api->context, put_change, &page);
    if (page.json) PUT(&page.out, "\n]}\n");
    growing_end(text, &page.out);
}

void history_get(struct exchange *exchange)
{
    const struct making history = {
        .which = exchange->wants_json ? KEPT_HISTORY_JSON : KEPT_HISTORY,
        .json = exchange->wants_json,
        .failed = {503, "there is no memory for the history now", "ask again later"},
        .make = put_history};

    kept_reply(exchange, &history);
}
