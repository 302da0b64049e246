/* test_changes.c: what counts as a change, which index it gets, why it is said to have come, and what is remembered. */
#include "unit.h"

#include <string.h>

#include "daemon/changes.h"

#define ME    1
#define OTHER 2
#define THIRD 3

/* A node as the election would show it, and a listener. */
static struct world {
    struct changes changes;
    struct goose_election_view view;
    struct goose_roster roster;
    struct goose_tenure resigned;
    struct goose_note notes[GOOSE_ELECTION_NOTES_MAX];
    int note_count;
    unsigned told;
    struct change last;
} world;

static void hear(void *to, const struct change *change)
{
    assert_ptr_equal(to, &world);
    assert_int_equal(change->index, world.changes.newest.index);
    world.told++;
    world.last = *change;
}

static struct goose_text text(const char *chars)
{
    return (struct goose_text){chars, (uint8_t)strlen(chars)};
}

static int begin(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    world.roster.term = 1;
    world.roster.version = 1;
    world.view = (struct goose_election_view){.role = GOOSE_ROLE_DUCK,
                                              .seat = GOOSE_SEAT_VOTER,
                                              .uid = ME,
                                              .term = 1,
                                              .roster = &world.roster};
    changes_listen(&world.changes, hear, &world);
    return 0;
}

static void add_note(enum goose_note_kind kind, enum goose_role role, enum goose_reason why)
{
    world.notes[world.note_count++] = (struct goose_note){.kind = kind, .role = role, .why = why};
}

/* A step is over; its notes are gone then. */
static void step(void)
{
    const struct step_seen seen = {.view = &world.view,
                                   .resigned = &world.resigned,
                                   .notes = world.notes,
                                   .note_count = world.note_count,
                                   .at_ms = 1000 + (int64_t)world.told};

    changes_notice(&world.changes, &seen);
    world.note_count = 0;
}

/* It is a change, for this reason, and has the next index. */
static void expect(const char *why, bool of_goose)
{
    unsigned told = world.told;

    step();
    assert_int_equal(world.told, told + 1);
    assert_int_equal(world.last.index, told + 1);
    assert_string_equal(world.last.why, why);
    assert_int_equal(world.last.of_goose, of_goose);
    assert_int_equal(world.last.term, world.view.term);
    assert_int_equal(world.last.is_goose, world.view.role == GOOSE_ROLE_GOOSE);
}

static void expect_none(void)
{
    unsigned told = world.told;

    step();
    assert_int_equal(world.told, told);
}

static void know(uint64_t uid, const char *address)
{
    world.view.role = uid == ME ? GOOSE_ROLE_GOOSE : GOOSE_ROLE_DUCK;
    world.view.knows_goose = uid != 0;
    world.view.goose_uid = uid;
    world.view.goose = text(address);
}

static void expect_goose(uint64_t uid, const char *address, const char *why)
{
    char before[GOOSE_ADDRESS_CHARS_MAX + 1];

    memcpy(before, world.changes.known.goose, sizeof before);
    know(uid, address);
    expect(why, true);
    assert_string_equal(world.last.from, before);
    assert_string_equal(world.last.to, address);
    expect_none();
}

static void test_the_start_is_the_first(void **state)
{
    (void)state;
    expect("started", true);
    assert_string_equal(world.last.from, "");
    assert_string_equal(world.last.to, "");
    assert_null(changes_of_goose(&world.changes, 0));
    expect_none();
}

/* What goes by every moment is no change. */
static void test_what_is_none(void **state)
{
    (void)state;
    expect("started", true);
    expect_goose(OTHER, "n2:1", "heard it");
    world.view.lease_left_us = 5;
    world.view.hold_left_us = 5;
    world.view.promise_left_us = 5;
    world.view.succession_delay_us = 5;
    world.view.role = GOOSE_ROLE_CANVASSING;
    expect_none();
    world.view.role = GOOSE_ROLE_CANDIDATE;
    expect_none();
}

static void test_each_part_of_the_state(void **state)
{
    (void)state;
    expect("started", true);
    world.view.draining = true;
    expect("draining", false);
    world.view.draining = false;
    expect("no longer draining", false);
    world.view.settled = true;
    expect("the roster is settled", false);
    world.view.settled = false;
    expect("the roster is not settled", false);
    world.view.seat = GOOSE_SEAT_OBSERVER;
    expect("an observer now", false);
    world.view.seat = GOOSE_SEAT_NONE;
    expect("no member any more", false);
    world.view.seat = GOOSE_SEAT_VOTER;
    expect("a voter now", false);
    world.view.term = 2;
    expect("a newer term", false);
    world.roster.version = 2;
    expect("a newer roster", false);
    world.roster.term = 2;
    add_note(GOOSE_NOTE_ROSTER, GOOSE_ROLE_DUCK, GOOSE_REASON_SEAT_ADDED);
    expect("a voter was added", false);
    world.roster.version = 3;
    add_note(GOOSE_NOTE_ROSTER, GOOSE_ROLE_DUCK, GOOSE_REASON_GOOSE_HEARD);
    expect("a newer roster", false);
    world.view.knows_goose = true; /* whose seat is not known yet */
    world.view.goose_uid = OTHER;
    expect("ready", false);
    world.view.knows_goose = false;
    expect("not ready", false);
    assert_null(changes_of_goose(&world.changes, 0));
}

static void test_elections(void **state)
{
    (void)state;
    expect("started", true);
    add_note(GOOSE_NOTE_ROLE, GOOSE_ROLE_CANDIDATE, GOOSE_REASON_CANVASS_WON);
    expect_none();
    expect_goose(ME, "n1:1", "elected, no goose was known before");
    add_note(GOOSE_NOTE_ROLE, GOOSE_ROLE_DUCK, GOOSE_REASON_LEASE_ENDED);
    expect_goose(0, "", "its lease ended");
    add_note(GOOSE_NOTE_ROLE, GOOSE_ROLE_CANDIDATE, GOOSE_REASON_CANVASS_WON);
    expect_goose(ME, "n1:1", "elected again");
    add_note(GOOSE_NOTE_ROLE, GOOSE_ROLE_DUCK, GOOSE_REASON_GOOSE_HEARD);
    expect_goose(OTHER, "n2:1", "heard a newer goose");
    expect_goose(0, "", "lost touch with the goose");
    add_note(GOOSE_NOTE_ROLE, GOOSE_ROLE_CANDIDATE, GOOSE_REASON_CANVASS_WON);
    expect_goose(ME, "n1:1", "elected after the goose fell silent");
    add_note(GOOSE_NOTE_ROLE, GOOSE_ROLE_DUCK, GOOSE_REASON_HANDOVER);
    expect_goose(0, "", "handed over");
    world.view.term = 3;
    expect_goose(THIRD, "n3:1", "heard it");
    world.resigned = (struct goose_tenure){.term = 3, .uid = THIRD, .life = 1};
    expect_goose(0, "", "it resigned");
    add_note(GOOSE_NOTE_ROLE, GOOSE_ROLE_CANDIDATE, GOOSE_REASON_CANVASS_WON);
    expect_goose(ME, "n1:1", "elected after the goose resigned");
    add_note(GOOSE_NOTE_ROLE, GOOSE_ROLE_DUCK, GOOSE_REASON_STOPPED);
    expect_goose(0, "", "stopping");
}

static void test_heirs_and_founders(void **state)
{
    (void)state;
    expect("started", true);
    add_note(GOOSE_NOTE_BIRTH, GOOSE_ROLE_DUCK, GOOSE_REASON_FOUNDED);
    add_note(GOOSE_NOTE_ROLE, GOOSE_ROLE_CANDIDATE, GOOSE_REASON_CANVASS_WON);
    expect_goose(ME, "n1:1", "founded a flock of one");
    /* In one step it leaves and stands again: what took the role away counts. */
    add_note(GOOSE_NOTE_ROLE, GOOSE_ROLE_DUCK, GOOSE_REASON_HIGHER_TERM);
    add_note(GOOSE_NOTE_ROLE, GOOSE_ROLE_CANDIDATE, GOOSE_REASON_IN_PLACE);
    add_note(GOOSE_NOTE_ROLE, GOOSE_ROLE_DUCK, GOOSE_REASON_YIELDED);
    expect_goose(0, "", "made way for a higher term");
    expect_goose(ME, "n1:1", "stood again above a higher term");
    add_note(GOOSE_NOTE_ROLE, GOOSE_ROLE_DUCK, GOOSE_REASON_NEWER_ROSTER);
    expect_goose(0, "", "resigned");
    expect_goose(OTHER, "n2:1", "heard it");
    world.view.term = 2;
    expect_goose(0, "", "a newer term began");
    add_note(GOOSE_NOTE_ROLE, GOOSE_ROLE_CANDIDATE, GOOSE_REASON_HEIR);
    expect_goose(ME, "n1:1", "heir of a resigned goose");
}

/* A goose that moves is another one to whoever has to find it. */
static void test_a_goose_that_moves(void **state)
{
    (void)state;
    expect("started", true);
    expect_goose(OTHER, "n2:1", "heard it");
    expect_goose(OTHER, "n9:1", "heard it");
}

static void test_the_last_hundred(void **state)
{
    (void)state;
    expect("started", true);
    for (int i = 0; i < 130; i++) {
        expect_goose(i % 2 == 0 ? OTHER : 0, i % 2 == 0 ? "n2:1" : "",
                     i % 2 == 0 ? "heard it" : "lost touch with the goose");
        world.view.settled = !world.view.settled; /* which is no change of the goose */
        expect(world.view.settled ? "the roster is settled" : "the roster is not settled", false);
    }
    for (size_t i = 0; i < 100; i++) {
        const struct change *change = changes_of_goose(&world.changes, i);
        assert_non_null(change);
        assert_int_equal(change->index, 2 + 2 * (30 + i));
        assert_int_equal(change->at_ms, 1000 + (int64_t)change->index - 1);
        assert_string_equal(change->to, i % 2 == 0 ? "n2:1" : "");
        assert_string_equal(change->from, i % 2 == 0 ? "" : "n2:1");
    }
    assert_null(changes_of_goose(&world.changes, 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_the_start_is_the_first, begin),
        cmocka_unit_test_setup(test_what_is_none, begin),
        cmocka_unit_test_setup(test_each_part_of_the_state, begin),
        cmocka_unit_test_setup(test_elections, begin),
        cmocka_unit_test_setup(test_heirs_and_founders, begin),
        cmocka_unit_test_setup(test_a_goose_that_moves, begin),
        cmocka_unit_test_setup(test_the_last_hundred, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
