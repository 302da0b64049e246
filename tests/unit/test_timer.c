/* The node's timer: never early, and an alarm costs nothing where a time only moves away. */
#include "unit.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/timer.h"

#define MS UINT64_C(1000)

static unsigned alarms;

/* Stands in front of the system's, and counts. */
int timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *before)
{
    alarms++;
    return (int)syscall(SYS_timerfd_settime, fd, flags, when, before);
}

struct bench {
    uv_loop_t loop;
    struct timer *timer;
    unsigned times;
    uint64_t came_us;
};

static void due(void *to)
{
    struct bench *bench = to;

    bench->times++;
    bench->came_us = clock_now_us();
    uv_stop(&bench->loop);
}

static int begin(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);

    *state = bench;
    alarms = 0;
    if (bench == NULL || uv_loop_init(&bench->loop) != 0) return -1;
    bench->timer = timer_new(&bench->loop, due, bench);
    return bench->timer == NULL ? -1 : 0;
}

static int end(void **state)
{
    struct bench *bench = *state;

    timer_close(bench->timer);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    int closed = uv_loop_close(&bench->loop);
    free(bench);
    return closed;
}

static void expect_at(struct bench *bench, uint64_t at_us)
{
    unsigned before = bench->times;

    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(bench->times, before + 1);
    assert_true(bench->came_us >= at_us);
    assert_true(timer_late_us(bench->timer) <= bench->came_us - at_us);
}

static void test_once(void **state)
{
    struct bench *bench = *state;
    uint64_t at_us = clock_now_us() + 3 * MS;

    timer_set(bench->timer, at_us);
    expect_at(bench, at_us);
    timer_set(bench->timer, at_us); /* it is over: at once */
    expect_at(bench, at_us);
}

static void test_moving_away_costs_nothing(void **state)
{
    struct bench *bench = *state;
    uint64_t at_us = clock_now_us() + 3 * MS;

    timer_set(bench->timer, at_us);
    for (int i = 0; i < 100; i++)
        timer_set(bench->timer, at_us += MS / 2);
    assert_int_equal(alarms, 1);
    expect_at(bench, at_us);
    assert_true(alarms >= 2);
}

static void test_moving_nearer(void **state)
{
    struct bench *bench = *state;
    uint64_t now_us = clock_now_us();

    timer_set(bench->timer, now_us + 3600 * 1000 * MS);
    timer_set(bench->timer, now_us + 7200 * 1000 * MS);
    timer_set(bench->timer, now_us + 2 * MS);
    assert_int_equal(alarms, 2);
    expect_at(bench, now_us + 2 * MS);
}

/* What is not wanted any more does not come; nor does its alarm keep what is wanted later. */
static void test_never(void **state)
{
    struct bench *bench = *state;
    uint64_t now_us = clock_now_us();

    timer_set(bench->timer, now_us + MS);
    timer_set(bench->timer, UINT64_MAX);
    while (clock_now_us() < now_us + 2 * MS) {
    }
    uv_run(&bench->loop, UV_RUN_ONCE);
    assert_int_equal(bench->times, 0);
    timer_set(bench->timer, now_us + 4 * MS);
    expect_at(bench, now_us + 4 * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_once, begin, end),
        cmocka_unit_test_setup_teardown(test_moving_away_costs_nothing, begin, end),
        cmocka_unit_test_setup_teardown(test_moving_nearer, begin, end),
        cmocka_unit_test_setup_teardown(test_never, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
