/* probe.h: one kept HTTP connection to one node, and one question at a time on it. Never blocks; tells when a question
 * was handed to the network and when its answer had come, as narrowly as a process can know. */
#ifndef PROBE_H
#define PROBE_H

#include "reply.h"

#include <netdb.h>

#define ADDRESS_BYTES_MAX  96
#define QUESTION_BYTES_MAX 256

enum probe_state { PROBE_DOWN, PROBE_CONNECTING, PROBE_IDLE, PROBE_ASKED };

enum probe_event {
    PROBE_NOTHING,
    PROBE_ANSWERED,
    PROBE_LOST,    /* refused, closed or reset; the answer, if one was due, will never come */
    PROBE_GARBLED, /* what came is no answer that a node may give */
};

struct probe {
    char address[ADDRESS_BYTES_MAX]; /* HOST:PORT, as it was given */
    struct sockaddr_storage to;
    socklen_t to_bytes;
    int fd;
    enum probe_state state;
    char question[QUESTION_BYTES_MAX];
    uint64_t sent_ns;
    uint64_t received_ns;
    struct reply reply;
    size_t used;
    char bytes[REPLY_BYTES_MAX];
};

uint64_t probe_now_ns(void);

/* NULL, or what is wrong with the address. `hold` is a duration as in "20ms", or NULL. */
const char *probe_init(struct probe *probe, const char *address, const char *hold);
/* Starts to connect; PROBE_LOST where that fails at once. */
enum probe_event probe_connect(struct probe *probe);
/* Asks, in PROBE_IDLE. */
enum probe_event probe_ask(struct probe *probe);
/* What a readable, writable or failed socket means. */
enum probe_event probe_ready(struct probe *probe);
void probe_drop(struct probe *probe);

#endif
