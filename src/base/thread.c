/* thread.c: see thread.h. */
#include "base/thread.h"

#include <pthread.h>
#include <signal.h>

bool thread_begin(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool begun = pthread_create(&thread, NULL, run, argument) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (begun) pthread_detach(thread);
    return begun;
}
