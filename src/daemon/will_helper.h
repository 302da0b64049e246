/* will_helper.h: the helper of --last-will, a child of the daemon that says its last will (PROTOCOL 7), and what it and
 * its parent share. The parent's side is in last_will.h. */
#ifndef DAEMON_WILL_HELPER_H
#define DAEMON_WILL_HELPER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "goose/roster.h"
#include "net/udp.h"

#define WILL_LETTER_BYTES 256 /* a RESIGN, sealed */

struct will_letter {
    union socket_address to;
    uint16_t bytes;
    uint8_t datagram[WILL_LETTER_BYTES];
};

struct will_text {
    uint32_t stagger_us;
    uint32_t letters; /* 0: nothing is to be said */
    struct will_letter letter[GOOSE_ROSTER_SEATS_MAX];
};

/* Two texts: the one that `written` names by its lowest bit is whole, the other may be under the parent's pen when it
 * dies. An older one is still true. The hold's end is a word of its own, for it changes most, and counts whichever text
 * it is; it never goes back. */
struct will_shared {
    _Atomic uint64_t written;
    _Atomic uint64_t hold_end_us;
    bool with_page; /* set before the fork */
    struct will_text text[2];
};

/* What the parent hands over once it has it: a descriptor, with one of these bytes. */
enum will_gift {
    WILL_GIFT_LOCK,   /* of the state: held to the last */
    WILL_GIFT_PAGE,   /* of --lease-page, locked */
    WILL_GIFT_SOCKET, /* of the datagrams; a later one takes its place */
    WILL_GIFTS
};

/* Never returns. `parent` is the pidfd of the daemon, from before the fork: when that says so the daemon is dead, and
 * nothing else ever means it. */
_Noreturn void will_helper(struct will_shared *shared, int parent, int gifts);

#endif
