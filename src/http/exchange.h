/* exchange.h: one request as a handler sees it, and the answer that it gives.
 * A handler answers exactly once: with reply() or a reply_problem(), at once or, after an
 * exchange_wait() or an exchange_watch(), later on.
 * It never sees a socket, and it never blocks. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <http_parser.h>

#include "base/text.h"
#include "http/flock.h"

#define ANSWER_HEAD_BYTES_MAX 1024
#define SMALL_BODY_BYTES_MAX  2048
#define EVENT_BYTES_MAX       2304

/* Of the codes that HTTP has. */
#define HTTP_CODE_MIN 100
#define HTTP_CODES    500

struct connection;
struct access;
struct kept;
struct ticket;

struct exchange {
    struct connection *connection;
    const struct node_api *api;
    const struct access *access;
    struct kept *kept; /* all that are: see kept.h */
    enum http_method method;
    bool local; /* the client is on this machine; over a Unix socket: the node's user, or root */
    bool by_socket;  /* it came over one */
    bool cross_site; /* a page of another site makes a browser ask */
    bool faults;     /* /faults exists */
    bool wants_json; /* Accept names application/json */
    bool wants_html; /* and text/html */
    bool keep_alive; /* the connection goes on after this answer */
    bool says_so;    /* an HTTP/1.0 client has to be told that it does */
    struct span path;
    struct span query;         /* without its '?' */
    struct span tail;          /* of the path, behind a route's prefix */
    struct span host;          /* of the request's target, else of its Host field; at NULL: none */
    struct span origin;        /* likewise */
    struct span authorization; /* likewise */
    struct span body;
};

struct answer {
    unsigned code;
    bool json;
    bool holds;     /* the client asked for a hold: say how long it is */
    bool open;      /* the body goes on until the connection ends */
    bool stream;    /* events that go on behind the body, until the connection ends */
    bool challenge; /* 401: say how to show a token */
    unsigned allow; /* bits of HTTP methods for an Allow field; 0: none */
    uint64_t hold_us;
    bool lasting;       /* the body outlives every connection */
    const char *fields; /* whole lines for the head, Content-Type among them; NULL: none */
    struct span body;
    const struct flock_status *about; /* an answer about the role; NULL: it is not */
};

/* What is wrong, and what would be right. */
struct problem {
    unsigned code;
    const char *error;
    const char *hint;
};

void reply(const struct exchange *exchange, const struct answer *answer);
void reply_problem(const struct exchange *exchange, const struct problem *problem);
/* As above, with an Allow field. */
void reply_problem_allow(const struct exchange *exchange, const struct problem *problem,
                         unsigned allow);
/* As above, with the fields of an answer about the role. */
void reply_problem_about(const struct exchange *exchange, const struct problem *problem,
                         const struct flock_status *about);

/* For an answer that comes later: a ticket to give to the node, or NULL where too many wait
 * already. The client's further requests wait until the ticket has been answered with
 * ticket_answered(); `answer` makes the client's answer of that. */
typedef void change_answer(const struct exchange *exchange, enum flock_ask ask,
                           const struct flock_answer *answer);
struct ticket *exchange_wait(const struct exchange *exchange, const struct flock_request *request,
                             change_answer *answer);
void ticket_answered(void *ticket, const struct flock_answer *answer);

/* For the log: what this client asked for, and what came of it. What has a ticket is logged there. */
void exchange_log(const struct exchange *exchange, struct span what, const char *outcome);

/* For an answer at the next change, when the node's index is no longer `index`, or when `wait_ms`
 * are over: `answer` is called then. False: too many watch already. */
bool exchange_watch(const struct exchange *exchange, uint64_t index, uint64_t wait_ms,
                    void (*answer)(const struct exchange *exchange));

/* Behind the answer that is given next, the client gets an event for each change from `index` on.
 * False: too many watch already. */
bool exchange_stream(const struct exchange *exchange, uint64_t index);

/* What the server has counted: answers by their code less HTTP_CODE_MIN, and open connections. */
const uint64_t *exchange_answers(const struct exchange *exchange);
unsigned exchange_connections(const struct exchange *exchange);

/* Whether slow readers make the server keep so much already that a large answer has to wait. */
bool exchange_is_crowded(const struct exchange *exchange);

#endif
