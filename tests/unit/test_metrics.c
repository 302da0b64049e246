/* test_metrics.c: what a node counts: durations in buckets, who sends what, and what it reads off the election's steps. */
#include "unit.h"

#include <string.h>

#include "daemon/metrics.h"

/* ---- histograms ---- */

static void test_buckets(void **state)
{
    struct histogram histogram = {.sum_us = 0};

    (void)state;
    for (int i = 1; i < HISTOGRAM_BOUNDS; i++)
        assert_true(histogram_bounds_us[i - 1] < histogram_bounds_us[i]);
    histogram_add(&histogram, 0);
    histogram_add(&histogram, histogram_bounds_us[0]); /* a bound belongs to its bucket */
    histogram_add(&histogram, histogram_bounds_us[0] + 1);
    histogram_add(&histogram, histogram_bounds_us[HISTOGRAM_BOUNDS - 1]);
    histogram_add(&histogram, histogram_bounds_us[HISTOGRAM_BOUNDS - 1] + 1);
    assert_int_equal(histogram.counts[0], 2);
    assert_int_equal(histogram.counts[1], 1);
    assert_int_equal(histogram.counts[HISTOGRAM_BOUNDS - 1], 1);
    assert_int_equal(histogram.counts[HISTOGRAM_BOUNDS], 1);
    assert_int_equal(histogram.sum_us, 100 + 101 + 2500000 + 2500001);
}

/* ---- senders ---- */

static struct goose_endpoint endpoint(uint8_t number)
{
    return (struct goose_endpoint){.bytes = {4, 0, number}};
}

static void test_senders_are_counted_once(void **state)
{
    struct senders senders = {0};
    struct goose_endpoint a = endpoint(1), b = endpoint(2);

    (void)state;
    assert_int_equal(senders_count(&senders, 5), 0);
    assert_true(senders_saw(&senders, &a, 10));
    assert_true(senders_saw(&senders, &b, 20));
    assert_false(senders_saw(&senders, &a, 30));
    assert_int_equal(senders_count(&senders, 30), 2);
    assert_int_equal(senders_count(&senders, 20 + SENDERS_LATE_US), 2);
    assert_int_equal(senders_count(&senders, 21 + SENDERS_LATE_US), 1); /* b has been silent */
    assert_int_equal(senders_count(&senders, 31 + SENDERS_LATE_US), 0);
}

static void test_more_senders_than_room(void **state)
{
    struct senders senders = {0};

    (void)state;
    for (uint8_t i = 1; i <= 200; i++) {
        struct goose_endpoint from = endpoint(i);
        senders_saw(&senders, &from, i);
    }
    assert_int_equal(senders_count(&senders, 200), SENDERS_MAX);
    for (int i = 0; i < SENDERS_MAX; i++)
        assert_true(senders.of[i].at_us > 200 - SENDERS_MAX); /* those heard last */
}

/* ---- steps of the election ---- */

static struct metrics m;
static struct goose_actions actions;

static int forget(void **state)
{
    (void)state;
    memset(&m, 0, sizeof m);
    memset(&actions, 0, sizeof actions);
    return 0;
}

static void step_note(struct goose_note note)
{
    const struct goose_event event = {.kind = GOOSE_EVENT_DEADLINE, .now_us = 1000};

    actions.notes[0] = note;
    actions.note_count = 1;
    metrics_step(&m, &event, GOOSE_REFUSAL_NONE, &actions);
    actions.note_count = 0;
}

static void step_role(enum goose_role role, enum goose_reason why)
{
    step_note((struct goose_note){.kind = GOOSE_NOTE_ROLE, .role = role, .why = why});
}

static void test_elections(void **state)
{
    (void)state;
    step_role(GOOSE_ROLE_DUCK, GOOSE_REASON_STARTED);
    step_role(GOOSE_ROLE_CANVASSING, GOOSE_REASON_PROMISE_ENDED);
    step_role(GOOSE_ROLE_DUCK, GOOSE_REASON_YIELDED);
    step_role(GOOSE_ROLE_CANVASSING, GOOSE_REASON_PROMISE_ENDED);
    step_role(GOOSE_ROLE_CANDIDATE, GOOSE_REASON_CANVASS_WON); /* the same election */
    step_role(GOOSE_ROLE_GOOSE, GOOSE_REASON_VOTES_WON);
    step_role(GOOSE_ROLE_DUCK, GOOSE_REASON_HIGHER_TERM);
    step_role(GOOSE_ROLE_CANDIDATE, GOOSE_REASON_IN_PLACE);
    step_role(GOOSE_ROLE_GOOSE, GOOSE_REASON_VOTES_WON);
    step_role(GOOSE_ROLE_DUCK, GOOSE_REASON_LEASE_ENDED);
    step_role(GOOSE_ROLE_CANDIDATE, GOOSE_REASON_HEIR);
    step_role(GOOSE_ROLE_DUCK, GOOSE_REASON_NO_MAJORITY);
    assert_int_equal(m.began[GOOSE_REASON_PROMISE_ENDED], 2);
    assert_int_equal(m.began[GOOSE_REASON_IN_PLACE], 1);
    assert_int_equal(m.began[GOOSE_REASON_HEIR], 1);
    assert_int_equal(m.began[GOOSE_REASON_CANVASS_WON], 0);
    assert_int_equal(m.won, 2);
    assert_int_equal(m.lost[GOOSE_REASON_YIELDED], 1);
    assert_int_equal(m.lost[GOOSE_REASON_NO_MAJORITY], 1);
    assert_int_equal(m.lost[GOOSE_REASON_LEASE_ENDED], 0);
    assert_int_equal(m.ended[GOOSE_REASON_HIGHER_TERM], 1);
    assert_int_equal(m.ended[GOOSE_REASON_LEASE_ENDED], 1);
    assert_int_equal(m.lost[GOOSE_REASON_STARTED] + m.ended[GOOSE_REASON_STARTED], 0);
}

static void test_goose_changes(void **state)
{
    static const uint64_t seen[] = {5, 0, 5, 6, 0, 7};

    (void)state;
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++)
        step_note((struct goose_note){.kind = GOOSE_NOTE_GOOSE, .uid = seen[i]});
    assert_int_equal(m.goose_changes, 3); /* to 5, 6 and 7: 5 came back as it was */
    assert_int_equal(m.goose_losses, 2);
}

static void step_message(const struct goose_message *message, enum goose_refusal refusal)
{
    const struct goose_event event = {.kind = GOOSE_EVENT_MESSAGE,
                                      .now_us = 9000,
                                      .message = {.message = message, .from = endpoint(7)}};

    metrics_step(&m, &event, refusal, &actions);
}

static void test_messages(void **state)
{
    const struct goose_message ack = {
        .kind = GOOSE_MESSAGE_ACK, .term = 3, .ack = {.yes = true, .sent_at_us = 8800}};
    const struct goose_message no = {
        .kind = GOOSE_MESSAGE_ACK, .term = 4, .ack = {.sent_at_us = 8800}};

    (void)state;
    step_message(&ack, GOOSE_REFUSAL_NONE);
    assert_int_equal(m.accepted[GOOSE_MESSAGE_ACK], 1);
    assert_int_equal(m.round_trips.sum_us, 200);
    step_message(&ack, GOOSE_REFUSAL_REPLAY);
    step_message(&no, GOOSE_REFUSAL_NONE); /* of a higher term: no round trip of mine */
    assert_int_equal(m.accepted[GOOSE_MESSAGE_ACK], 2);
    assert_int_equal(m.refused[GOOSE_REFUSAL_REPLAY], 1);
    assert_int_equal(m.refused[GOOSE_REFUSAL_NONE], 0);
    assert_int_equal(m.round_trips.sum_us, 200);
    actions.sends[0].message.kind = GOOSE_MESSAGE_VOTE;
    actions.send_count = 1;
    step_note((struct goose_note){.kind = GOOSE_NOTE_COMMITTED});
    assert_int_equal(m.sent[GOOSE_MESSAGE_VOTE], 1);
}

static void test_conflicts_are_counted_by_sender(void **state)
{
    const struct goose_message welcome = {.kind = GOOSE_MESSAGE_WELCOME};

    (void)state;
    actions.notes[0] = (struct goose_note){.kind = GOOSE_NOTE_CONFLICT, .uid = 5};
    actions.note_count = 1;
    step_message(&welcome, GOOSE_REFUSAL_OTHER_ROSTER);
    step_message(&welcome, GOOSE_REFUSAL_OTHER_ROSTER);
    assert_int_equal(senders_count(&m.other_peers, 9000), 1);
}

/* ---- two geese ---- */

static void heartbeat(uint64_t flock_id, uint64_t term, uint64_t uid, enum goose_refusal refusal)
{
    const struct goose_message message = {
        .kind = GOOSE_MESSAGE_HEARTBEAT, .flock_id = flock_id, .term = term, .uid = uid};

    step_message(&message, refusal);
}

static void test_one_goose_a_term(void **state)
{
    (void)state;
    for (uint64_t term = 1; term <= 40; term++) {
        heartbeat(1, term, term % 3 + 1, GOOSE_REFUSAL_NONE);
        heartbeat(1, term, term % 3 + 1, GOOSE_REFUSAL_OLD_SEQ);
        if (term > 1)
            heartbeat(1, term - 1, (term - 1) % 3 + 1, GOOSE_REFUSAL_OLD_TERM); /* a late one */
        if (term > REIGNS_KEPT)
            heartbeat(1, term - REIGNS_KEPT, 9, GOOSE_REFUSAL_OLD_TERM); /* forgotten */
    }
    assert_int_equal(m.two_geese, 0);
}

static void test_two_geese_in_a_term(void **state)
{
    (void)state;
    heartbeat(1, 7, 100, GOOSE_REFUSAL_NONE);
    heartbeat(1, 7, 200, GOOSE_REFUSAL_SECOND_GOOSE);
    assert_int_equal(m.two_geese, 1);
    heartbeat(1, 8, 100, GOOSE_REFUSAL_NONE);
    heartbeat(1, 7, 200, GOOSE_REFUSAL_OLD_TERM); /* the term before is still remembered */
    assert_int_equal(m.two_geese, 2);
}

static void test_another_flock_is_no_second_goose(void **state)
{
    (void)state;
    heartbeat(1, 7, 100, GOOSE_REFUSAL_NONE);
    heartbeat(2, 7, 200, GOOSE_REFUSAL_OTHER_FLOCK);
    heartbeat(1, 7, 200, GOOSE_REFUSAL_OTHER_NAME);
    heartbeat(1, 7, 200, GOOSE_REFUSAL_OLD_LIFE);
    heartbeat(3, 7, 300, GOOSE_REFUSAL_NONE); /* to a newborn, which has no flock yet */
    assert_int_equal(m.two_geese, 0);
}

static void test_my_own_heartbeats_count(void **state)
{
    (void)state;
    actions.sends[0].message = (struct goose_message){
        .kind = GOOSE_MESSAGE_HEARTBEAT, .flock_id = 1, .term = 7, .uid = 100};
    actions.send_count = 1;
    step_note((struct goose_note){.kind = GOOSE_NOTE_COMMITTED});
    assert_int_equal(m.sent[GOOSE_MESSAGE_HEARTBEAT], 1);
    actions.send_count = 0;
    heartbeat(1, 7, 200, GOOSE_REFUSAL_SECOND_GOOSE);
    assert_int_equal(m.two_geese, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_senders_are_counted_once),
        cmocka_unit_test(test_more_senders_than_room),
        cmocka_unit_test_setup(test_elections, forget),
        cmocka_unit_test_setup(test_goose_changes, forget),
        cmocka_unit_test_setup(test_messages, forget),
        cmocka_unit_test_setup(test_conflicts_are_counted_by_sender, forget),
        cmocka_unit_test_setup(test_one_goose_a_term, forget),
        cmocka_unit_test_setup(test_two_geese_in_a_term, forget),
        cmocka_unit_test_setup(test_another_flock_is_no_second_goose, forget),
        cmocka_unit_test_setup(test_my_own_heartbeats_count, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
