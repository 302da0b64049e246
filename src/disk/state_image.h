/* state_image.h: the state file as bytes, and what a picture of it means. No disk here: a function
 * of bytes only, so that every crash and every bad sector can be tried.
 *
 *   | block 0: header | block 1: slot A | block 2: slot B | block 3: header again |
 *
 * Blocks of 4,096 bytes, so that no disk's own sector is shared by two things that are written
 * apart. The headers (the first 512 bytes of their block) are written once, when the file is made:
 *
 *   | "goosed state" and zeros 16 | format 4 | bytes of the name 4 | flock's name, padded 472 |
 *   | checksum 16 |
 *
 * Magic, format and checksum stay where they are in every later format. A slot is 5 sectors of 512
 * bytes; each says for itself what it is, so that a write torn at any of them shows:
 *
 *   | generation 8 | slot 1 | sector 1 | bytes of the payload 2 | its part of it, padded 484 |
 *   | checksum 16 |
 *
 * Numbers are big-endian. The checksum is an unkeyed BLAKE2b of all before it: libsodium is linked
 * anyway, chance does not meet it, and at twelve sectors a start its speed is no matter.
 *
 * A state of generation n is written to A; when that is durable, it counts and may be acted upon;
 * then it is written to B, and n + 1 waits until that is durable too. So a crash leaves one of
 * these, and nothing else can be found that a disk has not damaged:
 *
 *   A                     B                     what happened                       verdict
 *   n                     n                     nothing                             n
 *   n                     n-1                   crash between the two writes        n
 *   n                     n and n-1 mixed       crash in the second write           n
 *   n and n-1 mixed       n-1                   crash in the first write: n was     n-1 (torn)
 *                                               never acted upon, n-1 was
 *
 * and with sectors that fail their checksum:
 *
 *   n                     bad, rest up to n     A is never the older one            n (repair B)
 *   bad, rest all n       n                     both were written in full           n (repair A)
 *   bad, some of it n     n-1                   n may have been acted upon          damaged
 *   bad, all of it        n                     A may have held n+1                 damaged
 *   bad                   bad                                                       damaged
 *   anything else                               a disk that loses or mixes writes   damaged
 *
 * "Damaged" never goes back to an older state: the node would vote twice (PROTOCOL S3). It is
 * newborn instead, which costs a seat for a while and nothing else. Before anything new is written,
 * both slots are made to hold the state that was found: or a torn write of n+1 beside a B of n-1
 * would bring n-1 back, though n was acted upon. */
#ifndef DISK_STATE_IMAGE_H
#define DISK_STATE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_FORMAT         1
#define STATE_SECTOR_BYTES   512
#define STATE_SLOT_SECTORS   5
#define STATE_SLOT_BYTES     (STATE_SLOT_SECTORS * STATE_SECTOR_BYTES)
#define STATE_BLOCK_BYTES    4096
#define STATE_FILE_BYTES     (4 * STATE_BLOCK_BYTES)
#define STATE_HEADER_OFFSET  0
#define STATE_HEADER2_OFFSET (3 * STATE_BLOCK_BYTES)
#define STATE_PAYLOAD_MAX    2048
#define STATE_FLOCK_MAX      255 /* bytes of a flock's name */

enum state_slot { STATE_SLOT_A, STATE_SLOT_B };

enum state_verdict {
    STATE_WHOLE,
    STATE_TORN,    /* the first write of a newer state never ended */
    STATE_REPAIR,  /* found, but not all copies of it and of the header are good */
    STATE_DAMAGED, /* no state that may be relied upon */
    STATE_SHORT,
    STATE_FOREIGN,
    STATE_NEWER,
    STATE_OTHER_FLOCK,
};

struct state_found {
    enum state_verdict verdict;
    /* WHOLE, TORN, REPAIR: */
    uint64_t generation;
    size_t count;
    uint8_t payload[STATE_PAYLOAD_MAX];
    bool header_good[2];
    bool slot_good[2]; /* holds this very state */
    /* OTHER_FLOCK, NEWER: */
    uint32_t format;
    char flock[STATE_FLOCK_MAX + 1];
};

/* `flock` has at most STATE_FLOCK_MAX bytes. */
void state_header(uint8_t sector[STATE_SECTOR_BYTES], const char *flock);
/* 1 to STATE_PAYLOAD_MAX bytes; generations count from 1. */
void state_slot(uint8_t bytes[STATE_SLOT_BYTES], enum state_slot slot, uint64_t generation,
                const uint8_t *payload, size_t count);
size_t state_slot_offset(enum state_slot slot);

/* Any bytes do. */
void state_judge(const uint8_t *image, size_t bytes, const char *flock, struct state_found *found);

#endif
