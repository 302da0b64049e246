/* test_voters.c: how many voters are wanted, who goes where there are more, and what a removal says and leaves behind:
 * PROTOCOL 9. */
#include "core.h"

#include <string.h>

#define NEWCOMER     50
#define LAST_IN_LINE 4

/* Goose of so many seats, all heard of lately. */
static struct core *goose_of(int seats)
{
    struct core *core = core_new(4);

    core_start_seated(core, seats);
    core_win(core);
    return core;
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

static void ack(struct core *core, uint64_t uid)
{
    struct goose_message m = core_message(core, GOOSE_MESSAGE_ACK, uid);

    m.ack = (struct goose_ack){.seq = core->e.reign.seq,
                               .sent_at_us = core->heartbeat.heartbeat.sent_at_us,
                               .yes = true,
                               .stands = true,
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
        if (uid != CORE_SELF && uid != 0 && uid != silent) ack(core, uid);
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_that_cannot_be_is_refused),
        cmocka_unit_test(two_numbers_are_wanted_one_after_the_other),
        cmocka_unit_test(spare_seats_go_in_order),
        cmocka_unit_test(the_removal_of_an_observer_warns_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
