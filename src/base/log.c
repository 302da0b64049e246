/* log.c: see log.h.
 * A line is made whole in memory and given to the system once. What a peer sent may stand in it:
 * nothing that is said can end a line early, move a terminal's cursor, or make JSON that does not
 * parse. */
#include "base/log.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log_thread.h"
#include "goose/roster.h"

#define SAID_BYTES_MAX 2048 /* of one line, before it is escaped */
#define TAIL_BYTES     4    /* of a line: the quote, the brace, the end of line, and a zero */

_Static_assert(LOG_LINE_BYTES_MAX <= PIPE_BUF, "a pipe takes a line whole or not at all");

struct said {
    uint64_t digest; /* 0: unused */
    int64_t at_us;
    uint64_t repeats; /* that went to debug since */
};

struct log {
    int fd;
    int own_fd; /* the same file, opened anew so that writing never waits; -1: could not be */
    struct log_thread *thread; /* to the file; NULL: none */
    enum log_level level;
    enum log_format format;
    const char *node; /* NULL: not said */
    bool on_terminal;
    int64_t (*wall_us)(void);
    uint64_t dropped;
    uint64_t unsaid; /* dropped, and nobody was told yet */
    unsigned next;
    struct said said[LOG_REPEATS_KEPT];
};

/* A line in the making: what does not fit is left out, whole characters at a time. */
struct line {
    size_t bytes;
    char at[LOG_LINE_BYTES_MAX];
};

static const char *const level_names[LOG_LEVELS] = {"error", "warn", "info", "debug"};
static const char *const format_names[LOG_FORMATS] = {"text", "json"};

const char *log_level_name(enum log_level level)
{
    assert(level < LOG_LEVELS);
    return level_names[level];
}

const char *log_format_name(enum log_format format)
{
    assert(format < LOG_FORMATS);
    return format_names[format];
}

static int64_t wall_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* O_NONBLOCK belongs to the open file, which a shell or a supervisor shares with this process: so
 * it is set on one of our own. A regular file never waits for a reader, and would lose its
 * O_APPEND. */
static int open_anew(int fd)
{
    struct stat what;
    char path[32];

    if (fstat(fd, &what) != 0 || (!S_ISFIFO(what.st_mode) && !S_ISCHR(what.st_mode))) return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

struct log *log_new(int fd, enum log_level level, enum log_format format)
{
    struct log *log = calloc(1, sizeof *log);

    if (log == NULL) return NULL;
    log->fd = fd;
    log->own_fd = open_anew(fd);
    log->level = level;
    log->format = format;
    log->on_terminal = isatty(fd) == 1;
    log->wall_us = wall_us;
    return log;
}

void log_by_thread(struct log *log)
{
    struct stat what;

    if (fstat(log->fd, &what) == 0 && S_ISREG(what.st_mode)) log->thread = log_thread_open(log->fd);
}

void log_free(struct log *log)
{
    if (log == NULL) return;
    log_thread_close(log->thread);
    if (log->own_fd >= 0) close(log->own_fd);
    free(log);
}

void log_set_level(struct log *log, enum log_level level)
{
    assert(level < LOG_LEVELS);
    log->level = level;
}

void log_set_format(struct log *log, enum log_format format)
{
    assert(format < LOG_FORMATS);
    log->format = format;
}

void log_set_node(struct log *log, const char *node)
{
    log->node = node;
}

void log_set_clock(struct log *log, int64_t (*clock_us)(void))
{
    log->wall_us = clock_us;
}

bool log_wants(const struct log *log, enum log_level level)
{
    return level <= log->level;
}

uint64_t log_dropped(const struct log *log)
{
    return log->dropped;
}

static bool line_put(struct line *line, const char *bytes, size_t count)
{
    if (count > sizeof line->at - TAIL_BYTES - line->bytes) return false;
    memcpy(line->at + line->bytes, bytes, count);
    line->bytes += count;
    return true;
}

LOG_PRINTF(2, 3) static bool line_print(struct line *line, const char *format, ...)
{
    char text[128];
    va_list args;

    va_start(args, format);
    int bytes = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return bytes > 0 && line_put(line, text, (size_t)bytes);
}

/* The room for it was kept. */
static void line_end(struct line *line, const char *end)
{
    size_t bytes = strlen(end);

    assert(bytes < TAIL_BYTES && line->bytes + bytes < sizeof line->at);
    memcpy(line->at + line->bytes, end, bytes);
    line->bytes += bytes;
}

/* How many bytes the UTF-8 character here has; 0: it is none. No overlong forms, surrogates, or
 * values too high. */
static size_t utf8_bytes(const unsigned char *at)
{
    static const struct {
        unsigned char first, last, second_first, second_last, bytes;
    } forms[] = {{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
                 {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
                 {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
                 {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};

    if (at[0] < 0x80) return 1;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (at[0] < forms[i].first || at[0] > forms[i].last) continue;
        if (at[1] < forms[i].second_first || at[1] > forms[i].second_last) return 0;
        for (size_t j = 2; j < forms[i].bytes; j++)
            if ((at[j] & 0xc0) != 0x80) return 0;
        return forms[i].bytes;
    }
    return 0;
}

/* One character of what was said, and how many bytes it had. 0: no room. */
static size_t put_char(struct line *line, const unsigned char *at, bool json)
{
    size_t bytes = utf8_bytes(at);
    bool control = at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0);
    bool fits;

    if (bytes == 0)
        fits = json ? line_put(line, "\xef\xbf\xbd", 3) : line_print(line, "\\x%02x", at[0]);
    else if (control)
        fits = line_print(line, json ? "\\u%04x" : "\\x%02x", at[bytes - 1]);
    else if (json && (at[0] == '"' || at[0] == '\\'))
        fits = line_print(line, "\\%c", at[0]);
    else
        fits = line_put(line, (const char *)at, bytes);
    if (!fits) return 0;
    return bytes == 0 ? 1 : bytes;
}

static void put_said(struct line *line, const char *said, bool json)
{
    const unsigned char *at = (const unsigned char *)said;
    size_t bytes;

    while (*at != 0 && (bytes = put_char(line, at, json)) > 0)
        at += bytes;
}

static void put_time(struct line *line, int64_t at_us)
{
    time_t seconds = (time_t)(at_us / 1000000);
    struct tm utc;
    char text[32];

    if (gmtime_r(&seconds, &utc) == NULL ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc) == 0)
        return;
    line_print(line, "%s.%06dZ", text, (int)(at_us % 1000000));
}

static void put_head_text(struct line *line, const struct log *log, enum log_level level,
                          int64_t at_us, uint64_t repeats)
{
    put_time(line, at_us);
    line_print(line, " %-5s ", log_level_name(level));
    if (log->node != NULL && log->on_terminal) {
        put_said(line, log->node, false);
        line_print(line, ": ");
    }
    if (repeats > 0) line_print(line, "(%" PRIu64 " times more) ", repeats);
}

static void put_head_json(struct line *line, const struct log *log, enum log_level level,
                          int64_t at_us, uint64_t repeats)
{
    line_print(line, "{\"time\":\"");
    put_time(line, at_us);
    line_print(line, "\",\"level\":\"%s\",", log_level_name(level));
    if (log->node != NULL) {
        line_print(line, "\"node\":\"");
        put_said(line, log->node, true);
        line_print(line, "\",");
    }
    if (repeats > 0) line_print(line, "\"repeats\":%" PRIu64 ",", repeats);
    line_print(line, "\"message\":\"");
}

static void make_line(struct line *line, const struct log *log, enum log_level level, int64_t at_us,
                      const char *said, uint64_t repeats)
{
    bool json = log->format == LOG_FORMAT_JSON;

    line->bytes = 0;
    (json ? put_head_json : put_head_text)(line, log, level, at_us, repeats);
    put_said(line, said, json);
    line_end(line, json ? "\"}\n" : "\n");
}

/* The look before the write is for what could not be opened anew: sockets, and pipes of another
 * user. */
static bool write_line(const struct log *log, const struct line *line)
{
    int fd = log->own_fd >= 0 ? log->own_fd : log->fd;
    if (log->thread != NULL) fd = log_thread_in(log->thread);
    struct pollfd ready = {.fd = fd, .events = POLLOUT};

    if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return false;
    return write(fd, line->at, line->bytes) == (ssize_t)line->bytes;
}

static void emit(struct log *log, enum log_level level, int64_t at_us, const char *said,
                 uint64_t repeats)
{
    struct line line;

    if (log->unsaid > 0) {
        char lost[96];
        snprintf(lost, sizeof lost,
                 "%" PRIu64 " lines before this one are lost: nobody took them in time",
                 log->unsaid);
        make_line(&line, log, LOG_LEVEL_WARN, at_us, lost, 0);
        if (write_line(log, &line)) log->unsaid = 0;
    }
    make_line(&line, log, level, at_us, said, repeats);
    if (log->unsaid > 0 || !write_line(log, &line)) {
        log->unsaid++;
        log->dropped++;
    }
}

/* Whether this was said a moment ago; else how often it was repeated since it was last said. A wall
 * clock that was set back makes a line new again, which costs a line. */
static bool is_repeat(struct log *log, const char *said, int64_t at_us, uint64_t *repeats)
{
    uint64_t digest = goose_digest_bytes(0, said, strlen(said)) | 1;
    struct said *place = NULL;

    for (unsigned i = 0; i < LOG_REPEATS_KEPT; i++)
        if (log->said[i].digest == digest) place = &log->said[i];
    *repeats = 0;
    if (place != NULL && at_us >= place->at_us && at_us - place->at_us < LOG_REPEAT_US) {
        place->repeats++;
        return true;
    }
    if (place != NULL)
        *repeats = place->repeats;
    else
        place = &log->said[log->next++ % LOG_REPEATS_KEPT];
    *place = (struct said){.digest = digest, .at_us = at_us};
    return false;
}

static void say(struct log *log, enum log_level level, const char *format, va_list args)
    LOG_PRINTF(3, 0);

static void say(struct log *log, enum log_level level, const char *format, va_list args)
{
    char said[SAID_BYTES_MAX];
    uint64_t repeats = 0;

    if (!log_wants(log, level)) return;
    vsnprintf(said, sizeof said, format, args);
    int64_t at_us = log->wall_us();
    if (level != LOG_LEVEL_DEBUG && is_repeat(log, said, at_us, &repeats)) level = LOG_LEVEL_DEBUG;
    if (log_wants(log, level)) emit(log, level, at_us, said, repeats);
}

void log_error(struct log *log, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(log, LOG_LEVEL_ERROR, format, args);
    va_end(args);
}

void log_warn(struct log *log, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(log, LOG_LEVEL_WARN, format, args);
    va_end(args);
}

void log_info(struct log *log, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(log, LOG_LEVEL_INFO, format, args);
    va_end(args);
}

void log_debug(struct log *log, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(log, LOG_LEVEL_DEBUG, format, args);
    va_end(args);
}

void log_always(struct log *log, const char *format, ...)
{
    char said[SAID_BYTES_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(said, sizeof said, format, args);
    va_end(args);
    emit(log, LOG_LEVEL_INFO, log->wall_us(), said, 0);
}
