/* sockets.h: all that the server asks of the kernel: sockets, and a queue of those that are ready. It never waits. */
#ifndef HTTP_SOCKETS_H
#define HTTP_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>

#include <sys/socket.h>
#include <sys/types.h>

/* What a socket in the queue waits for. */
#define WAITS_TO_READ  1U
#define WAITS_TO_WRITE 2U

struct ready {
    void *whose;
    bool broken; /* no more will come in and nothing can go out */
};

/* Numbers below 0 are errors of libuv. The queue is a descriptor, readable while somebody in it is ready. */
int queue_open(void);
void queue_close(int queue);
int queue_add(int queue, int fd, unsigned waits_for, void *whose);
void queue_change(int queue, int fd, unsigned waits_for, void *whose);
/* Those who are ready, first who was so for longest; who is still ready afterwards stands last. */
unsigned queue_take(int queue, struct ready ready[], unsigned room);

/* Takes over a bound socket `fd`, or binds one where there is an address. */
int socket_listen(const struct sockaddr *address, int fd);
int socket_accept(int listener);
bool socket_ends(int fd, struct sockaddr_storage *peer, struct sockaddr_storage *own);
/* Whose process connected a Unix socket. False: it is none. */
bool socket_user(int fd, unsigned *uid);
ssize_t socket_read(int fd, char *to, size_t bytes); /* 0: the end */
ssize_t socket_write(int fd, const char *from, size_t bytes);
bool socket_finish(int fd); /* sends our end */
void socket_keep_alive(int fd,
                       int silent_s); /* the kernel asks whether the other end is still there */
void socket_close(int queue, int fd, bool reset); /* and out of the queue */

#endif
