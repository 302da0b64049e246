/* recorder.c: who hears what nodes of this machine say to each other, and says it again later, from an address of its own
 * and without any key.
 *
 *   record FILE                      every datagram of IPv4 on loopback, until a signal ends it
 *   heartbeats FILE PORT MS KEYS TO...
 *                                    the heartbeats from PORT that went to the ports TO, to each one every MS
 *   again FILE PORT MS [KEYS]        what came from PORT (0: from any; with KEYS its HELLOs only) once more to where it
 *                                    went, and counts what comes back until MS after the last
 *   mirror PORT                      what comes from PORT, back to it as if it came from there, until a signal ends it
 *
 * KEYS is the flock's key file. It only tells what is what, for which who listens would go by the length.
 * One line at the end says how much it did. */
#include "goose/wire.h"
#include "loopback.h"
#include "net/seal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PEEK_MS    50
#define EXIT_USAGE 2
#define ROOM       (4 << 20)
#define TOS_MAX    8

static volatile sig_atomic_t over;

static void end(int signal)
{
    (void)signal;
    over = 1;
}

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "recorder: %s: %s\n", what, strerror(errno));
    exit(EXIT_USAGE);
}

static FILE *open_file(const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);

    if (file == NULL) give_up(path);
    return file;
}

static void rest(const char *ms)
{
    long count = atol(ms);

    nanosleep(&(struct timespec){count / 1000, count % 1000 * 1000000}, NULL);
}

/* ---- record ---- */

static void record(char **args)
{
    struct pollfd in = {.fd = loopback_ears(false), .events = POLLIN};
    FILE *file = open_file(args[0], "wb");
    struct datagram d = {0};
    unsigned long kept = 0;

    if (in.fd < 0) give_up("loopback");
    puts("recorder: listening");
    fflush(stdout);
    while (!over)
        if (poll(&in, 1, PEEK_MS) == 1 && loopback_hear(in.fd, &d))
            kept += fwrite(&d, sizeof d, 1, file);
    if (fclose(file) != 0) give_up(args[0]);
    printf("recorder: %lu datagrams kept\n", kept);
}

static void mirror(char **args)
{
    uint16_t port = (uint16_t)atoi(args[0]);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct pollfd in = {.fd = loopback_ears(true), .events = POLLIN};
    int mouth = loopback_mouth();
    static struct disguised back;
    struct datagram d = {0};
    unsigned long said = 0;

    if (in.fd < 0 || mouth < 0) give_up("loopback");
    puts("recorder: listening");
    fflush(stdout);
    while (!over) {
        if (poll(&in, 1, PEEK_MS) != 1 || !loopback_hear(in.fd, &d) || d.from != port) continue;
        memcpy(back.bytes, d.sealed, d.bytes);
        size_t bytes = loopback_disguise(&back, INADDR_LOOPBACK, port, port, d.bytes);
        said += sendto(mouth, &back, bytes, 0, (struct sockaddr *)&to, sizeof to) > 0;
    }
    printf("recorder: %lu datagrams sent back\n", said);
}

/* ---- play ---- */

static int open_socket(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), room = ROOM;

    if (fd < 0) give_up("socket");
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    return fd;
}

static void say(int fd, const struct datagram *d)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(d->to), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    (void)!sendto(fd, d->sealed, d->bytes, 0, (struct sockaddr *)&to, sizeof to);
}

static void read_keys(struct seal *seal, const char *path)
{
    char why[256];

    if (!seal_read_keys(seal, "goose", path, why, sizeof why)) give_up(why);
}

static bool is_of_kind(const struct datagram *d, const struct seal *seal,
                       enum goose_message_kind kind)
{
    uint8_t message[GOOSE_DATAGRAM_BYTES_MAX];
    size_t bytes;

    return seal_open(seal, d->sealed, d->bytes, message, &bytes) == SEAL_OK && message[2] == kind;
}

/* The next one for this port; false: there is none any more. */
static bool say_next(int fd, FILE *file, const struct seal *seal, uint16_t from, uint16_t to)
{
    struct datagram d;

    while (fread(&d, sizeof d, 1, file) == 1) {
        if (d.from != from || d.to != to || !is_of_kind(&d, seal, GOOSE_MESSAGE_HEARTBEAT))
            continue;
        say(fd, &d);
        return true;
    }
    return false;
}

static void heartbeats(char **args)
{
    FILE *files[TOS_MAX] = {NULL};
    uint16_t from = (uint16_t)atoi(args[1]);
    unsigned long said = 0;
    int fd = open_socket();
    bool more = true;
    struct seal seal;

    read_keys(&seal, args[3]);
    while (more && !over) {
        more = false;
        for (int i = 0; i < TOS_MAX && args[4 + i] != NULL; i++) {
            if (files[i] == NULL) files[i] = open_file(args[0], "rb");
            if (!say_next(fd, files[i], &seal, from, (uint16_t)atoi(args[4 + i]))) continue;
            more = true;
            said++;
        }
        rest(args[2]);
    }
    printf("recorder: %lu heartbeats\n", said);
}

static unsigned long hear(int fd, int wait_ms, unsigned long *bytes)
{
    struct pollfd in = {.fd = fd, .events = POLLIN};
    uint8_t buffer[2048];
    unsigned long came = 0;

    while (!over && poll(&in, 1, wait_ms) == 1) {
        ssize_t count = recv(fd, buffer, sizeof buffer, 0);
        *bytes += count > 0 ? (unsigned long)count : 0;
        came++;
    }
    return came;
}

static void again(char **args)
{
    FILE *file = open_file(args[0], "rb");
    uint16_t from = (uint16_t)atoi(args[1]);
    unsigned long out = 0, back = 0, bytes_out = 0, bytes_back = 0;
    int fd = open_socket();
    struct datagram d;
    struct seal seal;

    if (args[3] != NULL) read_keys(&seal, args[3]);
    while (!over && fread(&d, sizeof d, 1, file) == 1) {
        if (from != 0 && d.from != from) continue;
        if (args[3] != NULL && !is_of_kind(&d, &seal, GOOSE_MESSAGE_HELLO)) continue;
        say(fd, &d);
        out++;
        bytes_out += d.bytes;
        back += hear(fd, 1, &bytes_back);
    }
    for (int left_ms = atoi(args[2]); left_ms > 0 && !over; left_ms -= PEEK_MS) {
        rest("50");
        back += hear(fd, 0, &bytes_back);
    }
    printf("recorder: %lu datagrams of %lu bytes sent, %lu of %lu came back\n", out, bytes_out,
           back, bytes_back);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int args, args_max;
        void (*make)(char **args);
    } kinds[] = {{"record", 1, 1, record},
                 {"heartbeats", 5, 4 + TOS_MAX, heartbeats},
                 {"again", 3, 4, again},
                 {"mirror", 1, 1, mirror}};
    struct sigaction action = {.sa_handler = end};

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* it ends with the scenario that started it */
    for (size_t i = 0; argc > 1 && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(argv[1], kinds[i].name) != 0 || argc < kinds[i].args + 2 ||
            argc > kinds[i].args_max + 2)
            continue;
        kinds[i].make(argv + 2);
        return EXIT_SUCCESS;
    }
    fputs("usage: recorder record FILE | heartbeats FILE PORT MS KEYS TO... |\n"
          "                again FILE PORT MS [KEYS] | mirror PORT\n",
          stderr);
    return EXIT_USAGE;
}
