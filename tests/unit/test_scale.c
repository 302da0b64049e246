/* test_scale.c: a goose with 10,000 observers: a step sends so much and no more, and touches only
 * those that are due, PROTOCOL 10. Counted, not timed. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

#define OBSERVERS CORE_TABLE_MAX
#define FIRST_UID 1000

static struct core *crowded(void)
{
    struct core *core = core_new(OBSERVERS);

    core_start_seated(core, 3);
    core_win(core);
    for (uint64_t uid = FIRST_UID; uid < FIRST_UID + OBSERVERS; uid++) {
        assert_int_equal(core_admit(core, uid), GOOSE_REFUSAL_NONE);
        assert_int_equal(core_noted(core, GOOSE_NOTE_OBSERVER)->number, 1);
        assert_int_equal(core_ack(core, uid), GOOSE_REFUSAL_NONE);
    }
    assert_int_equal(goose_observers_count(core->observers), OBSERVERS);
    return core;
}

/* Bit by uid: who has been sent a message of this kind. */
struct told {
    bool voter[4];
    bool observer[OBSERVERS];
    int sends;
    int steps;
};

static void told_count(struct told *told, const struct core *core, enum goose_message_kind kind)
{
    assert_true(core->actions.send_count <= GOOSE_ELECTION_SENDS_MAX);
    assert_true(!core->actions.more || core->actions.send_count == GOOSE_ELECTION_SENDS_MAX);
    told->steps++;
    for (int i = 0; i < core->actions.send_count; i++) {
        const struct goose_send *send = &core->actions.sends[i];
        uint64_t uid;
        if (send->message.kind != kind) continue;
        if (send->has_endpoint)
            memcpy(&uid, send->endpoint.bytes, sizeof uid);
        else
            uid = (uint64_t)(send->address.at[1] - '0'); /* of n2:7000 */
        bool *who = uid < FIRST_UID ? &told->voter[uid] : &told->observer[uid - FIRST_UID];
        assert_false(*who);
        *who = true;
        told->sends++;
    }
}

static bool told_all(const struct told *told)
{
    for (int i = 0; i < OBSERVERS; i++)
        if (!told->observer[i]) return false;
    return told->voter[2] && told->voter[3];
}

/* The voters first: they are in the first step, whoever else is due. */
static void all_due_at_once_are_sent_to_in_bounded_steps(void **state)
{
    struct core *core = crowded();
    struct told *told = calloc(1, sizeof *told);

    (void)state;
    assert_non_null(told);
    core_at(core, core->e.reign.heartbeat_at_us + CORE_LEASE_US / 2);
    for (told_count(told, core, GOOSE_MESSAGE_HEARTBEAT); core->actions.more;
         told_count(told, core, GOOSE_MESSAGE_HEARTBEAT)) {
        if (told->steps == 1) assert_true(told->voter[2] && told->voter[3]);
        core_go_on(core);
    }
    assert_true(told_all(told));
    assert_int_equal(told->steps,
                     (OBSERVERS + 2 + GOOSE_ELECTION_SENDS_MAX - 1) / GOOSE_ELECTION_SENDS_MAX);
    free(told);
    core_free(core);
}

/* All but those that are due stay as they are, to the byte. */
static void a_step_touches_only_those_that_are_due(void **state)
{
    struct core *core = crowded();
    struct goose_observer *before = calloc(OBSERVERS, sizeof *before);
    enum { DUE = 7 };
    int changed = 0, moved = 0;

    (void)state;
    assert_non_null(before);
    for (core_at(core, core->e.reign.heartbeat_at_us); core->actions.more;)
        core_go_on(core);
    core_save(core);
    for (uint32_t i = 0; i < DUE; i++)
        observers_set_due(core->observers, observers_get(core->observers, i * 1000), core->now_us);
    memcpy(before, goose_observers_at(core->observers, 0), OBSERVERS * sizeof *before);
    core_go_on(core);
    assert_int_equal(core->actions.send_count, DUE);
    assert_false(core->actions.more);
    for (uint32_t i = 0; i < OBSERVERS; i++) {
        struct goose_observer was = before[i], is = *goose_observers_at(core->observers, i);
        if (was.heap_at != is.heap_at) moved++;
        was.heap_at = is.heap_at;
        if (memcmp(&was, &is, sizeof was) == 0) continue;
        changed++;
        assert_true(i % 1000 == 0 && is.due_us > core->now_us);
    }
    assert_int_equal(changed, DUE);
    assert_true(moved <= DUE * 15); /* the depth of the heap */
    free(before);
    core_free(core);
}

static void nobody_due_is_nobody_touched(void **state)
{
    struct core *core = crowded();

    (void)state;
    for (core_at(core, core->e.reign.heartbeat_at_us); core->actions.more;)
        core_go_on(core);
    core_save(core);
    core_go_on(core);
    assert_int_equal(core->actions.send_count, 0);
    assert_true(core->actions.wake_at_us > core->now_us);
    core_free(core);
}

static void drain_farewell(struct core *core, struct told *told)
{
    memset(told, 0, sizeof *told);
    for (told_count(told, core, GOOSE_MESSAGE_RESIGN); core->actions.more;
         told_count(told, core, GOOSE_MESSAGE_RESIGN))
        core_go_on(core);
}

/* PROTOCOL 7: to all, three times; the table is kept until the last is told. */
static void a_resignation_reaches_all_three_times(void **state)
{
    struct core *core = crowded();
    struct told *told = calloc(1, sizeof *told);

    (void)state;
    assert_non_null(told);
    assert_int_equal(core_request(core, 1, GOOSE_REQUEST_STOP, ""), GOOSE_REFUSAL_NONE);
    assert_int_equal(core->actions.claim, GOOSE_CLAIM_WITHDRAWN);
    assert_true(core->actions.more);
    assert_null(core_answer(core, 1));
    for (int time = 0; time < FAREWELL_TIMES; time++) {
        drain_farewell(core, told);
        assert_true(told_all(told));
        assert_true(told->steps <= OBSERVERS / GOOSE_ELECTION_SENDS_MAX + 2);
        if (time < FAREWELL_TIMES - 1) {
            assert_null(core_answer(core, 1));
            assert_int_equal(goose_observers_count(core->observers), OBSERVERS);
            core_at(core, core->e.farewell.next_us);
        }
    }
    assert_non_null(core_answer(core, 1)); /* all has been sent: the process may end */
    assert_int_equal(goose_observers_count(core->observers), 0);
    free(told);
    core_free(core);
}

static void who_is_not_heard_any_more_is_dropped(void **state)
{
    struct core *core = core_new(2);

    (void)state;
    core_start_seated(core, 1);
    core_win(core);
    assert_int_equal(core_admit(core, FIRST_UID), GOOSE_REFUSAL_NONE);
    assert_int_equal(core_ack(core, FIRST_UID), GOOSE_REFUSAL_NONE);
    uint64_t silent_us = core->now_us + core->e.options.dead_after_us;
    core_at(core, silent_us);
    assert_int_equal(goose_observers_count(core->observers), 1);
    core_at(core, silent_us + CORE_LEASE_US);
    assert_int_equal(goose_observers_count(core->observers), 0);
    assert_int_equal(core_noted(core, GOOSE_NOTE_OBSERVER)->uid, FIRST_UID);
    assert_int_equal(core_noted(core, GOOSE_NOTE_OBSERVER)->number, 0);
    core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_due_at_once_are_sent_to_in_bounded_steps),
        cmocka_unit_test(a_step_touches_only_those_that_are_due),
        cmocka_unit_test(nobody_due_is_nobody_touched),
        cmocka_unit_test(a_resignation_reaches_all_three_times),
        cmocka_unit_test(who_is_not_heard_any_more_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
