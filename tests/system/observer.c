/* observer.c: asks every node "goose or duck?" as fast as it can, over one kept connection each, and ends with an
 * error as soon as two of them cannot both have told the truth. It changes nothing and knows nothing but the answers.
 *
 * One line for each change it sees, stamped with the time of day:
 *     1700000000.123456 goose 127.0.0.1:7001 term 8 after 301.244 ms
 *     1700000000.123456 duck 127.0.0.1:7002
 *     1700000000.123456 gone 127.0.0.1:7003
 *     1700000000.123456 late 127.0.0.1:7004 term 7     still "goose", though a higher term was known when this came */
#include "claims.h"
#include "probe.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define RETRY_NS      UINT64_C(2000000) /* between two tries to connect to a node that is down */
#define EVENTS_MAX    64
#define EXIT_CONFLICT 1
#define EXIT_USAGE    2

enum seen { SEEN_NOTHING, SEEN_GONE, SEEN_DUCK, SEEN_GOOSE };

struct observer {
    struct probe *probes;
    enum seen *seen;
    unsigned count;
    uint64_t every_ns; /* 0: as fast as it can */
    uint64_t begin_ns;
    uint64_t end_ns; /* 0: until a signal */
    uint64_t answers;
    struct claims claims;
    int epoll_fd;
    int timer_fd;
    int signal_fd;
};

static const char usage_text[] =
    "usage: observer [--every DURATION] [--for DURATION] [--hold DURATION] HOST:PORT...\n"
    "\n"
    "Polls the nodes until SIGTERM, SIGINT or the end of --for, then says what it saw. Exit status "
    "1 as soon as two\n"
    "nodes were goose at once, or a node gave an answer that is none. Durations carry a unit: us, "
    "ms, s, m.\n"
    "  --every D   ask each node once in D instead of as fast as it answers\n"
    "  --hold D    ask for a hold with each question, and count on it\n";

static void stamp(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    printf("%lld.%06ld ", (long long)now.tv_sec, now.tv_nsec / 1000);
}

static double ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

/* ---- what it says ---- */

static void page_claim_show(const struct observer *o, const struct claim *claim)
{
    printf(
        "    %s term %" PRIu64
        ": first asked %.3f, answered %.3f; last asked %.3f, answered %.3f; held until %.3f ms\n",
        o->probes[claim->node].address, claim->term, ms(claim->first.sent_ns - o->begin_ns),
        ms(claim->first.received_ns - o->begin_ns), ms(claim->last.sent_ns - o->begin_ns),
        ms(claim->last.received_ns - o->begin_ns), ms(claim->end_ns - o->begin_ns));
}

static void summarize(const struct observer *o)
{
    printf("observer: %u nodes, %" PRIu64
           " answers in %.1f s, %zu claims, longest time without a goose %.1f ms\n",
           o->count, o->answers, ms(probe_now_ns() - o->begin_ns) / 1000, o->claims.count,
           ms(o->claims.longest_gap_ns));
}

static _Noreturn void end_with_conflict(const struct observer *o, const struct conflict *conflict)
{
    stamp();
    printf("CONFLICT %s\n", conflict_name(conflict->kind));
    page_claim_show(o, &conflict->claim);
    page_claim_show(o, &conflict->other);
    summarize(o);
    exit(EXIT_CONFLICT);
}

static void see(struct observer *o, unsigned node, enum seen now, const struct claims_news *news)
{
    static const char *const words[] = {"nothing", "gone", "duck", "goose"};
    const struct probe *probe = &o->probes[node];
    bool is_new = news != NULL && news->is_new;
    if (o->seen[node] == now && !is_new) return;
    o->seen[node] = now;
    stamp();
    printf("%s %s", words[now], probe->address);
    if (now == SEEN_GOOSE) printf(" term %" PRIu64, probe->reply.term);
    if (is_new && news->gap_ns > 0) printf(" after %.3f ms", ms(news->gap_ns));
    putchar('\n');
}

/* ---- what it does ---- */

static void take_answer(struct observer *o, unsigned node)
{
    const struct probe *probe = &o->probes[node];
    struct claims_news news;
    o->answers++;
    if (!probe->reply.is_goose) {
        see(o, node, SEEN_DUCK, NULL);
        return;
    }
    const struct claim_answer answer = {
        .sent_ns = probe->sent_ns,
        .received_ns = probe->received_ns,
        .term = probe->reply.term,
        .hold_ns = probe->reply.hold_ms * 1000000,
    };
    claims_add(&o->claims, node, &answer, &news);
    see(o, node, SEEN_GOOSE, &news);
    if (news.is_late) {
        stamp();
        printf("late %s term %" PRIu64 "\n", probe->address, answer.term);
    }
    if (news.conflict.kind != CONFLICT_NONE) end_with_conflict(o, &news.conflict);
}

static void watch(const struct observer *o, int fd, uint64_t tag, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = tag};
    if (epoll_ctl(o->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0) return;
    perror("observer: epoll_ctl");
    exit(EXIT_USAGE);
}

static void handle(struct observer *o, unsigned node, enum probe_event event)
{
    struct probe *probe = &o->probes[node];
    if (event == PROBE_GARBLED) {
        stamp();
        printf("GARBLED %s answered: %.*s\n", probe->address, (int)probe->used, probe->bytes);
        exit(EXIT_CONFLICT);
    }
    if (event == PROBE_LOST) see(o, node, SEEN_GONE, NULL);
    if (event == PROBE_ANSWERED) take_answer(o, node);
}

/* Asks where that is possible. A node that is down is tried again with the timer. */
static void ask(struct observer *o, unsigned node)
{
    if (o->probes[node].state == PROBE_IDLE) handle(o, node, probe_ask(&o->probes[node]));
}

static void on_socket(struct observer *o, unsigned node)
{
    if (o->probes[node].state == PROBE_DOWN) return; /* lost earlier in this batch of events */
    handle(o, node, probe_ready(&o->probes[node]));
    if (o->every_ns == 0) ask(o, node);
}

static void on_timer(struct observer *o)
{
    uint64_t times;
    if (read(o->timer_fd, &times, sizeof times) != (ssize_t)sizeof times) return;
    for (unsigned node = 0; node < o->count; node++) {
        struct probe *probe = &o->probes[node];
        if (probe->state == PROBE_DOWN) {
            enum probe_event event = probe_connect(probe);
            /* Edges: a connection that is being made has no data yet, and what is read is read whole. */
            if (probe->state != PROBE_DOWN)
                watch(o, probe->fd, node, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
            handle(o, node, event);
        }
        ask(o, node);
    }
}

/* Returns once it is over. */
static void observe(struct observer *o)
{
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        if (o->end_ns != 0 && probe_now_ns() >= o->end_ns) return;
        int count = epoll_wait(o->epoll_fd, events, EVENTS_MAX, 100);
        if (count < 0 && errno != EINTR) {
            perror("observer: epoll_wait");
            exit(EXIT_USAGE);
        }
        for (int i = 0; i < count; i++) {
            if (events[i].data.u64 == (uint64_t)o->count) return;
            if (events[i].data.u64 > o->count)
                on_timer(o);
            else
                on_socket(o, (unsigned)events[i].data.u64);
        }
    }
}

/* ---- set-up ---- */

static _Noreturn void refuse(const char *what, const char *value)
{
    fprintf(stderr, "observer: %s %s\n%s", what, value, usage_text);
    exit(EXIT_USAGE);
}

static uint64_t duration_ns(const char *flag, const char *text)
{
    static const struct {
        const char *unit;
        uint64_t ns;
    } units[] = {{"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {"m", UINT64_C(60000000000)}};
    char *unit;
    errno = 0;
    unsigned long long value = strtoull(text, &unit, 10);
    for (size_t i = 0; errno == 0 && unit != text && value > 0 && value < 1000000 && i < 4; i++)
        if (strcmp(unit, units[i].unit) == 0) return value * units[i].ns;
    refuse(flag, "wants a duration above 0, as in 20ms");
}

static void start_timer(struct observer *o)
{
    uint64_t period = o->every_ns != 0 ? o->every_ns : RETRY_NS;
    const struct timespec span = {(time_t)(period / 1000000000), (long)(period % 1000000000)};
    const struct itimerspec timer = {.it_interval = span, .it_value = {0, 1}};
    o->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (o->timer_fd < 0 || timerfd_settime(o->timer_fd, 0, &timer, NULL) != 0) {
        perror("observer: timerfd");
        exit(EXIT_USAGE);
    }
    watch(o, o->timer_fd, (uint64_t)o->count + 1, EPOLLIN);
}

static void start_signals(struct observer *o)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    o->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
    if (o->signal_fd < 0) {
        perror("observer: signalfd");
        exit(EXIT_USAGE);
    }
    watch(o, o->signal_fd, o->count, EPOLLIN);
}

static void parse(struct observer *o, int argc, char **argv)
{
    static const struct option flags[] = {{"every", required_argument, NULL, 'e'},
                                          {"for", required_argument, NULL, 'f'},
                                          {"hold", required_argument, NULL, 'h'},
                                          {"help", no_argument, NULL, '?'},
                                          {NULL, 0, NULL, 0}};
    const char *hold = NULL;
    int flag;
    while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1) {
        if (flag == 'e') o->every_ns = duration_ns("--every", optarg);
        if (flag == 'f') o->end_ns = o->begin_ns + duration_ns("--for", optarg);
        if (flag == 'h') hold = optarg;
        if (flag == '?') refuse("see", "below");
    }
    if (hold != NULL) (void)duration_ns("--hold", hold);
    o->count = (unsigned)(argc - optind);
    if (o->count == 0 || o->count > CLAIMS_NODES_MAX) refuse("wants", "1 to 64 addresses");
    o->probes = calloc(o->count, sizeof *o->probes);
    o->seen = calloc(o->count, sizeof *o->seen);
    if (o->probes == NULL || o->seen == NULL) refuse("out of", "memory");
    for (unsigned node = 0; node < o->count; node++) {
        const char *wrong = probe_init(&o->probes[node], argv[optind + (int)node], hold);
        if (wrong != NULL) refuse(argv[optind + (int)node], wrong);
    }
}

int main(int argc, char **argv)
{
    struct observer o = {.begin_ns = probe_now_ns()};
    setvbuf(stdout, NULL, _IOLBF, 0);
    parse(&o, argc, argv);
    o.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    start_signals(&o);
    start_timer(&o);
    observe(&o);
    summarize(&o);
    for (unsigned node = 0; node < o.count; node++)
        probe_drop(&o.probes[node]);
    claims_free(&o.claims);
    free(o.probes);
    free(o.seen);
    return EXIT_SUCCESS;
}
