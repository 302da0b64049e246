/* test_geese.c: what cannot be prevented is told: a second goose in a term, and a flock that was founded twice. */
#include "core.h"

#define FOUNDING 77

/* A node of a flock of three, that follows nobody yet. */
static struct core *core_of_flock(void)
{
    struct core *core = core_new(0);
    struct goose_roster roster;

    core_roster(&roster, 3);
    roster.founding = FOUNDING;
    core_start_with(core, &roster);
    return core;
}

/* Does it say that this one is a second goose? */
static bool says_so(struct core *core, uint64_t uid, uint64_t term, uint64_t seq, uint64_t founding,
                    bool settled)
{
    struct goose_message m = core_message(core, GOOSE_MESSAGE_HEARTBEAT, uid);

    m.term = term;
    m.heartbeat = (struct goose_heartbeat){.seq = seq,
                                           .sent_at_us = core->now_us,
                                           .promise_us = promise_of_lease_us(CORE_LEASE_US),
                                           .stagger_us = CORE_LEASE_US / 30,
                                           .founding = founding,
                                           .settled = settled};
    (void)core_tell(core, m);
    const struct goose_note *note = core_noted(core, GOOSE_NOTE_TWO_GEESE);
    assert_true(note == NULL || (note->uid == uid && note->number == term));
    return note != NULL;
}

static void a_follower_tells_of_a_second_in_its_term_once_a_minute(void **state)
{
    struct core *core = core_of_flock();

    (void)state;
    assert_false(says_so(core, 2, CORE_TERM, 1, FOUNDING, true));
    assert_false(says_so(core, 2, CORE_TERM, 2, FOUNDING, true));
    assert_true(says_so(core, 3, CORE_TERM, 1, FOUNDING, true));
    assert_false(says_so(core, 2, CORE_TERM, 3, FOUNDING, true));
    core->now_us += 60000000;
    assert_true(says_so(core, 3, CORE_TERM, 2, FOUNDING, true));
    core_free(core);
}

static void a_goose_tells_of_a_second_in_its_term(void **state)
{
    struct core *core = core_of_flock();

    (void)state;
    core_win(core);
    uint64_t term = core->e.saved.term;
    assert_false(says_so(core, 2, term - 1, 1, FOUNDING, true));
    assert_true(says_so(core, 2, term, 1, FOUNDING, true));
    core_free(core);
}

/* While it is being founded one flock may hear of two: of one the roster will be lost. */
static void who_follows_a_settled_goose_tells_of_another_founding(void **state)
{
    struct core *core = core_of_flock();

    (void)state;
    assert_false(says_so(core, 2, CORE_TERM, 1, FOUNDING, false));
    assert_false(says_so(core, 3, CORE_TERM + 1, 1, FOUNDING + 1, false));
    assert_false(says_so(core, 2, CORE_TERM + 2, 1, FOUNDING, true));
    assert_false(says_so(core, 2, CORE_TERM + 2, 2, 0, true));
    assert_true(says_so(core, 3, CORE_TERM + 3, 1, FOUNDING + 1, true));
    core_free(core);
}

static void a_founding_is_drawn_once(void **state)
{
    struct core *core = core_of_flock();

    (void)state;
    core_win(core);
    assert_int_equal(core->e.roster.founding, FOUNDING);
    core_free(core);
    core = core_new(0);
    core_start_seated(core, 3);
    assert_int_equal(core->e.roster.founding, 0);
    core_win(core);
    assert_true(core->e.roster.founding != 0);
    core_free(core);
}

/* PROTOCOL 6.4: only a founding gives seats to those that vote; later that is a change of the roster, and waits its turn. */
static void a_later_win_gives_no_seat(void **state)
{
    struct core *core = core_new(0);
    struct goose_roster roster;
    struct goose_message m;

    (void)state;
    core_roster(&roster, 4);
    roster.seats[3].uid = 0;
    core_start_with(core, &roster);
    core_until(core, GOOSE_ROLE_CANVASSING);
    m = core_message(core, GOOSE_MESSAGE_HELLO, 4);
    m.address = core_text("n4:7000");
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NONE);
    for (uint64_t uid = 2; uid <= 3; uid++)
        assert_int_equal(core_reply(core, uid, GOOSE_VERDICT_YES), GOOSE_REFUSAL_NONE);
    assert_int_equal(core->e.role, GOOSE_ROLE_CANDIDATE);
    assert_int_equal(core_reply(core, 4, GOOSE_VERDICT_YES), GOOSE_REFUSAL_NONE);
    core_save(core);
    for (uint64_t uid = 2; uid <= 3; uid++)
        assert_int_equal(core_reply(core, uid, GOOSE_VERDICT_YES), GOOSE_REFUSAL_NONE);
    assert_int_equal(core->e.role, GOOSE_ROLE_GOOSE);
    assert_int_equal(core->e.roster.seats[3].uid, 0);
    core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_follower_tells_of_a_second_in_its_term_once_a_minute),
        cmocka_unit_test(a_goose_tells_of_a_second_in_its_term),
        cmocka_unit_test(who_follows_a_settled_goose_tells_of_another_founding),
        cmocka_unit_test(a_founding_is_drawn_once),
        cmocka_unit_test(a_later_win_gives_no_seat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
