/* stubborn.c: a job that ignores SIGTERM, and shows by its own clock from when to when it ran.
 *
 *     stubborn FILE
 *
 * FILE gets a line "BEGAN LAST" of CLOCK_BOOTTIME in ns; LAST is written anew every 200 us, until it is killed. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

int main(int argc, char **argv)
{
    const struct timespec rest = {0, 200000};
    uint64_t began = now_ns();
    char line[64];

    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    int fd = argc == 2 ? open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
    if (fd < 0) return 2;
    for (;;) {
        int bytes = snprintf(line, sizeof line, "%20" PRIu64 " %20" PRIu64 "\n", began, now_ns());
        if (pwrite(fd, line, (size_t)bytes, 0) != bytes) return 1;
        nanosleep(&rest, NULL);
    }
}
