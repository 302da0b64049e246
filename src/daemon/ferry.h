/* ferry.h: a thread that carries bytes to a file. Whoever has some writes them into a pipe, which takes them or says at
 * once that it is full; a disk that hangs, or has no room left, holds up the thread and nobody else. */
#ifndef DAEMON_FERRY_H
#define DAEMON_FERRY_H

#define FERRY_CLOSE_MS 1000 /* what is still in the pipe gets at the end */

struct ferry;

/* NULL: no memory, descriptor or thread left. `to` stays the caller's, and open for as long as the process lives. */
struct ferry *ferry_open(int to);
int ferry_in(const struct ferry *ferry); /* the pipe: it never blocks */
void ferry_close(struct ferry *ferry);

#endif
