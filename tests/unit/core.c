/* core.c: see core.h. */
#include "core.h"

#include "wire_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct core *core_new(uint32_t observers)
{
    struct core *core = calloc(1, sizeof *core);

    assert_non_null(core);
    core->now_us = CORE_START_US;
    if (observers > 0) {
        core->observers = calloc(1, goose_observers_bytes(observers));
        assert_non_null(core->observers);
        goose_observers_init(core->observers, observers);
    }
    return core;
}

void core_free(struct core *core)
{
    free(core->observers);
    free(core);
}

struct goose_text core_text(const char *chars)
{
    return (struct goose_text){chars, (uint8_t)strlen(chars)};
}

void core_keep(struct goose_address *kept, const char *chars)
{
    assert_true(goose_address_keep(kept, core_text(chars)));
}

void core_options(struct goose_election_options *options)
{
    *options = (struct goose_election_options){.priority = GOOSE_PRIORITY_DEFAULT,
                                               .voters = 5,
                                               .heartbeat_us = CORE_LEASE_US / 6,
                                               .lease_us = CORE_LEASE_US,
                                               .dead_after_us = 60000000,
                                               .name_tag = CORE_TAG};
    core_keep(&options->self, "n1:7000");
}

static void address_of_uid(struct goose_address *address, uint64_t uid)
{
    char chars[GOOSE_ADDRESS_CHARS_MAX + 1];

    (void)snprintf(chars, sizeof chars, "n%u:7000", (unsigned)uid);
    core_keep(address, chars);
}

void core_roster(struct goose_roster *roster, int seats)
{
    struct goose_address address;

    goose_roster_clear(roster);
    roster->term = CORE_TERM;
    roster->version = 1;
    roster->flock_id = CORE_FLOCK;
    for (int i = 1; i <= seats; i++) {
        address_of_uid(&address, (uint64_t)i);
        assert_int_equal(goose_roster_add(roster, goose_address_text(&address), (uint64_t)i,
                                          GOOSE_PRIORITY_DEFAULT, 0),
                         GOOSE_ROSTER_OK);
    }
    roster->wanted = roster->count;
}

enum goose_roster_result core_roster_move(struct goose_roster *roster, int seat,
                                          struct goose_text address)
{
    struct goose_text to[GOOSE_ROSTER_SEATS_MAX];

    for (int i = 0; i < roster->count; i++)
        to[i] = i == seat ? address : goose_roster_address(roster, i);
    return goose_roster_move_all(roster, to);
}

static void right(const struct core *core)
{
    if (core->carry.wrong != NULL) fail_msg("%s", core->carry.wrong);
}

enum goose_refusal core_step(struct core *core, struct goose_event event)
{
    event.now_us = core->now_us;
    event.entropy = ++core->counter * UINT64_C(0x9e3779b97f4a7c15);
    event.observers = core->observers;
    enum goose_refusal refusal =
        carry_step(&core->carry, &core->e, &event, &core->actions, &core->before);
    right(core);
    enum carry_next next;
    do {
        next = carry_next(&core->carry);
        right(core);
        if (next != CARRY_SEND) continue;
        const struct goose_message *m = &core->carry.send->message;
        if (m->kind == GOOSE_MESSAGE_CANVASS || m->kind == GOOSE_MESSAGE_VOTE) core->ask = *m;
        if (m->kind == GOOSE_MESSAGE_HEARTBEAT) core->heartbeat = *m;
    } while (next != CARRY_GO_ON && next != CARRY_DONE);
    return refusal;
}

void core_start(struct core *core, const struct goose_election_options *options,
                const struct goose_durable_state *saved)
{
    assert_int_equal(
        core_step(core, (struct goose_event){.kind = GOOSE_EVENT_START,
                                             .start = {.options = options, .saved = saved}}),
        GOOSE_REFUSAL_NONE);
    assert_true(core->actions.save);
    core_save(core);
}

/* It has started, and says so: from now on its life is known. */
static void meet(struct core *core, uint64_t uid)
{
    struct goose_message m = core_message(core, GOOSE_MESSAGE_HELLO, uid);

    m.hello.nonce = uid;
    assert_int_equal(core_tell(core, m), GOOSE_REFUSAL_NONE);
}

void core_start_with(struct core *core, const struct goose_roster *roster)
{
    struct goose_election_options options;
    struct goose_durable_state saved = {.uid = CORE_SELF,
                                        .life = CORE_LIFE,
                                        .term = CORE_TERM,
                                        .longest_promise_us = promise_of_lease_us(CORE_LEASE_US)};
    int seat = goose_roster_find_uid(roster, CORE_SELF);

    saved.roster = *roster;
    core_options(&options);
    if (seat >= 0) goose_address_keep(&options.self, goose_roster_address(roster, seat));
    core_start(core, &options, &saved);
    for (int i = 0; i < roster->count; i++)
        if (roster->seats[i].uid > CORE_SELF) meet(core, roster->seats[i].uid);
}

void core_start_seated(struct core *core, int seats)
{
    struct goose_roster roster;

    core_roster(&roster, seats);
    core_start_with(core, &roster);
}

enum goose_refusal core_at(struct core *core, uint64_t now_us)
{
    core->now_us = now_us;
    return core_step(core, (struct goose_event){.kind = GOOSE_EVENT_DEADLINE});
}

enum goose_refusal core_go_on(struct core *core)
{
    return core_step(core, (struct goose_event){.kind = GOOSE_EVENT_GO_ON});
}

void core_save(struct core *core)
{
    while (core->e.writing != 0)
        assert_int_equal(core_step(core, (struct goose_event){.kind = GOOSE_EVENT_SAVED,
                                                              .saved = {core->e.writing, true}}),
                         GOOSE_REFUSAL_NONE);
}

enum goose_refusal core_request(struct core *core, uint64_t id, enum goose_request_kind kind,
                                const char *address)
{
    return core_step(core, (struct goose_event){
                               .kind = GOOSE_EVENT_REQUEST,
                               .request = {.id = id, .kind = kind, .address = core_text(address)}});
}

struct goose_message core_message(struct core *core, enum goose_message_kind kind, uint64_t uid)
{
    const struct goose_roster *roster = &core->e.roster;
    int seat = goose_roster_find_uid(roster, uid);

    if (seat >= 0)
        goose_address_keep(&core->address, goose_roster_address(roster, seat));
    else
        address_of_uid(&core->address, uid);
    return (struct goose_message){.kind = kind,
                                  .name_tag = CORE_TAG,
                                  .flock_id = own_flock_id(&core->e),
                                  .uid = uid,
                                  .life = CORE_LIFE,
                                  .counter = ++core->counter,
                                  .for_life = core->e.saved.life,
                                  .term = core->e.saved.term,
                                  .roster_term = roster->term,
                                  .roster_version = roster->version,
                                  .address = wire_has_address(kind)
                                                 ? goose_address_text(&core->address)
                                                 : (struct goose_text){NULL, 0}};
}

enum goose_refusal core_tell_roster(struct core *core, struct goose_message message,
                                    const struct goose_roster *roster)
{
    struct goose_event event = {.kind = GOOSE_EVENT_MESSAGE, .message = {.message = &message}};

    if (roster != NULL) {
        message.with_roster = true;
        message.flock_id = roster->flock_id;
        message.roster_term = roster->term;
        message.roster_version = roster->version;
        event.message.roster = roster;
    }
    memcpy(event.message.from.bytes, &message.uid, sizeof message.uid);
    return core_step(core, event);
}

enum goose_refusal core_tell(struct core *core, struct goose_message message)
{
    return core_tell_roster(core, message, NULL);
}

enum goose_refusal core_reply(struct core *core, uint64_t uid, enum goose_verdict verdict)
{
    bool vote = core->ask.kind == GOOSE_MESSAGE_VOTE;
    struct goose_message m =
        core_message(core, vote ? GOOSE_MESSAGE_VOTE_REPLY : GOOSE_MESSAGE_CANVASS_REPLY, uid);

    m.reply = (struct goose_reply){
        .round = core->ask.ask.round, .sent_at_us = core->ask.ask.sent_at_us, .verdict = verdict};
    return core_tell(core, m);
}

enum goose_refusal core_ack(struct core *core, uint64_t uid)
{
    struct goose_message m = core_message(core, GOOSE_MESSAGE_ACK, uid);

    m.ack = (struct goose_ack){.seq = core->heartbeat.heartbeat.seq,
                               .sent_at_us = core->heartbeat.heartbeat.sent_at_us,
                               .yes = true,
                               .stands = true,
                               .priority = GOOSE_PRIORITY_DEFAULT};
    return core_tell(core, m);
}

enum goose_refusal core_heartbeat(struct core *core, uint64_t uid, uint64_t term, uint64_t seq)
{
    struct goose_message m = core_message(core, GOOSE_MESSAGE_HEARTBEAT, uid);

    m.term = term;
    m.heartbeat = (struct goose_heartbeat){.seq = seq,
                                           .sent_at_us = core->now_us,
                                           .promise_us = promise_of_lease_us(CORE_LEASE_US),
                                           .stagger_us = CORE_LEASE_US / 30};
    return core_tell(core, m);
}

enum goose_refusal core_admit(struct core *core, uint64_t uid)
{
    struct goose_message m = core_message(core, GOOSE_MESSAGE_HELLO, uid);

    m.hello =
        (struct goose_hello){.nonce = uid, .priority = GOOSE_PRIORITY_DEFAULT, .may_enter = true};
    (void)core_tell(core, m);
    const struct goose_send *welcome = core_sent(core, GOOSE_MESSAGE_WELCOME);
    if (welcome == NULL) return GOOSE_REFUSALS;
    m.hello.invite = welcome->message.welcome.invite;
    m.counter = ++core->counter;
    return core_tell(core, m);
}

void core_until(struct core *core, enum goose_role role)
{
    for (int steps = 0; core->e.role != role; steps++) {
        assert_true(steps < 1000 && core->actions.wake_at_us != UINT64_MAX);
        core_at(core, most_u64(core->now_us, core->actions.wake_at_us));
        core_save(core);
    }
}

static void all_say_yes(struct core *core)
{
    enum goose_role asks = core->e.role;

    for (int i = 0; i < core->e.roster.count && core->e.role == asks; i++)
        if (core->e.roster.seats[i].uid != CORE_SELF)
            assert_int_equal(core_reply(core, core->e.roster.seats[i].uid, GOOSE_VERDICT_YES),
                             GOOSE_REFUSAL_NONE);
}

void core_win(struct core *core)
{
    if (core->e.roster.count > 1) {
        core_until(core, GOOSE_ROLE_CANVASSING);
        all_say_yes(core);
        core_save(core);
        all_say_yes(core);
    } else {
        core_until(core, GOOSE_ROLE_GOOSE);
    }
    assert_int_equal(core->e.role, GOOSE_ROLE_GOOSE);
    core_save(core);
    for (int i = 0; i < core->e.roster.count; i++)
        if (core->e.roster.seats[i].uid != CORE_SELF)
            assert_int_equal(core_ack(core, core->e.roster.seats[i].uid), GOOSE_REFUSAL_NONE);
    core_save(core);
    assert_true(reign_roster_committed(&core->e) && all_saved(&core->e));
}

const struct goose_send *core_sent(const struct core *core, enum goose_message_kind kind)
{
    for (int i = 0; i < core->actions.send_count; i++)
        if (core->actions.sends[i].message.kind == kind) return &core->actions.sends[i];
    return NULL;
}

const struct goose_note *core_noted(const struct core *core, enum goose_note_kind kind)
{
    for (int i = 0; i < core->actions.note_count; i++)
        if (core->actions.notes[i].kind == kind) return &core->actions.notes[i];
    return NULL;
}

const struct goose_answer *core_answer(const struct core *core, uint64_t id)
{
    for (int i = 0; i < core->actions.answer_count; i++)
        if (core->actions.answers[i].id == id) return &core->actions.answers[i];
    return NULL;
}
