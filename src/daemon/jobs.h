/* jobs.h: who works in the goose's name (POST /job). All of it is memory: the election knows what their being there
 * means, and node.c tells it. */
#ifndef DAEMON_JOBS_H
#define DAEMON_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#define JOBS_MAX 32

/* Leave, or it is over: this node is no longer the goose of that term. Called from inside a step: it may only note. */
typedef void job_told(void *to, bool over);

struct job {
    bool taken; /* until it is closed */
    bool open;  /* and not over */
    uint64_t grace_us;
    job_told *told;
    void *to;
};

struct jobs {
    int open;
    uint64_t term; /* of the goose whose jobs they are */
    struct job of[JOBS_MAX];
};

struct job *jobs_open(struct jobs *jobs, uint64_t grace_us, job_told *told,
                      void *to); /* NULL: too many */
void jobs_close(struct jobs *jobs, struct job *job);
uint64_t jobs_grace_us(const struct jobs *jobs); /* the longest of those that are open */
void jobs_leave(struct jobs *jobs);              /* all of them are told to */
void jobs_over(struct jobs *jobs);               /* for all of them */

#endif
