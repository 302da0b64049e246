/* seal.h: datagrams sealed and opened: who does not know a key of the flock can neither make one
 * nor alter one. Not secrecy: the election has no secrets. Replays are libgoose's matter (lives
 * and counters, PROTOCOL 4).
 *
 *   | the message ... | name tag 4 | authenticator 16 | 'g' 'S' | bytes of the message 2 |
 *
 * The last four bytes tell a datagram of some flock from noise and from one cut short, the name
 * tag (a digest of the flock's name) tells another flock from a forger. Neither is proof of
 * anything: only the authenticator is. */
#ifndef NET_SEAL_H
#define NET_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEAL_KEYS_MAX       16
#define SEAL_KEY_BYTES      32
#define SEAL_TAG_BYTES      4
#define SEAL_AUTH_BYTES     16
#define SEAL_BYTES          (SEAL_TAG_BYTES + SEAL_AUTH_BYTES + 4)
#define SEAL_KEY_TEXT_BYTES (2 * SEAL_KEY_BYTES + 1) /* in hex, and its terminating zero */

enum seal_verdict {
    SEAL_OK,
    SEAL_TRUNCATED, /* cut short, or no datagram of any flock */
    SEAL_FOREIGN,   /* of a flock of another name */
    SEAL_FORGED,    /* under none of the keys, or altered on its way */
};

/* The first key seals, all open. Holds secrets: seal_wipe() when done. */
struct seal {
    bool
        authenticated; /* false: anybody who reads this file can seal; the seal finds damage only */
    size_t key_count;
    uint8_t name_tag[SEAL_TAG_BYTES];
    uint8_t keys[SEAL_KEYS_MAX][SEAL_KEY_BYTES];
};

/* For integrity only. False: libsodium cannot start. */
bool seal_without_key(struct seal *seal, const char *flock);
/* Keys from a file. False: `seal` is as it was, and `error` is a line that names the file and what
 * would be right. So it may be read again while the node runs. */
bool seal_read_keys(struct seal *seal, const char *flock, const char *path, char *error,
                    size_t error_bytes);
/* A fresh key as it is written in a key file. False: libsodium cannot start. */
bool seal_new_key(char text[SEAL_KEY_TEXT_BYTES]);
void seal_wipe(struct seal *seal);

/* `buf` holds a message of `len` bytes and has room for `cap`, at least SEAL_BYTES more. The bytes
 * to be sent. */
size_t seal_datagram(const struct seal *seal, uint8_t *buf, size_t len, size_t cap);
/* The message is the first `opened` bytes; 0 unless SEAL_OK. Any bytes do. */
enum seal_verdict seal_open(const struct seal *seal, const uint8_t *datagram, size_t len,
                            size_t *opened);

#endif
