/* test_succession.c: who stands when, and who takes over: PROTOCOL 6 and 7. */
#include "core.h"

/* A goose of five whose followers acked after so many ms each; then a heartbeat, which counts the
 * succession. */
static struct core *goose_with_round_trips(const unsigned ms[4])
{
    struct core *core = core_new(0);

    core_start_seated(core, 5);
    core_win(core);
    for (int round = 0; round < 40; round++) { /* until what is smoothed has come near */
        core_at(core, core->e.reign.heartbeat_at_us);
        uint64_t sent_us = core->now_us;
        for (unsigned at_ms = 0; at_ms < 40; at_ms++)
            for (uint64_t uid = 2; uid <= 5; uid++)
                if (ms[uid - 2] == at_ms) {
                    core->now_us = sent_us + at_ms * 1000;
                    assert_int_equal(core_ack(core, uid), GOOSE_REFUSAL_NONE);
                }
    }
    core_at(core, core->e.reign.heartbeat_at_us);
    return core;
}

static void the_fastest_is_the_heir_and_the_rest_follow(void **state)
{
    struct core *core = goose_with_round_trips((const unsigned[]){30, 2, 9, 5});
    const uint8_t rank[] = {3, 0, 2, 1};

    (void)state;
    for (int i = 1; i < 5; i++)
        assert_int_equal(core->e.peers[i].rank, rank[i - 1]);
    assert_int_equal(succession_heir(&core->e), 2);
    assert_int_equal(core->actions.send_count, 4);
    for (int i = 0; i < 4; i++) {
        const struct goose_message *m = &core->actions.sends[i].message;
        assert_int_equal(m->kind, GOOSE_MESSAGE_HEARTBEAT);
        assert_int_equal(m->heartbeat.succession_delay_us, rank[i] * core->e.reign.stagger_us);
    }
    core_free(core);
}

/* PROTOCOL 1: twice the slowest round trip of the fastest majority, here 5 ms, 9 ms and me. */
static void one_slow_voter_slows_nobody_else(void **state)
{
    struct core *core = goose_with_round_trips((const unsigned[]){30, 9, 38, 5});

    (void)state;
    assert_true(core->e.reign.stagger_us > 17000 && core->e.reign.stagger_us <= 18002);
    core_free(core);
    core = goose_with_round_trips((const unsigned[]){1, 1, 1, 1});
    assert_int_equal(core->e.reign.stagger_us, CORE_LEASE_US / 30); /* no less than this */
    core_free(core);
}

static void told_priority(struct core *core, uint64_t uid, uint8_t priority, bool stands)
{
    struct goose_message m = core_message(core, GOOSE_MESSAGE_ACK, uid);

    m.ack = (struct goose_ack){.seq = core->heartbeat.heartbeat.seq,
                               .sent_at_us = core->heartbeat.heartbeat.sent_at_us,
                               .yes = true,
                               .stands = stands,
                               .priority = priority};
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NONE);
}

/* Priority comes before round trips; 0, or not to stand, before all. */
static void who_may_not_be_goose_is_no_heir(void **state)
{
    struct core *core = core_new(0);

    (void)state;
    core_start_seated(core, 5);
    core_win(core);
    core_at(core, core->e.reign.heartbeat_at_us);
    told_priority(core, 2, 0, true);
    told_priority(core, 3, 200, false);
    told_priority(core, 4, 7, true);
    told_priority(core, 5, 9, true);
    assert_int_equal(succession_heir(&core->e), 4);
    assert_false(can_take_over(&core->e, 1) || can_take_over(&core->e, 2));
    assert_true(can_take_over(&core->e, 3));
    core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fastest_is_the_heir_and_the_rest_follow),
        cmocka_unit_test(one_slow_voter_slows_nobody_else),
        cmocka_unit_test(who_may_not_be_goose_is_no_heir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
