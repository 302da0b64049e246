/* inside.h: the server's own structures. Only lines.c, reply.c, connection.c, ticket.c, watch.c,
 * job.c and server.c may look inside; no other handler does. */
#ifndef HTTP_INSIDE_H
#define HTTP_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "http/access.h"
#include "http/exchange.h"
#include "http/request.h"
#include "http/server.h"

#define READ_BYTES       4096      /* one read, and one client's turn; shared by all */
#define WRITE_BYTES      16384     /* the answers of one read; shared too */
#define STASH_BYTES      32768     /* what one connection may keep of what was read */
#define JOB_SILENT_S     10        /* then the kernel asks whether a job's client is still there */
#define EVENTS_KEPT      64        /* so far a stream may fall behind */
#define UNSENT_BYTES_MAX (8 << 20) /* that slow readers may make the server keep, all together */

_Static_assert(HEADER_BYTES_MAX + BODY_BYTES_MAX + READ_BYTES <= STASH_BYTES,
               "a request fits, and a read behind it");
_Static_assert(READ_BYTES <= STASH_BYTES, "what a read leaves over can be kept");
_Static_assert(STASH_BYTES <= UINT16_MAX, "a field's place fits struct field");
_Static_assert(ANSWER_HEAD_BYTES_MAX + SMALL_BODY_BYTES_MAX + 64 <= WRITE_BYTES, "an answer fits");

/* Connections that wait for the same thing; who waits longest stands first. Each open one stands
 * in exactly one. */
struct line {
    struct connection *first;
    struct connection *last;
};

struct connection {
    uv_tcp_t tcp; /* first: libuv hands it back */
    struct http_server *server;
    struct line *line;
    struct connection *before;
    struct connection *behind;
    uint64_t since_ms; /* when it joined its line */
    struct request request;
    char *stash; /* the request that is not whole yet and what was read behind it; NULL: nothing */
    uint32_t stash_bytes;
    uint32_t stash_room;
    uint32_t seen;         /* how much of the request's beginning the parser has read */
    unsigned writes;       /* handed to libuv and not finished: the client does not read */
    struct waiter *waiter; /* the next request waits for this; NULL: for nothing */
    bool local;            /* the client is on this machine */
    bool sated;            /* its turn is over, though more may have come in */
    bool ended;            /* the client sends no more */
    bool finishing;        /* the last answer has been made */
    bool lingering;        /* and sent: only the client's end is waited for */
    bool closed;
};

/* What a connection waits for. It is the first member of a ticket, of a watcher and of a worker,
 * and only the files of these know more of them. */
struct waiter {
    struct waiter *before; /* in the list of its kind */
    struct waiter *behind;
    struct exchange exchange; /* its spans point nowhere any more; no connection: gone meanwhile */
    struct line *line;        /* where its connection stands meanwhile */
    bool owed;                /* the answer comes even where the client sends no more */
    bool streams;             /* more of the answer may come at any time */
    void (*go_on)(struct waiter *waiter); /* all that was sent is taken; NULL: there is no more */
    void (*leave)(struct waiter *waiter); /* the client is gone */
};

/* Who came first stands first. */
struct waiters {
    struct waiter *first;
    struct waiter *last;
    unsigned count;
};

/* As it is sent to all. */
struct event {
    uint64_t index;
    size_t bytes; /* 0: it did not fit */
    char text[EVENT_BYTES_MAX];
};

struct http_server {
    uv_tcp_t listener;
    uv_timer_t sweep;           /* runs while there are connections */
    uv_check_t swept;           /* right behind the poll, once after each sweep */
    uv_async_t answered;        /* tickets wait to be delivered, or watchers to be told */
    uv_timer_t watch;           /* the earliest of the watchers' times */
    int handles;                /* of these five, not closed yet */
    const struct node_api *api; /* NULL: not listening yet */
    /* What stands above those who call it; server.c hands it in. */
    void (*route)(struct exchange *exchange);
    size_t (*event_text)(char text[EVENT_BYTES_MAX], const struct flock_status *status);
    void (*resume)(struct connection *connection);
    struct access access;
    bool faults;
    bool accept_owed; /* there was no memory for a connection */
    bool closing;
    unsigned idle_ms;
    unsigned request_ms;
    unsigned comment_ms;
    unsigned connections_max;
    unsigned waits_max; /* tickets that have not been delivered, and jobs */
    unsigned watchers_max;
    unsigned connections; /* open */
    unsigned unclosed;    /* those whose handle is not gone yet, too */
    size_t unsent_bytes;
    struct line idle;    /* between requests, and lingering */
    struct line busy;    /* a request is coming in, or an answer goes out too slowly */
    struct line waiting; /* for a ticket, or for the end of a job */
    struct line watching;
    struct waiters tickets;
    struct waiters jobs;
    uint64_t answers[HTTP_CODES]; /* by their code less HTTP_CODE_MIN */
    struct waiters watchers;      /* who was told longest ago stands first */
    unsigned untold;       /* of them, the first so many have not been told of the newest change */
    uint64_t watch_due_ms; /* UINT64_MAX: no timer runs */
    uint64_t index;        /* of the newest event; 0: none has come yet */
    void (*on_closed)(void *to);
    void *on_closed_to;
    size_t written;
    char write[WRITE_BYTES];
    char read[READ_BYTES];
    struct event events[EVENTS_KEPT]; /* one of index N at N modulo EVENTS_KEPT */
};

/* lines.c */
void line_join(struct line *line, struct connection *connection, uint64_t now_ms);
void line_leave(struct connection *connection);
void line_close(struct line *line);
void line_sweep(struct line *line, uint64_t now_ms, uint64_t limit_ms);
void lines_make_room(struct http_server *server);
void waiter_join(struct waiters *list, struct waiter *waiter);
void waiter_leave(struct waiters *list, struct waiter *waiter);
bool waits_are_full(const struct http_server *server);
void connection_close(struct connection *connection);
void server_maybe_closed(struct http_server *server); /* a handle is gone */

/* reply.c: into the buffer that all share, and from there to the client; either may close. */
void connection_emit(struct connection *connection, struct span text);
void connection_flush(struct connection *connection);

/* connection.c */
void connection_start(struct connection *connection);
void connection_resume(struct connection *connection); /* what it waited for is there */
/* More of an answer that is a stream; it may close the connection. */
void connection_put(struct connection *connection, struct span text);

/* ticket.c, watch.c, job.c: send what the node has told since; from the loop, never from inside a
 * node's call. */
void tickets_deliver(struct http_server *server);
void tickets_abandon(struct http_server *server);
flock_changed watchers_note;
void watchers_tell(struct http_server *server);
void jobs_tell(struct http_server *server);

#endif
