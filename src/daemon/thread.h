/* thread.h: a thread that nobody waits for, and that leaves all signals to the loop's. */
#ifndef DAEMON_THREAD_H
#define DAEMON_THREAD_H

#include <stdbool.h>

/* False: there can be no more. */
bool thread_begin(void *(*run)(void *), void *argument);

#endif
