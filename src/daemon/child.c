/* child.c: see child.h. uv_spawn and posix_spawn return when the new program has been read from the disk, and for so
 * long the loop would stand still. fork does not. */
#include "daemon/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Other threads are not here: only what a signal handler may do. Everything else that is open closes with the exec. */
static _Noreturn void become(char *command, char *const environment[])
{
    static const char failed[] = "goosed: /bin/sh cannot be executed\n";
    char shell[] = "/bin/sh", flag[] = "-c";
    char *const arguments[] = {shell, flag, command, NULL};
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    close(STDIN_FILENO);
    if (open("/dev/null", O_RDWR) == STDIN_FILENO &&
        dup2(STDERR_FILENO, STDOUT_FILENO) == STDOUT_FILENO)
        execve(shell, arguments, environment);
    (void)!write(STDERR_FILENO, failed, sizeof failed - 1);
    _exit(127);
}

/* A handler of this process must not run in the child, where it would write into the same pipe. */
pid_t child_begin(const char *command, char *const environment[])
{
    char *copy = strdup(command);
    sigset_t all, before;

    if (copy == NULL) return -1;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) become(copy, environment);
    int error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    free(copy);
    errno = error;
    return pid;
}
