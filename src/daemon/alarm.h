/* alarm.h: one timer, exact to the microsecond of clock.h, on the loop. libuv's own timers are whole milliseconds on a
 * cached clock. An alarm that goes off early is set again; one that is late is late. */
#ifndef DAEMON_ALARM_H
#define DAEMON_ALARM_H

#include <stdint.h>
#include <uv.h>

struct alarm;

struct alarm *alarm_new(uv_loop_t *loop, void (*due)(void *to), void *to);
void alarm_set(struct alarm *alarm, uint64_t at_us); /* UINT64_MAX: never */
/* For who is called: how late that is. */
uint64_t alarm_late_us(const struct alarm *alarm);
void alarm_close(struct alarm *alarm);

#endif
