/* live.c: see live.h. The display stays on the screen when goosectl ends. */
#include "ctl/live.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define HOME      "\033[H"
#define CLEAR     "\033[2J"
#define LINE_REST "\033[K"
#define BELOW     "\033[J"

static const char no_wrap_no_cursor[] = "\033[?7l\033[?25l";
static const char as_before[] = "\033[?7h\033[?25h\n";

/* Only what a signal handler may do. The signal then does what it always does. */
static void leave(int number)
{
    (void)!write(STDOUT_FILENO, as_before, sizeof as_before - 1);
    signal(number, SIG_DFL);
    raise(number);
}

void live_begin(void)
{
    signal(SIGINT, leave);
    signal(SIGTERM, leave);
    signal(SIGHUP, leave);
    fputs(no_wrap_no_cursor, stdout);
    fputs(CLEAR, stdout);
}

void live_end(void)
{
    fputs(as_before, stdout);
    fflush(stdout);
}

static size_t height(void)
{
    struct winsize size;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1;

    return known ? size.ws_row : 24;
}

/* Never the last column of the last line: the screen would scroll. */
void live_draw(const char *text, size_t bytes)
{
    const char *end = text + bytes;

    fputs(HOME, stdout);
    for (size_t lines = height() - 1; text < end && lines > 0; lines--) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t count = (size_t)((stop != NULL ? stop : end) - text);
        fwrite(text, 1, count, stdout);
        fputs(LINE_REST "\n", stdout);
        text += count + 1;
    }
    fputs(BELOW, stdout);
    fflush(stdout);
}
