/* ferry.c: see ferry.h. */
#include "daemon/ferry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "daemon/thread.h"

#define LOAD_BYTES 4096
#define RETRY_MS   100 /* behind a write that failed: what waits in the pipe is not lost yet */

struct ferry {
    int in;
    int out;
    int to;
    atomic_bool closing;
    atomic_int users; /* the thread and its owner: the last one frees */
};

static void wait_ms(long ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

static void carry(struct ferry *ferry, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t taken = write(ferry->to, bytes, count);
        if (taken > 0) {
            bytes += taken;
            count -= (size_t)taken;
        } else if (atomic_load(&ferry->closing)) {
            return;
        } else {
            wait_ms(RETRY_MS);
        }
    }
}

static void let_go(struct ferry *ferry)
{
    if (atomic_fetch_sub(&ferry->users, 1) > 1) return;
    close(ferry->out);
    free(ferry);
}

static void *carry_all(void *argument)
{
    struct ferry *ferry = argument;
    char load[LOAD_BYTES];
    ssize_t count;

    while ((count = read(ferry->out, load, sizeof load)) > 0)
        carry(ferry, load, (size_t)count);
    let_go(ferry);
    return NULL;
}

struct ferry *ferry_open(int to)
{
    struct ferry *ferry = calloc(1, sizeof *ferry);
    int ends[2];

    if (ferry == NULL) return NULL;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        free(ferry);
        return NULL;
    }
    *ferry = (struct ferry){.in = ends[1], .out = ends[0], .to = to, .users = 2};
    if (fcntl(ferry->in, F_SETFL, O_NONBLOCK) == 0 && thread_begin(carry_all, ferry)) return ferry;
    close(ferry->in);
    ferry->users = 1;
    let_go(ferry);
    return NULL;
}

int ferry_in(const struct ferry *ferry)
{
    return ferry->in;
}

/* A thread that hangs is left to its disk. */
void ferry_close(struct ferry *ferry)
{
    if (ferry == NULL) return;
    atomic_store(&ferry->closing, true);
    close(ferry->in);
    for (int ms = 0; ms < FERRY_CLOSE_MS && atomic_load(&ferry->users) > 1; ms++)
        wait_ms(1);
    let_go(ferry);
}
