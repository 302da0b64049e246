/* Seals: what is altered, cut, foreign or forged is told apart and dropped; with a key nothing shows; keys change without
 * a gap. */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "goose/wire.h"
#include "net/seal.h"

#define KEY_1 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_2 "ffeeddccbbaa99887766554433221100FFEEDDCCBBAA99887766554433221100"
#define KEY_3 "8000000000000000000000000000000000000000000000000000000000000001"

static char error[512];

static bool read_keys(struct seal *seal, const char *flock, const char *text)
{
    folder_write(text, strlen(text));
    memset(error, 0, sizeof error);
    return seal_read_keys(seal, flock, folder_file, error, sizeof error);
}

static struct seal seal_of(const char *flock, const char *text)
{
    struct seal seal;

    assert_true(read_keys(&seal, flock, text));
    assert_true(seal.authenticated);
    return seal;
}

static size_t make_datagram(const struct seal *seal, uint8_t *buf, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        buf[i] = (uint8_t)(i * 7 + 1);
    size_t sealed = seal_datagram(seal, buf, bytes, GOOSE_DATAGRAM_BYTES_MAX);
    assert_int_equal(sealed, bytes + (seal->authenticated ? SEAL_BYTES_MAX : SEAL_BARE_BYTES));
    return sealed;
}

/* What make_datagram() made, if it opens. */
static enum seal_verdict open_with(const struct seal *seal, const uint8_t *buf, size_t bytes)
{
    uint8_t message[GOOSE_DATAGRAM_BYTES_MAX + 1];
    size_t opened = 99999, around = seal->authenticated ? SEAL_BYTES_MAX : SEAL_BARE_BYTES;
    enum seal_verdict verdict = seal_open(seal, buf, bytes, message, &opened);

    assert_int_equal(opened, verdict == SEAL_OK ? bytes - around : 0);
    for (size_t i = 0; i < opened; i++)
        assert_int_equal(message[i], (uint8_t)(i * 7 + 1));
    return verdict;
}

static void test_every_length_opens(void **state)
{
    struct seal seal = seal_of("goose", KEY_1 "\n");
    uint8_t buf[GOOSE_DATAGRAM_BYTES_MAX];

    (void)state;
    for (size_t bytes = 1; bytes <= GOOSE_MESSAGE_BYTES_MAX; bytes++) {
        size_t sealed = make_datagram(&seal, buf, bytes);
        assert_true(sealed <= GOOSE_DATAGRAM_BYTES_MAX);
        assert_int_equal(open_with(&seal, buf, sealed), SEAL_OK);
    }
}

static void test_every_altered_bit_is_found(void **state)
{
    struct seal seal = seal_of("goose", KEY_1 "\n" KEY_2 "\n");
    uint8_t buf[GOOSE_DATAGRAM_BYTES_MAX];
    size_t sealed = make_datagram(&seal, buf, 90);

    (void)state;
    for (size_t bit = 0; bit < sealed * 8; bit++) {
        size_t at = bit / 8;
        enum seal_verdict expected = at < sealed - 8   ? SEAL_FORGED
                                     : at < sealed - 4 ? SEAL_FOREIGN
                                                       : SEAL_TRUNCATED;
        buf[at] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(open_with(&seal, buf, sealed), expected);
        buf[at] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(open_with(&seal, buf, sealed), SEAL_OK);
}

static void test_every_cut_is_found(void **state)
{
    struct seal seal = seal_of("goose", KEY_1);
    uint8_t buf[GOOSE_DATAGRAM_BYTES_MAX];
    size_t sealed = make_datagram(&seal, buf, 200);

    (void)state;
    for (size_t bytes = 0; bytes < sealed; bytes++)
        assert_int_equal(open_with(&seal, buf, bytes), SEAL_TRUNCATED);
    for (size_t from = 1; from < sealed; from++)
        assert_int_equal(open_with(&seal, buf + from, sealed - from), SEAL_TRUNCATED);
    buf[sealed] = 0;
    assert_int_equal(open_with(&seal, buf, sealed + 1), SEAL_TRUNCATED);
}

static void test_another_flock_is_not_a_forger(void **state)
{
    struct seal ours = seal_of("goose", KEY_1);
    struct seal theirs = seal_of("geese", KEY_1);
    uint8_t buf[GOOSE_DATAGRAM_BYTES_MAX];
    size_t sealed = make_datagram(&theirs, buf, 50);

    (void)state;
    assert_int_equal(open_with(&ours, buf, sealed), SEAL_FOREIGN);
    assert_memory_not_equal(ours.name_tag, theirs.name_tag, SEAL_TAG_BYTES);
    assert_memory_not_equal(ours.keys[0].tag, theirs.keys[0].tag, SEAL_TAG_BYTES);
    assert_memory_not_equal(ours.keys[0].cipher, theirs.keys[0].cipher, SEAL_KEY_BYTES);
    /* Our tag on it makes it no better: their keys are bound to their name. */
    memcpy(buf + sealed - 8, ours.name_tag, SEAL_TAG_BYTES);
    assert_int_equal(open_with(&ours, buf, sealed), SEAL_FORGED);
    memcpy(buf + sealed - 12, ours.keys[0].tag, SEAL_TAG_BYTES);
    assert_int_equal(open_with(&ours, buf, sealed), SEAL_FORGED);
}

static void test_without_a_key_damage_is_found(void **state)
{
    struct seal bare, also, keyed = seal_of("goose", KEY_1);
    uint8_t buf[GOOSE_DATAGRAM_BYTES_MAX];

    (void)state;
    assert_true(seal_without_key(&bare, "goose"));
    assert_true(seal_without_key(&also, "goose"));
    assert_false(bare.authenticated);
    size_t sealed = make_datagram(&bare, buf, 50);
    assert_int_equal(open_with(&also, buf, sealed), SEAL_OK);
    assert_int_equal(open_with(&keyed, buf, sealed), SEAL_OTHER);
    assert_memory_equal(bare.name_tag, keyed.name_tag, SEAL_TAG_BYTES);
    for (size_t bit = 0; bit < sealed * 8; bit++) {
        size_t at = bit / 8;
        enum seal_verdict expected = at >= sealed - 4               ? SEAL_TRUNCATED
                                     : at >= 50 && at < sealed - 20 ? SEAL_FOREIGN
                                                                    : SEAL_FORGED;
        buf[at] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(open_with(&also, buf, sealed), expected);
        buf[at] ^= (uint8_t)(1 << bit % 8);
    }
    sealed = make_datagram(&keyed, buf, 50);
    assert_int_equal(open_with(&bare, buf, sealed), SEAL_OTHER);
}

/* goosed 0.1 sealed by a keyed digest. A flock that is half changed has to be told from a forger. */
static void test_an_old_seal_is_no_forgery(void **state)
{
    struct seal seal = seal_of("goose", KEY_1), other = seal_of("geese", KEY_1);
    uint8_t buf[100] = {1};

    (void)state;
    memcpy(buf + 76, seal.name_tag, SEAL_TAG_BYTES);
    crypto_generichash(buf + 80, 16, buf, 76, seal.keys[0].cipher, SEAL_KEY_BYTES);
    memcpy(buf + 96, "gS\0\x4c", 4);
    assert_int_equal(open_with(&seal, buf, sizeof buf), SEAL_OTHER);
    assert_int_equal(open_with(&other, buf, sizeof buf), SEAL_FOREIGN);
}

static bool stands_in(const uint8_t *bytes, size_t count, const char *text)
{
    return memmem(bytes, count, text, strlen(text)) != NULL;
}

static void test_with_a_key_nothing_shows(void **state)
{
    static const char message[] =
        "\2 n1.example:7000 [2001:db8::1]:7000 ten times the same same same";
    struct seal keyed = seal_of("goose", KEY_1), bare;
    uint8_t buf[GOOSE_DATAGRAM_BYTES_MAX];

    (void)state;
    assert_true(seal_without_key(&bare, "goose"));
    memcpy(buf, message, sizeof message);
    size_t bytes = seal_datagram(&bare, buf, sizeof message, sizeof buf);
    assert_true(stands_in(buf, bytes, "n1.example:7000"));
    memcpy(buf, message, sizeof message);
    bytes = seal_datagram(&keyed, buf, sizeof message, sizeof buf);
    for (size_t i = 0; i + 4 < sizeof message; i++) {
        char part[5] = {0};
        memcpy(part, message + i, 4);
        assert_false(stands_in(buf, bytes, part));
    }
}

/* By libsodium alone, as seal.h draws it. */
static void test_the_layout_is_what_is_drawn(void **state)
{
    struct seal seal = seal_of("goose", KEY_1);
    const struct seal_key *key = &seal.keys[0];
    uint8_t buf[GOOSE_DATAGRAM_BYTES_MAX], message[300], nonce[24];

    (void)state;
    make_datagram(&seal, buf, sizeof message);
    const uint8_t *tail = buf + sizeof message;
    assert_int_equal(
        crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
            message, NULL, buf, sizeof message, tail + 24, tail + 40, 12, tail, key->cipher),
        0);
    crypto_generichash(nonce, sizeof nonce, message, sizeof message, key->nonce, SEAL_KEY_BYTES);
    assert_memory_equal(tail, nonce, sizeof nonce);
    assert_memory_equal(tail + 40, key->tag, SEAL_TAG_BYTES);
    assert_memory_equal(tail + 44, seal.name_tag, SEAL_TAG_BYTES);
    assert_memory_equal(tail + 48, "gK\1\x2c", 4);
}

/* One nonce for two messages would show what they have in common, and let others be forged. */
static void test_messages_that_differ_have_other_nonces(void **state)
{
    struct seal seal = seal_of("goose", KEY_1);
    uint8_t first[GOOSE_DATAGRAM_BYTES_MAX], other[GOOSE_DATAGRAM_BYTES_MAX];
    size_t bytes = make_datagram(&seal, first, 100);

    (void)state;
    for (size_t bit = 0; bit < 100 * 8; bit++) {
        for (size_t i = 0; i < 100; i++)
            other[i] = (uint8_t)(i * 7 + 1);
        other[bit / 8] ^= (uint8_t)(1 << bit % 8);
        seal_datagram(&seal, other, 100, sizeof other);
        assert_memory_not_equal(first + 100, other + 100, SEAL_NONCE_BYTES);
    }
    make_datagram(&seal, other, 100);
    assert_memory_equal(first, other, bytes);
}

/* The keys 1 to `count`, and the last of them alone. */
static void many_keys(struct seal *all, struct seal *last, int count)
{
    char text[SEAL_KEYS_MAX * 66] = "", key[66] = "";

    for (int i = 1; i <= count; i++) {
        snprintf(key, sizeof key, "%064x\n", (unsigned)i);
        strcat(text, key);
    }
    *all = seal_of("goose", text);
    *last = seal_of("goose", key);
}

static void test_the_tag_chooses_the_key(void **state)
{
    struct seal all, last;
    uint8_t buf[GOOSE_DATAGRAM_BYTES_MAX];

    (void)state;
    many_keys(&all, &last, SEAL_KEYS_MAX);
    size_t bytes = make_datagram(&last, buf, 60);
    assert_int_equal(open_with(&all, buf, bytes), SEAL_OK);
    /* Two keys of one tag: whichever it is. */
    memcpy(all.keys[3].tag, last.keys[0].tag, SEAL_TAG_BYTES);
    assert_int_equal(open_with(&all, buf, bytes), SEAL_OK);
    memcpy(buf + bytes - 12, all.keys[0].tag, SEAL_TAG_BYTES);
    assert_int_equal(open_with(&all, buf, bytes), SEAL_FORGED);
}

static uint64_t thread_ns(void)
{
    struct timespec at;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (uint64_t)at.tv_sec * UINT64_C(1000000000) + (uint64_t)at.tv_nsec;
}

/* The least that some rounds took, on this thread's own clock. */
static uint64_t forgery_ns(int keys)
{
    struct seal all, last;
    uint8_t buf[GOOSE_DATAGRAM_BYTES_MAX];
    uint64_t least_ns = UINT64_MAX;

    many_keys(&all, &last, keys);
    size_t bytes = make_datagram(&last, buf, GOOSE_MESSAGE_BYTES_MAX);
    buf[0] ^= 1;
    for (int round = 0; round < 50; round++) {
        uint64_t began_ns = thread_ns();
        for (int i = 0; i < 50; i++)
            assert_int_equal(open_with(&all, buf, bytes), SEAL_FORGED);
        uint64_t took_ns = thread_ns() - began_ns;
        if (took_ns < least_ns) least_ns = took_ns;
    }
    return least_ns;
}

static void test_sixteen_keys_cost_what_one_costs(void **state)
{
    (void)state;
    assert_in_range(forgery_ns(SEAL_KEYS_MAX), 0, 3 * forgery_ns(1));
}

/* Three steps, each at one node after the other: the new key is known, then it signs, then the old
 * one goes. */
static void test_rotation_has_no_gap(void **state)
{
    struct seal steps[] = {seal_of("goose", KEY_1 "\n"), seal_of("goose", KEY_1 "\n" KEY_2 "\n"),
                           seal_of("goose", KEY_2 "\n" KEY_1 "\n"), seal_of("goose", KEY_2 "\n")};
    uint8_t buf[GOOSE_DATAGRAM_BYTES_MAX];

    (void)state;
    for (size_t from = 0; from < 4; from++) {
        size_t sealed = make_datagram(&steps[from], buf, 40);
        for (size_t to = 0; to < 4; to++) {
            size_t apart = from > to ? from - to : to - from;
            if (apart <= 1) assert_int_equal(open_with(&steps[to], buf, sealed), SEAL_OK);
            if (apart == 3) assert_int_equal(open_with(&steps[to], buf, sealed), SEAL_FORGED);
        }
    }
}

static void test_key_files_that_are_read(void **state)
{
    static const struct {
        const char *text;
        size_t keys;
    } cases[] = {
        {KEY_1, 1},
        {"# ours\n\n   \t\n" KEY_1 "\r\n", 1},
        {"  " KEY_1 "\t # the old one\n#" KEY_3 "\n" KEY_2, 2},
        {KEY_1 "\n" KEY_2 "\n" KEY_1 "\n" KEY_2, 2}, /* what stands twice counts once */
    };
    struct seal seal, same = seal_of("goose", KEY_1);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(read_keys(&seal, "goose", cases[i].text));
        assert_int_equal(seal.key_count, cases[i].keys);
        assert_memory_equal(&seal.keys[0], &same.keys[0], sizeof same.keys[0]);
    }
}

static void test_key_files_that_are_refused(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"", "no key"},
        {"# nothing\n\n", "no key"},
        {KEY_1 "\nabc\n", "line 2"},
        {"\n#\n" KEY_1 "0\n", "line 3"},
        {KEY_1 " " KEY_2, "line 1"},
        {"g" KEY_1, "line 1"},
        {"zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "line 1"},
    };
    struct seal seal, before = seal_of("goose", KEY_1);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        seal = before;
        assert_false(read_keys(&seal, "goose", cases[i].text));
        assert_non_null(strstr(error, cases[i].says));
        assert_non_null(strstr(error, folder_file));
        assert_null(strchr(error, '\n'));
        assert_null(strstr(error, "0102030405")); /* no key in a log */
        assert_memory_equal(&seal, &before, sizeof seal);
    }
}

static void test_a_zero_byte_is_no_key(void **state)
{
    char text[] = KEY_1 "\n";
    struct seal seal;

    (void)state;
    text[20] = '\0';
    folder_write(text, sizeof text - 1);
    assert_false(seal_read_keys(&seal, "goose", folder_file, error, sizeof error));
    assert_non_null(strstr(error, "line 1"));
    folder_write("\0\n", 2);
    assert_false(seal_read_keys(&seal, "goose", folder_file, error, sizeof error));
}

static void test_sixteen_keys_and_no_more(void **state)
{
    char text[20 * 66] = "", key[66];
    struct seal seal, last;

    (void)state;
    many_keys(&seal, &last, SEAL_KEYS_MAX);
    assert_int_equal(seal.key_count, SEAL_KEYS_MAX);
    for (int i = 1; i <= SEAL_KEYS_MAX + 1; i++) {
        snprintf(key, sizeof key, "%064x\n", (unsigned)i);
        strcat(text, key);
    }
    assert_false(read_keys(&seal, "goose", text));
    assert_non_null(strstr(error, "line 17"));
}

static void test_a_file_that_others_read_is_refused(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0660, 0602, 0644, 0666};
    struct seal seal;

    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        folder_write(KEY_1, strlen(KEY_1));
        assert_int_equal(chmod(folder_file, modes[i]), 0);
        assert_false(seal_read_keys(&seal, "goose", folder_file, error, sizeof error));
        assert_non_null(strstr(error, "chmod 600"));
    }
    assert_int_equal(chmod(folder_file, 0400), 0);
    assert_true(seal_read_keys(&seal, "goose", folder_file, error, sizeof error));
}

static void test_what_is_no_file_is_refused(void **state)
{
    static char large[20000];
    struct seal seal;

    (void)state;
    unlink(folder_file);
    assert_false(seal_read_keys(&seal, "goose", folder_file, error, sizeof error));
    assert_non_null(strstr(error, strerror(ENOENT)));
    assert_false(seal_read_keys(&seal, "goose", folder, error, sizeof error));
    assert_int_equal(mkfifo(folder_file, 0600), 0); /* and nobody writes into it: no waiting */
    assert_false(seal_read_keys(&seal, "goose", folder_file, error, sizeof error));
    memset(large, '\n', sizeof large);
    unlink(folder_file);
    folder_write(large, sizeof large);
    assert_false(seal_read_keys(&seal, "goose", folder_file, error, sizeof error));
    assert_non_null(strstr(error, "bytes"));
}

static void test_a_new_key_is_a_key_and_new(void **state)
{
    char first[SEAL_KEY_TEXT_BYTES], second[SEAL_KEY_TEXT_BYTES];
    struct seal seal;

    (void)state;
    assert_true(seal_new_key(first) && seal_new_key(second));
    assert_string_not_equal(first, second);
    assert_true(read_keys(&seal, "goose", first));
    assert_int_equal(seal.key_count, 1);
}

static void test_wiped_is_wiped(void **state)
{
    static const struct seal nothing;
    struct seal seal = seal_of("goose", KEY_1);

    (void)state;
    seal_wipe(&seal);
    assert_memory_equal(&seal, &nothing, sizeof seal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_length_opens),
        cmocka_unit_test(test_every_altered_bit_is_found),
        cmocka_unit_test(test_every_cut_is_found),
        cmocka_unit_test(test_another_flock_is_not_a_forger),
        cmocka_unit_test(test_without_a_key_damage_is_found),
        cmocka_unit_test(test_an_old_seal_is_no_forgery),
        cmocka_unit_test(test_with_a_key_nothing_shows),
        cmocka_unit_test(test_the_layout_is_what_is_drawn),
        cmocka_unit_test(test_messages_that_differ_have_other_nonces),
        cmocka_unit_test(test_the_tag_chooses_the_key),
        cmocka_unit_test(test_sixteen_keys_cost_what_one_costs),
        cmocka_unit_test(test_rotation_has_no_gap),
        cmocka_unit_test(test_key_files_that_are_read),
        cmocka_unit_test(test_key_files_that_are_refused),
        cmocka_unit_test(test_a_zero_byte_is_no_key),
        cmocka_unit_test(test_sixteen_keys_and_no_more),
        cmocka_unit_test(test_a_file_that_others_read_is_refused),
        cmocka_unit_test(test_what_is_no_file_is_refused),
        cmocka_unit_test(test_a_new_key_is_a_key_and_new),
        cmocka_unit_test(test_wiped_is_wiped),
    };
    return cmocka_run_group_tests_name("seal", tests, folder_make, folder_remove);
}
