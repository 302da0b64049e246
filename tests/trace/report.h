/* report.h: the lines that a scenario tells, with the time where it has gone on since the line
 * before. */
#ifndef TRACE_REPORT_H
#define TRACE_REPORT_H

#include "rig/words.h"

struct report {
    char *text;
    size_t bytes;
    size_t room;
    uint64_t shown_us; /* the time that the reader knows */
    unsigned lines;
    bool muted;
};

/* A whole line of the scenario, as it stands. */
void report_raw(struct report *report, const char *at, size_t bytes);
/* A line of what happened, at this time of the story. */
void report_line(struct report *report, uint64_t at_us, const char *text);
void report_free(struct report *report);

#endif
