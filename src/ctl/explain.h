/* explain.h: from what the nodes say of themselves, of their links and of their refusals to sentences: why a node is a
 * duck, or why there is no goose, and what would bring one back. */
#ifndef CTL_EXPLAIN_H
#define CTL_EXPLAIN_H

#include <stddef.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "ctl/client.h"

struct fact {
    char address[GOOSE_ADDRESS_CHARS_MAX + 1];
    struct place at; /* of its HTTP server; empty: none that others may ask */
    bool voter;
    cJSON *why;                    /* what GET /why said; NULL: nothing */
    char wrong[CLIENT_LINE_BYTES]; /* then: why not */
};

/* The first one is the node that is asked about. */
void explain(FILE *to, const struct fact *facts, size_t count);

#endif
