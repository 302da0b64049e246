/* saver.c: see saver.h. A thread that writes, and what passes between it and the loop. The
 * loop's side takes the mutex for a moment only; the thread never holds it while it touches the
 * disk, so that no disk can stop the loop. */
#include "disk/saver.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/thread.h"

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
    char error[SAVER_TEXT_BYTES];
};

struct saver {
    /* The loop's. */
    uv_async_t told;
    uv_timer_t patience;
    saver_saved *saved;
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
    char why[SAVER_TEXT_BYTES];

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* Of both, under the mutex. */
    struct job job;
    bool job_waits;
    struct outcome_line outcome;
    bool outcome_waits;
    enum saver_fault fault;
    uint64_t slow_us;
    bool closing;
    bool ended;     /* the thread: nothing of it is under way any more */
    bool abandoned; /* the loop does not listen any more */
    unsigned users; /* thread and loop: the last one frees */
};

static void let_go(struct saver *saver)
{
    pthread_mutex_lock(&saver->mutex);
    bool last = --saver->users == 0;
    pthread_mutex_unlock(&saver->mutex);
    if (!last) return;
    pthread_cond_destroy(&saver->changed);
    pthread_mutex_destroy(&saver->mutex);
    free(saver);
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
static bool fault(struct saver *saver)
{
    pthread_mutex_lock(&saver->mutex);
    struct timespec until = after_us(saver->slow_us);
    int waited = 0;
    while (saver->fault == SAVER_FAULT_SLOW && waited == 0)
        waited = pthread_cond_timedwait(&saver->changed, &saver->mutex, &until);
    while (saver->fault == SAVER_FAULT_HANG)
        pthread_cond_wait(&saver->changed, &saver->mutex);
    bool fails = saver->fault == SAVER_FAULT_FAIL;
    pthread_mutex_unlock(&saver->mutex);
    if (fails) snprintf(saver->why, sizeof saver->why, "a fault drill makes the disk fail");
    return !fails;
}

static bool write_first(struct saver *saver, const struct job *job)
{
    if (saver->broken) return false;
    bool good = fault(saver) &&
                (!job->set_aside_first || state_file_set_aside(&saver->file, "old", saver->why)) &&
                state_file_save(&saver->file, job->bytes, job->count, saver->why);
    saver->broken = !good;
    return good;
}

/* Told with the next save if it fails: what counts is durable already. */
static void write_second(struct saver *saver, const struct job *job)
{
    if (!saver->broken)
        saver->broken =
            !fault(saver) || !state_file_mirror(&saver->file, job->bytes, job->count, saver->why);
}

/* False: the thread is to end. What was asked for before that is still written. */
static bool next_job(struct saver *saver, struct job *job)
{
    pthread_mutex_lock(&saver->mutex);
    while (!saver->job_waits && !saver->closing)
        pthread_cond_wait(&saver->changed, &saver->mutex);
    bool goes_on = saver->job_waits;
    if (goes_on) {
        *job = saver->job;
        saver->job_waits = false;
    }
    pthread_mutex_unlock(&saver->mutex);
    return goes_on;
}

static void tell(struct saver *saver, const struct job *job, bool ok)
{
    uint64_t now_us = clock_now_us();

    pthread_mutex_lock(&saver->mutex);
    assert(!saver->outcome_waits);
    saver->outcome.took_us = now_us - job->asked_us;
    saver->outcome.ok = ok;
    saver->outcome.generation = job->generation;
    memcpy(saver->outcome.error, saver->why, sizeof saver->why);
    saver->outcome_waits = true;
    if (!saver->abandoned) uv_async_send(&saver->told);
    pthread_mutex_unlock(&saver->mutex);
}

static void *write_all(void *argument)
{
    struct saver *saver = argument;
    struct job job;

    while (next_job(saver, &job)) {
        tell(saver, &job, write_first(saver, &job));
        write_second(saver, &job);
    }
    state_file_close(&saver->file);
    pthread_mutex_lock(&saver->mutex);
    saver->ended = true;
    if (!saver->abandoned) uv_async_send(&saver->told);
    pthread_mutex_unlock(&saver->mutex);
    let_go(saver);
    return NULL;
}

static void handle_closed(uv_handle_t *handle)
{
    struct saver *saver = handle->data;

    if (--saver->open_handles == 0) let_go(saver);
}

static void close_handles(struct saver *saver)
{
    if (saver->handles_closing) return;
    saver->handles_closing = true;
    uv_close((uv_handle_t *)&saver->told, handle_closed);
    uv_close((uv_handle_t *)&saver->patience, handle_closed);
}

static void told(uv_async_t *async)
{
    struct saver *saver = async->data;
    struct outcome_line outcome;

    pthread_mutex_lock(&saver->mutex);
    bool ended = saver->ended;
    bool tells = saver->outcome_waits && !saver->closing;
    if (tells) outcome = saver->outcome;
    saver->outcome_waits = false;
    pthread_mutex_unlock(&saver->mutex);
    if (ended) close_handles(saver);
    if (!tells) return;
    saver->under_way = false;
    histogram_add(&saver->times, outcome.took_us);
    saver->saved(saver->to, outcome.generation, outcome.ok, outcome.ok ? NULL : outcome.error);
}

static void patience_ends(uv_timer_t *timer)
{
    struct saver *saver = timer->data;

    pthread_mutex_lock(&saver->mutex);
    saver->abandoned = true;
    pthread_mutex_unlock(&saver->mutex);
    close_handles(saver);
}

static void init_shared(struct saver *saver)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&saver->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&saver->mutex, NULL);
}

static struct saver *fail_open(struct saver *saver, const char *dir, struct saver_found *found)
{
    if (saver != NULL) state_file_close(&saver->file);
    free(saver);
    found->verdict = SAVER_FAILED;
    snprintf(found->text, sizeof found->text,
             "--state-dir %s: no memory, descriptor or thread left", dir);
    return NULL;
}

struct saver *saver_open(uv_loop_t *loop, const char *dir, const char *flock,
                         struct saver_found *found)
{
    struct saver *saver = calloc(1, sizeof *saver);

    if (saver == NULL) return fail_open(NULL, dir, found);
    if (!state_file_open(&saver->file, dir, flock, false, found)) {
        free(saver);
        return NULL;
    }
    if (uv_async_init(loop, &saver->told, told) != 0) return fail_open(saver, dir, found);
    uv_timer_init(loop, &saver->patience);
    saver->told.data = saver;
    saver->patience.data = saver;
    saver->open_handles = 2;
    saver->users = 2;
    init_shared(saver);
    if (thread_begin(write_all, saver)) return saver;
    saver->users = 1;
    state_file_close(&saver->file);
    close_handles(saver);
    return fail_open(NULL, dir, found);
}

void saver_on_saved(struct saver *saver, saver_saved *saved, void *to)
{
    saver->saved = saved;
    saver->to = to;
}

void saver_save(struct saver *saver, uint64_t generation, const uint8_t *bytes, size_t count)
{
    assert(!saver->under_way && saver->saved != NULL);
    assert(count > 0 && count <= STATE_PAYLOAD_MAX);
    saver->under_way = true;
    saver->asked_us = clock_now_us();
    pthread_mutex_lock(&saver->mutex);
    saver->job.set_aside_first = saver->set_aside;
    saver->job.asked_us = saver->asked_us;
    saver->job.generation = generation;
    saver->job.count = count;
    memcpy(saver->job.bytes, bytes, count);
    saver->job_waits = true;
    pthread_cond_signal(&saver->changed);
    pthread_mutex_unlock(&saver->mutex);
    saver->set_aside = false;
}

void saver_set_aside(struct saver *saver)
{
    assert(!saver->under_way);
    saver->set_aside = true;
}

const struct histogram *saver_times(const struct saver *saver)
{
    return &saver->times;
}

uint64_t saver_waits_us(const struct saver *saver)
{
    return saver->under_way ? clock_now_us() - saver->asked_us : 0;
}

int saver_lock(const struct saver *saver)
{
    return saver->file.lock_fd;
}

void saver_fault(struct saver *saver, enum saver_fault fault, uint64_t slow_us)
{
    pthread_mutex_lock(&saver->mutex);
    saver->fault = fault;
    saver->slow_us = slow_us;
    pthread_cond_signal(&saver->changed);
    pthread_mutex_unlock(&saver->mutex);
}

void saver_close(struct saver *saver)
{
    if (saver == NULL) return;
    pthread_mutex_lock(&saver->mutex);
    saver->closing = true;
    pthread_cond_signal(&saver->changed);
    pthread_mutex_unlock(&saver->mutex);
    uv_timer_start(&saver->patience, patience_ends, CLOSE_MS, 0);
}
