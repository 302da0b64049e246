/* fuzz_keys.c: any bytes as a key file, and as a token file. Which of them are good is decided here
 * once more, in other words: what is read is all that stood there, or nothing, and no refusal shows
 * what was in the file. */
#include "fuzz.h"
#include "samples.h"
#include "scratch_file.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/token.h"
#include "net/seal.h"

#define FILE_BYTES_MAX 16384 /* of a key file */
#define TOKEN_BYTES    64    /* with its zero */
#define HEX_CHARS      (2 * SEAL_KEY_BYTES)

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* The lines that hold a key, each key once. */
struct lines {
    const uint8_t *key[SEAL_KEYS_MAX];
    int count;
};

static void take_line(struct lines *lines, const uint8_t *key)
{
    for (int i = 0; i < lines->count; i++)
        if (strncasecmp((const char *)lines->key[i], (const char *)key, HEX_CHARS) == 0) return;
    lines->key[lines->count++] = key;
}

/* How many keys the line has: 0, 1, or -1 where it is wrong; and where it begins. */
static int key_in_line(const uint8_t *at, size_t bytes, const uint8_t **key)
{
    size_t digits = 0, i = 0;

    while (i < bytes && is_blank(at[i]))
        i++;
    *key = at + i;
    for (; i < bytes && isxdigit(at[i]); i++)
        digits++;
    while (i < bytes && (is_blank(at[i]) || at[i] == '\r'))
        i++;
    if (i < bytes && at[i] != '#') return -1;
    return digits == 0 ? 0 : digits == HEX_CHARS ? 1 : -1;
}

/* -1: this is no key file. */
static int keys_in_file(const uint8_t *at, size_t count)
{
    const uint8_t *end = at + count;
    struct lines lines = {.count = 0};
    const uint8_t *key;

    if (count > FILE_BYTES_MAX) return -1;
    while (at < end) {
        const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL) stop = end;
        int more = key_in_line(at, (size_t)(stop - at), &key);
        if (more < 0 || (more > 0 && lines.count == SEAL_KEYS_MAX)) return -1;
        if (more > 0) take_line(&lines, key);
        at = stop + 1;
    }
    return lines.count > 0 ? lines.count : -1;
}

/* One line that names the file, and nothing that could be of a secret. */
static void check_refusal(const char *why, const char *path)
{
    size_t run = 0;

    assert(strstr(why, path) != NULL);
    for (const char *at = why; *at != 0; at++) {
        assert(*at >= ' ' && *at <= '~');
        run = isxdigit((unsigned char)*at) ? run + 1 : 0;
        assert(run < 8);
    }
}

static void try_keys(const char *path, const uint8_t *bytes, size_t count)
{
    struct seal seal, before;
    char why[256] = "";
    int keys = keys_in_file(bytes, count);

    memset(&seal, 0xa5, sizeof seal);
    before = seal;
    bool taken = seal_read_keys(&seal, "goose", path, why, sizeof why);
    assert(taken == (keys > 0));
    if (taken) {
        assert(seal.authenticated && seal.key_count == (size_t)keys);
        return;
    }
    assert(memcmp(&seal, &before, sizeof seal) == 0);
    check_refusal(why, path);
}

/* How long the token is that the file holds, and nothing else but the end of its line; 0: none that is long enough. */
static size_t token_in_file(const uint8_t *at, size_t count)
{
    size_t bytes = 0;

    while (bytes < count && at[bytes] > ' ' && at[bytes] <= '~')
        bytes++;
    size_t rest = count - bytes;
    bool ends = rest == 0 || (rest == 1 && (at[bytes] == '\n' || at[bytes] == '\r')) ||
                (rest == 2 && memcmp(at + bytes, "\r\n", 2) == 0);
    return ends && bytes >= 16 && bytes < TOKEN_BYTES ? bytes : 0;
}

static void try_token(const char *path, const uint8_t *bytes, size_t count)
{
    char token[TOKEN_BYTES], why[256] = "";
    size_t right = token_in_file(bytes, count);
    bool taken = token_read("--token", path, OWN_SECRET, token, sizeof token, why, sizeof why);

    assert(taken == (right > 0));
    assert(strlen(token) == right);
    assert(memcmp(token, bytes, right) == 0);
    if (!taken) check_refusal(why, path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static const uint8_t nothing[1];
    const char *path = scratch_file(count > 0 ? bytes : nothing, count);

    try_keys(path, count > 0 ? bytes : nothing, count);
    try_token(path, count > 0 ? bytes : nothing, count);
    return 0;
}

/* Lines of a key file, or a token of about the longest length. */
size_t fuzz_sample(uint64_t seed, uint8_t *bytes)
{
    static const char *const ends[] = {"\n", "\r\n", " # ours\n", "", "\n\n#\n\t\n", "\r"};
    struct rng rng = {seed};
    size_t count = 0;
    uint64_t lines = seed % 3 == 0 ? 1 : rng_below(&rng, SEAL_KEYS_MAX + 2);

    for (; lines > 0; lines--) {
        size_t digits = seed % 3 == 0 ? rng_below(&rng, TOKEN_BYTES + 2) : HEX_CHARS;
        const char *end = ends[rng_below(&rng, sizeof ends / sizeof *ends)];
        for (; digits > 0; digits--)
            bytes[count++] = (uint8_t) "0123456789abcdefABCDEF"[rng_below(&rng, 22)];
        if (seed % 3 != 0 && *end == 0) end = "\n";
        memcpy(bytes + count, end, strlen(end));
        count += strlen(end);
    }
    return count;
}
