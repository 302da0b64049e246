/* explore.c: every state that a world can reach, breadth-first, so that what is found broken is found in as few steps as
 * can be. In each state each thing that may happen happens: a tick of the clock, an event at a node, a message in flight
 * delivered (once, or once and again). Of the messages that a step sends each set is lost that leaves no more in flight
 * than the world allows: a message that is lost later is one that nobody delivered. */
#include <string.h>
#include <time.h>

#include "visited.h"

#define PATH_MAX_EVENTS 256

static struct event_kept path[PATH_MAX_EVENTS];
static unsigned path_count;
static struct outcome_of *found;
static uint64_t here; /* the state that is explored */

/* Of the processor: a busy machine does not make a world smaller. */
static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void broke(const char *what, const struct event_kept *last)
{
    struct event_kept event = *last;
    uint64_t at = here;

    found->broken = what;
    path_count = 0;
    while (path_count < PATH_MAX_EVENTS) {
        path[path_count++] = event;
        if (at == 1) break;
        at = visited_parent(at, &event);
    }
    for (unsigned i = 0; i < path_count / 2; i++) {
        struct event_kept swap = path[i];
        path[i] = path[path_count - 1 - i];
        path[path_count - 1 - i] = swap;
    }
}

unsigned explore_path(const struct event_kept **events)
{
    *events = path;
    return path_count;
}

/* In order; what is in flight already is not so twice. False: there is no room. */
static bool flight_add(struct state *state, uint32_t message)
{
    uint32_t *flight = state->flight;
    unsigned last = world.in_flight - 1, at = 0;

    while (at < world.in_flight && flight[at] > message)
        at++;
    if (at < world.in_flight && flight[at] == message) return true;
    if (flight[last] != 0 || at > last) return false;
    memmove(flight + at + 1, flight + at, (last - at) * sizeof flight[0]);
    flight[at] = message;
    return true;
}

static void flight_take(struct state *state, unsigned slot)
{
    unsigned last = world.in_flight - 1;

    memmove(state->flight + slot, state->flight + slot + 1,
            (last - slot) * sizeof state->flight[0]);
    state->flight[last] = 0;
}

/* Messages that can do nothing any more are out of flight, if the core agrees. */
static void drop_spent(struct state *state)
{
    for (unsigned i = 0; i < world.in_flight && state->flight[i] != 0;) {
        uint32_t message = state->flight[i];
        int to = node_at(state, message_facts(message)->to);
        if (message_is_spent(message, state) &&
            (to < 0 || move_make(state->nodes[to], MOVE_DELIVER, message) == NULL))
            flight_take(state, i);
        else
            i++;
    }
}

static bool add(struct state *state, const struct event_kept *event)
{
    struct event_kept kept = *event;

    drop_spent(state);
    kept.turned = (uint8_t)alike_turn(state);
    if (visited_add(state, here, &kept)) return true;
    found->why_not = "no room for more states";
    return false;
}

/* What nobody will take is as good as lost, and that is a case of its own. */
static bool leaves(struct state *state, uint32_t message)
{
    uint32_t meant = message_leaves(message, state);
    return meant != 0 && flight_add(state, meant);
}

/* Each set of its sends may be lost. */
static bool add_with_sends(const struct state *after, const struct move *move,
                           struct event_kept event)
{
    for (unsigned lost = 0; lost < 1u << move->send_count; lost++) {
        struct state next = *after;
        bool fits = true;
        for (unsigned i = 0; i < move->send_count && fits; i++)
            if ((lost >> i & 1) == 0) fits = leaves(&next, move->sends[i]);
        if (!fits) continue;
        event.lost = (uint8_t)lost;
        if (!add(&next, &event)) return false;
    }
    return true;
}

/* False: there is no need to go on. `base` is the state less what the event uses up. */
static bool apply(const struct state *before, const struct state *base, unsigned node,
                  enum move_kind kind, uint32_t argument)
{
    const struct move *move = move_make(before->nodes[node], kind, argument);
    struct event_kept event = {.kind = (uint8_t)kind, .node = (uint8_t)node, .argument = argument};
    struct state after = *base;

    found->transitions++;
    if (move == NULL) return true;
    after.nodes[node] = move->node;
    bool beyond = move->term > world.terms || node_facts(move->node)->version > world.versions;
    if (beyond && move->broken == NULL) {
        found->cut++;
        return true;
    }
    const char *wrong = check_move(before, node, move, &after);
    if (wrong == NULL) wrong = check_state(&after);
    if (wrong != NULL) {
        broke(wrong, &event);
        return false;
    }
    if (after.highest_won > found->term_won) found->term_won = after.highest_won;
    if (after.committed_version > found->version_committed)
        found->version_committed = after.committed_version;
    return add_with_sends(&after, move, event);
}

static bool tick(const struct state *before)
{
    struct event_kept event = {.kind = MOVE_TICK};
    struct state after = *before;
    bool changes = false;

    memset(after.flight, 0, sizeof after.flight);
    for (unsigned i = 0; i < world.nodes; i++) {
        after.nodes[i] = node_tick(before->nodes[i]);
        changes |= after.nodes[i] != before->nodes[i];
    }
    for (unsigned i = 0; i < world.in_flight && before->flight[i] != 0; i++) {
        uint32_t older = message_tick(before->flight[i]);
        changes |= older != before->flight[i];
        flight_add(&after, older);
    }
    found->transitions++;
    if (!changes) return true;
    const char *wrong = check_state(&after);
    if (wrong == NULL) return add(&after, &event);
    broke(wrong, &event);
    return false;
}

static bool deliver(const struct state *before)
{
    for (unsigned i = 0; i < world.in_flight && before->flight[i] != 0; i++) {
        int at = node_at(before, message_facts(before->flight[i])->to);
        unsigned to = (unsigned)at;
        struct state base = *before;
        if (at < 0) continue;
        flight_take(&base, i);
        if (!apply(before, &base, to, MOVE_DELIVER, before->flight[i])) return false;
        if (before->duplicates == 0) continue;
        base = *before;
        base.duplicates--;
        if (!apply(before, &base, to, MOVE_DELIVER, before->flight[i])) return false;
    }
    return true;
}

/* Crashes, lost disks, and what operators ask, as long as the budget lasts. */
static bool spend(const struct state *before, unsigned node, enum move_kind kind, uint32_t argument,
                  uint8_t *budget, struct state *base)
{
    if (*budget == 0) return true;
    --*budget;
    bool goes_on = apply(before, base, node, kind, argument);
    ++*budget;
    return goes_on;
}

/* PROTOCOL 2: as long as somebody waits for another member to come, or knows of no flock, that member counts as one whose
 * disk is lost, and there is no second one. */
static bool may_lose_disk(const struct state *state, unsigned node)
{
    for (unsigned i = 0; i < world.nodes; i++)
        if (i != node && (node_facts(state->nodes[i])->come | 1u << node) != 0xff) return false;
    return node_facts(state->nodes[node])->has_disk;
}

static bool accidents(const struct state *before, unsigned node)
{
    bool writing = node_facts(before->nodes[node])->writing; /* facts move when there are more */
    struct state base = *before;

    if (!node_facts(before->nodes[node])->up)
        return apply(before, before, node, MOVE_START, 0) &&
               (!may_lose_disk(before, node) ||
                spend(before, node, MOVE_LOSE_DISK, 0, &base.lost_disks, &base));
    if (!spend(before, node, MOVE_CRASH, 0, &base.crashes, &base)) return false;
    if (world.wills && !spend(before, node, MOVE_KILL, 0, &base.crashes, &base)) return false;
    return !writing || spend(before, node, MOVE_CRASH_LANDED, 0, &base.crashes, &base);
}

static bool requests(const struct state *before, unsigned node)
{
    struct state base = *before;

    for (unsigned whom = 0; whom < world.nodes; whom++)
        if (!spend(before, node, MOVE_HANDOVER, whom, &base.handovers, &base)) return false;
    if (!spend(before, node, MOVE_HOLD, 0, &base.holds, &base)) return false;
    for (unsigned whom = 0; whom < world.nodes; whom++)
        if (!spend(before, node, MOVE_REMOVE, whom, &base.removals, &base)) return false;
    return true;
}

static bool as_goose(const struct state *before, unsigned node)
{
    struct state base = *before;

    if (!apply(before, before, node, MOVE_HEARTBEAT, 0)) return false;
    if (!spend(before, node, MOVE_GREET, 0, &base.hellos, &base)) return false;
    for (unsigned seat = 0; world.silence && seat < world.nodes; seat++)
        if (!apply(before, before, node, MOVE_SILENT, seat)) return false;
    return requests(before, node);
}

/* Who is a duck may stand: as often as it likes, or as long as the budget lasts. */
static bool as_duck(const struct state *before, unsigned node, bool may_stand)
{
    enum move_kind turn = world.canvass ? MOVE_CANVASS : MOVE_STAND;
    struct state base = *before;

    if (may_stand && world.stands == 0 && !apply(before, before, node, turn, 0)) return false;
    if (may_stand && !spend(before, node, turn, 0, &base.stands, &base)) return false;
    for (unsigned of = 0; of < world.nodes; of++)
        if (!spend(before, node, MOVE_HELLO, of, &base.hellos, &base)) return false;
    return true;
}

static bool deadlines(const struct state *before, unsigned node)
{
    const struct facts *f = node_facts(before->nodes[node]);
    bool asks = f->role == GOOSE_ROLE_CANVASSING || f->role == GOOSE_ROLE_CANDIDATE;
    unsigned role = f->role; /* facts move when there are more */

    if (!f->up) return true;
    if (f->writing && !apply(before, before, node, MOVE_SAVED, 0)) return false;
    if (!apply(before, before, node, MOVE_WAKE, 0)) return false;
    if (role == GOOSE_ROLE_GOOSE) return as_goose(before, node);
    if (asks && !apply(before, before, node, MOVE_ROUND_ENDS, 0)) return false;
    if (asks && !apply(before, before, node, MOVE_ASK_AGAIN, 0)) return false;
    return as_duck(before, node, role == GOOSE_ROLE_DUCK);
}

static bool expand(const struct state *before)
{
    if (!deliver(before)) return false;
    for (unsigned node = 0; node < world.nodes; node++)
        if (!deadlines(before, node)) return false;
    for (unsigned node = 0; node < world.nodes; node++)
        if (!accidents(before, node)) return false;
    return tick(before);
}

static size_t memory_used(void)
{
    return visited_memory() + kept_memory() + moves_memory() + alike_memory();
}

static bool budget_left(double began)
{
    found->seconds = seconds_now() - began;
    found->bytes = memory_used();
    if (found->seconds > world.seconds) found->why_not = "its time is over";
    if (found->bytes > world.megabytes << 20) found->why_not = "its memory is full";
    return found->why_not == NULL;
}

void explore(const struct state *first, struct outcome_of *outcome)
{
    double began = seconds_now();
    struct event_kept none = {.kind = MOVE_NONE};
    uint64_t level_end = 2;
    struct state state = *first;

    found = outcome;
    visited_begin();
    none.turned = (uint8_t)alike_turn(&state);
    visited_add(&state, 0, &none);
    for (here = 1; here < visited_end(); here++) {
        if (here == level_end) {
            found->depth++;
            level_end = visited_end();
        }
        if (here % 4096 == 0 && !budget_left(began)) break;
        visited_get(here, &state);
        if (!expand(&state)) break;
    }
    found->finished = found->broken == NULL && found->why_not == NULL;
    found->states = visited_end() - 1;
    found->seconds = seconds_now() - began;
    found->bytes = memory_used();
}
