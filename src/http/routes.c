/* routes.c: the table of what can be asked. 404, 405, Allow and OPTIONS are read off it, so they
 * are always true. No row is reached by a request that access.c refuses. */
#include "http/routes.h"

#include "http/access.h"
#include "http/answer.h"
#include "http/changes.h"
#include "http/dashboard.h"
#include "http/events.h"
#include "http/faults.h"
#include "http/job.h"
#include "http/members.h"
#include "http/metrics.h"
#include "http/status.h"
#include "http/why.h"

struct row {
    const char *path;
    void (*handle)(struct exchange *exchange);
    enum http_method method; /* HEAD is GET without the body */
    bool has_tail;           /* the path goes on behind it */
    bool changes;
    bool any_host; /* what load balancers and scripts ask by any name */
    bool fault;    /* exists only where the drills are allowed */
    bool streams;  /* there is no HEAD of it: it has no end */
};

static const struct row rows[] = {
    {.path = "/status", .method = HTTP_GET, .handle = status_get, .any_host = true},
    {.path = "/goose", .method = HTTP_GET, .handle = goose_get, .any_host = true},
    {.path = "/goose", .method = HTTP_OPTIONS, .handle = goose_get, .any_host = true},
    {.path = "/duck", .method = HTTP_GET, .handle = duck_get, .any_host = true},
    {.path = "/duck", .method = HTTP_OPTIONS, .handle = duck_get, .any_host = true},
    {.path = "/", .method = HTTP_GET, .handle = root_get},
    {.path = "/livez", .method = HTTP_GET, .handle = livez_get, .any_host = true},
    {.path = "/readyz", .method = HTTP_GET, .handle = readyz_get, .any_host = true},
    {.path = "/members", .method = HTTP_GET, .handle = members_get},
    {.path = "/why", .method = HTTP_GET, .handle = why_get},
    {.path = "/members/",
     .method = HTTP_DELETE,
     .handle = member_delete,
     .has_tail = true,
     .changes = true},
    {.path = "/events", .method = HTTP_GET, .handle = events_get, .streams = true},
    {.path = "/history", .method = HTTP_GET, .handle = history_get},
    {.path = "/metrics", .method = HTTP_GET, .handle = metrics_get},
    {.path = "/voters", .method = HTTP_PUT, .handle = voters_put, .changes = true},
    {.path = "/handover", .method = HTTP_POST, .handle = handover_post, .changes = true},
    {.path = "/drain", .method = HTTP_PUT, .handle = drain_put, .changes = true},
    {.path = "/drain", .method = HTTP_DELETE, .handle = drain_delete, .changes = true},
    /* It keeps the role where it is for a while, so not everybody may. */
    {.path = "/job", .method = HTTP_POST, .handle = job_post, .changes = true},
    {.path = "/faults", .method = HTTP_GET, .handle = faults_get, .fault = true},
    {.path = "/faults", .method = HTTP_POST, .handle = faults_post, .changes = true, .fault = true},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static bool row_exists(const struct row *row, const struct exchange *exchange)
{
    return !row->fault || exchange->faults;
}

static bool row_matches(const struct row *row, const struct exchange *exchange)
{
    if (!row_exists(row, exchange)) return false;
    if (!row->has_tail) return span_is(exchange->path, row->path);
    size_t bytes = strlen(row->path);
    return exchange->path.bytes > bytes && memcmp(exchange->path.at, row->path, bytes) == 0;
}

static unsigned row_methods(const struct row *row)
{
    unsigned bit = 1u << row->method;
    return row->method == HTTP_GET && !row->streams ? bit | 1u << HTTP_HEAD : bit;
}

/* What the path takes, or 0 where there is none; every path takes OPTIONS. "*" stands for all of
 * them. */
static unsigned path_methods(const struct exchange *exchange)
{
    unsigned methods = 0;
    for (size_t i = 0; i < ROWS; i++) {
        bool counts = row_matches(&rows[i], exchange) ||
                      (span_is(exchange->path, "*") && row_exists(&rows[i], exchange));
        if (counts) methods |= row_methods(&rows[i]) | 1u << HTTP_OPTIONS;
    }
    return methods;
}

static void reply_no_such_path(const struct exchange *exchange)
{
    char hint[FLOCK_TEXT_BYTES];
    struct out out = {hint, hint + sizeof(hint) - 1};
    PUT(&out, "there are");
    const char *before = "";
    for (size_t i = 0; i < ROWS; i++) {
        if (!row_exists(&rows[i], exchange) || strcmp(rows[i].path, before) == 0) continue;
        before = rows[i].path;
        PUT(&out, " ");
        put_string(&out, before);
        if (rows[i].has_tail) PUT(&out, "HOST:PORT");
    }
    if (out.at != NULL) *out.at = '\0';
    const struct problem problem = {404, "there is no such path here",
                                    out.at != NULL ? hint : "try /status"};
    reply_problem(exchange, &problem);
}

static void reply_other_method(const struct exchange *exchange, unsigned methods)
{
    char hint[64] = "";
    struct out out = {hint, hint + sizeof(hint) - 1};
    PUT(&out, "use ");
    put_methods(&out, methods);
    if (out.at != NULL) *out.at = '\0';
    const struct problem problem = {405, "this path does not take that method", hint};
    reply_problem_allow(exchange, &problem, methods);
}

/* A page that is no more than looked at must not hold up a handover, or take watchers' places. */
static bool holds_something(const struct row *row, const struct exchange *exchange)
{
    static const char *const words[] = {"hold", "wait", "probe"};
    struct span value;
    bool holds = row->streams;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        holds = holds || query_find(exchange->query, words[i], &value);
    return holds;
}

static unsigned needs_of(const struct row *row, const struct exchange *exchange)
{
    unsigned needs = row->any_host ? 0 : ACCESS_HOST;
    if (row->changes) return needs | ACCESS_PAGE | ACCESS_RIGHT;
    return holds_something(row, exchange) ? needs | ACCESS_PAGE : needs;
}

static void carry_out(const struct row *row, struct exchange *exchange)
{
    const struct problem *refusal = access_refusal(exchange, needs_of(row, exchange));
    size_t bytes = strlen(row->path);
    exchange->tail = (struct span){exchange->path.at + bytes, exchange->path.bytes - bytes};
    if (refusal != NULL)
        reply_problem(exchange, refusal);
    else
        row->handle(exchange);
}

void route(struct exchange *exchange)
{
    enum http_method method = exchange->method;
    for (size_t i = 0; i < ROWS; i++) {
        bool takes = method <= HTTP_OPTIONS && (row_methods(&rows[i]) & 1u << method) != 0;
        if (!takes || !row_matches(&rows[i], exchange)) continue;
        carry_out(&rows[i], exchange);
        return;
    }
    unsigned methods = path_methods(exchange);
    if (methods == 0) {
        reply_no_such_path(exchange);
    } else if (method == HTTP_OPTIONS) {
        const struct answer answer = {.code = HTTP_STATUS_OK, .allow = methods, .body = {"", 0}};
        reply(exchange, &answer);
    } else {
        reply_other_method(exchange, methods);
    }
}
