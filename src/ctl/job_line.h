/* job_line.h: the connection that keeps the role where it is while a job runs: POST /job. */
#ifndef CTL_JOB_LINE_H
#define CTL_JOB_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/client.h"

enum job_line_news { LINE_QUIET, LINE_LEAVE, LINE_OVER };

struct job_line {
    int fd;        /* -1: none. Non-blocking, for poll() */
    unsigned code; /* of the answer; 0: there was none */
    char why[CLIENT_LINE_BYTES];
};

/* False: `why` is a line. */
bool job_line_open(struct job_line *line, const struct place *at, const char *token,
                   uint64_t grace_us);
enum job_line_news job_line_read(struct job_line *line);
void job_line_close(struct job_line *line);

#endif
