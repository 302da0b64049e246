/* test_steward.c: which change of the roster the goose makes next, and what it leaves alone:
 * PROTOCOL 8 and 9. */
#include "core.h"

#include <stdio.h>
#include <string.h>

#define NEWCOMER 50

/* Follows me, and holds the roster in use. */
static void newcomer_acks(struct core *core, uint64_t uid)
{
    struct goose_message m = core_message(core, GOOSE_MESSAGE_ACK, uid);

    m.ack = (struct goose_ack){.seq = core->e.reign.seq,
                               .sent_at_us = core->heartbeat.heartbeat.sent_at_us,
                               .yes = true,
                               .stands = true,
                               .priority = GOOSE_PRIORITY_DEFAULT};
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NONE);
}

static void heartbeat_round(struct core *core)
{
    core_at(core, core->e.reign.heartbeat_at_us);
    for (int i = 0; i < core->e.roster.count; i++)
        if (core->e.roster.seats[i].uid != CORE_SELF)
            (void)core_ack(core, core->e.roster.seats[i].uid);
}

/* 13 seats of the longest names: 1,024 bytes. */
static void full_roster(struct goose_roster *roster)
{
    char chars[GOOSE_ADDRESS_CHARS_MAX + 1];

    core_roster(roster, 0);
    for (int i = 1; i <= 13; i++) {
        (void)snprintf(chars, sizeof chars, "%064d:7000", i);
        assert_int_equal(
            goose_roster_add(roster, core_text(chars), (uint64_t)i, GOOSE_PRIORITY_DEFAULT, 0),
            GOOSE_ROSTER_OK);
    }
    roster->wanted = GOOSE_ROSTER_SEATS_MAX;
    assert_int_equal(goose_roster_encoded_bytes(roster), GOOSE_ROSTER_BYTES_MAX);
}

static void a_change_beyond_1024_bytes_is_refused_with_the_number(void **state)
{
    struct core *core = core_new(4);
    struct goose_roster roster;

    (void)state;
    full_roster(&roster);
    core_start_with(core, &roster);
    core_win(core);
    uint64_t version = core->e.roster.version;
    assert_int_equal(core_admit(core, NEWCOMER), GOOSE_REFUSAL_NONE);
    assert_int_equal(core_admit(core, NEWCOMER + 1), GOOSE_REFUSAL_NONE);
    newcomer_acks(core, NEWCOMER);
    newcomer_acks(core, NEWCOMER + 1); /* 13 + 2: an odd number */
    heartbeat_round(core);
    core_at(core, core->e.reign.heartbeat_at_us);
    const struct goose_note *note = core_noted(core, GOOSE_NOTE_TOO_LARGE);
    assert_non_null(note);
    assert_int_equal(note->uid, NEWCOMER);
    assert_int_equal(note->number, GOOSE_ROSTER_BYTES_MAX + GOOSE_SEAT_HEAD_BYTES + 3); /* "n50" */
    assert_int_equal(core->e.saved.roster.version, version);
    core_free(core);
}

/* A seat's own address would grow beyond it: the rest of the change goes on without. */
static void a_seat_that_moved_to_too_long_an_address_stays(void **state)
{
    struct core *core = core_new(0);
    struct goose_roster roster;
    char chars[GOOSE_ADDRESS_CHARS_MAX + 1];

    (void)state;
    full_roster(&roster);
    assert_int_equal(core_roster_move(&roster, 12, core_text("n13:7000")), GOOSE_ROSTER_OK);
    assert_int_equal(
        goose_roster_add(&roster, core_text("n14:7000"), 14, GOOSE_PRIORITY_DEFAULT, 0),
        GOOSE_ROSTER_OK);
    (void)snprintf(chars, sizeof chars, "%064d:7000", 14);
    core_start_with(core, &roster);
    core_win(core);
    heartbeat_round(core);
    core_at(core, core->e.reign.heartbeat_at_us);
    struct goose_message m = core_message(core, GOOSE_MESSAGE_ACK, 14);
    m.address = core_text(chars);
    m.ack = (struct goose_ack){.seq = core->e.reign.seq,
                               .sent_at_us = core->heartbeat.heartbeat.sent_at_us,
                               .yes = true,
                               .stands = true,
                               .priority = 7};
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NONE);
    core_at(core, core->e.reign.heartbeat_at_us);
    core_save(core);
    assert_int_equal(core->e.roster.seats[13].priority, 7);
    assert_true(goose_text_equal(goose_roster_address(&core->e.roster, 13), core_text("n14:7000")));
    core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_beyond_1024_bytes_is_refused_with_the_number),
        cmocka_unit_test(a_seat_that_moved_to_too_long_an_address_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
