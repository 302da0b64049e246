/* test_view.c: what others see of an election, and the names of things. */
#include "core.h"

#include <string.h>

typedef const char *name_of(int value);

static const char *role_of(int value)
{
    return goose_role_name((enum goose_role)value);
}

static const char *reason_of(int value)
{
    return goose_reason_name((enum goose_reason)value);
}

static const char *refusal_of(int value)
{
    return goose_refusal_name((enum goose_refusal)value);
}

static const char *outcome_of(int value)
{
    return goose_outcome_name((enum goose_outcome)value);
}

static const char *verdict_of(int value)
{
    return goose_verdict_name((enum goose_verdict)value);
}

static const char *message_kind_of(int value)
{
    return goose_message_kind_name((enum goose_message_kind)value);
}

static const char *wire_result_of(int value)
{
    return goose_wire_result_name((enum goose_wire_result)value);
}

/* All have a name, no two the same; and what is none of them has one too. */
static void resolver_are_complete_and_distinct(void **state)
{
    static const struct {
        name_of *name;
        int first;
        int end;
    } table[] = {{role_of, 0, GOOSE_ROLE_GOOSE + 1},
                 {reason_of, 0, GOOSE_REASONS},
                 {refusal_of, 0, GOOSE_REFUSALS},
                 {outcome_of, 0, GOOSE_OUTCOMES},
                 {verdict_of, 0, GOOSE_VERDICTS},
                 {message_kind_of, GOOSE_MESSAGE_HEARTBEAT, GOOSE_MESSAGE_KINDS},
                 {wire_result_of, 0, GOOSE_WIRE_RESULTS}};

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *unknown = table[i].name(table[i].end);
        assert_string_equal(unknown, "unknown");
        for (int a = table[i].first; a < table[i].end; a++) {
            const char *name = table[i].name(a);
            assert_non_null(name);
            assert_true(strlen(name) > 0);
            assert_string_not_equal(name, unknown);
            for (int b = table[i].first; b < a; b++)
                assert_string_not_equal(name, table[i].name(b));
        }
    }
    assert_string_equal(message_kind_of(0), "unknown");
}

static void a_goose_is_shown_only_while_its_lease_lives(void **state)
{
    struct core *core = core_new(0);
    struct goose_election_view view;

    (void)state;
    core_start_seated(core, 3);
    core_win(core);
    uint64_t end_us = lease_end_us(&core->e, core->now_us);
    goose_election_view(&core->e, end_us - 1, &view);
    assert_int_equal(view.role, GOOSE_ROLE_GOOSE);
    assert_int_equal(view.goose_uid, CORE_SELF);
    assert_true(goose_text_equal(view.goose, core_text("n1:7000")));
    assert_int_equal(view.lease_left_us, 1);
    assert_true(view.committed && view.settled && view.knows_goose);
    goose_election_view(&core->e, end_us, &view);
    assert_int_equal(view.role, GOOSE_ROLE_DUCK);
    assert_int_equal(view.goose_uid, 0);
    assert_int_equal(view.goose.bytes, 0);
    assert_int_equal(view.lease_left_us, 0);
    assert_false(view.committed || view.knows_goose);
    core_free(core);
}

static void a_follower_shows_its_goose_while_its_promise_lives(void **state)
{
    struct core *core = core_new(0);
    struct goose_election_view view;

    (void)state;
    core_start_seated(core, 3);
    core_heartbeat(core, 3, CORE_TERM, 1);
    core_save(core);
    uint64_t end_us = core->e.promise.until_us;
    goose_election_view(&core->e, end_us - 1, &view);
    assert_true(view.knows_goose && view.seat == GOOSE_SEAT_VOTER);
    assert_int_equal(view.goose_uid, 3);
    assert_true(goose_text_equal(view.goose, core_text("n3:7000")));
    assert_int_equal(view.promise_left_us, 1);
    assert_int_equal(view.promised_to, 3);
    goose_election_view(&core->e, end_us, &view);
    assert_false(view.knows_goose);
    assert_int_equal(view.goose_uid, 0);
    assert_int_equal(view.promise_left_us, 0);
    assert_int_equal(view.promised_to, 0);
    core_free(core);
}

static void members_are_the_seats_then_the_observers(void **state)
{
    struct core *core = core_new(4);
    struct goose_election_member member;

    (void)state;
    core_start_seated(core, 3);
    core_win(core);
    assert_int_equal(core_admit(core, 50), GOOSE_REFUSAL_NONE);
    for (size_t i = 0; i < 3; i++) {
        assert_true(goose_election_member(&core->e, core->observers, i, core->now_us, &member));
        assert_true(member.voter);
        assert_int_equal(member.uid, i + 1);
        assert_int_equal(member.goose, i == 0);
        assert_int_equal(member.self, i == 0);
        assert_int_equal(member.rtt_us == GOOSE_MEMBER_UNKNOWN, i == 0);
    }
    assert_true(goose_election_member(&core->e, core->observers, 3, core->now_us + 5, &member));
    assert_false(member.voter || member.goose || member.self);
    assert_int_equal(member.uid, 50);
    assert_int_equal(member.heard_ago_us, 5);
    assert_int_equal(member.rtt_us, GOOSE_MEMBER_UNKNOWN);
    assert_int_equal(member.rank, GOOSE_MEMBER_UNKNOWN);
    assert_false(goose_election_member(&core->e, core->observers, 4, core->now_us, &member));
    assert_false(goose_election_member(&core->e, NULL, 3, core->now_us, &member));
    uint64_t end_us = lease_end_us(&core->e, core->now_us);
    assert_false(goose_election_member(&core->e, core->observers, 3, end_us, &member));
    core_free(core);
}

static void a_member_never_heard_is_unknown(void **state)
{
    struct core *core = core_new(0);
    struct goose_election_member member;

    (void)state;
    struct goose_roster roster;
    core_roster(&roster, 3);
    roster.seats[1].uid = 0; /* nobody has come there */
    core_start_with(core, &roster);
    core_heartbeat(core, 3, CORE_TERM, 1);
    assert_true(goose_election_member(&core->e, NULL, 1, core->now_us, &member));
    assert_int_equal(member.heard_ago_us, GOOSE_MEMBER_UNKNOWN);
    assert_true(goose_election_member(&core->e, NULL, 2, core->now_us, &member));
    assert_int_equal(member.heard_ago_us, 0);
    assert_true(member.goose);
    core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resolver_are_complete_and_distinct),
        cmocka_unit_test(a_goose_is_shown_only_while_its_lease_lives),
        cmocka_unit_test(a_follower_shows_its_goose_while_its_promise_lives),
        cmocka_unit_test(members_are_the_seats_then_the_observers),
        cmocka_unit_test(a_member_never_heard_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
