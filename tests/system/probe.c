/* probe.c: see probe.h. */
#include "probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

uint64_t probe_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* HOST:PORT or [IPV6]:PORT into host and port; false: neither. */
static bool split(const char *address, char *host, size_t room, const char **port)
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon == address || colon[1] == '\0') return false;
    bool bracketed = address[0] == '[' && colon[-1] == ']';
    const char *from = bracketed ? address + 1 : address;
    size_t count = (size_t)((bracketed ? colon - 1 : colon) - from);
    if (count == 0 || count >= room) return false;
    memcpy(host, from, count);
    host[count] = '\0';
    *port = colon + 1;
    return true;
}

const char *probe_init(struct probe *probe, const char *address, const char *hold)
{
    char host[ADDRESS_BYTES_MAX];
    const char *port;
    struct addrinfo *found;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    memset(probe, 0, sizeof *probe);
    probe->fd = -1;
    if (strlen(address) >= sizeof probe->address) return "too long";
    if (!split(address, host, sizeof host, &port)) return "not HOST:PORT";
    if (getaddrinfo(host, port, &hints, &found) != 0) return "not an address that can be found";
    memcpy(probe->address, address, strlen(address) + 1);
    memcpy(&probe->to, found->ai_addr, found->ai_addrlen);
    probe->to_bytes = found->ai_addrlen;
    freeaddrinfo(found);
    int count = snprintf(probe->question, sizeof probe->question,
                         "GET /status%s%s HTTP/1.1\r\nHost: %s\r\n\r\n",
                         hold != NULL ? "?hold=" : "", hold != NULL ? hold : "", address);
    return count < 0 || (size_t)count >= sizeof probe->question ? "too long" : NULL;
}

void probe_drop(struct probe *probe)
{
    if (probe->fd >= 0) close(probe->fd);
    probe->fd = -1;
    probe->state = PROBE_DOWN;
    probe->used = 0;
}

static enum probe_event lost(struct probe *probe)
{
    probe_drop(probe);
    return PROBE_LOST;
}

enum probe_event probe_connect(struct probe *probe)
{
    int yes = 1;
    probe->fd = socket(probe->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe->fd < 0) return PROBE_LOST;
    (void)setsockopt(probe->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    probe->state = PROBE_CONNECTING;
    if (connect(probe->fd, (const struct sockaddr *)&probe->to, probe->to_bytes) == 0)
        probe->state = PROBE_IDLE;
    else if (errno != EINPROGRESS)
        return lost(probe);
    return PROBE_NOTHING;
}

enum probe_event probe_ask(struct probe *probe)
{
    size_t count = strlen(probe->question);
    probe->state = PROBE_ASKED;
    probe->used = 0;
    /* Read before the question can have left; a late clock here would make spans too long. */
    probe->sent_ns = probe_now_ns();
    /* A fresh or answered connection takes so few bytes whole. */
    return send(probe->fd, probe->question, count, MSG_NOSIGNAL) == (ssize_t)count ? PROBE_NOTHING
                                                                                   : lost(probe);
}

static enum probe_event finish_connecting(struct probe *probe)
{
    int error = 0;
    socklen_t bytes = sizeof error;
    if (getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0 || error != 0)
        return lost(probe);
    probe->state = PROBE_IDLE;
    return PROBE_NOTHING;
}

enum probe_event probe_ready(struct probe *probe)
{
    if (probe->state == PROBE_CONNECTING) return finish_connecting(probe);
    ssize_t count =
        recv(probe->fd, probe->bytes + probe->used, sizeof probe->bytes - probe->used, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return PROBE_NOTHING;
    if (count <= 0) return lost(probe);
    /* Read after the answer had come: an early clock here would make spans too long. */
    probe->received_ns = probe_now_ns();
    probe->used += (size_t)count;
    if (probe->state != PROBE_ASKED) return PROBE_GARBLED;
    enum reply_result result = reply_parse(probe->bytes, probe->used, &probe->reply);
    if (result == REPLY_PART) return PROBE_NOTHING;
    if (result == REPLY_BAD || probe->reply.bytes != probe->used) return PROBE_GARBLED;
    probe->state = PROBE_IDLE;
    return PROBE_ANSWERED;
}
