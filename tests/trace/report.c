/* report.c: the story's lines, and how times are written. It knows nothing of elections. */
#include "report.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
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

void report_line(struct report *report, uint64_t at_us, const char *format, ...)
{
    struct words line = {.bytes = 0};
    struct words when = {.bytes = 0};
    char text[LINE_CHARS_MAX];
    va_list args;

    if (report->muted) return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
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

void words_add(struct words *words, const char *format, ...)
{
    va_list args;
    size_t room = sizeof words->chars - words->bytes;

    va_start(args, format);
    int bytes = vsnprintf(words->chars + words->bytes, room, format, args);
    va_end(args);
    assert(bytes >= 0);
    words->bytes += (size_t)bytes < room ? (size_t)bytes : room - 1;
}

/* 315ms, 26.25ms, 12s: no digits that say nothing. */
void words_add_us(struct words *words, uint64_t us)
{
    uint64_t unit = us >= 10000000 ? 1000000 : 1000;
    char digits[8];

    words_add(words, "%llu", (unsigned long long)(us / unit));
    int count = snprintf(digits, sizeof digits, "%0*llu", unit == 1000 ? 3 : 6,
                         (unsigned long long)(us % unit));
    while (count > 0 && digits[count - 1] == '0')
        count--;
    if (count > 0) words_add(words, ".%.*s", count, digits);
    words_add(words, unit == 1000 ? "ms" : "s");
}
