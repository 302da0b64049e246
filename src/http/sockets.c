/* sockets.c: see sockets.h. The queue is an epoll set inside the loop's own one. Whoever is reported goes to its end and
 * is reported again while it is ready: so it goes round, however many there are. */
#include "http/sockets.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <uv.h>

#define BACKLOG   1024
#define READY_MAX 64
#define ASKS      10 /* a second apart; then the other end is gone */

static int error_now(void)
{
    return uv_translate_sys_error(errno);
}

int queue_open(void)
{
    int queue = epoll_create1(EPOLL_CLOEXEC);
    return queue < 0 ? error_now() : queue;
}

void queue_close(int queue)
{
    close(queue);
}

static struct epoll_event event_of(unsigned waits_for, void *whose)
{
    return (struct epoll_event){.events = ((waits_for & WAITS_TO_READ) != 0 ? EPOLLIN : 0U) |
                                          ((waits_for & WAITS_TO_WRITE) != 0 ? EPOLLOUT : 0U),
                                .data.ptr = whose};
}

int queue_add(int queue, int fd, unsigned waits_for, void *whose)
{
    struct epoll_event event = event_of(waits_for, whose);
    return epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : error_now();
}

void queue_change(int queue, int fd, unsigned waits_for, void *whose)
{
    struct epoll_event event = event_of(waits_for, whose);
    int changed = epoll_ctl(queue, EPOLL_CTL_MOD, fd, &event);
    assert(changed == 0);
    (void)changed;
}

unsigned queue_take(int queue, struct ready ready[], unsigned room)
{
    struct epoll_event events[READY_MAX];
    int count = epoll_wait(queue, events, room < READY_MAX ? (int)room : READY_MAX, 0);
    for (int i = 0; i < count; i++)
        ready[i] =
            (struct ready){events[i].data.ptr, (events[i].events & (EPOLLERR | EPOLLHUP)) != 0};
    return count > 0 ? (unsigned)count : 0;
}

static int bound_socket(const struct sockaddr *address)
{
    int on = 1, off = 0;
    socklen_t bytes =
        address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return error_now();
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address->sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, address, bytes) == 0) return fd;
    int error = error_now();
    close(fd);
    return error;
}

/* Connections inherit TCP_NODELAY, so it is set once: an answer is complete when it is written. */
int socket_listen(const struct sockaddr *address, int fd)
{
    int on = 1;
    if (address != NULL) fd = bound_socket(address);
    if (fd < 0) return fd;
    if (fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int error = error_now();
    close(fd);
    return error;
}

int socket_accept(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return fd < 0 ? error_now() : fd;
}

bool socket_ends(int fd, struct sockaddr_storage *peer, struct sockaddr_storage *own)
{
    socklen_t peer_bytes = sizeof(*peer), own_bytes = sizeof(*own);
    return getpeername(fd, (struct sockaddr *)peer, &peer_bytes) == 0 &&
           getsockname(fd, (struct sockaddr *)own, &own_bytes) == 0;
}

bool socket_user(int fd, unsigned *uid)
{
    struct ucred peer;
    struct sockaddr own = {0};
    socklen_t peer_bytes = sizeof(peer), own_bytes = sizeof(own);
    if (getsockname(fd, &own, &own_bytes) != 0 || own.sa_family != AF_UNIX ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_bytes) != 0)
        return false;
    *uid = peer.uid;
    return true;
}

ssize_t socket_read(int fd, char *to, size_t bytes)
{
    ssize_t got = recv(fd, to, bytes, 0);
    return got < 0 ? error_now() : got;
}

ssize_t socket_write(int fd, const char *from, size_t bytes)
{
    ssize_t sent = send(fd, from, bytes, MSG_NOSIGNAL);
    return sent < 0 ? error_now() : sent;
}

bool socket_finish(int fd)
{
    return shutdown(fd, SHUT_WR) == 0;
}

void socket_keep_alive(int fd, int silent_s)
{
    int on = 1, every_s = 1, asks = ASKS;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &silent_s, sizeof(silent_s));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every_s, sizeof(every_s));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &asks, sizeof(asks));
}

void socket_close(int queue, int fd, bool reset)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    /* A child that has not called exec yet holds it too, and would keep it in the queue. */
    epoll_ctl(queue, EPOLL_CTL_DEL, fd, NULL);
    if (reset) setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
}
