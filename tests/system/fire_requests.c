/* fire_requests.c: clients of nodes' HTTP servers, good and bad, as many at once as are said: see fire_words.h for what they
 * ask. They come from any address of 127/8, ask in whole packets or in small pieces, read their answers or do not, and go
 * with an end, half an end, or a reset.
 *
 *   fire_requests SEED SECONDS CLIENTS reads|changes PORT|/PATH...
 *
 * One line at the end says how much it did. */
#include "fire_words.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX   512
#define PLACES_MAX    8
#define PIPELINED_MAX 8
#define BURSTS_MAX    64
#define PATIENCE_MS   200
#define SLOW_MS       5000
#define TICK_MS       5
#define READ_BYTES    65536
#define EXIT_USAGE    2

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

struct client {
    struct words words;
    size_t said;
    unsigned answers; /* to what it says now */
    unsigned bursts;  /* that it has left */
    bool slow, deaf, ended;
    uint64_t end_ms;
};

union place {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_un un;
};

static struct client clients[CLIENTS_MAX];
static struct pollfd polled[CLIENTS_MAX];
static union place places[PLACES_MAX];
static size_t client_count, place_count;
static unsigned long connected, said, answered;
static volatile sig_atomic_t over;

static void end(int signal)
{
    (void)signal;
    over = 1;
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static union place place_of(const char *text)
{
    union place place = {.in = {.sin_family = AF_INET}};

    if (text[0] == '/') {
        place.un.sun_family = AF_UNIX;
        snprintf(place.un.sun_path, sizeof place.un.sun_path, "%s", text);
    } else {
        place.in.sin_port = htons((uint16_t)strtoul(text, NULL, 10));
        place.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    return place;
}

/* From an address of its own, so that there are ports enough. */
static void come_from_anywhere(int fd, struct rng *rng)
{
    struct sockaddr_in own = {.sin_family = AF_INET,
                              .sin_addr.s_addr =
                                  htonl(0x7f000001U + (uint32_t)rng_below(rng, 65536))};
    int on = 1;

    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    (void)!bind(fd, (const struct sockaddr *)&own, sizeof own);
}

static void say_more(struct client *client, uint64_t at_ms)
{
    words_next(&client->words, PIPELINED_MAX);
    client->said = client->answers = 0;
    client->end_ms = at_ms + (client->slow ? SLOW_MS : PATIENCE_MS);
}

static void come(size_t i, uint64_t at_ms)
{
    struct client *client = &clients[i];
    struct rng *rng = &client->words.rng;
    const union place *place = &places[rng_below(rng, place_count)];
    bool tcp = place->any.sa_family == AF_INET;
    int fd = socket(place->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    polled[i] = (struct pollfd){.fd = fd};
    if (fd < 0) return;
    if (tcp) come_from_anywhere(fd, rng);
    if (connect(fd, &place->any, tcp ? sizeof place->in : sizeof place->un) != 0 &&
        errno != EINPROGRESS) {
        close(fd);
        polled[i].fd = -1;
        return;
    }
    connected++;
    client->bursts = (unsigned)rng_magnitude(rng, 1, BURSTS_MAX);
    client->slow = rng_below(rng, 64) == 0;
    client->deaf = rng_below(rng, 64) == 0;
    client->ended = false;
    say_more(client, at_ms);
}

static void go(size_t i)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};

    if (rng_below(&clients[i].words.rng, 4) == 0)
        setsockopt(polled[i].fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(polled[i].fd);
    polled[i].fd = -1;
}

/* False: the node has closed it. */
static bool write_some(struct client *client, int fd)
{
    size_t left = client->words.bytes - client->said;

    if (client->slow && left > 64) left = 1 + rng_below(&client->words.rng, 64);
    ssize_t bytes = send(fd, client->words.at + client->said, left, MSG_NOSIGNAL);
    if (bytes < 0) return errno == EAGAIN || errno == ENOTCONN;
    client->said += (size_t)bytes;
    if (client->said == client->words.bytes) said += client->words.requests;
    return true;
}

static bool read_some(struct client *client, int fd)
{
    static char text[READ_BYTES];
    ssize_t bytes = recv(fd, text, sizeof text, 0);
    const char *at = text, *until = text + (bytes > 0 ? bytes : 0);

    if (bytes < 0) return errno == EAGAIN;
    while ((at = memmem(at, (size_t)(until - at), "HTTP/1.1 ", 9)) != NULL) {
        client->answers++;
        answered++;
        at += 9;
    }
    return bytes > 0;
}

/* What comes next: more to say, or an end. */
static bool go_on(struct client *client, int fd, uint64_t at_ms)
{
    bool done = client->said == client->words.bytes && client->answers >= client->words.requests;

    if (at_ms >= client->end_ms) return false;
    if (!done || client->ended) return true;
    if (client->bursts-- > 1)
        say_more(client, at_ms);
    else if (rng_below(&client->words.rng, 4) == 0)
        client->ended = shutdown(fd, SHUT_WR) == 0;
    else
        return false;
    return true;
}

static void turn(size_t i, uint64_t at_ms)
{
    struct client *client = &clients[i];
    struct pollfd *one = &polled[i];
    bool stays = true;

    if (one->fd < 0) {
        come(i, at_ms);
        return;
    }
    if ((one->revents & (POLLIN | POLLERR | POLLHUP)) != 0) stays = read_some(client, one->fd);
    if (stays && (one->revents & POLLOUT) != 0) stays = write_some(client, one->fd);
    if (stays) stays = go_on(client, one->fd, at_ms);
    if (!stays) go(i);
}

/* What to be told of; what is slow says something at each tick only. */
static void wait_for_some(bool tick)
{
    for (size_t i = 0; i < client_count; i++) {
        const struct client *client = &clients[i];
        bool says = client->said < client->words.bytes && (!client->slow || tick);
        polled[i].events = (short)((client->deaf ? 0 : POLLIN) | (says ? POLLOUT : 0));
    }
    poll(polled, client_count, TICK_MS);
}

static bool begin(int argc, char **argv)
{
    if (argc < 6 || argc - 5 > PLACES_MAX) return false;
    struct rng rng = {strtoull(argv[1], NULL, 10)};
    bool changes = strcmp(argv[4], "changes") == 0;

    client_count = strtoul(argv[3], NULL, 10);
    if (client_count == 0 || client_count > CLIENTS_MAX) return false;
    if (!changes && strcmp(argv[4], "reads") != 0) return false;
    for (; place_count < (size_t)argc - 5; place_count++)
        places[place_count] = place_of(argv[5 + place_count]);
    for (size_t i = 0; i < client_count; i++) {
        clients[i].words.rng = rng_fork(&rng);
        clients[i].words.changes = changes;
        polled[i].fd = -1;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = end};
    uint64_t tick_ms = 0;

    if (!begin(argc, argv)) {
        fputs("usage: fire_requests SEED SECONDS CLIENTS reads|changes PORT|/PATH...\n", stderr);
        return EXIT_USAGE;
    }
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    for (uint64_t at_ms = now_ms(), end_ms = at_ms + 1000 * strtoull(argv[2], NULL, 10);
         !over && at_ms < end_ms; at_ms = now_ms()) {
        bool tick = at_ms >= tick_ms + TICK_MS;
        if (tick) tick_ms = at_ms;
        wait_for_some(tick);
        for (size_t i = 0; i < client_count; i++)
            turn(i, at_ms);
    }
    printf("fire_requests: %lu connections, %lu requests, %lu answers\n", connected, said,
           answered);
    return EXIT_SUCCESS;
}
