/* mischief.c: what a stranger can do to a node with datagrams. It may send anything; it never knows a key.
 *
 *   forge RATE SECONDS HOST:PORT   well-formed datagrams of the flock "goose" under no key, so many a second
 *   storm RATE SECONDS KEY-FILE HOST:PORT...
 *                                  datagrams of all sizes to each in turn, so many a second in all: as of somebody who
 *                                  has listened, for they look as if this file's first key had sealed them, and are not
 *                                  worth it
 *   rival FLOCK-ID TERM HOST:PORT  one heartbeat of another uid in this term of the flock "goose", under no key
 *   leap VERSION UID HOST:PORT     one heartbeat of the flock "goose", under no key, with a newer roster: its term and
 *                                  version are VERSION, its only voter is UID at HOST:PORT
 *   version MAJOR HOST:PORT        one datagram of another major version of the protocol, of the flock "goose", no key
 *   greet COUNT MS HOST:PORT       asks for one invite, then says COUNT HELLOs from another socket (with that invite, a
 *                                  made up one, or none), and counts what comes there until MS after the last
 *   idle COUNT HOST:PORT           COUNT connections that send half a request and then nothing, kept and renewed
 *
 * Until a signal ends it, or the time is over. One line at the end says how much it did. */
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DATAGRAM_BYTES 200
#define STORM_SHORTEST 30
#define STORM_LONGEST  1400
#define STORM_SIZES    (STORM_LONGEST - STORM_SHORTEST + 1)
#define STORM_STRIDE   733 /* no divisor of STORM_SIZES: all sizes, long ones among short ones */
#define TARGETS_MAX    8
#define BURST_US       1000
#define PEEK_MS        100
#define ANSWER_MS      2000
#define EXIT_USAGE     2
#define STRANGER       0xbad
#define FIRST_UID      0x10000

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

static int open_socket(int type)
{
    int fd = socket(AF_INET, type, 0);

    if (fd < 0) give_up("socket");
    return fd;
}

static void send_to(int fd, const struct sockaddr_in *to, const uint8_t *bytes, size_t count)
{
    /* A full queue of the kernel is a loss like any other. */
    (void)!sendto(fd, bytes, count, 0, (const struct sockaddr *)to, sizeof *to);
}

/* One datagram, under the seal of who has no key. */
static void send_sealed(const char *address, uint8_t datagram[GOOSE_DATAGRAM_BYTES_MAX],
                        size_t bytes)
{
    struct sockaddr_in to = address_of(address);
    int fd = open_socket(SOCK_DGRAM);
    struct seal seal;

    if (!seal_without_key(&seal, "goose")) give_up("libsodium");
    send_to(fd, &to, datagram, seal_datagram(&seal, datagram, bytes, GOOSE_DATAGRAM_BYTES_MAX));
    close(fd);
}

static void forge(char **args)
{
    uint64_t rate = strtoull(args[0], NULL, 10), sent = 0, begin_us = now_us();
    uint64_t end_us = begin_us + strtoull(args[1], NULL, 10) * 1000000;
    struct sockaddr_in to = address_of(args[2]);
    uint8_t datagram[DATAGRAM_BYTES + SEAL_BARE_BYTES] = {0};
    int fd = open_socket(SOCK_DGRAM);
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

/* What is too short for a seal, or too long for a datagram, is noise with the end of a seal. */
static void forge_of_size(const struct seal *seal, size_t bytes, uint8_t datagram[STORM_LONGEST])
{
    uint8_t sealed[GOOSE_DATAGRAM_BYTES_MAX] = {0};
    size_t around = seal_datagram(seal, sealed, 1, sizeof sealed) - 1;
    size_t message = bytes > around ? bytes - around : 1;

    if (bytes > sizeof sealed) message = sizeof sealed - around;
    memset(sealed, 0, sizeof sealed);
    size_t have = seal_datagram(seal, sealed, message, sizeof sealed);
    sealed[0] ^= 1;
    if (have > bytes)
        memcpy(datagram, sealed + have - bytes, bytes);
    else
        memcpy(datagram + bytes - have, sealed, have);
}

static void storm(char **args)
{
    static uint8_t forged[STORM_SIZES][STORM_LONGEST];
    uint64_t rate = strtoull(args[0], NULL, 10), sent = 0, begin_us = now_us();
    struct sockaddr_in to[TARGETS_MAX];
    size_t targets = 0;
    char why[256];
    struct seal seal;
    int fd = open_socket(SOCK_DGRAM);

    if (!seal_read_keys(&seal, "goose", args[2], why, sizeof why)) give_up(why);
    for (; targets < TARGETS_MAX && args[3 + targets] != NULL; targets++)
        to[targets] = address_of(args[3 + targets]);
    for (size_t i = 0; i < STORM_SIZES; i++)
        forge_of_size(&seal, STORM_SHORTEST + i, forged[i]);
    for (uint64_t end_us = begin_us + strtoull(args[1], NULL, 10) * 1000000, last_us = begin_us;
         !over && now_us() < end_us;) {
        nanosleep(&(struct timespec){.tv_nsec = BURST_US * 1000}, NULL);
        uint64_t gone_us = now_us() - last_us;
        last_us += gone_us;
        /* What this machine had no time for is not made good in one burst. */
        uint64_t due = sent + rate * (gone_us < 2 * BURST_US ? gone_us : 2 * BURST_US) / 1000000;
        for (; sent < due; sent++) {
            size_t i = (size_t)(sent * STORM_STRIDE % STORM_SIZES);
            send_to(fd, &to[sent % targets], forged[i], STORM_SHORTEST + i);
        }
    }
    close(fd);
    printf("mischief: %llu datagrams in %.1f s\n", (unsigned long long)sent,
           (double)(now_us() - begin_us) / 1e6);
}

/* What only an answer tells: the flock, the life that a message is for, an invite. */
struct met {
    uint64_t flock_id;
    uint64_t life;
    uint64_t invite;
};

static struct goose_message message_of(enum goose_message_kind kind, uint64_t uid,
                                       const struct met *met)
{
    static const char address[] = "stranger:7000";
    struct goose_message m = {.kind = kind,
                              .name_tag = goose_digest_bytes(0, "goose", 5),
                              .flock_id = met->flock_id,
                              .uid = uid,
                              .life = 1,
                              .counter = 1,
                              .for_life = met->life};

    if (kind != GOOSE_MESSAGE_HEARTBEAT)
        m.address = (struct goose_text){address, sizeof address - 1};
    return m;
}

static size_t hello_of(uint64_t uid, uint64_t invite, const struct met *met,
                       uint8_t datagram[GOOSE_DATAGRAM_BYTES_MAX])
{
    struct goose_message hello = message_of(GOOSE_MESSAGE_HELLO, uid, met);
    struct seal seal;

    if (!seal_without_key(&seal, "goose")) give_up("libsodium");
    hello.hello = (struct goose_hello){.nonce = 1, .invite = invite};
    return seal_datagram(&seal, datagram, goose_wire_encode(&hello, NULL, datagram),
                         GOOSE_DATAGRAM_BYTES_MAX);
}

static struct met meet(const char *address)
{
    struct met met = {0};
    struct sockaddr_in to = address_of(address);
    struct pollfd in = {.fd = open_socket(SOCK_DGRAM), .events = POLLIN};
    uint8_t datagram[GOOSE_DATAGRAM_BYTES_MAX];
    struct goose_roster roster;
    struct goose_message m;

    send_to(in.fd, &to, datagram, hello_of(STRANGER, 0, &met, datagram));
    if (poll(&in, 1, ANSWER_MS) != 1) give_up("no answer to HELLO");
    ssize_t bytes = recv(in.fd, datagram, sizeof datagram, 0);
    close(in.fd);
    if (bytes <= SEAL_BARE_BYTES ||
        goose_wire_decode(datagram, (size_t)bytes - SEAL_BARE_BYTES, &m, &roster) !=
            GOOSE_WIRE_OK ||
        m.kind != GOOSE_MESSAGE_WELCOME)
        give_up("no WELCOME");
    return (struct met){m.flock_id, m.life, m.welcome.invite};
}

static struct goose_message heartbeat_of(uint64_t term, const struct met *met)
{
    struct goose_message m = message_of(GOOSE_MESSAGE_HEARTBEAT, STRANGER, met);

    m.term = term;
    m.heartbeat = (struct goose_heartbeat){.seq = 1, .sent_at_us = 1, .promise_us = 1};
    return m;
}

static void rival(char **args)
{
    struct met met = meet(args[2]);
    uint8_t datagram[GOOSE_DATAGRAM_BYTES_MAX];

    met.flock_id = strtoull(args[0], NULL, 16);
    struct goose_message m = heartbeat_of(strtoull(args[1], NULL, 10), &met);
    send_sealed(args[2], datagram, goose_wire_encode(&m, NULL, datagram));
    puts("mischief: a heartbeat");
}

static void leap(char **args)
{
    uint64_t version = strtoull(args[0], NULL, 0);
    struct met met = meet(args[2]);
    uint8_t datagram[GOOSE_DATAGRAM_BYTES_MAX];
    struct goose_text address = {args[2], (uint8_t)strlen(args[2])};
    struct goose_message m = heartbeat_of(version, &met);
    struct goose_roster roster;

    goose_roster_clear(&roster);
    goose_roster_add(&roster, address, strtoull(args[1], NULL, 16), GOOSE_PRIORITY_DEFAULT, 0);
    roster.wanted = 1;
    roster.term = m.roster_term = version;
    roster.version = m.roster_version = version;
    roster.flock_id = m.flock_id;
    m.with_roster = true;
    send_sealed(args[2], datagram, goose_wire_encode(&m, &roster, datagram));
    puts("mischief: a heartbeat with a roster");
}

/* What follows the version is nobody's business. */
static void version(char **args)
{
    uint8_t datagram[GOOSE_DATAGRAM_BYTES_MAX] = {(uint8_t)strtoul(args[0], NULL, 10)};

    send_sealed(args[1], datagram, DATAGRAM_BYTES);
    puts("mischief: a datagram");
}

/* Its second socket stands for somebody whose address the greetings name as their own. */
static void greet(char **args)
{
    unsigned long count = strtoul(args[0], NULL, 10), came = 0, bytes_out = 0, bytes_back = 0;
    const struct met met = meet(args[2]);
    const uint64_t invites[] = {met.invite, met.invite, 0xf0f0f0f0f0f0f0f1, 0};
    struct sockaddr_in to = address_of(args[2]);
    struct pollfd in = {.fd = open_socket(SOCK_DGRAM), .events = POLLIN};
    int room = 4 << 20, wait_ms = atoi(args[1]);
    uint8_t datagram[GOOSE_DATAGRAM_BYTES_MAX];

    setsockopt(in.fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    for (unsigned long i = 0; i < count; i++) {
        uint64_t uid = i % 4 == 0 ? STRANGER : FIRST_UID + i;
        size_t bytes = hello_of(uid, invites[i % 4], &met, datagram);
        send_to(in.fd, &to, datagram, bytes);
        bytes_out += bytes;
        if (i % 16 == 15) nanosleep(&(struct timespec){.tv_nsec = BURST_US * 1000}, NULL);
    }
    uint64_t end_us = now_us() + (uint64_t)wait_ms * 1000;
    while (!over && now_us() < end_us) {
        if (poll(&in, 1, PEEK_MS) != 1) continue;
        ssize_t bytes = recv(in.fd, datagram, sizeof datagram, 0);
        bytes_back += bytes > 0 ? (unsigned long)bytes : 0;
        came++;
    }
    close(in.fd);
    printf("mischief: %lu datagrams of %lu bytes sent, %lu of %lu came back\n", count, bytes_out,
           came, bytes_back);
}

/* Half a request: the node has to keep what came of it. */
static int half_ask(const struct sockaddr_in *to)
{
    static const char half[] = "GET /status HTTP/1.1\r\nHost: loc";
    int fd = open_socket(SOCK_STREAM);

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
        int args, args_max;
        void (*make)(char **args);
    } kinds[] = {{"forge", 3, 3, forge},     {"storm", 4, 3 + TARGETS_MAX, storm},
                 {"rival", 3, 3, rival},     {"leap", 3, 3, leap},
                 {"version", 2, 2, version}, {"greet", 3, 3, greet},
                 {"idle", 2, 2, idle}};
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
    fputs("usage: mischief forge RATE SECONDS HOST:PORT | storm RATE SECONDS KEY-FILE HOST:PORT... "
          "|\n"
          "                rival FLOCK-ID TERM HOST:PORT | leap VERSION UID HOST:PORT |\n"
          "                version MAJOR HOST:PORT | greet COUNT MS HOST:PORT | idle COUNT "
          "HOST:PORT\n",
          stderr);
    return EXIT_USAGE;
}
