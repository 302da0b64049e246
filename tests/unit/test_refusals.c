/* test_refusals.c: each reason for which an event is refused, reached once; and what is refused
 * changes nothing that is on disk, promised or claimed. */
#include "core.h"

#include <string.h>

#define NEXT_LIFE (CORE_LIFE + (UINT64_C(1) << 32))

static enum goose_refusal nothing_wrong(struct core *core)
{
    core_start_seated(core, 3);
    return core_at(core, core->now_us + 1);
}

static enum goose_refusal not_started(struct core *core)
{
    return core_at(core, core->now_us);
}

static enum goose_refusal start_again(struct core *core)
{
    struct goose_election_options options;

    core_options(&options);
    core_start_seated(core, 3);
    return core_step(
        core, (struct goose_event){.kind = GOOSE_EVENT_START, .start = {.options = &options}});
}

static enum goose_refusal bad_options(struct core *core)
{
    struct goose_election_options options;

    core_options(&options);
    options.lease_us = 3 * options.heartbeat_us - 1;
    return core_step(
        core, (struct goose_event){.kind = GOOSE_EVENT_START, .start = {.options = &options}});
}

static enum goose_refusal bad_durable(struct core *core)
{
    struct goose_election_options options;
    const struct goose_durable_state saved = {.uid = 0, .life = CORE_LIFE};

    core_options(&options);
    return core_step(core, (struct goose_event){.kind = GOOSE_EVENT_START,
                                                .start = {.options = &options, .saved = &saved}});
}

static enum goose_refusal unknown_event(struct core *core)
{
    core_start_seated(core, 3);
    return core_step(core,
                     (struct goose_event){.kind = (enum goose_event_kind)(GOOSE_EVENT_WORK + 1)});
}

/* PROTOCOL 7: a goose that is to resign as soon as a hold is over. */
static enum goose_refusal no_work(struct core *core)
{
    core_start_seated(core, 3);
    core_win(core);
    core_step(core, (struct goose_event){
                        .kind = GOOSE_EVENT_REQUEST,
                        .request = {.id = 7, .kind = GOOSE_REQUEST_HOLD, .hold_us = 50000}});
    core_request(core, 8, GOOSE_REQUEST_DRAIN, "");
    return core_step(core, (struct goose_event){.kind = GOOSE_EVENT_WORK, .work = {.open = 1}});
}

static enum goose_refusal no_write_of_that(struct core *core)
{
    core_start_seated(core, 3);
    return core_step(
        core, (struct goose_event){.kind = GOOSE_EVENT_SAVED, .saved = {core->e.generation, true}});
}

static struct goose_message warning(struct core *core)
{
    struct goose_message m = core_message(core, GOOSE_MESSAGE_WELCOME, 2);

    m.welcome = (struct goose_welcome){.nonce = core->e.hello_nonce, .old_copy = true};
    return m;
}

static enum goose_refusal retired(struct core *core)
{
    core_start_seated(core, 3);
    assert_int_equal(core_tell(core, warning(core)), GOOSE_REFUSAL_OLD_COPY);
    assert_true(core->actions.retire);
    return core_at(core, core->now_us + 1);
}

static enum goose_refusal other_name(struct core *core)
{
    core_start_seated(core, 3);
    struct goose_message m = core_message(core, GOOSE_MESSAGE_HELLO, 2);
    m.name_tag++;
    return core_tell(core, m);
}

static enum goose_refusal other_flock(struct core *core)
{
    core_start_seated(core, 3);
    struct goose_message m = core_message(core, GOOSE_MESSAGE_RESIGN, 2);
    m.flock_id++;
    return core_tell(core, m);
}

static enum goose_refusal own_message(struct core *core)
{
    core_start_seated(core, 3);
    struct goose_message m = core_message(core, GOOSE_MESSAGE_HELLO, CORE_SELF);
    m.life = core->e.saved.life;
    return core_tell(core, m);
}

static enum goose_refusal old_life(struct core *core)
{
    core_start_seated(core, 3);
    struct goose_message m = core_message(core, GOOSE_MESSAGE_HELLO, 2);
    m.life = NEXT_LIFE;
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NONE);
    enum goose_refusal refusal = core_tell(core, core_message(core, GOOSE_MESSAGE_HELLO, 2));
    const struct goose_send *welcome = core_sent(core, GOOSE_MESSAGE_WELCOME);
    assert_int_equal(welcome->message.welcome.newest_life, NEXT_LIFE);
    return refusal;
}

static enum goose_refusal wrong_life(struct core *core)
{
    core_start_seated(core, 3);
    struct goose_message m = core_message(core, GOOSE_MESSAGE_RESIGN, 2);
    m.resign = (struct goose_resign){.term = CORE_TERM, .stagger_us = 10000};
    m.for_life--;
    enum goose_refusal refusal = core_tell(core, m);
    assert_non_null(core_sent(core, GOOSE_MESSAGE_STALE));
    return refusal;
}

/* A later life that has forgotten the term that an earlier one acknowledged. */
static enum goose_refusal old_copy(struct core *core)
{
    core_start_seated(core, 3);
    core_win(core);
    struct goose_message m = core_message(core, GOOSE_MESSAGE_HELLO, 2);
    m.life = NEXT_LIFE;
    m.term--;
    enum goose_refusal refusal = core_tell(core, m);
    assert_true(core_sent(core, GOOSE_MESSAGE_WELCOME)->message.welcome.old_copy);
    return refusal;
}

static enum goose_refusal replay(struct core *core)
{
    core_start_seated(core, 3);
    struct goose_message m = core_message(core, GOOSE_MESSAGE_HELLO, 2);
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NONE);
    return core_tell(core, m);
}

static enum goose_refusal stranger(struct core *core)
{
    core_start_seated(core, 3);
    return core_heartbeat(core, 99, CORE_TERM + 1, 1);
}

static enum goose_refusal old_term(struct core *core)
{
    core_start_seated(core, 3);
    enum goose_refusal refusal = core_heartbeat(core, 2, CORE_TERM - 1, 1);
    assert_false(core_sent(core, GOOSE_MESSAGE_ACK)->message.ack.yes);
    return refusal;
}

static enum goose_refusal old_seq(struct core *core)
{
    core_start_seated(core, 3);
    assert_int_equal(core_heartbeat(core, 2, CORE_TERM, 5), GOOSE_REFUSAL_NONE);
    core_save(core);
    return core_heartbeat(core, 2, CORE_TERM, 5);
}

static enum goose_refusal old_round(struct core *core)
{
    core_start_seated(core, 3);
    core_until(core, GOOSE_ROLE_CANVASSING);
    core->ask.ask.round++;
    return core_reply(core, 2, GOOSE_VERDICT_YES);
}

static enum goose_refusal resigned(struct core *core)
{
    core_start_seated(core, 3);
    assert_int_equal(core_heartbeat(core, 2, CORE_TERM, 5), GOOSE_REFUSAL_NONE);
    core_save(core);
    struct goose_message m = core_message(core, GOOSE_MESSAGE_RESIGN, 2);
    m.resign = (struct goose_resign){.term = CORE_TERM, .stagger_us = 10000};
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NONE);
    return core_heartbeat(core, 2, CORE_TERM, 6);
}

/* Two that were started with different --peers. */
static enum goose_refusal other_roster(struct core *core)
{
    struct goose_election_options options;
    struct goose_address peers[2];

    core_options(&options);
    core_keep(&peers[0], "n1:7000");
    core_keep(&peers[1], "n2:7000");
    assert_int_equal(goose_roster_bootstrap(&options.peers, CORE_TAG, peers, 2), GOOSE_ROSTER_OK);
    core_start(core, &options, NULL);
    struct goose_message m = core_message(core, GOOSE_MESSAGE_WELCOME, 2);
    m.welcome = (struct goose_welcome){.nonce = core->e.hello_nonce,
                                       .peers_digest = goose_roster_digest(&options.peers) + 1};
    enum goose_refusal refusal = core_tell(core, m);
    assert_non_null(core_noted(core, GOOSE_NOTE_CONFLICT));
    return refusal;
}

static enum goose_refusal second_goose(struct core *core)
{
    core_start_seated(core, 3);
    core_win(core);
    return core_heartbeat(core, 2, core->e.saved.term, 1);
}

static enum goose_refusal absurd(struct core *core)
{
    core_start_seated(core, 3);
    core_until(core, GOOSE_ROLE_CANVASSING);
    core->ask.ask.sent_at_us = core->now_us + 1;
    return core_reply(core, 2, GOOSE_VERDICT_YES);
}

static enum goose_refusal not_goose(struct core *core)
{
    core_start_seated(core, 3);
    return core_ack(core, 2);
}

static enum goose_refusal not_asked(struct core *core)
{
    core_start_seated(core, 3);
    struct goose_message m = core_message(core, GOOSE_MESSAGE_WELCOME, 2);
    m.welcome = (struct goose_welcome){.nonce = core->e.hello_nonce + 1};
    return core_tell(core, m);
}

static enum goose_refusal not_welcome(struct core *core)
{
    core_start_seated(core, 1);
    core_win(core);
    struct goose_message m = core_message(core, GOOSE_MESSAGE_HELLO, 99);
    m.hello = (struct goose_hello){.nonce = 1, .invite = 1};
    return core_tell(core, m);
}

typedef enum goose_refusal provoke(struct core *core);

static provoke *const provoked[GOOSE_REFUSALS] = {
    [GOOSE_REFUSAL_NONE] = nothing_wrong,
    [GOOSE_REFUSAL_NOT_STARTED] = not_started,
    [GOOSE_REFUSAL_STARTED] = start_again,
    [GOOSE_REFUSAL_OPTIONS] = bad_options,
    [GOOSE_REFUSAL_DURABLE] = bad_durable,
    [GOOSE_REFUSAL_UNKNOWN_EVENT] = unknown_event,
    [GOOSE_REFUSAL_GENERATION] = no_write_of_that,
    [GOOSE_REFUSAL_FAILED] = retired,
    [GOOSE_REFUSAL_OTHER_NAME] = other_name,
    [GOOSE_REFUSAL_OTHER_FLOCK] = other_flock,
    [GOOSE_REFUSAL_OWN_MESSAGE] = own_message,
    [GOOSE_REFUSAL_OLD_LIFE] = old_life,
    [GOOSE_REFUSAL_WRONG_LIFE] = wrong_life,
    [GOOSE_REFUSAL_OLD_COPY] = old_copy,
    [GOOSE_REFUSAL_REPLAY] = replay,
    [GOOSE_REFUSAL_STRANGER] = stranger,
    [GOOSE_REFUSAL_OLD_TERM] = old_term,
    [GOOSE_REFUSAL_OLD_SEQ] = old_seq,
    [GOOSE_REFUSAL_OLD_ROUND] = old_round,
    [GOOSE_REFUSAL_RESIGNED] = resigned,
    [GOOSE_REFUSAL_OTHER_ROSTER] = other_roster,
    [GOOSE_REFUSAL_SECOND_GOOSE] = second_goose,
    [GOOSE_REFUSAL_ABSURD] = absurd,
    [GOOSE_REFUSAL_NOT_GOOSE] = not_goose,
    [GOOSE_REFUSAL_NOT_ASKED] = not_asked,
    [GOOSE_REFUSAL_NOT_WELCOME] = not_welcome,
    [GOOSE_REFUSAL_NO_WORK] = no_work,
};

static void each_is_reached_and_changes_nothing(void **state)
{
    (void)state;
    for (int refusal = 0; refusal < GOOSE_REFUSALS; refusal++) {
        struct core *core = core_new(8);
        assert_non_null(provoked[refusal]);
        enum goose_refusal met = provoked[refusal](core);
        if ((int)met != refusal)
            fail_msg("%s, not %s", goose_refusal_name(met),
                     goose_refusal_name((enum goose_refusal)refusal));
        assert_memory_equal(&core->e.saved, &core->before.saved, sizeof core->e.saved);
        assert_memory_equal(&core->e.promise, &core->before.promise, sizeof core->e.promise);
        assert_int_equal(core->e.role, core->before.role);
        assert_int_equal(core->actions.claim, GOOSE_CLAIM_UNCHANGED);
        core_free(core);
    }
}

/* One value wrong at a time. */
static void options_that_no_node_can_run_with(void **state)
{
    struct core *core = core_new(0);
    struct goose_election_options good, bad;
    struct goose_address other;

    (void)state;
    core_options(&good);
    core_start_seated(core, 3);
    core_keep(&other, "n2:7000");
#define REFUSED(fault)                                                                    \
    bad = good;                                                                           \
    fault;                                                                                \
    assert_int_equal(core_step(core, (struct goose_event){.kind = GOOSE_EVENT_OPTIONS,    \
                                                          .options = {.options = &bad}}), \
                     GOOSE_REFUSAL_OPTIONS)
    REFUSED(bad.self.bytes = 0);
    REFUSED(bad.self.bytes = UINT8_MAX);
    REFUSED(bad.heartbeat_us = GOOSE_HEARTBEAT_US_MIN - 1);
    REFUSED(bad.heartbeat_us = 0);
    REFUSED(bad.heartbeat_us = bad.lease_us / 3 + 1);
    REFUSED(bad.lease_us = GOOSE_LEASE_US_MAX + 1);
    REFUSED(bad.lease_us = 0);
    REFUSED(bad.voters = 0);
    REFUSED(bad.voters = GOOSE_ROSTER_SEATS_MAX + 1);
    REFUSED(bad.peers.count = 1);
    REFUSED(bad.join.zero[0] = 1);
    REFUSED((void)goose_roster_bootstrap(&bad.peers, CORE_TAG, &other, 1)); /* without myself */
    REFUSED(core_roster(&bad.peers, 3));                                    /* of a term */
#undef REFUSED
    assert_int_equal(core_step(core, (struct goose_event){.kind = GOOSE_EVENT_OPTIONS,
                                                          .options = {.options = &good}}),
                     GOOSE_REFUSAL_NONE);
    core_free(core);
}

/* PROTOCOL 3: the life is durable before the first message of all. Until then nothing is heard
 * either. */
static void before_its_life_is_on_disk_a_node_is_deaf_and_mute(void **state)
{
    struct core *core = core_new(0);
    struct goose_election_options options;

    (void)state;
    core_options(&options);
    assert_int_equal(core_step(core, (struct goose_event){.kind = GOOSE_EVENT_START,
                                                          .start = {.options = &options}}),
                     GOOSE_REFUSAL_NONE);
    assert_int_equal(core->actions.send_count, 0);
    assert_int_equal(core->actions.wake_at_us, UINT64_MAX);
    assert_int_equal(core_tell(core, core_message(core, GOOSE_MESSAGE_HELLO, 2)),
                     GOOSE_REFUSAL_NOT_STARTED);
    assert_int_equal(core_at(core, core->now_us + 10 * (uint64_t)CORE_LEASE_US),
                     GOOSE_REFUSAL_NONE);
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
    assert_int_equal(core_tell(core, core_message(core, GOOSE_MESSAGE_KINDS, 2)),
                     GOOSE_REFUSAL_UNKNOWN_EVENT);
    core_free(core);
}

/* The counter's window: the newest and the 64 before it, each once. */
static void a_late_message_counts_once_and_not_for_ever(void **state)
{
    struct core *core = core_new(0);

    (void)state;
    core_start_seated(core, 3);
    struct goose_message m = core_message(core, GOOSE_MESSAGE_HELLO, 2);
    const struct {
        uint64_t counter;
        enum goose_refusal refusal;
    } order[] = {
        {100, GOOSE_REFUSAL_NONE},   {99, GOOSE_REFUSAL_NONE},    {99, GOOSE_REFUSAL_REPLAY},
        {37, GOOSE_REFUSAL_NONE},    {36, GOOSE_REFUSAL_REPLAY},  {163, GOOSE_REFUSAL_NONE},
        {100, GOOSE_REFUSAL_REPLAY}, {99, GOOSE_REFUSAL_REPLAY},  {101, GOOSE_REFUSAL_NONE},
        {300, GOOSE_REFUSAL_NONE},   {163, GOOSE_REFUSAL_REPLAY}, {237, GOOSE_REFUSAL_NONE}};
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
