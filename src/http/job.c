/* job.c: GET /job: a connection that stays open as long as its client works in the goose's name.
 * The node may have news at any time, even in the middle of a step. So it is only noted then, and
 * sent from the loop: a line "leave", or the end of the stream once this node is no longer the
 * goose. */
#include "http/job.h"

#include "http/inside.h"

#define GRACE_US_DEFAULT UINT64_C(10000000)
#define GRACE_US_MAX     UINT64_C(60000000)

/* In the connection's own memory: no stream outlives it. */
static void told(void *to, bool over)
{
    struct connection *connection = to;
    connection->job_over = connection->job_over || over;
    connection->job_leaves = connection->job_leaves || !over;
    uv_async_send(&connection->server->answered);
}

static bool open_job(const struct exchange *exchange, uint64_t grace_us)
{
    struct connection *connection = exchange->connection;
    struct http_server *server = connection->server;
    if (server->waits >= server->waits_max) return false;
    connection->job_over = connection->job_leaves = false;
    connection->job = exchange->api->job_open(exchange->api->context, grace_us, told, connection);
    if (connection->job == NULL) return false;
    uv_tcp_keepalive(&connection->tcp, 1, JOB_SILENT_S);
    connection->next_job = server->jobs;
    server->jobs = connection;
    server->waits++;
    return true;
}

/* False: it made no sense, and has been answered. */
static bool read_grace(const struct exchange *exchange, uint64_t *grace_us)
{
    static const struct problem bad_grace = {400, "grace is not a duration of at most 60s",
                                             "write it as in ?grace=10s"};
    struct span value;
    *grace_us = GRACE_US_DEFAULT;
    if (!query_find(exchange->query, "grace", &value)) return true;
    if (duration_parse_us(value, grace_us) && *grace_us <= GRACE_US_MAX) return true;
    reply_problem(exchange, &bad_grace);
    return false;
}

void job_get(struct exchange *exchange)
{
    static const struct problem duck = {503, "this node is not the goose",
                                        "see Goose-Address, or ask again later"};
    static const struct problem busy = {503, "this goose takes no jobs now",
                                        "it is about to resign, or has too many; ask again later"};
    struct flock_status status;
    uint64_t grace_us;
    if (!read_grace(exchange, &grace_us)) return;
    bool taken = exchange->method == HTTP_HEAD || open_job(exchange, grace_us);
    exchange->api->status(exchange->api->context, &status);
    const struct answer answer = {
        .code = 200, .open = exchange->method != HTTP_HEAD, .about = &status, .body = {"", 0}};
    if (!status.is_goose) job_leave(exchange->connection);
    if (taken && status.is_goose)
        reply(exchange, &answer);
    else
        reply_problem_about(exchange, status.is_goose ? &busy : &duck, &status);
}

void job_leave(struct connection *connection)
{
    struct http_server *server = connection->server;
    struct connection **at = &server->jobs;
    struct job *job = connection->job;
    if (job == NULL) return;
    while (*at != connection)
        at = &(*at)->next_job;
    *at = connection->next_job;
    server->waits--;
    connection->job = NULL;
    server->api->job_close(server->api->context, job);
}

void jobs_tell(struct http_server *server)
{
    struct connection *next;
    for (struct connection *connection = server->jobs; connection != NULL; connection = next) {
        next = connection->next_job;
        if (connection->job_leaves) {
            connection->job_leaves = false;
            connection_put(connection, span_of("leave\n"));
        }
        if (!connection->job_over || connection->job == NULL) continue;
        job_leave(connection);
        connection_resume(connection);
    }
}
