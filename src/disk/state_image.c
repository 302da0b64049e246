/* state_image.c: see state_image.h, whose table this follows line by line. It must never touch a
 * file. */
#include "disk/state_image.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#define CHECK_BYTES   16
#define CHECK_AT      (STATE_SECTOR_BYTES - CHECK_BYTES)
#define MAGIC_BYTES   16
#define FORMAT_AT     MAGIC_BYTES
#define NAME_BYTES_AT (FORMAT_AT + 4)
#define NAME_AT       (NAME_BYTES_AT + 4)
#define SLOT_AT       8
#define SECTOR_AT     9
#define COUNT_AT      10
#define PART_AT       12
#define PART_BYTES    (CHECK_AT - PART_AT)

_Static_assert(STATE_SLOT_SECTORS *PART_BYTES >= STATE_PAYLOAD_MAX,
               "every payload fits into a slot");
_Static_assert(STATE_SLOT_BYTES <= STATE_BLOCK_BYTES, "a slot shares its block with nothing");
_Static_assert(NAME_AT + STATE_FLOCK_MAX <= CHECK_AT, "every name fits into the header");
_Static_assert(CHECK_BYTES >= crypto_generichash_BYTES_MIN, "a checksum that libsodium makes");

static const uint8_t magic[MAGIC_BYTES] = "goosed state";

static void put_be(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = bytes; i > 0; i--, value >>= 8)
        at[i - 1] = (uint8_t)value;
}

static uint64_t get_be(const uint8_t *at, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

static void checksum(uint8_t out[CHECK_BYTES], const uint8_t *sector)
{
    crypto_generichash(out, CHECK_BYTES, sector, CHECK_AT, NULL, 0);
}

static bool sector_is_good(const uint8_t *sector)
{
    uint8_t sum[CHECK_BYTES];

    checksum(sum, sector);
    return memcmp(sum, sector + CHECK_AT, CHECK_BYTES) == 0;
}

void state_header(uint8_t sector[STATE_SECTOR_BYTES], const char *flock)
{
    size_t bytes = strlen(flock);

    assert(bytes <= STATE_FLOCK_MAX);
    memset(sector, 0, STATE_SECTOR_BYTES);
    memcpy(sector, magic, MAGIC_BYTES);
    put_be(sector + FORMAT_AT, STATE_FORMAT, 4);
    put_be(sector + NAME_BYTES_AT, bytes, 4);
    memcpy(sector + NAME_AT, flock, bytes);
    checksum(sector + CHECK_AT, sector);
}

void state_slot(uint8_t bytes[STATE_SLOT_BYTES], enum state_slot slot, uint64_t generation,
                const uint8_t *payload, size_t count)
{
    assert(generation > 0 && count > 0 && count <= STATE_PAYLOAD_MAX);
    memset(bytes, 0, STATE_SLOT_BYTES);
    for (size_t i = 0, done = 0; i < STATE_SLOT_SECTORS; i++) {
        uint8_t *sector = bytes + i * STATE_SECTOR_BYTES;
        size_t part = count - done < PART_BYTES ? count - done : PART_BYTES;
        put_be(sector, generation, 8);
        sector[SLOT_AT] = (uint8_t)slot;
        sector[SECTOR_AT] = (uint8_t)i;
        put_be(sector + COUNT_AT, count, 2);
        memcpy(sector + PART_AT, payload + done, part);
        checksum(sector + CHECK_AT, sector);
        done += part;
    }
}

size_t state_slot_offset(enum state_slot slot)
{
    return slot == STATE_SLOT_A ? STATE_BLOCK_BYTES : 2 * STATE_BLOCK_BYTES;
}

/* What the sectors of a slot say. A sector that fails its checksum, or is not where it belongs, is
 * bad. */
struct reading {
    unsigned bad;
    uint64_t oldest; /* of the good ones; UINT64_MAX if there is none */
    uint64_t newest; /* 0 if there is none */
    size_t count;    /* of the payload, where the slot is whole */
};

static bool belongs_here(const uint8_t *sector, enum state_slot slot, size_t index)
{
    uint64_t count = get_be(sector + COUNT_AT, 2);

    return sector_is_good(sector) && sector[SLOT_AT] == (uint8_t)slot &&
           sector[SECTOR_AT] == index && get_be(sector, 8) > 0 && get_be(sector, 8) < UINT64_MAX &&
           count > 0 && count <= STATE_PAYLOAD_MAX;
}

static struct reading read_slot(const uint8_t *bytes, enum state_slot slot)
{
    struct reading seen = {0, UINT64_MAX, 0, 0};

    for (size_t i = 0; i < STATE_SLOT_SECTORS; i++) {
        const uint8_t *sector = bytes + i * STATE_SECTOR_BYTES;
        uint64_t generation = get_be(sector, 8);
        if (!belongs_here(sector, slot, i)) {
            seen.bad++;
            continue;
        }
        if (generation < seen.oldest) seen.oldest = generation;
        if (generation > seen.newest) seen.newest = generation;
        seen.count = get_be(sector + COUNT_AT, 2);
    }
    return seen;
}

static bool is_whole(const struct reading *seen)
{
    return seen->bad == 0 && seen->oldest == seen->newest;
}

/* A is never the older one, so that it counts, if B can be what is left of the same or of the
 * write before. */
static enum state_verdict judge_with_a(const struct reading *a, const struct reading *b)
{
    if (b->newest > a->newest) return STATE_DAMAGED;
    if (b->bad > 0) return STATE_REPAIR;
    return b->oldest + 1 >= a->newest ? STATE_WHOLE : STATE_DAMAGED;
}

static enum state_verdict judge_with_b(const struct reading *a, const struct reading *b)
{
    if (a->bad == 0)
        return a->oldest == b->newest && a->newest == b->newest + 1 ? STATE_TORN : STATE_DAMAGED;
    return a->oldest == b->newest && a->newest == b->newest ? STATE_REPAIR : STATE_DAMAGED;
}

static void take_payload(const uint8_t *slot, const struct reading *seen, struct state_found *found)
{
    found->generation = seen->newest;
    found->count = seen->count;
    for (size_t i = 0, done = 0; done < seen->count; i++) {
        size_t part = seen->count - done < PART_BYTES ? seen->count - done : PART_BYTES;
        memcpy(found->payload + done, slot + i * STATE_SECTOR_BYTES + PART_AT, part);
        done += part;
    }
}

static void judge_slots(const uint8_t *image, struct state_found *found)
{
    const uint8_t *slots[2] = {image + state_slot_offset(STATE_SLOT_A),
                               image + state_slot_offset(STATE_SLOT_B)};
    struct reading seen[2] = {read_slot(slots[0], STATE_SLOT_A), read_slot(slots[1], STATE_SLOT_B)};
    bool a_counts = is_whole(&seen[0]);

    found->verdict = STATE_DAMAGED;
    if (a_counts)
        found->verdict = judge_with_a(&seen[0], &seen[1]);
    else if (is_whole(&seen[1]))
        found->verdict = judge_with_b(&seen[0], &seen[1]);
    if (found->verdict == STATE_DAMAGED) return;
    take_payload(slots[a_counts ? 0 : 1], &seen[a_counts ? 0 : 1], found);
    for (int i = 0; i < 2; i++)
        found->slot_good[i] = is_whole(&seen[i]) && seen[i].newest == found->generation;
}

static bool any_slot_sector_is_good(const uint8_t *image)
{
    for (enum state_slot slot = STATE_SLOT_A; slot <= STATE_SLOT_B; slot++)
        if (read_slot(image + state_slot_offset(slot), slot).bad < STATE_SLOT_SECTORS) return true;
    return false;
}

/* Ours, and of what format? A header that fails its checksum says nothing. */
static bool header_is_good(const uint8_t *sector)
{
    return memcmp(sector, magic, MAGIC_BYTES) == 0 && sector_is_good(sector);
}

static bool judge_header(const uint8_t *header, const char *flock, struct state_found *found)
{
    found->format = (uint32_t)get_be(header + FORMAT_AT, 4);
    found->verdict = STATE_NEWER;
    if (found->format > STATE_FORMAT) return false;
    uint64_t bytes = get_be(header + NAME_BYTES_AT, 4);
    found->verdict = STATE_FOREIGN;
    if (found->format < STATE_FORMAT || bytes > STATE_FLOCK_MAX) return false;
    memcpy(found->flock, header + NAME_AT, bytes);
    found->flock[bytes] = '\0';
    found->verdict = STATE_OTHER_FLOCK;
    return bytes == strlen(flock) && memcmp(found->flock, flock, bytes) == 0;
}

void state_judge(const uint8_t *image, size_t bytes, const char *flock, struct state_found *found)
{
    const uint8_t *headers[2] = {image + STATE_HEADER_OFFSET, image + STATE_HEADER2_OFFSET};
    bool full = bytes == STATE_FILE_BYTES;

    memset(found, 0, sizeof *found);
    found->header_good[0] = bytes >= STATE_SECTOR_BYTES && header_is_good(headers[0]);
    found->header_good[1] = full && header_is_good(headers[1]);
    if (found->header_good[0] || found->header_good[1]) {
        if (!judge_header(headers[found->header_good[0] ? 0 : 1], flock, found)) return;
    } else if (bytes >= MAGIC_BYTES && memcmp(image, magic, MAGIC_BYTES) != 0 &&
               !(full && any_slot_sector_is_good(image))) {
        found->verdict = STATE_FOREIGN;
        return;
    }
    found->verdict = bytes < STATE_FILE_BYTES ? STATE_SHORT : STATE_FOREIGN;
    if (!full) return;
    found->verdict = STATE_DAMAGED;
    if (!found->header_good[0] && !found->header_good[1]) return;
    judge_slots(image, found);
    if (found->verdict == STATE_WHOLE && !(found->header_good[0] && found->header_good[1]))
        found->verdict = STATE_REPAIR;
}
