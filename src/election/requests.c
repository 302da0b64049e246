/* requests.c: what operators and clients ask, here or forwarded from another node: PROTOCOL 4 (REQUEST, RESULT), 7, 9.
 * A forwarded request is named by (uid, life, number) and carried out once; its asker repeats it until it knows. */
#include <assert.h>
#include <string.h>

#include "internal.h"

static void answer(struct step *s, uint64_t id, enum goose_outcome outcome, uint64_t number)
{
    assert(s->actions->answer_count < GOOSE_ELECTION_ANSWERS_MAX);
    s->actions->answers[s->actions->answer_count++] =
        (struct goose_answer){.id = id, .outcome = outcome, .number = number};
}

static bool answers_full(const struct step *s)
{
    return s->actions->answer_count == GOOSE_ELECTION_ANSWERS_MAX;
}

static struct open_request *request_free(struct goose_election *e)
{
    for (int i = 0; i < GOOSE_ELECTION_REQUESTS_MAX; i++)
        if (e->requests[i].id == 0) return &e->requests[i];
    return NULL;
}

/* An address where one is needed, and a number of voters that there can be. */
static bool names_somebody(const struct goose_event *event)
{
    struct goose_text address = event->request.address;
    uint8_t wanted = event->request.wanted;

    if (event->request.kind == GOOSE_REQUEST_VOTERS)
        return address.bytes == 0 && wanted > 0 && wanted <= GOOSE_ROSTER_SEATS_MAX;
    if (address.bytes == 0) return event->request.kind == GOOSE_REQUEST_HANDOVER;
    return goose_address_is_canonical(address);
}

static enum goose_refusal request_begin(struct step *s, const struct goose_event *event)
{
    struct goose_election *e = s->e;
    struct open_request *request = request_free(e);
    struct goose_text address = event->request.address;

    if (!names_somebody(event)) {
        answer(s, event->request.id, GOOSE_OUTCOME_NOT_FOUND, 0);
        return GOOSE_REFUSAL_NONE;
    }
    if (request == NULL) {
        answer(s, event->request.id, GOOSE_OUTCOME_BUSY, 0);
        return GOOSE_REFUSAL_NONE;
    }
    *request = (struct open_request){
        .id = event->request.id,
        .kind = event->request.kind,
        .force = event->request.force,
        .wanted = event->request.kind == GOOSE_REQUEST_VOTERS ? event->request.wanted : 0,
        .known = address.bytes != 0 && goose_roster_find_address(&e->roster, address) >= 0,
        .number = ++e->request_number,
        .since_us = s->now_us,
        .ask_at_us = s->now_us,
        .ends_us = s->now_us + patience_us(e)};
    if (address.bytes != 0) goose_address_keep(&request->address, address);
    return GOOSE_REFUSAL_NONE;
}

static void stop(struct step *s, uint64_t id)
{
    struct goose_election *e = s->e;

    if (e->stop_id != 0) {
        answer(s, id, GOOSE_OUTCOME_BUSY, 0);
        return;
    }
    e->stop_id = id;
    reign_wish(s, WISH_STOP, 0);
    if (e->role != GOOSE_ROLE_GOOSE) e->draining = true;
    round_abandon(s, GOOSE_REASON_STOPPED);
}

/* Answered when it counts: at once, or when the work that is open has left. */
static void drain(struct step *s, uint64_t id)
{
    struct goose_election *e = s->e;
    struct open_request *request = request_free(e);

    if (request == NULL) {
        answer(s, id, GOOSE_OUTCOME_BUSY, 0);
        return;
    }
    reign_wish(s, WISH_DRAIN, 0);
    if (e->role != GOOSE_ROLE_GOOSE) e->draining = true;
    round_abandon(s, GOOSE_REASON_DRAINED);
    if (e->draining)
        answer(s, id, GOOSE_OUTCOME_DONE, 0);
    else
        *request = (struct open_request){
            .id = id, .kind = GOOSE_REQUEST_DRAIN, .ask_at_us = UINT64_MAX, .ends_us = UINT64_MAX};
}

/* A drain that waits, for work or for a hold, is taken back. */
static void undrain(struct step *s, uint64_t id)
{
    reign_wish_no_more(s->e, WISH_DRAIN);
    s->e->draining = s->e->draining && s->e->stop_id != 0;
    if (s->e->saved.barred) {
        s->e->saved.barred = false;
        must_save(s->e);
    }
    stand_after_promise(s->e);
    answer(s, id, GOOSE_OUTCOME_DONE, 0);
}

enum goose_refusal handle_request_here(struct step *s, const struct goose_event *event)
{
    struct goose_election *e = s->e;
    uint64_t id = event->request.id;

    switch (event->request.kind) {
    case GOOSE_REQUEST_HOLD: {
        bool goose = goose_election_is_goose(e, s->now_us);
        bool gives = goose && e->reign.wishes == 0 && !e->failed;
        uint64_t given_us = gives ? hold_give(e, event->request.hold_us, s->now_us) : 0;
        answer(s, id, goose ? GOOSE_OUTCOME_DONE : GOOSE_OUTCOME_NOT_GOOSE, given_us);
        return GOOSE_REFUSAL_NONE;
    }
    case GOOSE_REQUEST_HANDOVER:
    case GOOSE_REQUEST_VOTERS:
    case GOOSE_REQUEST_REMOVE: return request_begin(s, event);
    case GOOSE_REQUEST_DRAIN: drain(s, id); return GOOSE_REFUSAL_NONE;
    case GOOSE_REQUEST_UNDRAIN: undrain(s, id); return GOOSE_REFUSAL_NONE;
    case GOOSE_REQUEST_STOP: stop(s, id); return GOOSE_REFUSAL_NONE;
    default: return GOOSE_REFUSAL_UNKNOWN_EVENT;
    }
}

static void request_end_with(struct step *s, struct open_request *request,
                             enum goose_outcome outcome, uint64_t number)
{
    answer(s, request->id, outcome, number);
    memset(request, 0, sizeof *request);
}

static void request_end(struct step *s, struct open_request *request, enum goose_outcome outcome)
{
    request_end_with(s, request, outcome, 0);
}

/* This node is the goose, or has become it: the request ends here. */
static void request_do_here(struct step *s, struct open_request *request)
{
    struct goose_election *e = s->e;
    struct goose_text address = goose_address_text(&request->address);
    int heir;

    if (request->kind == GOOSE_REQUEST_HANDOVER) {
        if ((e->reign.wishes & WISH_HANDOVER) != 0) return; /* it waits for work, or for a hold */
        enum goose_outcome outcome = choose_heir(s, address, &heir);
        if (outcome != GOOSE_OUTCOME_DONE || heir < 0) {
            request_end(s, request, outcome);
            return;
        }
        request->term = e->saved.term;
        reign_wish(s, WISH_HANDOVER, address.bytes == 0 ? 0 : e->peers[heir].contact.uid);
        return;
    }
    if (e->removal.active) return; /* this one, or it waits its turn */
    enum goose_outcome outcome = request->kind == GOOSE_REQUEST_VOTERS
                                     ? voters_begin(s, request->wanted)
                                     : removal_begin(s, address, request->force);
    if (outcome == GOOSE_OUTCOME_DONE && e->removal.active) e->removal.number = request->number;
    if (outcome == GOOSE_OUTCOME_DONE) return;
    request_end(s, request,
                outcome == GOOSE_OUTCOME_NOT_FOUND && request->known ? GOOSE_OUTCOME_DONE
                                                                     : outcome);
}

/* A handover is done when a goose of a later term is heard. */
static bool request_shows(const struct step *s, const struct open_request *request)
{
    const struct goose_election *e = s->e;
    return request->kind == GOOSE_REQUEST_HANDOVER && request->term != 0 &&
           knows_goose(e, s->now_us) && e->saved.term > request->term;
}

/* A drain is done when it counts; it was taken back where nobody wishes it any more. */
static void drain_turn(struct step *s, struct open_request *request)
{
    if (s->e->draining)
        request_end(s, request, GOOSE_OUTCOME_DONE);
    else if ((s->e->reign.wishes & WISH_DRAIN) == 0)
        request_end(s, request, GOOSE_OUTCOME_TIMED_OUT);
}

static void request_turn(struct step *s, struct open_request *request)
{
    struct goose_election *e = s->e;
    bool known = knows_goose(e, s->now_us);

    /* What waits for work waits as long as that may take. */
    if (e->role == GOOSE_ROLE_GOOSE && reign_waits_for_work(e))
        request->ends_us = most_u64(request->ends_us, e->reign.leave_ends_us + patience_us(e));
    if (known && request->term == 0) request->term = e->saved.term;
    if (request_shows(s, request)) {
        request_end(s, request, GOOSE_OUTCOME_DONE);
    } else if (s->now_us >= request->ends_us) {
        request_end(s, request, GOOSE_OUTCOME_TIMED_OUT);
    } else if (!known && request->term == 0 &&
               s->now_us >= request->since_us + 2 * own_promise_us(e)) {
        request_end(s, request, GOOSE_OUTCOME_NO_GOOSE);
    } else if (s->now_us >= request->ask_at_us) {
        request->ask_at_us = s->now_us + stagger_us(e);
        if (e->role == GOOSE_ROLE_GOOSE)
            request_do_here(s, request);
        else
            request->owed = known;
    }
}

static const struct result_kept *result_find(const struct goose_election *e,
                                             const struct goose_message *m)
{
    for (int i = 0; i < RESULTS_KEPT; i++) {
        const struct result_kept *kept = &e->results[i];
        if (kept->uid == m->uid && kept->life == m->life && kept->number == m->request.number)
            return kept;
    }
    return NULL;
}

static void result_keep(struct goose_election *e, struct result_kept kept)
{
    e->results[e->result_next++ % RESULTS_KEPT] = kept;
}

static void result_send(struct step *s, const struct goose_message *m, enum goose_outcome outcome,
                        uint8_t stops_at)
{
    s->owes_result = true;
    s->result = (struct goose_result){m->life, m->request.number, outcome, stops_at};
}

/* Told once, and the same again to who asks again. */
static void result_tell(struct step *s, const struct goose_message *m, enum goose_outcome outcome)
{
    result_keep(s->e, (struct result_kept){m->uid, m->life, m->request.number, outcome, 0});
    result_send(s, m, outcome, 0);
}

/* Committed: whoever asked for it here is told, and who forwarded it here is told when it asks again. */
static void removal_finish(struct step *s)
{
    struct goose_election *e = s->e;
    struct removal *removal = &e->removal;
    uint8_t stops_at = removal->wanted == 0 ? steward_stops_at(s) : 0;

    removal->active = false;
    if (removal->for_uid != 0) {
        result_keep(e, (struct result_kept){removal->for_uid, removal->for_life, removal->number,
                                            GOOSE_OUTCOME_DONE, stops_at});
        return;
    }
    for (int i = 0; i < GOOSE_ELECTION_REQUESTS_MAX; i++)
        if (e->requests[i].id != 0 && e->requests[i].number == removal->number && !answers_full(s))
            request_end_with(s, &e->requests[i], GOOSE_OUTCOME_DONE, stops_at);
}

/* Before it is decided what this step comes to. */
void requests_turn(struct step *s)
{
    struct goose_election *e = s->e;

    for (int i = 0; i < GOOSE_ELECTION_REQUESTS_MAX && !answers_full(s); i++)
        if (e->requests[i].id != 0 && e->requests[i].kind != GOOSE_REQUEST_DRAIN)
            request_turn(s, &e->requests[i]);
}

/* And behind it: what has come of them. */
void requests_settle(struct step *s)
{
    struct goose_election *e = s->e;

    if (e->removal.active && e->role == GOOSE_ROLE_GOOSE) {
        if (e->removal.committed)
            removal_finish(s);
        else if (s->now_us >= e->removal.ends_us)
            e->removal.active = false;
    }
    for (int i = 0; i < GOOSE_ELECTION_REQUESTS_MAX && !answers_full(s); i++)
        if (e->requests[i].id != 0 && e->requests[i].kind == GOOSE_REQUEST_DRAIN)
            drain_turn(s, &e->requests[i]);
}

/* The process may end when this node is a duck and all has been sent: a RESIGN whose term never got to disk never. */
void stop_answer(struct step *s)
{
    struct goose_election *e = s->e;
    bool told = e->farewell.left == 0 && !e->farewell.observers_left && !s->actions->more;

    if (e->stop_id == 0 || e->role != GOOSE_ROLE_DUCK || answers_full(s)) return;
    if (!told && e->durable >= e->farewell.stands_on) return;
    answer(s, e->stop_id, GOOSE_OUTCOME_DONE, 0);
    e->stop_id = 0;
}

static bool is_for(const struct removal *removal, const struct goose_message *m)
{
    return removal->active && removal->for_uid == m->uid && removal->for_life == m->life &&
           removal->number == m->request.number;
}

static void forwarded_change(struct step *s, const struct goose_message *m)
{
    struct goose_election *e = s->e;

    if (is_for(&e->removal, m)) return;
    bool idle = !e->removal.active;
    enum goose_outcome outcome = m->request.what == GOOSE_FORWARDED_VOTERS
                                     ? voters_begin(s, m->request.wanted)
                                     : removal_begin(s, m->request.address, m->request.force);
    if (outcome == GOOSE_OUTCOME_BUSY) return; /* it asks again */
    if (outcome != GOOSE_OUTCOME_DONE) {
        result_tell(s, m, outcome);
    } else if (idle && e->removal.active) {
        e->removal.for_uid = m->uid;
        e->removal.for_life = m->life;
        e->removal.number = m->request.number;
    }
}

static void forwarded_handover(struct step *s, const struct goose_message *m)
{
    struct goose_election *e = s->e;
    int heir;

    /* Asked of an earlier goose: it has been done, one way or another. */
    if (m->request.term != e->saved.term) {
        result_tell(s, m, GOOSE_OUTCOME_DONE);
        return;
    }
    if ((e->reign.wishes & WISH_HANDOVER) != 0) return;
    struct goose_text address = m->request.address;
    enum goose_outcome outcome = choose_heir(s, address, &heir);
    if (outcome != GOOSE_OUTCOME_DONE || heir < 0)
        result_tell(s, m, outcome);
    else
        reign_wish(s, WISH_HANDOVER, address.bytes == 0 ? 0 : e->peers[heir].contact.uid);
}

enum goose_refusal handle_request(struct step *s, const struct arrival *arrival)
{
    struct goose_election *e = s->e;
    const struct goose_message *m = arrival->m;
    const struct result_kept *kept = result_find(e, m);

    if (arrival->seat < 0 && arrival->observer == NULL) return GOOSE_REFUSAL_STRANGER;
    if (e->role != GOOSE_ROLE_GOOSE) return GOOSE_REFUSAL_NOT_GOOSE;
    if (kept != NULL)
        result_send(s, m, kept->outcome, kept->stops_at);
    else if (m->request.what != GOOSE_FORWARDED_HANDOVER)
        forwarded_change(s, m);
    else
        forwarded_handover(s, m);
    return GOOSE_REFUSAL_NONE;
}

enum goose_refusal handle_result(struct step *s, const struct arrival *arrival)
{
    struct goose_election *e = s->e;
    const struct goose_message *m = arrival->m;

    if (m->result.life != e->saved.life) return GOOSE_REFUSAL_NOT_ASKED;
    for (int i = 0; i < GOOSE_ELECTION_REQUESTS_MAX; i++) {
        struct open_request *request = &e->requests[i];
        if (request->id == 0 || request->number != m->result.number || answers_full(s)) continue;
        enum goose_outcome outcome = m->result.outcome;
        if (outcome == GOOSE_OUTCOME_NOT_FOUND && request->known &&
            request->kind == GOOSE_REQUEST_REMOVE)
            outcome = GOOSE_OUTCOME_DONE;
        request_end_with(s, request, outcome, m->result.stops_at);
        return GOOSE_REFUSAL_NONE;
    }
    return GOOSE_REFUSAL_NOT_ASKED;
}
