/* test_carried.c: requests that another node carried here, to the goose: PROTOCOL 4, REQUEST and
 * RESULT. */
#include "core.h"

static struct core *goose_of(int seats)
{
    struct core *core = core_new(0);

    core_start_seated(core, seats);
    core_win(core);
    return core;
}

static void ask(struct core *core, uint64_t id, enum request_kind kind, const char *address)
{
    assert_int_equal(core_request(core, id, kind, address), REFUSAL_NONE);
}

static void commit_change(struct core *core)
{
    core_save(core);
    for (int i = 0; i < core->e.roster.count; i++)
        if (core->e.roster.seats[i].uid != CORE_SELF)
            assert_int_equal(core_ack(core, core->e.roster.seats[i].uid), REFUSAL_NONE);
}

static struct message request(struct core *core, uint64_t from, enum carried what,
                              const char *address)
{
    struct message m = core_message(core, MESSAGE_REQUEST, from);

    m.request = (struct request){
        .number = 12, .term = core->e.saved.term, .what = what, .address = core_text(address)};
    return m;
}

static void told_back(const struct core *core, enum outcome outcome)
{
    const struct send *send = core_sent(core, MESSAGE_RESULT);

    assert_non_null(send);
    assert_int_equal(send->message.result.outcome, outcome);
    assert_int_equal(send->message.result.number, 12);
    assert_int_equal(send->message.result.life, CORE_LIFE);
}

/* Who repeats a request is told the same again: it is carried out once. */
static void a_carried_removal_is_carried_out_once(void **state)
{
    struct core *core = goose_of(4);

    (void)state;
    assert_int_equal(core_tell(core, request(core, 2, CARRIED_REMOVE, "n4:7000")), REFUSAL_NONE);
    assert_null(core_sent(core, MESSAGE_RESULT));
    uint64_t version = core->e.saved.roster.version;
    assert_int_equal(core_tell(core, request(core, 2, CARRIED_REMOVE, "n4:7000")), REFUSAL_NONE);
    assert_null(core_sent(core, MESSAGE_RESULT));
    commit_change(core);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(core_tell(core, request(core, 2, CARRIED_REMOVE, "n4:7000")),
                         REFUSAL_NONE);
        told_back(core, OUTCOME_DONE);
    }
    assert_int_equal(core->e.saved.roster.version, version);
    core_free(core);
}

static void carried_requests_say_why_not(void **state)
{
    struct core *core = goose_of(3);

    (void)state;
    assert_int_equal(core_tell(core, request(core, 2, CARRIED_REMOVE, "n9:7000")), REFUSAL_NONE);
    told_back(core, OUTCOME_NOT_FOUND);
    struct message m = request(core, 3, CARRIED_HANDOVER, "n9:7000");
    assert_int_equal(core_tell(core, m), REFUSAL_NONE);
    told_back(core, OUTCOME_NOT_FOUND);
    m = request(core, 3, CARRIED_HANDOVER, "n2:7000");
    m.request.number = 13;
    m.request.term--; /* of an earlier goose: that has gone, one way or another */
    assert_int_equal(core_tell(core, m), REFUSAL_NONE);
    assert_int_equal(core_sent(core, MESSAGE_RESULT)->message.result.outcome, OUTCOME_DONE);
    assert_int_equal(core->e.role, ROLE_GOOSE);
    assert_int_equal(core_tell(core, request(core, 99, CARRIED_HANDOVER, "")), REFUSAL_STRANGER);
    core_free(core);
}

static void carried_requests_wait_their_turn_in_silence(void **state)
{
    struct core *core = goose_of(5);

    (void)state;
    ask(core, 1, REQUEST_REMOVE, "n5:7000");
    assert_int_equal(core_tell(core, request(core, 2, CARRIED_REMOVE, "n4:7000")), REFUSAL_NONE);
    assert_null(core_sent(core, MESSAGE_RESULT));
    struct event hold = {.kind = EVENT_REQUEST,
                         .request = {.id = 7, .kind = REQUEST_HOLD, .hold_us = 50000}};
    assert_int_equal(core_step(core, hold), REFUSAL_NONE);
    ask(core, 2, REQUEST_DRAIN, "");
    assert_int_equal(core_tell(core, request(core, 3, CARRIED_HANDOVER, "")), REFUSAL_NONE);
    assert_null(core_sent(core, MESSAGE_RESULT)); /* it resigns already */
    assert_int_equal(core->e.role, ROLE_GOOSE);
    core_free(core);
}

static void a_carried_handover_resigns(void **state)
{
    struct core *core = goose_of(3);

    (void)state;
    assert_int_equal(core_tell(core, request(core, 2, CARRIED_HANDOVER, "n3:7000")), REFUSAL_NONE);
    assert_int_equal(core->e.role, ROLE_DUCK);
    assert_int_equal(core_sent(core, MESSAGE_RESIGN)->message.resign.heir_uid, 3);
    assert_int_equal(core_tell(core, request(core, 2, CARRIED_HANDOVER, "n3:7000")),
                     REFUSAL_NOT_GOOSE);
    core_free(core);
}

/* Two ask for the same: it is done once, and both are told. */
static void two_may_carry_the_same_removal(void **state)
{
    struct core *core = goose_of(5);

    (void)state;
    assert_int_equal(core_tell(core, request(core, 2, CARRIED_REMOVE, "n5:7000")), REFUSAL_NONE);
    assert_int_equal(core_tell(core, request(core, 3, CARRIED_REMOVE, "n5:7000")), REFUSAL_NONE);
    assert_null(core_sent(core, MESSAGE_RESULT));
    commit_change(core);
    assert_int_equal(core_tell(core, request(core, 2, CARRIED_REMOVE, "n5:7000")), REFUSAL_NONE);
    told_back(core, OUTCOME_DONE);
    assert_int_equal(core_tell(core, request(core, 3, CARRIED_REMOVE, "n5:7000")), REFUSAL_NONE);
    told_back(core, OUTCOME_NOT_FOUND); /* its node knows that it was a member */
    core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_carried_removal_is_carried_out_once),
        cmocka_unit_test(two_may_carry_the_same_removal),
        cmocka_unit_test(carried_requests_say_why_not),
        cmocka_unit_test(carried_requests_wait_their_turn_in_silence),
        cmocka_unit_test(a_carried_handover_resigns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
