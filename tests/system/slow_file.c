/* slow_file.c: a disk that hangs, for one file: whoever writes to it waits.
 *
 *   slow_file FILE MS    holds FILE, says "holding", and for so long nobody else gets to write to it; then "let go"
 *
 * It writes to the file itself (an empty line, at its end), from memory that is not there yet: the kernel keeps the file
 * locked until it comes. 77 where the kernel lets nobody do that. */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXIT_SKIPPED 77
#define EXIT_USAGE   2

struct writing {
    int fd;
    const char *memory;
};

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(errno == EPERM || errno == ENOSYS ? EXIT_SKIPPED : EXIT_FAILURE);
}

static void *write_all(void *to)
{
    const struct writing *writing = to;

    if (write(writing->fd, writing->memory, 1) != 1) give_up("slow_file: write");
    return NULL;
}

int main(int argc, char **argv)
{
    size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
    struct uffdio_api api = {.api = UFFD_API};
    struct writing writing;
    pthread_t thread;

    if (argc != 3) {
        fputs("usage: slow_file FILE MS\n", stderr);
        return EXIT_USAGE;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *line = malloc(bytes);
    int faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
    if (memory == MAP_FAILED || line == NULL) give_up("slow_file: memory");
    if (faults < 0 || ioctl(faults, UFFDIO_API, &api) != 0) give_up("slow_file: userfaultfd");
    struct uffdio_register range = {.range = {(uintptr_t)memory, bytes},
                                    .mode = UFFDIO_REGISTER_MODE_MISSING};
    if (ioctl(faults, UFFDIO_REGISTER, &range) != 0) give_up("slow_file: userfaultfd");
    writing =
        (struct writing){.fd = open(argv[1], O_WRONLY | O_APPEND | O_CLOEXEC), .memory = memory};
    if (writing.fd < 0) give_up(argv[1]);
    if (pthread_create(&thread, NULL, write_all, &writing) != 0) give_up("slow_file: thread");
    struct pollfd fault = {.fd = faults, .events = POLLIN};
    if (poll(&fault, 1, 5000) != 1) give_up("slow_file: no fault came");
    puts("holding");
    usleep((useconds_t)strtoul(argv[2], NULL, 10) * 1000);
    memset(line, '\n', bytes);
    struct uffdio_copy copy = {.dst = (uintptr_t)memory, .src = (uintptr_t)line, .len = bytes};
    if (ioctl(faults, UFFDIO_COPY, &copy) != 0) give_up("slow_file: userfaultfd");
    pthread_join(thread, NULL);
    free(line);
    puts("let go");
    return EXIT_SUCCESS;
}
