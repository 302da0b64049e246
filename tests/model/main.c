/* main.c: goosemodel explores small worlds, each to its end if its budget allows.
 *
 *     goosemodel [--outside] [--seconds N] [--megabytes N] [--lie WHAT] WORLD
 *     goosemodel --list       each world; "ends": within its budgets, "open": it was never seen to end within them
 *
 * Exit status: 0 the world was explored to its end, and nothing is broken; 1 something is broken, and the way there is
 * told; 2 the question is wrong, or the model is; 3 the budget (seconds of the processor, memory) was over before the
 * end, and nothing is broken so far.
 *
 * --outside leaves goose_election_check() and what a message says that it stands on alone, so that a core that was
 * broken on purpose is seen to break what PROTOCOL 2 promises. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

enum { STATUS_BROKEN = 1, STATUS_WRONG = 2, STATUS_NOT_FINISHED = 3 };

struct options {
    double seconds;
    size_t megabytes;
    enum lie lie;
    bool outside;
};

/* What the checks have to notice: a disk that says it wrote and did not, promises that end a tick early, and a property
 * that does not hold. */
static const char *const lies[LIES] = {"none", "disk", "promise", "goose"};

static void list(void)
{
    for (unsigned i = 0; i < world_count; i++)
        printf("%-12s %-5s %s\n", worlds[i].name, worlds[i].open ? "open" : "ends",
               worlds[i].about);
}

static void say_budgets(void)
{
    static const char *const starts[] = {
        [START_SEATED] = "voters without a goose",
        [START_REIGN] = "a goose that all follow",
        [START_SETTLED] = "a goose, and n3 that has a seat, as n2 has not heard",
        [START_MOVED] = "the same, and n3 and n4 are to start, n4 at its address",
        [START_NEWBORN] = "newborns that have asked each other",
        [START_FOUNDED] = "a flock that newborns have founded",
    };

    printf("world %s: %s\n", world.name, world.about);
    printf("  begins:  %s\n", starts[world.start]);
    printf("  budgets: %u nodes, %u voters (%u to come), terms <= %u, roster versions <= %u, "
           "messages in flight <= %u\n",
           world.nodes, world.seats, world.unclaimed, world.terms, world.versions, world.in_flight);
    printf("           crashes <= %u, lost disks <= %u, duplicates <= %u, handovers <= %u, holds "
           "<= %u, removals <= %u, HELLOs <= %u%s\n",
           world.crashes, world.lost_disks, world.duplicates, world.handovers, world.holds,
           world.removals, world.hellos, world.greets ? " and of starts" : "");
    if (world.stands > 0) printf("           candidacies <= %u\n", world.stands);
    printf("           a lease is %u ticks, step %u ticks, canvass %s, at most %.0f s and %zu MB\n",
           world.lease_ticks, world.stagger_ticks,
           world.canvass ? "by messages" : "always answered with yes", world.seconds,
           world.megabytes);
    printf("  alike:  ");
    for (unsigned i = 0; i < world.nodes; i++)
        if ((world.alike >> i & 1) != 0) printf(" n%u", i + 1);
    printf(world.alike == 0 ? " none\n" : "\n");
    fflush(stdout);
}

static void say_outcome(const struct outcome_of *o)
{
    printf(
        "  %s: %llu states, depth %u%s, %llu transitions (%llu beyond the budget), %.1f s of the "
        "processor, %zu MB\n",
        o->broken != NULL ? "BROKEN"
        : o->finished     ? "finished"
                          : o->why_not,
        (unsigned long long)o->states, o->depth, o->finished ? "" : " not completed",
        (unsigned long long)o->transitions, (unsigned long long)o->cut, o->seconds, o->bytes >> 20);
    printf("  reached: term %u won, roster version %u committed\n", o->term_won,
           o->version_committed);
    printf("  %u states of a node, %u messages, %llu moves by the core, %.0f states/s\n",
           nodes_kept(), messages_kept(), (unsigned long long)moves_count(),
           (double)o->states / (o->seconds > 0 ? o->seconds : 1));
}

static int run(const struct world *chosen, const struct options *options)
{
    struct outcome_of outcome = {.broken = NULL};
    struct state first;

    world = *chosen;
    world.lie = options->lie;
    world.outside = options->outside;
    if (options->seconds > 0) world.seconds = options->seconds;
    if (options->megabytes > 0) world.megabytes = options->megabytes;
    say_budgets();
    kept_begin();
    moves_begin();
    alike_begin();
    prologue(&first);
    explore(&first, &outcome);
    say_outcome(&outcome);
    if (outcome.broken != NULL) {
        const struct event_kept *events;
        unsigned count = explore_path(&events);
        tell_path(&first, events, count, outcome.broken);
    }
    return outcome.broken != NULL ? STATUS_BROKEN : outcome.finished ? 0 : STATUS_NOT_FINISHED;
}

static const struct world *find(const char *name)
{
    for (unsigned i = 0; i < world_count; i++)
        if (strcmp(worlds[i].name, name) == 0) return &worlds[i];
    return NULL;
}

static bool take_option(struct options *options, const char *name, const char *value)
{
    if (strcmp(name, "--seconds") == 0) options->seconds = strtod(value, NULL);
    if (strcmp(name, "--megabytes") == 0) options->megabytes = strtoul(value, NULL, 10);
    for (int i = 0; strcmp(name, "--lie") == 0 && i < LIES; i++)
        if (strcmp(value, lies[i]) == 0) options->lie = (enum lie)i;
    return strcmp(name, "--seconds") == 0 || strcmp(name, "--megabytes") == 0 ||
           (strcmp(name, "--lie") == 0 && options->lie != LIE_NONE);
}

/* One world a run: what was learnt of nodes and messages belongs to it. */
int main(int argc, char **argv)
{
    struct options options = {.seconds = 0};
    int at = 1;

    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        list();
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "--outside") == 0) {
        options.outside = true;
        at++;
    }
    while (at + 1 < argc && take_option(&options, argv[at], argv[at + 1]))
        at += 2;
    const struct world *chosen = at + 1 == argc ? find(argv[at]) : NULL;
    if (chosen == NULL) {
        fprintf(stderr, "goosemodel [--outside] [--seconds N] [--megabytes N] [--lie "
                        "disk|promise|goose] WORLD\n"
                        "status 0: explored to its end; 1: broken; 3: the budget was over before "
                        "the end. Worlds:\n");
        list();
        return STATUS_WRONG;
    }
    return run(chosen, &options);
}
