/* log_thread.c: see log_thread.h. */
#include "base/log_thread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/thread.h"

#define LOAD_BYTES 4096
#define RETRY_MS   100 /* behind a write that failed: what waits in the pipe is not lost yet */

struct log_thread {
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

static void carry(struct log_thread *thread, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t taken = write(thread->to, bytes, count);
        if (taken > 0) {
            bytes += taken;
            count -= (size_t)taken;
        } else if (atomic_load(&thread->closing)) {
            return;
        } else {
            wait_ms(RETRY_MS);
        }
    }
}

static void let_go(struct log_thread *thread)
{
    if (atomic_fetch_sub(&thread->users, 1) > 1) return;
    close(thread->out);
    free(thread);
}

static void *carry_all(void *argument)
{
    struct log_thread *thread = argument;
    char load[LOAD_BYTES];
    ssize_t count;

    while ((count = read(thread->out, load, sizeof load)) > 0)
        carry(thread, load, (size_t)count);
    let_go(thread);
    return NULL;
}

struct log_thread *log_thread_open(int to)
{
    struct log_thread *thread = calloc(1, sizeof *thread);
    int ends[2];

    if (thread == NULL) return NULL;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        free(thread);
        return NULL;
    }
    *thread = (struct log_thread){.in = ends[1], .out = ends[0], .to = to, .users = 2};
    if (fcntl(thread->in, F_SETFL, O_NONBLOCK) == 0 && thread_begin(carry_all, thread))
        return thread;
    close(thread->in);
    thread->users = 1;
    let_go(thread);
    return NULL;
}

int log_thread_in(const struct log_thread *thread)
{
    return thread->in;
}

/* A thread that hangs is left to its disk. */
void log_thread_close(struct log_thread *thread)
{
    if (thread == NULL) return;
    atomic_store(&thread->closing, true);
    close(thread->in);
    for (int ms = 0; ms < LOG_THREAD_CLOSE_MS && atomic_load(&thread->users) > 1; ms++)
        wait_ms(1);
    let_go(thread);
}
