/* flood.c: many clients that ask much of a flock's nodes over HTTP.
 *
 *   flood COUNT SECONDS DEED HOST:PORT...
 *
 * So many at once at each node. DEED is a path, of which each asks for as much as fits into 4,600 bytes in one go, all
 * anew every second, and takes nothing of the answers; "read:" and a path: the same again and again, and it takes all;
 * "connect": they do nothing but come and go; or "reset": each asks for /metrics once and is gone with a reset. One line
 * at the end says how much it did. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BURST_BYTES 4600
#define ROUND_MS    1000
#define NODES_MAX   31
#define EXIT_USAGE  2

struct flood {
    const char *deed;
    unsigned count;
    unsigned nodes;
    struct sockaddr_in node[NODES_MAX];
    char burst[BURST_BYTES];
    size_t burst_bytes;
    int *clients;   /* `count` of each node */
    size_t *halves; /* of a burst, how much each has sent */
    unsigned long connected;
    unsigned long bytes;
};

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
    exit(EXIT_USAGE);
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct sockaddr_in address_of(const char *text)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    char host[INET_ADDRSTRLEN];
    unsigned port;

    if (sscanf(text, "%15[0-9.]:%u", host, &port) != 2 ||
        inet_pton(AF_INET, host, &in.sin_addr) != 1)
        give_up(text);
    in.sin_port = htons((uint16_t)port);
    return in;
}

/* As many requests as there is room for. */
static void make_burst(struct flood *flood, const char *path, size_t room)
{
    char request[256];
    int bytes =
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);

    if (bytes < 0 || (size_t)bytes > room) give_up(path);
    for (; flood->burst_bytes + (size_t)bytes <= room; flood->burst_bytes += (size_t)bytes)
        memcpy(flood->burst + flood->burst_bytes, request, (size_t)bytes);
}

static int connect_to(struct flood *flood, const struct sockaddr_in *node)
{
    const struct timeval patience = {.tv_sec = 1};
    int fd = socket(AF_INET, SOCK_STREAM, 0), small = 4096;

    if (fd < 0) give_up("socket");
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (const struct sockaddr *)node, sizeof *node) == 0) {
        flood->connected++;
        return fd;
    }
    close(fd);
    return -1;
}

static void ask(struct flood *flood, int fd)
{
    ssize_t sent =
        fd < 0 ? -1 : send(fd, flood->burst, flood->burst_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (sent > 0) flood->bytes += (unsigned long)sent;
}

/* What came is thrown away where it lies: this costs a flood little, and a node as much as any other reader. */
static void read_on(struct flood *flood, unsigned i)
{
    int *fd = &flood->clients[i];
    size_t *half = &flood->halves[i];
    ssize_t sent, got;

    if (*fd < 0) {
        *fd = connect_to(flood, &flood->node[i % flood->nodes]);
        *half = 0;
        return;
    }
    sent = send(*fd, flood->burst + *half, flood->burst_bytes - *half, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
        flood->bytes += (unsigned long)sent;
        *half = (*half + (size_t)sent) % flood->burst_bytes;
    }
    got = recv(*fd, NULL, 1 << 20, MSG_DONTWAIT | MSG_TRUNC);
    if (got > 0 || (got < 0 && errno == EAGAIN)) return;
    close(*fd);
    *fd = -1;
}

static void leave(int fd, int reset)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};

    if (fd < 0) return;
    if (reset) setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

static void come_and_go(struct flood *flood, int reset)
{
    for (unsigned i = 0; i < flood->count * flood->nodes; i++) {
        int fd = connect_to(flood, &flood->node[i % flood->nodes]);
        if (reset) ask(flood, fd);
        leave(fd, reset);
    }
}

static void burst(struct flood *flood, uint64_t end_ms)
{
    unsigned all = flood->count * flood->nodes;
    uint64_t round_end_ms = now_ms() + ROUND_MS;

    for (unsigned i = 0; i < all; i++)
        flood->clients[i] = connect_to(flood, &flood->node[i % flood->nodes]);
    for (unsigned i = 0; i < all; i++)
        ask(flood, flood->clients[i]);
    while (now_ms() < round_end_ms && now_ms() < end_ms)
        usleep(10000);
    for (unsigned i = 0; i < all; i++)
        leave(flood->clients[i], 0);
}

int main(int count, char **arguments)
{
    static struct flood flood;
    const struct rlimit many = {8192, 8192};

    if (count < 5 || count - 4 > NODES_MAX || atoi(arguments[1]) <= 0 || atoi(arguments[2]) <= 0) {
        fprintf(stderr, "usage: flood COUNT SECONDS PATH|read:PATH|connect|reset HOST:PORT...\n");
        return EXIT_USAGE;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_NOFILE, &many);
    flood.count = (unsigned)atoi(arguments[1]);
    flood.deed = arguments[3];
    flood.nodes = (unsigned)(count - 4);
    for (unsigned i = 0; i < flood.nodes; i++)
        flood.node[i] = address_of(arguments[4 + i]);
    unsigned all = flood.count * flood.nodes;
    flood.clients = calloc(all, sizeof *flood.clients);
    flood.halves = calloc(all, sizeof *flood.halves);
    if (flood.clients == NULL || flood.halves == NULL) give_up("memory");
    int reads = strncmp(flood.deed, "read:/", 6) == 0;
    if (reads) flood.deed += 5;
    int resets = strcmp(flood.deed, "reset") == 0, bursts = flood.deed[0] == '/';
    make_burst(&flood, bursts ? flood.deed : "/metrics", bursts ? BURST_BYTES : 50);
    for (unsigned i = 0; i < all; i++)
        flood.clients[i] = -1;
    uint64_t end_ms = now_ms() + 1000 * (uint64_t)atoi(arguments[2]);
    for (unsigned i = 0; reads && now_ms() < end_ms; i++)
        read_on(&flood, i % all);
    while (now_ms() < end_ms)
        bursts ? burst(&flood, end_ms) : come_and_go(&flood, resets);
    printf("%lu connections, %lu bytes asked, %.2f s of CPU\n", flood.connected, flood.bytes,
           (double)clock() / CLOCKS_PER_SEC);
    free(flood.clients);
    free(flood.halves);
    return 0;
}
