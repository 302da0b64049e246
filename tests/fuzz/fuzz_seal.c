/* fuzz_seal.c: any bytes as a datagram. A seal is a function of key and message, so what is opened
 * can be sealed again, and has to be the same bytes. What is sealed opens, and not one bit later.
 * The first byte says which of these is tried. */
#include "fuzz.h"
#include "samples.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "net/seal.h"

#define KEYS 3

static struct seal ours, without_key, others;

static void make_seals(void)
{
    if (ours.key_count > 0) return;
    if (!seal_without_key(&ours, "goose") || !seal_without_key(&without_key, "goose") ||
        !seal_without_key(&others, "geese"))
        abort();
    ours.authenticated = others.authenticated = true;
    for (ours.key_count = 0; ours.key_count < KEYS; ours.key_count++)
        memset(&ours.keys[ours.key_count], (int)(1 + ours.key_count), sizeof *ours.keys);
}

static size_t around(const struct seal *seal)
{
    return seal->authenticated ? SEAL_BYTES_MAX : SEAL_BARE_BYTES;
}

/* The same, with its key `first` as the one that seals. */
static struct seal signing_with(size_t first)
{
    struct seal seal = ours;

    seal.keys[0] = ours.keys[first];
    return seal;
}

/* A datagram without a byte to spare. */
static uint8_t *sealed_with(const struct seal *seal, const uint8_t *message, size_t bytes)
{
    size_t whole = bytes + around(seal);
    uint8_t *datagram = malloc(whole);

    if (datagram == NULL) abort();
    memcpy(datagram, message, bytes);
    assert(seal_datagram(seal, datagram, bytes, whole) == whole);
    return datagram;
}

static uint8_t plain[UINT16_MAX];

/* Leaves what it opens in `plain`. */
static enum seal_verdict open_with(const struct seal *seal, const uint8_t *datagram, size_t bytes)
{
    size_t opened = SIZE_MAX;
    enum seal_verdict verdict = seal_open(seal, datagram, bytes, plain, &opened);

    assert(verdict <= SEAL_FORGED);
    assert(opened == (verdict == SEAL_OK ? bytes - around(seal) : 0));
    return verdict;
}

/* What was opened last, once more. */
static bool is_sealed_with(const struct seal *seal, const uint8_t *datagram, size_t bytes)
{
    uint8_t *again = sealed_with(seal, plain, bytes - around(seal));
    bool same = memcmp(again, datagram, bytes) == 0;

    free(again);
    return same;
}

static void try_any(const uint8_t *datagram, size_t bytes)
{
    bool known = false;

    open_with(&others, datagram, bytes);
    if (open_with(&without_key, datagram, bytes) == SEAL_OK)
        assert(is_sealed_with(&without_key, datagram, bytes));
    if (open_with(&ours, datagram, bytes) != SEAL_OK) return;
    for (size_t i = 0; i < KEYS; i++) {
        struct seal seal = signing_with(i);
        known = known || is_sealed_with(&seal, datagram, bytes);
    }
    assert(known);
}

static void try_round_trip(uint8_t which, const uint8_t *message, size_t bytes)
{
    struct seal seal = which % (KEYS + 1) < KEYS ? signing_with(which % (KEYS + 1)) : without_key;
    size_t whole = bytes + around(&seal), at = (which * 257U + message[0]) % whole;
    bool bare = !seal.authenticated;
    uint8_t *datagram = sealed_with(&seal, message, bytes);

    assert(open_with(bare ? &ours : &without_key, datagram, whole) == SEAL_OTHER);
    assert(open_with(&others, datagram, whole) == SEAL_FOREIGN);
    assert(open_with(bare ? &without_key : &ours, datagram, whole) == SEAL_OK);
    assert(memcmp(plain, message, bytes) == 0);
    try_any(datagram, at); /* a message may begin with what was sealed once */
    datagram[at] ^= (uint8_t)(1U << which % 8);
    assert(open_with(bare ? &without_key : &ours, datagram, whole) != SEAL_OK);
    free(datagram);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (count < 2 || count > sizeof plain) return 0;
    make_seals();
    if (bytes[0] % 2 == 0)
        try_any(bytes + 1, count - 1);
    else
        try_round_trip(bytes[0] / 2, bytes + 1, count - 1);
    return 0;
}

size_t fuzz_sample(uint64_t seed, uint8_t *bytes)
{
    struct rng rng = {seed};
    size_t count = 1 + rng_below(&rng, 200);

    make_seals();
    struct seal seal = signing_with(rng_below(&rng, KEYS));
    bytes[0] = (uint8_t)rng_next(&rng);
    for (size_t i = 1; i <= count; i++)
        bytes[i] = (uint8_t)rng_next(&rng);
    if (bytes[0] % 2 != 0) return 1 + count;
    return 1 + seal_datagram(rng_below(&rng, 4) > 0 ? &seal : &without_key, bytes + 1, count,
                             count + SEAL_BYTES_MAX);
}
