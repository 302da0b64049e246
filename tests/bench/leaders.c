/* leaders.c: who says that it leads? One poller for goosed and for what a user could take instead: it asks every node the
 * same question again and again in its system's own cheap way, does something to the leader, and writes one line of JSON:
 * how long until another leads, how long two led at once, what a stopped one said when it went on.
 *
 * It never calls two leaders what could have been one: a node led from the receipt of one answer to the sending of a later
 * one, where all between said so. It does the deed itself, so that no other process stands between deed and clock. */
#include "leaders_ways.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NODES_MAX 7
#define PIDS_MAX  8
#define SPANS_MAX 512
#define NOBODY    NODES_MAX
#define MS        UINT64_C(1000000)
#define AGREED    (300 * MS) /* behind a deed: the next one waits longer */

enum deed { DEED_KILL, DEED_TERM, DEED_PAUSE, DEED_CUT, DEED_START, DEED_WATCH, DEEDS };
static const char *const deed_names[DEEDS] = {"kill", "term", "pause", "cut", "start", "watch"};

enum phase {
    PHASE_SETTLE, /* until all agree on one leader, for a while */
    PHASE_WAIT,   /* the deed is done: until another leads */
    PHASE_WATCH,  /* another leads: what does the old one say? */
    PHASE_BACK,   /* the old one goes on, the cable is mended */
    PHASE_OVER,
};

/* All answers in a row that said so. It led from `from` to `to`, if that is later. */
struct span {
    uint64_t asked;
    uint64_t from;
    uint64_t to;
};

struct node {
    struct line line;
    pid_t pids[PIDS_MAX];
    unsigned pid_count;
    bool known;
    bool leads;
    bool open; /* the last span goes on */
    unsigned span_count;
    struct span spans[SPANS_MAX];
};

static struct node nodes[NODES_MAX];
static unsigned count;
static const struct way *way;
static enum deed deed;
static enum phase phase;
static uint64_t every = MS, steady = 700 * MS, jitter = 100 * MS, look_on = 500 * MS,
                patience = 60000 * MS;
static struct in_addr vip;
static uint64_t began, since, done, seen, back, settled, last_stale;
static unsigned struck = NOBODY, next = NOBODY, stale;
static bool lasts; /* two led when the deed was undone, or at the end */

static const char usage_text[] =
    "usage: leaders [OPTIONS] goosed|etcd|zookeeper|redis|vip kill|term|pause|cut|start|watch "
    "NODE[=PID,...]...\n"
    "\n"
    "A NODE is ADDRESS:PORT; of vip, the path of its network namespace. Every PID gets KILL and "
    "STOP, the first TERM.\n"
    "  kill term pause cut   once all have agreed on one leader for --steady and a random moment, "
    "do that to it and\n"
    "                        measure until another leads; look on for --look; let the paused go "
    "on, mend the cable,\n"
    "                        and look on again. cut takes portI of node I from the bridge "
    "\"bridge\"\n"
    "  start                 measure from --since, a time of day as in $EPOCHREALTIME, until "
    "somebody leads\n"
    "  watch                 do nothing, and look on for --look and until all agree\n"
    "  --every US --steady MS --jitter MS --look MS --patience MS --vip ADDRESS --since S\n";

/* ---- spans ---- */

static void open_span(struct node *n)
{
    if (n->span_count == SPANS_MAX)
        leaders_give_up("it leads on and off, too often:", n->line.name);
    n->spans[n->span_count++] = (struct span){n->line.sent, n->line.received, n->line.sent};
    n->open = true;
}

static bool is_inside(const struct span *a, const struct span *b)
{
    return b->from <= a->asked && a->from <= b->to;
}

static void count_pair(const struct span *a, const struct span *b, unsigned *doubles,
                       uint64_t *total)
{
    uint64_t from = a->from > b->from ? a->from : b->from, to = a->to < b->to ? a->to : b->to;
    if (to > from) *total += to - from;
    if (to > from || is_inside(a, b) || is_inside(b, a)) ++*doubles;
}

static uint64_t count_doubles(unsigned *doubles)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < count; i++)
        for (unsigned j = 0; j < i; j++)
            for (unsigned a = 0; a < nodes[i].span_count; a++)
                for (unsigned b = 0; b < nodes[j].span_count; b++)
                    count_pair(&nodes[i].spans[a], &nodes[j].spans[b], doubles, &total);
    return total;
}

static void forget_spans(void)
{
    for (unsigned i = 0; i < count; i++) {
        nodes[i].span_count = 0;
        nodes[i].open = false;
    }
}

/* ---- the deed ---- */

static void send_all(const struct node *n, int number, unsigned how_many)
{
    for (unsigned i = 0; i < how_many; i++)
        if (kill(n->pids[i], number) != 0)
            leaders_give_up("cannot signal a process of", n->line.name);
}

/* The cable of node I at the switch: the node's own end stays as it is. */
static void plug(unsigned i, bool in)
{
    struct ifreq request = {0};
    char port[IFNAMSIZ];
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(port, sizeof port, "port%u", i + 1);
    snprintf(request.ifr_name, sizeof request.ifr_name, "bridge");
    request.ifr_ifindex = (int)if_nametoindex(port);
    if (fd < 0 || ioctl(fd, in ? SIOCBRADDIF : SIOCBRDELIF, &request) != 0)
        leaders_give_up("cannot plug", port);
    close(fd);
}

static void do_deed(void)
{
    const struct node *n = &nodes[struck];
    forget_spans();
    phase = PHASE_WAIT;
    /* Read before the deed can have begun: a late clock here would make it look faster. */
    done = leaders_now_ns();
    switch (deed) {
    case DEED_KILL: send_all(n, SIGKILL, n->pid_count); break;
    case DEED_TERM: send_all(n, SIGTERM, 1); break;
    case DEED_PAUSE: send_all(n, SIGSTOP, n->pid_count); break;
    case DEED_CUT: plug(struck, false); break;
    case DEED_START:
    case DEED_WATCH:
    case DEEDS: break;
    }
}

static bool two_lead(void)
{
    unsigned leading = 0;
    for (unsigned i = 0; i < count; i++)
        leading += nodes[i].open; /* a stopped one says nothing */
    return leading > 1;
}

static void undo_deed(void)
{
    lasts = two_lead();
    back = leaders_now_ns();
    phase = PHASE_BACK;
    settled = 0;
    if (deed == DEED_PAUSE) send_all(&nodes[struck], SIGCONT, nodes[struck].pid_count);
    if (deed == DEED_CUT) plug(struck, true);
}

/* ---- phases ---- */

static unsigned agreed_leader(void)
{
    unsigned leader = NOBODY;
    for (unsigned i = 0; i < count; i++) {
        if (!nodes[i].known) return NOBODY;
        if (!nodes[i].leads) continue;
        if (leader != NOBODY) return NOBODY;
        leader = i;
    }
    return leader;
}

static uint64_t chance(uint64_t below)
{
    uint64_t bits;
    if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits) leaders_give_up("no", "chance");
    return below == 0 ? 0 : bits % below;
}

/* True once all have agreed on the same leader, in *leader, for so long. */
static bool is_settled(unsigned *leader, uint64_t so_long)
{
    unsigned now = agreed_leader();
    if (now == NOBODY || now != *leader || settled == 0) {
        settled = now == NOBODY ? 0 : leaders_now_ns() + so_long;
        *leader = now;
        return false;
    }
    return leaders_now_ns() > settled;
}

static void take_answer(struct node *n, bool yes)
{
    unsigned i = (unsigned)(n - nodes);
    n->known = true;
    n->leads = yes;
    if (!yes) {
        n->open = false;
    } else if (n->open) {
        n->spans[n->span_count - 1].to = n->line.sent;
    } else {
        open_span(n);
    }
    if (yes && phase == PHASE_WAIT && i != struck) {
        next = i;
        seen = n->line.received;
        phase = deed == DEED_START ? PHASE_OVER : PHASE_WATCH;
    }
    if (yes && phase == PHASE_BACK && i == struck && deed == DEED_PAUSE && nodes[next].leads) {
        stale++;
        last_stale = n->line.received;
    }
}

/* Between two rounds of questions. */
static void advance(void)
{
    uint64_t now = leaders_now_ns();
    if (phase == PHASE_SETTLE && is_settled(&struck, steady + chance(jitter))) do_deed();
    if (phase == PHASE_WATCH && now > seen + look_on) undo_deed();
    if (phase != PHASE_BACK || now < back + look_on) return;
    bool gone = deed == DEED_KILL || deed == DEED_TERM;
    static unsigned leader = NOBODY;
    if (gone || is_settled(&leader, AGREED)) phase = PHASE_OVER;
}

/* ---- asking ---- */

static void handle(struct node *n, enum heard heard)
{
    if (heard == HEARD_NO || heard == HEARD_YES) take_answer(n, heard == HEARD_YES);
    if (heard == HEARD_LOST) n->known = n->leads = n->open = false;
}

static void ask_all(void)
{
    for (unsigned i = 0; i < count; i++)
        handle(&nodes[i], line_ask(&nodes[i].line));
}

static void hear_until(uint64_t deadline)
{
    struct pollfd fds[NODES_MAX];
    for (uint64_t now = leaders_now_ns(); now < deadline; now = leaders_now_ns()) {
        const struct timespec left = {(time_t)((deadline - now) / 1000000000),
                                      (long)((deadline - now) % 1000000000)};
        for (unsigned i = 0; i < count; i++)
            fds[i] = line_waits_for(&nodes[i].line);
        if (ppoll(fds, count, &left, NULL) <= 0) continue;
        for (unsigned i = 0; i < count; i++)
            if (fds[i].revents != 0) handle(&nodes[i], line_ready(&nodes[i].line));
    }
}

static void run(void)
{
    uint64_t at = leaders_now_ns();
    while (phase != PHASE_OVER) {
        if (leaders_now_ns() > (phase == PHASE_WAIT   ? done
                                : phase == PHASE_BACK ? back
                                                      : began) +
                                   patience)
            break;
        advance();
        ask_all();
        /* A round that came late does not make the next ones hurry. */
        at = at + every > leaders_now_ns() ? at + every : leaders_now_ns() + every;
        hear_until(at);
    }
}

/* ---- report ---- */

static void show_ms(const char *name, bool known, uint64_t ns)
{
    if (known)
        printf(", \"%s\": %.3f", name, (double)ns / 1e6);
    else
        printf(", \"%s\": null", name);
}

static void report(void)
{
    unsigned doubles = 0;
    uint64_t both = count_doubles(&doubles);
    printf("\"every_us\": %" PRIu64 ", \"struck\": %u", every / 1000,
           struck == NOBODY ? 0 : struck + 1);
    show_ms("after_ms", next != NOBODY, seen - done);
    printf(", \"doubles\": %u", doubles);
    show_ms("double_ms", true, both);
    printf(", \"lasts\": %s, \"stale\": %u", lasts || two_lead() ? "true" : "false", stale);
    show_ms("stale_ms", true, stale == 0 ? 0 : last_stale - back);
    printf("\n");
}

/* ---- set-up ---- */

static uint64_t number(const char *text, uint64_t unit)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || value > 10000000) leaders_give_up("not a number:", text);
    return value * unit;
}

/* A time of day, as in $EPOCHREALTIME, on the monotonic clock. */
static uint64_t since_day(const char *text)
{
    struct timespec day;
    char *end;
    long double seconds = strtold(text, &end);
    clock_gettime(CLOCK_REALTIME, &day);
    long double ago = (long double)day.tv_sec + (long double)day.tv_nsec / 1e9L - seconds;
    if (end == text || *end != '\0' || ago < 0 || ago > 60)
        leaders_give_up("--since: not in the last minute:", text);
    return leaders_now_ns() - (uint64_t)(ago * 1e9L);
}

static void take_pids(struct node *n, char *text)
{
    for (char *at = strtok(text, ","); at != NULL; at = strtok(NULL, ",")) {
        long pid = strtol(at, NULL, 10);
        if (pid <= 1 || n->pid_count == PIDS_MAX)
            leaders_give_up("not one of at most 8 process ids:", at);
        n->pids[n->pid_count++] = (pid_t)pid;
    }
}

static void take_node(char *text)
{
    struct node *n = &nodes[count++];
    char *equals = strchr(text, '=');
    if (equals != NULL) {
        *equals = '\0';
        take_pids(n, equals + 1);
    }
    if (n->pid_count == 0 && deed < DEED_CUT) leaders_give_up("no process id:", text);
    line_init(&n->line, way, text, vip);
}

static void take_words(const char *what, const char *does)
{
    way = way_named(what);
    while (deed < DEEDS && strcmp(does, deed_names[deed]) != 0)
        deed++;
    if (way == NULL || deed == DEEDS) leaders_give_up("see --help:", way == NULL ? what : does);
    if ((deed == DEED_START) != (since != 0))
        leaders_give_up("--since is for start, not for", does);
    if ((way != NULL && way->question == NULL) != (vip.s_addr != 0))
        leaders_give_up("--vip is for vip, not for", what);
}

static void parse(int argc, char **argv)
{
    static const struct option flags[] = {{"every", required_argument, NULL, 'e'},
                                          {"steady", required_argument, NULL, 's'},
                                          {"jitter", required_argument, NULL, 'j'},
                                          {"look", required_argument, NULL, 'l'},
                                          {"patience", required_argument, NULL, 'p'},
                                          {"vip", required_argument, NULL, 'v'},
                                          {"since", required_argument, NULL, 'f'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int flag;
    while ((flag = getopt_long(argc, argv, "+", flags, NULL)) != -1) {
        switch (flag) {
        case 'e': every = number(optarg, 1000); break;
        case 's': steady = number(optarg, MS); break;
        case 'j': jitter = number(optarg, MS); break;
        case 'l': look_on = number(optarg, MS); break;
        case 'p': patience = number(optarg, MS); break;
        case 'f': since = since_day(optarg); break;
        case 'v':
            if (inet_pton(AF_INET, optarg, &vip) != 1) leaders_give_up("not an address:", optarg);
            break;
        case 'h': fputs(usage_text, stdout); exit(0);
        default: fputs(usage_text, stderr); exit(2);
        }
    }
    if (argc - optind < 3 || argc - optind - 2 > NODES_MAX)
        leaders_give_up("see --help:", "how many nodes?");
    if (every == 0) leaders_give_up("--every: not", "0");
    take_words(argv[optind], argv[optind + 1]);
    for (int i = optind + 2; i < argc; i++)
        take_node(argv[i]);
}

int main(int argc, char **argv)
{
    (void)prctl(PR_SET_TIMERSLACK, 1000UL);
    began = leaders_now_ns();
    parse(argc, argv);
    if (deed == DEED_START) {
        phase = PHASE_WAIT;
        done = since;
    } else if (deed == DEED_WATCH) {
        phase = PHASE_BACK;
        back = began;
    }
    run();
    if (phase == PHASE_SETTLE) leaders_give_up("waited in vain for", "all to agree on one leader");
    if (phase == PHASE_WAIT && deed == DEED_PAUSE)
        send_all(&nodes[struck], SIGCONT, nodes[struck].pid_count);
    if (phase == PHASE_WAIT && deed == DEED_CUT) plug(struck, true);
    report();
    return 0;
}
