/* requests.c: what operators and clients ask, here or carried from another node: PROTOCOL 4 (REQUEST, RESULT), 7, 9.
 * A carried request is named by (uid, life, number) and carried out once; its asker repeats it until it knows. */
#include <assert.h>
#include <string.h>

#include "internal.h"

static void answer(struct step *s, uint64_t id, enum outcome outcome, uint64_t number)
{
    assert(s->actions->answer_count < ELECTION_ANSWERS_MAX);
    s->actions->answers[s->actions->answer_count++] =
        (struct answer){.id = id, .outcome = outcome, .number = number};
}

static uint64_t patience_us(const struct election *e)
{
    return most_u64(ERRAND_US_MIN, 10 * (uint64_t)e->options.lease_us);
}

static bool answers_full(const struct step *s)
{
    return s->actions->answer_count == ELECTION_ANSWERS_MAX;
}

static int find_seat(const struct election *e, struct text address)
{
    return roster_find_address(&e->roster, address);
}

/* By address: who follows me without a seat. Only for an operator, so it may look at all. */
static const struct observer *find_observer(const struct step *s, struct text address)
{
    if (s->observers == NULL) return NULL;
    for (uint32_t i = 0; i < observers_count(s->observers); i++) {
        const struct observer *observer = observers_at(s->observers, i);
        if (text_equal(address_text(&observer->address), address)) return observer;
    }
    return NULL;
}

/* On the goose: who would take over. DONE: *heir is a peer, or -1 where I am asked to hand over to myself. */
static enum outcome choose_heir(const struct step *s, struct text address, int *heir)
{
    const struct election *e = s->e;

    if (address.bytes == 0) {
        *heir = succession_heir(e);
        return *heir >= 0 ? OUTCOME_DONE : OUTCOME_NOT_ELIGIBLE;
    }
    *heir = find_seat(e, address);
    if (*heir < 0)
        return find_observer(s, address) != NULL ? OUTCOME_NOT_ELIGIBLE : OUTCOME_NOT_FOUND;
    if (*heir == self_seat(e)) {
        *heir = -1;
        return OUTCOME_DONE;
    }
    return can_take_over(e, *heir) ? OUTCOME_DONE : OUTCOME_NOT_ELIGIBLE;
}

/* Would those that are left be a majority that I hear? */
static bool leaves_majority(const struct election *e, int without)
{
    int heard = 0, count = e->roster.count - 1;

    for (int i = 0; i < e->roster.count; i++) {
        bool there = i == self_seat(e) || acked_lately(e, &e->peers[i].follower);
        if (i != without && there && roster_seat_counts(&e->roster, i)) heard++;
    }
    return heard >= count / 2 + 1;
}

/* PROTOCOL 9, removal: unclaimed seats never count, so those that are claimed must be a majority without it. */
static bool leaves_claimed(const struct election *e, int without)
{
    int claimed = 0, count = e->roster.count - 1;

    for (int i = 0; i < e->roster.count; i++)
        claimed += i != without && e->roster.seats[i].uid != 0;
    return claimed >= count / 2 + 1;
}

/* On the goose: start a removal, or say why not. BUSY: another is under way; DONE: under way, wait for it. */
static enum outcome removal_begin(struct step *s, struct text address, bool force)
{
    struct election *e = s->e;
    int seat = find_seat(e, address);
    const struct observer *observer = seat < 0 ? find_observer(s, address) : NULL;

    if (e->removal.active)
        return text_equal(address_text(&e->removal.address), address) ? OUTCOME_DONE : OUTCOME_BUSY;
    if (seat < 0 && observer == NULL) return OUTCOME_NOT_FOUND;
    if (seat >= 0 && e->roster.count == 1) return OUTCOME_LAST_SEAT;
    if (seat >= 0 && !leaves_claimed(e, seat)) return OUTCOME_UNCLAIMED_FIRST;
    if (seat >= 0 && seat == self_seat(e)) {
        bool waits = (e->reign.wishes & WISH_REMOVAL) != 0;
        if (!waits && succession_heir(e) < 0) return OUTCOME_NOT_ELIGIBLE;
        goose_wish(s, WISH_REMOVAL, 0);
        return OUTCOME_DONE;
    }
    if (seat >= 0 && !force && !leaves_majority(e, seat)) return OUTCOME_COSTS_MAJORITY;
    e->removal = (struct removal){.active = true, .ends_us = s->now_us + patience_us(e)};
    e->removal.uid = seat >= 0 ? e->roster.seats[seat].uid : observer->contact.uid;
    address_keep(&e->removal.address, address);
    s->facts.roster_due = true;
    return OUTCOME_DONE;
}

/* The same for how many voters are wanted. */
static enum outcome voters_begin(struct step *s, uint8_t wanted)
{
    struct removal *removal = &s->e->removal;

    if (removal->active) return removal->wanted == wanted ? OUTCOME_DONE : OUTCOME_BUSY;
    *removal = (struct removal){
        .active = true, .wanted = wanted, .ends_us = s->now_us + patience_us(s->e)};
    s->facts.roster_due = true;
    return OUTCOME_DONE;
}

static struct errand *errand_free(struct election *e)
{
    for (int i = 0; i < ELECTION_ERRANDS_MAX; i++)
        if (e->errands[i].id == 0) return &e->errands[i];
    return NULL;
}

/* An address where one is needed, and a number of voters that there can be. */
static bool names_somebody(const struct event *event)
{
    struct text address = event->request.address;
    uint8_t wanted = event->request.wanted;

    if (event->request.kind == REQUEST_VOTERS)
        return address.bytes == 0 && wanted > 0 && wanted <= ROSTER_SEATS_MAX;
    if (address.bytes == 0) return event->request.kind == REQUEST_HANDOVER;
    return address_is_canonical(address);
}

static enum refusal errand_begin(struct step *s, const struct event *event)
{
    struct election *e = s->e;
    struct errand *errand = errand_free(e);
    struct text address = event->request.address;

    if (!names_somebody(event)) {
        answer(s, event->request.id, OUTCOME_NOT_FOUND, 0);
        return REFUSAL_NONE;
    }
    if (errand == NULL) {
        answer(s, event->request.id, OUTCOME_BUSY, 0);
        return REFUSAL_NONE;
    }
    *errand =
        (struct errand){.id = event->request.id,
                        .kind = event->request.kind,
                        .force = event->request.force,
                        .wanted = event->request.kind == REQUEST_VOTERS ? event->request.wanted : 0,
                        .known = address.bytes != 0 && find_seat(e, address) >= 0,
                        .number = ++e->errand_number,
                        .since_us = s->now_us,
                        .ask_at_us = s->now_us,
                        .ends_us = s->now_us + patience_us(e)};
    if (address.bytes != 0) address_keep(&errand->address, address);
    return REFUSAL_NONE;
}

static void stop(struct step *s, uint64_t id)
{
    struct election *e = s->e;

    if (e->stop_id != 0) {
        answer(s, id, OUTCOME_BUSY, 0);
        return;
    }
    e->stop_id = id;
    goose_wish(s, WISH_STOP, 0);
    if (e->role != ROLE_GOOSE) e->draining = true;
    round_abandon(s, REASON_STOPPED);
}

/* Answered when it counts: at once, or when the work that is open has left. */
static void drain(struct step *s, uint64_t id)
{
    struct election *e = s->e;
    struct errand *errand = errand_free(e);

    if (errand == NULL) {
        answer(s, id, OUTCOME_BUSY, 0);
        return;
    }
    goose_wish(s, WISH_DRAIN, 0);
    if (e->role != ROLE_GOOSE) e->draining = true;
    round_abandon(s, REASON_DRAINED);
    if (e->draining)
        answer(s, id, OUTCOME_DONE, 0);
    else
        *errand = (struct errand){
            .id = id, .kind = REQUEST_DRAIN, .ask_at_us = UINT64_MAX, .ends_us = UINT64_MAX};
}

/* A drain that waits, for work or for a hold, is taken back. */
static void undrain(struct step *s, uint64_t id)
{
    goose_wish_no_more(s->e, WISH_DRAIN);
    s->e->draining = s->e->draining && s->e->stop_id != 0;
    if (s->e->saved.barred) {
        s->e->saved.barred = false;
        must_save(s->e);
    }
    stand_after_promise(s->e);
    answer(s, id, OUTCOME_DONE, 0);
}

enum refusal handle_request_here(struct step *s, const struct event *event)
{
    struct election *e = s->e;
    uint64_t id = event->request.id;

    switch (event->request.kind) {
    case REQUEST_HOLD: {
        bool goose = election_is_goose(e, s->now_us);
        bool gives = goose && e->reign.wishes == 0 && !e->failed;
        uint64_t given_us = gives ? hold_give(e, event->request.hold_us, s->now_us) : 0;
        answer(s, id, goose ? OUTCOME_DONE : OUTCOME_NOT_GOOSE, given_us);
        return REFUSAL_NONE;
    }
    case REQUEST_HANDOVER:
    case REQUEST_VOTERS:
    case REQUEST_REMOVE: return errand_begin(s, event);
    case REQUEST_DRAIN: drain(s, id); return REFUSAL_NONE;
    case REQUEST_UNDRAIN: undrain(s, id); return REFUSAL_NONE;
    case REQUEST_STOP: stop(s, id); return REFUSAL_NONE;
    default: return REFUSAL_UNKNOWN_EVENT;
    }
}

static void errand_end_with(struct step *s, struct errand *errand, enum outcome outcome,
                            uint64_t number)
{
    answer(s, errand->id, outcome, number);
    memset(errand, 0, sizeof *errand);
}

static void errand_end(struct step *s, struct errand *errand, enum outcome outcome)
{
    errand_end_with(s, errand, outcome, 0);
}

/* This node is the goose, or has become it: the errand ends here. */
static void errand_do_here(struct step *s, struct errand *errand)
{
    struct election *e = s->e;
    struct text address = address_text(&errand->address);
    int heir;

    if (errand->kind == REQUEST_HANDOVER) {
        if ((e->reign.wishes & WISH_HANDOVER) != 0) return; /* it waits for work, or for a hold */
        enum outcome outcome = choose_heir(s, address, &heir);
        if (outcome != OUTCOME_DONE || heir < 0) {
            errand_end(s, errand, outcome);
            return;
        }
        errand->term = e->saved.term;
        goose_wish(s, WISH_HANDOVER, address.bytes == 0 ? 0 : e->peers[heir].contact.uid);
        return;
    }
    if (e->removal.active) return; /* this one, or it waits its turn */
    enum outcome outcome = errand->kind == REQUEST_VOTERS
                               ? voters_begin(s, errand->wanted)
                               : removal_begin(s, address, errand->force);
    if (outcome == OUTCOME_DONE && e->removal.active) e->removal.number = errand->number;
    if (outcome == OUTCOME_DONE) return;
    errand_end(s, errand, outcome == OUTCOME_NOT_FOUND && errand->known ? OUTCOME_DONE : outcome);
}

/* A handover is done when a goose of a later term is heard. */
static bool errand_shows(const struct step *s, const struct errand *errand)
{
    const struct election *e = s->e;
    return errand->kind == REQUEST_HANDOVER && errand->term != 0 && knows_goose(e, s->now_us) &&
           e->saved.term > errand->term;
}

/* A drain is done when it counts; it was taken back where nobody wishes it any more. */
static void drain_turn(struct step *s, struct errand *errand)
{
    if (s->e->draining)
        errand_end(s, errand, OUTCOME_DONE);
    else if ((s->e->reign.wishes & WISH_DRAIN) == 0)
        errand_end(s, errand, OUTCOME_TIMED_OUT);
}

static void errand_turn(struct step *s, struct errand *errand)
{
    struct election *e = s->e;
    bool known = knows_goose(e, s->now_us);

    /* What waits for work waits as long as that may take. */
    if (e->role == ROLE_GOOSE && goose_waits_for_work(e))
        errand->ends_us = most_u64(errand->ends_us, e->reign.leave_ends_us + patience_us(e));
    if (known && errand->term == 0) errand->term = e->saved.term;
    if (errand_shows(s, errand)) {
        errand_end(s, errand, OUTCOME_DONE);
    } else if (s->now_us >= errand->ends_us) {
        errand_end(s, errand, OUTCOME_TIMED_OUT);
    } else if (!known && errand->term == 0 &&
               s->now_us >= errand->since_us + 2 * own_promise_us(e)) {
        errand_end(s, errand, OUTCOME_NO_GOOSE);
    } else if (s->now_us >= errand->ask_at_us) {
        errand->ask_at_us = s->now_us + step_us(e);
        if (e->role == ROLE_GOOSE)
            errand_do_here(s, errand);
        else
            errand->owed = known;
    }
}

static const struct result_kept *result_find(const struct election *e, const struct message *m)
{
    for (int i = 0; i < RESULTS_KEPT; i++) {
        const struct result_kept *kept = &e->results[i];
        if (kept->uid == m->uid && kept->life == m->life && kept->number == m->request.number)
            return kept;
    }
    return NULL;
}

static void result_keep(struct election *e, struct result_kept kept)
{
    e->results[e->result_next++ % RESULTS_KEPT] = kept;
}

static void result_send(struct step *s, const struct message *m, enum outcome outcome,
                        uint8_t stops_at)
{
    s->owes_result = true;
    s->result = (struct result){m->life, m->request.number, outcome, stops_at};
}

/* Told once, and the same again to who asks again. */
static void result_tell(struct step *s, const struct message *m, enum outcome outcome)
{
    result_keep(s->e, (struct result_kept){m->uid, m->life, m->request.number, outcome, 0});
    result_send(s, m, outcome, 0);
}

/* Committed: whoever asked for it here is told, and who carried it here is told when it asks again. */
static void removal_finish(struct step *s)
{
    struct election *e = s->e;
    struct removal *removal = &e->removal;
    uint8_t stops_at = removal->wanted == 0 ? steward_stops_at(s) : 0;

    removal->active = false;
    if (removal->for_uid != 0) {
        result_keep(e, (struct result_kept){removal->for_uid, removal->for_life, removal->number,
                                            OUTCOME_DONE, stops_at});
        return;
    }
    for (int i = 0; i < ELECTION_ERRANDS_MAX; i++)
        if (e->errands[i].id != 0 && e->errands[i].number == removal->number && !answers_full(s))
            errand_end_with(s, &e->errands[i], OUTCOME_DONE, stops_at);
}

/* Before it is decided what this step comes to. */
void errands_turn(struct step *s)
{
    struct election *e = s->e;

    for (int i = 0; i < ELECTION_ERRANDS_MAX && !answers_full(s); i++)
        if (e->errands[i].id != 0 && e->errands[i].kind != REQUEST_DRAIN)
            errand_turn(s, &e->errands[i]);
}

/* And behind it: what has come of them. */
void errands_settle(struct step *s)
{
    struct election *e = s->e;

    if (e->removal.active && e->role == ROLE_GOOSE) {
        if (e->removal.committed)
            removal_finish(s);
        else if (s->now_us >= e->removal.ends_us)
            e->removal.active = false;
    }
    for (int i = 0; i < ELECTION_ERRANDS_MAX && !answers_full(s); i++)
        if (e->errands[i].id != 0 && e->errands[i].kind == REQUEST_DRAIN)
            drain_turn(s, &e->errands[i]);
}

/* The process may end when this node is a duck and all has been sent: a RESIGN whose term never got to disk never. */
void stop_answer(struct step *s)
{
    struct election *e = s->e;
    bool told = e->farewell.left == 0 && !e->farewell.observers_left && !s->actions->more;

    if (e->stop_id == 0 || e->role != ROLE_DUCK || answers_full(s)) return;
    if (!told && e->durable >= e->farewell.stands_on) return;
    answer(s, e->stop_id, OUTCOME_DONE, 0);
    e->stop_id = 0;
}

static bool is_for(const struct removal *removal, const struct message *m)
{
    return removal->active && removal->for_uid == m->uid && removal->for_life == m->life &&
           removal->number == m->request.number;
}

static void carried_change(struct step *s, const struct message *m)
{
    struct election *e = s->e;

    if (is_for(&e->removal, m)) return;
    bool idle = !e->removal.active;
    enum outcome outcome = m->request.what == CARRIED_VOTERS
                               ? voters_begin(s, m->request.wanted)
                               : removal_begin(s, m->request.address, m->request.force);
    if (outcome == OUTCOME_BUSY) return; /* it asks again */
    if (outcome != OUTCOME_DONE) {
        result_tell(s, m, outcome);
    } else if (idle && e->removal.active) {
        e->removal.for_uid = m->uid;
        e->removal.for_life = m->life;
        e->removal.number = m->request.number;
    }
}

static void carried_handover(struct step *s, const struct message *m)
{
    struct election *e = s->e;
    int heir;

    /* Asked of an earlier goose: it has been done, one way or another. */
    if (m->request.term != e->saved.term) {
        result_tell(s, m, OUTCOME_DONE);
        return;
    }
    if ((e->reign.wishes & WISH_HANDOVER) != 0) return;
    struct text address = m->request.address;
    enum outcome outcome = choose_heir(s, address, &heir);
    if (outcome != OUTCOME_DONE || heir < 0)
        result_tell(s, m, outcome);
    else
        goose_wish(s, WISH_HANDOVER, address.bytes == 0 ? 0 : e->peers[heir].contact.uid);
}

enum refusal handle_request(struct step *s, const struct arrival *arrival)
{
    struct election *e = s->e;
    const struct message *m = arrival->m;
    const struct result_kept *kept = result_find(e, m);

    if (arrival->seat < 0 && arrival->observer == NULL) return REFUSAL_STRANGER;
    if (e->role != ROLE_GOOSE) return REFUSAL_NOT_GOOSE;
    if (kept != NULL)
        result_send(s, m, kept->outcome, kept->stops_at);
    else if (m->request.what != CARRIED_HANDOVER)
        carried_change(s, m);
    else
        carried_handover(s, m);
    return REFUSAL_NONE;
}

enum refusal handle_result(struct step *s, const struct arrival *arrival)
{
    struct election *e = s->e;
    const struct message *m = arrival->m;

    if (m->result.life != e->saved.life) return REFUSAL_NOT_ASKED;
    for (int i = 0; i < ELECTION_ERRANDS_MAX; i++) {
        struct errand *errand = &e->errands[i];
        if (errand->id == 0 || errand->number != m->result.number || answers_full(s)) continue;
        enum outcome outcome = m->result.outcome;
        if (outcome == OUTCOME_NOT_FOUND && errand->known && errand->kind == REQUEST_REMOVE)
            outcome = OUTCOME_DONE;
        errand_end_with(s, errand, outcome, m->result.stops_at);
        return REFUSAL_NONE;
    }
    return REFUSAL_NOT_ASKED;
}
