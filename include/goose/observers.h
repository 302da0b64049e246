/* observers.h: the goose's memory of the ducks without a seat, PROTOCOL 10.
 *
 * There may be many thousands, so they stand in storage that the caller gives, found by uid through a hash table and by
 * their next heartbeat through a heap: a step costs time only for those that are due. All links are indices, so the
 * storage may be moved and copied as it is. A node that is no goose keeps an empty table. */
#ifndef GOOSE_OBSERVERS_H
#define GOOSE_OBSERVERS_H

#include "goose/roster.h"

/* Where a datagram came from, as the caller knows it: the election only keeps it and gives it back. */
struct goose_endpoint {
    uint8_t bytes[20];
};

/* What is known of the one at the other end, whatever it is. */
struct goose_contact {
    uint64_t uid;         /* 0: nobody heard yet */
    uint64_t life;        /* its newest */
    uint64_t counter;     /* the newest of that life */
    uint64_t window;      /* bit i: counter - i has been seen */
    uint64_t heard_at_us; /* 0: never */
    uint64_t shown_term;  /* what it told that it has on disk, lately */
    uint64_t shown_roster_term;
    uint64_t shown_roster_version;
    struct goose_endpoint from;
    bool proven; /* it has shown that it is there: it answered what was sent there */
};

/* What a follower's acks say. */
struct goose_follower {
    uint64_t term;       /* of the acks: the rest counts only in that term */
    uint64_t sent_at_us; /* of the newest acknowledged heartbeat or vote request; 0: none */
    uint64_t seq;
    uint64_t roster_term;
    uint64_t roster_version;
    uint64_t rtt_us; /* smoothed; 0: not measured */
    uint16_t http_port;
    uint8_t priority;
    bool stands;
    bool observes;
};

struct goose_observer {
    struct goose_contact contact;
    struct goose_follower follower;
    struct goose_address address;
    uint64_t due_us; /* its next heartbeat */
    uint64_t known_since_us;
    uint32_t heap_at; /* where the heap holds it */
    uint32_t hash_next;
    uint32_t older; /* the list of those that wait for a seat, in order of arrival */
    uint32_t newer;
    bool waits;
    bool may_enter; /* it says so, though its quarantine may not be over yet */
};

#define GOOSE_OBSERVER_NONE UINT32_MAX

struct goose_observers; /* the storage, whole */

/* Bytes of storage for so many observers, aligned as malloc() does. goose_observers_init() comes before
 * GOOSE_EVENT_START. */
size_t goose_observers_bytes(uint32_t capacity);
void goose_observers_init(struct goose_observers *observers, uint32_t capacity);
uint32_t goose_observers_count(const struct goose_observers *observers);
const struct goose_observer *goose_observers_at(const struct goose_observers *observers,
                                                uint32_t index); /* 0..count-1 */

#endif
