/* test_refusals.c: each reason for which an event is refused, reached once; and what is refused
 * changes nothing that is on disk, promised or claimed. */
#include "core.h"

#include <string.h>

#define NEXT_LIFE (CORE_LIFE + (UINT64_C(1) << 32))

static enum refusal nothing_wrong(struct core *core)
{
    core_start_seated(core, 3);
    return core_at(core, core->now_us + 1);
}

static enum refusal not_started(struct core *core)
{
    return core_at(core, core->now_us);
}

static enum refusal start_again(struct core *core)
{
    struct election_options options;

    core_options(&options);
    core_start_seated(core, 3);
    return core_step(core, (struct event){.kind = EVENT_START, .start = {.options = &options}});
}

static enum refusal bad_options(struct core *core)
{
    struct election_options options;

    core_options(&options);
    options.lease_us = 3 * options.heartbeat_us - 1;
    return core_step(core, (struct event){.kind = EVENT_START, .start = {.options = &options}});
}

static enum refusal bad_durable(struct core *core)
{
    struct election_options options;
    const struct durable_state saved = {.uid = 0, .life = CORE_LIFE};

    core_options(&options);
    return core_step(
        core, (struct event){.kind = EVENT_START, .start = {.options = &options, .saved = &saved}});
}

static enum refusal unknown_event(struct core *core)
{
    core_start_seated(core, 3);
    return core_step(core, (struct event){.kind = (enum event_kind)(EVENT_WORK + 1)});
}

/* PROTOCOL 7: a goose that is to resign as soon as a hold is over. */
static enum refusal no_work(struct core *core)
{
    core_start_seated(core, 3);
    core_win(core);
    core_step(core, (struct event){.kind = EVENT_REQUEST,
                                   .request = {.id = 7, .kind = REQUEST_HOLD, .hold_us = 50000}});
    core_request(core, 8, REQUEST_DRAIN, "");
    return core_step(core, (struct event){.kind = EVENT_WORK, .work = {.open = 1}});
}

static enum refusal no_write_of_that(struct core *core)
{
    core_start_seated(core, 3);
    return core_step(core,
                     (struct event){.kind = EVENT_SAVED, .saved = {core->e.generation, true}});
}

static struct message warning(struct core *core)
{
    struct message m = core_message(core, MESSAGE_WELCOME, 2);

    m.welcome = (struct welcome){.nonce = core->e.hello_nonce, .old_copy = true};
    return m;
}

static enum refusal retired(struct core *core)
{
    core_start_seated(core, 3);
    assert_int_equal(core_tell(core, warning(core)), REFUSAL_OLD_COPY);
    assert_true(core->actions.retire);
    return core_at(core, core->now_us + 1);
}

static enum refusal other_name(struct core *core)
{
    core_start_seated(core, 3);
    struct message m = core_message(core, MESSAGE_HELLO, 2);
    m.name_tag++;
    return core_tell(core, m);
}

static enum refusal other_flock(struct core *core)
{
    core_start_seated(core, 3);
    struct message m = core_message(core, MESSAGE_RESIGN, 2);
    m.flock_id++;
    return core_tell(core, m);
}

static enum refusal own_message(struct core *core)
{
    core_start_seated(core, 3);
    struct message m = core_message(core, MESSAGE_HELLO, CORE_SELF);
    m.life = core->e.saved.life;
    return core_tell(core, m);
}

static enum refusal old_life(struct core *core)
{
    core_start_seated(core, 3);
    struct message m = core_message(core, MESSAGE_HELLO, 2);
    m.life = NEXT_LIFE;
    assert_int_equal(core_tell(core, m), REFUSAL_NONE);
    enum refusal refusal = core_tell(core, core_message(core, MESSAGE_HELLO, 2));
    const struct send *welcome = core_sent(core, MESSAGE_WELCOME);
    assert_int_equal(welcome->message.welcome.newest_life, NEXT_LIFE);
    return refusal;
}

static enum refusal wrong_life(struct core *core)
{
    core_start_seated(core, 3);
    struct message m = core_message(core, MESSAGE_RESIGN, 2);
    m.resign = (struct resign){.term = CORE_TERM, .step_us = 10000};
    m.for_life--;
    enum refusal refusal = core_tell(core, m);
    assert_non_null(core_sent(core, MESSAGE_STALE));
    return refusal;
}

/* A later life that has forgotten the term that an earlier one acknowledged. */
static enum refusal old_copy(struct core *core)
{
    core_start_seated(core, 3);
    core_win(core);
    struct message m = core_message(core, MESSAGE_HELLO, 2);
    m.life = NEXT_LIFE;
    m.term--;
    enum refusal refusal = core_tell(core, m);
    assert_true(core_sent(core, MESSAGE_WELCOME)->message.welcome.old_copy);
    return refusal;
}

static enum refusal replay(struct core *core)
{
    core_start_seated(core, 3);
    struct message m = core_message(core, MESSAGE_HELLO, 2);
    assert_int_equal(core_tell(core, m), REFUSAL_NONE);
    return core_tell(core, m);
}

static enum refusal stranger(struct core *core)
{
    core_start_seated(core, 3);
    return core_heartbeat(core, 99, CORE_TERM + 1, 1);
}

static enum refusal old_term(struct core *core)
{
    core_start_seated(core, 3);
    enum refusal refusal = core_heartbeat(core, 2, CORE_TERM - 1, 1);
    assert_false(core_sent(core, MESSAGE_ACK)->message.ack.yes);
    return refusal;
}

static enum refusal old_seq(struct core *core)
{
    core_start_seated(core, 3);
    assert_int_equal(core_heartbeat(core, 2, CORE_TERM, 5), REFUSAL_NONE);
    core_save(core);
    return core_heartbeat(core, 2, CORE_TERM, 5);
}

static enum refusal old_round(struct core *core)
{
    core_start_seated(core, 3);
    core_until(core, ROLE_CANVASSING);
    core->ask.ask.round++;
    return core_reply(core, 2, VERDICT_YES);
}

static enum refusal resigned(struct core *core)
{
    core_start_seated(core, 3);
    assert_int_equal(core_heartbeat(core, 2, CORE_TERM, 5), REFUSAL_NONE);
    core_save(core);
    struct message m = core_message(core, MESSAGE_RESIGN, 2);
    m.resign = (struct resign){.term = CORE_TERM, .step_us = 10000};
    assert_int_equal(core_tell(core, m), REFUSAL_NONE);
    return core_heartbeat(core, 2, CORE_TERM, 6);
}

/* Two that were started with different --peers. */
static enum refusal other_roster(struct core *core)
{
    struct election_options options;
    struct address peers[2];

    core_options(&options);
    core_keep(&peers[0], "n1:7000");
    core_keep(&peers[1], "n2:7000");
    assert_int_equal(roster_bootstrap(&options.peers, CORE_TAG, peers, 2), ROSTER_OK);
    core_start(core, &options, NULL);
    struct message m = core_message(core, MESSAGE_WELCOME, 2);
    m.welcome = (struct welcome){.nonce = core->e.hello_nonce,
                                 .peers_digest = roster_digest(&options.peers) + 1};
    enum refusal refusal = core_tell(core, m);
    assert_non_null(core_noted(core, NOTE_CONFLICT));
    return refusal;
}

static enum refusal second_goose(struct core *core)
{
    core_start_seated(core, 3);
    core_win(core);
    return core_heartbeat(core, 2, core->e.saved.term, 1);
}

static enum refusal absurd(struct core *core)
{
    core_start_seated(core, 3);
    core_until(core, ROLE_CANVASSING);
    core->ask.ask.sent_at_us = core->now_us + 1;
    return core_reply(core, 2, VERDICT_YES);
}

static enum refusal not_goose(struct core *core)
{
    core_start_seated(core, 3);
    return core_ack(core, 2);
}

static enum refusal not_asked(struct core *core)
{
    core_start_seated(core, 3);
    struct message m = core_message(core, MESSAGE_WELCOME, 2);
    m.welcome = (struct welcome){.nonce = core->e.hello_nonce + 1};
    return core_tell(core, m);
}

static enum refusal not_welcome(struct core *core)
{
    core_start_seated(core, 1);
    core_win(core);
    struct message m = core_message(core, MESSAGE_HELLO, 99);
    m.hello = (struct hello){.nonce = 1, .invite = 1};
    return core_tell(core, m);
}

typedef enum refusal provoke(struct core *core);

static provoke *const provoked[REFUSALS] = {
    [REFUSAL_NONE] = nothing_wrong,
    [REFUSAL_NOT_STARTED] = not_started,
    [REFUSAL_STARTED] = start_again,
    [REFUSAL_OPTIONS] = bad_options,
    [REFUSAL_DURABLE] = bad_durable,
    [REFUSAL_UNKNOWN_EVENT] = unknown_event,
    [REFUSAL_GENERATION] = no_write_of_that,
    [REFUSAL_FAILED] = retired,
    [REFUSAL_OTHER_NAME] = other_name,
    [REFUSAL_OTHER_FLOCK] = other_flock,
    [REFUSAL_OWN_MESSAGE] = own_message,
    [REFUSAL_OLD_LIFE] = old_life,
    [REFUSAL_WRONG_LIFE] = wrong_life,
    [REFUSAL_OLD_COPY] = old_copy,
    [REFUSAL_REPLAY] = replay,
    [REFUSAL_STRANGER] = stranger,
    [REFUSAL_OLD_TERM] = old_term,
    [REFUSAL_OLD_SEQ] = old_seq,
    [REFUSAL_OLD_ROUND] = old_round,
    [REFUSAL_RESIGNED] = resigned,
    [REFUSAL_OTHER_ROSTER] = other_roster,
    [REFUSAL_SECOND_GOOSE] = second_goose,
    [REFUSAL_ABSURD] = absurd,
    [REFUSAL_NOT_GOOSE] = not_goose,
    [REFUSAL_NOT_ASKED] = not_asked,
    [REFUSAL_NOT_WELCOME] = not_welcome,
    [REFUSAL_NO_WORK] = no_work,
};

static void each_is_reached_and_changes_nothing(void **state)
{
    (void)state;
    for (int refusal = 0; refusal < REFUSALS; refusal++) {
        struct core *core = core_new(8);
        assert_non_null(provoked[refusal]);
        enum refusal met = provoked[refusal](core);
        if ((int)met != refusal)
            fail_msg("%s, not %s", refusal_name(met), refusal_name((enum refusal)refusal));
        assert_memory_equal(&core->e.saved, &core->before.saved, sizeof core->e.saved);
        assert_memory_equal(&core->e.promise, &core->before.promise, sizeof core->e.promise);
        assert_int_equal(core->e.role, core->before.role);
        assert_int_equal(core->actions.claim, CLAIM_UNCHANGED);
        core_free(core);
    }
}

/* One value wrong at a time. */
static void options_that_no_node_can_run_with(void **state)
{
    struct core *core = core_new(0);
    struct election_options good, bad;
    struct address other;

    (void)state;
    core_options(&good);
    core_start_seated(core, 3);
    core_keep(&other, "n2:7000");
#define REFUSED(fault)                                                                        \
    bad = good;                                                                               \
    fault;                                                                                    \
    assert_int_equal(                                                                         \
        core_step(core, (struct event){.kind = EVENT_OPTIONS, .options = {.options = &bad}}), \
        REFUSAL_OPTIONS)
    REFUSED(bad.self.bytes = 0);
    REFUSED(bad.self.bytes = UINT8_MAX);
    REFUSED(bad.heartbeat_us = HEARTBEAT_US_MIN - 1);
    REFUSED(bad.heartbeat_us = 0);
    REFUSED(bad.heartbeat_us = bad.lease_us / 3 + 1);
    REFUSED(bad.lease_us = LEASE_US_MAX + 1);
    REFUSED(bad.lease_us = 0);
    REFUSED(bad.voters = 0);
    REFUSED(bad.voters = ROSTER_SEATS_MAX + 1);
    REFUSED(bad.peers.count = 1);
    REFUSED(bad.join.zero[0] = 1);
    REFUSED((void)roster_bootstrap(&bad.peers, CORE_TAG, &other, 1)); /* without myself */
    REFUSED(core_roster(&bad.peers, 3));                              /* of a term */
#undef REFUSED
    assert_int_equal(
        core_step(core, (struct event){.kind = EVENT_OPTIONS, .options = {.options = &good}}),
        REFUSAL_NONE);
    core_free(core);
}

/* PROTOCOL 3: the life is durable before the first message of all. Until then nothing is heard
 * either. */
static void before_its_life_is_on_disk_a_node_is_deaf_and_mute(void **state)
{
    struct core *core = core_new(0);
    struct election_options options;

    (void)state;
    core_options(&options);
    assert_int_equal(
        core_step(core, (struct event){.kind = EVENT_START, .start = {.options = &options}}),
        REFUSAL_NONE);
    assert_int_equal(core->actions.send_count, 0);
    assert_int_equal(core->actions.wake_at_us, UINT64_MAX);
    assert_int_equal(core_tell(core, core_message(core, MESSAGE_HELLO, 2)), REFUSAL_NOT_STARTED);
    assert_int_equal(core_at(core, core->now_us + 10 * (uint64_t)CORE_LEASE_US), REFUSAL_NONE);
    assert_int_equal(core->actions.send_count, 0);
    core_save(core);
    assert_true(core->actions.wake_at_us != UINT64_MAX);
    core_free(core);
}

static void a_message_of_no_kind_is_refused(void **state)
{
    struct core *core = core_new(0);

    (void)state;
    core_start_seated(core, 3);
    assert_int_equal(core_tell(core, core_message(core, MESSAGE_KINDS, 2)), REFUSAL_UNKNOWN_EVENT);
    core_free(core);
}

/* The counter's window: the newest and the 64 before it, each once. */
static void a_late_message_counts_once_and_not_for_ever(void **state)
{
    struct core *core = core_new(0);

    (void)state;
    core_start_seated(core, 3);
    struct message m = core_message(core, MESSAGE_HELLO, 2);
    const struct {
        uint64_t counter;
        enum refusal refusal;
    } order[] = {{100, REFUSAL_NONE},   {99, REFUSAL_NONE},    {99, REFUSAL_REPLAY},
                 {37, REFUSAL_NONE},    {36, REFUSAL_REPLAY},  {163, REFUSAL_NONE},
                 {100, REFUSAL_REPLAY}, {99, REFUSAL_REPLAY},  {101, REFUSAL_NONE},
                 {300, REFUSAL_NONE},   {163, REFUSAL_REPLAY}, {237, REFUSAL_NONE}};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        m.counter = order[i].counter;
        assert_int_equal(core_tell(core, m), order[i].refusal);
    }
    core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_reached_and_changes_nothing),
        cmocka_unit_test(options_that_no_node_can_run_with),
        cmocka_unit_test(before_its_life_is_on_disk_a_node_is_deaf_and_mute),
        cmocka_unit_test(a_message_of_no_kind_is_refused),
        cmocka_unit_test(a_late_message_counts_once_and_not_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
