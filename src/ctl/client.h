/* client.h: one HTTP request to one node, and its answer, on plain blocking sockets. It waits for a bounded time, keeps
 * a bounded answer, and can hand on a body that never ends (server-sent events) piece by piece. */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/place.h"

#define CLIENT_CONNECT_MS   3000
#define CLIENT_PATIENCE_MS  5000
#define CLIENT_ANSWER_BYTES (16 * 1024 * 1024) /* ten thousand members take 3 MB */
#define CLIENT_LINE_BYTES   512

struct client_request {
    const char *method; /* NULL: GET */
    const char *path;
    const char *accept;  /* NULL: application/json */
    const char *body;    /* JSON; NULL: none */
    const char *token;   /* NULL or "": none */
    unsigned connect_ms; /* for each address of a name; 0: the usual */
    /* For the whole answer, or, of a body that is handed on, for each piece; 0: the usual */
    unsigned patience_ms;

    /* Given: the body of a 200 goes here instead of into the answer. False: enough of it. */
    bool (*piece)(void *to, const char *at, size_t bytes);
    /* Given: called every tick_ms while nothing comes. False: enough, be it of nothing: then the code is 0. */
    bool (*tick)(void *to);
    unsigned tick_ms;
    void *to;
};

struct client_answer {
    unsigned code;
    uint64_t index; /* Goose-Index; 0: none */
    char *body;     /* with a zero behind it */
    size_t bytes;
    bool sent;        /* the request may have arrived, even if no answer came */
    uint64_t sent_us; /* and that was not before then, by clock_now_us() */
};

/* False: no whole answer came, and `why` is a line that says what was tried. Whoever gets true calls client_free(). */
bool client_ask(const struct place *at, const struct client_request *request,
                struct client_answer *answer, char why[CLIENT_LINE_BYTES]);
void client_free(struct client_answer *answer);

#endif
