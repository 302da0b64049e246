/* thread.h: a thread that nobody waits for, and that leaves all signals to the loop's. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <stdbool.h>

/* False: there can be no more. */
bool thread_begin(void *(*run)(void *), void *argument);

#endif
