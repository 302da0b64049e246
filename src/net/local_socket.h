/* local_socket.h: a Unix socket that listens under a path. The path is a name that others may have taken, and may take
 * later: what is not ours is never removed. */
#ifndef NET_LOCAL_SOCKET_H
#define NET_LOCAL_SOCKET_H

#include <stddef.h>
#include <sys/types.h>

#define LOCAL_SOCKET_CHARS_MAX 103 /* what a Unix socket's name can be, less ".new" */

struct local_socket {
    int fd; /* above 0, or 0: not open */
    char path[LOCAL_SOCKET_CHARS_MAX + 1];
    dev_t device;
    ino_t inode;
};

/* For its user and group, mode 0660. What a dead process of the same user has left there is replaced. NULL, or what is
 * wrong and what would be right. */
const char *local_socket_open(struct local_socket *socket, const char *path);
/* And removes the path, if it is still this socket's. */
void local_socket_close(struct local_socket *socket);

#endif
