/* roster.h: the replicated membership, PROTOCOL 1, 4 and 8.
 *
 * A roster is plain data without pointers: it can be copied, compared with memcmp and hashed. Unused bytes are zero.
 * Its addresses stand one behind the other in a text arena; a seat says where its own starts.
 * Encoded it is at most GOOSE_ROSTER_BYTES_MAX bytes, so that every message that carries one is one datagram. */
#ifndef GOOSE_ROSTER_H
#define GOOSE_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GOOSE_HOST_CHARS_MAX    64
#define GOOSE_ADDRESS_CHARS_MAX 70 /* host, colon, five digits */
#define GOOSE_ROSTER_SEATS_MAX  31
#define GOOSE_ROSTER_BYTES_MAX  1056
#define GOOSE_REMOVED_KEPT      4
/* Wanted, count, founding, removed uids: term, version and flock id travel in the header. */
#define GOOSE_ROSTER_HEAD_BYTES (2 + 8 + 8 * GOOSE_REMOVED_KEPT)
#define GOOSE_SEAT_HEAD_BYTES   14 /* length of the host, port, uid, priority, HTTP port */

#define GOOSE_PRIORITY_DEFAULT 100

/* A view of somebody else's characters: no terminating zero, and only as long-lived as their owner. */
struct goose_text {
    const char *at;
    uint8_t bytes;
};

/* "host:port", kept. Canonical as goose_address_is_canonical() says. */
struct goose_address {
    uint8_t bytes;
    char chars[GOOSE_ADDRESS_CHARS_MAX + 1];
};

struct goose_seat {
    uint64_t uid;       /* 0: nobody has claimed it yet */
    uint16_t at;        /* where its address starts in the arena */
    uint16_t http_port; /* 0: none, or not known yet */
    uint8_t bytes;      /* how long its address is */
    uint8_t priority;   /* 0: never goose */
    uint8_t zero[2];
};

struct goose_roster {
    uint64_t term; /* 0: made from flags, no flock yet */
    uint64_t version;
    uint64_t flock_id;
    /* Drawn by who won the founding election; 0: of term 0, or of an older version */
    uint64_t founding;
    /* Uids that an operator removed, newest first; 0: no more */
    uint64_t removed[GOOSE_REMOVED_KEPT];
    uint8_t wanted; /* how many seats the flock aims at */
    uint8_t count;
    uint16_t arena_bytes;
    uint8_t zero[4];
    struct goose_seat seats[GOOSE_ROSTER_SEATS_MAX];
    char arena[GOOSE_ROSTER_BYTES_MAX];
};

enum goose_roster_result {
    GOOSE_ROSTER_OK,
    GOOSE_ROSTER_FULL,      /* GOOSE_ROSTER_SEATS_MAX seats */
    GOOSE_ROSTER_TOO_LARGE, /* it would encode to more than GOOSE_ROSTER_BYTES_MAX bytes */
    GOOSE_ROSTER_ADDRESS_TWICE,
    GOOSE_ROSTER_UID_TWICE,
    GOOSE_ROSTER_BAD_ADDRESS,
};

/* Lower-case letters, digits, '-', '.', '_' and, in brackets, IPv6; a colon; a decimal port 1..65535 without a
 * leading zero. What a name resolves to is not the election's business. */
bool goose_address_is_canonical(struct goose_text address);
/* False, and empty, where it is not canonical */
bool goose_address_keep(struct goose_address *kept, struct goose_text address);
struct goose_text goose_address_text(const struct goose_address *kept);
bool goose_text_equal(struct goose_text a, struct goose_text b);

/* A digest of any bytes: for telling things apart, not for secrets. */
uint64_t goose_digest_bytes(uint64_t seed, const void *bytes, size_t count);

void goose_roster_clear(struct goose_roster *roster);
/* The roster that all who are started with the same addresses make: PROTOCOL 9. They may come in any order; duplicates
 * are folded. Its flock id is a digest of the flock's name tag and of the list. */
enum goose_roster_result goose_roster_bootstrap(struct goose_roster *roster, uint64_t name_tag,
                                                const struct goose_address *addresses,
                                                size_t count);
enum goose_roster_result goose_roster_add(struct goose_roster *roster, struct goose_text address,
                                          uint64_t uid, uint8_t priority, uint16_t http_port);
void goose_roster_remove(struct goose_roster *roster, int seat);
/* PROTOCOL 9: whom an operator removed. The newest stand first; the oldest drop out. */
bool goose_roster_has_removed(const struct goose_roster *roster, uint64_t uid);
void goose_roster_removed_add(struct goose_roster *roster, uint64_t uid);
void goose_roster_removed_forget(struct goose_roster *roster, uint64_t uid);
/* All seats at once, to[i] for seat i: so two may change places. All of it or nothing. */
enum goose_roster_result goose_roster_move_all(struct goose_roster *roster,
                                               const struct goose_text *to);

struct goose_text goose_roster_address(const struct goose_roster *roster, int seat);
int goose_roster_find_uid(const struct goose_roster *roster, uint64_t uid); /* -1: none */
int goose_roster_find_address(const struct goose_roster *roster,
                              struct goose_text address); /* -1: none */
/* PROTOCOL 4: a seat counts the uid that claimed it; an unclaimed one whoever is at its address and claims no other. */
int goose_roster_seat_of(const struct goose_roster *roster, uint64_t uid,
                         struct goose_text address);
/* Of 0 seats: more than anybody can have */
int goose_roster_majority(const struct goose_roster *roster);
/* PROTOCOL 4: a seat of a flock counts for nothing until a uid has claimed it. In a roster made from flags all are
 * unclaimed, and count by their place. False for seat -1. */
bool goose_roster_seat_counts(const struct goose_roster *roster, int seat);
bool goose_roster_has_unclaimed(const struct goose_roster *roster);
size_t goose_roster_encoded_bytes(const struct goose_roster *roster);
/* With one more seat, at a canonical address. */
size_t goose_roster_encoded_bytes_with(const struct goose_roster *roster,
                                       struct goose_text address);
uint64_t goose_roster_digest(const struct goose_roster *roster);
/* -1, 0, 1 by (term, version). */
int goose_roster_compare(uint64_t a_term, uint64_t a_version, uint64_t b_term, uint64_t b_version);
/* Whether bytes that came from outside (a datagram, a file) make a roster that all the above may be called on. */
bool goose_roster_is_sound(const struct goose_roster *roster);

#endif
