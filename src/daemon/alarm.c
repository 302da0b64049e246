/* alarm.c: see alarm.h. A timerfd, polled by the loop. */
#include "daemon/alarm.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/clock.h"

struct alarm {
    uv_poll_t poll;
    int fd;
    uint64_t at_us;
    uint64_t due_us; /* as above, or when it was set, if that was later */
    uint64_t late_us;
    void (*due)(void *to);
    void *to;
};

static void went_off(uv_poll_t *poll, int status, int events)
{
    struct alarm *alarm = poll->data;
    uint64_t times;

    (void)status;
    (void)events;
    if (read(alarm->fd, &times, sizeof times) != (ssize_t)sizeof times) return;
    uint64_t at_us = alarm->at_us;
    if (at_us == UINT64_MAX) return;
    uint64_t now_us = clock_now_us();
    if (now_us < at_us) {
        alarm_set(alarm, at_us);
        return;
    }
    alarm->late_us = now_us - alarm->due_us;
    alarm->at_us = UINT64_MAX;
    alarm->due(alarm->to);
}

struct alarm *alarm_new(uv_loop_t *loop, void (*due)(void *to), void *to)
{
    struct alarm *alarm = calloc(1, sizeof *alarm);

    if (alarm == NULL) return NULL;
    /* Boot time goes on while the host sleeps: what was due meanwhile is due at once. */
    alarm->fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (alarm->fd < 0 || uv_poll_init(loop, &alarm->poll, alarm->fd) != 0) {
        if (alarm->fd >= 0) close(alarm->fd);
        free(alarm);
        return NULL;
    }
    alarm->at_us = UINT64_MAX;
    alarm->due = due;
    alarm->to = to;
    alarm->poll.data = alarm;
    uv_poll_start(&alarm->poll, UV_READABLE, went_off);
    return alarm;
}

void alarm_set(struct alarm *alarm, uint64_t at_us)
{
    struct itimerspec when = {0};

    if (at_us == alarm->at_us && at_us == UINT64_MAX) return;
    alarm->at_us = at_us;
    if (at_us != UINT64_MAX) {
        uint64_t now_us = clock_now_us();
        uint64_t left_us = at_us > now_us ? at_us - now_us : 0;
        alarm->due_us = now_us + left_us;
        when.it_value.tv_sec = (time_t)(left_us / 1000000);
        when.it_value.tv_nsec = (long)(left_us % 1000000) * 1000;
        if (left_us == 0) when.it_value.tv_nsec = 1;
    }
    int set = timerfd_settime(alarm->fd, 0, &when, NULL);
    assert(set == 0);
    (void)set;
}

uint64_t alarm_late_us(const struct alarm *alarm)
{
    return alarm->late_us;
}

static void closed(uv_handle_t *handle)
{
    struct alarm *alarm = handle->data;

    close(alarm->fd);
    free(alarm);
}

void alarm_close(struct alarm *alarm)
{
    if (alarm == NULL) return;
    alarm->at_us = UINT64_MAX;
    uv_close((uv_handle_t *)&alarm->poll, closed);
}
