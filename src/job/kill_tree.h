/* kill_tree.h: all that descends from this process, wherever it has put itself: other process groups, other sessions,
 * daemons. For that this process has to be a child subreaper. Takes no memory. */
#ifndef JOB_KILL_TREE_H
#define JOB_KILL_TREE_H

#include <stdbool.h>
#include <sys/types.h>

/* Before all others, in each process that is to kill. */
void tree_begin(void);

/* What descends from this process now is none of a job's, for good. */
void tree_spare_present(void);

/* Takes leave of children that have ended; *status is filled in when `job` is among them. False: no child is left. */
bool tree_reap(pid_t job, int *status);

/* SIGKILL to all children, and to what becomes a child by that, for some milliseconds: nearly always that is all. True: none
 * is left. It waits for nobody else. */
bool tree_kill_children(pid_t job, int *status);

/* SIGKILL to all descendants, again and again until none is left: a process that hangs in the kernel is waited for. But what
 * belongs to another user takes no signal: where nothing else is left, one of these is what comes back, else 0. */
pid_t tree_kill(pid_t job, int *status);

#endif
