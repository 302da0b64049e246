/* child.h: a command of the shell, begun in a session of its own. Whoever begins it waits for nothing: not even for the
 * disk to give the shell. */
#ifndef DAEMON_CHILD_H
#define DAEMON_CHILD_H

#include <sys/types.h>

/* It gets /dev/null, twice this process's standard error, and nothing else that is open here; no signal is blocked or
 * ignored. It is its process group's leader. -1: errno says why; a shell that cannot be executed ends with 127. */
pid_t child_begin(const char *command, char *const environment[]);

#endif
