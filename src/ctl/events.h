/* events.h: server-sent events, from bytes in pieces of any size to whole events. */
#ifndef CTL_EVENTS_H
#define CTL_EVENTS_H

#include <stdbool.h>
#include <stddef.h>

#define EVENTS_LINE_BYTES 16384 /* of one line; a status takes some hundred bytes */

struct events {
    void (*event)(void *to, const char *data); /* once for each event that has data */
    void *to;
    bool failed; /* a line was too long: no event is to be believed any more */
    bool skip_lf;
    size_t line_bytes;
    size_t data_bytes;
    char line[EVENTS_LINE_BYTES];
    char data[EVENTS_LINE_BYTES];
};

/* False: failed. */
bool events_take(struct events *events, const char *at, size_t bytes);

#endif
