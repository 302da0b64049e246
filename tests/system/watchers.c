/* watchers.c: many clients that watch one node, or a few, and how soon each of them has seen another goose.
 *
 *   watchers COUNT PID HOST:PORT...   COUNT streams of events, spread over these nodes. Once each has its first event,
 *                                     kills the process PID and waits until each has seen a goose of a higher term
 *                                     than any had seen before.
 *   watchers slow HOST:PORT           one stream that is never read behind its first event, until a signal comes or the
 *                                     node ends it
 *
 * Prints how much later than the first the median and the last were told. Exit status 1 where one was not. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES  4096
#define DEADLINE_MS 20000
#define EXIT_USAGE  2

struct watcher {
    int fd;
    uint64_t term;    /* of the last goose that it saw */
    uint64_t told_us; /* when it saw the new one; 0: not yet */
    size_t bytes;
    char line[LINE_BYTES];
};

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "watchers: %s: %s\n", what, strerror(errno));
    exit(EXIT_USAGE);
}

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* `receive_bytes` that the kernel may keep for it; 0: as usual. */
static int stream_open(const char *address, int receive_bytes)
{
    static const char ask[] = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct sockaddr_in to = {.sin_family = AF_INET};
    const char *colon = strchr(address, ':');
    char host[INET_ADDRSTRLEN] = "";

    if (colon != NULL) snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1) give_up(address);
    to.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_bytes > 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) give_up(address);
    if (send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL) != (ssize_t)sizeof ask - 1) give_up(address);
    return fd;
}

static uint64_t number_behind(const char *line, const char *name)
{
    const char *at = strstr(line, name);
    return at == NULL ? 0 : strtoull(at + strlen(name), NULL, 10);
}

/* A goose counts, and silence does not. */
static void take_line(struct watcher *watcher, uint64_t wanted_term)
{
    if (strncmp(watcher->line, "data: {", 7) != 0) return;
    if (strstr(watcher->line, "\"goose\":null") != NULL) return;
    watcher->term = number_behind(watcher->line, "\"term\":");
    if (wanted_term != 0 && watcher->term >= wanted_term && watcher->told_us == 0)
        watcher->told_us = now_us();
}

static void read_on(struct watcher *watcher, uint64_t wanted_term)
{
    char bytes[LINE_BYTES];
    ssize_t count;

    while ((count = recv(watcher->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
        for (ssize_t i = 0; i < count; i++) {
            if (watcher->bytes == LINE_BYTES - 1) give_up("a line is too long");
            watcher->line[watcher->bytes++] = bytes[i];
            if (bytes[i] != '\n') continue;
            watcher->line[watcher->bytes] = '\0';
            take_line(watcher, wanted_term);
            watcher->bytes = 0;
        }
    }
    if (count == 0 || errno != EAGAIN) {
        fprintf(stderr, "watchers: a stream has ended\n");
        exit(EXIT_FAILURE);
    }
}

/* Until all have seen a goose, of at least this term where it is not 0. */
static unsigned watch(int epoll, struct watcher *watchers, unsigned count, uint64_t wanted_term)
{
    struct epoll_event events[256];
    uint64_t end_us = now_us() + DEADLINE_MS * UINT64_C(1000);
    unsigned seen = 0;

    while (seen < count && now_us() < end_us) {
        int ready = epoll_wait(epoll, events, 256, 100);
        for (int i = 0; i < ready; i++)
            read_on(&watchers[events[i].data.u32], wanted_term);
        seen = 0;
        for (unsigned i = 0; i < count; i++)
            seen += wanted_term != 0 ? watchers[i].told_us != 0 : watchers[i].term != 0;
    }
    return seen;
}

static int earlier(const void *a, const void *b)
{
    uint64_t one = ((const struct watcher *)a)->told_us,
             other = ((const struct watcher *)b)->told_us;
    return one < other ? -1 : one > other;
}

static int report(struct watcher *watchers, unsigned count, uint64_t killed_us)
{
    qsort(watchers, count, sizeof *watchers, earlier);
    uint64_t first_us = watchers[0].told_us;
    printf("%u told %.1f %.1f ms after the first, which was %.1f ms after the kill\n", count,
           (double)(watchers[count / 2].told_us - first_us) / 1000,
           (double)(watchers[count - 1].told_us - first_us) / 1000,
           (double)(first_us - killed_us) / 1000);
    return EXIT_SUCCESS;
}

static int watch_failover(unsigned count, pid_t victim, char **nodes, unsigned node_count)
{
    struct watcher *watchers = calloc(count, sizeof *watchers);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    uint64_t term = 0;

    if (watchers == NULL || epoll < 0) give_up("no memory");
    for (unsigned i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        watchers[i].fd = stream_open(nodes[i % node_count], 0);
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, watchers[i].fd, &event) != 0) give_up("epoll");
    }
    if (watch(epoll, watchers, count, 0) < count) give_up("not all have begun");
    for (unsigned i = 0; i < count; i++)
        if (watchers[i].term > term) term = watchers[i].term;
    uint64_t killed_us = now_us();
    if (kill(victim, SIGKILL) != 0) give_up("kill");
    unsigned told = watch(epoll, watchers, count, term + 1);
    if (told == count) return report(watchers, count, killed_us);
    fprintf(stderr, "watchers: only %u of %u were told\n", told, count);
    return EXIT_FAILURE;
}

/* Reads nothing more, and ends when the other side has. */
static int watch_nothing(const char *node)
{
    struct pollfd polled = {.fd = stream_open(node, 4096), .events = POLLRDHUP};

    while (poll(&polled, 1, -1) < 1)
        continue;
    puts("ended");
    return EXIT_SUCCESS;
}

int main(int count, char **arguments)
{
    struct rlimit limit;

    if (count == 3 && strcmp(arguments[1], "slow") == 0) return watch_nothing(arguments[2]);
    unsigned watchers = count > 3 ? (unsigned)strtoul(arguments[1], NULL, 10) : 0;
    pid_t victim = count > 3 ? (pid_t)strtol(arguments[2], NULL, 10) : 0;
    if (watchers == 0 || victim <= 1) {
        fprintf(stderr, "usage: watchers COUNT PID HOST:PORT... | watchers slow HOST:PORT\n");
        return EXIT_USAGE;
    }
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return watch_failover(watchers, victim, arguments + 3, (unsigned)count - 3);
}
