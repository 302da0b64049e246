/* test_envelope.c: invites, and what everybody else gets: what no trace can show, because there a place is a node. */
#include "core.h"

#define MINUTE_US UINT64_C(60000000)

static const struct goose_endpoint here = {{1, 2, 3}}, there = {{1, 2, 4}};

/* Somewhere in a minute, so that what counts is the minute and not the second. */
static struct core *core_in_minute(uint64_t minute)
{
    struct core *core = core_new(2);

    core->now_us = minute * MINUTE_US + MINUTE_US / 2;
    core_start_seated(core, 3);
    return core;
}

static void an_invite_is_for_one_place_and_one_uid(void **state)
{
    struct core *core = core_in_minute(5);
    uint64_t invite = invite_for(&core->e, &here, 50);

    (void)state;
    assert_true(invite_is_good(&core->e, &here, 50, invite));
    assert_false(invite_is_good(&core->e, &there, 50, invite));
    assert_false(invite_is_good(&core->e, &here, 51, invite));
    assert_false(invite_is_good(&core->e, &here, 50, 0));
    core_free(core);
}

static void an_invite_is_good_for_two_minutes_at_most(void **state)
{
    struct core *core = core_in_minute(5);
    uint64_t invite = invite_for(&core->e, &here, 50);

    (void)state;
    core_at(core, 7 * MINUTE_US - 1);
    assert_true(invite_is_good(&core->e, &here, 50, invite));
    core_at(core, 7 * MINUTE_US);
    assert_false(invite_is_good(&core->e, &here, 50, invite));
    core_free(core);
}

static void an_invite_stands_on_a_secret(void **state)
{
    struct core *core = core_in_minute(5);
    struct goose_election other = core->e;

    (void)state;
    assert_true(other.invite_secret[0] != 0 && other.invite_secret[1] != 0);
    for (int i = 0; i < 2; i++) {
        other.invite_secret[i] ^= 1;
        assert_false(invite_is_good(&other, &here, 50, invite_for(&core->e, &here, 50)));
        other.invite_secret[i] ^= 1;
    }
    core_free(core);
}

static void a_place_gets_one_stale_a_moment(void **state)
{
    struct core *core = core_in_minute(5);

    (void)state;
    struct goose_election e = core->e;
    assert_true(stale_may_leave(&e, &here));
    assert_false(stale_may_leave(&e, &here));
    assert_true(stale_may_leave(&e, &there));
    e.now_us += 20000;
    assert_true(stale_may_leave(&e, &here));
    core_free(core);
}

static void who_is_invited_is_answered_in_a_flood(void **state)
{
    struct core *core = core_in_minute(5);
    struct goose_message m = core_message(core, GOOSE_MESSAGE_HELLO, 50);

    (void)state;
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NONE);
    m.hello.invite = core_sent(core, GOOSE_MESSAGE_WELCOME)->message.welcome.invite;
    struct goose_message invited = m;
    m.hello.invite = 0;
    for (int answered = 0; core_tell(core, m) == GOOSE_REFUSAL_NONE; answered++)
        assert_true(answered < 20000);
    invited.counter = ++core->counter;
    assert_int_equal(core_tell(core, invited), GOOSE_REFUSAL_NONE);
    assert_non_null(core_sent(core, GOOSE_MESSAGE_WELCOME));
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NOT_WELCOME);
    core->now_us += 1000000;
    m.counter = ++core->counter;
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NONE);
    core_free(core);
}

/* A machine put back within a life: it says again what it has said. */
static void who_is_behind_its_own_counter_hears_it(void **state)
{
    struct core *core = core_in_minute(5);

    (void)state;
    core->counter += 100;
    uint64_t newest = core->counter + 1;
    assert_int_equal(core_heartbeat(core, 2, CORE_TERM, 1), GOOSE_REFUSAL_NONE);
    struct goose_message m = core_message(core, GOOSE_MESSAGE_HELLO, 2);
    m.counter = newest - 80;
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_REPLAY);
    assert_int_equal(core_sent(core, GOOSE_MESSAGE_WELCOME)->message.welcome.newest_counter,
                     newest);
    core_free(core);
}

static void a_counter_above_its_own_retires_it(void **state)
{
    struct core *core = core_in_minute(5);
    struct goose_message m = core_message(core, GOOSE_MESSAGE_WELCOME, 2);

    (void)state;
    m.welcome = (struct goose_welcome){.nonce = core->e.hello_nonce,
                                       .newest_life = core->e.saved.life,
                                       .newest_counter = core->e.counter,
                                       .knows_flock = true};
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NONE);
    m.counter = ++core->counter;
    m.welcome.newest_counter = core->e.counter + 1;
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_OLD_COPY);
    assert_true(core->actions.retire);
    core_free(core);
}

/* An answer that was overtaken is heard, and does not lead back to where its sender was. */
static void the_newest_answer_says_where_its_sender_is(void **state)
{
    struct core *core = core_in_minute(5);
    struct goose_message older = core_message(core, GOOSE_MESSAGE_WELCOME, 2);
    older.welcome = (struct goose_welcome){.nonce = core->e.hello_nonce, .knows_flock = true};
    struct goose_message newer = older;
    struct goose_event event = {.kind = GOOSE_EVENT_MESSAGE};

    (void)state;
    newer.counter = ++core->counter;
    event.message.message = &newer;
    event.message.from = here;
    assert_int_equal(core_step(core, event), GOOSE_REFUSAL_NONE);
    event.message.message = &older;
    event.message.from = there;
    assert_int_equal(core_step(core, event), GOOSE_REFUSAL_NONE);
    assert_memory_equal(&core->e.peers[1].contact.from, &here, sizeof here);
    core_free(core);
}

/* A lone founder hears something of a flock that was meant for another life. */
static bool is_asked_back(struct core *core, uint64_t uid)
{
    struct goose_message m = core_message(core, GOOSE_MESSAGE_HEARTBEAT, uid);

    m.flock_id = CORE_FLOCK;
    m.for_life--;
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_WRONG_LIFE);
    return core_sent(core, GOOSE_MESSAGE_HELLO) != NULL;
}

static struct core *core_alone(void)
{
    struct core *core = core_new(0);
    struct goose_election_options options;

    core_options(&options);
    core_start(core, &options, NULL);
    assert_true(core->e.birth.listening);
    return core;
}

static void eight_senders_are_asked_back_eight_times(void **state)
{
    struct core *core = core_alone();

    (void)state;
    for (int times = 0; times < 8; times++)
        assert_true(is_asked_back(core, 50));
    assert_false(is_asked_back(core, 50));
    for (uint64_t uid = 51; uid < 58; uid++)
        assert_true(is_asked_back(core, uid));
    assert_false(is_asked_back(core, 58));
    core_free(core);
}

static void who_has_asked_back_listens_on(void **state)
{
    struct core *core = core_alone();
    uint64_t end_us = core->e.birth.listen_end_us;

    (void)state;
    core_at(core, end_us - 1);
    assert_true(is_asked_back(core, 50));
    core_at(core, end_us - 1 + own_promise_us(&core->e) - 1);
    assert_true(core->e.birth.listening);
    core_at(core, end_us - 1 + own_promise_us(&core->e));
    assert_false(core->e.birth.listening);
    core_free(core);
}

/* Who has never followed gets a heartbeat for a HELLO, which is longer; anybody could send one without an invite. */
static void a_heartbeat_is_for_who_was_invited(void **state)
{
    struct core *core = core_new(2);
    struct goose_message m;

    (void)state;
    core_start_seated(core, 3);
    core_win(core);
    assert_int_equal(core_admit(core, 50), GOOSE_REFUSAL_NONE);
    m = core_message(core, GOOSE_MESSAGE_HELLO, 50);
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NONE);
    assert_null(core_sent(core, GOOSE_MESSAGE_HEARTBEAT));
    m.hello.invite = core_sent(core, GOOSE_MESSAGE_WELCOME)->message.welcome.invite;
    m.counter = ++core->counter;
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NONE);
    assert_non_null(core_sent(core, GOOSE_MESSAGE_HEARTBEAT));
    core_free(core);
}

static void a_full_table_forgets_who_never_followed(void **state)
{
    struct core *core = core_new(2);

    (void)state;
    core_start_seated(core, 3);
    core_win(core);
    for (uint64_t uid = 50; uid <= 52; uid++)
        assert_int_equal(core_admit(core, uid), GOOSE_REFUSAL_NONE);
    assert_int_equal(goose_observers_count(core->observers), 2);
    assert_non_null(observers_find(core->observers, 52));
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(core_ack(core, goose_observers_at(core->observers, i)->contact.uid),
                         GOOSE_REFUSAL_NONE);
    assert_int_equal(core_admit(core, 53), GOOSE_REFUSAL_NOT_WELCOME);
    assert_non_null(observers_find(core->observers, 52));
    core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_invite_is_for_one_place_and_one_uid),
        cmocka_unit_test(an_invite_is_good_for_two_minutes_at_most),
        cmocka_unit_test(an_invite_stands_on_a_secret),
        cmocka_unit_test(a_place_gets_one_stale_a_moment),
        cmocka_unit_test(who_is_invited_is_answered_in_a_flood),
        cmocka_unit_test(who_is_behind_its_own_counter_hears_it),
        cmocka_unit_test(a_counter_above_its_own_retires_it),
        cmocka_unit_test(the_newest_answer_says_where_its_sender_is),
        cmocka_unit_test(eight_senders_are_asked_back_eight_times),
        cmocka_unit_test(who_has_asked_back_listens_on),
        cmocka_unit_test(a_heartbeat_is_for_who_was_invited),
        cmocka_unit_test(a_full_table_forgets_who_never_followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
