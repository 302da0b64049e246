/* test_forwarded.c: requests that another node forwarded here, to the goose: PROTOCOL 4, REQUEST and
 * RESULT. */
#include "core.h"

static struct core *goose_of(int seats)
{
    struct core *core = core_new(0);

    core_start_seated(core, seats);
    core_win(core);
    return core;
}

static void ask(struct core *core, uint64_t id, enum goose_request_kind kind, const char *address)
{
    assert_int_equal(core_request(core, id, kind, address), GOOSE_REFUSAL_NONE);
}

static void commit_change(struct core *core)
{
    core_save(core);
    for (int i = 0; i < core->e.roster.count; i++)
        if (core->e.roster.seats[i].uid != CORE_SELF)
            assert_int_equal(core_ack(core, core->e.roster.seats[i].uid), GOOSE_REFUSAL_NONE);
}

static struct goose_message request(struct core *core, uint64_t from, enum goose_forwarded what,
                                    const char *address)
{
    struct goose_message m = core_message(core, GOOSE_MESSAGE_REQUEST, from);

    m.request = (struct goose_request){
        .number = 12, .term = core->e.saved.term, .what = what, .address = core_text(address)};
    return m;
}

static void told_back(const struct core *core, enum goose_outcome outcome)
{
    const struct goose_send *send = core_sent(core, GOOSE_MESSAGE_RESULT);

    assert_non_null(send);
    assert_int_equal(send->message.result.outcome, outcome);
    assert_int_equal(send->message.result.number, 12);
    assert_int_equal(send->message.result.life, CORE_LIFE);
}

static void forwarded_requests_say_why_not(void **state)
{
    struct core *core = goose_of(3);

    (void)state;
    assert_int_equal(core_tell(core, request(core, 2, GOOSE_FORWARDED_REMOVE, "n9:7000")),
                     GOOSE_REFUSAL_NONE);
    told_back(core, GOOSE_OUTCOME_NOT_FOUND);
    struct goose_message m = request(core, 3, GOOSE_FORWARDED_HANDOVER, "n9:7000");
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NONE);
    told_back(core, GOOSE_OUTCOME_NOT_FOUND);
    m = request(core, 3, GOOSE_FORWARDED_HANDOVER, "n2:7000");
    m.request.number = 13;
    m.request.term--; /* of an earlier goose: that has gone, one way or another */
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NONE);
    assert_int_equal(core_sent(core, GOOSE_MESSAGE_RESULT)->message.result.outcome,
                     GOOSE_OUTCOME_DONE);
    assert_int_equal(core->e.role, GOOSE_ROLE_GOOSE);
    assert_int_equal(core_tell(core, request(core, 99, GOOSE_FORWARDED_HANDOVER, "")),
                     GOOSE_REFUSAL_STRANGER);
    core_free(core);
}

static void forwarded_requests_wait_their_turn_in_silence(void **state)
{
    struct core *core = goose_of(5);

    (void)state;
    ask(core, 1, GOOSE_REQUEST_REMOVE, "n5:7000");
    assert_int_equal(core_tell(core, request(core, 2, GOOSE_FORWARDED_REMOVE, "n4:7000")),
                     GOOSE_REFUSAL_NONE);
    assert_null(core_sent(core, GOOSE_MESSAGE_RESULT));
    struct goose_event hold = {.kind = GOOSE_EVENT_REQUEST,
                               .request = {.id = 7, .kind = GOOSE_REQUEST_HOLD, .hold_us = 50000}};
    assert_int_equal(core_step(core, hold), GOOSE_REFUSAL_NONE);
    ask(core, 2, GOOSE_REQUEST_DRAIN, "");
    assert_int_equal(core_tell(core, request(core, 3, GOOSE_FORWARDED_HANDOVER, "")),
                     GOOSE_REFUSAL_NONE);
    assert_null(core_sent(core, GOOSE_MESSAGE_RESULT)); /* it resigns already */
    assert_int_equal(core->e.role, GOOSE_ROLE_GOOSE);
    core_free(core);
}

/* Two ask for the same: it is done once, and both are told. */
static void two_may_carry_the_same_removal(void **state)
{
    struct core *core = goose_of(5);

    (void)state;
    assert_int_equal(core_tell(core, request(core, 2, GOOSE_FORWARDED_REMOVE, "n5:7000")),
                     GOOSE_REFUSAL_NONE);
    assert_int_equal(core_tell(core, request(core, 3, GOOSE_FORWARDED_REMOVE, "n5:7000")),
                     GOOSE_REFUSAL_NONE);
    assert_null(core_sent(core, GOOSE_MESSAGE_RESULT));
    commit_change(core);
    assert_int_equal(core_tell(core, request(core, 2, GOOSE_FORWARDED_REMOVE, "n5:7000")),
                     GOOSE_REFUSAL_NONE);
    told_back(core, GOOSE_OUTCOME_DONE);
    assert_int_equal(core_tell(core, request(core, 3, GOOSE_FORWARDED_REMOVE, "n5:7000")),
                     GOOSE_REFUSAL_NONE);
    told_back(core, GOOSE_OUTCOME_NOT_FOUND); /* its node knows that it was a member */
    core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_may_carry_the_same_removal),
        cmocka_unit_test(forwarded_requests_say_why_not),
        cmocka_unit_test(forwarded_requests_wait_their_turn_in_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
