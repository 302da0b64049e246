/* worlds.c: the worlds that goosemodel explores, and the budgets of each. */
#include <string.h>

#include "model.h"

/* A lease of two ticks is long enough for an ACK that comes late in it. */
#define FLOCK(count, voters, ticks) \
    .nodes = (count), .seats = (voters), .lease_ticks = (ticks), .seconds = 600, .megabytes = 7000

/* The first of a list of newborns stands at once, the others after it. */
#define SECOND_AND_THIRD 6
#define ALL_THREE        7
#define FIRST_TWO        3

const struct world worlds[] = {
    {.name = "smoke",
     .about = "two voters, short enough for every test run",
     FLOCK(2, 2, 2),
     .alike = FIRST_TWO,
     .start = START_REIGN,
     .versions = 1,
     .terms = 3,
     .in_flight = 1,
     .crashes = 1},
    {.name = "trio",
     .about = "three voters without a goose, one election: short enough as well",
     FLOCK(3, 3, 1),
     .alike = ALL_THREE,
     .start = START_SEATED,
     .versions = 1,
     .terms = 2,
     .in_flight = 1,
     .crashes = 0},
    {.name = "voters",
     .about = "three voters: one crash, one message in flight",
     FLOCK(3, 3, 2),
     .alike = ALL_THREE,
     .start = START_REIGN,
     .versions = 1,
     .terms = 3,
     .in_flight = 1,
     .crashes = 1},
    {.name = "order",
     .about = "three voters: two messages in flight overtake each other",
     FLOCK(3, 3, 2),
     .alike = ALL_THREE,
     .start = START_REIGN,
     .versions = 1,
     .terms = 3,
     .in_flight = 2},
    {.name = "wide",
     .about = "three voters: one crash, four messages in flight, one twice",
     FLOCK(3, 3, 2),
     .open = true,
     .alike = ALL_THREE,
     .start = START_REIGN,
     .versions = 1,
     .terms = 3,
     .in_flight = 4,
     .crashes = 1,
     .duplicates = 1},
    {.name = "cold",
     .about = "three voters without a goose: one election, one crash",
     FLOCK(3, 3, 2),
     .alike = ALL_THREE,
     .start = START_SEATED,
     .versions = 1,
     .terms = 2,
     .in_flight = 1,
     .crashes = 1},
    {.name = "twice",
     .about = "three voters without a goose: two elections",
     FLOCK(3, 3, 2),
     .open = true,
     .alike = ALL_THREE,
     .start = START_SEATED,
     .versions = 1,
     .terms = 3,
     .in_flight = 1},
    {.name = "overtake",
     .about = "three voters without a goose: three elections, two messages overtake each other",
     FLOCK(3, 3, 1),
     .open = true,
     .alike = ALL_THREE,
     .start = START_SEATED,
     .versions = 1,
     .terms = 4,
     .in_flight = 2},
    {.name = "hold",
     .about = "two voters: a hold, a handover, a crash",
     FLOCK(2, 2, 2),
     .alike = FIRST_TWO,
     .start = START_REIGN,
     .versions = 1,
     .terms = 3,
     .in_flight = 1,
     .crashes = 1,
     .handovers = 1,
     .holds = 1},
    {.name = "canvass",
     .about = "two voters that canvass with messages, and a crash",
     FLOCK(2, 2, 2),
     .start = START_REIGN,
     .versions = 1,
     .terms = 3,
     .in_flight = 1,
     .crashes = 1,
     .canvass = true,
     .stagger_ticks = 1},
    {.name = "yield",
     .about = "three voters without a goose that canvass with messages",
     FLOCK(3, 3, 1),
     .open = true,
     .start = START_SEATED,
     .versions = 1,
     .terms = 2,
     .in_flight = 1,
     .canvass = true,
     .stagger_ticks = 1},
    {.name = "resign",
     .about = "three voters: a handover to an heir, a hold",
     FLOCK(3, 3, 2),
     .alike = ALL_THREE,
     .start = START_REIGN,
     .versions = 1,
     .terms = 3,
     .in_flight = 1,
     .handovers = 1,
     .holds = 1},
    {.name = "will",
     .about = "three voters: a crash that may leave a last will, a hold",
     FLOCK(3, 3, 2),
     .start = START_REIGN,
     .versions = 1,
     .terms = 3,
     .in_flight = 1,
     .crashes = 1,
     .holds = 1,
     .wills = true},
    {.name = "late",
     .about = "three voters: a handover whose RESIGN comes late and out of order, a hold",
     FLOCK(3, 3, 1),
     .alike = ALL_THREE,
     .start = START_REIGN,
     .versions = 1,
     .terms = 3,
     .in_flight = 2,
     .handovers = 1,
     .holds = 1},
    {.name = "roster",
     .about = "three voters, of whom an operator removes one",
     FLOCK(3, 3, 2),
     .start = START_REIGN,
     .versions = 2,
     .terms = 3,
     .in_flight = 1,
     .removals = 1},
    {.name = "shrink",
     .about = "three voters, of whom an operator removes two, and a crash",
     FLOCK(3, 3, 2),
     .start = START_REIGN,
     .versions = 3,
     .terms = 2,
     .in_flight = 1,
     .crashes = 1,
     .removals = 2},
    {.name = "chain",
     .about = "three voters, of whom an operator removes two, and another election",
     FLOCK(3, 3, 1),
     .start = START_REIGN,
     .versions = 3,
     .terms = 3,
     .in_flight = 1,
     .removals = 2},
    {.name = "newcomer",
     .about = "two voters and a newcomer that waits for a seat",
     FLOCK(3, 2, 1),
     .alike = FIRST_TWO,
     .start = START_REIGN,
     .versions = 2,
     .terms = 3,
     .in_flight = 1,
     .hellos = 1,
     .observers = true},
    {.name = "unclaimed",
     .about = "a seat that one voter calls unclaimed; who has it loses its disk",
     FLOCK(3, 3, 1),
     .unclaimed = 1,
     .start = START_SETTLED,
     .versions = 2,
     .terms = 3,
     .stands = 2,
     .in_flight = 1,
     .crashes = 1,
     .lost_disks = 1,
     .greets = true},
    {.name = "comes",
     .about = "the same from before it comes, and one candidacy",
     FLOCK(3, 3, 1),
     .unclaimed = 1,
     .alike = FIRST_TWO,
     .start = START_REIGN,
     .versions = 2,
     .terms = 3,
     .stands = 1,
     .in_flight = 1,
     .crashes = 1,
     .lost_disks = 1,
     .greets = true},
    {.name = "comes-wide",
     .about = "the same, and two candidacies",
     FLOCK(3, 3, 1),
     .open = true,
     .unclaimed = 1,
     .alike = FIRST_TWO,
     .start = START_REIGN,
     .versions = 2,
     .terms = 3,
     .stands = 2,
     .in_flight = 1,
     .crashes = 1,
     .lost_disks = 1,
     .greets = true},
    {.name = "moved",
     .about = "three voters of whom one moves, and a newborn has its address; one candidacy",
     FLOCK(4, 3, 1),
     .unclaimed = 1,
     .start = START_MOVED,
     .versions = 2, /* the goose of the beginning has made the second: it changes nothing more */
     .terms = 3,
     .stands = 1,
     .in_flight = 1,
     .greets = true},
    {.name = "moved-wide",
     .about = "the same with two candidacies, and every goose may change the roster",
     FLOCK(4, 3, 1),
     .open = true,
     .unclaimed = 1,
     .start = START_MOVED,
     .versions = 3,
     .terms = 3,
     .stands = 2,
     .in_flight = 1,
     .greets = true},
    {.name = "reborn",
     .about = "three voters: one election, and one loses its disk",
     FLOCK(3, 3, 1),
     .start = START_SEATED,
     .versions = 1,
     .terms = 2,
     .in_flight = 1,
     .crashes = 1,
     .lost_disks = 1,
     .greets = true},
    {.name = "bootstrap",
     .about = "three newborns of one list, one election, and a crash",
     FLOCK(3, 3, 2),
     .alike = SECOND_AND_THIRD,
     .start = START_NEWBORN,
     .versions = 2,
     .terms = 1,
     .in_flight = 1,
     .crashes = 1,
     .hellos = 1},
    {.name = "births",
     .about = "three newborns of one list, two elections, and a crash",
     FLOCK(3, 3, 2),
     .open = true,
     .alike = SECOND_AND_THIRD,
     .start = START_NEWBORN,
     .versions = 2,
     .terms = 2,
     .in_flight = 1,
     .crashes = 1,
     .hellos = 1},
    {.name = "lost-disk",
     .about = "three newborns of one list, one election, and one of them loses its disk",
     FLOCK(3, 3, 1),
     .start = START_NEWBORN,
     .versions = 4,
     .terms = 1,
     .in_flight = 1,
     .crashes = 1,
     .lost_disks = 1,
     .hellos = 2,
     .silence = true,
     .observers = true},
    {.name = "reseated",
     .about = "a flock that newborns founded, of whom one loses its disk and gets a seat again",
     FLOCK(3, 3, 2),
     .start = START_FOUNDED,
     .versions = 4,
     .terms = 1,
     .in_flight = 1,
     .crashes = 1,
     .lost_disks = 1,
     .hellos = 1,
     .silence = true,
     .observers = true},
    {.name = "deposed",
     .about = "the same flock, the same lost disk, and another election",
     FLOCK(3, 3, 1),
     .open = true,
     .start = START_FOUNDED,
     .versions = 4,
     .terms = 2,
     .in_flight = 1,
     .crashes = 1,
     .lost_disks = 1,
     .hellos = 1,
     .silence = true,
     .observers = true},
};

const unsigned world_count = sizeof worlds / sizeof worlds[0];

struct world world;

static void peers_of(struct goose_roster *roster, unsigned count)
{
    struct goose_address kept[NODES_MAX];

    for (unsigned i = 0; i < count; i++)
        goose_address_keep(&kept[i], node_address(i));
    goose_roster_bootstrap(roster, 1, kept, count);
}

void world_options(unsigned place, struct goose_election_options *options)
{
    static struct goose_roster peers;
    static const struct world *made;

    if (made == NULL) peers_of(&peers, world.seats);
    made = &world;
    memset(options, 0, sizeof *options);
    goose_address_keep(&options->self, node_address(place));
    options->priority = GOOSE_PRIORITY_DEFAULT;
    options->voters = (uint8_t)world.nodes;
    options->heartbeat_us = (uint32_t)LEASE_US / 3;
    options->lease_us = (uint32_t)LEASE_US;
    options->dead_after_us = LEASE_US;
    options->name_tag = 1;
    if (place < world.seats)
        options->peers = peers;
    else
        options->join = peers;
}

static uint64_t seated_uid(unsigned node)
{
    return UINT64_C(0x7e57000000000000) + UINT64_C(0x101) * (node + 1); /* like nothing else */
}

/* A flock of term 1 that is settled, and whose promises have all ended. A reign at the beginning is the first
 * with a longer lease than before: what is on file of the longest promise is what that reign brought there. */
void world_seated(unsigned node, struct goose_durable_state *state)
{
    struct goose_election_options options;

    memset(state, 0, sizeof *state);
    world_options(0, &options);
    state->uid = seated_uid(node);
    state->life = life_named(node, 0, 1);
    state->term = 1;
    bool reign =
        world.start == START_REIGN || world.start == START_SETTLED || world.start == START_MOVED;
    state->longest_promise_us = reign ? LEASE_US / 2 : LEASE_US + LEASE_US / 20;
    state->roster = options.peers;
    state->roster.term = 1;
    state->roster.wanted = (uint8_t)world.nodes;
    state->roster.founding = FOUNDING;
    for (unsigned i = 0; i < world.seats - world.unclaimed; i++)
        state->roster.seats[i].uid = seated_uid(i);
}
