/* poller.c: how long until there is a goose? It asks every node every millisecond over one kept
 * connection each, does something to the goose, and says when the first other node answered
 * "goose". It does the deed itself, so that no other process stands between deed and clock.
 *
 * It signals no process but the one it was given for the goose or started itself, and judges
 * nothing: the bounds are the script's. One line of output:
 *     kill 127.0.0.1:7301 then 127.0.0.1:7303 term 8 after 294.112 ms stale 0 */
#include "probe.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NODES_MAX        31
#define EVERY_NS         UINT64_C(1000000)
#define JITTER_NS        UINT64_C(100000000) /* between two heartbeats, and not always the same */
#define DEADLINE_NS      UINT64_C(20000000000)
#define LOOK_AGAIN       100 /* answers of a goose that was paused, from its first one on */
#define NOBODY           NODES_MAX
#define TAG_TIMER        NODES_MAX
#define TAG_ERRAND       (NODES_MAX + 1)
#define EXIT_TIME_IS_UP  1
#define EXIT_WRONG_USAGE 2

enum deed {
    DEED_KILL,
    DEED_SEGV,
    DEED_ABORT,
    DEED_TERM,
    DEED_PAUSE,
    DEED_HANDOVER,
    DEED_START,
    DEED_SERVE,
    DEEDS
};

static const char *const deed_names[DEEDS] = {
    [DEED_KILL] = "kill",   [DEED_SEGV] = "segv",   [DEED_ABORT] = "abort",
    [DEED_TERM] = "term",   [DEED_PAUSE] = "pause", [DEED_HANDOVER] = "handover",
    [DEED_START] = "start", [DEED_SERVE] = "serve"};

enum phase {
    PHASE_SETTLE,  /* until all agree on one goose, for a while */
    PHASE_WAIT,    /* the deed is done: until somebody else is goose */
    PHASE_RESUMED, /* the paused one goes on: what does it say? */
    PHASE_OVER,
};

struct node {
    struct probe probe;
    pid_t pid; /* 0: not given */
    bool known;
    bool is_goose;
    uint64_t term;
};

struct poller {
    enum deed deed;
    enum phase phase;
    struct node nodes[NODES_MAX];
    unsigned count;
    struct probe errand; /* takes POST /handover to the goose */
    uint64_t steady_ns;
    uint64_t settled_ns; /* since when; 0: not */
    uint64_t begin_ns;
    uint64_t deed_ns;
    unsigned struck; /* NOBODY: no node was */
    unsigned next;
    uint64_t seen_ns;
    uint64_t old_term;
    uint64_t new_term;
    char **command; /* of DEED_SERVE */
    pid_t child;
    unsigned answers_resumed;
    unsigned stale;
    int epoll_fd;
    int timer_fd;
};

static const char usage_text[] =
    "usage: poller [--steady MS] kill|segv|abort|term|pause|handover HOST:PORT=PID...\n"
    "       poller --since SECONDS start HOST:PORT...\n"
    "       poller serve HOST:PORT COMMAND ARGS...\n"
    "\n"
    "Asks all nodes every millisecond.\n"
    "  kill...   once all nodes have agreed on one goose for --steady (700 ms) and a random "
    "moment,\n"
    "            do that to it, and measure until another is goose; pause lets it go on then, and\n"
    "            counts its answers that still said goose\n"
    "  start     measure from a time of day, as in $EPOCHREALTIME, until there is a goose\n"
    "  serve     run COMMAND and measure until it answers at HOST:PORT; then end it\n";

static _Noreturn void refuse(const char *what, const char *value)
{
    fprintf(stderr, "poller: %s %s\n%s", what, value, usage_text);
    exit(EXIT_WRONG_USAGE);
}

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "poller: %s: %s\n", what, strerror(errno));
    exit(EXIT_WRONG_USAGE);
}

static void watch(const struct poller *p, int fd, uint64_t tag, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = tag};
    if (epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
}

static void watch_probe(const struct poller *p, const struct probe *probe, uint64_t tag)
{
    /* Edges: a connection that is being made has no data yet, and what is read is read whole. */
    if (probe->state != PROBE_DOWN)
        watch(p, probe->fd, tag, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

/* ---- the deed ---- */

/* The one goose that all nodes know by its term, or NOBODY. */
static unsigned agreed_goose(const struct poller *p)
{
    unsigned goose = NOBODY;
    for (unsigned i = 0; i < p->count; i++) {
        const struct node *node = &p->nodes[i];
        if (!node->known || node->term != p->nodes[0].term) return NOBODY;
        if (!node->is_goose) continue;
        if (goose != NOBODY) return NOBODY;
        goose = i;
    }
    return goose;
}

static void send_signal(const struct node *node, int number)
{
    if (kill(node->pid, number) != 0) fail(node->probe.address);
}

/* It ends with this process, whatever becomes of that. */
static pid_t run_command(char **command)
{
    pid_t parent = getpid();
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child > 0) return child;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent) execvp(*command, command);
    fail(*command);
}

/* As a crash would: what is measured need not know how to stop. */
static void end_command(const struct poller *p)
{
    if (p->child <= 0) return;
    if (kill(p->child, SIGKILL) != 0 || waitpid(p->child, NULL, 0) != p->child) fail(*p->command);
}

static void do_deed(struct poller *p)
{
    const struct node *goose = p->struck == NOBODY ? NULL : &p->nodes[p->struck];
    /* Read before the deed can have begun: a late clock here would make it look faster. */
    p->deed_ns = probe_now_ns();
    switch (p->deed) {
    case DEED_KILL: send_signal(goose, SIGKILL); break;
    case DEED_SEGV: send_signal(goose, SIGSEGV); break;
    case DEED_ABORT: send_signal(goose, SIGABRT); break;
    case DEED_TERM: send_signal(goose, SIGTERM); break;
    case DEED_PAUSE: send_signal(goose, SIGSTOP); break;
    case DEED_HANDOVER:
        if (probe_ask(&p->errand) == PROBE_LOST) fail("POST /handover");
        break;
    case DEED_SERVE: p->child = run_command(p->command); break;
    case DEED_START:
    case DEEDS: break;
    }
}

/* The connection for POST /handover is made before the clock is read. True: it is there. */
static bool errand_ready(struct poller *p)
{
    struct probe *errand = &p->errand;
    if (p->deed != DEED_HANDOVER) return true;
    if (errand->state == PROBE_DOWN) {
        const char *address = p->nodes[p->struck].probe.address;
        const char *wrong = probe_init(errand, address, NULL);
        if (wrong != NULL) refuse(address, wrong);
        int count = snprintf(errand->question, sizeof errand->question,
                             "POST /handover HTTP/1.1\r\nHost: %s\r\nContent-Type: "
                             "application/json\r\nContent-Length: 2\r\n\r\n{}",
                             address);
        if (count < 0 || (size_t)count >= sizeof errand->question) refuse(address, "too long");
        if (probe_connect(errand) == PROBE_LOST) fail(address);
        watch_probe(p, errand, TAG_ERRAND);
    }
    return errand->state == PROBE_IDLE;
}

static uint64_t jitter_ns(void)
{
    uint64_t bits;
    if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits) fail("getrandom");
    return bits % JITTER_NS;
}

/* Strikes once everybody has agreed for long enough. */
static void settle(struct poller *p)
{
    unsigned goose = agreed_goose(p);
    uint64_t now_ns = probe_now_ns();
    if (goose == NOBODY || goose != p->struck || p->old_term != p->nodes[goose].term) {
        probe_drop(&p->errand);
        p->settled_ns = goose != NOBODY ? now_ns + jitter_ns() : 0;
        p->struck = goose;
        p->old_term = goose != NOBODY ? p->nodes[goose].term : 0;
    }
    if (goose == NOBODY || now_ns < p->settled_ns + p->steady_ns || !errand_ready(p)) return;
    p->phase = PHASE_WAIT;
    do_deed(p);
}

/* ---- answers ---- */

static void resume(struct poller *p)
{
    const struct node *paused = &p->nodes[p->struck];
    if (paused->probe.state != PROBE_ASKED) {
        fprintf(stderr, "poller: no question waits at the paused %s\n", paused->probe.address);
        exit(EXIT_TIME_IS_UP);
    }
    send_signal(paused, SIGCONT);
    p->phase = PHASE_RESUMED;
}

static void wait_for_goose(struct poller *p, unsigned i)
{
    const struct probe *probe = &p->nodes[i].probe;
    bool done = p->deed == DEED_SERVE ||
                (i != p->struck && probe->reply.is_goose && probe->reply.term > p->old_term);
    if (!done) return;
    p->seen_ns = probe->received_ns;
    p->next = i;
    p->new_term = probe->reply.term;
    p->phase = PHASE_OVER;
    if (p->deed == DEED_PAUSE) resume(p);
}

static void look_at_resumed(struct poller *p, unsigned i)
{
    const struct reply *reply = &p->nodes[i].probe.reply;
    if (i != p->struck) return;
    if (reply->is_goose && reply->term <= p->new_term) p->stale++;
    if (++p->answers_resumed == LOOK_AGAIN) p->phase = PHASE_OVER;
}

static void handle(struct poller *p, unsigned i, enum probe_event event)
{
    struct node *node = &p->nodes[i];
    if (event == PROBE_GARBLED) {
        fprintf(stderr, "poller: %s answered: %.*s\n", node->probe.address, (int)node->probe.used,
                node->probe.bytes);
        exit(EXIT_TIME_IS_UP);
    }
    if (event == PROBE_LOST) node->known = false;
    if (event != PROBE_ANSWERED) return;
    node->known = true;
    node->is_goose = node->probe.reply.is_goose;
    node->term = node->probe.reply.term;
    if (p->phase == PHASE_WAIT) wait_for_goose(p, i);
    if (p->phase == PHASE_RESUMED) look_at_resumed(p, i);
}

/* ---- the loop ---- */

static void ask_all(struct poller *p)
{
    for (unsigned i = 0; i < p->count; i++) {
        struct probe *probe = &p->nodes[i].probe;
        if (probe->state == PROBE_DOWN) {
            enum probe_event event = probe_connect(probe);
            watch_probe(p, probe, i);
            handle(p, i, event);
        }
        if (probe->state == PROBE_IDLE) handle(p, i, probe_ask(probe));
    }
}

static void on_timer(struct poller *p)
{
    uint64_t times;
    if (read(p->timer_fd, &times, sizeof times) != (ssize_t)sizeof times) return;
    if (probe_now_ns() > p->begin_ns + DEADLINE_NS) {
        fprintf(stderr, "poller: %s: %s in vain for 20 s\n", deed_names[p->deed],
                p->phase == PHASE_SETTLE ? "waited for all to agree" : "waited");
        exit(EXIT_TIME_IS_UP);
    }
    if (p->phase == PHASE_SETTLE) settle(p);
    ask_all(p);
}

static void on_event(struct poller *p, uint64_t tag)
{
    if (tag == TAG_TIMER) {
        on_timer(p);
    } else if (tag == TAG_ERRAND) {
        /* The answer to POST /handover is no news; that the connection was made is. */
        if (p->errand.state == PROBE_CONNECTING) (void)probe_ready(&p->errand);
    } else if (p->nodes[tag].probe.state != PROBE_DOWN) {
        struct probe *probe = &p->nodes[tag].probe;
        bool connecting = probe->state == PROBE_CONNECTING;
        handle(p, (unsigned)tag, probe_ready(probe));
        /* A node that was just reached need not wait for the next millisecond. */
        if (connecting && probe->state == PROBE_IDLE) handle(p, (unsigned)tag, probe_ask(probe));
    }
}

static void run(struct poller *p)
{
    struct epoll_event events[NODES_MAX + 2];
    const struct timespec every = {0, (long)EVERY_NS};
    const struct itimerspec timer = {.it_interval = every, .it_value = {0, 1}};
    p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    p->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (p->epoll_fd < 0 || p->timer_fd < 0 || timerfd_settime(p->timer_fd, 0, &timer, NULL) != 0)
        fail("timerfd");
    watch(p, p->timer_fd, TAG_TIMER, EPOLLIN);
    while (p->phase != PHASE_OVER) {
        int count = epoll_wait(p->epoll_fd, events, NODES_MAX + 2, -1);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < count && p->phase != PHASE_OVER; i++)
            on_event(p, events[i].data.u64);
    }
}

static void report(const struct poller *p)
{
    printf("%s", deed_names[p->deed]);
    if (p->struck != NOBODY) printf(" %s then", p->nodes[p->struck].probe.address);
    printf(" %s term %" PRIu64 " after %.3f ms stale %u\n", p->nodes[p->next].probe.address,
           p->new_term, (double)(p->seen_ns - p->deed_ns) / 1e6, p->stale);
}

/* ---- set-up ---- */

/* A time of day, as in $EPOCHREALTIME, on the monotonic clock. */
static uint64_t since_ns(const char *text)
{
    struct timespec day;
    char *end;
    errno = 0;
    long double seconds = strtold(text, &end);
    if (errno != 0 || end == text || *end != '\0') refuse("--since: not a time of day:", text);
    clock_gettime(CLOCK_REALTIME, &day);
    long double ago = (long double)day.tv_sec + (long double)day.tv_nsec / 1e9L - seconds;
    if (ago < 0 || ago > 60) refuse("--since: not in the last minute:", text);
    return probe_now_ns() - (uint64_t)(ago * 1e9L);
}

static uint64_t steady_ns(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value > 10000)
        refuse("--steady: not 0 to 10000 ms:", text);
    return (uint64_t)value * 1000000;
}

static void take_node(struct poller *p, char *text)
{
    struct node *node = &p->nodes[p->count++];
    char *equals = strchr(text, '=');
    if (equals != NULL) {
        *equals = '\0';
        long pid = strtol(equals + 1, NULL, 10);
        if (pid <= 1) refuse(text, "has no such process id");
        node->pid = (pid_t)pid;
    }
    if (node->pid == 0 && p->phase == PHASE_SETTLE) refuse(text, "needs a process id");
    const char *wrong = probe_init(&node->probe, text, NULL);
    if (wrong != NULL) refuse(text, wrong);
}

static void take_deed(struct poller *p, const char *word)
{
    while (p->deed < DEEDS && strcmp(word, deed_names[p->deed]) != 0)
        p->deed++;
    if (p->deed == DEEDS) refuse("unknown deed", word);
    if (p->deed >= DEED_START) p->phase = PHASE_WAIT;
    if ((p->deed == DEED_START) != (p->deed_ns != 0)) refuse("--since is for start, not for", word);
}

static void parse(struct poller *p, int argc, char **argv)
{
    static const struct option flags[] = {{"steady", required_argument, NULL, 's'},
                                          {"since", required_argument, NULL, 'f'},
                                          {"help", no_argument, NULL, '?'},
                                          {NULL, 0, NULL, 0}};
    int flag;
    /* "+": what follows the deed is not this program's. */
    while ((flag = getopt_long(argc, argv, "+", flags, NULL)) != -1) {
        if (flag == 's') p->steady_ns = steady_ns(optarg);
        if (flag == 'f') p->deed_ns = since_ns(optarg);
        if (flag == '?') refuse("see", "below");
    }
    if (optind == argc) refuse("which", "deed?");
    take_deed(p, argv[optind]);
    char **nodes = argv + optind + 1;
    int count = argc - optind - 1;
    if (p->deed == DEED_SERVE && count > 1) {
        p->command = nodes + 1;
        count = 1;
    }
    if (count < 1 || count > NODES_MAX) refuse(deed_names[p->deed], "wants 1 to 31 nodes");
    if (p->deed == DEED_SERVE && p->command == NULL) refuse("serve", "wants a command");
    for (int i = 0; i < count; i++)
        take_node(p, nodes[i]);
}

int main(int argc, char **argv)
{
    static struct poller p = {.struck = NOBODY, .steady_ns = UINT64_C(700000000)};
    p.errand.fd = -1;
    p.begin_ns = probe_now_ns();
    parse(&p, argc, argv);
    if (p.deed == DEED_SERVE) do_deed(&p);
    run(&p);
    end_command(&p);
    report(&p);
    return EXIT_SUCCESS;
}
