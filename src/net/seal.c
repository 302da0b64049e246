/* seal.c: see seal.h. XChaCha20-Poly1305 and BLAKE2b of libsodium. It must never allocate or log for
 * a datagram, nor branch on a secret: a flood of forged ones has to stay cheap. */
#include "net/seal.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/own_file.h"
#include "goose/wire.h"

#define KEY_FILE_BYTES_MAX 16384
/* What stands in clear behind nonce and authenticator, and is authenticated too. */
#define CLEAR_BYTES (2 * SEAL_TAG_BYTES + SEAL_MARK_BYTES)

_Static_assert(SEAL_BYTES_MAX <= GOOSE_SEAL_BYTES_MAX,
               "every message fits into a datagram when sealed");
_Static_assert(SEAL_KEY_BYTES == crypto_generichash_KEYBYTES, "a key of the full strength");
_Static_assert(SEAL_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "the cipher's own");
_Static_assert(SEAL_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "its nonce whole");
_Static_assert(SEAL_AUTH_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "its authenticator whole");
_Static_assert(SEAL_AUTH_BYTES >= crypto_generichash_BYTES_MIN, "an authenticator not too short");
_Static_assert(GOOSE_DATAGRAM_BYTES_MAX <= UINT16_MAX, "its length fits into two bytes");

/* The zero that ends a purpose keeps it from being the beginning of another. */
static const char tag_purpose[] = "goosed: name tag";
static const char bare_purpose[] = "goosed: datagrams";
static const char cipher_purpose[] = "goosed: cipher";
static const char nonce_purpose[] = "goosed: nonces";
static const char key_tag_purpose[] = "goosed: key tag";

static void digest_name(uint8_t out[SEAL_KEY_BYTES], const uint8_t *key, const char *purpose,
                        const char *flock)
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, key, key == NULL ? 0 : SEAL_KEY_BYTES, SEAL_KEY_BYTES);
    crypto_generichash_update(&state, (const unsigned char *)purpose, strlen(purpose) + 1);
    crypto_generichash_update(&state, (const unsigned char *)flock, strlen(flock));
    crypto_generichash_final(&state, out, SEAL_KEY_BYTES);
    sodium_memzero(&state, sizeof state);
}

static void make_tag(uint8_t tag[SEAL_TAG_BYTES], const uint8_t *key, const char *purpose,
                     const char *flock)
{
    uint8_t digest[SEAL_KEY_BYTES];

    digest_name(digest, key, purpose, flock);
    memcpy(tag, digest, SEAL_TAG_BYTES);
    sodium_memzero(digest, sizeof digest);
}

static void begin(struct seal *seal, const char *flock)
{
    memset(seal, 0, sizeof *seal);
    make_tag(seal->name_tag, NULL, tag_purpose, flock);
}

/* Every key is bound to the flock's name, so that two flocks may share a key file. One that is there already is not
 * taken again: two of one tag would both be tried. */
static void add_key(struct seal *seal, const char *flock, const uint8_t *key)
{
    assert(seal->key_count < SEAL_KEYS_MAX);
    struct seal_key *made = &seal->keys[seal->key_count];
    make_tag(made->tag, key, key_tag_purpose, flock);
    digest_name(made->cipher, key, cipher_purpose, flock);
    digest_name(made->nonce, key, nonce_purpose, flock);
    for (size_t i = 0; i < seal->key_count; i++)
        if (sodium_memcmp(seal->keys[i].cipher, made->cipher, SEAL_KEY_BYTES) == 0) {
            sodium_memzero(made, sizeof *made);
            return;
        }
    seal->key_count++;
}

bool seal_without_key(struct seal *seal, const char *flock)
{
    if (sodium_init() < 0) return false;
    begin(seal, flock);
    digest_name(seal->keys[0].cipher, NULL, bare_purpose, flock);
    seal->key_count = 1;
    return true;
}

/* Where a refusal is written: the line names the file. */
struct refusal_line {
    const char *path;
    char *text;
    size_t bytes;
};

/* Always false: the value of the function that refuses. */
__attribute__((format(printf, 2, 3))) static bool refuse(const struct refusal_line *line,
                                                         const char *format, ...)
{
    char what[192];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(line->text, line->bytes, "--key-file %s: %s", line->path, what);
    return false;
}

static bool read_whole(int fd, char *text, size_t *bytes, const struct refusal_line *line)
{
    size_t have = 0;
    ssize_t count;

    while ((count = read(fd, text + have, KEY_FILE_BYTES_MAX + 1 - have)) > 0)
        have += (size_t)count;
    if (count < 0) return refuse(line, "%s", strerror(errno));
    if (have > KEY_FILE_BYTES_MAX)
        return refuse(line, "over %d bytes; give one key a line, at most %d", KEY_FILE_BYTES_MAX,
                      SEAL_KEYS_MAX);
    *bytes = have;
    return true;
}

/* What is left of a line without comment and blanks around. */
static const char *trim_line(const char *at, size_t *bytes)
{
    const char *comment = memchr(at, '#', *bytes);
    size_t left = comment != NULL ? (size_t)(comment - at) : *bytes;

    while (left > 0 && strchr(" \t\r", at[left - 1]) != NULL && at[left - 1] != '\0')
        left--;
    for (; left > 0 && (*at == ' ' || *at == '\t'); at++)
        left--;
    *bytes = left;
    return at;
}

static bool take_key(struct seal *seal, const char *flock, const char *at, size_t bytes)
{
    uint8_t key[SEAL_KEY_BYTES];
    size_t made = 0;
    bool good = bytes == 2 * SEAL_KEY_BYTES &&
                sodium_hex2bin(key, sizeof key, at, bytes, NULL, &made, NULL) == 0 &&
                made == sizeof key;

    if (good) add_key(seal, flock, key);
    sodium_memzero(key, sizeof key);
    return good;
}

static bool take_lines(struct seal *seal, const char *flock, const char *text, size_t bytes,
                       const struct refusal_line *line)
{
    const char *end = text + bytes;
    unsigned number = 1;

    for (const char *at = text; at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL) stop = end;
        size_t length = (size_t)(stop - at);
        const char *key = trim_line(at, &length);
        at = stop + (stop < end);
        if (length == 0) continue;
        if (seal->key_count == SEAL_KEYS_MAX)
            return refuse(line, "line %u is one key too many; keep at most %d", number,
                          SEAL_KEYS_MAX);
        if (!take_key(seal, flock, key, length))
            return refuse(line, "line %u is not a key of %d hex digits; --new-key makes one",
                          number, 2 * SEAL_KEY_BYTES);
    }
    if (seal->key_count == 0) return refuse(line, "no key in it; --new-key makes one");
    return true;
}

static bool take_file(struct seal *seal, const char *flock, int fd, const struct refusal_line *line)
{
    char text[KEY_FILE_BYTES_MAX + 1];
    size_t bytes = 0;
    bool taken = read_whole(fd, text, &bytes, line) && take_lines(seal, flock, text, bytes, line);

    sodium_memzero(text, sizeof text);
    return taken;
}

bool seal_read_keys(struct seal *seal, const char *flock, const char *path, char *error,
                    size_t error_bytes)
{
    struct refusal_line line = {path, error, error_bytes};
    struct seal fresh;
    char problem[128];

    if (sodium_init() < 0) return refuse(&line, "libsodium cannot start");
    /* Who may read the file can forge, who may write it can lock everybody out. */
    int fd = own_file_open(path, OWN_SECRET, problem, sizeof problem);
    if (fd < 0)
        return refuse(&line, "%s%s", problem, errno == ENOENT ? "; --new-key makes one" : "");
    begin(&fresh, flock);
    bool taken = take_file(&fresh, flock, fd, &line);
    close(fd);
    if (taken) {
        fresh.authenticated = true;
        *seal = fresh;
    }
    seal_wipe(&fresh);
    return taken;
}

bool seal_new_key(char text[SEAL_KEY_TEXT_BYTES])
{
    uint8_t key[SEAL_KEY_BYTES];

    if (sodium_init() < 0) return false;
    randombytes_buf(key, sizeof key);
    sodium_bin2hex(text, SEAL_KEY_TEXT_BYTES, key, sizeof key);
    sodium_memzero(key, sizeof key);
    return true;
}

void seal_wipe(struct seal *seal)
{
    sodium_memzero(seal, sizeof *seal);
}

/* ---- datagrams ---- */

/* The two ways of sealing, by whether there is a key. */
static const struct way {
    uint8_t letter;
    size_t bytes;
    size_t name_at; /* behind the message */
} ways[] = {{'S', SEAL_BARE_BYTES, 0},
            {'K', SEAL_BYTES_MAX, SEAL_BYTES_MAX - SEAL_MARK_BYTES - SEAL_TAG_BYTES}};

static void put_mark(uint8_t mark[SEAL_MARK_BYTES], uint8_t letter, size_t message_bytes)
{
    mark[0] = 'g';
    mark[1] = letter;
    mark[2] = (uint8_t)(message_bytes >> 8);
    mark[3] = (uint8_t)message_bytes;
}

static void seal_bare(const struct seal *seal, uint8_t *buf, size_t len)
{
    uint8_t *trailer = buf + len;

    memcpy(trailer, seal->name_tag, SEAL_TAG_BYTES);
    trailer += SEAL_TAG_BYTES;
    crypto_generichash(trailer, SEAL_AUTH_BYTES, buf, len, seal->keys[0].cipher, SEAL_KEY_BYTES);
    put_mark(trailer + SEAL_AUTH_BYTES, 'S', len);
}

static void seal_secretly(const struct seal *seal, uint8_t *buf, size_t len)
{
    const struct seal_key *key = &seal->keys[0];
    uint8_t *nonce = buf + len, *auth = nonce + SEAL_NONCE_BYTES, *clear = auth + SEAL_AUTH_BYTES;

    memcpy(clear, key->tag, SEAL_TAG_BYTES);
    memcpy(clear + SEAL_TAG_BYTES, seal->name_tag, SEAL_TAG_BYTES);
    put_mark(clear + 2 * SEAL_TAG_BYTES, 'K', len);
    crypto_generichash(nonce, SEAL_NONCE_BYTES, buf, len, key->nonce, SEAL_KEY_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt_detached(buf, auth, NULL, buf, len, clear,
                                                        CLEAR_BYTES, NULL, nonce, key->cipher);
}

size_t seal_datagram(const struct seal *seal, uint8_t *buf, size_t len, size_t cap)
{
    size_t around = ways[seal->authenticated].bytes;

    assert(seal->key_count > 0 && len > 0 && len <= UINT16_MAX && cap >= len &&
           cap - len >= around);
    if (seal->authenticated)
        seal_secretly(seal, buf, len);
    else
        seal_bare(seal, buf, len);
    return len + around;
}

/* NULL: it is cut short, or no datagram of any flock. */
static const struct way *way_of(const uint8_t *datagram, size_t len)
{
    uint8_t mark[SEAL_MARK_BYTES];

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (len <= ways[i].bytes || len - ways[i].bytes > UINT16_MAX) continue;
        put_mark(mark, ways[i].letter, len - ways[i].bytes);
        if (memcmp(datagram + len - sizeof mark, mark, sizeof mark) == 0) return &ways[i];
    }
    return NULL;
}

static bool open_bare(const struct seal *seal, const uint8_t *datagram, size_t message_bytes,
                      uint8_t *message)
{
    uint8_t auth[SEAL_AUTH_BYTES];

    crypto_generichash(auth, sizeof auth, datagram, message_bytes, seal->keys[0].cipher,
                       SEAL_KEY_BYTES);
    memcpy(message, datagram, message_bytes);
    return sodium_memcmp(auth, datagram + message_bytes + SEAL_TAG_BYTES, sizeof auth) == 0;
}

/* Of two keys with one tag (by chance: 2^-32) both are tried. */
static bool open_secret(const struct seal *seal, const uint8_t *datagram, size_t message_bytes,
                        uint8_t *message)
{
    const uint8_t *nonce = datagram + message_bytes, *auth = nonce + SEAL_NONCE_BYTES,
                  *clear = auth + SEAL_AUTH_BYTES;

    for (size_t i = 0; i < seal->key_count; i++) {
        if (memcmp(clear, seal->keys[i].tag, SEAL_TAG_BYTES) != 0) continue;
        if (crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
                message, NULL, datagram, message_bytes, auth, clear, CLEAR_BYTES, nonce,
                seal->keys[i].cipher) == 0)
            return true;
    }
    return false;
}

enum seal_verdict seal_open(const struct seal *seal, const uint8_t *datagram, size_t len,
                            uint8_t *message, size_t *opened)
{
    const struct way *way = way_of(datagram, len);

    *opened = 0;
    if (way == NULL) return SEAL_TRUNCATED;
    size_t message_bytes = len - way->bytes;
    if (memcmp(datagram + message_bytes + way->name_at, seal->name_tag, SEAL_TAG_BYTES) != 0)
        return SEAL_FOREIGN;
    if (way != &ways[seal->authenticated]) return SEAL_OTHER;
    bool good = seal->authenticated ? open_secret(seal, datagram, message_bytes, message)
                                    : open_bare(seal, datagram, message_bytes, message);
    if (!good) return SEAL_FORGED;
    *opened = message_bytes;
    return SEAL_OK;
}
