/* alike.c: symmetry. Where the nodes differ by name alone, states that become the same when the names are swapped are
 * explored once: the least of them (by the numbers of its nodes and messages) stands for all.
 *
 * It is sound if a swap of names goes before or after any step alike: what a node does, once its names are swapped, is
 * what it did before with the names swapped. That is not believed of the core but tried: for each move that is made for
 * the first time, and each swap of neighbours, the turned node makes the turned move, and has to come to the turned
 * outcome, else the exploration stops (status 2). A tick and what befalls a node (a crash, a start) look at no name.
 * Names are: uids, lives, addresses, endpoints, places in rosters and in lists of peers, digests of rosters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define TURNS_MAX     6
#define SWAPS         2 /* of two neighbours, the first turns: what holds for these holds for all */
#define ADDRESS_BYTES 7

static uint8_t turns[TURNS_MAX][NODES_MAX];
static unsigned turn_count;

struct memory {
    uint32_t *known;
    uint32_t room;
};

static struct memory nodes_turned[TURNS_MAX], messages_turned[TURNS_MAX];

static unsigned turn_of(const uint8_t *of)
{
    for (unsigned turn = 0; turn < turn_count; turn++)
        if (memcmp(turns[turn], of, NODES_MAX) == 0) return turn;
    abort();
}

/* All orders of the nodes that are alike; the first changes nothing. */
void alike_begin(void)
{
    static const uint8_t of_three[TURNS_MAX][NODES_MAX] = {
        {0, 1, 2, 3}, {1, 0, 2, 3}, {0, 2, 1, 3}, {2, 1, 0, 3}, {1, 2, 0, 3}, {2, 0, 1, 3}};

    for (unsigned turn = 0; turn < TURNS_MAX; turn++) {
        bool stay = true;
        for (unsigned i = 0; i < NODES_MAX; i++)
            stay &= of_three[turn][i] == i || (world.alike >> i & 1) != 0;
        if (stay) memcpy(turns[turn_count++], of_three[turn], NODES_MAX);
    }
}

unsigned alike_back(unsigned turn)
{
    uint8_t back[NODES_MAX];

    for (uint8_t i = 0; i < NODES_MAX; i++)
        back[turns[turn][i]] = i;
    return turn_of(back);
}

unsigned alike_then(unsigned first, unsigned second)
{
    uint8_t both[NODES_MAX];

    for (unsigned i = 0; i < NODES_MAX; i++)
        both[i] = turns[second][turns[first][i]];
    return turn_of(both);
}

unsigned alike_node(unsigned turn, unsigned node)
{
    return turns[turn][node];
}

static uint64_t uid_turned(unsigned turn, uint64_t uid)
{
    int node = uid == 0 ? -1 : node_of_uid(uid);
    return node < 0 ? uid : uid_at(turns[turn][node], uid);
}

static uint64_t life_turned(unsigned turn, uint64_t life)
{
    int node = node_of_life(life);
    return node < 0 ? life : life_named(turns[turn][node], (unsigned)(life & 0xff) - 1, life >> 32);
}

/* Every uid, every life and every address in it, wherever they stand. */
static void names_turned(unsigned turn, void *memory, size_t count)
{
    uint8_t *bytes = memory;

    for (size_t at = 0; at + 8 <= count; at += 8) {
        uint64_t word;
        memcpy(&word, bytes + at, sizeof word);
        uint64_t turned = life_turned(turn, uid_turned(turn, word));
        if (turned != word) memcpy(bytes + at, &turned, sizeof turned);
    }
    for (size_t at = 0; at + ADDRESS_BYTES <= count; at++) {
        if (bytes[at] != 'n') continue;
        int node = node_of_address((struct goose_text){(const char *)bytes + at, ADDRESS_BYTES});
        if (node >= 0) memcpy(bytes + at, node_address(turns[turn][node]).at, ADDRESS_BYTES);
    }
}

/* A roster whose names are swapped already: its seats stand in the order of the nodes, as they did before. Where each
 * has gone is told. */
static void seats_in_order(struct goose_roster *roster, int *places)
{
    struct goose_roster old = *roster;
    int count = 0;

    memset(roster->arena, 0, sizeof roster->arena);
    for (unsigned node = 0; node < world.nodes; node++) {
        int from = goose_roster_find_address(&old, node_address(node));
        if (from < 0) continue;
        roster->seats[count] = old.seats[from];
        roster->seats[count].at = (uint16_t)(count * ADDRESS_BYTES);
        memcpy(roster->arena + count * ADDRESS_BYTES, node_address(node).at, ADDRESS_BYTES);
        places[from] = count++;
    }
}

static uint64_t digest_turned(unsigned turn, uint64_t digest)
{
    const struct goose_roster *known = roster_of_digest(digest);
    int places[GOOSE_ROSTER_SEATS_MAX];
    struct goose_roster roster;

    if (known == NULL) return digest;
    roster = *known;
    names_turned(turn, &roster, sizeof roster);
    seats_in_order(&roster, places);
    roster_known(&roster);
    return goose_roster_digest(&roster);
}

static uint64_t bits_moved(uint64_t bits, const int *places, int count)
{
    uint64_t moved = count < 64 ? bits >> count << count : 0;

    for (int i = 0; i < count; i++)
        if ((bits >> i & 1) != 0) moved |= UINT64_C(1) << places[i];
    return moved;
}

static void contact_turned(unsigned turn, struct goose_contact *contact)
{
    uint8_t *from = contact->from.bytes;

    if (from[0] != 0) from[0] = (uint8_t)(turns[turn][from[0] - 1] + 1);
}

static void peers_turned(unsigned turn, struct goose_election *e, const int *places)
{
    struct peer before[GOOSE_ROSTER_SEATS_MAX];
    int seats = e->roster.count;

    memcpy(before, e->peers, sizeof before);
    for (int i = 0; i < seats; i++)
        e->peers[places[i]] = before[i];
    for (int i = 0; i < PEERS_MAX; i++) {
        struct peer *peer = &e->peers[i];
        contact_turned(turn, &peer->contact);
        peer->asked.ask.roster_digest = digest_turned(turn, peer->asked.ask.roster_digest);
    }
    e->owing = bits_moved(e->owing, places, seats);
    e->keeping = bits_moved(e->keeping, places, seats);
    e->yielded = bits_moved(e->yielded, places, seats);
}

static void ghost_turned(unsigned turn, struct ghost *ghost)
{
    struct ghost before = *ghost;

    for (unsigned i = 0; i < NODES_MAX; i++)
        ghost->words[turns[turn][i]] = before.words[i];
    for (unsigned i = 0; i < sizeof ghost->told; i++)
        if (ghost->told[i] != 0) ghost->told[i] = (uint8_t)(turns[turn][ghost->told[i] - 1] + 1);
}

static void node_turned(unsigned turn, struct node *node)
{
    int places[GOOSE_ROSTER_SEATS_MAX], in_list[NODES_MAX];
    struct goose_election *e = &node->e;

    memset(&e->options, 0, sizeof e->options);
    names_turned(turn, node, offsetof(struct node, ghost));
    seats_in_order(&node->disk.roster, places);
    seats_in_order(&node->writing.roster, places);
    seats_in_order(&e->saved.roster, places);
    seats_in_order(&e->roster, places);
    peers_turned(turn, e, places);
    for (unsigned i = 0; i < world.seats; i++)
        in_list[i] = turns[turn][i];
    e->birth.said_none = (uint32_t)bits_moved(e->birth.said_none, in_list, (int)world.seats);
    e->birth.said_none_in_term_0 =
        (uint32_t)bits_moved(e->birth.said_none_in_term_0, in_list, (int)world.seats);
    ghost_turned(turn, &node->ghost);
    node->index = node->place = turns[turn][node->index]; /* nobody moves */
    if (node->up) world_options(node->index, &e->options);
}

static uint32_t *remembered(struct memory *memory, uint32_t number)
{
    if (number >= memory->room) {
        uint32_t room = number + number / 2 + 1024;
        memory->known = realloc(memory->known, room * sizeof(uint32_t));
        if (memory->known == NULL) exit(2);
        memset(memory->known + memory->room, 0, (room - memory->room) * sizeof(uint32_t));
        memory->room = room;
    }
    return &memory->known[number];
}

uint32_t alike_kept(unsigned turn, uint32_t number)
{
    static struct node node;
    uint32_t *known = remembered(&nodes_turned[turn], number);

    if (turn == 0) return number;
    if (*known == 0) {
        node_get(number, &node);
        node_turned(turn, &node);
        *known = node_put(&node);
    }
    return *known;
}

static void tenure_turned(unsigned turn, struct goose_tenure *tenure)
{
    tenure->uid = uid_turned(turn, tenure->uid);
    tenure->life = life_turned(turn, tenure->life);
}

static void body_turned(unsigned turn, struct goose_message *m)
{
    if (m->kind == GOOSE_MESSAGE_RESIGN) m->resign.heir_uid = uid_turned(turn, m->resign.heir_uid);
    if (m->kind == GOOSE_MESSAGE_CANVASS || m->kind == GOOSE_MESSAGE_VOTE) {
        tenure_turned(turn, &m->ask.after);
        m->ask.roster_digest = digest_turned(turn, m->ask.roster_digest);
    }
    if (m->kind == GOOSE_MESSAGE_CANVASS_REPLY || m->kind == GOOSE_MESSAGE_VOTE_REPLY)
        tenure_turned(turn, &m->reply.after);
    if (m->kind == GOOSE_MESSAGE_WELCOME)
        m->welcome.newest_life = life_turned(turn, m->welcome.newest_life);
}

static struct goose_text text_turned(unsigned turn, struct goose_text address)
{
    int node = address.bytes == 0 ? -1 : node_of_address(address);
    return node < 0 ? address : node_address(turns[turn][node]);
}

static uint32_t message_turned(unsigned turn, uint32_t number)
{
    static struct goose_roster roster;
    uint32_t *known = remembered(&messages_turned[turn], number);
    struct message_kept kept;
    struct goose_message m;
    int places[GOOSE_ROSTER_SEATS_MAX];

    if (turn == 0) return number;
    if (*known != 0) return *known;
    kept = message_get(number);
    if (goose_wire_decode(kept.bytes, kept.count, &m, &roster) != GOOSE_WIRE_OK) abort();
    m.uid = uid_turned(turn, m.uid);
    m.life = life_turned(turn, m.life);
    m.for_life = life_turned(turn, m.for_life);
    m.address = text_turned(turn, m.address);
    if (m.kind == GOOSE_MESSAGE_WELCOME) m.welcome.goose = text_turned(turn, m.welcome.goose);
    if (m.kind == GOOSE_MESSAGE_REQUEST) m.request.address = text_turned(turn, m.request.address);
    body_turned(turn, &m);
    if (m.with_roster) {
        names_turned(turn, &roster, sizeof roster);
        seats_in_order(&roster, places);
    }
    uint32_t put = message_put(turns[turn][kept.from], turns[turn][kept.to], &m, &roster);
    *known = put;
    return put;
}

uint32_t alike_argument(unsigned turn, enum move_kind kind, uint32_t argument)
{
    if (kind == MOVE_DELIVER) return message_turned(turn, argument);
    if (kind == MOVE_HELLO || kind == MOVE_SILENT || kind == MOVE_REMOVE || kind == MOVE_HANDOVER)
        return turns[turn][argument];
    return argument;
}

static void flight_turned(unsigned turn, const struct state *from, struct state *to)
{
    for (unsigned i = 0; i < world.in_flight && from->flight[i] != 0; i++) {
        uint32_t message = message_turned(turn, from->flight[i]);
        unsigned at = i;
        for (; at > 0 && to->flight[at - 1] < message; at--)
            to->flight[at] = to->flight[at - 1];
        to->flight[at] = message;
    }
}

/* Below 0: a stands before b. */
static int order_of(const uint32_t *a, const uint32_t *b, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    return 0;
}

unsigned alike_turn(struct state *state)
{
    struct state from, other;
    unsigned best = 0;

    if (turn_count == 1) return 0;
    from = other = *state;
    for (unsigned turn = 1; turn < turn_count; turn++) {
        for (unsigned i = 0; i < world.nodes; i++)
            other.nodes[turns[turn][i]] = alike_kept(turn, from.nodes[i]);
        int order = order_of(other.nodes, state->nodes, world.nodes);
        if (order > 0) continue;
        flight_turned(turn, &from, &other);
        if (order == 0) order = order_of(other.flight, state->flight, world.in_flight);
        if (order >= 0) continue;
        *state = other;
        best = turn;
    }
    return best;
}

static bool same_sends(unsigned turn, const struct move *a, const struct move *b)
{
    if (a->send_count != b->send_count) return false;
    for (unsigned i = 0; i < a->send_count; i++) {
        uint32_t turned = message_turned(turn, a->sends[i]);
        bool found = false;
        for (unsigned j = 0; j < b->send_count && !found; j++)
            found = b->sends[j] == turned;
        if (!found) return false;
    }
    return true;
}

static bool same_move(unsigned turn, const struct move *a, const struct move *b)
{
    unsigned voted_for = a->voted_for == 0 ? 0 : turns[turn][a->voted_for - 1] + 1u;

    return b->broken == NULL && b->node == alike_kept(turn, a->node) && b->voted_for == voted_for &&
           a->won == b->won && a->stood_term == b->stood_term &&
           a->stood_version == b->stood_version && a->committed == b->committed &&
           a->roster_term == b->roster_term && a->roster_version == b->roster_version &&
           a->term == b->term && same_sends(turn, a, b);
}

/* Where nobody crashes all starts are in the prologue: that a newcomer greets the first of its list is then no matter. */
void alike_check(uint32_t node, enum move_kind kind, uint32_t argument, const struct move *move)
{
    if (kind == MOVE_START && world.crashes == 0) return;
    for (unsigned turn = 1; turn < turn_count && turn <= SWAPS; turn++) {
        static struct move other;
        move_remake(alike_kept(turn, node), kind, alike_argument(turn, kind, argument), &other);
        if (same_move(turn, move, &other)) continue;
        fprintf(stderr, "goosemodel: the nodes of world %s are not alike (move %u)\n", world.name,
                kind);
        exit(2);
    }
}

size_t alike_memory(void)
{
    size_t bytes = 0;

    for (unsigned turn = 0; turn < turn_count; turn++)
        bytes += (nodes_turned[turn].room + messages_turned[turn].room) * sizeof(uint32_t);
    return bytes;
}
