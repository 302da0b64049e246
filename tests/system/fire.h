/* fire.h: what the datagrams are that fire_datagrams sends. Only what can be known without a key goes into them. */
#ifndef SYSTEM_FIRE_H
#define SYSTEM_FIRE_H

#include "loopback.h"
#include "net/seal.h"
#include "rig/random.h"

#include <stddef.h>
#include <stdint.h>

#define FIRE_KEPT 512

enum fire_kind {
    FIRE_NOISE,     /* any bytes of any length, half of them with a seal's last bytes */
    FIRE_RECORDED,  /* what the flock said, now or at first, as it was or altered */
    FIRE_STRANGERS, /* without a key: well-formed messages of uids that nobody knows; and such, altered and then sealed */
    FIRE_LIARS,     /* without a key: the same in the name of the flock's own nodes */
    FIRE_KINDS
};

struct fire {
    struct rng rng;
    unsigned kinds; /* a bit each */
    struct seal bare;
    size_t recents, earlies;
    struct datagram recent[FIRE_KEPT]; /* of this moment */
    struct datagram early[FIRE_KEPT];  /* of the flock's beginning */
};

/* KINDS as in "noise,recorded". False: there is no such kind, or libsodium cannot start. */
bool fire_begin(struct fire *fire, uint64_t seed, const char *kinds);
/* What the flock has said. */
void fire_hear(struct fire *fire, const struct datagram *d);
/* The next one for that port; the bytes. */
size_t fire_next(struct fire *fire, uint16_t to, uint8_t bytes[LOOPBACK_BYTES_MAX]);

#endif
