/* heap.c: a heap with four children a node. It grows when it must and is never given back between runs, so that
 * nothing is allocated for an event. */
#include "heap.h"

#include <assert.h>
#include <stdlib.h>

void heap_clear(struct heap *heap)
{
    heap->count = 0;
    heap->order = 0;
}

void heap_free(struct heap *heap)
{
    free(heap->entries);
    heap->entries = NULL;
    heap->capacity = 0;
    heap->count = 0;
}

static bool sooner(const struct happening *a, const struct happening *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void grow(struct heap *heap)
{
    heap->capacity = heap->capacity == 0 ? 4096 : heap->capacity * 2;
    heap->entries = realloc(heap->entries, heap->capacity * sizeof *heap->entries);
    if (heap->entries == NULL) {
        abort();
    }
}

void heap_push(struct heap *heap, uint64_t at_ns, uint8_t kind, uint8_t host, uint32_t arg)
{
    if (heap->count == heap->capacity) {
        grow(heap);
    }
    struct happening entry = {
        .at_ns = at_ns, .order = heap->order++, .kind = kind, .host = host, .arg = arg};
    uint32_t at = heap->count++;
    while (at > 0 && sooner(&entry, &heap->entries[(at - 1) / 4])) {
        heap->entries[at] = heap->entries[(at - 1) / 4];
        at = (at - 1) / 4;
    }
    heap->entries[at] = entry;
}

static uint32_t soonest_child(const struct heap *heap, uint32_t at)
{
    uint32_t best = 4 * at + 1;
    uint32_t end = best + 4 < heap->count ? best + 4 : heap->count;
    for (uint32_t child = best + 1; child < end; child++) {
        if (sooner(&heap->entries[child], &heap->entries[best])) {
            best = child;
        }
    }
    return best;
}

bool heap_pop(struct heap *heap, struct happening *soonest)
{
    if (heap->count == 0) {
        return false;
    }
    *soonest = heap->entries[0];
    struct happening entry = heap->entries[--heap->count];
    uint32_t at = 0;
    while (4 * at + 1 < heap->count) {
        uint32_t child = soonest_child(heap, at);
        if (!sooner(&heap->entries[child], &entry)) {
            break;
        }
        heap->entries[at] = heap->entries[child];
        at = child;
    }
    if (heap->count > 0) {
        heap->entries[at] = entry;
    }
    return true;
}
