/* report.h: the lines that a scenario tells, with the time where it has gone on since the line
 * before. */
#ifndef TRACE_REPORT_H
#define TRACE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_CHARS_MAX 512

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
__attribute__((format(printf, 3, 4))) void report_line(struct report *report, uint64_t at_us,
                                                       const char *format, ...);
void report_free(struct report *report);

/* A small string that is added to, and cut where it would overflow. */
struct words {
    char chars[LINE_CHARS_MAX];
    size_t bytes;
};

__attribute__((format(printf, 2, 3))) void words_add(struct words *words, const char *format, ...);
void words_add_us(struct words *words, uint64_t us);

#endif
