/* heap.h: what will happen, the soonest first; of two at the same instant the one that was planned first. */
#ifndef GOOSIM_HEAP_H
#define GOOSIM_HEAP_H

#include <stdbool.h>
#include <stdint.h>

struct happening {
    uint64_t at_ns;
    uint32_t order;
    uint8_t kind;
    uint8_t host;
    uint16_t spare;
    uint32_t arg;
};

struct heap {
    struct happening *entries;
    uint32_t count;
    uint32_t capacity;
    uint32_t order;
};

void heap_clear(struct heap *heap);
void heap_free(struct heap *heap);
void heap_push(struct heap *heap, uint64_t at_ns, uint8_t kind, uint8_t host, uint32_t arg);
bool heap_pop(struct heap *heap, struct happening *soonest); /* false: nothing is planned */

#endif
