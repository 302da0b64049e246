/* server.h: the HTTP server that goosed carries: one listening socket on the daemon's own loop. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/log.h"
#include "http/flock.h"

#define HTTP_CONNECTIONS_MAX 2048
#define HTTP_WAITS_MAX       1024 /* of these, wait for the node to carry a change out */
#define HTTP_WATCHERS_MAX    1024 /* and wait for the next change, or for all that come */
#define HTTP_COMMENT_MS      15000
#define HTTP_IDLE_MS         10000
#define HTTP_REQUEST_MS      10000
#define HTTP_TURN_US         500
#define HTTP_TOKEN_BYTES_MAX 512

/* What the rest of the daemon may have open: some 25, and files and name look-ups for a moment. */
#define HTTP_OTHER_DESCRIPTORS 48
#define HTTP_DESCRIPTORS_MIN   (HTTP_OTHER_DESCRIPTORS + 16)

struct http_server;

/* Zero means the value above wherever there is one. */
struct http_options {
    const struct sockaddr *address; /* where to listen; NULL: on `fd` */
    int fd; /* a bound TCP socket; the server closes it, also where the start fails; 0: none */
    int local_fd;        /* a Unix socket that listens, and stays the caller's; 0: none */
    const char *self;    /* my address, HOST:PORT: the Host that a change may name */
    const char *bind;    /* where I listen, if elsewhere; NULL: at `self` */
    const char *token;   /* NULL: none */
    struct log *log;     /* for changes; NULL: none */
    bool faults;         /* /faults exists */
    unsigned idle_ms;    /* between requests */
    unsigned request_ms; /* from a request's first byte to its last, and for taking an answer */
    unsigned comment_ms; /* from one line that shows a stream alive to the next */
    unsigned
        turn_us; /* so much of each pass of the loop is for HTTP at most, but for one request */
    unsigned connections_max;
    unsigned waits_max;    /* at most half of the connections */
    unsigned watchers_max; /* likewise */
    uint64_t places_key;   /* 0: drawn */
};

/* 0, or an error of libuv and, in `why`, a line that says what could not be done. It raises the
 * soft limit of descriptors where that is too low for the connections, or else takes fewer
 * connections. The node must outlive the server. The process must ignore SIGPIPE: clients go when
 * they please. */
int http_server_start(struct http_server **started, uv_loop_t *loop,
                      const struct http_options *options, const struct node_api *api, char *why,
                      size_t why_bytes);

/* The port it listens on. */
uint16_t http_server_port(const struct http_server *server);

/* A new token from now on; NULL or "": none. False where it is too long; the old one stays. */
bool http_server_set_token(struct http_server *server, const char *token);

/* Closes everything; `closed` is called once the last handle is gone and the server's memory is
 * free. Answers that the node still owes may come before or after. */
void http_server_close(struct http_server *server, void (*closed)(void *to), void *to);

#endif
