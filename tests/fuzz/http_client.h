/* http_client.h: a client as the HTTP fuzzer sees it: what it says in all, which requests that is,
 * and whether each of them is answered once, in turn, with an answer that is HTTP. */
#ifndef FUZZ_HTTP_CLIENT_H
#define FUZZ_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SAYS_BYTES_MAX 65536
#define HEARD_BYTES    131072 /* one answer at least */
#define REQUESTS_MAX   8192

/* What an answer to it has to be like. */
struct wanted_answer {
    bool head;
    bool last; /* the connection ends behind its answer */
    bool refused;
    bool streams; /* events, until the connection ends */
};

struct client {
    size_t says_bytes;
    size_t said; /* handed to the socket */
    bool ended;
    bool gone;
    bool dribbles; /* byte by byte */
    bool opened;
    bool watches; /* some answer waits for a change, or goes on with each */
    bool streams; /* the last answer has begun */
    size_t requests;
    size_t answers;
    size_t heard_bytes;
    struct wanted_answer asked[REQUESTS_MAX];
    char says[SAYS_BYTES_MAX];
    char heard[HEARD_BYTES];
};

void client_clear(struct client *client);
struct access;
/* Which requests its bytes are, however they are cut into packets. */
void client_count_requests(struct client *client, const struct access *access);
void client_hear(struct client *client, const char *bytes, size_t count);

#endif
