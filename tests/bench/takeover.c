/* takeover.c: who is the goose, by the lease pages of all nodes: what a program sees that asks nobody, so that clients
 * of a node's HTTP server do not stand in its way. It looks at all of them every 200 us.
 *
 *     takeover kill PAGE=PID...              once one page has said goose for 700 ms and a random moment, kills that
 *                                            node and prints how long it took until another was the goose:
 *                                                PAGE term 7 then PAGE term 8 after 294.112 ms
 *     takeover watch SECONDS PAGE=PID...     prints how often another was, or the same again in a later term, and for
 *                                            how long none was: changes 0 none 0.000 ms */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "goose/lease_page.h"

#define NODES_MAX   31
#define EVERY_NS    200000
#define STEADY_NS   UINT64_C(700000000)
#define JITTER_NS   UINT64_C(100000000) /* between two heartbeats */
#define DEADLINE_NS UINT64_C(20000000000)
#define NOBODY      (-1)

struct node {
    const char *page;
    pid_t pid;
    struct goose_lease_reader reader;
};

struct claim {
    int node;
    uint64_t term;
};

static struct node nodes[NODES_MAX];
static int count;

static _Noreturn void give_up(const char *what, const char *which)
{
    fprintf(stderr, "takeover: %s %s\n", what, which);
    exit(2);
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static struct claim look(void)
{
    struct goose_lease lease;

    for (int i = 0; i < count; i++)
        if (goose_lease_read(&nodes[i].reader, &lease) == GOOSE_LEASE_GOOSE)
            return (struct claim){i, lease.term};
    return (struct claim){NOBODY, 0};
}

static struct claim look_later(void)
{
    const struct timespec every = {0, EVERY_NS};

    nanosleep(&every, NULL);
    return look();
}

static bool is_same(struct claim a, struct claim b)
{
    return a.node == b.node && a.term == b.term;
}

static struct claim steady_goose(void)
{
    uint64_t began_ns = now_ns(), since_ns = began_ns, jitter = 0;
    struct claim goose = look();

    if (getrandom(&jitter, sizeof jitter, 0) != (ssize_t)sizeof jitter) give_up("no", "chance");
    while (goose.node == NOBODY || now_ns() < since_ns + STEADY_NS + jitter % JITTER_NS) {
        struct claim now = look_later();
        if (!is_same(now, goose)) since_ns = now_ns();
        goose = now;
        if (now_ns() > began_ns + DEADLINE_NS) give_up("waited in vain for", "a goose that stays");
    }
    return goose;
}

static void strike(void)
{
    struct claim old = steady_goose(), now;

    if (kill(nodes[old.node].pid, SIGKILL) != 0) give_up("cannot kill", nodes[old.node].page);
    uint64_t struck_ns = now_ns();
    do {
        now = look_later();
        if (now_ns() > struck_ns + DEADLINE_NS) give_up("waited in vain for", "another goose");
    } while (now.node == NOBODY || now.node == old.node);
    printf("%s term %" PRIu64 " then %s term %" PRIu64 " after %.3f ms\n", nodes[old.node].page,
           old.term, nodes[now.node].page, now.term, (double)(now_ns() - struck_ns) / 1e6);
}

static void watch(uint64_t seconds)
{
    struct claim goose = steady_goose();
    uint64_t last_ns = now_ns(), end_ns = last_ns + seconds * UINT64_C(1000000000), none_ns = 0;
    unsigned changes = 0;

    while (last_ns < end_ns) {
        struct claim now = look_later();
        uint64_t at_ns = now_ns();
        if (now.node == NOBODY) {
            none_ns += at_ns - last_ns;
        } else if (!is_same(now, goose)) {
            changes++;
            goose = now;
        }
        last_ns = at_ns;
    }
    printf("changes %u none %.3f ms\n", changes, (double)none_ns / 1e6);
}

static void take_node(char *text)
{
    struct node *node = &nodes[count++];
    char *equals = strrchr(text, '=');

    if (equals == NULL || atoi(equals + 1) <= 1) give_up("no process id:", text);
    *equals = '\0';
    node->page = text;
    node->pid = (pid_t)atoi(equals + 1);
    if (!goose_lease_open(&node->reader, text)) give_up("no lease page:", text);
}

int main(int argc, char **argv)
{
    bool kills = argc > 1 && strcmp(argv[1], "kill") == 0;
    bool watches = argc > 2 && strcmp(argv[1], "watch") == 0 && atoi(argv[2]) > 0;
    int first = kills ? 2 : 3;

    if (!(kills || watches) || argc <= first || argc - first > NODES_MAX)
        give_up("usage:", "takeover kill|watch SECONDS PAGE=PID...");
    for (int i = first; i < argc; i++)
        take_node(argv[i]);
    if (kills)
        strike();
    else
        watch((uint64_t)atoi(argv[2]));
    return 0;
}
