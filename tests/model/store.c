/* store.c: equal bytes are kept once and known by a number: a hash table over blocks that never move. */
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define BLOCK_BYTES ((size_t)1 << 22)

struct entry {
    const uint8_t *bytes;
    uint32_t count;
    uint32_t hash;
};

struct store {
    struct entry *entries; /* [0] is nobody's */
    uint32_t used;
    uint32_t room;
    uint32_t *slots;
    uint32_t slot_count;
    uint8_t *block;
    size_t block_left;
    size_t memory;
};

static void *must(void *memory)
{
    if (memory == NULL) abort();
    return memory;
}

struct store *store_new(void)
{
    struct store *store = must(calloc(1, sizeof *store));

    store->room = 1024;
    store->used = 1;
    store->entries = must(calloc(store->room, sizeof *store->entries));
    store->slot_count = 4096;
    store->slots = must(calloc(store->slot_count, sizeof *store->slots));
    return store;
}

static void slots_grow(struct store *store)
{
    store->slot_count *= 2;
    free(store->slots);
    store->slots = must(calloc(store->slot_count, sizeof *store->slots));
    for (uint32_t i = 1; i < store->used; i++) {
        uint32_t at = store->entries[i].hash & (store->slot_count - 1);
        while (store->slots[at] != 0)
            at = (at + 1) & (store->slot_count - 1);
        store->slots[at] = i;
    }
}

static const uint8_t *bytes_keep(struct store *store, const void *bytes, size_t count)
{
    size_t rounded = (count + 7) & ~(size_t)7;

    if (store->block == NULL || rounded > store->block_left) {
        store->block_left = rounded > BLOCK_BYTES ? rounded : BLOCK_BYTES;
        store->block = must(malloc(store->block_left));
        store->memory += store->block_left;
    }
    uint8_t *at = store->block;
    memcpy(at, bytes, count);
    store->block += rounded;
    store->block_left -= rounded;
    return at;
}

uint32_t store_put(struct store *store, const void *bytes, size_t count)
{
    uint32_t hash = (uint32_t)goose_digest_bytes(0, bytes, count);
    uint32_t at = hash & (store->slot_count - 1);

    for (; store->slots[at] != 0; at = (at + 1) & (store->slot_count - 1)) {
        const struct entry *entry = &store->entries[store->slots[at]];
        if (entry->hash == hash && entry->count == count && memcmp(entry->bytes, bytes, count) == 0)
            return store->slots[at];
    }
    if (store->used == store->room) {
        store->room *= 2;
        store->entries = must(realloc(store->entries, store->room * sizeof *store->entries));
    }
    uint32_t number = store->used++;
    store->entries[number] = (struct entry){
        .bytes = bytes_keep(store, bytes, count), .count = (uint32_t)count, .hash = hash};
    store->slots[at] = number;
    if (store->used > store->slot_count / 2) slots_grow(store);
    return number;
}

const uint8_t *store_get(const struct store *store, uint32_t number, size_t *count)
{
    *count = store->entries[number].count;
    return store->entries[number].bytes;
}

uint32_t store_count(const struct store *store)
{
    return store->used - 1;
}

size_t store_memory(const struct store *store)
{
    return store->memory + store->room * sizeof *store->entries +
           store->slot_count * sizeof *store->slots;
}
