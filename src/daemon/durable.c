/* durable.c: see durable.h. A thread that writes, and what passes between it and the loop. The
 * loop's side takes the mutex for a moment only; the thread never holds it while it touches the
 * disk, so that no disk can stop the loop. */
#include "daemon/durable.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/clock.h"
#include "daemon/thread.h"

#define CLOSE_MS 1000 /* what a thread gets to end its write */

struct job {
    bool set_aside_first;
    uint64_t asked_us;
    uint64_t generation;
    size_t count;
    uint8_t bytes[STATE_PAYLOAD_MAX];
};

struct outcome_line {
    bool ok;
    uint64_t generation;
    uint64_t took_us;
    char error[DURABLE_TEXT_BYTES];
};

struct durable {
    /* The loop's. */
    uv_async_t told;
    uv_timer_t patience;
    durable_saved *saved;
    void *to;
    bool under_way;
    uint64_t asked_us;
    struct histogram times;
    bool set_aside;
    bool handles_closing;
    unsigned open_handles;

    /* The thread's. */
    struct state_file file;
    bool broken; /* a write failed: nothing is written any more, `why` is the reason */
    char why[DURABLE_TEXT_BYTES];

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* Of both, under the mutex. */
    struct job job;
    bool job_waits;
    struct outcome_line outcome;
    bool outcome_waits;
    enum durable_fault fault;
    uint64_t slow_us;
    bool closing;
    bool ended;     /* the thread: nothing of it is under way any more */
    bool abandoned; /* the loop does not listen any more */
    unsigned users; /* thread and loop: the last one frees */
};

static void let_go(struct durable *durable)
{
    pthread_mutex_lock(&durable->mutex);
    bool last = --durable->users == 0;
    pthread_mutex_unlock(&durable->mutex);
    if (!last) return;
    pthread_cond_destroy(&durable->changed);
    pthread_mutex_destroy(&durable->mutex);
    free(durable);
}

static struct timespec after_us(uint64_t us)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)(us / 1000000);
    at.tv_nsec += (long)(us % 1000000) * 1000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

/* Where a drill strikes: before each write. False: it fails. */
static bool drill(struct durable *durable)
{
    pthread_mutex_lock(&durable->mutex);
    struct timespec until = after_us(durable->slow_us);
    int waited = 0;
    while (durable->fault == DURABLE_FAULT_SLOW && waited == 0)
        waited = pthread_cond_timedwait(&durable->changed, &durable->mutex, &until);
    while (durable->fault == DURABLE_FAULT_HANG)
        pthread_cond_wait(&durable->changed, &durable->mutex);
    bool fails = durable->fault == DURABLE_FAULT_FAIL;
    pthread_mutex_unlock(&durable->mutex);
    if (fails) snprintf(durable->why, sizeof durable->why, "a fault drill makes the disk fail");
    return !fails;
}

static bool write_first(struct durable *durable, const struct job *job)
{
    if (durable->broken) return false;
    bool good =
        drill(durable) &&
        (!job->set_aside_first || state_file_set_aside(&durable->file, "old", durable->why)) &&
        state_file_save(&durable->file, job->bytes, job->count, durable->why);
    durable->broken = !good;
    return good;
}

/* Told with the next save if it fails: what counts is durable already. */
static void write_second(struct durable *durable, const struct job *job)
{
    if (!durable->broken)
        durable->broken = !drill(durable) ||
                          !state_file_mirror(&durable->file, job->bytes, job->count, durable->why);
}

/* False: the thread is to end. What was asked for before that is still written. */
static bool next_job(struct durable *durable, struct job *job)
{
    pthread_mutex_lock(&durable->mutex);
    while (!durable->job_waits && !durable->closing)
        pthread_cond_wait(&durable->changed, &durable->mutex);
    bool goes_on = durable->job_waits;
    if (goes_on) {
        *job = durable->job;
        durable->job_waits = false;
    }
    pthread_mutex_unlock(&durable->mutex);
    return goes_on;
}

static void tell(struct durable *durable, const struct job *job, bool ok)
{
    uint64_t now_us = clock_now_us();

    pthread_mutex_lock(&durable->mutex);
    assert(!durable->outcome_waits);
    durable->outcome.took_us = now_us - job->asked_us;
    durable->outcome.ok = ok;
    durable->outcome.generation = job->generation;
    memcpy(durable->outcome.error, durable->why, sizeof durable->why);
    durable->outcome_waits = true;
    if (!durable->abandoned) uv_async_send(&durable->told);
    pthread_mutex_unlock(&durable->mutex);
}

static void *write_all(void *argument)
{
    struct durable *durable = argument;
    struct job job;

    while (next_job(durable, &job)) {
        tell(durable, &job, write_first(durable, &job));
        write_second(durable, &job);
    }
    state_file_close(&durable->file);
    pthread_mutex_lock(&durable->mutex);
    durable->ended = true;
    if (!durable->abandoned) uv_async_send(&durable->told);
    pthread_mutex_unlock(&durable->mutex);
    let_go(durable);
    return NULL;
}

static void handle_closed(uv_handle_t *handle)
{
    struct durable *durable = handle->data;

    if (--durable->open_handles == 0) let_go(durable);
}

static void close_handles(struct durable *durable)
{
    if (durable->handles_closing) return;
    durable->handles_closing = true;
    uv_close((uv_handle_t *)&durable->told, handle_closed);
    uv_close((uv_handle_t *)&durable->patience, handle_closed);
}

static void told(uv_async_t *async)
{
    struct durable *durable = async->data;
    struct outcome_line outcome;

    pthread_mutex_lock(&durable->mutex);
    bool ended = durable->ended;
    bool tells = durable->outcome_waits && !durable->closing;
    if (tells) outcome = durable->outcome;
    durable->outcome_waits = false;
    pthread_mutex_unlock(&durable->mutex);
    if (ended) close_handles(durable);
    if (!tells) return;
    durable->under_way = false;
    histogram_add(&durable->times, outcome.took_us);
    durable->saved(durable->to, outcome.generation, outcome.ok, outcome.ok ? NULL : outcome.error);
}

static void patience_ends(uv_timer_t *timer)
{
    struct durable *durable = timer->data;

    pthread_mutex_lock(&durable->mutex);
    durable->abandoned = true;
    pthread_mutex_unlock(&durable->mutex);
    close_handles(durable);
}

static void init_shared(struct durable *durable)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&durable->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&durable->mutex, NULL);
}

static struct durable *fail_open(struct durable *durable, const char *dir,
                                 struct durable_found *found)
{
    if (durable != NULL) state_file_close(&durable->file);
    free(durable);
    found->verdict = DURABLE_FAILED;
    snprintf(found->text, sizeof found->text,
             "--state-dir %s: no memory, descriptor or thread left", dir);
    return NULL;
}

struct durable *durable_open(uv_loop_t *loop, const char *dir, const char *flock,
                             struct durable_found *found)
{
    struct durable *durable = calloc(1, sizeof *durable);

    if (durable == NULL) return fail_open(NULL, dir, found);
    if (!state_file_open(&durable->file, dir, flock, found)) {
        free(durable);
        return NULL;
    }
    if (uv_async_init(loop, &durable->told, told) != 0) return fail_open(durable, dir, found);
    uv_timer_init(loop, &durable->patience);
    durable->told.data = durable;
    durable->patience.data = durable;
    durable->open_handles = 2;
    durable->users = 2;
    init_shared(durable);
    if (thread_begin(write_all, durable)) return durable;
    durable->users = 1;
    state_file_close(&durable->file);
    close_handles(durable);
    return fail_open(NULL, dir, found);
}

void durable_on_saved(struct durable *durable, durable_saved *saved, void *to)
{
    durable->saved = saved;
    durable->to = to;
}

void durable_save(struct durable *durable, uint64_t generation, const uint8_t *bytes, size_t count)
{
    assert(!durable->under_way && durable->saved != NULL);
    assert(count > 0 && count <= STATE_PAYLOAD_MAX);
    durable->under_way = true;
    durable->asked_us = clock_now_us();
    pthread_mutex_lock(&durable->mutex);
    durable->job.set_aside_first = durable->set_aside;
    durable->job.asked_us = durable->asked_us;
    durable->job.generation = generation;
    durable->job.count = count;
    memcpy(durable->job.bytes, bytes, count);
    durable->job_waits = true;
    pthread_cond_signal(&durable->changed);
    pthread_mutex_unlock(&durable->mutex);
    durable->set_aside = false;
}

void durable_set_aside(struct durable *durable)
{
    assert(!durable->under_way);
    durable->set_aside = true;
}

const struct histogram *durable_times(const struct durable *durable)
{
    return &durable->times;
}

uint64_t durable_waits_us(const struct durable *durable)
{
    return durable->under_way ? clock_now_us() - durable->asked_us : 0;
}

void durable_fault(struct durable *durable, enum durable_fault fault, uint64_t slow_us)
{
    pthread_mutex_lock(&durable->mutex);
    durable->fault = fault;
    durable->slow_us = slow_us;
    pthread_cond_signal(&durable->changed);
    pthread_mutex_unlock(&durable->mutex);
}

void durable_close(struct durable *durable)
{
    if (durable == NULL) return;
    pthread_mutex_lock(&durable->mutex);
    durable->closing = true;
    pthread_cond_signal(&durable->changed);
    pthread_mutex_unlock(&durable->mutex);
    uv_timer_start(&durable->patience, patience_ends, CLOSE_MS, 0);
}
