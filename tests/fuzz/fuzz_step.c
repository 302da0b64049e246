/* fuzz_step.c: any bytes as a life of one node: starts, messages, time, the disk, requests,
 * crashes. After each step its state and the change of it are checked, all that it sends goes
 * through wire.c and stands on what is saved, and what it would have saved can be read again. */
#include "fuzz.h"
#include "samples.h"
#include "step_world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBSERVERS        3
#define SAMPLE_BYTES_MAX 1500

uint8_t next_u8(struct program *program)
{
    return program->at == program->end ? 0 : *program->at++;
}

uint64_t next_u64(struct program *program, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | next_u8(program);
    return value;
}

static void must_be_right(const char *wrong)
{
    if (wrong == NULL) return;
    fprintf(stderr, "%s\n", wrong);
    abort();
}

static void check_send(const struct world *w, const struct goose_send *send)
{
    struct goose_message back;
    struct goose_roster roster;
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];

    assert(send->has_endpoint || goose_address_is_canonical(send->address));
    size_t count = goose_wire_encode(&send->message, &w->e.roster, bytes);
    assert(goose_wire_decode(bytes, count, &back, &roster) == GOOSE_WIRE_OK);
}

static void check_views(const struct world *w)
{
    struct goose_election_view view;
    struct goose_election_member member;
    size_t members = 0;

    goose_election_view(&w->e, w->now_us, &view);
    assert((view.role == GOOSE_ROLE_GOOSE) == goose_election_is_goose(&w->e, w->now_us));
    assert((view.lease_left_us > 0) == goose_election_is_goose(&w->e, w->now_us));
    while (goose_election_member(&w->e, w->observers, members, w->now_us, &member))
        members++;
    assert(members <= GOOSE_ROSTER_SEATS_MAX + OBSERVERS);
}

static void check_actions(const struct world *w)
{
    const struct goose_actions *actions = &w->actions;

    assert(actions->send_count <= GOOSE_ELECTION_SENDS_MAX);
    for (int i = 0; i < actions->answer_count; i++)
        assert(actions->answers[i].id != 0 && actions->answers[i].outcome < GOOSE_OUTCOMES);
    for (int i = 0; i < actions->note_count; i++)
        assert(strcmp(goose_reason_name(actions->notes[i].why), "unknown") != 0);
    if (actions->claim == GOOSE_CLAIM_WITHDRAWN) assert(w->e.role != GOOSE_ROLE_GOOSE);
}

static void step_once(struct world *w, const struct goose_event *event)
{
    enum goose_refusal refusal = carry_step(&w->carry, &w->e, event, &w->actions, &w->before);

    assert(refusal < GOOSE_REFUSALS);
    must_be_right(w->carry.wrong);
    check_actions(w);
    check_views(w);
}

static struct goose_event event_of(struct world *w, enum goose_event_kind kind)
{
    struct goose_event event;

    memset(&event, 0, sizeof event);
    event.kind = kind;
    event.now_us = w->now_us;
    event.entropy = next_u8(&w->program);
    event.observers = w->observers;
    return event;
}

static void power_off(struct world *w)
{
    memset(&w->e, 0, sizeof w->e);
    memset(&w->carry, 0, sizeof w->carry);
    w->disk.writing = false;
}

static void step(struct world *w, const struct goose_event *event)
{
    struct goose_event go_on;
    enum carry_next now;

    step_once(w, event);
    do {
        now = carry_next(&w->carry);
        must_be_right(w->carry.wrong);
        switch (now) {
        case CARRY_SAVE: must_be_right(disk_write(&w->disk, &w->e)); break;
        case CARRY_SEND: check_send(w, w->carry.send); break;
        case CARRY_GO_ON:
            go_on = event_of(w, GOOSE_EVENT_GO_ON);
            step_once(w, &go_on);
            break;
        case CARRY_RETIRE: /* the file is set aside */
            w->disk.present = false;
            power_off(w);
            break;
        case CARRY_WITHDRAW:
        case CARRY_ARM:
        case CARRY_ANNOUNCE:
        case CARRY_NOTHING:
        case CARRY_DONE: break;
        }
    } while (now != CARRY_DONE);
}

static void op_start(struct world *w)
{
    struct goose_event event = event_of(w, GOOSE_EVENT_START);

    event.start.options = &w->options;
    event.start.saved = disk_read(&w->disk);
    step(w, &event);
}

/* The write under way may or may not have reached the disk. */
static void op_crash(struct world *w)
{
    if (w->disk.writing && next_u8(&w->program) % 2 == 1) disk_land(&w->disk);
    power_off(w);
    op_start(w);
}

/* A state file of any bytes, or of any values. */
static void op_start_from_anything(struct world *w)
{
    struct goose_event event = event_of(w, GOOSE_EVENT_START);
    struct goose_durable_state any;
    size_t count = next_u8(&w->program);
    size_t left = (size_t)(w->program.end - w->program.at);

    if (count > left) count = left;
    memset(&any, 0, sizeof any);
    memcpy(&any, w->program.at, count);
    w->program.at += count;
    power_off(w);
    event.start.options = &w->options;
    event.start.saved = &any;
    step(w, &event);
}

static void op_message(struct world *w)
{
    struct goose_message m;
    struct goose_roster roster;
    struct goose_event event = event_of(w, GOOSE_EVENT_MESSAGE);

    if (!step_message(w, &m, &roster)) return;
    event.message.message = &m;
    event.message.roster = &roster;
    event.message.from.bytes[0] = (uint8_t)m.uid;
    step(w, &event);
}

static void op_datagram(struct world *w)
{
    struct goose_message m;
    struct goose_roster roster;
    struct goose_event event = event_of(w, GOOSE_EVENT_MESSAGE);
    size_t count = next_u64(&w->program, 2);
    size_t left = (size_t)(w->program.end - w->program.at);

    if (count > left) count = left;
    const uint8_t *bytes = w->program.at;
    w->program.at += count;
    if (goose_wire_decode(bytes, count, &m, &roster) != GOOSE_WIRE_OK) return;
    event.message.message = &m;
    event.message.roster = &roster;
    step(w, &event);
}

static void op_deadline(struct world *w)
{
    if (w->actions.wake_at_us != UINT64_MAX && w->actions.wake_at_us > w->now_us)
        w->now_us = w->actions.wake_at_us;
    struct goose_event event = event_of(w, GOOSE_EVENT_DEADLINE);
    step(w, &event);
}

static void op_time(struct world *w)
{
    static const uint32_t units[] = {1, 100, 1000, 10000, 100000, 1000000, 60000000};
    uint8_t much = next_u8(&w->program);

    w->now_us += (uint64_t)(1 + much / 8) * units[much % 7];
    struct goose_event event = event_of(w, GOOSE_EVENT_DEADLINE);
    if (much == 255) event.now_us = 1; /* a clock that goes back */
    step(w, &event);
}

static void op_saved(struct world *w)
{
    struct goose_event event = event_of(w, GOOSE_EVENT_SAVED);
    uint8_t how = next_u8(&w->program);
    uint64_t generation = w->carry.writing;

    event.saved.ok = how % 64 != 63;
    event.saved.generation = how % 64 == 62 ? next_u8(&w->program) : generation;
    if (w->disk.writing && event.saved.generation == generation) {
        if (event.saved.ok) disk_land(&w->disk);
        w->disk.writing = false;
    }
    step(w, &event);
}

static void op_request(struct world *w)
{
    struct goose_event event = event_of(w, GOOSE_EVENT_REQUEST);
    uint8_t which = next_u8(&w->program);

    event.request.id = 1 + next_u8(&w->program) % 16;
    event.request.kind = (enum goose_request_kind)(which % 8);
    event.request.force = (which & 8) != 0;
    event.request.hold_us = next_u64(&w->program, 3);
    if ((which & 16) != 0) event.request.address = goose_address_text(&w->addresses[which >> 5]);
    step(w, &event);
}

static void any_options(struct world *w, struct goose_election_options *options)
{
    static const uint32_t leases_us[] = {300000, 50000, 60000000, 3000, 0};
    uint8_t how = next_u8(&w->program);

    options->priority = (how & 1) != 0 ? GOOSE_PRIORITY_DEFAULT : next_u8(&w->program);
    options->observer = (how & 14) == 14;
    options->voters = (uint8_t)(1 + (how >> 4) % 5);
    options->lease_us = (how & 128) != 0 ? leases_us[0] : leases_us[next_u8(&w->program) % 5];
    options->heartbeat_us = options->lease_us / 6;
    options->dead_after_us = UINT64_C(1) << (next_u8(&w->program) % 32);
}

static void op_options(struct world *w)
{
    struct goose_event event = event_of(w, GOOSE_EVENT_OPTIONS);
    struct goose_election_options options = w->options;

    any_options(w, &options);
    event.options.options = &options;
    step(w, &event);
}

static void op_work(struct world *w)
{
    struct goose_event event = event_of(w, GOOSE_EVENT_WORK);

    event.work.open = next_u8(&w->program) % 4;
    event.work.grace_us = next_u64(&w->program, 3);
    step(w, &event);
}

static void op_unknown(struct world *w)
{
    struct goose_event event = event_of(w, (enum goose_event_kind)(next_u8(&w->program) % 64));

    if (event.kind >= GOOSE_EVENT_START && event.kind <= GOOSE_EVENT_WORK)
        event.kind = GOOSE_EVENT_GO_ON;
    step(w, &event);
}

typedef void op(struct world *w);

static op *const common[] = {
    op_message, op_message, op_message,  op_message,  op_message, op_message,
    op_message, op_message, op_deadline, op_deadline, op_saved,   op_saved,
    op_saved,   op_time,    op_request,  op_options,
};

static op *const rare[] = {op_crash,  op_start_from_anything, op_start, op_datagram, op_work,
                           op_unknown};

static void any_op(struct world *w)
{
    uint8_t which = next_u8(&w->program);

    if (which < 8)
        rare[which % (sizeof rare / sizeof rare[0])](w);
    else
        common[which % (sizeof common / sizeof common[0])](w);
}

/* The first addresses of the world, as --peers or --join would give them. */
static void any_list(struct world *w, struct goose_roster *list, int count)
{
    enum goose_roster_result made =
        goose_roster_bootstrap(list, w->options.name_tag, w->addresses, (size_t)count);
    assert(made == GOOSE_ROSTER_OK);
}

static void begin(struct world *w)
{
    uint8_t how = next_u8(&w->program);

    for (int i = 0; i < OTHERS; i++) {
        char chars[] = "n0:7000";
        chars[1] = (char)('0' + i);
        bool kept =
            goose_address_keep(&w->addresses[i], (struct goose_text){chars, sizeof chars - 1});
        assert(kept);
    }
    w->now_us = 1;
    w->options.name_tag = 9;
    w->options.self = w->addresses[how % 2];
    any_options(w, &w->options);
    if ((how & 6) == 2) any_list(w, &w->options.join, 2);
    if ((how & 4) != 0) any_list(w, &w->options.peers, 2 + (how >> 3) % 4);
    if ((how & 64) != 0) {
        w->observers = malloc(goose_observers_bytes(OBSERVERS));
        if (w->observers == NULL) abort();
        goose_observers_init(w->observers, OBSERVERS);
    }
    op_start(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct world *w = calloc(1, sizeof *w);

    if (w == NULL) abort();
    w->program = (struct program){bytes, bytes + count};
    if (count > 0) begin(w);
    while (w->program.at != w->program.end)
        any_op(w);
    free(w->observers);
    free(w);
    return 0;
}

/* Any bytes are a life. */
size_t fuzz_sample(uint64_t seed, uint8_t *bytes)
{
    struct rng rng = {seed};
    size_t count = 1 + rng_below(&rng, SAMPLE_BYTES_MAX);

    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)rng_next(&rng);
    return count;
}
