/* crowd.c: many observers in one process. Each says HELLO to the goose, echoes its WELCOME, and then only listens: it
 * counts who resigns how often. It knows no key, as the nodes that it joins.
 * usage: crowd COUNT HOST:PORT     until SIGTERM; what has come by then is counted too */
#include "goose/wire.h"
#include "net/seal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_UID     UINT64_C(1000)
#define ECHOES        (UINT64_C(1) << 63) /* in the nonce of the HELLO that echoes a WELCOME */
#define RECEIVE_ROOM  (4 << 20)
#define PEEK_MS       100
#define DATAGRAM_ROOM 2048

struct crowd {
    unsigned long count;
    int fd;
    struct seal seal;
    uint64_t counter;
    unsigned long let_in, resignations;
};

static volatile sig_atomic_t over;

static void end(int signal)
{
    (void)signal;
    over = 1;
}

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static void say_hello(struct crowd *crowd, uint64_t uid, uint64_t goose_life, uint64_t invite)
{
    uint8_t datagram[GOOSE_DATAGRAM_BYTES_MAX];
    char address[32];
    int chars = snprintf(address, sizeof address, "crowd-%llu:7000", (unsigned long long)uid);
    struct goose_message hello = {
        .kind = GOOSE_MESSAGE_HELLO,
        .name_tag = goose_digest_bytes(0, "goose", strlen("goose")),
        .uid = uid,
        .life = UINT64_C(1) << 32,
        .counter = ++crowd->counter,
        .for_life = goose_life,
        .address = {address, (uint8_t)chars},
        .hello = {.nonce = invite == 0 ? uid : uid | ECHOES, .invite = invite}};
    size_t bytes = goose_wire_encode(&hello, NULL, datagram);

    bytes = seal_datagram(&crowd->seal, datagram, bytes, sizeof datagram);
    if (send(crowd->fd, datagram, bytes, 0) != (ssize_t)bytes) give_up("send");
}

static void hear(struct crowd *crowd, const uint8_t *datagram, size_t count)
{
    struct goose_message m;
    struct goose_roster roster;
    uint8_t message[DATAGRAM_ROOM];
    size_t bytes;

    if (seal_open(&crowd->seal, datagram, count, message, &bytes) != SEAL_OK ||
        goose_wire_decode(message, bytes, &m, &roster) != GOOSE_WIRE_OK)
        give_up("a datagram that is none");
    if (m.kind == GOOSE_MESSAGE_RESIGN) crowd->resignations++;
    if (m.kind != GOOSE_MESSAGE_WELCOME) return;
    if ((m.welcome.nonce & ECHOES) != 0)
        crowd->let_in++;
    else
        say_hello(crowd, m.welcome.nonce, m.life, m.welcome.invite);
}

static int open_socket(const char *goose)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    const char *colon = strchr(goose, ':');
    char host[INET_ADDRSTRLEN];
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), room = RECEIVE_ROOM;

    if (colon == NULL) give_up(goose);
    snprintf(host, sizeof host, "%.*s", (int)(colon - goose), goose);
    to.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1) give_up(goose);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0) give_up(goose);
    return fd;
}

int main(int argc, char **argv)
{
    struct crowd crowd = {.count = argc == 3 ? strtoul(argv[1], NULL, 10) : 0};
    struct sigaction action = {.sa_handler = end};
    uint8_t datagram[DATAGRAM_ROOM];

    if (crowd.count == 0 || !seal_without_key(&crowd.seal, "goose")) return EXIT_FAILURE;
    sigaction(SIGTERM, &action, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* it ends with the scenario that started it */
    crowd.fd = open_socket(argv[2]);
    for (unsigned long i = 0; i < crowd.count; i++)
        say_hello(&crowd, FIRST_UID + i, 0, 0);
    struct pollfd in = {.fd = crowd.fd, .events = POLLIN};
    for (;;) {
        int ready = poll(&in, 1, over ? 0 : PEEK_MS);
        if (ready == 0 && over) break;
        if (ready <= 0) continue;
        ssize_t bytes = recv(crowd.fd, datagram, sizeof datagram, MSG_DONTWAIT);
        if (bytes > 0) hear(&crowd, datagram, (size_t)bytes);
    }
    printf("crowd: %lu let in, %lu resignations heard\n", crowd.let_in, crowd.resignations);
    return EXIT_SUCCESS;
}
