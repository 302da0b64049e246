/* reply.h: one HTTP answer of a node to GET /status, out of the bytes that have come so far. As strict as a checker has
 * to be: what is not the contract's text is REPLY_BAD. */
#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLY_BYTES_MAX 2048

enum reply_result { REPLY_PART, REPLY_WHOLE, REPLY_BAD };

struct reply {
    bool is_goose;
    uint64_t term;
    uint64_t lease_ms;
    uint64_t hold_ms; /* 0: none */
    size_t bytes;     /* of head and body */
};

enum reply_result reply_parse(const char *text, size_t count, struct reply *reply);

#endif
