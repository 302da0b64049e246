/* job.c: POST /job: a connection that stays open as long as its client works in the goose's name.
 * The node may have news at any time, even in the middle of a step. So it is only noted then, and
 * sent from the loop: a line "leave", or the end of the stream once this node is no longer the
 * goose. */
#include "http/job.h"

#include <stdlib.h>

#include "http/inside.h"

#define GRACE_US_DEFAULT UINT64_C(10000000)
#define GRACE_US_MAX     UINT64_C(60000000)

/* Who works. */
struct worker {
    struct waiter waiter;
    struct job *job;
    bool leaves; /* and is to be told so */
    bool over;
};

static void told(void *to, bool over)
{
    struct worker *worker = to;
    worker->over = worker->over || over;
    worker->leaves = worker->leaves || !over;
    wake(worker->waiter.exchange.connection->server);
}

/* The client is gone, or no longer the goose's. */
static void job_leave(struct waiter *waiter)
{
    struct connection *connection = waiter->exchange.connection;
    struct http_server *server = connection->server;
    waiter_leave(&server->jobs, waiter);
    connection->waiter = NULL;
    server->api->job_close(server->api->context, ((struct worker *)waiter)->job);
    free(waiter);
}

static struct worker *open_job(const struct exchange *exchange, uint64_t grace_us)
{
    struct connection *connection = exchange->connection;
    struct http_server *server = connection->server;
    struct worker *worker = waits_are_full(server) ? NULL : calloc(1, sizeof(*worker));
    if (worker == NULL) return NULL;
    worker->waiter.exchange = *exchange;
    worker->waiter.line = &server->waiting;
    worker->waiter.streams = true;
    worker->waiter.leave = job_leave;
    worker->job = exchange->api->job_open(exchange->api->context, grace_us, told, worker);
    if (worker->job == NULL) {
        free(worker);
        return NULL;
    }
    socket_keep_alive(connection->fd, JOB_SILENT_S);
    waiter_join(&server->jobs, &worker->waiter);
    connection->waiter = &worker->waiter;
    return worker;
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

void job_post(struct exchange *exchange)
{
    static const struct problem duck = {503, "this node is not the goose",
                                        "see Goose-Address, or ask again later"};
    static const struct problem busy = {503, "this goose takes no jobs now",
                                        "it is about to resign, or has too many; ask again later"};
    struct flock_status status;
    uint64_t grace_us;
    if (!read_grace(exchange, &grace_us)) return;
    struct worker *worker = open_job(exchange, grace_us);
    exchange->api->status(exchange->api->context, &status);
    const struct answer answer = {.code = 200, .open = true, .about = &status, .body = {"", 0}};
    if (worker != NULL && !status.is_goose) job_leave(&worker->waiter);
    if (status.is_goose && worker != NULL) {
        exchange_log(exchange, span_of("a job"), "open");
        reply(exchange, &answer);
    } else {
        reply_problem_about(exchange, status.is_goose ? &busy : &duck, &status);
    }
}

void jobs_tell(struct http_server *server)
{
    struct waiter *next;
    for (struct waiter *waiter = server->jobs.last; waiter != NULL; waiter = next) {
        struct worker *worker = (struct worker *)waiter;
        struct connection *connection = waiter->exchange.connection;
        bool over = worker->over;
        next = waiter->before;
        if (worker->leaves) {
            worker->leaves = false;
            connection_put(connection, span_of("leave\n"));
        }
        if (!over || connection->waiter == NULL) continue;
        job_leave(waiter);
        connection_resume(connection);
    }
}
