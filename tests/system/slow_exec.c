/* slow_exec.c: a disk that takes its time to give a program to whoever executes it.
 *
 *   slow_exec FILE MS    says "holding", then keeps every exec of FILE back for so long, and says "held" for each
 *
 * Until a signal ends it. 77 where the kernel lets nobody do that. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fanotify.h>
#include <sys/prctl.h>
#include <unistd.h>

#define EXIT_SKIPPED 77
#define EXIT_USAGE   2

static int give_up(const char *what)
{
    perror(what);
    return errno == EPERM || errno == ENOSYS || errno == EINVAL ? EXIT_SKIPPED : EXIT_FAILURE;
}

/* By a process of its own, so that one that waits holds no other up. */
static void hold(int fan, int fd, useconds_t us)
{
    const struct fanotify_response allow = {.fd = fd, .response = FAN_ALLOW};

    if (fork() != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    usleep(us);
    (void)!write(fan, &allow, sizeof allow);
    _exit(0);
}

int main(int argc, char **argv)
{
    struct fanotify_event_metadata event;

    if (argc != 3) {
        fputs("usage: slow_exec FILE MS\n", stderr);
        return EXIT_USAGE;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGCHLD, SIG_IGN);
    int fan = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_CLOEXEC);
    if (fan < 0) return give_up("slow_exec: fanotify_init");
    if (fanotify_mark(fan, FAN_MARK_ADD, FAN_OPEN_EXEC_PERM, AT_FDCWD, argv[1]) != 0)
        return give_up(argv[1]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("holding");
    while (read(fan, &event, sizeof event) == (ssize_t)sizeof event) {
        puts("held");
        hold(fan, event.fd, (useconds_t)strtoul(argv[2], NULL, 10) * 1000);
        close(event.fd);
    }
    return give_up("slow_exec: read");
}
