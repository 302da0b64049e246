/* fire_datagrams.c: datagrams to nodes on loopback, as many as they take, from any address and port of 127/8, their own
 * among them.
 *
 *   fire_datagrams SEED KINDS PORT...
 *
 * KINDS: see fire.h. It listens from its start, and fires from SIGUSR1 until SIGTERM. It sends no more while a node's queue
 * is filled to a part: what the kernel would drop shows nothing, and would be missed by the election. One line at the end
 * says how much it did. Needs a network namespace of its own, or root. */
#include "fire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TARGETS_MAX   8
#define BURST         64
#define WAITING_BYTES (256 << 10) /* in the kernel's count, which takes a small one for 768 */
#define PEEK_MS       10
#define REST_NS       200000
#define UDP_TABLE     65536
#define EXIT_USAGE    2

static struct fire fire;
static struct disguised packets[BURST];
static uint16_t targets[TARGETS_MAX];
static size_t waiting[TARGETS_MAX];
static size_t target_count;
static unsigned long sent;
static volatile sig_atomic_t over, begun;

static void on_signal(int signal)
{
    if (signal == SIGUSR1)
        begun = 1;
    else
        over = 1;
}

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "fire_datagrams: %s: %s\n", what, strerror(errno));
    exit(EXIT_USAGE);
}

static void listen_on(int ears)
{
    struct datagram d;

    while (loopback_hear(ears, &d))
        fire_hear(&fire, &d);
}

/* How much waits at each target, as the kernel has it. */
static void look_at_queues(int table)
{
    static char text[UDP_TABLE];
    ssize_t bytes = pread(table, text, sizeof text - 1, 0);
    unsigned port, queued;

    text[bytes > 0 ? bytes : 0] = '\0';
    for (char *line = strchr(text, '\n'); line != NULL; line = strchr(line + 1, '\n')) {
        if (sscanf(line, "%*d: %*x:%x %*x:%*x %*x %*x:%x", &port, &queued) != 2) continue;
        for (size_t i = 0; i < target_count; i++)
            if (targets[i] == port) waiting[i] = queued;
    }
}

/* Any of 127/8, or the nodes' own. */
static size_t disguise(struct disguised *packet, uint16_t to, size_t bytes)
{
    uint64_t chance = rng_next(&fire.rng);
    bool own = chance % 8 == 0, near = chance % 8 == 1;
    uint32_t host = own || near ? INADDR_LOOPBACK : 0x7f000000U | (uint32_t)(chance >> 40);
    uint16_t port = own ? targets[(chance >> 8) % target_count] : (uint16_t)(chance >> 16 | 1);

    return loopback_disguise(packet, host, port, to, bytes);
}

static void burst_at(int fd, uint16_t to)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct mmsghdr messages[BURST] = {0};
    struct iovec parts[BURST];

    for (size_t i = 0; i < BURST; i++) {
        size_t bytes = fire_next(&fire, to, packets[i].bytes);
        parts[i] = (struct iovec){&packets[i], disguise(&packets[i], to, bytes)};
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = &place, .msg_namelen = sizeof place, .msg_iov = &parts[i], .msg_iovlen = 1};
    }
    int taken = sendmmsg(fd, messages, BURST, 0);
    if (taken > 0) sent += (unsigned long)taken;
}

static void fire_away(int fd, int table)
{
    bool any = false;

    look_at_queues(table);
    for (size_t i = 0; i < target_count; i++) {
        if (waiting[i] > WAITING_BYTES) continue;
        burst_at(fd, targets[i]);
        any = true;
    }
    if (!any) nanosleep(&(struct timespec){.tv_nsec = REST_NS}, NULL);
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = on_signal};

    if (argc < 4 || argc - 3 > TARGETS_MAX ||
        !fire_begin(&fire, strtoull(argv[1], NULL, 10), argv[2])) {
        fputs("usage: fire_datagrams SEED noise|recorded|strangers|liars,... PORT...\n", stderr);
        return EXIT_USAGE;
    }
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    for (; target_count < (size_t)argc - 3; target_count++)
        targets[target_count] = (uint16_t)strtoul(argv[3 + target_count], NULL, 10);
    struct pollfd ears = {.fd = loopback_ears(true), .events = POLLIN};
    int fd = loopback_mouth();
    int table = open("/proc/net/udp", O_RDONLY | O_CLOEXEC);
    if (ears.fd < 0 || fd < 0 || table < 0) give_up("loopback");
    puts("fire_datagrams: listening");
    fflush(stdout);
    for (; !begun && !over; poll(&ears, 1, PEEK_MS))
        listen_on(ears.fd);
    for (; !over; fire_away(fd, table))
        listen_on(ears.fd);
    printf("fire_datagrams: %lu datagrams sent, %zu heard\n", sent, fire.recents);
    return EXIT_SUCCESS;
}
