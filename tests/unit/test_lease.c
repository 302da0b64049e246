/* test_lease.c: promises, leases and holds to the microsecond, PROTOCOL 5. */
#include "core.h"

#include <string.h>

static void a_promise_is_a_twentieth_longer_and_no_more(void **state)
{
    (void)state;
    for (uint32_t lease = 1; lease <= GOOSE_LEASE_US_MAX; lease += lease < 5000 ? 1 : 99991) {
        uint64_t promise = promise_of_lease_us(lease);
        assert_true(promise * 20 >= (uint64_t)lease * 21);
        assert_true((promise - 1) * 20 < (uint64_t)lease * 21);
    }
    assert_int_equal(promise_of_lease_us(GOOSE_LEASE_US_MAX), GOOSE_PROMISE_US_MAX);
}

/* So that the lease rests on what was sent at this time. */
static uint64_t heartbeat_now(struct core *core)
{
    core_at(core, core->e.reign.heartbeat_at_us);
    assert_non_null(core_sent(core, GOOSE_MESSAGE_HEARTBEAT));
    return core->now_us;
}

static void a_claim_ends_at_the_very_microsecond(void **state)
{
    struct core *core = core_new(0);

    (void)state;
    core_start_seated(core, 3);
    core_win(core);
    uint64_t sent_us = heartbeat_now(core);
    core->now_us += 700;
    assert_int_equal(core_ack(core, 3), GOOSE_REFUSAL_NONE);
    uint64_t end_us = sent_us + CORE_LEASE_US;
    assert_int_equal(lease_end_us(&core->e, core->now_us), end_us);
    assert_true(goose_election_is_goose(&core->e, end_us - 1));
    assert_int_equal(goose_election_lease_left_us(&core->e, end_us - 1), 1);
    assert_false(goose_election_is_goose(&core->e, end_us)); /* before any event says so */
    assert_int_equal(goose_election_lease_left_us(&core->e, end_us), 0);
    assert_int_equal(core->e.role, GOOSE_ROLE_GOOSE);
    core_free(core);
}

static void alone_the_lease_never_ends(void **state)
{
    struct core *core = core_new(0);

    (void)state;
    core_start_seated(core, 1);
    core_win(core);
    assert_true(goose_election_is_goose(&core->e, core->now_us + 1000 * (uint64_t)CORE_LEASE_US));
    assert_int_equal(goose_election_lease_left_us(&core->e, core->now_us), CORE_LEASE_US);
    core_free(core);
}

/* PROTOCOL 5: an ack counts from when its heartbeat was sent, and none from the future. */
static void what_was_not_sent_yet_backs_nothing(void **state)
{
    struct core *core = core_new(0);

    (void)state;
    core_start_seated(core, 3);
    core_win(core);
    struct goose_message m = core_message(core, GOOSE_MESSAGE_ACK, 2);
    m.ack = (struct goose_ack){.seq = 1, .sent_at_us = core->now_us + 1, .yes = true};
    uint64_t end_us = lease_end_us(&core->e, core->now_us);
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_ABSURD);
    m.counter = ++core->counter;
    m.ack = (struct goose_ack){.seq = core->e.reign.seq + 1, .sent_at_us = 1, .yes = true};
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_ABSURD);
    assert_int_equal(lease_end_us(&core->e, core->now_us), end_us);
    core_free(core);
}

/* The hold is counted on a clock that may be 5 % slower than the goose's. */
static void a_hold_leaves_a_twentieth_for_the_other_clock(void **state)
{
    struct core *core = core_new(0);

    (void)state;
    core_start_seated(core, 3);
    core_win(core);
    uint64_t end_us = lease_end_us(&core->e, core->now_us);
    for (uint64_t left_us = 0; left_us <= CORE_LEASE_US; left_us += left_us < 3000 ? 1 : 997) {
        struct goose_election e = core->e;
        uint64_t given_us = hold_give(&e, UINT64_MAX, end_us - left_us);
        assert_true(given_us * 21 <= left_us * 20);
        assert_true((given_us + 2) * 21 > left_us * 20); /* nor is more kept back than that */
        assert_true(e.reign.hold_end_us <= end_us);
        assert_true(given_us == 0 ||
                    (e.reign.hold_end_us - (end_us - left_us)) * 20 >= given_us * 21);
    }
    core_free(core);
}

static uint64_t hold(struct core *core, uint64_t asked_us)
{
    struct goose_event event = {
        .kind = GOOSE_EVENT_REQUEST,
        .request = {.id = 9, .kind = GOOSE_REQUEST_HOLD, .hold_us = asked_us}};

    assert_int_equal(core_step(core, event), GOOSE_REFUSAL_NONE);
    assert_int_equal(core_answer(core, 9)->outcome, GOOSE_OUTCOME_DONE);
    return core_answer(core, 9)->number;
}

static void a_hold_is_as_long_as_was_asked_if_it_can_be(void **state)
{
    struct core *core = core_new(0);

    (void)state;
    core_start_seated(core, 3);
    core_win(core);
    uint64_t now_us = core->now_us;
    assert_int_equal(hold(core, 1000), 1000);
    assert_int_equal(core->e.reign.hold_end_us, now_us + 1050);
    assert_int_equal(hold(core, 10), 10); /* a shorter one takes nothing from a longer one */
    assert_int_equal(core->e.reign.hold_end_us, now_us + 1050);
    assert_int_equal(hold(core, 0), 0);
    core_free(core);
}

static void a_promise_binds_to_its_last_microsecond(void **state)
{
    struct core *core = core_new(0);

    (void)state;
    core_start_seated(core, 3);
    assert_int_equal(core_heartbeat(core, 2, CORE_TERM, 1), GOOSE_REFUSAL_NONE);
    uint64_t until_us = core->now_us + promise_of_lease_us(CORE_LEASE_US);
    assert_int_equal(core->e.promise.until_us, until_us);
    assert_true(promise_binds(&core->e, 3, CORE_LIFE, until_us - 1));
    assert_false(promise_binds(&core->e, 3, CORE_LIFE, until_us));
    /* To itself it is in no way; to another life of it, which may run beside it on a copy, it is. */
    assert_false(promise_binds(&core->e, 2, CORE_LIFE, until_us - 1));
    assert_true(promise_binds(&core->e, 2, CORE_LIFE + 1, until_us - 1));
    core_free(core);
}

/* What a new roster would give who is not in it: nothing. */
static void a_roster_without_me_gives_no_lease(void **state)
{
    struct core *core = core_new(0);
    struct goose_roster next;

    (void)state;
    core_start_seated(core, 3);
    core_win(core);
    next = core->e.roster;
    goose_roster_remove(&next, 0);
    assert_int_equal(lease_end_under_us(&core->e, &next, NULL, core->now_us), 0);
    core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_promise_is_a_twentieth_longer_and_no_more),
        cmocka_unit_test(a_claim_ends_at_the_very_microsecond),
        cmocka_unit_test(alone_the_lease_never_ends),
        cmocka_unit_test(what_was_not_sent_yet_backs_nothing),
        cmocka_unit_test(a_hold_leaves_a_twentieth_for_the_other_clock),
        cmocka_unit_test(a_hold_is_as_long_as_was_asked_if_it_can_be),
        cmocka_unit_test(a_promise_binds_to_its_last_microsecond),
        cmocka_unit_test(a_roster_without_me_gives_no_lease),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
