/* inside.h: the server's own structures. Only lines.c, reply.c, connection.c, ticket.c, watch.c,
 * job.c, turns.c and server.c may look inside; no other handler does. */
#ifndef HTTP_INSIDE_H
#define HTTP_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "http/access.h"
#include "http/exchange.h"
#include "http/kept.h"
#include "http/places.h"
#include "http/request.h"
#include "http/server.h"
#include "http/sockets.h"

#define READ_BYTES       4096      /* one read, and one client's turn; shared by all */
#define WRITE_BYTES      16384     /* the answers of one read; shared too */
#define PIECE_BYTES      65536     /* one write */
#define READY_MAX        64        /* that are taken from the queue at once */
#define STASH_BYTES      32768     /* what one connection may keep of what was read */
#define JOB_SILENT_S     10        /* then the kernel asks whether a job's client is still there */
#define EVENTS_KEPT      64        /* so far a stream may fall behind */
#define UNSENT_BYTES_MAX (8 << 20) /* that slow readers may make the server keep, all together */

_Static_assert(HEADER_BYTES_MAX + BODY_BYTES_MAX + READ_BYTES <= STASH_BYTES,
               "a request fits, and a read behind it");
_Static_assert(READ_BYTES <= STASH_BYTES, "what a read leaves over can be kept");
_Static_assert(STASH_BYTES <= UINT16_MAX, "a field's place fits struct field");
_Static_assert(ANSWER_HEAD_BYTES_MAX + SMALL_BODY_BYTES_MAX + 64 <= WRITE_BYTES, "an answer fits");

#define WHO_BYTES 80 /* an address and its port, or a user */

/* For the log; of a client that may be gone when there is an answer. */
struct change_note {
    char who[WHO_BYTES];
    char what[FLOCK_ADDRESS_BYTES + 32];
};

/* Connections that wait for the same thing; who waits longest stands first. Each open one stands
 * in exactly one. */
struct line {
    struct connection *first;
    struct connection *last;
};

/* Answers that the kernel did not take at once. */
struct unsent {
    struct unsent *behind;
    struct span left;
    size_t bytes; /* of the copy; none is made of what lasts */
    char copy[];
};

struct connection {
    struct http_server *server;
    int fd;
    unsigned waits_for; /* in the queue */
    struct line *line;
    struct connection *before;
    struct connection *behind;
    uint64_t since_ms; /* when it joined its line */
    struct request request;
    char *stash; /* the request that is not whole yet and what was read behind it; NULL: nothing */
    uint32_t stash_bytes;
    uint32_t stash_room;
    uint32_t seen;         /* how much of the request's beginning the parser has read */
    struct unsent *unsent; /* NULL: the client reads */
    struct unsent *unsent_last;
    struct waiter *waiter; /* the next request waits for this; NULL: for nothing */
    uint16_t place;        /* where the client is */
    bool local;            /* see struct exchange */
    bool by_socket;
    bool cut;       /* its turn ended before the requests in its stash did */
    bool ended;     /* the client sends no more */
    bool finishing; /* the last answer has been made */
    bool lingering; /* and sent: only the client's end is waited for */
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
    uv_loop_t *loop;
    uv_poll_t queue_poll;
    uv_check_t turn;     /* behind the poll of each pass */
    uv_timer_t sweep;    /* runs while there are connections */
    uv_async_t answered; /* tickets wait to be delivered, or watchers to be told */
    uv_timer_t watch;    /* the earliest of the watchers' times */
    int handles;         /* of these five, on their way to be closed */
    int queue;           /* of all sockets: the one that listens is nobody's */
    int listeners[2];    /* for TCP, and for a Unix socket; -1: none */
    bool ready;          /* somebody in the queue is */
    bool woken;          /* by one of those above */
    bool watch_rang;
    bool sweep_rang;
    unsigned turn_us; /* so much of a pass is for HTTP */
    uint64_t turn_end_ns;
    uint64_t share_end_ns; /* of whoever has its turn */
    unsigned taken;        /* from the queue, */
    unsigned given;        /* and of these had their turn */
    struct ready turns[READY_MAX];
    struct connection *dead;    /* closed; freed once no turn can name them any more */
    const struct node_api *api; /* NULL: not listening yet */
    /* What stands above those who call it; server.c hands it in. */
    void (*route)(struct exchange *exchange);
    size_t (*event_text)(char text[EVENT_BYTES_MAX], const struct flock_status *status);
    struct access access;
    struct kept kept[KEPT_ANSWERS];
    struct log *log; /* NULL: none */
    bool faults;
    bool accept_owed; /* there was no memory or descriptor for a connection */
    bool closing;
    unsigned idle_ms;
    unsigned request_ms;
    unsigned comment_ms;
    unsigned connections_max;
    unsigned waits_max; /* tickets that have not been delivered, and jobs */
    unsigned watchers_max;
    unsigned connections; /* open */
    size_t unsent_bytes;
    struct line idle;    /* between requests, and lingering */
    struct line busy;    /* a request is coming in, or an answer goes out too slowly */
    struct line waiting; /* for a ticket, or for the end of a job */
    struct line watching;
    struct waiters tickets;
    struct waiters jobs;
    uint64_t answers[HTTP_CODES]; /* by their code less HTTP_CODE_MIN */
    struct waiters watchers;      /* who was told longest ago stands first */
    uint64_t places_key;
    uint16_t watchers_of[PLACES]; /* how many of them */
    uint16_t connections_of[PLACES];
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
void lines_make_room(struct http_server *server);
void waiter_join(struct waiters *list, struct waiter *waiter);
void waiter_leave(struct waiters *list, struct waiter *waiter);
bool waits_are_full(const struct http_server *server);
bool time_is_up(const struct http_server *server); /* for this pass */
bool share_is_up(const struct http_server *server);
void wake(struct http_server *server); /* there is something to do in the next */
void connection_close(struct connection *connection);
void connections_bury(struct http_server *server);
void server_maybe_closed(struct http_server *server); /* a handle is gone */

/* reply.c: into the buffer that all share, and from there to the client; each may close. */
void connection_emit(struct connection *connection, struct span text);
void connection_flush(struct connection *connection);
void connection_send_on(struct connection *connection); /* what is unsent */

/* connection.c */
bool connection_start(struct connection *connection);
void connection_turn(struct connection *connection, bool broken);
void connection_resume(struct connection *connection); /* what it waited for is there */
/* More of an answer that is a stream; it may close the connection. */
void connection_put(struct connection *connection, struct span text);

/* ticket.c, watch.c, job.c: send what the node has told since, and what is due; from a turn, never from inside a
 * node's call. What they do not get done they wake the loop for. */
void tickets_deliver(struct http_server *server);
void tickets_abandon(struct http_server *server);
flock_changed watchers_note;
void watchers_tell(struct http_server *server);
void watchers_due(struct http_server *server);
void jobs_tell(struct http_server *server);

/* change_log.c */
void change_note(struct change_note *note, const struct exchange *exchange,
                 const struct flock_request *request);
void change_log(const struct http_server *server, const struct change_note *note,
                const struct flock_answer *answer);

/* turns.c */
int turns_start(struct http_server *server);
void turns_stop(struct http_server *server);

#endif
