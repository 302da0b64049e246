/* jobs.h: who works in the goose's name (GET /job), and which wishes that it resign wait for them. All of it is memory:
 * node.c asks the election, takes the holds and carries the wishes out. */
#ifndef DAEMON_JOBS_H
#define DAEMON_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "goose/election.h"

#define JOBS_MAX   32
#define WISHES_MAX 16

/* Leave, or it is over: this node is no longer the goose of that term. Called from inside a step: it may only note. */
typedef void job_told(void *to, bool over);

struct job {
    bool taken; /* until it is closed */
    bool open;  /* and not over */
    uint64_t grace_us;
    job_told *told;
    void *to;
};

/* A request, kept until the jobs have left. */
struct wish {
    uint64_t id; /* 0: carried here from another node, which repeats it until it knows */
    enum request_kind kind;
    bool force;
    struct address address;
};

struct jobs {
    int open;
    uint64_t term;
    /* From then on nobody waits for who is left; 0: nobody was told to leave. */
    uint64_t leave_ends_us;
    int wish_count;
    struct job of[JOBS_MAX];
    struct wish wishes[WISHES_MAX];
};

/* NULL: too many, or those who are there have been told to leave. */
struct job *jobs_open(struct jobs *jobs, uint64_t term, uint64_t grace_us, job_told *told,
                      void *to);
void jobs_close(struct jobs *jobs, struct job *job);
void jobs_over(struct jobs *jobs); /* all of them */

/* Whether this event, where it makes the goose give up its term, has to wait. */
bool jobs_bind(const struct jobs *jobs, const struct event *event, uint64_t now_us);
/* Such an event was stepped: if it makes the goose resign, it is kept, the jobs are told to leave, and the election is
 * what it was before, as if the request were still on its way. (An entry in the table of observers that was touched stays
 * so, as after a lost datagram.) False: it counts. */
bool jobs_put_off(struct jobs *jobs, struct election *e, const struct election *before,
                  const struct event *event);
/* The next wish whose time has come; call it until there is none. */
bool jobs_next_wish(struct jobs *jobs, uint64_t now_us, struct wish *wish);

#endif
