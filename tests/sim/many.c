/* many.c: many seeds, in several processes, and what they met. */
#define _DEFAULT_SOURCE
#include "run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX 64

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void run_share(uint64_t from, uint64_t to, unsigned stride, double end, bool first,
                      uint64_t *now, struct totals *totals)
{
    struct world *w = world_new();
    for (uint64_t seed = from; seed <= to && seconds_now() < end; seed += stride) {
        if (first && totals->failed > 0) {
            break;
        }
        totals->seeds++;
        *now = seed;
        if (run_seed(w, seed, UINT64_MAX, totals)) {
            continue;
        }
        totals->failed++;
        if (totals->first_failed == 0 || seed < totals->first_failed) {
            totals->first_failed = seed;
        }
        printf("seed %" PRIu64 ": %s broken at %.3f ms: %s\n", seed, rule_name(w->check.broken),
               (double)w->check.broken_ns / 1e6, w->check.why);
        (void)fflush(stdout);
    }
    world_free(w);
}

static void add_totals(struct totals *sum, const struct totals *share)
{
    sum->seeds += share->seeds;
    sum->failed += share->failed;
    sum->events += share->events;
    sum->simulated_ns += share->simulated_ns;
    if (share->first_failed != 0 &&
        (sum->first_failed == 0 || share->first_failed < sum->first_failed)) {
        sum->first_failed = share->first_failed;
    }
    for (int i = 0; i < FAULT_KINDS; i++) {
        sum->drawn[i] += share->drawn[i];
        sum->struck[i] += share->struck[i];
    }
    for (int i = 0; i < COUNTS; i++) {
        sum->counts[i] += share->counts[i];
    }
    for (int i = 0; i < PROFILES; i++) {
        sum->profiles[i] += share->profiles[i];
    }
    for (int i = 0; i < EXCUSES * RULES; i++) {
        sum->excused[i / RULES][i % RULES] += share->excused[i / RULES][i % RULES];
    }
    sum->worst_l1_ns =
        share->worst_l1_ns > sum->worst_l1_ns ? share->worst_l1_ns : sum->worst_l1_ns;
    sum->worst_poke_ns =
        share->worst_poke_ns > sum->worst_poke_ns ? share->worst_poke_ns : sum->worst_poke_ns;
}

static void print_counts(const struct totals *totals)
{
    static const char *const names[COUNTS] = {
        [COUNT_RUNS] = "runs",
        [COUNT_BEYOND] = "runs beyond the model",
        [COUNT_WINS] = "wins",
        [COUNT_CANVASSES] = "canvasses",
        [COUNT_CANDIDACIES] = "candidacies",
        [COUNT_YES] = "votes granted",
        [COUNT_RESIGNS] = "resignations sent",
        [COUNT_PLANNED] = "planned resignations",
        [COUNT_LEASES_ENDED] = "leases ended",
        [COUNT_ROSTER_CHANGES] = "roster changes",
        [COUNT_COMMITS] = "commits",
        [COUNT_HOLDS] = "holds",
        [COUNT_WORK] = "work opened",
        [COUNT_WORK_LEFT] = "left",
        [COUNT_WORK_TOLD] = "told to leave",
        [COUNT_STARTS] = "starts",
        [COUNT_NEWBORN] = "newborn",
        [COUNT_CRASHES] = "ends of a process",
        [COUNT_CRASHES_IN_STEP] = "within a step",
        [COUNT_WRITES_LOST] = "writes lost",
        [COUNT_RETIRED] = "old copies retired",
        [COUNT_MESSAGES] = "messages",
        [COUNT_MESSAGES_LOST] = "lost",
        [COUNT_MESSAGES_TWICE] = "doubled",
        [COUNT_AMBUSHES] = "ambushes",
        [COUNT_BROKEN_MINORITIES] = "minorities left broken",
        [COUNT_L1] = "waits for a goose",
        [COUNT_L1_SKIPPED] = "without a majority",
        [COUNT_L3] = "waits for all",
        [COUNT_POKES] = "pokes",
        [COUNT_REPLAYED] = "replayed",
        [COUNT_LATE_BEYOND] = "later than all",
        [COUNT_USED_ADDRESSES] = "addresses used again",
        [COUNT_WILLS] = "last wills",
    };
    for (int i = 0; i < COUNTS; i++) {
        printf("%24s %12" PRIu64 "%s", names[i], totals->counts[i], i % 2 == 1 ? "\n" : "");
    }
    printf(COUNTS % 2 == 1 ? "\n\n" : "\n");
}

/* What PROTOCOL 2 does not promise is counted: how often it was met, and what broke then. */
static void print_excused(const struct totals *totals)
{
    static const char *const names[EXCUSES] = {"", "a copy acted", "two founded with one --self"};
    printf("runs:");
    for (int i = 0; i < PROFILES; i++) {
        printf(" %" PRIu64 " %s", totals->profiles[i], profile_name((enum profile)i));
    }
    printf("\n");
    for (int excuse = EXCUSE_NONE + 1; excuse < EXCUSES; excuse++) {
        const uint64_t *broke = totals->excused[excuse];
        uint64_t all = 0;
        for (int rule = 0; rule < RULES; rule++) {
            all += broke[rule];
        }
        printf("%s in %" PRIu64 " runs, and broke", names[excuse], all);
        for (int rule = RULE_NONE + 1; rule < RULES; rule++) {
            if (broke[rule] > 0) {
                printf(" %s %" PRIu64, rule_name((enum rule)rule), broke[rule]);
            }
        }
        printf("\n");
    }
}

void many_print(const struct totals *totals, double seconds)
{
    printf("\n%24s %12s %12s\n", "fault", "drawn", "struck");
    for (int kind = 0; kind < FAULT_KINDS; kind++) {
        printf("%24s %12" PRIu64 " %12" PRIu64 "\n", fault_name((enum fault_kind)kind),
               totals->drawn[kind], totals->struck[kind]);
    }
    printf("\n");
    print_counts(totals);
    print_excused(totals);
    printf("longest wait for a goose after the faults: %.1f ms; longest time without one after a"
           " poke: %.1f ms\n",
           (double)totals->worst_l1_ns / 1e6, (double)totals->worst_poke_ns / 1e6);
    printf("%" PRIu64 " seeds, %" PRIu64
           " events, %.1f hours simulated, %.1f s, %.2f million events"
           " a second\n%" PRIu64 " failed\n",
           totals->seeds, totals->events, (double)totals->simulated_ns / 3.6e12, seconds,
           (double)totals->events / seconds / 1e6, totals->failed);
    if (totals->first_failed != 0) {
        printf("goosim --seed %" PRIu64 " shows the first that failed\n", totals->first_failed);
    }
}

/* What a worker and its parent both see: if the worker dies (an assertion of the core), this says where. */
struct share {
    uint64_t seed;
    bool whole;
    struct totals totals;
};

static pid_t start_worker(uint64_t from, uint64_t to, unsigned stride, double end, bool first,
                          struct share *share)
{
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        run_share(from, to, stride, end, first, &share->seed, &share->totals);
        share->whole = true;
        (void)fflush(stdout);
        _exit(0);
    }
    return pid;
}

static bool collect(pid_t pid, const struct share *share, struct totals *sum)
{
    int status = 0;
    bool ended = pid > 0 && waitpid(pid, &status, 0) == pid;
    if (ended && share->whole && WIFEXITED(status)) {
        add_totals(sum, &share->totals);
        return true;
    }
    printf("a worker died in seed %" PRIu64 "\n", share->seed);
    return false;
}

int many_run(uint64_t from, uint64_t to, unsigned jobs, uint64_t seconds, bool first)
{
    struct totals sum = {0};
    pid_t pids[JOBS_MAX];
    double began = seconds_now();
    double end = seconds == 0 ? began + 1e9 : began + (double)seconds;
    jobs = jobs > JOBS_MAX ? JOBS_MAX : jobs;
    size_t bytes = jobs * sizeof(struct share);
    struct share *shares =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shares == MAP_FAILED) {
        return 1;
    }
    for (unsigned i = 0; i < jobs; i++) {
        pids[i] = start_worker(from + i, to, jobs, end, first, &shares[i]);
    }
    bool whole = true;
    for (unsigned i = 0; i < jobs; i++) {
        whole = collect(pids[i], &shares[i], &sum) && whole;
    }
    (void)munmap(shares, bytes);
    many_print(&sum, seconds_now() - began);
    return whole && sum.failed == 0 ? 0 : 1;
}
