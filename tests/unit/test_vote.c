/* test_vote.c: what counts as a yes, and when: PROTOCOL 4 and 6. */
#include "core.h"

#include <string.h>

/* Three seats: mine, one that nobody has claimed, one claimed by a node that is gone. */
static struct core *with_an_unclaimed_seat(void)
{
    struct core *core = core_new(0);
    struct goose_roster roster;

    core_roster(&roster, 3);
    roster.seats[1].uid = 0;
    core_start_with(core, &roster);
    return core;
}

static struct goose_message hello_of(struct core *core, uint64_t uid)
{
    struct goose_message m = core_message(core, GOOSE_MESSAGE_HELLO, uid);

    m.hello.nonce = uid;
    return m;
}

/* PROTOCOL 4: not for a lease, a commit or the succession, where whoever speaks there has acknowledged all that there
 * is. */
static void an_unclaimed_seat_backs_no_reign(void **state)
{
    struct core *core = with_an_unclaimed_seat();

    (void)state;
    assert_int_equal(core_tell(core, hello_of(core, 2)), GOOSE_REFUSAL_NONE);
    core_until(core, GOOSE_ROLE_CANVASSING);
    assert_int_equal(core_reply(core, 3, GOOSE_VERDICT_YES), GOOSE_REFUSAL_NONE);
    core_save(core);
    assert_int_equal(core_reply(core, 3, GOOSE_VERDICT_YES), GOOSE_REFUSAL_NONE);
    assert_int_equal(core->e.role, GOOSE_ROLE_GOOSE);
    core_save(core);
    struct goose_election e = core->e;
    struct goose_follower *unclaimed = &e.peers[1].follower, *claimed = &e.peers[2].follower;
    *unclaimed = (struct goose_follower){.term = e.saved.term,
                                         .roster_term = e.roster.term,
                                         .roster_version = e.roster.version,
                                         .sent_at_us = e.now_us,
                                         .stands = true,
                                         .priority = GOOSE_PRIORITY_DEFAULT};
    *claimed = *unclaimed;
    assert_true(reign_roster_committed(&e));
    assert_int_equal(succession_heir(&e), 2);
    claimed->roster_version--;
    claimed->sent_at_us = e.now_us - 1000;
    assert_false(reign_roster_committed(&e));
    assert_int_equal(succession_heir(&e), -1);
    lease_count(&e);
    assert_int_equal(lease_end_us(&e, e.now_us), claimed->sent_at_us + CORE_LEASE_US);
    core_free(core);
}

static struct goose_message vote_of(struct core *core, uint64_t uid, uint64_t term)
{
    struct goose_message m = core_message(core, GOOSE_MESSAGE_VOTE, uid);

    m.term = term;
    m.ask = (struct goose_ask){.round = 5,
                               .term = term,
                               .promise_us = promise_of_lease_us(CORE_LEASE_US),
                               .roster_digest = goose_roster_digest(&core->e.roster)};
    return m;
}

static void each_verdict(struct core *core, const struct goose_message *m,
                         enum goose_verdict verdict)
{
    (void)core_tell(core, *m);
    const struct goose_note *note = core_noted(core, GOOSE_NOTE_DENIED);
    assert_non_null(note);
    assert_int_equal(note->number, verdict);
}

/* PROTOCOL 6.3, a refusal each; and none of them changes the term. */
static void a_refused_vote_says_why_and_changes_nothing(void **state)
{
    struct core *core = core_new(0);
    struct goose_message m;

    (void)state;
    core_start_seated(core, 3);
    m = vote_of(core, 2, CORE_TERM + 1);
    each_verdict(core, &m, GOOSE_VERDICT_QUARANTINE);
    core_at(core, core->e.quarantine_end_us);
    m = vote_of(core, 99, CORE_TERM + 1);
    each_verdict(core, &m, GOOSE_VERDICT_STRANGER);
    m = vote_of(core, 2, CORE_TERM - 1);
    each_verdict(core, &m, GOOSE_VERDICT_OLD_TERM);
    m = vote_of(core, 2, CORE_TERM + JUMP_MAX + 1);
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_ABSURD);
    m = vote_of(core, 2, CORE_TERM + 1);
    m.roster_version--;
    each_verdict(core, &m, GOOSE_VERDICT_OLD_ROSTER);
    m = vote_of(core, 2, CORE_TERM + 1);
    m.ask.roster_digest++;
    each_verdict(core, &m, GOOSE_VERDICT_OTHER_ROSTER);
    assert_non_null(core_noted(core, GOOSE_NOTE_CONFLICT));
    assert_int_equal(core_heartbeat(core, 3, CORE_TERM, 1), GOOSE_REFUSAL_NONE);
    m = vote_of(core, 2, CORE_TERM + 1);
    each_verdict(core, &m, GOOSE_VERDICT_PROMISED);
    assert_int_equal(core->e.saved.term, CORE_TERM);
    struct goose_message resign = core_message(core, GOOSE_MESSAGE_RESIGN, 2);
    resign.resign = (struct goose_resign){.term = CORE_TERM + 1, .stagger_us = 10000};
    assert_int_equal(core_tell(core, resign), GOOSE_REFUSAL_NONE);
    m = vote_of(core, 2, CORE_TERM + 1);
    each_verdict(core, &m, GOOSE_VERDICT_RESIGNED);
    assert_int_equal(core->e.saved.term, CORE_TERM);
    core_free(core);
}

/* PROTOCOL 6, deferral: when the promise ends one of two gets it; the other is kept on. */
static void of_two_that_are_kept_one_gets_the_vote(void **state)
{
    struct core *core = core_new(0);

    (void)state;
    core_start_seated(core, 5);
    core_at(core, core->e.quarantine_end_us);
    assert_int_equal(core_heartbeat(core, 4, CORE_TERM, 1), GOOSE_REFUSAL_NONE);
    core_save(core);
    uint64_t end_us = core->e.promise.until_us;
    core->now_us = end_us - slack_us(&core->e);
    for (uint64_t uid = 2; uid <= 3; uid++) {
        assert_int_equal(core_tell(core, vote_of(core, uid, CORE_TERM + 1)), GOOSE_REFUSAL_NONE);
        assert_null(core_sent(core, GOOSE_MESSAGE_VOTE_REPLY));
        assert_true(core->e.peers[uid - 1].asked.kept);
    }
    core_at(core, end_us);
    assert_int_equal(core->e.saved.voted_for, 2);
    assert_int_equal(core->e.promise.to.uid, 2);
    assert_true(core->e.peers[2].asked.kept && !core->e.peers[1].asked.kept);
    core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unclaimed_seat_backs_no_reign),
        cmocka_unit_test(a_refused_vote_says_why_and_changes_nothing),
        cmocka_unit_test(of_two_that_are_kept_one_gets_the_vote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
