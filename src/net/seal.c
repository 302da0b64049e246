/* seal.c: see seal.h. Keyed BLAKE2b of libsodium. It must never allocate or log for a datagram,
 * nor branch on a secret: a flood of forged ones has to stay cheap. */
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
#define AUTH_AT            SEAL_TAG_BYTES
#define MARK_AT            (SEAL_TAG_BYTES + SEAL_AUTH_BYTES)

_Static_assert(SEAL_BYTES <= GOOSE_SEAL_BYTES_MAX,
               "every message fits into a datagram when sealed");
_Static_assert(SEAL_KEY_BYTES == crypto_generichash_KEYBYTES, "a key of the full strength");
_Static_assert(SEAL_AUTH_BYTES >= crypto_generichash_BYTES_MIN, "an authenticator not too short");
_Static_assert(GOOSE_DATAGRAM_BYTES_MAX <= UINT16_MAX, "its length fits into two bytes");

/* The zero that ends a purpose keeps it from being the beginning of another. */
static const char tag_purpose[] = "goosed: name tag";
static const char key_purpose[] = "goosed: datagrams";

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

static void begin(struct seal *seal, const char *flock)
{
    uint8_t tag[SEAL_KEY_BYTES];

    memset(seal, 0, sizeof *seal);
    digest_name(tag, NULL, tag_purpose, flock);
    memcpy(seal->name_tag, tag, SEAL_TAG_BYTES);
}

/* Every key is bound to the flock's name, so that two flocks may share a key file. NULL: the key
 * that is public. */
static void add_key(struct seal *seal, const char *flock, const uint8_t *key)
{
    assert(seal->key_count < SEAL_KEYS_MAX);
    digest_name(seal->keys[seal->key_count++], key, key_purpose, flock);
}

bool seal_without_key(struct seal *seal, const char *flock)
{
    if (sodium_init() < 0) return false;
    begin(seal, flock);
    add_key(seal, flock, NULL);
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

static void put_mark(uint8_t mark[4], size_t message_bytes)
{
    mark[0] = 'g';
    mark[1] = 'S';
    mark[2] = (uint8_t)(message_bytes >> 8);
    mark[3] = (uint8_t)message_bytes;
}

size_t seal_datagram(const struct seal *seal, uint8_t *buf, size_t len, size_t cap)
{
    assert(seal->key_count > 0 && len > 0 && len <= UINT16_MAX && cap >= len &&
           cap - len >= SEAL_BYTES);
    uint8_t *trailer = buf + len;

    memcpy(trailer, seal->name_tag, SEAL_TAG_BYTES);
    crypto_generichash(trailer + AUTH_AT, SEAL_AUTH_BYTES, buf, len, seal->keys[0], SEAL_KEY_BYTES);
    put_mark(trailer + MARK_AT, len);
    return len + SEAL_BYTES;
}

enum seal_verdict seal_open(const struct seal *seal, const uint8_t *datagram, size_t len,
                            size_t *opened)
{
    uint8_t auth[SEAL_AUTH_BYTES];
    uint8_t mark[4];

    *opened = 0;
    if (len <= SEAL_BYTES) return SEAL_TRUNCATED;
    size_t message_bytes = len - SEAL_BYTES;
    const uint8_t *trailer = datagram + message_bytes;
    put_mark(mark, message_bytes);
    if (message_bytes > UINT16_MAX || memcmp(trailer + MARK_AT, mark, sizeof mark) != 0)
        return SEAL_TRUNCATED;
    if (memcmp(trailer, seal->name_tag, SEAL_TAG_BYTES) != 0) return SEAL_FOREIGN;
    for (size_t i = 0; i < seal->key_count; i++) {
        crypto_generichash(auth, sizeof auth, datagram, message_bytes, seal->keys[i],
                           SEAL_KEY_BYTES);
        if (sodium_memcmp(auth, trailer + AUTH_AT, sizeof auth) != 0) continue;
        *opened = message_bytes;
        return SEAL_OK;
    }
    return SEAL_FORGED;
}
