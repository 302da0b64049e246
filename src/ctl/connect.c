/* connect.c: see connect.h. */
#include "ctl/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/address.h"
#include "base/clock.h"

#define ADDRESSES_MAX 8 /* of one name */

__attribute__((format(printf, 3, 4))) static void add(char *text, size_t bytes, const char *format,
                                                      ...)
{
    size_t used = strlen(text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text + used, bytes - used, format, arguments);
    va_end(arguments);
}

/* 0 or an errno. A signal does not shorten the wait, and does not lengthen it. */
static int wait_connected(int fd, unsigned patience_ms)
{
    uint64_t end_us = clock_now_us() + (uint64_t)patience_ms * 1000;
    struct pollfd writable = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t bytes = sizeof error;

    for (;;) {
        uint64_t now_us = clock_now_us();
        if (now_us >= end_us) return ETIMEDOUT;
        int ready = poll(&writable, 1, (int)((end_us - now_us) / 1000 + 1));
        if (ready < 0 && errno != EINTR) return errno;
        if (ready > 0) break;
    }
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0 ? errno : error;
}

/* A socket, or -1 and errno. */
static int try_one(const struct addrinfo *to, unsigned patience_ms)
{
    const int on = 1;
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) return -1;
    int error = connect(fd, to->ai_addr, to->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) error = wait_connected(fd, patience_ms);
    if (error != 0) {
        close(fd);
        errno = error;
        return -1;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void add_failure(const struct addrinfo *to, const char *before, char *why, size_t why_bytes)
{
    int error = errno;
    char host[INET6_ADDRSTRLEN] = "?", port[8] = "";

    getnameinfo(to->ai_addr, to->ai_addrlen, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    bool v6 = to->ai_family == AF_INET6;
    add(why, why_bytes, "%s%s%s%s:%s: %s", before, v6 ? "[" : "", host, v6 ? "]" : "", port,
        error == ETIMEDOUT ? "no answer in time" : strerror(error));
}

static int connect_to_socket(const struct place *at, char *why, size_t why_bytes)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    snprintf(name.sun_path, sizeof name.sun_path, "%s", place_socket(at));
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&name, sizeof name) == 0) return fd;
    snprintf(why, why_bytes, "%s cannot be reached: %s", at->chars, strerror(errno));
    if (fd >= 0) close(fd);
    return -1;
}

/* Without the brackets of IPv6, as getaddrinfo() wants it. */
static void host_text(const struct goose_address *at, char host[GOOSE_HOST_CHARS_MAX + 3])
{
    struct goose_text text = address_host(at);
    bool bracketed = text.at[0] == '[';

    snprintf(host, GOOSE_HOST_CHARS_MAX + 3, "%.*s", text.bytes - (bracketed ? 2 : 0),
             text.at + (bracketed ? 1 : 0));
}

int connect_to(const struct place *at, unsigned patience_ms, char *why, size_t why_bytes)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    char host[GOOSE_HOST_CHARS_MAX + 3], port[8];
    struct addrinfo *all = NULL;
    int fd = -1, tried = 0;

    if (place_socket(at) != NULL) return connect_to_socket(at, why, why_bytes);
    host_text(&at->address, host);
    snprintf(port, sizeof port, "%u", (unsigned)address_port(&at->address));
    int error = getaddrinfo(host, port, &hints, &all);
    if (error != 0) {
        snprintf(why, why_bytes, "the name %s cannot be looked up: %s", host,
                 error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
        return -1;
    }
    snprintf(why, why_bytes, "%s cannot be reached; tried ", at->chars);
    for (const struct addrinfo *to = all; to != NULL && fd < 0 && tried < ADDRESSES_MAX;
         to = to->ai_next, tried++) {
        fd = try_one(to, patience_ms);
        if (fd < 0) add_failure(to, tried > 0 ? ", " : "", why, why_bytes);
    }
    freeaddrinfo(all);
    if (fd >= 0) why[0] = '\0';
    return fd;
}
