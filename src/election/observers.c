/* observers.c: the goose's table of ducks without a seat, PROTOCOL 10.
 * One block of memory that the caller gives: slots [0..count) in use without gaps, a hash of uids, a heap by the time
 * of the next heartbeat, and a list of those that wait for a seat. Links are indices of slots. */
#include <assert.h>
#include <string.h>

#include "internal.h"

struct goose_observers {
    uint32_t capacity;
    uint32_t count;
    uint32_t buckets; /* a power of two */
    uint32_t first_waiting;
    uint32_t last_waiting;
    uint32_t zero;
    /* then: slots, heap, hash heads */
};

_Static_assert(sizeof(struct goose_observers) % 8 == 0, "the slots behind it are aligned");
_Static_assert(sizeof(struct goose_observer) % 8 == 0, "the heap behind them is aligned");

static struct goose_observer *slots_of(struct goose_observers *table)
{
    return (struct goose_observer *)(void *)(table + 1);
}

static uint32_t *heap_of(struct goose_observers *table)
{
    return (uint32_t *)(void *)(slots_of(table) + table->capacity);
}

static uint32_t *heads_of(struct goose_observers *table)
{
    return heap_of(table) + table->capacity;
}

static uint32_t buckets_for(uint32_t capacity)
{
    uint32_t buckets = 16;

    while (buckets < capacity)
        buckets *= 2;
    return buckets;
}

size_t goose_observers_bytes(uint32_t capacity)
{
    return sizeof(struct goose_observers) +
           capacity * (sizeof(struct goose_observer) + sizeof(uint32_t)) +
           buckets_for(capacity) * sizeof(uint32_t);
}

void goose_observers_init(struct goose_observers *table, uint32_t capacity)
{
    assert(capacity > 0 && capacity < UINT32_MAX / 4);
    *table = (struct goose_observers){.capacity = capacity, .buckets = buckets_for(capacity)};
    observers_clear(table);
}

void observers_clear(struct goose_observers *table)
{
    table->count = 0;
    table->first_waiting = table->last_waiting = GOOSE_OBSERVER_NONE;
    memset(heads_of(table), 0xff, table->buckets * sizeof(uint32_t));
}

uint32_t goose_observers_count(const struct goose_observers *table)
{
    return table->count;
}

const struct goose_observer *goose_observers_at(const struct goose_observers *table, uint32_t index)
{
    assert(index < table->count);
    return (const struct goose_observer *)(const void *)(table + 1) + index;
}

struct goose_observer *observers_get(struct goose_observers *table, uint32_t index)
{
    assert(index < table->count);
    return slots_of(table) + index;
}

static uint32_t *head_of(struct goose_observers *table, uint64_t uid)
{
    return &heads_of(table)[(uid ^ uid >> 32) & (table->buckets - 1)];
}

static uint32_t index_of(struct goose_observers *table, const struct goose_observer *observer)
{
    return (uint32_t)(observer - slots_of(table));
}

struct goose_observer *observers_find(struct goose_observers *table, uint64_t uid)
{
    struct goose_observer *slots = slots_of(table);

    if (table->count == 0) return NULL;
    for (uint32_t i = *head_of(table, uid); i != GOOSE_OBSERVER_NONE; i = slots[i].hash_next)
        if (slots[i].contact.uid == uid) return &slots[i];
    return NULL;
}

/* The heap: the slot due first is at 0. */
static void heap_put(struct goose_observers *table, uint32_t at, uint32_t slot)
{
    heap_of(table)[at] = slot;
    slots_of(table)[slot].heap_at = at;
}

static void heap_sift(struct goose_observers *table, uint32_t at)
{
    const struct goose_observer *slots = slots_of(table);
    const uint32_t *heap = heap_of(table);
    uint32_t slot = heap[at];

    while (at > 0 && slots[slot].due_us < slots[heap[(at - 1) / 2]].due_us) {
        heap_put(table, at, heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (uint32_t child; (child = 2 * at + 1) < table->count; at = child) {
        if (child + 1 < table->count && slots[heap[child + 1]].due_us < slots[heap[child]].due_us)
            child++;
        if (slots[heap[child]].due_us >= slots[slot].due_us) break;
        heap_put(table, at, heap[child]);
    }
    heap_put(table, at, slot);
}

struct goose_observer *observers_next_due(struct goose_observers *table)
{
    return table->count == 0 ? NULL : slots_of(table) + heap_of(table)[0];
}

void observers_set_due(struct goose_observers *table, struct goose_observer *observer,
                       uint64_t due_us)
{
    observer->due_us = due_us;
    heap_sift(table, observer->heap_at);
}

static void unlink_waiting(struct goose_observers *table, struct goose_observer *observer)
{
    struct goose_observer *slots = slots_of(table);

    if (observer->older != GOOSE_OBSERVER_NONE)
        slots[observer->older].newer = observer->newer;
    else
        table->first_waiting = observer->newer;
    if (observer->newer != GOOSE_OBSERVER_NONE)
        slots[observer->newer].older = observer->older;
    else
        table->last_waiting = observer->older;
    observer->older = observer->newer = GOOSE_OBSERVER_NONE;
    observer->waits = false;
}

/* In order of arrival: who was known longer stands nearer to the front. */
static void link_waiting(struct goose_observers *table, struct goose_observer *observer)
{
    struct goose_observer *slots = slots_of(table);
    uint32_t self = index_of(table, observer);
    uint32_t older = table->last_waiting;

    while (older != GOOSE_OBSERVER_NONE && slots[older].known_since_us > observer->known_since_us)
        older = slots[older].older;
    observer->older = older;
    observer->newer = older == GOOSE_OBSERVER_NONE ? table->first_waiting : slots[older].newer;
    if (observer->newer != GOOSE_OBSERVER_NONE)
        slots[observer->newer].older = self;
    else
        table->last_waiting = self;
    if (older != GOOSE_OBSERVER_NONE)
        slots[older].newer = self;
    else
        table->first_waiting = self;
    observer->waits = true;
}

void observers_set_waits(struct goose_observers *table, struct goose_observer *observer, bool waits)
{
    if (waits && !observer->waits) link_waiting(table, observer);
    if (!waits && observer->waits) unlink_waiting(table, observer);
}

struct goose_observer *observers_first_waiting(struct goose_observers *table)
{
    return table->first_waiting == GOOSE_OBSERVER_NONE ? NULL
                                                       : slots_of(table) + table->first_waiting;
}

struct goose_observer *observers_next_waiting(struct goose_observers *table,
                                              const struct goose_observer *observer)
{
    return observer->newer == GOOSE_OBSERVER_NONE ? NULL : slots_of(table) + observer->newer;
}

struct goose_observer *observers_admit(struct goose_observers *table, uint64_t uid, uint64_t now_us)
{
    struct goose_observer *found = observers_find(table, uid);

    if (found != NULL || table->count == table->capacity) return found;
    uint32_t self = table->count++;
    struct goose_observer *observer = slots_of(table) + self;
    memset(observer, 0, sizeof *observer);
    observer->contact.uid = uid;
    observer->known_since_us = now_us;
    observer->due_us = now_us;
    observer->older = observer->newer = GOOSE_OBSERVER_NONE;
    observer->hash_next = *head_of(table, uid);
    *head_of(table, uid) = self;
    heap_put(table, self, self);
    heap_sift(table, self);
    return observer;
}

static void unhash(struct goose_observers *table, const struct goose_observer *observer)
{
    uint32_t *link = head_of(table, observer->contact.uid);

    while (*link != index_of(table, observer))
        link = &slots_of(table)[*link].hash_next;
    *link = observer->hash_next;
}

/* The last slot moves into the gap: every link to it follows. */
static void slot_move(struct goose_observers *table, uint32_t from, uint32_t to)
{
    struct goose_observer *slots = slots_of(table);
    uint32_t *link = head_of(table, slots[from].contact.uid);

    while (*link != from)
        link = &slots[*link].hash_next;
    *link = to;
    slots[to] = slots[from];
    heap_of(table)[slots[to].heap_at] = to;
    if (!slots[to].waits) return;
    if (slots[to].older != GOOSE_OBSERVER_NONE)
        slots[slots[to].older].newer = to;
    else
        table->first_waiting = to;
    if (slots[to].newer != GOOSE_OBSERVER_NONE)
        slots[slots[to].newer].older = to;
    else
        table->last_waiting = to;
}

void observers_drop(struct goose_observers *table, struct goose_observer *observer)
{
    uint32_t self = index_of(table, observer);
    uint32_t heap_at = observer->heap_at;
    uint32_t last = table->count - 1;

    assert(self < table->count);
    if (observer->waits) unlink_waiting(table, observer);
    unhash(table, observer);
    uint32_t moved = heap_of(table)[last];
    table->count--;
    if (heap_at != last) {
        heap_put(table, heap_at, moved);
        heap_sift(table, heap_at);
    }
    if (self != last) slot_move(table, last, self);
}
