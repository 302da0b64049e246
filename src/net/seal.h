/* seal.h: datagrams sealed and opened. With a key, who does not know it can neither make one, nor alter one, nor read
 * one; what shows is who sends how many bytes when. Without a key the seal finds damage, and nothing else. Replays are
 * libgoose's matter (lives and counters, PROTOCOL 4).
 *
 *   without   | the message ... | name tag 4 | authenticator 16 | 'g' 'S' | bytes of the message 2 |
 *   with      | the message, enciphered ... | nonce 24 | authenticator 16 |
 *             | key tag 4 | name tag 4 | 'g' 'K' | bytes of the message 2 |
 *
 * The last four bytes tell a datagram of some flock from noise and from one cut short, and one way of sealing from the
 * other; the name tag (a digest of the flock's name) tells another flock from a forger; the key tag (of key and name)
 * chooses the key, so that many cost what one costs. None of them is proof of anything: only the authenticator is.
 * With a key, it is XChaCha20-Poly1305's, over the message and these twelve bytes.
 *
 * The nonce is a digest of the message under a key of its own: no chance and no count. Two messages that differ never
 * share one, whoever sends them; what is the same is the same datagram once more. So there is nothing that a fork, a
 * virtual machine that is resumed twice from one snapshot, or a source of chance that is not ready could make come
 * twice, which would show the messages and let others be forged. The price is that equal messages look equal; the
 * election never sends any, each has a counter. */
#ifndef NET_SEAL_H
#define NET_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEAL_KEYS_MAX       16
#define SEAL_KEY_BYTES      32
#define SEAL_TAG_BYTES      4
#define SEAL_AUTH_BYTES     16
#define SEAL_NONCE_BYTES    24
#define SEAL_MARK_BYTES     4
#define SEAL_BARE_BYTES     (SEAL_TAG_BYTES + SEAL_AUTH_BYTES + SEAL_MARK_BYTES) /* without a key */
#define SEAL_BYTES_MAX      (SEAL_NONCE_BYTES + SEAL_TAG_BYTES + SEAL_BARE_BYTES) /* with one */
#define SEAL_KEY_TEXT_BYTES (2 * SEAL_KEY_BYTES + 1) /* in hex, and its terminating zero */

enum seal_verdict {
    SEAL_OK,
    SEAL_TRUNCATED, /* cut short, or no datagram of any flock */
    SEAL_FOREIGN,   /* of a flock of another name */
    SEAL_OTHER,     /* with a key where I have none, or without one: as goosed 0.1 seals, too */
    SEAL_FORGED,    /* under none of the keys, or altered on its way */
};

/* What is made from a key, bound to the flock's name. */
struct seal_key {
    uint8_t tag[SEAL_TAG_BYTES];
    uint8_t cipher[SEAL_KEY_BYTES]; /* without a key: the authenticator's, which is public */
    uint8_t nonce[SEAL_KEY_BYTES];
};

/* The first key seals, all open. Holds secrets: seal_wipe() when done. */
struct seal {
    bool
        authenticated; /* false: anybody who reads this file can seal; the seal finds damage only */
    size_t key_count;
    uint8_t name_tag[SEAL_TAG_BYTES];
    struct seal_key keys[SEAL_KEYS_MAX];
};

/* For integrity only. False: libsodium cannot start. */
bool seal_without_key(struct seal *seal, const char *flock);
/* Keys from a file; one that stands twice counts once. False: `seal` is as it was, and `error` is a
 * line that names the file and what would be right. So it may be read again while the node runs. */
bool seal_read_keys(struct seal *seal, const char *flock, const char *path, char *error,
                    size_t error_bytes);
/* A fresh key as it is written in a key file. False: libsodium cannot start. */
bool seal_new_key(char text[SEAL_KEY_TEXT_BYTES]);
void seal_wipe(struct seal *seal);

/* `buf` holds a message of `len` bytes and has room for `cap`, at least SEAL_BYTES_MAX more (SEAL_BARE_BYTES where
 * there is no key). The bytes to be sent. */
size_t seal_datagram(const struct seal *seal, uint8_t *buf, size_t len, size_t cap);
/* `message`, with room for `len` bytes, gets the `opened` bytes of it; 0 unless SEAL_OK. Any bytes do. */
enum seal_verdict seal_open(const struct seal *seal, const uint8_t *datagram, size_t len,
                            uint8_t *message, size_t *opened);

#endif
