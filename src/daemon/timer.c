/* timer.c: see timer.h. A timerfd, polled by the loop. A time that moves away, which each heartbeat makes it do, leaves
 * the alarm where it is: it goes off early then, and is set again. */
#include "daemon/timer.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

struct timer {
    uv_poll_t poll;
    int fd;
    uint64_t alarm_us; /* what the kernel knows; UINT64_MAX: nothing */
    uint64_t at_us;    /* never before that */
    uint64_t due_us;   /* as above, or when it was set, if that was later */
    uint64_t late_us;
    void (*due)(void *to);
    void *to;
};

static void set_alarm(struct timer *timer, uint64_t now_us)
{
    uint64_t left_us = timer->at_us > now_us ? timer->at_us - now_us : 0;
    const struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(left_us / 1000000),
                     .tv_nsec = left_us == 0 ? 1 : (long)(left_us % 1000000) * 1000}};
    int set = timerfd_settime(timer->fd, 0, &when, NULL);

    assert(set == 0);
    (void)set;
    timer->alarm_us = timer->at_us;
}

static void went_off(uv_poll_t *poll, int status, int events)
{
    struct timer *timer = poll->data;
    uint64_t times;

    (void)status;
    (void)events;
    if (read(timer->fd, &times, sizeof times) != (ssize_t)sizeof times) return;
    timer->alarm_us = UINT64_MAX;
    if (timer->at_us == UINT64_MAX) return;
    uint64_t now_us = clock_now_us();
    if (now_us < timer->at_us) {
        set_alarm(timer, now_us);
        return;
    }
    timer->late_us = now_us - timer->due_us;
    timer->at_us = UINT64_MAX;
    timer->due(timer->to);
}

struct timer *timer_new(uv_loop_t *loop, void (*due)(void *to), void *to)
{
    struct timer *timer = calloc(1, sizeof *timer);

    if (timer == NULL) return NULL;
    /* Boot time goes on while the host sleeps: what was due meanwhile is due at once. */
    timer->fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer->fd < 0 || uv_poll_init(loop, &timer->poll, timer->fd) != 0) {
        if (timer->fd >= 0) close(timer->fd);
        free(timer);
        return NULL;
    }
    timer->alarm_us = timer->at_us = UINT64_MAX;
    timer->due = due;
    timer->to = to;
    timer->poll.data = timer;
    uv_poll_start(&timer->poll, UV_READABLE, went_off);
    return timer;
}

void timer_set(struct timer *timer, uint64_t at_us)
{
    if (at_us == timer->at_us) return;
    timer->at_us = at_us;
    if (at_us == UINT64_MAX) return;
    uint64_t now_us = clock_now_us();
    timer->due_us = at_us > now_us ? at_us : now_us;
    if (at_us < timer->alarm_us) set_alarm(timer, now_us);
}

uint64_t timer_late_us(const struct timer *timer)
{
    return timer->late_us;
}

static void closed(uv_handle_t *handle)
{
    struct timer *timer = handle->data;

    close(timer->fd);
    free(timer);
}

void timer_close(struct timer *timer)
{
    if (timer == NULL) return;
    timer->at_us = UINT64_MAX;
    uv_close((uv_handle_t *)&timer->poll, closed);
}
