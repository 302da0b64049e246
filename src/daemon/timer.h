/* timer.h: one timer, exact to the microsecond of clock.h, on the loop. libuv's own timers are whole milliseconds on a
 * cached clock. An alarm that goes off early is set again; one that is late is late. */
#ifndef DAEMON_TIMER_H
#define DAEMON_TIMER_H

#include <stdint.h>
#include <uv.h>

struct timer;

struct timer *timer_new(uv_loop_t *loop, void (*due)(void *to), void *to);
void timer_set(struct timer *timer, uint64_t at_us); /* UINT64_MAX: never */
/* For who is called: how late that is. */
uint64_t timer_late_us(const struct timer *timer);
void timer_close(struct timer *timer);

#endif
