/* fuzz_state.c: any bytes as a state file. Noise never passes a checksum, so the input is a program
 * that makes an image: slots and single sectors as goosed writes them, bytes altered, with and
 * without a checksum put right again. What is found in it was in a slot; written again it is found
 * again; and no flipped bit brings another state back. */
#include "fuzz.h"
#include "samples.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "disk/state_image.h"

#define FLOCK      "goose"
#define SUM_BYTES  16
#define SUM_AT     (STATE_SECTOR_BYTES - SUM_BYTES)
#define PART_AT    12
#define PART_BYTES (SUM_AT - PART_AT)

enum instruction {
    WRITE_SLOT,
    WRITE_SECTOR,
    ALTER,
    ALTER_AND_MEND, /* the checksum of its sector is right again */
    WRITE_HEADER,
    MEND,
    RESIZE,
    TAKE_RAW, /* all that follows is the image's beginning */
    INSTRUCTIONS,
};

struct program {
    const uint8_t *at;
    const uint8_t *end;
};

static uint8_t image[STATE_FILE_BYTES + 1];
static size_t image_bytes;

static uint8_t next(struct program *program)
{
    return program->at < program->end ? *program->at++ : 0;
}

static size_t next_place(struct program *program)
{
    size_t high = next(program);
    return (high << 8 | next(program)) % STATE_FILE_BYTES;
}

static void mend(size_t place)
{
    uint8_t *sector = image + place / STATE_SECTOR_BYTES * STATE_SECTOR_BYTES;

    crypto_generichash(sector + SUM_AT, SUM_BYTES, sector, SUM_AT, NULL, 0);
}

/* Generations next to each other, mostly. */
static uint64_t next_generation(struct program *program)
{
    uint8_t value = next(program);
    return value == 0 ? UINT64_MAX - 1 : value < 250 ? 40 + value % 4U : 1U + value % 4U;
}

static void write_slot(struct program *program, bool sector_only)
{
    uint8_t payload[STATE_PAYLOAD_MAX], bytes[STATE_SLOT_BYTES];
    uint8_t where = next(program);
    enum state_slot slot = where % 2 == 0 ? STATE_SLOT_A : STATE_SLOT_B;
    size_t sector = where / 2 % STATE_SLOT_SECTORS;
    uint64_t generation = next_generation(program);
    uint8_t fill = next(program);
    size_t count = fill < 8 ? 1U + fill : STATE_PAYLOAD_MAX - generation % 8 * 250;

    for (size_t i = 0; i < count; i++)
        payload[i] = (uint8_t)(generation + (fill < 240 ? 0 : fill) + i / 100);
    state_slot(bytes, slot, generation, payload, count);
    size_t from = sector_only ? sector * STATE_SECTOR_BYTES : 0;
    memcpy(image + state_slot_offset(slot) + from, bytes + from,
           sector_only ? STATE_SECTOR_BYTES : STATE_SLOT_BYTES);
}

static void write_header(uint8_t which)
{
    static const char *const names[] = {FLOCK, FLOCK, "geese", ""};

    state_header(image + (which % 2 == 0 ? STATE_HEADER_OFFSET : STATE_HEADER2_OFFSET),
                 names[which / 2 % 4]);
}

static void take_raw(struct program *program)
{
    size_t bytes = (size_t)(program->end - program->at);

    if (bytes > sizeof image) bytes = sizeof image;
    memcpy(image, program->at, bytes);
    program->at = program->end;
    if (bytes % 2 == 0) image_bytes = bytes;
}

static void carry_out(struct program *program)
{
    uint8_t what = next(program) % INSTRUCTIONS;
    size_t place =
        what >= ALTER && what != WRITE_HEADER && what != TAKE_RAW ? next_place(program) : 0;

    if (what == WRITE_SLOT || what == WRITE_SECTOR) write_slot(program, what == WRITE_SECTOR);
    if (what == ALTER || what == ALTER_AND_MEND) image[place] ^= next(program);
    if (what == ALTER_AND_MEND || what == MEND) mend(place);
    if (what == WRITE_HEADER) write_header(next(program));
    if (what == RESIZE) image_bytes = place % 8 == 0 ? sizeof image : place;
    if (what == TAKE_RAW) take_raw(program);
}

/* ---- what has to hold ---- */

static bool is_accepted(const struct state_found *found)
{
    return found->verdict <= STATE_REPAIR;
}

static bool same_state(const struct state_found *a, const struct state_found *b)
{
    return a->generation == b->generation && a->count == b->count &&
           memcmp(a->payload, b->payload, a->count) == 0;
}

/* Whether all of the state stands in that slot, each part in a sector of its generation, and the
 * last of them says how much it is. */
static bool slot_holds(enum state_slot slot, const struct state_found *found)
{
    const uint8_t *at = image + state_slot_offset(slot);
    uint8_t expected[STATE_SLOT_BYTES], sum[SUM_BYTES];
    size_t left = found->count;

    state_slot(expected, slot, found->generation, found->payload, found->count);
    for (size_t i = 0; i < STATE_SLOT_BYTES; i += STATE_SECTOR_BYTES) {
        size_t part = left < PART_BYTES ? left : PART_BYTES;
        bool last = i + STATE_SECTOR_BYTES == STATE_SLOT_BYTES;
        crypto_generichash(sum, sizeof sum, at + i, SUM_AT, NULL, 0);
        if (memcmp(sum, at + i + SUM_AT, sizeof sum) != 0 ||
            memcmp(expected + i, at + i, last ? PART_AT : PART_AT - 2) != 0 ||
            memcmp(expected + i + PART_AT, at + i + PART_AT, part) != 0)
            return false;
        left -= part;
    }
    return true;
}

static void check_was_written(const struct state_found *found)
{
    assert(image_bytes == STATE_FILE_BYTES);
    assert(found->generation > 0 && found->count > 0 && found->count <= STATE_PAYLOAD_MAX);
    assert(found->header_good[0] || found->header_good[1]);
    assert(found->slot_good[0] || found->slot_good[1]);
    assert(slot_holds(STATE_SLOT_A, found) || slot_holds(STATE_SLOT_B, found));
}

static void check_is_found_again(const struct state_found *found)
{
    static uint8_t again[STATE_FILE_BYTES];
    struct state_found seen;

    state_header(again + STATE_HEADER_OFFSET, FLOCK);
    state_header(again + STATE_HEADER2_OFFSET, FLOCK);
    for (enum state_slot slot = STATE_SLOT_A; slot <= STATE_SLOT_B; slot++)
        state_slot(again + state_slot_offset(slot), slot, found->generation, found->payload,
                   found->count);
    state_judge(again, sizeof again, FLOCK, &seen);
    assert(seen.verdict == STATE_WHOLE && same_state(&seen, found));
    assert(seen.header_good[0] && seen.header_good[1] && seen.slot_good[0] && seen.slot_good[1]);
}

static bool sector_is_good(size_t place)
{
    const uint8_t *sector = image + place / STATE_SECTOR_BYTES * STATE_SECTOR_BYTES;
    uint8_t sum[SUM_BYTES];

    crypto_generichash(sum, sizeof sum, sector, SUM_AT, NULL, 0);
    return memcmp(sum, sector + SUM_AT, sizeof sum) == 0;
}

/* PROTOCOL S3: neither an older one nor one that was never written. */
static void check_flip(const struct state_found *found, size_t place)
{
    struct state_found seen;
    bool was_good = sector_is_good(place);
    bool in_slot[2] = {slot_holds(STATE_SLOT_A, found), slot_holds(STATE_SLOT_B, found)};

    image[place] ^= 0x10;
    state_judge(image, image_bytes, FLOCK, &seen);
    if (was_good && is_accepted(&seen)) {
        assert(seen.generation == found->generation);
        assert(same_state(&seen, found) || !(in_slot[0] && in_slot[1]));
        check_was_written(&seen);
    }
    image[place] ^= 0x10;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct program program = {bytes, bytes + count};
    struct state_found found;

    memset(image, 0, sizeof image);
    image_bytes = STATE_FILE_BYTES;
    while (program.at < program.end)
        carry_out(&program);
    state_judge(image, image_bytes, FLOCK, &found);
    assert(found.verdict <= STATE_OTHER_FLOCK);
    if (!is_accepted(&found)) return 0;
    check_was_written(&found);
    check_is_found_again(&found);
    for (size_t sector = 0; sector < STATE_SLOT_SECTORS; sector++) {
        size_t place = sector * STATE_SECTOR_BYTES + bytes[sector % count] * 2U;
        check_flip(&found, state_slot_offset(STATE_SLOT_A) + place);
        check_flip(&found, state_slot_offset(STATE_SLOT_B) + place);
    }
    return 0;
}

/* A good file, and then what befalls it. */
size_t fuzz_sample(uint64_t seed, uint8_t *bytes)
{
    struct rng rng = {seed};
    uint8_t *at = bytes, first = (uint8_t)(1 + rng_below(&rng, 3));
    const uint8_t good[] = {WRITE_HEADER,
                            0,
                            WRITE_HEADER,
                            1,
                            WRITE_SLOT,
                            0,
                            first,
                            8,
                            WRITE_SLOT,
                            1,
                            (uint8_t)(first - rng_below(&rng, 2)),
                            8};

    memcpy(at, good, sizeof good);
    at += sizeof good;
    for (uint64_t left = rng_below(&rng, 6); left > 0; left--) {
        *at++ = (uint8_t)rng_below(&rng, rng_below(&rng, 4) > 0 ? ALTER : RESIZE);
        *at++ = (uint8_t)rng_below(&rng, 64);
        *at++ = (uint8_t)(first + rng_below(&rng, 2));
        *at++ = 8;
    }
    return (size_t)(at - bytes);
}
