/* test_requests.c: what operators and clients ask, here and forwarded: how each ends, and that each
 * ends once. */
#include "core.h"

#include <string.h>

static struct core *goose_of(int seats, uint32_t observers)
{
    struct core *core = core_new(observers);

    core_start_seated(core, seats);
    core_win(core);
    return core;
}

static struct core *duck_of_2(void)
{
    struct core *core = core_new(0);

    core_start_seated(core, 3);
    assert_int_equal(core_heartbeat(core, 2, CORE_TERM, 1), GOOSE_REFUSAL_NONE);
    core_save(core);
    return core;
}

static void ends_with(const struct core *core, uint64_t id, enum goose_outcome outcome)
{
    const struct goose_answer *answer = core_answer(core, id);

    assert_non_null(answer);
    assert_int_equal(answer->outcome, outcome);
}

static void ask(struct core *core, uint64_t id, enum goose_request_kind kind, const char *address)
{
    assert_int_equal(core_request(core, id, kind, address), GOOSE_REFUSAL_NONE);
}

static void before_start_nothing_is_answered(void **state)
{
    struct core *core = core_new(0);

    (void)state;
    for (int kind = GOOSE_REQUEST_HOLD; kind <= GOOSE_REQUEST_STOP; kind++) {
        assert_int_equal(core_request(core, 1, (enum goose_request_kind)kind, "n2:7000"),
                         GOOSE_REFUSAL_NOT_STARTED);
        assert_int_equal(core->actions.answer_count, 0);
        assert_int_equal(core->actions.wake_at_us, UINT64_MAX);
    }
    assert_false(core->e.started || core->e.draining);
    core_free(core);
}

static void a_request_of_no_kind_is_refused(void **state)
{
    struct core *core = duck_of_2();

    (void)state;
    assert_int_equal(core_request(core, 1, (enum goose_request_kind)(GOOSE_REQUEST_STOP + 1), ""),
                     GOOSE_REFUSAL_UNKNOWN_EVENT);
    assert_int_equal(core->actions.answer_count, 0);
    core_free(core);
}

/* Eight wait; the ninth is told so, and the eight have an end. */
static void a_full_table_is_busy_and_empties_again(void **state)
{
    struct core *core = core_new(0);
    int ended = 0;

    (void)state;
    core_start_seated(core, 3);
    for (uint64_t id = 1; id <= GOOSE_ELECTION_REQUESTS_MAX; id++) {
        ask(core, id, GOOSE_REQUEST_HANDOVER, "");
        assert_null(core_answer(core, id));
    }
    ask(core, 99, GOOSE_REQUEST_HANDOVER, "");
    ends_with(core, 99, GOOSE_OUTCOME_BUSY);
    core_at(core, core->now_us + 2 * own_promise_us(&core->e));
    for (uint64_t id = 1; id <= GOOSE_ELECTION_REQUESTS_MAX; id++) {
        ends_with(core, id, GOOSE_OUTCOME_NO_GOOSE);
        ended++;
    }
    assert_int_equal(core->actions.answer_count, ended);
    ask(core, 100, GOOSE_REQUEST_HANDOVER, "");
    assert_null(core_answer(core, 100));
    core_free(core);
}

/* More end in one step than its answers have room for: the rest come with the next. */
static void answers_without_room_wait_a_step(void **state)
{
    struct core *core = core_new(0);

    (void)state;
    core_start_seated(core, 3);
    for (uint64_t id = 1; id <= GOOSE_ELECTION_REQUESTS_MAX; id++)
        ask(core, id, GOOSE_REQUEST_HANDOVER, "");
    core->now_us += 2 * own_promise_us(&core->e);
    ask(core, 50, GOOSE_REQUEST_UNDRAIN, "");
    assert_int_equal(core->actions.answer_count, GOOSE_ELECTION_ANSWERS_MAX);
    assert_null(core_answer(core, GOOSE_ELECTION_REQUESTS_MAX));
    assert_true(core->actions.wake_at_us <= core->now_us);
    core_at(core, core->now_us);
    ends_with(core, GOOSE_ELECTION_REQUESTS_MAX, GOOSE_OUTCOME_NO_GOOSE);
    core_free(core);
}

static void an_address_must_be_one(void **state)
{
    struct core *core = goose_of(3, 1);

    (void)state;
    ask(core, 1, GOOSE_REQUEST_REMOVE, "");
    ends_with(core, 1, GOOSE_OUTCOME_NOT_FOUND);
    ask(core, 2, GOOSE_REQUEST_REMOVE, "N2:7000");
    ends_with(core, 2, GOOSE_OUTCOME_NOT_FOUND);
    ask(core, 3, GOOSE_REQUEST_HANDOVER, "n2");
    ends_with(core, 3, GOOSE_OUTCOME_NOT_FOUND);
    ask(core, 4, GOOSE_REQUEST_HANDOVER, "n9:7000");
    ends_with(core, 4, GOOSE_OUTCOME_NOT_FOUND);
    ask(core, 5, GOOSE_REQUEST_REMOVE, "n9:7000");
    ends_with(core, 5, GOOSE_OUTCOME_NOT_FOUND);
    assert_int_equal(core->e.role, GOOSE_ROLE_GOOSE);
    core_free(core);
}

/* One heartbeat, acked by all, all written; how many answers of DONE it brought. */
static int done_in_a_round(struct core *core)
{
    int done = 0;

    core_at(core, core->e.reign.heartbeat_at_us);
    for (int i = 0; i < core->actions.answer_count; i++)
        done += core->actions.answers[i].outcome == GOOSE_OUTCOME_DONE;
    core_save(core);
    for (int i = 0; i < core->e.roster.count; i++) {
        if (core->e.roster.seats[i].uid == CORE_SELF) continue;
        core_ack(core, core->e.roster.seats[i].uid);
        for (int k = 0; k < core->actions.answer_count; k++)
            done += core->actions.answers[k].outcome == GOOSE_OUTCOME_DONE;
    }
    return done;
}

/* A second one meanwhile waits its turn; the same again waits too, and finds it done. */
static void removals_go_one_at_a_time(void **state)
{
    struct core *core = goose_of(5, 0);
    int done = 0, least = 5;

    (void)state;
    ask(core, 1, GOOSE_REQUEST_REMOVE, "n5:7000");
    ask(core, 2, GOOSE_REQUEST_REMOVE, "n4:7000");
    ask(core, 3, GOOSE_REQUEST_REMOVE, "n5:7000");
    for (int round = 0; round < 20; round++) {
        done += done_in_a_round(core);
        assert_true(core->e.roster.count >= least - 1);
        least = core->e.roster.count;
    }
    assert_int_equal(done, 3);
    assert_int_equal(core->e.roster.count, 3);
    assert_int_equal(core->e.roster.removed[0], 4);
    assert_int_equal(core->e.roster.removed[1], 5);
    core_free(core);
}

/* From a duck it goes to the goose, each stagger until it has answered. */
static void a_duck_carries_and_repeats(void **state)
{
    struct core *core = duck_of_2();

    (void)state;
    ask(core, 5, GOOSE_REQUEST_REMOVE, "n3:7000");
    const struct goose_send *send = core_sent(core, GOOSE_MESSAGE_REQUEST);
    assert_non_null(send);
    uint64_t number = send->message.request.number;
    assert_true(goose_text_equal(send->message.request.address, core_text("n3:7000")));
    core_at(core, core->now_us + stagger_us(&core->e));
    assert_int_equal(core_sent(core, GOOSE_MESSAGE_REQUEST)->message.request.number, number);

    struct goose_message m = core_message(core, GOOSE_MESSAGE_RESULT, 2);
    m.result = (struct goose_result){
        .life = core->e.saved.life + 1, .number = number, .outcome = GOOSE_OUTCOME_DONE};
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NOT_ASKED);
    m.result.life = core->e.saved.life;
    m.counter = ++core->counter;
    m.result.number++;
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NOT_ASKED);
    m.counter = ++core->counter;
    m.result = (struct goose_result){core->e.saved.life, number, GOOSE_OUTCOME_NOT_FOUND, 0};
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NONE);
    ends_with(core, 5, GOOSE_OUTCOME_DONE); /* it was a member, and is not found any more */
    core_free(core);
}

static void what_takes_too_long_times_out(void **state)
{
    struct core *core = duck_of_2();

    (void)state;
    ask(core, 5, GOOSE_REQUEST_HANDOVER, "n3:7000");
    core_at(core, core->now_us + REQUEST_US_MIN - 1);
    assert_null(core_answer(core, 5));
    core_at(core, core->now_us + 1);
    ends_with(core, 5, GOOSE_OUTCOME_TIMED_OUT);
    core_free(core);
}

/* Its term never gets to disk, so its resignation never leaves, and nobody waits for it. */
static void a_candidate_with_a_failed_disk_may_stop(void **state)
{
    struct core *core = core_new(0);

    (void)state;
    core_start_seated(core, 3);
    core_until(core, GOOSE_ROLE_CANVASSING);
    assert_int_equal(core_reply(core, 2, GOOSE_VERDICT_YES), GOOSE_REFUSAL_NONE);
    assert_int_equal(core->e.role, GOOSE_ROLE_CANDIDATE);
    struct goose_event failed = {.kind = GOOSE_EVENT_SAVED, .saved = {core->e.writing, false}};
    assert_int_equal(core_step(core, failed), GOOSE_REFUSAL_NONE);
    assert_int_equal(core->e.role, GOOSE_ROLE_DUCK);
    assert_null(core_sent(core, GOOSE_MESSAGE_RESIGN));
    ask(core, 1, GOOSE_REQUEST_STOP, "");
    ends_with(core, 1, GOOSE_OUTCOME_DONE);
    core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_start_nothing_is_answered),
        cmocka_unit_test(a_request_of_no_kind_is_refused),
        cmocka_unit_test(a_full_table_is_busy_and_empties_again),
        cmocka_unit_test(answers_without_room_wait_a_step),
        cmocka_unit_test(an_address_must_be_one),
        cmocka_unit_test(removals_go_one_at_a_time),
        cmocka_unit_test(a_duck_carries_and_repeats),
        cmocka_unit_test(what_takes_too_long_times_out),
        cmocka_unit_test(a_candidate_with_a_failed_disk_may_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
