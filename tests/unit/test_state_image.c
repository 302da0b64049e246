/* Every picture that a crash can leave, and every one with bad sectors: state_image.h has the
 * table. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "disk/state_image.h"

#define FLOCK       "goose"
#define OLD         UINT64_C(41)
#define NEW         UINT64_C(42)
#define ALL_SECTORS ((1U << STATE_SLOT_SECTORS) - 1)

static uint8_t image[STATE_FILE_BYTES];
static struct state_found found;

/* A payload that says its generation; those of neighbours differ in length and in every sector. */
static size_t payload_of(uint64_t generation, uint8_t *payload)
{
    size_t count = STATE_PAYLOAD_MAX - (size_t)(generation % 2) * 7;

    memset(payload, (int)generation, count);
    return count;
}

/* The sectors in `mask` of this slot are those of this generation. */
static void put_sectors(enum state_slot slot, uint64_t generation, unsigned mask)
{
    uint8_t payload[STATE_PAYLOAD_MAX], bytes[STATE_SLOT_BYTES];

    state_slot(bytes, slot, generation, payload, payload_of(generation, payload));
    for (size_t i = 0; i < STATE_SLOT_SECTORS; i++)
        if ((mask >> i & 1) != 0)
            memcpy(image + state_slot_offset(slot) + i * STATE_SECTOR_BYTES,
                   bytes + i * STATE_SECTOR_BYTES, STATE_SECTOR_BYTES);
}

static void spoil_sectors(enum state_slot slot, unsigned mask)
{
    for (size_t i = 0; i < STATE_SLOT_SECTORS; i++)
        if ((mask >> i & 1) != 0)
            image[state_slot_offset(slot) + i * STATE_SECTOR_BYTES + 100] ^= 0x10;
}

static void put_file(uint64_t a, uint64_t b)
{
    memset(image, 0, sizeof image);
    state_header(image + STATE_HEADER_OFFSET, FLOCK);
    state_header(image + STATE_HEADER2_OFFSET, FLOCK);
    put_sectors(STATE_SLOT_A, a, ALL_SECTORS);
    put_sectors(STATE_SLOT_B, b, ALL_SECTORS);
}

static enum state_verdict judge(void)
{
    state_judge(image, sizeof image, FLOCK, &found);
    return found.verdict;
}

static bool gives(uint64_t generation)
{
    uint8_t payload[STATE_PAYLOAD_MAX];

    return found.verdict <= STATE_REPAIR && found.generation == generation &&
           found.count == payload_of(generation, payload) &&
           memcmp(found.payload, payload, found.count) == 0;
}

static void test_what_is_written_is_read(void **state)
{
    uint8_t payload[STATE_PAYLOAD_MAX];

    (void)state;
    randombytes_buf(payload, sizeof payload);
    for (size_t count = 1; count <= STATE_PAYLOAD_MAX; count++) {
        put_file(1, 1);
        state_slot(image + state_slot_offset(STATE_SLOT_A), STATE_SLOT_A, 7, payload, count);
        state_slot(image + state_slot_offset(STATE_SLOT_B), STATE_SLOT_B, 7, payload, count);
        assert_int_equal(judge(), STATE_WHOLE);
        assert_int_equal(found.generation, 7);
        assert_int_equal(found.count, count);
        assert_memory_equal(found.payload, payload, count);
    }
}

/* Disks write the sectors of one write in any order: every subset may be there. */
static void test_a_crash_in_the_first_write(void **state)
{
    (void)state;
    for (unsigned mask = 0; mask <= ALL_SECTORS; mask++) {
        put_file(OLD, OLD);
        put_sectors(STATE_SLOT_A, NEW, mask);
        assert_int_equal(judge(), mask == 0 || mask == ALL_SECTORS ? STATE_WHOLE : STATE_TORN);
        assert_true(gives(mask == ALL_SECTORS ? NEW : OLD));
        assert_int_equal(found.slot_good[STATE_SLOT_A], mask == 0 || mask == ALL_SECTORS);
        assert_int_equal(found.slot_good[STATE_SLOT_B], mask != ALL_SECTORS);
    }
}

static void test_a_crash_in_the_second_write(void **state)
{
    (void)state;
    for (unsigned mask = 0; mask <= ALL_SECTORS; mask++) {
        put_file(NEW, OLD);
        put_sectors(STATE_SLOT_B, NEW, mask);
        assert_int_equal(judge(), STATE_WHOLE);
        assert_true(gives(NEW));
        assert_int_equal(found.slot_good[STATE_SLOT_B], mask == ALL_SECTORS);
    }
}

/* PROTOCOL S3: once the first write has ended, the state before it never comes back, whatever
 * rots. */
static void test_no_damage_brings_an_older_state_back(void **state)
{
    unsigned given = 0;

    (void)state;
    for (unsigned written = 0; written <= ALL_SECTORS; written++)
        for (unsigned bad = 1; bad < 1U << 2 * STATE_SLOT_SECTORS; bad++) {
            put_file(NEW, OLD);
            put_sectors(STATE_SLOT_B, NEW, written);
            spoil_sectors(STATE_SLOT_A, bad & ALL_SECTORS);
            spoil_sectors(STATE_SLOT_B, bad >> STATE_SLOT_SECTORS);
            judge();
            assert_true(found.verdict == STATE_DAMAGED || gives(NEW));
            given += found.verdict != STATE_DAMAGED;
        }
    assert_true(given > 31 * 32); /* not by calling everything damaged */
}

/* Nor does a state that nobody has acted on count when the one before it is there and shows that
 * it was not. */
static void test_damage_while_the_first_write_was_torn(void **state)
{
    (void)state;
    for (unsigned written = 1; written < ALL_SECTORS; written++)
        for (unsigned bad = 1; bad < 1U << 2 * STATE_SLOT_SECTORS; bad++) {
            put_file(OLD, OLD);
            put_sectors(STATE_SLOT_A, NEW, written);
            spoil_sectors(STATE_SLOT_A, bad & ALL_SECTORS);
            spoil_sectors(STATE_SLOT_B, bad >> STATE_SLOT_SECTORS);
            judge();
            assert_true(found.verdict == STATE_DAMAGED || gives(OLD));
            /* A sector of the newer state is left beside a bad one: the first write may have
             * ended. */
            bool newer_left = (written & ~bad & ALL_SECTORS) != 0;
            if (newer_left && (bad & ALL_SECTORS) != 0)
                assert_int_equal(found.verdict, STATE_DAMAGED);
        }
}

static void test_each_sector_spoilt_in_turn(void **state)
{
    (void)state;
    for (unsigned i = 0; i < STATE_SLOT_SECTORS; i++)
        for (enum state_slot slot = STATE_SLOT_A; slot <= STATE_SLOT_B; slot++) {
            put_file(NEW, NEW);
            spoil_sectors(slot, 1U << i);
            assert_int_equal(judge(), STATE_REPAIR);
            assert_true(gives(NEW));
            assert_false(found.slot_good[slot]);
            assert_true(found.slot_good[1 - slot]);
        }
}

static void test_the_rows_of_damage(void **state)
{
    (void)state;
    for (unsigned i = 0; i < STATE_SLOT_SECTORS; i++) {
        put_file(NEW, OLD);
        spoil_sectors(STATE_SLOT_A, 1U << i); /* the newer one, and it was acted upon */
        assert_int_equal(judge(), STATE_DAMAGED);
        put_file(NEW, OLD);
        spoil_sectors(STATE_SLOT_B, 1U << i);
        assert_int_equal(judge(), STATE_REPAIR);
        assert_true(gives(NEW));
    }
    put_file(NEW, NEW);
    spoil_sectors(STATE_SLOT_A, ALL_SECTORS); /* may have held a newer one */
    assert_int_equal(judge(), STATE_DAMAGED);
    put_file(NEW, NEW);
    spoil_sectors(STATE_SLOT_B, ALL_SECTORS);
    assert_int_equal(judge(), STATE_REPAIR);
    put_file(NEW, NEW);
    spoil_sectors(STATE_SLOT_A, 1);
    spoil_sectors(STATE_SLOT_B, 2);
    assert_int_equal(judge(), STATE_DAMAGED);
}

static void test_what_no_crash_leaves_is_damage(void **state)
{
    (void)state;
    put_file(OLD, NEW); /* the write to A was lost */
    assert_int_equal(judge(), STATE_DAMAGED);
    put_file(NEW, OLD - 1);
    assert_int_equal(judge(), STATE_DAMAGED);
    put_file(OLD, OLD - 1);
    put_sectors(STATE_SLOT_A, NEW, 3);
    assert_int_equal(judge(), STATE_DAMAGED);
    put_file(OLD, OLD);
    put_sectors(STATE_SLOT_A, NEW + 1, 3); /* where has NEW gone? */
    assert_int_equal(judge(), STATE_DAMAGED);
    put_file(NEW, NEW); /* slots exchanged, sectors exchanged: good ones in the wrong place */
    uint8_t block[STATE_BLOCK_BYTES];
    memcpy(block, image + STATE_BLOCK_BYTES, sizeof block);
    memcpy(image + STATE_BLOCK_BYTES, image + 2 * STATE_BLOCK_BYTES, sizeof block);
    memcpy(image + 2 * STATE_BLOCK_BYTES, block, sizeof block);
    assert_int_equal(judge(), STATE_DAMAGED);
    put_file(NEW, NEW);
    memcpy(image + STATE_BLOCK_BYTES, image + STATE_BLOCK_BYTES + STATE_SECTOR_BYTES,
           STATE_SECTOR_BYTES);
    assert_int_equal(judge(), STATE_REPAIR);
    put_file(NEW, NEW);
    memset(image + STATE_BLOCK_BYTES, 0, 2 * STATE_BLOCK_BYTES);
    assert_int_equal(judge(), STATE_DAMAGED);
}

static void test_every_altered_byte_is_found(void **state)
{
    (void)state;
    for (size_t at = 0; at < STATE_SLOT_BYTES; at++) {
        put_file(NEW, NEW);
        image[state_slot_offset(STATE_SLOT_A) + at] ^= 0x01;
        assert_int_equal(judge(), STATE_REPAIR);
        assert_true(gives(NEW));
    }
}

static void test_headers(void **state)
{
    (void)state;
    for (size_t at = 0; at < STATE_SECTOR_BYTES; at++) {
        put_file(NEW, NEW);
        image[STATE_HEADER_OFFSET + at] ^= 0x80;
        assert_int_equal(judge(), STATE_REPAIR);
        assert_false(found.header_good[0]);
        image[STATE_HEADER2_OFFSET + at] ^= 0x80;
        assert_int_equal(judge(), STATE_DAMAGED);
    }
    put_file(NEW, NEW);
    memset(image + STATE_HEADER_OFFSET, 0, STATE_SECTOR_BYTES);
    memset(image + STATE_HEADER2_OFFSET, 0, STATE_SECTOR_BYTES);
    assert_int_equal(judge(), STATE_DAMAGED); /* its slots are ours */
}

static void test_other_flocks(void **state)
{
    char longest[STATE_FLOCK_MAX + 1];
    static const char *const others[] = {"geese", "goos", "goose2", "", "Goose"};

    (void)state;
    put_file(NEW, NEW);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        state_judge(image, sizeof image, others[i], &found);
        assert_int_equal(found.verdict, STATE_OTHER_FLOCK);
        assert_string_equal(found.flock, FLOCK);
    }
    memset(longest, 'x', STATE_FLOCK_MAX);
    longest[STATE_FLOCK_MAX] = '\0';
    state_header(image, longest);
    assert_int_equal(judge(), STATE_OTHER_FLOCK);
    assert_string_equal(found.flock, longest);
    state_judge(image, sizeof image, longest, &found);
    assert_int_equal(found.verdict, STATE_WHOLE);
}

static void put_format(size_t offset, uint8_t format)
{
    image[offset + 19] = format;
    crypto_generichash(image + offset + 496, 16, image + offset, 496, NULL, 0);
}

static void test_formats(void **state)
{
    (void)state;
    put_file(NEW, NEW);
    put_format(STATE_HEADER_OFFSET, STATE_FORMAT + 1);
    for (size_t bytes = STATE_SECTOR_BYTES; bytes <= sizeof image; bytes += 512) {
        state_judge(image, bytes, FLOCK, &found); /* whatever its length is then */
        assert_int_equal(found.verdict, STATE_NEWER);
        assert_int_equal(found.format, STATE_FORMAT + 1);
    }
    put_format(STATE_HEADER_OFFSET, 0);
    assert_int_equal(judge(), STATE_FOREIGN);
}

static void test_every_length(void **state)
{
    (void)state;
    put_file(NEW, NEW);
    for (size_t bytes = 0; bytes < sizeof image; bytes++) {
        state_judge(image, bytes, FLOCK, &found);
        assert_int_equal(found.verdict, STATE_SHORT);
    }
    state_judge(image, sizeof image + 1, FLOCK, &found);
    assert_int_equal(found.verdict, STATE_FOREIGN);
}

static void test_any_bytes(void **state)
{
    (void)state;
    memset(image, 0, sizeof image);
    assert_int_equal(judge(), STATE_FOREIGN);
    for (int i = 0; i < 2000; i++) {
        randombytes_buf(image, sizeof image);
        state_judge(image, i % 2 == 0 ? sizeof image : randombytes_uniform(sizeof image - 16) + 16,
                    FLOCK, &found);
        assert_int_equal(found.verdict, STATE_FOREIGN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_a_crash_in_the_first_write),
        cmocka_unit_test(test_a_crash_in_the_second_write),
        cmocka_unit_test(test_no_damage_brings_an_older_state_back),
        cmocka_unit_test(test_damage_while_the_first_write_was_torn),
        cmocka_unit_test(test_each_sector_spoilt_in_turn),
        cmocka_unit_test(test_the_rows_of_damage),
        cmocka_unit_test(test_what_no_crash_leaves_is_damage),
        cmocka_unit_test(test_every_altered_byte_is_found),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_other_flocks),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_any_bytes),
    };
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests_name("state_image", tests, NULL, NULL);
}
