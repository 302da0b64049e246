/* test_roster.c: seats, their order and addresses, and what a roster from outside may look like. */
#include "core.h"
#include "rig/random.h"

#include <stdio.h>
#include <string.h>

#define SEATS_MAX GOOSE_ROSTER_SEATS_MAX

/* A host of so many letters, told from others by its number. */
static void host_of(struct goose_address *address, int letters, int number)
{
    char chars[GOOSE_ADDRESS_CHARS_MAX + 1];

    assert_true(letters >= 3 && letters <= GOOSE_HOST_CHARS_MAX);
    memset(chars, 'h', sizeof chars);
    chars[letters - 2] = (char)('a' + number / 26);
    chars[letters - 1] = (char)('a' + number % 26);
    (void)snprintf(chars + letters, sizeof chars - (size_t)letters, ":7000");
    core_keep(address, chars);
}

static enum goose_roster_result add(struct goose_roster *roster, const char *address, uint64_t uid)
{
    return goose_roster_add(roster, core_text(address), uid, GOOSE_PRIORITY_DEFAULT, 0);
}

static void addresses_are_canonical_or_not(void **state)
{
    static const struct {
        const char *chars;
        bool canonical;
    } table[] = {
        {"n1:7000", true},
        {"a:1", true},
        {"1:65535", true},
        {"10.0.0.1:7000", true},
        {"a_b-c.example:80", true},
        {"_x:80", true},
        {"[::1]:7000", true},
        {"[::]:7000", true},
        {"[fe80::1:2.3.4.5]:7000", true},
        {"n1:65536", false},
        {"n1:99999", false},
        {"n1:100000", false},
        {"n1:0", false},
        {"n1:07000", false},
        {"n1:", false},
        {"n1", false},
        {"7000", false},
        {":7000", false},
        {"", false},
        {":", false},
        {"n1:7000 ", false},
        {" n1:7000", false},
        {"n1:7000x", false},
        {"n1:-7", false},
        {"N1:7000", false},
        {"n1.:7000", false},
        {".n1:7000", false},
        {"-n1:7000", false},
        {"n1:80:80", false},
        {"::1:7000", false},
        {"[]:7000", false},
        {"[:]:7000", false},
        {"[::1:7000", false},
        {"::1]:7000", false},
        {"[::1]7000", false},
        {"[::G]:7000", false},
        {"[FE80::1]:7000", false},
        {"[n1]:7000", false},
        {"n\xc3\xa9:7000", false},
        {"n/1:7000", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct goose_address kept;
        bool canonical = goose_address_is_canonical(core_text(table[i].chars));
        if (canonical != table[i].canonical) fail_msg("%s", table[i].chars);
        assert_int_equal(goose_address_keep(&kept, core_text(table[i].chars)), canonical);
        assert_int_equal(kept.bytes, canonical ? strlen(table[i].chars) : 0);
        assert_true(!canonical ||
                    goose_text_equal(goose_address_text(&kept), core_text(table[i].chars)));
    }
}

static void address_lengths_end_at_their_limits(void **state)
{
    char chars[UINT8_MAX + 1];

    (void)state;
    memset(chars, 'h', sizeof chars);
    for (size_t host = 1; host < 100; host++) {
        memcpy(chars + host, ":65535", 6);
        assert_int_equal(
            goose_address_is_canonical((struct goose_text){chars, (uint8_t)(host + 6)}),
            host <= GOOSE_HOST_CHARS_MAX);
        memset(chars, 'h', sizeof chars);
    }
    memset(chars, '7', sizeof chars);
    assert_false(goose_address_is_canonical((struct goose_text){chars, UINT8_MAX}));
}

static void nul_is_no_character(void **state)
{
    (void)state;
    assert_false(goose_address_is_canonical((struct goose_text){"n\0:7000", 7}));
    assert_false(goose_address_is_canonical((struct goose_text){"n1:70\0", 6}));
}

static void bootstrap_is_the_same_in_any_order(void **state)
{
    static const char *const order[] = {"a:1", "a:10", "a:2", "ab:1", "b:1", "b:1"};
    enum { COUNT = 6, KEPT = 5 };
    struct goose_address addresses[COUNT];
    struct goose_roster first, again;

    (void)state;
    for (int turn = 0; turn < COUNT; turn++)
        for (int way = 0; way < 2; way++) {
            for (int i = 0; i < COUNT; i++)
                core_keep(&addresses[i], order[(turn + (way == 0 ? i : COUNT - i)) % COUNT]);
            assert_int_equal(goose_roster_bootstrap(&again, CORE_TAG, addresses, COUNT),
                             GOOSE_ROSTER_OK);
            if (turn == 0 && way == 0) first = again;
            assert_memory_equal(&again, &first, sizeof first);
        }
    assert_int_equal(first.count, KEPT);
    assert_int_equal(first.wanted, KEPT);
    assert_int_equal(first.version, 1);
    assert_int_equal(first.term, 0);
    for (int i = 0; i < KEPT; i++) {
        assert_true(goose_text_equal(goose_roster_address(&first, i), core_text(order[i])));
        assert_int_equal(first.seats[i].uid, 0);
    }
    assert_true(goose_roster_is_sound(&first) && goose_roster_has_unclaimed(&first));
}

static void bootstrap_names_the_flock_by_tag_and_list(void **state)
{
    struct goose_address addresses[2];
    struct goose_roster one, other_tag, shorter;

    (void)state;
    core_keep(&addresses[0], "a:1");
    core_keep(&addresses[1], "b:1");
    assert_int_equal(goose_roster_bootstrap(&one, 4, addresses, 2), GOOSE_ROSTER_OK);
    assert_int_equal(goose_roster_bootstrap(&other_tag, 6, addresses, 2), GOOSE_ROSTER_OK);
    assert_int_equal(goose_roster_bootstrap(&shorter, 4, addresses, 1), GOOSE_ROSTER_OK);
    assert_true(one.flock_id != 0 && one.flock_id != other_tag.flock_id);
    assert_int_not_equal(one.flock_id, shorter.flock_id);
}

static void bootstrap_tells_what_is_wrong(void **state)
{
    struct goose_address addresses[SEATS_MAX + 1];
    struct goose_roster roster;

    (void)state;
    for (int i = 0; i <= SEATS_MAX; i++)
        host_of(&addresses[i], 3, i);
    assert_int_equal(goose_roster_bootstrap(&roster, 4, addresses, SEATS_MAX), GOOSE_ROSTER_OK);
    assert_int_equal(goose_roster_bootstrap(&roster, 4, addresses, SEATS_MAX + 1),
                     GOOSE_ROSTER_FULL);
    for (int i = 0; i < 14; i++)
        host_of(&addresses[i], GOOSE_HOST_CHARS_MAX, i);
    assert_int_equal(goose_roster_bootstrap(&roster, 4, addresses, 13), GOOSE_ROSTER_OK);
    assert_int_equal(goose_roster_bootstrap(&roster, 4, addresses, 14), GOOSE_ROSTER_TOO_LARGE);
    addresses[3] = (struct goose_address){.bytes = 2, .chars = "n1"};
    assert_int_equal(goose_roster_bootstrap(&roster, 4, addresses, 13), GOOSE_ROSTER_BAD_ADDRESS);
    assert_int_equal(goose_roster_bootstrap(&roster, 4, addresses, 0), GOOSE_ROSTER_OK);
    assert_int_equal(roster.count, 0);
}

static void every_refusal_leaves_the_roster_alone(void **state)
{
    struct goose_roster roster, was;

    (void)state;
    core_roster(&roster, 3);
    was = roster;
    assert_int_equal(add(&roster, "N4:7000", 4), GOOSE_ROSTER_BAD_ADDRESS);
    assert_int_equal(add(&roster, "n3:7000", 4), GOOSE_ROSTER_ADDRESS_TWICE);
    assert_int_equal(add(&roster, "n4:7000", 3), GOOSE_ROSTER_UID_TWICE);
    assert_int_equal(core_roster_move(&roster, 0, core_text("n1")), GOOSE_ROSTER_BAD_ADDRESS);
    assert_int_equal(core_roster_move(&roster, 0, core_text("n2:7000")),
                     GOOSE_ROSTER_ADDRESS_TWICE);
    assert_int_equal(core_roster_move(&roster, 0, core_text("n1:7000")), GOOSE_ROSTER_OK);
    assert_memory_equal(&roster, &was, sizeof was);
    assert_int_equal(add(&roster, "n4:7000", 0), GOOSE_ROSTER_OK);
    assert_int_equal(add(&roster, "n5:7000", 0), GOOSE_ROSTER_OK); /* many may be unclaimed */
}

static void thirty_one_of_the_longest_ipv4_fit(void **state)
{
    struct goose_roster roster;
    char chars[GOOSE_ADDRESS_CHARS_MAX + 1];

    (void)state;
    goose_roster_clear(&roster);
    for (int i = 0; i < SEATS_MAX; i++) {
        (void)snprintf(chars, sizeof chars, "255.255.255.%d:65535", 200 + i);
        assert_int_equal(add(&roster, chars, (uint64_t)i + 1), GOOSE_ROSTER_OK);
    }
    roster.wanted = roster.count;
    assert_true(goose_roster_is_sound(&roster));
    assert_int_equal(goose_roster_encoded_bytes(&roster),
                     GOOSE_ROSTER_HEAD_BYTES + SEATS_MAX * (14 + 15));
    assert_int_equal(add(&roster, "n1:7000", 99), GOOSE_ROSTER_FULL);
}

/* Twelve of 78 bytes, and two that share the last 78. */
static void encoded_ends_at_1048_exactly(void **state)
{
    struct goose_roster roster;
    struct goose_address address;

    (void)state;
    goose_roster_clear(&roster);
    for (int i = 0; i < 12; i++) {
        host_of(&address, GOOSE_HOST_CHARS_MAX, i);
        assert_int_equal(goose_roster_add(&roster, goose_address_text(&address), 0, 1, 0),
                         GOOSE_ROSTER_OK);
    }
    host_of(&address, 30, 12);
    assert_int_equal(goose_roster_add(&roster, goose_address_text(&address), 0, 1, 0),
                     GOOSE_ROSTER_OK);
    host_of(&address, 21, 13);
    assert_int_equal(goose_roster_add(&roster, goose_address_text(&address), 0, 1, 0),
                     GOOSE_ROSTER_TOO_LARGE);
    host_of(&address, 20, 13);
    assert_int_equal(goose_roster_add(&roster, goose_address_text(&address), 0, 1, 0),
                     GOOSE_ROSTER_OK);
    roster.wanted = roster.count;
    assert_int_equal(goose_roster_encoded_bytes(&roster), GOOSE_ROSTER_BYTES_MAX);
    assert_true(goose_roster_is_sound(&roster));
    host_of(&address, 21, 14);
    assert_int_equal(core_roster_move(&roster, 13, goose_address_text(&address)),
                     GOOSE_ROSTER_TOO_LARGE);
    host_of(&address, 29, 15);
    assert_int_equal(core_roster_move(&roster, 12, goose_address_text(&address)), GOOSE_ROSTER_OK);
    host_of(&address, 21, 14);
    assert_int_equal(core_roster_move(&roster, 13, goose_address_text(&address)), GOOSE_ROSTER_OK);
    assert_int_equal(goose_roster_encoded_bytes(&roster), GOOSE_ROSTER_BYTES_MAX);
    assert_true(goose_roster_is_sound(&roster));
}

/* What a roster should be: a list. */
struct model {
    int count;
    struct goose_address address[SEATS_MAX];
    uint64_t uid[SEATS_MAX];
};

static void model_move(struct model *model, struct goose_roster *roster, int seat,
                       const struct goose_address *address)
{
    enum goose_roster_result moved = core_roster_move(roster, seat, goose_address_text(address));
    if (moved == GOOSE_ROSTER_OK) model->address[seat] = *address;
}

static void model_add(struct model *model, struct goose_roster *roster,
                      const struct goose_address *address, uint64_t uid)
{
    if (goose_roster_add(roster, goose_address_text(address), uid, 7, 8) != GOOSE_ROSTER_OK) return;
    model->address[model->count] = *address;
    model->uid[model->count++] = uid;
}

static void model_remove(struct model *model, struct goose_roster *roster, int seat)
{
    goose_roster_remove(roster, seat);
    model->count--;
    for (int i = seat; i < model->count; i++) {
        model->address[i] = model->address[i + 1];
        model->uid[i] = model->uid[i + 1];
    }
}

/* PROTOCOL 1: made by other ways, the same seats are the same bytes. */
static void model_agrees(const struct model *model, const struct goose_roster *roster)
{
    struct goose_roster afresh;

    goose_roster_clear(&afresh);
    for (int i = 0; i < model->count; i++)
        assert_int_equal(
            goose_roster_add(&afresh, goose_address_text(&model->address[i]), model->uid[i], 7, 8),
            GOOSE_ROSTER_OK);
    assert_memory_equal(&afresh, roster, sizeof afresh);
    for (int i = 0; i < model->count; i++) {
        assert_int_equal(goose_roster_find_uid(roster, model->uid[i]), model->uid[i] == 0 ? -1 : i);
        assert_int_equal(goose_roster_find_address(roster, goose_address_text(&model->address[i])),
                         i);
    }
}

static void changes_agree_with_a_list(void **state)
{
    struct model model = {.count = 0};
    struct goose_roster roster;
    struct goose_address address;
    struct rng rng = {1};
    uint64_t full = 0;

    (void)state;
    goose_roster_clear(&roster);
    for (int turn = 0; turn < 20000; turn++) {
        uint64_t what = rng_below(&rng, 9);
        host_of(&address, (int)(3 + rng_below(&rng, GOOSE_HOST_CHARS_MAX - 2)),
                (int)rng_below(&rng, 60));
        if (what < 5)
            model_add(&model, &roster, &address, rng_below(&rng, 50));
        else if (model.count > 0 && what < 7)
            model_move(&model, &roster, (int)rng_below(&rng, (uint64_t)model.count), &address);
        else if (model.count > 0)
            model_remove(&model, &roster, (int)rng_below(&rng, (uint64_t)model.count));
        model_agrees(&model, &roster);
        if (goose_roster_encoded_bytes(&roster) > GOOSE_ROSTER_BYTES_MAX - GOOSE_SEAT_HEAD_BYTES)
            full++;
        roster.wanted = roster.count;
        assert_true(goose_roster_is_sound(&roster));
        roster.wanted = 0;
    }
    assert_true(full > 100); /* the walk has been at the limit */
}

static void a_digest_tells_every_field_apart(void **state)
{
    struct goose_roster good, one;
    uint64_t digest;

    (void)state;
    core_roster(&good, 3);
    digest = goose_roster_digest(&good);
    one = good;
    assert_int_equal(goose_roster_digest(&one), digest);
#define DIFFERS(change) \
    one = good;         \
    change;             \
    assert_int_not_equal(goose_roster_digest(&one), digest)
    DIFFERS(one.term++);
    DIFFERS(one.version++);
    DIFFERS(one.flock_id++);
    DIFFERS(one.removed[0]++);
    DIFFERS(one.removed[GOOSE_REMOVED_KEPT - 1]++);
    DIFFERS(one.wanted++);
    DIFFERS(one.seats[2].uid++);
    DIFFERS(one.seats[2].priority++);
    DIFFERS(one.seats[2].http_port++);
    DIFFERS(goose_roster_remove(&one, 2));
    DIFFERS(core_roster_move(&one, 2, core_text("n3:7001")));
    DIFFERS((goose_roster_remove(&one, 0), add(&one, "n1:7000", 1)));
#undef DIFFERS
}

/* A byte of good seats is any byte: what is then still a roster can be used and is another one. */
static void every_corrupted_byte_is_told_or_harmless(void **state)
{
    struct goose_roster good, bad;
    size_t refused = 0, accepted = 0;
    const size_t arena_at = offsetof(struct goose_roster, arena);

    (void)state;
    core_roster(&good, 3);
    for (size_t at = 0; at < sizeof good; at++)
        for (unsigned value = 0; value <= UINT8_MAX; value++) {
            bad = good;
            if (((uint8_t *)&bad)[at] == value) continue;
            ((uint8_t *)&bad)[at] = (uint8_t)value;
            if (!goose_roster_is_sound(&bad)) {
                refused++;
                continue;
            }
            accepted++;
            assert_true(at < arena_at + good.arena_bytes); /* what is not used is zero */
            assert_int_not_equal(goose_roster_digest(&bad), goose_roster_digest(&good));
            assert_true(goose_roster_encoded_bytes(&bad) <= GOOSE_ROSTER_BYTES_MAX);
        }
    assert_true(refused > 0 && accepted > 0);
}

static void unsound_rosters_have_one_fault_each(void **state)
{
    struct goose_roster good, bad;

    (void)state;
    core_roster(&good, 3);
    assert_true(goose_roster_is_sound(&good));
#define UNSOUND(fault) \
    bad = good;        \
    fault;             \
    assert_false(goose_roster_is_sound(&bad))
    UNSOUND(bad.count = SEATS_MAX + 1);
    UNSOUND(bad.arena_bytes = GOOSE_ROSTER_BYTES_MAX + 1);
    UNSOUND(bad.wanted = SEATS_MAX + 1);
    UNSOUND(bad.wanted = 0);
    UNSOUND(bad.removed[1] = 9); /* behind the last */
    UNSOUND(bad.removed[0] = bad.removed[1] = 9);
    UNSOUND((bad.removed[0] = bad.removed[2] = 9, bad.removed[1] = 8));
    UNSOUND(bad.arena_bytes++);
    UNSOUND(bad.arena_bytes--);
    UNSOUND(bad.seats[1].at++);
    UNSOUND(bad.seats[1].bytes++);
    UNSOUND(bad.seats[1].zero[1] = 1);
    UNSOUND(bad.seats[1].uid = bad.seats[0].uid);
    UNSOUND(bad.seats[3].uid = 9);
    UNSOUND(bad.zero[3] = 1);
    UNSOUND(bad.arena[bad.arena_bytes] = 'a');
    UNSOUND(bad.arena[1] = '2'); /* n2 twice */
    UNSOUND(bad.arena[0] = 'N');
#undef UNSOUND
}

/* 14 seats of 64 letters would fit the arena, and not the datagram. */
static void a_roster_of_too_many_bytes_is_not_sound(void **state)
{
    struct goose_roster roster;
    struct goose_address address;

    (void)state;
    goose_roster_clear(&roster);
    for (int i = 0; i < 13; i++) {
        host_of(&address, GOOSE_HOST_CHARS_MAX, i);
        assert_int_equal(goose_roster_add(&roster, goose_address_text(&address), 0, 1, 0),
                         GOOSE_ROSTER_OK);
    }
    roster.seats[13] = (struct goose_seat){.at = roster.arena_bytes, .bytes = 3, .priority = 1};
    memcpy(roster.arena + roster.arena_bytes, "a:1", 3);
    roster.arena_bytes = (uint16_t)(roster.arena_bytes + 3);
    roster.wanted = ++roster.count;
    assert_false(goose_roster_is_sound(&roster));
}

static void the_last_four_removed_are_remembered(void **state)
{
    static const uint64_t all[] = {9, 8, 7, 6}, without[] = {9, 7, 6, 0}, again[] = {7, 9, 6, 0};
    struct goose_roster roster;

    (void)state;
    core_roster(&roster, 3);
    assert_false(goose_roster_has_removed(&roster, 0));
    for (uint64_t uid = 5; uid <= 9; uid++)
        goose_roster_removed_add(&roster, uid);
    assert_memory_equal(roster.removed, all, sizeof all);
    assert_false(goose_roster_has_removed(&roster, 5));
    assert_true(goose_roster_has_removed(&roster, 6));
    goose_roster_removed_forget(&roster, 8);
    assert_memory_equal(roster.removed, without, sizeof without);
    goose_roster_removed_add(&roster, 7);
    assert_memory_equal(roster.removed, again, sizeof again);
    assert_true(goose_roster_is_sound(&roster));
}

static void a_seat_counts_its_uid_and_no_other(void **state)
{
    struct goose_roster roster;

    (void)state;
    core_roster(&roster, 2);
    assert_int_equal(add(&roster, "n3:7000", 0), GOOSE_ROSTER_OK);
    assert_int_equal(goose_roster_seat_of(&roster, 2, core_text("n9:7000")), 1);
    assert_int_equal(goose_roster_seat_of(&roster, 2, core_text("n3:7000")),
                     1); /* claims another */
    assert_int_equal(goose_roster_seat_of(&roster, 9, core_text("n3:7000")), 2);
    assert_int_equal(goose_roster_seat_of(&roster, 9, core_text("n2:7000")), -1);
    assert_int_equal(goose_roster_seat_of(&roster, 9, (struct goose_text){NULL, 0}), -1);
    assert_int_equal(goose_roster_seat_of(&roster, 0, core_text("n2:7000")), -1);
}

static void a_majority_is_more_than_half(void **state)
{
    struct goose_roster roster;

    (void)state;
    for (int seats = 1; seats <= SEATS_MAX; seats++) {
        core_roster(&roster, seats);
        int majority = goose_roster_majority(&roster);
        assert_true(2 * majority > seats && 2 * (majority - 1) <= seats);
    }
    goose_roster_clear(&roster);
    assert_true(goose_roster_majority(&roster) > SEATS_MAX);
}

static void rosters_compare_by_term_then_version(void **state)
{
    (void)state;
    assert_int_equal(goose_roster_compare(1, 9, 2, 1), -1);
    assert_int_equal(goose_roster_compare(2, 1, 1, 9), 1);
    assert_int_equal(goose_roster_compare(2, 1, 2, 2), -1);
    assert_int_equal(goose_roster_compare(2, 2, 2, 1), 1);
    assert_int_equal(goose_roster_compare(2, 2, 2, 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_canonical_or_not),
        cmocka_unit_test(address_lengths_end_at_their_limits),
        cmocka_unit_test(nul_is_no_character),
        cmocka_unit_test(bootstrap_is_the_same_in_any_order),
        cmocka_unit_test(bootstrap_names_the_flock_by_tag_and_list),
        cmocka_unit_test(bootstrap_tells_what_is_wrong),
        cmocka_unit_test(every_refusal_leaves_the_roster_alone),
        cmocka_unit_test(thirty_one_of_the_longest_ipv4_fit),
        cmocka_unit_test(the_last_four_removed_are_remembered),
        cmocka_unit_test(encoded_ends_at_1048_exactly),
        cmocka_unit_test(changes_agree_with_a_list),
        cmocka_unit_test(a_digest_tells_every_field_apart),
        cmocka_unit_test(every_corrupted_byte_is_told_or_harmless),
        cmocka_unit_test(unsound_rosters_have_one_fault_each),
        cmocka_unit_test(a_roster_of_too_many_bytes_is_not_sound),
        cmocka_unit_test(a_seat_counts_its_uid_and_no_other),
        cmocka_unit_test(a_majority_is_more_than_half),
        cmocka_unit_test(rosters_compare_by_term_then_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
