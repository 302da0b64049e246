/* test_voters.c: how many voters are wanted, who goes where there are more, and what a removal says and leaves behind:
 * PROTOCOL 9. */
#include "core.h"

#include <string.h>

#define NEWCOMER     50
#define LAST_IN_LINE 4

/* Goose of so many seats, all heard of lately. */
static struct core *goose_of_roster(const struct goose_roster *roster)
{
    struct core *core = core_new(4);

    core_start_with(core, roster);
    core_win(core);
    return core;
}

static struct core *goose_of(int seats)
{
    struct goose_roster roster;

    core_roster(&roster, seats);
    return goose_of_roster(&roster);
}

static void want(struct core *core, uint64_t id, uint8_t wanted)
{
    struct goose_event event = {
        .kind = GOOSE_EVENT_REQUEST,
        .request = {.id = id, .kind = GOOSE_REQUEST_VOTERS, .wanted = wanted}};

    assert_int_equal(core_step(core, event), GOOSE_REFUSAL_NONE);
}

static void ask_remove(struct core *core, uint64_t id, const char *address)
{
    assert_int_equal(core_request(core, id, GOOSE_REQUEST_REMOVE, address), GOOSE_REFUSAL_NONE);
}

static const struct goose_answer *ends_with(const struct core *core, uint64_t id,
                                            enum goose_outcome outcome)
{
    const struct goose_answer *answer = core_answer(core, id);

    assert_non_null(answer);
    assert_int_equal(answer->outcome, outcome);
    return answer;
}

static void ack(struct core *core, uint64_t uid, bool stands)
{
    struct goose_message m = core_message(core, GOOSE_MESSAGE_ACK, uid);

    m.ack = (struct goose_ack){.seq = core->e.reign.seq,
                               .sent_at_us = core->heartbeat.heartbeat.sent_at_us,
                               .yes = true,
                               .stands = stands,
                               .priority = uid == LAST_IN_LINE ? 50 : GOOSE_PRIORITY_DEFAULT};
    (void)core_tell(core, m);
}

/* As if nobody had ever come to this seat. */
static void unclaim(struct core *core, int seat)
{
    core->e.roster.seats[seat].uid = core->e.saved.roster.seats[seat].uid = 0;
    memset(&core->e.peers[seat], 0, sizeof core->e.peers[seat]);
}

/* A heartbeat, acked by all seats but `silent`, all written. The roster in use is committed by then. */
static void round_without(struct core *core, uint64_t silent)
{
    core_at(core, core->e.reign.heartbeat_at_us);
    core_save(core);
    for (int i = 0; i < core->e.roster.count; i++) {
        uint64_t uid = core->e.roster.seats[i].uid;
        if (uid != CORE_SELF && uid != 0 && uid != silent) ack(core, uid, true);
    }
}

static void the_wanted_number_is_a_change_of_its_own(void **state)
{
    struct core *core = goose_of(3);

    (void)state;
    uint64_t version = core->e.roster.version;
    want(core, 1, 5);
    assert_true(core->e.reign.roster_pending);
    assert_int_equal(core->e.reign.pending_why, GOOSE_REASON_VOTERS_WANTED);
    core_save(core);
    assert_int_equal(core->e.roster.wanted, 5);
    assert_int_equal(core->e.roster.count, 3);
    assert_null(core_answer(core, 1));
    core_ack(core, 2);
    assert_int_equal(ends_with(core, 1, GOOSE_OUTCOME_DONE)->number, 0);
    want(core, 2, 5); /* as it is already */
    ends_with(core, 2, GOOSE_OUTCOME_DONE);
    assert_int_equal(core->e.roster.version, version + 1);
    core_free(core);
}

static void a_number_that_cannot_be_is_refused(void **state)
{
    struct core *core = goose_of(3);

    (void)state;
    want(core, 1, 0);
    ends_with(core, 1, GOOSE_OUTCOME_NOT_FOUND);
    want(core, 2, GOOSE_ROSTER_SEATS_MAX + 1);
    ends_with(core, 2, GOOSE_OUTCOME_NOT_FOUND);
    want(core, 3, GOOSE_ROSTER_SEATS_MAX);
    assert_null(core_answer(core, 3));
    core_free(core);
}

/* One at a time, whatever they ask: the second waits for the first, and is carried out then. */
static void two_numbers_are_wanted_one_after_the_other(void **state)
{
    struct core *core = goose_of(3);

    (void)state;
    want(core, 1, 4);
    want(core, 2, 5);
    core_save(core);
    assert_int_equal(core->e.roster.wanted, 4);
    core_ack(core, 2);
    ends_with(core, 1, GOOSE_OUTCOME_DONE);
    for (int i = 0; i < 3 && core->e.roster.wanted == 4; i++)
        round_without(core, 0);
    assert_int_equal(core->e.roster.wanted, 5);
    core_free(core);
}

static void a_forwarded_number_is_told_once_committed(void **state)
{
    struct core *core = goose_of(3);
    struct goose_message m = core_message(core, GOOSE_MESSAGE_REQUEST, 2);

    (void)state;
    m.request = (struct goose_request){
        .number = 12, .term = core->e.saved.term, .what = GOOSE_FORWARDED_VOTERS, .wanted = 5};
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NONE);
    core_save(core);
    assert_null(core_sent(core, GOOSE_MESSAGE_RESULT));
    core_ack(core, 2);
    m.counter = ++core->counter;
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NONE);
    assert_int_equal(core_sent(core, GOOSE_MESSAGE_RESULT)->message.result.outcome,
                     GOOSE_OUTCOME_DONE);
    assert_int_equal(core->e.roster.wanted, 5);
    core_free(core);
}

/* Of {1: the goose, 2 unclaimed, 3 silent, 4 of low priority, 5, 6, 7}: in this order, and never the goose. */
static void spare_seats_go_in_order(void **state)
{
    static const char *const addresses[] = {"n2:7000", "n3:7000", "n4:7000",
                                            "n7:7000", "n6:7000", "n5:7000"};
    struct core *core = goose_of(7);

    (void)state;
    core->e.options.priority = 1; /* the goose is last in line */
    unclaim(core, 1);
    for (int i = 0; i < 15; i++)
        round_without(core, 3);
    assert_int_equal(core->e.roster.count, 7);
    want(core, 1, 1);
    for (size_t gone = 0; gone < sizeof addresses / sizeof addresses[0]; gone++) {
        for (int i = 0; i < 4 && core->e.roster.count == 7 - (int)gone; i++)
            round_without(core, 3);
        assert_int_equal(core->e.roster.count, 6 - (int)gone);
        assert_true(goose_roster_find_address(&core->e.roster, core_text(addresses[gone])) < 0);
    }
    assert_int_equal(core->e.roster.seats[0].uid, CORE_SELF);
    assert_int_equal(core->e.roster.removed[0], 0); /* so they may come back */
    core_free(core);
}

static void a_removal_warns_only_where_nobody_waits(void **state)
{
    enum { NOTHING, MAY_ENTER, STANDS };
    struct core *core = goose_of(3);

    (void)state;
    ask_remove(core, 1, "n3:7000");
    core_save(core);
    core_ack(core, 2);
    assert_int_equal(ends_with(core, 1, GOOSE_OUTCOME_DONE)->number, 1);
    assert_int_equal(core->e.roster.wanted, 3);
    core_free(core);

    for (int says = NOTHING; says <= STANDS; says++) {
        core = goose_of(5);
        assert_int_equal(core_admit(core, NEWCOMER), GOOSE_REFUSAL_NONE);
        observers_find(core->observers, NEWCOMER)->may_enter = says == MAY_ENTER;
        ack(core, NEWCOMER, says == STANDS);
        ask_remove(core, 1, "n5:7000");
        core_save(core);
        core_ack(core, 2);
        core_ack(core, 3);
        assert_int_equal(ends_with(core, 1, GOOSE_OUTCOME_DONE)->number, says == NOTHING ? 2 : 0);
        core_free(core);
    }
}

/* As many are left as are wanted. */
static void the_removal_of_an_observer_warns_of_nothing(void **state)
{
    struct core *core = goose_of(3);

    (void)state;
    assert_int_equal(core_admit(core, NEWCOMER), GOOSE_REFUSAL_NONE);
    ask_remove(core, 1, "n50:7000");
    core_save(core);
    core_ack(core, 2);
    assert_int_equal(ends_with(core, 1, GOOSE_OUTCOME_DONE)->number, 0);
    core_free(core);
}

/* {1, 2, 3 unclaimed}: without 2 there would be no majority of claimed seats, and force does not make one. */
static void an_unclaimed_seat_goes_first(void **state)
{
    struct core *core = goose_of(3);
    struct goose_event force = {
        .kind = GOOSE_EVENT_REQUEST,
        .request = {
            .id = 2, .kind = GOOSE_REQUEST_REMOVE, .force = true, .address = core_text("n2:7000")}};

    (void)state;
    unclaim(core, 2);
    ask_remove(core, 1, "n2:7000");
    ends_with(core, 1, GOOSE_OUTCOME_UNCLAIMED_FIRST);
    assert_int_equal(core_step(core, force), GOOSE_REFUSAL_NONE);
    ends_with(core, 2, GOOSE_OUTCOME_UNCLAIMED_FIRST);
    ask_remove(core, 3, "n1:7000"); /* the goose itself: it hands nothing over for nothing */
    ends_with(core, 3, GOOSE_OUTCOME_UNCLAIMED_FIRST);
    assert_int_equal(core->e.role, GOOSE_ROLE_GOOSE);
    ask_remove(core, 4, "n3:7000");
    assert_true(core->e.reign.roster_pending);
    core_free(core);
}

static void an_observer_is_no_heir(void **state)
{
    struct core *core = goose_of(3);

    (void)state;
    assert_int_equal(core_admit(core, NEWCOMER), GOOSE_REFUSAL_NONE);
    assert_int_equal(core_request(core, 1, GOOSE_REQUEST_HANDOVER, "n50:7000"), GOOSE_REFUSAL_NONE);
    ends_with(core, 1, GOOSE_OUTCOME_NOT_ELIGIBLE);
    assert_int_equal(core_request(core, 2, GOOSE_REQUEST_HANDOVER, "n51:7000"), GOOSE_REFUSAL_NONE);
    ends_with(core, 2, GOOSE_OUTCOME_NOT_FOUND);
    core_free(core);
}

/* A heartbeat of a roster without my seat that names my uid at `place` among the removed. */
static void hear_of_removal(struct core *core, int place)
{
    struct goose_roster next = core->e.roster;
    struct goose_message m = core_message(core, GOOSE_MESSAGE_HEARTBEAT, 2);

    goose_roster_remove(&next, 0);
    next.version++;
    goose_roster_removed_add(&next, CORE_SELF);
    for (int i = 0; i < place; i++)
        goose_roster_removed_add(&next, 90 + (uint64_t)i);
    m.roster_version = next.version;
    m.heartbeat = (struct goose_heartbeat){
        .seq = 1, .promise_us = promise_of_lease_us(CORE_LEASE_US), .stagger_us = 10000};
    assert_int_equal(core_tell_roster(core, m, &next), GOOSE_REFUSAL_NONE);
}

static void who_was_removed_is_barred_through_a_restart_until_undrain(void **state)
{
    struct goose_election_options options;

    (void)state;
    for (int place = 0; place <= GOOSE_REMOVED_KEPT; place++) {
        struct core *core = core_new(0);
        core_start_seated(core, 4);
        hear_of_removal(core, place);
        assert_int_equal(core->e.saved.barred, place < GOOSE_REMOVED_KEPT);
        core_save(core);
        struct goose_durable_state saved = core->e.saved;
        core_free(core);

        core = core_new(0);
        core_options(&options);
        core_start(core, &options, &saved);
        assert_int_equal(may_enter(&core->e), place == GOOSE_REMOVED_KEPT);
        assert_int_equal(core_request(core, 1, GOOSE_REQUEST_UNDRAIN, ""), GOOSE_REFUSAL_NONE);
        assert_true(may_enter(&core->e));
        assert_int_equal(core->actions.save, place < GOOSE_REMOVED_KEPT); /* for good */
        assert_false(core->e.saved.barred);
        core_free(core);
    }
}

/* Who comes back and is let in is not remembered any longer. */
static void who_is_let_in_again_is_forgotten(void **state)
{
    struct goose_roster roster;

    (void)state;
    core_roster(&roster, 2);
    roster.wanted = 3;
    goose_roster_removed_add(&roster, NEWCOMER);
    goose_roster_removed_add(&roster, 99);
    struct core *core = goose_of_roster(&roster);
    assert_int_equal(core_admit(core, NEWCOMER), GOOSE_REFUSAL_NONE);
    ack(core, NEWCOMER, true);
    for (int i = 0; i < 3 && core->e.roster.count == 2; i++) {
        round_without(core, 0);
        ack(core, NEWCOMER, true);
    }
    assert_true(goose_roster_find_uid(&core->e.roster, NEWCOMER) >= 0);
    assert_false(goose_roster_has_removed(&core->e.roster, NEWCOMER));
    assert_true(goose_roster_has_removed(&core->e.roster, 99));
    core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wanted_number_is_a_change_of_its_own),
        cmocka_unit_test(a_number_that_cannot_be_is_refused),
        cmocka_unit_test(two_numbers_are_wanted_one_after_the_other),
        cmocka_unit_test(a_forwarded_number_is_told_once_committed),
        cmocka_unit_test(spare_seats_go_in_order),
        cmocka_unit_test(a_removal_warns_only_where_nobody_waits),
        cmocka_unit_test(the_removal_of_an_observer_warns_of_nothing),
        cmocka_unit_test(an_unclaimed_seat_goes_first),
        cmocka_unit_test(an_observer_is_no_heir),
        cmocka_unit_test(who_was_removed_is_barred_through_a_restart_until_undrain),
        cmocka_unit_test(who_is_let_in_again_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
