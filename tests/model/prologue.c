/* prologue.c: the first state of a world. Its nodes start; where it is to begin with a goose, the first node stands and
 * everything is delivered, written and acknowledged until nothing moves. From there on anything may happen. */
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define POST_MAX 256

static uint32_t post[POST_MAX];
static unsigned post_count;
static unsigned cut_off = NODES_MAX; /* what is sent to this node is lost; by default nobody */

static void happens(struct state *state, unsigned node, enum move_kind kind, uint32_t argument)
{
    const struct move *move = move_make(state->nodes[node], kind, argument);
    struct state before = *state;

    if (move == NULL) return;
    state->nodes[node] = move->node;
    if (check_move(&before, node, move, state) != NULL && !world.outside) exit(2);
    for (unsigned i = 0; i < move->send_count && post_count < POST_MAX; i++) {
        uint32_t meant = message_leaves(move->sends[i], state);
        if (meant != 0 && message_facts(meant)->to != cut_off) post[post_count++] = meant;
    }
}

static bool is_seated(unsigned index)
{
    bool flock = world.start < START_NEWBORN;
    return flock && index < world.seats - world.unclaimed;
}

/* It comes later, or never. */
static bool is_away(unsigned index)
{
    return world.unclaimed > 0 && index >= world.seats - world.unclaimed;
}

static void settle(struct state *state)
{
    for (bool busy = true; busy;) {
        busy = false;
        for (unsigned i = 0; i < world.nodes; i++) {
            if (!node_facts(state->nodes[i])->writing) continue;
            happens(state, i, MOVE_SAVED, 0);
            busy = true;
        }
        if (post_count == 0) continue;
        uint32_t message = post[0];
        memmove(post, post + 1, --post_count * sizeof post[0]);
        int to = node_at(state, message_get(message).to);
        if (to >= 0) happens(state, (unsigned)to, MOVE_DELIVER, message);
        busy = true;
    }
}

/* What uids will be drawn: so that names can be swapped. */
static void foresee(unsigned index)
{
    static struct shell shell;
    static struct move move;

    for (unsigned birth = 0; birth <= world.lost_disks; birth++) {
        memset(&shell, 0, sizeof shell);
        memset(&move, 0, sizeof move);
        shell.move = &move;
        shell.deaf = true;
        shell.node.index = shell.node.place = (uint8_t)index;
        shell.node.ghost.birth = (uint8_t)birth;
        if (birth > 0 || !is_seated(index)) {
            shell_start(&shell, true);
        } else {
            world_seated(index, &shell.node.disk);
            name_uid(shell.node.disk.uid, index, 0);
        }
    }
}

static void start(struct state *state, unsigned index)
{
    static struct node node;

    memset(&node, 0, sizeof node);
    node.index = node.place = (uint8_t)index;
    if (is_seated(index)) {
        world_seated(index, &node.disk);
        node.has_disk = true;
    }
    canon_node(&node);
    state->nodes[index] = node_put(&node);
    if (!is_away(index)) happens(state, index, MOVE_START, 0);
}

static void ticks(struct state *state, unsigned count)
{
    for (unsigned i = 0; i < world.nodes; i++)
        for (unsigned j = 0; j < count; j++)
            state->nodes[i] = node_tick(state->nodes[i]);
    for (unsigned i = 0; i < world.nodes; i++)
        if (node_facts(state->nodes[i])->up) happens(state, i, MOVE_WAKE, 0);
}

static void heartbeats(struct state *state, unsigned count)
{
    while (count-- > 0) {
        happens(state, 0, MOVE_HEARTBEAT, 0);
        settle(state);
    }
}

static void say_hello(struct state *state, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        happens(state, i, MOVE_HELLO, 0);
        settle(state);
    }
}

/* The first node is goose, and all follow it; who waits for a seat is known to it. */
static void reign(struct state *state)
{
    happens(state, 0, MOVE_STAND, 0);
    settle(state);
    heartbeats(state, 3);
    if (world.observers) say_hello(state, world.seats, world.nodes);
}

/* The third comes, and has a seat; the second does not hear of it. */
static void third_comes(struct state *state)
{
    cut_off = 1;
    happens(state, 2, MOVE_START, 0);
    settle(state);
    heartbeats(state, 4);
    cut_off = NODES_MAX;
}

/* The fourth has its address, once the two start. */
static void third_moves(struct state *state)
{
    happens(state, 2, MOVE_CRASH, 0);
    happens(state, 2, MOVE_ADDRESS, 3);
    happens(state, 3, MOVE_ADDRESS, 2);
}

void prologue(struct state *first)
{
    memset(first, 0, sizeof *first);
    post_count = 0;
    for (unsigned i = 0; i < world.nodes; i++)
        foresee(i);
    for (unsigned i = 0; i < world.nodes; i++)
        start(first, i);
    bool newborn = world.start == START_NEWBORN || world.start == START_FOUNDED;
    if (newborn) say_hello(first, 0, world.nodes);
    if (!newborn) ticks(first, world.lease_ticks);
    if (world.start != START_SEATED && world.start != START_NEWBORN) reign(first);
    if (world.start == START_SETTLED || world.start == START_MOVED) third_comes(first);
    if (world.start == START_MOVED) third_moves(first);
    first->crashes = (uint8_t)world.crashes;
    first->lost_disks = (uint8_t)world.lost_disks;
    first->duplicates = (uint8_t)world.duplicates;
    first->handovers = (uint8_t)world.handovers;
    first->holds = (uint8_t)world.holds;
    first->removals = (uint8_t)world.removals;
    first->hellos = (uint8_t)world.hellos;
    first->stands = (uint8_t)world.stands;
}
