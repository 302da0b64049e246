/* guard.h: the second process that watches over a job, and the job's parent. The first, goosectl itself, is its parent in
 * turn. Both are child subreapers: whichever of them dies, the other has the whole of the job below it, and whichever is
 * stopped, the other's timer goes off. */
#ifndef JOB_GUARD_H
#define JOB_GUARD_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "job/cgroup.h"
#include "job/deadline.h"

/* In memory that both have. */
struct job_facts {
    _Atomic pid_t job;        /* and its process group; 0: not yet, or it is gone */
    _Atomic bool told_to_end; /* so its end, whatever it is, says nothing */
};

struct guarded {
    struct deadline deadline;
    struct cgroup cgroup;
    struct job_facts *facts;
    char **command;
    char *token; /* which the guard does without */
    size_t token_bytes;
    sigset_t signals; /* blocked when goosectl was started */
    pid_t killed;     /* the job, once it is to end; 0: not yet */
    int life;         /* the guard ends everything when its parent's end of this closes */
    int news; /* where its parent reads how the job ended, once all of it has; the end: the guard has died */
};

/* What both do first: everything below it is its own, its memory stays where it is, and it goes before others. */
void watch_begin(void);

/* The guard's process id; -1 and errno. The job is its doing. */
pid_t guard_start(struct guarded *guarded);

/* SIGTERM to the job's process group, once, whoever of the two comes first. */
void job_tell_to_end(struct job_facts *facts);

/* All of the job: *status is filled in where the job itself is among those that this process takes leave of. Not 0: a process
 * of the job that belongs to another user, and goes on. */
pid_t job_kill(struct guarded *guarded, int *status);

#endif
