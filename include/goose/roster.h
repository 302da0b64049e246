/* roster.h: the replicated membership, PROTOCOL 1, 4 and 8.
 *
 * A roster is plain data without pointers: it can be copied, compared with memcmp and hashed. Unused bytes are zero.
 * Its addresses stand one behind the other in a text arena; a seat says where its own starts.
 * Encoded it is at most ROSTER_BYTES_MAX bytes, so that every message that carries one is one datagram. */
#ifndef GOOSE_ROSTER_H
#define GOOSE_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_CHARS_MAX    64
#define ADDRESS_CHARS_MAX 70 /* host, colon, five digits */
#define ROSTER_SEATS_MAX  31
#define ROSTER_BYTES_MAX  1056
#define REMOVED_KEPT      4
/* Wanted, count, founding, removed uids: term, version and flock id travel in the header. */
#define ROSTER_HEAD_BYTES (2 + 8 + 8 * REMOVED_KEPT)
#define SEAT_HEAD_BYTES   14 /* length of the host, port, uid, priority, HTTP port */

#define PRIORITY_DEFAULT 100

/* A view of somebody else's characters: no terminating zero, and only as long-lived as their owner. */
struct text {
    const char *at;
    uint8_t bytes;
};

/* "host:port", kept. Canonical as address_is_canonical() says. */
struct address {
    uint8_t bytes;
    char chars[ADDRESS_CHARS_MAX + 1];
};

struct seat {
    uint64_t uid;       /* 0: nobody has claimed it yet */
    uint16_t at;        /* where its address starts in the arena */
    uint16_t http_port; /* 0: none, or not known yet */
    uint8_t bytes;      /* how long its address is */
    uint8_t priority;   /* 0: never goose */
    uint8_t zero[2];
};

struct roster {
    uint64_t term; /* 0: made from flags, no flock yet */
    uint64_t version;
    uint64_t flock_id;
    uint64_t
        founding; /* drawn by who won the founding election; 0: of term 0, or of an older version */
    uint64_t removed[REMOVED_KEPT]; /* uids that an operator removed, newest first; 0: no more */
    uint8_t wanted;                 /* how many seats the flock aims at */
    uint8_t count;
    uint16_t arena_bytes;
    uint8_t zero[4];
    struct seat seats[ROSTER_SEATS_MAX];
    char arena[ROSTER_BYTES_MAX];
};

enum roster_result {
    ROSTER_OK,
    ROSTER_FULL,      /* ROSTER_SEATS_MAX seats */
    ROSTER_TOO_LARGE, /* it would encode to more than ROSTER_BYTES_MAX bytes */
    ROSTER_ADDRESS_TWICE,
    ROSTER_UID_TWICE,
    ROSTER_BAD_ADDRESS,
};

/* Lower-case letters, digits, '-', '.', '_' and, in brackets, IPv6; a colon; a decimal port 1..65535 without a
 * leading zero. What a name resolves to is not the election's business. */
bool address_is_canonical(struct text address);
bool address_keep(struct address *kept,
                  struct text address); /* false, and empty, where it is not canonical */
struct text address_text(const struct address *kept);
bool text_equal(struct text a, struct text b);

/* A digest of any bytes: for telling things apart, not for secrets. */
uint64_t digest_bytes(uint64_t seed, const void *bytes, size_t count);

void roster_clear(struct roster *roster);
/* The roster that all who are started with the same addresses make: PROTOCOL 9. They may come in any order; duplicates
 * are folded. Its flock id is a digest of the flock's name tag and of the list. */
enum roster_result roster_bootstrap(struct roster *roster, uint64_t name_tag,
                                    const struct address *addresses, size_t count);
enum roster_result roster_add(struct roster *roster, struct text address, uint64_t uid,
                              uint8_t priority, uint16_t http_port);
void roster_remove(struct roster *roster, int seat);
/* PROTOCOL 9: whom an operator removed. The newest stand first; the oldest drop out. */
bool roster_has_removed(const struct roster *roster, uint64_t uid);
void roster_removed_add(struct roster *roster, uint64_t uid);
void roster_removed_forget(struct roster *roster, uint64_t uid);
/* All seats at once, to[i] for seat i: so two may change places. All of it or nothing. */
enum roster_result roster_move_all(struct roster *roster, const struct text *to);
enum roster_result roster_move(struct roster *roster, int seat, struct text address);

struct text roster_address(const struct roster *roster, int seat);
int roster_find_uid(const struct roster *roster, uint64_t uid);            /* -1: none */
int roster_find_address(const struct roster *roster, struct text address); /* -1: none */
/* PROTOCOL 4: a seat counts the uid that claimed it; an unclaimed one whoever is at its address and claims no other. */
int roster_seat_of(const struct roster *roster, uint64_t uid, struct text address);
int roster_majority(const struct roster *roster); /* of 0 seats: more than anybody can have */
/* PROTOCOL 4: a seat of a flock counts for nothing until a uid has claimed it. In a roster made from flags all are
 * unclaimed, and count by their place. False for seat -1. */
bool roster_seat_counts(const struct roster *roster, int seat);
bool roster_has_unclaimed(const struct roster *roster);
size_t roster_encoded_bytes(const struct roster *roster);
/* With one more seat, at a canonical address. */
size_t roster_encoded_bytes_with(const struct roster *roster, struct text address);
uint64_t roster_digest(const struct roster *roster);
/* -1, 0, 1 by (term, version). */
int roster_compare(uint64_t a_term, uint64_t a_version, uint64_t b_term, uint64_t b_version);
/* Whether bytes that came from outside (a datagram, a file) make a roster that all the above may be called on. */
bool roster_is_sound(const struct roster *roster);

#endif
