/* saver_writes.c: what a durable write costs here when as many processes as a flock has voters
 * write at the same time: as many bytes in the same way as goosed's state file. One line a write,
 * in milliseconds. It measures the disk and nothing of goosed, so that failover times can be read
 * against it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "disk/state_image.h"

#define WRITERS_MAX 31
#define WRITES_MAX  100000

static const char usage_text[] =
    "usage: saver_writes DIR WRITES WRITERS\n"
    "\n"
    "WRITERS processes make WRITES durable writes each, in files of their own in DIR, at the same "
    "time.\n"
    "Prints how long each write took, in milliseconds, one a line.\n";

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "saver_writes: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* As long as a state file and without holes: a write that allocates would cost more. */
static int file_new(const char *dir)
{
    static const char zeros[STATE_FILE_BYTES];
    char path[4096];
    int count = snprintf(path, sizeof path, "%s/saver_writes.%d", dir, (int)getpid());
    if (count < 0 || (size_t)count >= sizeof path) {
        errno = ENAMETOOLONG;
        fail(dir);
    }
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_DSYNC | O_CLOEXEC, 0600);
    if (fd < 0) fail(path);
    if (write(fd, zeros, sizeof zeros) != (ssize_t)sizeof zeros || fsync(fd) != 0) fail(path);
    if (unlink(path) != 0) fail(path);
    return fd;
}

/* Begins when the parent closes its end of `begin`. The slots take turns, as in a state file. */
static _Noreturn void be_writer(const char *dir, unsigned writes, int begin, int results)
{
    uint8_t bytes[STATE_SLOT_BYTES];
    char one;
    int fd = file_new(dir);
    dprintf(results, "ready\n");
    if (read(begin, &one, 1) != 0) fail("begin");
    for (unsigned i = 0; i < writes; i++) {
        enum state_slot slot = i % 2 == 0 ? STATE_SLOT_A : STATE_SLOT_B;
        off_t offset = (off_t)(slot + 1) * STATE_BLOCK_BYTES;
        memset(bytes, (int)(i & 0xff), sizeof bytes);
        uint64_t before_ns = now_ns();
        if (pwrite(fd, bytes, sizeof bytes, offset) != (ssize_t)sizeof bytes) fail("write");
        /* A line is far shorter than PIPE_BUF: those of two writers do not mix. */
        dprintf(results, "%.3f\n", (double)(now_ns() - before_ns) / 1e6);
    }
    exit(EXIT_SUCCESS);
}

static void start_writers(const char *dir, unsigned writes, unsigned writers, int begin[2],
                          int results[2])
{
    for (unsigned i = 0; i < writers; i++) {
        pid_t pid = fork();
        if (pid < 0) fail("fork");
        if (pid > 0) continue;
        close(begin[1]);
        close(results[0]);
        be_writer(dir, writes, begin[0], results[1]);
    }
    close(begin[0]);
    close(results[1]);
}

/* Every writer's "ready" comes before any writer's first number. */
static void print_results(int fd, unsigned writers, int begin)
{
    char line[64];
    FILE *results = fdopen(fd, "r");
    if (results == NULL) fail("fdopen");
    for (unsigned i = 0; i < writers && fgets(line, sizeof line, results) != NULL; i++) {
    }
    close(begin);
    while (fgets(line, sizeof line, results) != NULL)
        fputs(line, stdout);
    fclose(results);
}

static unsigned number(const char *text, unsigned most)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text != '\0' && *end == '\0' && value >= 1 && value <= most) return (unsigned)value;
    fprintf(stderr, "saver_writes: %s is not a number from 1 to %u\n%s", text, most, usage_text);
    exit(2);
}

int main(int argc, char **argv)
{
    int begin[2], results[2], status, worst = EXIT_SUCCESS;
    if (argc != 4) {
        fputs(usage_text, stderr);
        return 2;
    }
    unsigned writes = number(argv[2], WRITES_MAX), writers = number(argv[3], WRITERS_MAX);
    if (pipe2(begin, O_CLOEXEC) != 0 || pipe2(results, O_CLOEXEC) != 0) fail("pipe");
    start_writers(argv[1], writes, writers, begin, results);
    print_results(results[0], writers, begin[1]);
    while (wait(&status) > 0)
        if (status != 0) worst = EXIT_FAILURE;
    return worst;
}
