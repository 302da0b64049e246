/* lock.h: one goosectl at a time runs the same command. The lock is a file in a directory that nobody but its user can
 * write, so that nobody else can take it; the guard, which is forked, holds it too, until the command is dead. */
#ifndef JOB_LOCK_H
#define JOB_LOCK_H

#include <stdbool.h>
#include <stdint.h>

struct job_lock {
    char directory[480];
    char path[512];
    int fd; /* -1: not taken */
    char why[512];
};

/* Finds the directory, or makes it: /run/goosectl for root, else or where that cannot be $RUNTIME_DIRECTORY,
 * $XDG_RUNTIME_DIR, or ~/.local/state/goosectl. False: none will do, and `why` says what is wrong with each. */
bool job_lock_begin(struct job_lock *lock);
/* True: the lock of this name is held. */
bool job_lock_take(struct job_lock *lock, uint64_t digest);
/* The file goes; the lock with the last process that holds it. */
void job_lock_end(struct job_lock *lock);

#endif
