/* job.c: a command for `goosectl run` that shows whether two of its kind ever run at once.
 *
 *     job LOG NAME [stubborn]
 *
 * It takes a lock on LOG.lock, which all that it forks keeps; whoever finds it taken writes "OVERLAP" to LOG. Else it
 * writes "start NAME term T", and goes on until it is told to end. A stubborn one ignores that, and so does a daemon of its
 * own in another session, of which a new generation is forked every few milliseconds. */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

static int log_fd;

static void tell(const char *what, const char *name, const char *term)
{
    char line[256];
    int bytes = snprintf(line, sizeof line, "%s %s term %s\n", what, name, term);

    (void)!write(log_fd, line, (size_t)bytes);
}

static void rest(long ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000};
    nanosleep(&pause, NULL);
}

static _Noreturn void ended(int number)
{
    _exit(number == SIGTERM ? 0 : 1);
}

/* Each generation ends when the next one lives: no process is there for long, and its parent is gone. */
static void go_on_as_daemon(void)
{
    if (fork() != 0) return;
    setsid();
    for (;;) {
        if (fork() != 0) _exit(0);
        rest(3);
    }
}

int main(int argc, char **argv)
{
    char path[4096];
    const char *term = getenv("GOOSE_TERM");
    bool stubborn = argc > 3 && strcmp(argv[3], "stubborn") == 0;

    if (argc < 3 || term == NULL) return 2;
    snprintf(path, sizeof path, "%s.lock", argv[1]);
    log_fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0644);
    int lock = open(path, O_RDWR | O_CREAT, 0644);
    if (log_fd < 0 || lock < 0) return 2;
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        tell("OVERLAP", argv[2], term);
        return 3;
    }
    signal(SIGTERM, stubborn ? SIG_IGN : ended);
    if (stubborn) signal(SIGINT, SIG_IGN);
    tell("start", argv[2], term);
    if (stubborn) go_on_as_daemon();
    for (;;)
        rest(100);
}
