/* job_line.c: see job_line.h. Only its opening waits, and that not for long. */
#include "ctl/job_line.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/connect.h"
#include "ctl/ctl.h"

#define PATIENCE_MS  1000
#define ANSWER_BYTES 2048

void job_line_close(struct job_line *line)
{
    if (line->fd >= 0) close(line->fd);
    line->fd = -1;
}

/* The answer's head, or all of an answer that is no 200; what follows a 200 is read by job_line_read(). */
static bool hear(int fd, char answer[ANSWER_BYTES])
{
    uint64_t end_us = clock_now_us() + PATIENCE_MS * 1000;
    size_t bytes = 0;

    for (;;) {
        uint64_t now_us = clock_now_us();
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        answer[bytes] = 0;
        if (bytes >= 4 && strcmp(answer + bytes - 4, "\r\n\r\n") == 0) return true;
        if (now_us >= end_us || bytes == ANSWER_BYTES - 1) return false;
        if (poll(&readable, 1, (int)((end_us - now_us) / 1000 + 1)) <= 0) continue;
        ssize_t got = recv(fd, answer + bytes, 1, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return false;
        if (got > 0) bytes++;
    }
}

static bool say(int fd, const struct place *at, const char *token, uint64_t grace_us)
{
    char text[CTL_TOKEN_BYTES + 512];
    bool has_token = token[0] != 0;
    int bytes = snprintf(text, sizeof text,
                         "POST /job?grace=%" PRIu64 "us HTTP/1.1\r\nHost: %s\r\n"
                         "Content-Length: 0\r\n%s%s%s\r\n",
                         grace_us, place_host(at), has_token ? "Authorization: Bearer " : "", token,
                         has_token ? "\r\n" : "");

    bool said =
        bytes < (int)sizeof text && send(fd, text, (size_t)bytes, MSG_NOSIGNAL) == (ssize_t)bytes;
    explicit_bzero(text, sizeof text);
    return said;
}

bool job_line_open(struct job_line *line, const struct place *at, const char *token,
                   uint64_t grace_us)
{
    char answer[ANSWER_BYTES] = "";

    line->code = 0;
    line->fd = connect_to(at, PATIENCE_MS, line->why, sizeof line->why);
    if (line->fd < 0) return false;
    if (say(line->fd, at, token, grace_us) && hear(line->fd, answer) &&
        strncmp(answer, "HTTP/1.1 ", 9) == 0)
        line->code = (unsigned)strtoul(answer + 9, NULL, 10);
    if (line->code == 200) return true;
    if (line->code == 0)
        snprintf(line->why, sizeof line->why, "%s does not answer as a goosed does", at->chars);
    else
        snprintf(line->why, sizeof line->why, "%s refuses POST /job (HTTP %u)", at->chars,
                 line->code);
    job_line_close(line);
    return false;
}

enum job_line_news job_line_read(struct job_line *line)
{
    char text[256];
    ssize_t got = recv(line->fd, text, sizeof text, MSG_DONTWAIT);

    if (got > 0) return memchr(text, 'l', (size_t)got) != NULL ? LINE_LEAVE : LINE_QUIET;
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return LINE_QUIET;
    job_line_close(line);
    return LINE_OVER;
}
