/* visited.c: the states that were seen, each whole, so that nothing is taken for something else; with where it came
 * from. They stand in the order in which they were found, which is the order in which they are explored. */
#include <stdlib.h>
#include <string.h>

#include "visited.h"

#define BLOCK_STATES ((uint64_t)1 << 18)
#define BLOCKS_MAX   4096

static unsigned words;  /* of a state */
static unsigned record; /* of a state, its parent and its event */
static uint32_t *blocks[BLOCKS_MAX];
static uint32_t *slots;
static uint64_t slot_count;
static uint64_t count;

static uint32_t *at_number(uint64_t number)
{
    return blocks[number / BLOCK_STATES] + number % BLOCK_STATES * record;
}

static void encode(const struct state *s, uint32_t *to)
{
    memcpy(to, s->nodes, world.nodes * sizeof to[0]);
    to += world.nodes;
    memcpy(to, s->flight, world.in_flight * sizeof to[0]);
    to += world.in_flight;
    *to++ = s->crashes | (uint32_t)s->lost_disks << 4 | (uint32_t)s->duplicates << 8 |
            (uint32_t)s->handovers << 12 | (uint32_t)s->holds << 16 | (uint32_t)s->removals << 20 |
            (uint32_t)s->hellos << 24 | (uint32_t)s->stands << 28;
    *to = (uint32_t)s->highest_won << 16 | (uint32_t)s->committed_term << 8 | s->committed_version;
}

static void decode(const uint32_t *from, struct state *s)
{
    memset(s, 0, sizeof *s);
    memcpy(s->nodes, from, world.nodes * sizeof from[0]);
    from += world.nodes;
    memcpy(s->flight, from, world.in_flight * sizeof from[0]);
    from += world.in_flight;
    uint32_t left = *from++;
    s->crashes = left & 15;
    s->lost_disks = left >> 4 & 15;
    s->duplicates = left >> 8 & 15;
    s->handovers = left >> 12 & 15;
    s->holds = left >> 16 & 15;
    s->removals = left >> 20 & 15;
    s->hellos = left >> 24 & 15;
    s->stands = (uint8_t)(left >> 28);
    s->highest_won = (uint8_t)(*from >> 16);
    s->committed_term = (uint8_t)(*from >> 8 & 255);
    s->committed_version = (uint8_t)(*from & 255);
}

void visited_begin(void)
{
    words = world.nodes + world.in_flight + 2;
    record = words + 1 + 2;
    slot_count = 1 << 16;
    slots = calloc(slot_count, sizeof *slots);
    count = 1; /* 0 is nobody's parent */
    if (slots == NULL) exit(2);
}

static uint64_t hash_of(const uint32_t *at)
{
    uint64_t hash = 0;

    for (unsigned i = 0; i < words; i++) {
        hash = (hash ^ at[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    return hash;
}

static bool slots_grow(void)
{
    uint32_t *bigger = calloc(2 * slot_count, sizeof *slots);

    if (bigger == NULL) return false;
    free(slots);
    slots = bigger;
    slot_count *= 2;
    for (uint64_t i = 1; i < count; i++) {
        uint64_t at = hash_of(at_number(i)) & (slot_count - 1);
        while (slots[at] != 0)
            at = (at + 1) & (slot_count - 1);
        slots[at] = (uint32_t)i;
    }
    return true;
}

bool visited_add(const struct state *state, uint64_t parent, const struct event_kept *event)
{
    uint32_t bytes[NODES_MAX + FLIGHT_MAX + 2];

    encode(state, bytes);
    uint64_t at = hash_of(bytes) & (slot_count - 1);
    for (; slots[at] != 0; at = (at + 1) & (slot_count - 1))
        if (memcmp(at_number(slots[at]), bytes, words * sizeof bytes[0]) == 0) return true;
    uint64_t block = count / BLOCK_STATES;
    if (block == BLOCKS_MAX || count == UINT32_MAX) return false;
    if (blocks[block] == NULL) blocks[block] = malloc(BLOCK_STATES * record * sizeof(uint32_t));
    if (blocks[block] == NULL) return false;
    uint32_t *to = at_number(count);
    memcpy(to, bytes, words * sizeof bytes[0]);
    to[words] = (uint32_t)parent;
    memcpy(to + words + 1, event, sizeof *event);
    slots[at] = (uint32_t)count++;
    return count * 10 < slot_count * 6 || slots_grow();
}

uint64_t visited_end(void)
{
    return count;
}

void visited_get(uint64_t number, struct state *state)
{
    decode(at_number(number), state);
}

uint64_t visited_parent(uint64_t number, struct event_kept *event)
{
    const uint32_t *at = at_number(number);

    memcpy(event, at + words + 1, sizeof *event);
    return at[words];
}

size_t visited_memory(void)
{
    return slot_count * sizeof *slots +
           (count / BLOCK_STATES + 1) * BLOCK_STATES * record * sizeof(uint32_t);
}
