/* report.c: the story's lines. */
#include "report.h"

#include <stdlib.h>
#include <string.h>

void report_raw(struct report *report, const char *at, size_t bytes)
{
    if (report->bytes + bytes > report->room) {
        report->room = 2 * (report->bytes + bytes) + 4096;
        report->text = realloc(report->text, report->room);
        if (report->text == NULL) abort();
    }
    memcpy(report->text + report->bytes, at, bytes);
    report->bytes += bytes;
}

void report_line(struct report *report, uint64_t at_us, const char *text)
{
    struct words line = {.bytes = 0};
    struct words when = {.bytes = 0};

    if (report->muted) return;
    if (at_us != report->shown_us) {
        words_add(&when, "@");
        words_add_us(&when, at_us);
    }
    report->shown_us = at_us;
    report->lines++;
    words_add(&line, "        %-11s %s\n", when.chars, text);
    report_raw(report, line.chars, line.bytes);
}

void report_free(struct report *report)
{
    free(report->text);
}
