/* log_thread.h: a thread that carries bytes to a file. Whoever has some writes them into a pipe, which takes them or says at
 * once that it is full; a disk that hangs, or has no room left, holds up the thread and nobody else. */
#ifndef BASE_LOG_THREAD_H
#define BASE_LOG_THREAD_H

#define LOG_THREAD_CLOSE_MS 1000 /* what is still in the pipe gets at the end */

struct log_thread;

/* NULL: no memory, descriptor or thread left. `to` stays the caller's, and open for as long as the process lives. */
struct log_thread *log_thread_open(int to);
int log_thread_in(const struct log_thread *thread); /* the pipe: it never blocks */
void log_thread_close(struct log_thread *thread);

#endif
