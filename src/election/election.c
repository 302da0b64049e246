/* election.c: the door. One event in, actions out; here is the order of a step. It never looks at a clock, never draws by chance, and never fails on what comes from outside. */
#include <assert.h>
#include <string.h>

#include "internal.h"
#include "wire_parts.h"

static bool options_are_sound(const struct goose_election_options *options)
{
    const struct goose_roster *peers = &options->peers;

    return goose_address_is_canonical(goose_address_text(&options->self)) &&
           options->heartbeat_us >= GOOSE_HEARTBEAT_US_MIN &&
           options->lease_us <= GOOSE_LEASE_US_MAX &&
           options->lease_us / 3 >= options->heartbeat_us && options->voters >= 1 &&
           options->voters <= GOOSE_ROSTER_SEATS_MAX && goose_roster_is_sound(peers) &&
           peers->term == 0 &&
           (peers->count == 0 ||
            goose_roster_find_address(peers, goose_address_text(&options->self)) >= 0) &&
           goose_roster_is_sound(&options->join);
}

static enum goose_refusal start(struct step *s, const struct goose_event *event)
{
    struct goose_election *e = s->e;

    if (e->started) return GOOSE_REFUSAL_STARTED;
    if (!options_are_sound(event->start.options)) return GOOSE_REFUSAL_OPTIONS;
    if (event->start.saved != NULL && !durable_is_sane(event->start.saved))
        return GOOSE_REFUSAL_DURABLE;
    e->started = true;
    e->options = *event->start.options;
    if (s->observers != NULL) observers_clear(s->observers);
    birth_begin(s, event->start.saved);
    note(s, GOOSE_NOTE_ROLE, GOOSE_REASON_STARTED, 0, 0);
    return GOOSE_REFUSAL_NONE;
}

static enum goose_refusal change_options(struct step *s,
                                         const struct goose_election_options *options)
{
    struct goose_election *e = s->e;

    if (!options_are_sound(options)) return GOOSE_REFUSAL_OPTIONS;
    e->options.http_port = options->http_port;
    e->options.priority = options->priority;
    e->options.observer = options->observer;
    e->options.voters = options->voters;
    e->options.heartbeat_us = options->heartbeat_us;
    e->options.lease_us = options->lease_us;
    e->options.dead_after_us = options->dead_after_us;
    if (!may_stand(e)) round_abandon(s, GOOSE_REASON_OPTIONS);
    if (e->options.priority == 0 || e->options.observer)
        reign_wish(s, WISH_OPTIONS, 0);
    else
        reign_wish_no_more(e, WISH_OPTIONS);
    return GOOSE_REFUSAL_NONE;
}

static enum goose_refusal write_ended(struct step *s, uint64_t generation, bool ok)
{
    struct goose_election *e = s->e;

    if (e->writing == 0 || generation != e->writing) return GOOSE_REFUSAL_GENERATION;
    e->writing = 0;
    if (!ok) {
        e->failed = true;
        reign_wish(s, WISH_DISK, 0);
        round_abandon(s, GOOSE_REASON_DISK_FAILED);
        return GOOSE_REFUSAL_NONE;
    }
    e->durable = generation;
    e->durable_roster_term = e->writing_roster_term;
    reign_roster_saved(s);
    return GOOSE_REFUSAL_NONE;
}

static enum goose_refusal handle_message(struct step *s, const struct goose_event *event)
{
    enum goose_refusal refusal = envelope_open(s, event);
    const struct arrival *arrival = &s->arrival;

    if (refusal != GOOSE_REFUSAL_NONE) return refusal;
    if (s->e->birth.listening && arrival->names_me) birth_heard_flock(s, arrival);
    switch (arrival->m->kind) {
    case GOOSE_MESSAGE_HEARTBEAT: return handle_heartbeat(s, arrival);
    case GOOSE_MESSAGE_ACK: return handle_ack(s, arrival);
    case GOOSE_MESSAGE_CANVASS:
    case GOOSE_MESSAGE_VOTE: return handle_ask(s, arrival);
    case GOOSE_MESSAGE_CANVASS_REPLY:
    case GOOSE_MESSAGE_VOTE_REPLY: return handle_reply(s, arrival);
    case GOOSE_MESSAGE_RESIGN: return handle_resign(s, arrival);
    case GOOSE_MESSAGE_HELLO: return handle_hello(s, arrival);
    case GOOSE_MESSAGE_WELCOME: return handle_welcome(s, arrival);
    case GOOSE_MESSAGE_REQUEST: return handle_request(s, arrival);
    case GOOSE_MESSAGE_RESULT: return handle_result(s, arrival);
    case GOOSE_MESSAGE_STALE: return handle_stale(s, arrival);
    case GOOSE_MESSAGE_KINDS:
    default: return GOOSE_REFUSAL_UNKNOWN_EVENT;
    }
}

static enum goose_refusal handle(struct step *s, const struct goose_event *event)
{
    struct goose_election *e = s->e;

    if (event->kind == GOOSE_EVENT_START) return start(s, event);
    if (!e->started) return GOOSE_REFUSAL_NOT_STARTED;
    if (e->retired) return GOOSE_REFUSAL_FAILED;
    reign_settle(s);
    switch (event->kind) {
    case GOOSE_EVENT_MESSAGE:
        return e->durable == 0 ? GOOSE_REFUSAL_NOT_STARTED : handle_message(s, event);
    case GOOSE_EVENT_SAVED: return write_ended(s, event->saved.generation, event->saved.ok);
    case GOOSE_EVENT_REQUEST: return handle_request_here(s, event);
    case GOOSE_EVENT_OPTIONS: return change_options(s, event->options.options);
    case GOOSE_EVENT_WORK: return handle_work(s, event->work.open, event->work.grace_us);
    case GOOSE_EVENT_DEADLINE:
    case GOOSE_EVENT_GO_ON: return GOOSE_REFUSAL_NONE;
    case GOOSE_EVENT_START:
    default: return GOOSE_REFUSAL_UNKNOWN_EVENT;
    }
}

/* What waited for the time that it is now. */
static void take_time(struct step *s)
{
    if (s->now_us >= s->e->promise.until_us) kept_answer(s);
    birth_timers(s);
    requests_turn(s);
}

/* What is owed becomes messages and answers. */
static void say(struct step *s)
{
    struct goose_election *e = s->e;

    requests_settle(s);
    farewell_timers(s);
    greet_seats(s);
    send_owed(s);
    stop_answer(s);
    if (e->farewell.left == 0 && !e->farewell.observers_left && e->role != GOOSE_ROLE_GOOSE &&
        s->observers != NULL && goose_observers_count(s->observers) > 0)
        observers_clear(s->observers);
}

static void earliest(uint64_t *wake_us, bool matters, uint64_t at_us)
{
    if (matters && at_us < *wake_us) *wake_us = at_us;
}

static void wake_for_requests(const struct goose_election *e, uint64_t *wake_us)
{
    for (int i = 0; i < GOOSE_ELECTION_REQUESTS_MAX; i++)
        earliest(wake_us, e->requests[i].id != 0,
                 least_u64(e->requests[i].ask_at_us, e->requests[i].ends_us));
    earliest(wake_us, e->removal.active, e->removal.ends_us);
}

static bool greets(const struct goose_election *e)
{
    int self = self_seat(e);

    for (int i = 0; self >= 0 && i < e->roster.count; i++)
        if (i != self && !e->peers[i].knows_me) return true;
    return false;
}

/* What is past and still matters waits for something else than time: the disk, a quarantine, a step that goes on. */
static uint64_t wake_at_us(const struct goose_election *e, struct goose_observers *observers)
{
    uint64_t wake_us = UINT64_MAX, now_us = e->now_us;
    bool goose = e->role == GOOSE_ROLE_GOOSE;
    bool asks = e->role == GOOSE_ROLE_CANVASSING || e->role == GOOSE_ROLE_CANDIDATE;
    uint64_t stand_us =
        most_u64(most_u64(e->stand_at_us, e->quarantine_end_us), e->promise.until_us);

    if (!e->started || e->retired || e->durable == 0) return UINT64_MAX;
    earliest(&wake_us, goose, e->reign.heartbeat_at_us);
    earliest(&wake_us, goose && e->reign.base_us != LEASE_ALONE, lease_end_us(e, now_us));
    earliest(&wake_us, reign_resigns(e), e->reign.hold_end_us);
    if (goose && reign_waits_for_work(e)) {
        earliest(&wake_us, true, e->reign.leave_ends_us);
        earliest(&wake_us, (e->reign.wishes & WISH_IN_PLACE) != 0, lease_half_us(e) + 1);
    }
    earliest(&wake_us, asks, least_u64(e->round.ends_us, e->round.ask_at_us));
    earliest(&wake_us, e->role == GOOSE_ROLE_DUCK && may_stand(e), stand_us);
    earliest(&wake_us, e->promise.until_us > now_us, e->promise.until_us);
    /* Where leases differ this may be over before the promise: nothing is due then, but some wait to hear of it. */
    earliest(&wake_us, e->heard_goose.until_us > now_us, e->heard_goose.until_us);
    earliest(&wake_us, e->quarantine_end_us != 0, e->quarantine_end_us);
    earliest(&wake_us, e->farewell.left > 0 && e->durable >= e->farewell.stands_on,
             e->farewell.next_us);
    earliest(&wake_us, !goose && !e->birth.listening, e->hello_at_us);
    earliest(&wake_us, !is_bootstrapping(e) && greets(e), e->greet_at_us);
    earliest(&wake_us, e->birth.listening, e->birth.listen_end_us);
    earliest(&wake_us, e->birth.wait_end_us > now_us, e->birth.wait_end_us);
    wake_for_requests(e, &wake_us);
    if (goose && observers != NULL && goose_observers_count(observers) > 0)
        earliest(&wake_us, true, observers_next_due(observers)->due_us);
    return wake_us;
}

static void tell_goose(struct step *s)
{
    struct goose_election *e = s->e;
    uint64_t uid = 0;

    if (knows_goose(e, s->now_us))
        uid = e->role == GOOSE_ROLE_GOOSE ? e->saved.uid : e->heard_goose.uid;
    if (uid == e->told_goose_uid) return;
    e->told_goose_uid = uid;
    if (uid == 0) hello_after_loss(e);
    note(s, GOOSE_NOTE_GOOSE, GOOSE_REASON_NONE, uid, 0);
}

/* One write at a time; all that is asked for meanwhile goes into the next. */
static void save(struct step *s)
{
    struct goose_election *e = s->e;

    if (e->failed || e->retired || e->writing != 0 || all_saved(e)) return;
    e->writing = e->generation;
    e->writing_roster_term = e->saved.roster.term;
    s->actions->save = true;
    s->actions->save_generation = e->generation;
}

size_t goose_election_bytes(void)
{
    return sizeof(struct goose_election);
}

const struct goose_roster *goose_election_roster(const struct goose_election *e)
{
    return &e->roster;
}

const struct goose_durable_state *goose_election_durable(const struct goose_election *e)
{
    return &e->saved;
}

enum goose_refusal goose_election_step(struct goose_election *e, const struct goose_event *event,
                                       struct goose_actions *actions)
{
    struct step s = {.e = e, .actions = actions, .observers = event->observers};

    actions->claim = GOOSE_CLAIM_UNCHANGED;
    actions->save = actions->retire = actions->more = false;
    actions->send_count = actions->note_count = actions->answer_count = 0;
    actions->save_generation = 0;
    e->now_us = most_u64(e->now_us, event->now_us);
    e->chance ^= event->entropy;
    s.now_us = e->now_us;
    enum goose_refusal refusal = handle(&s, event);
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
