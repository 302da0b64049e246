/* election.c: the door. One event in, actions out; here is the order of a step. It never looks at a clock, never draws by chance, and never fails on what comes from outside. */
#include <assert.h>
#include <string.h>

#include "internal.h"
#include "wire_parts.h"

static bool options_are_sound(const struct election_options *options)
{
    const struct roster *peers = &options->peers;

    return address_is_canonical(address_text(&options->self)) &&
           options->heartbeat_us >= HEARTBEAT_US_MIN && options->lease_us <= LEASE_US_MAX &&
           options->lease_us / 3 >= options->heartbeat_us && options->voters >= 1 &&
           options->voters <= ROSTER_SEATS_MAX && roster_is_sound(peers) && peers->term == 0 &&
           (peers->count == 0 || roster_find_address(peers, address_text(&options->self)) >= 0) &&
           roster_is_sound(&options->join);
}

static enum refusal start(struct step *s, const struct event *event)
{
    struct election *e = s->e;

    if (e->started) return REFUSAL_STARTED;
    if (!options_are_sound(event->start.options)) return REFUSAL_OPTIONS;
    if (event->start.saved != NULL && !durable_is_sane(event->start.saved)) return REFUSAL_DURABLE;
    e->started = true;
    e->options = *event->start.options;
    if (s->observers != NULL) observers_clear(s->observers);
    birth_begin(s, event->start.saved);
    note(s, NOTE_ROLE, REASON_STARTED, 0, 0);
    return REFUSAL_NONE;
}

static enum refusal change_options(struct step *s, const struct election_options *options)
{
    struct election *e = s->e;

    if (!options_are_sound(options)) return REFUSAL_OPTIONS;
    e->options.http_port = options->http_port;
    e->options.priority = options->priority;
    e->options.observer = options->observer;
    e->options.voters = options->voters;
    e->options.heartbeat_us = options->heartbeat_us;
    e->options.lease_us = options->lease_us;
    e->options.dead_after_us = options->dead_after_us;
    if (!may_stand(e)) round_abandon(s, REASON_OPTIONS);
    if (e->options.priority == 0 || e->options.observer)
        goose_wish(s, WISH_OPTIONS, 0);
    else
        goose_wish_no_more(e, WISH_OPTIONS);
    return REFUSAL_NONE;
}

static enum refusal write_ended(struct step *s, uint64_t generation, bool ok)
{
    struct election *e = s->e;

    if (e->writing == 0 || generation != e->writing) return REFUSAL_GENERATION;
    e->writing = 0;
    if (!ok) {
        e->failed = true;
        goose_wish(s, WISH_DISK, 0);
        round_abandon(s, REASON_DISK_FAILED);
        return REFUSAL_NONE;
    }
    e->durable = generation;
    e->durable_roster_term = e->writing_roster_term;
    goose_roster_saved(s);
    return REFUSAL_NONE;
}

static enum refusal handle_message(struct step *s, const struct event *event)
{
    enum refusal refusal = envelope_open(s, event);
    const struct arrival *arrival = &s->arrival;

    if (refusal != REFUSAL_NONE) return refusal;
    if (s->e->birth.listening && arrival->names_me) birth_heard_flock(s, arrival);
    switch (arrival->m->kind) {
    case MESSAGE_HEARTBEAT: return handle_heartbeat(s, arrival);
    case MESSAGE_ACK: return handle_ack(s, arrival);
    case MESSAGE_CANVASS:
    case MESSAGE_VOTE: return handle_ask(s, arrival);
    case MESSAGE_CANVASS_REPLY:
    case MESSAGE_VOTE_REPLY: return handle_reply(s, arrival);
    case MESSAGE_RESIGN: return handle_resign(s, arrival);
    case MESSAGE_HELLO: return handle_hello(s, arrival);
    case MESSAGE_WELCOME: return handle_welcome(s, arrival);
    case MESSAGE_REQUEST: return handle_request(s, arrival);
    case MESSAGE_RESULT: return handle_result(s, arrival);
    case MESSAGE_STALE: return handle_stale(s, arrival);
    case MESSAGE_KINDS:
    default: return REFUSAL_UNKNOWN_EVENT;
    }
}

static enum refusal handle(struct step *s, const struct event *event)
{
    struct election *e = s->e;

    if (event->kind == EVENT_START) return start(s, event);
    if (!e->started) return REFUSAL_NOT_STARTED;
    if (e->retired) return REFUSAL_FAILED;
    goose_settle(s);
    switch (event->kind) {
    case EVENT_MESSAGE: return e->durable == 0 ? REFUSAL_NOT_STARTED : handle_message(s, event);
    case EVENT_SAVED: return write_ended(s, event->saved.generation, event->saved.ok);
    case EVENT_REQUEST: return handle_request_here(s, event);
    case EVENT_OPTIONS: return change_options(s, event->options.options);
    case EVENT_WORK: return handle_work(s, event->work.open, event->work.grace_us);
    case EVENT_DEADLINE:
    case EVENT_GO_ON: return REFUSAL_NONE;
    case EVENT_START:
    default: return REFUSAL_UNKNOWN_EVENT;
    }
}

/* What waited for the time that it is now. */
static void take_time(struct step *s)
{
    if (s->now_us >= s->e->promise.until_us) kept_answer(s);
    birth_timers(s);
    errands_turn(s);
}

/* What is owed becomes messages and answers. */
static void say(struct step *s)
{
    struct election *e = s->e;

    errands_settle(s);
    farewell_timers(s);
    greet_seats(s);
    send_owed(s);
    stop_answer(s);
    if (e->farewell.left == 0 && !e->farewell.observers_left && e->role != ROLE_GOOSE &&
        s->observers != NULL && observers_count(s->observers) > 0)
        observers_clear(s->observers);
}

static void earliest(uint64_t *wake_us, bool matters, uint64_t at_us)
{
    if (matters && at_us < *wake_us) *wake_us = at_us;
}

static void wake_for_errands(const struct election *e, uint64_t *wake_us)
{
    for (int i = 0; i < ELECTION_ERRANDS_MAX; i++)
        earliest(wake_us, e->errands[i].id != 0,
                 least_u64(e->errands[i].ask_at_us, e->errands[i].ends_us));
    earliest(wake_us, e->removal.active, e->removal.ends_us);
}

static bool greets(const struct election *e)
{
    int self = self_seat(e);

    for (int i = 0; self >= 0 && i < e->roster.count; i++)
        if (i != self && !e->peers[i].knows_me) return true;
    return false;
}

/* What is past and still matters waits for something else than time: the disk, a quarantine, a step that goes on. */
static uint64_t wake_at_us(const struct election *e, struct observers *observers)
{
    uint64_t wake_us = UINT64_MAX, now_us = e->now_us;
    bool goose = e->role == ROLE_GOOSE;
    bool asks = e->role == ROLE_CANVASSING || e->role == ROLE_CANDIDATE;
    uint64_t stand_us =
        most_u64(most_u64(e->stand_at_us, e->quarantine_end_us), e->promise.until_us);

    if (!e->started || e->retired || e->durable == 0) return UINT64_MAX;
    earliest(&wake_us, goose, e->reign.heartbeat_at_us);
    earliest(&wake_us, goose && e->reign.base_us != LEASE_ALONE, lease_end_us(e, now_us));
    earliest(&wake_us, goose_resigns(e), e->reign.hold_end_us);
    if (goose && goose_waits_for_work(e)) {
        earliest(&wake_us, true, e->reign.leave_ends_us);
        earliest(&wake_us, (e->reign.wishes & WISH_IN_PLACE) != 0, lease_half_us(e) + 1);
    }
    earliest(&wake_us, asks, least_u64(e->round.ends_us, e->round.ask_at_us));
    earliest(&wake_us, e->role == ROLE_DUCK && may_stand(e), stand_us);
    earliest(&wake_us, e->promise.until_us > now_us, e->promise.until_us);
    /* Where leases differ this may be over before the promise: nothing is due then, but some wait to hear of it. */
    earliest(&wake_us, e->following.until_us > now_us, e->following.until_us);
    earliest(&wake_us, e->quarantine_end_us != 0, e->quarantine_end_us);
    earliest(&wake_us, e->farewell.left > 0 && e->durable >= e->farewell.stands_on,
             e->farewell.next_us);
    earliest(&wake_us, !goose && !e->birth.listening, e->hello_at_us);
    earliest(&wake_us, !is_bootstrapping(e) && greets(e), e->greet_at_us);
    earliest(&wake_us, e->birth.listening, e->birth.listen_end_us);
    earliest(&wake_us, e->birth.wait_end_us > now_us, e->birth.wait_end_us);
    wake_for_errands(e, &wake_us);
    if (goose && observers != NULL && observers_count(observers) > 0)
        earliest(&wake_us, true, observers_next_due(observers)->due_us);
    return wake_us;
}

static void tell_goose(struct step *s)
{
    struct election *e = s->e;
    uint64_t uid = 0;

    if (knows_goose(e, s->now_us)) uid = e->role == ROLE_GOOSE ? e->saved.uid : e->following.uid;
    if (uid == e->told_goose_uid) return;
    e->told_goose_uid = uid;
    if (uid == 0) hello_after_loss(e);
    note(s, NOTE_GOOSE, REASON_NONE, uid, 0);
}

/* One write at a time; all that is asked for meanwhile goes into the next. */
static void save(struct step *s)
{
    struct election *e = s->e;

    if (e->failed || e->retired || e->writing != 0 || all_saved(e)) return;
    e->writing = e->generation;
    e->writing_roster_term = e->saved.roster.term;
    s->actions->save = true;
    s->actions->save_generation = e->generation;
}

size_t election_bytes(void)
{
    return sizeof(struct election);
}

const struct roster *election_roster(const struct election *e)
{
    return &e->roster;
}

const struct durable_state *election_durable(const struct election *e)
{
    return &e->saved;
}

enum refusal election_step(struct election *e, const struct event *event, struct actions *actions)
{
    struct step s = {.e = e, .actions = actions, .observers = event->observers};

    actions->claim = CLAIM_UNCHANGED;
    actions->save = actions->retire = actions->more = false;
    actions->send_count = actions->note_count = actions->answer_count = 0;
    actions->save_generation = 0;
    e->now_us = most_u64(e->now_us, event->now_us);
    e->chance ^= event->entropy;
    s.now_us = e->now_us;
    enum refusal refusal = handle(&s, event);
    /* PROTOCOL 3: nothing is said, and nothing done in time, before this life is on file. */
    if (e->started && !e->retired && e->durable != 0) {
        take_time(&s);
        decide(&s);
        if (e->retired)
            send_resigns(&s);
        else
            say(&s);
    }
    if (e->started) {
        tell_goose(&s);
        save(&s);
    }
    actions->wake_at_us = wake_at_us(e, event->observers);
    return refusal;
}
