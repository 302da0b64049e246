/* main.c: goosim's command line. */
#include "run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct command {
    bool one;
    bool many;
    bool figures;
    bool digest;
    bool no_shrink;
    bool first;
    bool trace_all;
    uint64_t seed;
    uint64_t from;
    uint64_t to;
    uint64_t minutes;
    uint64_t runs;
    uint64_t crashes;
    uint64_t crash; /* 1 more than its number; 0: none */
    uint64_t jobs;
    uint64_t faults;
};

static const char usage[] =
    "goosim: a flock under fire, in simulated time\n"
    "  --seed N            one run, in the words of tests/trace; one that fails is shrunk\n"
    "  --faults 3,17|none  only these faults of it\n"
    "  --full              heartbeats and acknowledgements too\n"
    "  --no-shrink         as it is\n"
    "  --digest            one line: a digest of all that happened\n"
    "  --seeds A..B        many runs; --jobs J at once\n"
    "  --first             no further than the first that fails\n"
    "  --minutes M         no longer than that\n"
    "  --figures           the table of PROTOCOL 11; --runs R for each cell (2000)\n"
    "  --crashes N         crashes of the goose of a healthy flock: each is one election, won by "
    "the heir;\n"
    "  --crash I           number I of them, as a trace\n";

static bool take_number(const char *text, uint64_t *number)
{
    char *end;
    *number = text == NULL ? 0 : strtoull(text, &end, 10);
    return text != NULL && end != text && *end == '\0';
}

static bool take_range(const char *text, struct command *c)
{
    char *end;
    c->many = true;
    c->from = text == NULL ? 0 : strtoull(text, &end, 10);
    return text != NULL && strncmp(end, "..", 2) == 0 && take_number(end + 2, &c->to);
}

static bool take_faults(const char *text, struct command *c)
{
    if (text == NULL) {
        return false;
    }
    c->faults = 0;
    if (strcmp(text, "none") == 0) {
        return true;
    }
    for (;;) {
        char *end;
        uint64_t bit = strtoull(text, &end, 10);
        if (end == text || bit >= FAULTS_MAX) {
            return false;
        }
        c->faults |= UINT64_C(1) << bit;
        if (*end != ',') {
            return *end == '\0';
        }
        text = end + 1;
    }
}

static bool take_flag(const char *flag, struct command *c)
{
    struct {
        const char *name;
        bool *value;
    } flags[] = {{"--figures", &c->figures},
                 {"--digest", &c->digest},
                 {"--no-shrink", &c->no_shrink},
                 {"--first", &c->first},
                 {"--full", &c->trace_all}};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (strcmp(flag, flags[i].name) == 0) {
            *flags[i].value = true;
            return true;
        }
    }
    return false;
}

static bool take_option(const char *name, const char *value, struct command *c)
{
    struct {
        const char *name;
        uint64_t *value;
    } numbers[] = {{"--seed", &c->seed},
                   {"--minutes", &c->minutes},
                   {"--runs", &c->runs},
                   {"--jobs", &c->jobs},
                   {"--crashes", &c->crashes}};
    if (strcmp(name, "--seeds") == 0) {
        return take_range(value, c);
    }
    if (strcmp(name, "--crash") == 0) {
        bool taken = take_number(value, &c->crash);
        c->crash++;
        return taken;
    }
    if (strcmp(name, "--faults") == 0) {
        return take_faults(value, c);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            c->one = c->one || i == 0;
            c->many = c->many || i == 1;
            return take_number(value, numbers[i].value);
        }
    }
    return false;
}

static bool parse(int count, char **words, struct command *c)
{
    for (int i = 1; i < count; i++) {
        if (take_flag(words[i], c)) {
            continue;
        }
        if (!take_option(words[i], i + 1 < count ? words[i + 1] : NULL, c)) {
            return false;
        }
        i++;
    }
    return c->one || c->many || c->figures || c->crashes > 0 || c->crash > 0;
}

static void print_plan(const struct world *w, uint64_t faults)
{
    for (unsigned i = 0; i < w->fault_count; i++) {
        char text[160];
        if (((faults >> i) & 1) != 0) {
            plan_describe(&w->faults[i], text, sizeof text);
            printf("fault %2u: %s\n", i, text);
        }
    }
}

static void print_replay(const struct world *w, uint64_t seed, uint64_t faults)
{
    printf("goosim --seed %" PRIu64 " --faults ", seed);
    const char *comma = "";
    for (unsigned i = 0; i < w->fault_count; i++) {
        if (((faults >> i) & 1) != 0) {
            printf("%s%u", comma, i);
            comma = ",";
        }
    }
    printf("%s\n", *comma == '\0' ? "none" : "");
}

/* Uids by the names that the trace gave them. */
static void print_why(const struct world *w, const char *rule, const char *but)
{
    printf("%s broken at %.3f ms%s: ", rule, (double)w->check.broken_ns / 1e6, but);
    for (const char *at = w->check.why; *at != '\0';) {
        size_t digits = strspn(at, "0123456789abcdef");
        uint64_t uid = digits > 8 ? strtoull(at, NULL, 16) : 0;
        size_t bytes = digits > 0 ? digits : 1;
        if (uid_find(&w->names, uid) >= 0) {
            printf("%s", uid_name(&w->names, uid));
        } else {
            printf("%.*s", (int)bytes, at);
        }
        at += bytes;
    }
    printf("\n");
}

static int run_one(const struct command *c)
{
    struct totals totals = {0};
    struct world *w = world_new();
    bool fine = run_seed(w, c->seed, c->faults, &totals);
    uint64_t digest = w->digest;
    uint64_t all =
        c->faults & (w->fault_count < 64 ? (UINT64_C(1) << w->fault_count) - 1 : UINT64_MAX);
    uint64_t faults = all;
    if (c->digest) {
        printf("seed %" PRIu64 " digest %016" PRIx64 "\n", c->seed, digest);
    } else {
        if (!fine && !c->no_shrink) {
            faults = shrink_faults(w, c->seed, faults);
        }
        w->trace = stdout;
        w->trace_all = c->trace_all;
        fine = run_seed(w, c->seed, faults, &totals);
        if (faults == all && w->digest != digest) {
            printf("the trace changes what happens\n");
            fine = false;
        }
        if (w->check.broken != RULE_NONE) {
            print_why(w, rule_name(w->check.broken), "");
        }
        if (w->check.excused != RULE_NONE) {
            print_why(w, rule_name(w->check.excused), ", which is not promised here");
        }
        print_plan(w, faults);
        print_replay(w, c->seed, faults);
    }
    world_free(w);
    return fine ? 0 : 1;
}

int main(int count, char **words)
{
    struct command c = {
        .runs = 2000, .jobs = 1, .faults = UINT64_MAX, .from = 1, .to = UINT64_MAX - 64};
    if (!parse(count, words, &c) || c.jobs == 0) {
        (void)fputs(usage, stderr);
        return 2;
    }
    if (c.figures) {
        return figures_run((unsigned)c.runs);
    }
    if (c.crash > 0) {
        return figures_crash((unsigned)c.crash - 1);
    }
    if (c.crashes > 0) {
        return figures_crashes((unsigned)c.crashes);
    }
    if (c.many) {
        return many_run(c.from, c.to, (unsigned)c.jobs, c.minutes * 60, c.first);
    }
    return run_one(&c);
}
