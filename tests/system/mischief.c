/* mischief.c: what a stranger can do to a node with datagrams. It may send anything; it never knows a key.
 *
 *   forge RATE SECONDS HOST:PORT   well-formed datagrams of the flock "goose" under no key, so many a second
 *   echo COUNT PORT HOST:PORT      listens on 127.0.0.1:PORT, and sends whatever comes COUNT times to the node, as it is
 *   rival FLOCK-ID TERM HOST:PORT  one heartbeat of another uid in this term of the flock "goose", under no key
 *   newer HOST:PORT                one datagram of the protocol's next major version, of the flock "goose", under no key
 *   idle COUNT HOST:PORT           COUNT connections that send half a request and then nothing, kept and renewed
 *
 * Until a signal ends it, or the time is over. One line at the end says how much it did. */
#include "daemon/seal.h"
#include "goose/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DATAGRAM_BYTES 200
#define BURST_US       1000
#define PEEK_MS        100
#define EXIT_USAGE     2

static volatile sig_atomic_t over;

static void end(int signal)
{
    (void)signal;
    over = 1;
}

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "mischief: %s: %s\n", what, strerror(errno));
    exit(EXIT_USAGE);
}

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* "127.0.0.1:7001", or a port alone. */
static struct sockaddr_in address_of(const char *text)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    const char *colon = strchr(text, ':');
    char host[INET_ADDRSTRLEN] = "127.0.0.1";

    if (colon != NULL) snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    address.sin_port = htons((uint16_t)strtoul(colon != NULL ? colon + 1 : text, NULL, 10));
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) give_up(text);
    return address;
}

static int open_socket(int type, const char *local)
{
    int fd = socket(AF_INET, type, 0);
    struct sockaddr_in address;

    if (fd < 0) give_up("socket");
    if (local == NULL) return fd;
    address = address_of(local);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) give_up(local);
    return fd;
}

static void send_to(int fd, const struct sockaddr_in *to, const uint8_t *bytes, size_t count)
{
    /* A full queue of the kernel is a loss like any other. */
    (void)!sendto(fd, bytes, count, 0, (const struct sockaddr *)to, sizeof *to);
}

/* One datagram, under the seal of who has no key. */
static void send_sealed(const char *address, uint8_t datagram[DATAGRAM_BYTES_MAX], size_t bytes)
{
    struct sockaddr_in to = address_of(address);
    int fd = open_socket(SOCK_DGRAM, NULL);
    struct seal seal;

    if (!seal_without_key(&seal, "goose")) give_up("libsodium");
    send_to(fd, &to, datagram, seal_datagram(&seal, datagram, bytes, DATAGRAM_BYTES_MAX));
    close(fd);
}

static void forge(char **args)
{
    uint64_t rate = strtoull(args[0], NULL, 10), sent = 0, begin_us = now_us();
    uint64_t end_us = begin_us + strtoull(args[1], NULL, 10) * 1000000;
    struct sockaddr_in to = address_of(args[2]);
    uint8_t datagram[DATAGRAM_BYTES + SEAL_BYTES] = {0};
    int fd = open_socket(SOCK_DGRAM, NULL);
    struct seal seal;

    if (!seal_without_key(&seal, "goose")) give_up("libsodium");
    size_t bytes = seal_datagram(&seal, datagram, DATAGRAM_BYTES, sizeof datagram);
    while (!over && now_us() < end_us) {
        uint64_t due = (now_us() - begin_us) * rate / 1000000;
        for (; sent < due; sent++)
            send_to(fd, &to, datagram, bytes);
        nanosleep(&(struct timespec){.tv_nsec = BURST_US * 1000}, NULL);
    }
    close(fd);
    printf("mischief: %llu datagrams in %.1f s\n", (unsigned long long)sent,
           (double)(now_us() - begin_us) / 1e6);
}

static void rival(char **args)
{
    const struct message message = {.kind = MESSAGE_HEARTBEAT,
                                    .name_tag = digest_bytes(0, "goose", 5),
                                    .flock_id = strtoull(args[0], NULL, 16),
                                    .uid = 0xbad,
                                    .life = 1,
                                    .counter = 1,
                                    .term = strtoull(args[1], NULL, 10),
                                    .heartbeat = {.seq = 1, .sent_at_us = 1, .promise_us = 1}};
    uint8_t datagram[DATAGRAM_BYTES_MAX];

    send_sealed(args[2], datagram, wire_encode(&message, NULL, datagram));
    puts("mischief: a heartbeat");
}

/* What follows the version is nobody's business. */
static void newer(char **args)
{
    uint8_t datagram[DATAGRAM_BYTES_MAX] = {WIRE_MAJOR + 1};

    send_sealed(args[0], datagram, DATAGRAM_BYTES);
    puts("mischief: a datagram");
}

static void echo(char **args)
{
    unsigned long count = strtoul(args[0], NULL, 10), sent = 0;
    struct sockaddr_in to = address_of(args[2]);
    struct pollfd in = {.fd = open_socket(SOCK_DGRAM, args[1]), .events = POLLIN};
    uint8_t datagram[2048];

    while (!over) {
        if (poll(&in, 1, PEEK_MS) <= 0) continue;
        ssize_t bytes = recv(in.fd, datagram, sizeof datagram, 0);
        for (unsigned long i = 0; bytes > 0 && i < count; i++, sent++)
            send_to(in.fd, &to, datagram, (size_t)bytes);
    }
    close(in.fd);
    printf("mischief: %lu datagrams echoed\n", sent);
}

/* Half a request: the node has to keep what came of it. */
static int half_ask(const struct sockaddr_in *to)
{
    static const char half[] = "GET /status HTTP/1.1\r\nHost: loc";
    int fd = open_socket(SOCK_STREAM, NULL);

    if (connect(fd, (const struct sockaddr *)to, sizeof *to) == 0 &&
        send(fd, half, sizeof half - 1, MSG_NOSIGNAL) == (ssize_t)sizeof half - 1)
        return fd;
    close(fd);
    return -1;
}

static void idle(char **args)
{
    nfds_t count = strtoul(args[0], NULL, 10), renewed = 0;
    struct sockaddr_in to = address_of(args[1]);
    struct pollfd *clients = calloc(count, sizeof *clients);
    struct rlimit files = {count + 16, count + 16};

    if (clients == NULL) give_up("memory");
    setrlimit(RLIMIT_NOFILE, &files);
    for (nfds_t i = 0; i < count; i++)
        clients[i] = (struct pollfd){.fd = half_ask(&to), .events = POLLIN};
    printf("mischief: %lu clients wait\n", (unsigned long)count);
    fflush(stdout);
    while (!over) {
        poll(clients, count, PEEK_MS);
        for (nfds_t i = 0; i < count; i++) {
            if (clients[i].fd >= 0 && clients[i].revents == 0) continue;
            if (clients[i].fd >= 0) close(clients[i].fd);
            clients[i] = (struct pollfd){.fd = half_ask(&to), .events = POLLIN};
            renewed++;
        }
    }
    free(clients);
    printf("mischief: %lu clients renewed\n", (unsigned long)renewed);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int args;
        void (*make)(char **args);
    } kinds[] = {{"forge", 3, forge},
                 {"echo", 3, echo},
                 {"rival", 3, rival},
                 {"newer", 1, newer},
                 {"idle", 2, idle}};
    struct sigaction action = {.sa_handler = end};

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* it ends with the scenario that started it */
    for (size_t i = 0; argc > 1 && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(argv[1], kinds[i].name) != 0 || argc != kinds[i].args + 2) continue;
        kinds[i].make(argv + 2);
        return EXIT_SUCCESS;
    }
    fputs(
        "usage: mischief forge RATE SECONDS HOST:PORT | echo COUNT PORT HOST:PORT |\n"
        "                rival FLOCK-ID TERM HOST:PORT | newer HOST:PORT | idle COUNT HOST:PORT\n",
        stderr);
    return EXIT_USAGE;
}
