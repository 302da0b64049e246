/* kept.c: nodes and messages as numbers. A node is kept as its words that are not zero (its options are the world's), a
 * message as the bytes of its datagram: so what is kept is all that there is, less what canon.c lists. */
#include <stdlib.h>
#include <string.h>

#include "model.h"

_Static_assert(sizeof(struct node) % 8 == 0, "whole words");
_Static_assert(sizeof(struct node) / 8 < UINT16_MAX, "a word's place fits");

#define NODE_WORDS (sizeof(struct node) / 8)
#define STARTS_MAX 8

static struct store *nodes, *messages;
static struct facts *facts;
static uint32_t *node_ticks, *message_ticks;
static uint32_t (*messages_for)[STARTS_MAX];
static struct message_facts *of_messages;
static uint32_t facts_room, messages_room;

static void *grown(void *memory, size_t old_count, size_t new_count, size_t size)
{
    uint8_t *bytes = realloc(memory, new_count * size);

    if (bytes == NULL) abort();
    memset(bytes + old_count * size, 0, (new_count - old_count) * size);
    return bytes;
}

void kept_begin(void)
{
    nodes = store_new();
    messages = store_new();
}

/* Words that are not zero: how many, their places, themselves. */
static size_t pack(const struct node *node, uint64_t *packed)
{
    static uint16_t places[NODE_WORDS];
    static uint64_t words[NODE_WORDS];
    const uint8_t *at = (const uint8_t *)node;
    uint16_t count = 0;

    for (uint16_t i = 0; i < NODE_WORDS; i++) {
        uint64_t word;
        memcpy(&word, at + 8 * (size_t)i, sizeof word);
        if (word == 0) continue;
        places[count] = i;
        words[count++] = word;
    }
    memcpy(packed, words, count * sizeof words[0]);
    memcpy(packed + count, places, count * sizeof places[0]);
    return count * (sizeof words[0] + sizeof places[0]);
}

static uint8_t voters_of(const struct node *node)
{
    unsigned voters = 0;

    for (int i = 0; i < node->e.roster.count; i++) {
        uint64_t uid = node->e.roster.seats[i].uid;
        if (uid != 0) voters |= 1u << node_of_uid(uid);
    }
    return (uint8_t)voters;
}

/* Whose seat is claimed, or not there, in a roster of a flock. */
static unsigned come_in(const struct goose_roster *roster)
{
    unsigned come = roster->term > 0 ? 0xff : 0;

    for (int i = 0; i < roster->count; i++) {
        int at = node_of_address(goose_roster_address(roster, i));
        if (at >= 0 && roster->seats[i].uid == 0) come &= ~(1u << at);
    }
    return come;
}

static uint8_t come_at(const struct node *node)
{
    unsigned come = come_in(&node->disk.roster);

    if (node->up) come &= come_in(&node->e.roster) & come_in(&node->e.saved.roster);
    return (uint8_t)come;
}

static struct facts look(const struct node *node)
{
    const struct goose_election *e = &node->e;
    bool claims = node->up && goose_election_is_goose(e, NOW_US);
    struct facts f = {.up = node->up,
                      .writing = node->is_writing,
                      .index = node->index,
                      .place = node->place,
                      .role = (uint8_t)e->role,
                      .term = (uint8_t)(node->up ? e->saved.term : node->disk.term),
                      .claim_term = claims ? (uint8_t)e->saved.term : 0,
                      .hold_left = node->ghost.hold_left,
                      .version = (uint8_t)e->saved.roster.version,
                      .disk_term = (uint8_t)node->disk.roster.term,
                      .disk_version = (uint8_t)node->disk.roster.version,
                      .own_disk_term = (uint8_t)node->disk.term,
                      .promised = node->up && e->promise.until_us > NOW_US,
                      .seats = node->e.roster.count,
                      .voters = voters_of(node),
                      .come = come_at(node),
                      .has_disk = node->has_disk};

    if (node->up) {
        f.uid = e->saved.uid;
        f.life = e->saved.life;
        f.vote_round = e->role == GOOSE_ROLE_CANDIDATE ? e->round.id : 0;
        f.canvass_round =
            canon_round(e->saved.uid, e->saved.life, e->saved.term + 1, GOOSE_MESSAGE_CANVASS);
        f.after = e->resigned;
        f.promise = e->promise.to;
        f.heard_goose = (struct goose_tenure){e->heard_goose.term, e->heard_goose.uid, 0};
    }
    if (!claims && node->ghost.page_left > 0) f.claim_term = node->ghost.page_term;
    if (goose_roster_compare(node->ghost.held_term, node->ghost.held_version, f.disk_term,
                             f.disk_version) > 0) {
        f.disk_term = node->ghost.held_term;
        f.disk_version = node->ghost.held_version;
    }
    memcpy(f.words, node->ghost.words, sizeof f.words);
    return f;
}

uint32_t node_put(struct node *node)
{
    static uint64_t packed[2 * NODE_WORDS];
    struct facts f = look(node);

    memset(&node->e.options, 0, sizeof node->e.options);
    size_t bytes = pack(node, packed);
    uint32_t known = store_count(nodes), number = store_put(nodes, packed, bytes);
    if (number <= known) return number;
    if (number >= facts_room) {
        uint32_t room = facts_room == 0 ? 1024 : 2 * facts_room;
        facts = grown(facts, facts_room, room, sizeof *facts);
        node_ticks = grown(node_ticks, facts_room, room, sizeof *node_ticks);
        facts_room = room;
    }
    facts[number] = f;
    return number;
}

void node_get(uint32_t number, struct node *node)
{
    size_t bytes;
    const uint8_t *packed = store_get(nodes, number, &bytes);
    size_t count = bytes / (sizeof(uint64_t) + sizeof(uint16_t));
    const uint8_t *places = packed + count * sizeof(uint64_t);
    uint8_t *at = (uint8_t *)node;

    memset(node, 0, sizeof *node);
    for (size_t i = 0; i < count; i++) {
        uint16_t place;
        memcpy(&place, places + 2 * i, sizeof place);
        memcpy(at + 8 * (size_t)place, packed + 8 * i, 8);
    }
    if (node->up) world_options(node->place, &node->e.options);
}

const struct facts *node_facts(uint32_t number)
{
    return &facts[number];
}

uint32_t node_tick(uint32_t number)
{
    static struct node node;

    if (node_ticks[number] == 0) {
        node_get(number, &node);
        canon_tick(&node);
        uint32_t next = node_put(&node);
        node_ticks[number] = next;
    }
    return node_ticks[number];
}

static struct message_facts look_at(unsigned to, const struct goose_message *m)
{
    struct message_facts f = {.to = (uint8_t)to,
                              .kind = (uint8_t)m->kind,
                              .term = (uint8_t)m->term,
                              .for_life = m->for_life};

    if (m->kind == GOOSE_MESSAGE_ACK) f.yes = m->ack.yes;
    if (m->kind == GOOSE_MESSAGE_VOTE_REPLY || m->kind == GOOSE_MESSAGE_CANVASS_REPLY) {
        f.round = m->reply.round;
        f.over = m->reply.after;
    }
    if (m->kind == GOOSE_MESSAGE_RESIGN)
        f.over = (struct goose_tenure){m->resign.term, m->uid, m->life};
    return f;
}

uint32_t message_put(unsigned from, unsigned to, const struct goose_message *message,
                     const struct goose_roster *roster)
{
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX + 2] = {(uint8_t)from, (uint8_t)to};
    size_t count = goose_wire_encode(message, roster, bytes + 2) + 2;
    uint32_t number = store_put(messages, bytes, count);

    if (number >= messages_room) {
        uint32_t room = messages_room == 0 ? 1024 : 2 * messages_room;
        message_ticks = grown(message_ticks, messages_room, room, sizeof *message_ticks);
        messages_for = grown(messages_for, messages_room, room, sizeof *messages_for);
        of_messages = grown(of_messages, messages_room, room, sizeof *of_messages);
        messages_room = room;
    }
    of_messages[number] = look_at(to, message);
    if (message->kind == GOOSE_MESSAGE_VOTE || message->kind == GOOSE_MESSAGE_CANVASS)
        roster_known(roster);
    return number;
}

struct message_kept message_get(uint32_t number)
{
    struct message_kept kept;
    const uint8_t *bytes = store_get(messages, number, &kept.count);

    kept.from = bytes[0];
    kept.to = bytes[1];
    kept.bytes = bytes + 2;
    kept.count -= 2;
    return kept;
}

static uint32_t *of_life(uint32_t number, uint64_t life)
{
    uint64_t start = life >> 32;

    if (start >= STARTS_MAX) abort();
    return &messages_for[number][start];
}

/* Whose life it is, the message says already, and a life has one place: only the how many-th is to be remembered. */
uint32_t message_for(uint32_t number, uint64_t life, unsigned place)
{
    static struct goose_roster roster;
    struct message_kept kept = message_get(number);
    struct goose_message message;

    if (*of_life(number, life) == 0) {
        if (goose_wire_decode(kept.bytes, kept.count, &message, &roster) != GOOSE_WIRE_OK) abort();
        message.for_life = life;
        uint32_t put = message_put(kept.from, place, &message, &roster);
        *of_life(number, life) = put;
    }
    return *of_life(number, life);
}

uint32_t message_tick(uint32_t number)
{
    if (message_ticks[number] == 0) {
        struct message_kept kept = message_get(number);
        struct goose_message message;
        static struct goose_roster roster;
        if (goose_wire_decode(kept.bytes, kept.count, &message, &roster) != GOOSE_WIRE_OK) abort();
        canon_message_tick(&message);
        uint32_t next = message_put(kept.from, kept.to, &message, &roster);
        message_ticks[number] = next;
    }
    return message_ticks[number];
}

const struct message_facts *message_facts(uint32_t number)
{
    return &of_messages[number];
}

uint32_t nodes_kept(void)
{
    return store_count(nodes);
}

uint32_t messages_kept(void)
{
    return store_count(messages);
}

size_t kept_memory(void)
{
    return store_memory(nodes) + store_memory(messages) + facts_room * (sizeof *facts + 4) +
           messages_room * (sizeof(uint32_t) + sizeof *messages_for + sizeof *of_messages);
}
