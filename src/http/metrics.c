/* metrics.c: what can be watched, in Prometheus' text format (version 0.0.4). The node says what there is; what the
 * server itself counts comes behind it. The text is bounded. */
#include "http/metrics.h"

#include "http/kept.h"

/* Three voters make 12,000; 31, every reason there is and large numbers some 22,000. */
#define METRICS_BYTES_MAX 32768
#define METRICS_FIELDS    "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"

struct page {
    struct out out;
    const char *name; /* of the metric before */
};

/* Microseconds as seconds, without zeros at the end: a bucket's bound is a text to many readers. */
static void put_seconds(struct out *out, uint64_t us)
{
    char fraction[7] = {'.'};
    size_t bytes = 0;
    uint64_t rest = us % 1000000;
    for (size_t i = 6; i >= 1; i--) {
        if (rest % 10 != 0 && bytes == 0) bytes = i + 1;
        fraction[i] = (char)('0' + rest % 10);
        rest /= 10;
    }
    put_u64(out, us / 1000000);
    put(out, fraction, bytes);
}

static void put_label(struct out *out, const struct flock_label *label)
{
    put_string(out, label->name);
    PUT(out, "=\"");
    for (const char *at = label->value; *at != '\0'; at++) {
        if (*at == '\\' || *at == '"') PUT(out, "\\");
        if (*at == '\n')
            PUT(out, "\\n");
        else
            put(out, at, 1);
    }
    PUT(out, "\"");
}

static void put_labels(struct out *out, const struct flock_metric *metric)
{
    for (int i = 0; i < FLOCK_LABELS_MAX && metric->labels[i].name != NULL; i++) {
        put_string(out, i == 0 ? "{" : ",");
        put_label(out, &metric->labels[i]);
    }
    if (metric->labels[0].name != NULL) PUT(out, "}");
}

static void put_value(struct out *out, uint64_t value, bool in_us)
{
    PUT(out, " ");
    if (in_us)
        put_seconds(out, value);
    else
        put_u64(out, value);
    PUT(out, "\n");
}

/* A histogram's samples have no labels but their own. */
static void put_buckets(struct out *out, const struct flock_metric *metric)
{
    uint64_t count = 0;

    for (size_t i = 0; i <= metric->bounds; i++) {
        count += metric->counts[i];
        put_string(out, metric->name);
        PUT(out, "_bucket{le=\"");
        if (i < metric->bounds)
            put_seconds(out, metric->bounds_us[i]);
        else
            PUT(out, "+Inf");
        PUT(out, "\"}");
        put_value(out, count, false);
    }
    put_string(out, metric->name);
    PUT(out, "_sum");
    put_value(out, metric->value, true);
    put_string(out, metric->name);
    PUT(out, "_count");
    put_value(out, count, false);
}

static void put_head(struct out *out, const struct flock_metric *metric)
{
    static const char *const kinds[] = {[FLOCK_GAUGE] = " gauge\n",
                                        [FLOCK_COUNTER] = " counter\n",
                                        [FLOCK_HISTOGRAM] = " histogram\n"};
    PUT(out, "# HELP ");
    put_string(out, metric->name);
    PUT(out, " ");
    put_string(out, metric->help);
    PUT(out, "\n# TYPE ");
    put_string(out, metric->name);
    put_string(out, kinds[metric->kind]);
}

static void put_metric(const struct flock_metric *metric, void *to)
{
    struct page *page = to;
    struct out *out = &page->out;

    if (page->name == NULL || strcmp(page->name, metric->name) != 0) put_head(out, metric);
    page->name = metric->name;
    if (metric->kind == FLOCK_HISTOGRAM) {
        put_buckets(out, metric);
        return;
    }
    put_string(out, metric->name);
    put_labels(out, metric);
    put_value(out, metric->value, metric->in_us);
}

static void put_http(struct page *page, const struct exchange *exchange)
{
    struct flock_metric requests = {.name = "goosed_http_requests_total",
                                    .help = "HTTP requests that were answered, by status code.",
                                    .kind = FLOCK_COUNTER};
    const struct flock_metric open = {.name = "goosed_http_connections",
                                      .help = "HTTP connections that are open now.",
                                      .value = exchange_connections(exchange)};
    const uint64_t *answers = exchange_answers(exchange);
    char code[] = "000";

    for (unsigned i = 0; i < HTTP_CODES; i++) {
        if (answers[i] == 0 && i + HTTP_CODE_MIN != HTTP_STATUS_OK) continue;
        code[0] = (char)('0' + (i + HTTP_CODE_MIN) / 100);
        code[1] = (char)('0' + (i + HTTP_CODE_MIN) / 10 % 10);
        code[2] = (char)('0' + (i + HTTP_CODE_MIN) % 10);
        requests.labels[0] = (struct flock_label){"code", code};
        requests.value = answers[i];
        put_metric(&requests, page);
    }
    put_metric(&open, page);
}

static void put_metrics(const struct exchange *exchange, const struct flock_status *status,
                        struct growing *text)
{
    struct page page = {.out = growing_begin(text, METRICS_BYTES_MAX)};

    (void)status;
    exchange->api->metrics(exchange->api->context, put_metric, &page);
    put_http(&page, exchange);
    growing_end(text, &page.out);
}

void metrics_get(struct exchange *exchange)
{
    static const struct making metrics = {
        .which = KEPT_METRICS,
        .fields = METRICS_FIELDS,
        .failed = {503, "there is no memory for the metrics now", "ask again later"},
        .make = put_metrics};

    kept_reply(exchange, &metrics);
}
