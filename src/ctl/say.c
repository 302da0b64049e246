/* say.c: what goosectl says when something is wrong. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"

#define LINE_BYTES 1024

int ctl_fail(int status, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    ctl_printable(line);
    fprintf(stderr, "goosectl: %s\n", line);
    return status;
}

void ctl_printable(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f) *text = '?';
}

bool ctl_no_more(const struct ctl *ctl)
{
    if (ctl->arguments.count == 0) return true;
    ctl_fail(CTL_UNKNOWN, "%s: '%s' is one argument too many; see goosectl %s --help", ctl->name,
             ctl->arguments.of[0], ctl->name);
    return false;
}

bool ctl_options(struct ctl *ctl, const struct option_known *known, size_t count)
{
    char why[ARGUMENTS_LINE_BYTES];

    if (options_take(&ctl->arguments, known, count, false, why)) return true;
    ctl_fail(CTL_UNKNOWN, "%s: %s; see goosectl %s --help", ctl->name, why, ctl->name);
    return false;
}

const char *ctl_page_problem(int error, const char *if_no_page)
{
    if (error == EINVAL) return if_no_page;
    return error == EPERM ? "it may be another user's" : strerror(error);
}
