/* send.c: what is owed becomes messages, PROTOCOL 4.
 * Nothing else makes messages. All of a step's are made at its end, so that they agree with each other; an ACK or a yes
 * waits here until all that is to be saved is saved. What finds no room in this step's actions stays owed. */
#include <assert.h>

#include "internal.h"
#include "wire_parts.h"

/* An observer is sent a heartbeat a few intervals apart, and often enough that one may be lost. */
static uint64_t observer_interval_us(const struct goose_election *e,
                                     const struct goose_observer *observer)
{
    bool soon = observer->waits && e->roster.count < e->roster.wanted;
    return soon ? e->reign.heartbeat_us : most_u64(e->reign.heartbeat_us, e->reign.lease_us / 3);
}

/* Room for one more message, its header filled in; NULL: none is left in this step. PROTOCOL 4: one counter for all
 * receivers, because two that I tell apart (a seat's old uid, a name of --join) may be one node. */
static struct goose_send *send_begin(struct step *s, enum goose_message_kind kind,
                                     uint64_t for_life)
{
    struct goose_election *e = s->e;

    if (s->actions->send_count == GOOSE_ELECTION_SENDS_MAX) {
        s->actions->more = true;
        return NULL;
    }
    struct goose_send *send = &s->actions->sends[s->actions->send_count++];
    struct goose_message *m = &send->message;
    send->has_endpoint = false;
    send->address = (struct goose_text){NULL, 0};
    send->stands_on = 0;
    message_head(e, m, kind, for_life);
    m->counter = ++e->counter;
    return send;
}

static void route_to_endpoint(struct goose_send *send, const struct goose_endpoint *endpoint)
{
    send->has_endpoint = true;
    send->endpoint = *endpoint;
}

/* PROTOCOL 4: to where it has shown that it is, else to its seat's address; to both in turn when silent for two leases, and
 * so goes a HELLO, which asks for that, to who was heard somewhere and has not shown it. What is no longer than what it
 * answers may go to where that came from. */
static void route_to_peer(struct goose_election *e, struct goose_send *send, int i)
{
    struct peer *peer = &e->peers[i];
    const struct goose_contact *contact = &peer->contact;
    bool seated = i < e->roster.count;

    if (seated) send->address = goose_roster_address(&e->roster, i);
    bool asks = send->message.kind == GOOSE_MESSAGE_HELLO;
    if (contact->heard_at_us == 0 || (seated && !contact->proven && !asks)) return;
    bool fresh = contact_is_fresh(contact, e->now_us, 2 * (uint64_t)e->options.lease_us);
    if ((fresh && contact->proven) || send->address.bytes == 0 || peer->tries++ % 2 == 0)
        route_to_endpoint(send, &contact->from);
}

static void body_heartbeat(struct goose_election *e, struct goose_message *m,
                           const struct goose_follower *follower, uint64_t delay_us)
{
    m->with_roster = !acked_roster(e, follower);
    m->heartbeat = (struct goose_heartbeat){.seq = ++e->reign.seq,
                                            .sent_at_us = e->now_us,
                                            .promise_us = (uint32_t)e->reign.promise_us,
                                            .succession_delay_us = (uint32_t)delay_us,
                                            .stagger_us = e->reign.stagger_us,
                                            .founding = e->roster.founding,
                                            .settled = is_settled(e)};
}

/* PROTOCOL 6.5 and 7: my own resignation is told to nobody before its term is on disk and my last hold has run out, in
 * whatever message. */
static struct goose_tenure told_after(const struct goose_election *e)
{
    bool unsaved = e->resigned.term == e->farewell.term && e->durable < e->farewell.stands_on;
    bool early = e->resigned.uid == e->saved.uid && (unsaved || e->now_us < e->reign.hold_end_us);
    return early ? (struct goose_tenure){0, 0, 0} : e->resigned;
}

/* PROTOCOL 6.2: a VOTE asked again promises what the first one did, whatever the options say by now. */
static void body_ask(const struct goose_election *e, struct goose_message *m)
{
    bool vote = e->role == GOOSE_ROLE_CANDIDATE;
    uint64_t promise_us = vote ? e->reign.promise_us : own_promise_us(e);

    m->ask = (struct goose_ask){.round = e->round.id,
                                .term = vote ? e->saved.term : e->saved.term + 1,
                                .sent_at_us = e->now_us,
                                .promise_us = (uint32_t)promise_us,
                                .succession_delay_us = e->heard_goose.delay_us,
                                .roster_digest = goose_roster_digest(&e->roster),
                                .after = told_after(e)};
}

/* A yes is the vote that is on file. While it waited for the disk, this node may have gone on to another. */
static enum goose_verdict verdict_now(const struct goose_election *e, const struct peer *peer)
{
    const struct asked *asked = &peer->asked;

    if (asked->verdict != GOOSE_VERDICT_YES || !asked->is_vote) return asked->verdict;
    if (asked->ask.term != e->saved.term) return GOOSE_VERDICT_OLD_TERM;
    return e->saved.voted_for == peer->contact.uid ? GOOSE_VERDICT_YES : GOOSE_VERDICT_VOTED;
}

/* The roster goes along with a refusal of who has a seat in it and an older one; never one that is not on disk. */
static void body_reply(const struct goose_election *e, struct goose_message *m, int i)
{
    const struct peer *peer = &e->peers[i];
    bool older = goose_roster_compare(peer->asked.roster_term, peer->asked.roster_version,
                                      e->roster.term, e->roster.version) < 0;

    m->reply = (struct goose_reply){.round = peer->asked.ask.round,
                                    .sent_at_us = peer->asked.ask.sent_at_us,
                                    .verdict = verdict_now(e, peer),
                                    .after = told_after(e)};
    m->with_roster = m->reply.verdict != GOOSE_VERDICT_YES && older && i < e->roster.count &&
                     e->roster.term > 0 && all_saved(e);
}

static void body_hello(const struct goose_election *e, struct goose_message *m, uint64_t invite)
{
    m->hello = (struct goose_hello){
        .nonce = e->hello_nonce,
        .invite = invite,
        .peers_digest = e->options.peers.count == 0 ? 0 : goose_roster_digest(&e->options.peers),
        .priority = e->options.priority,
        .http_port = e->options.http_port,
        .may_enter = may_enter(e)};
}

/* PROTOCOL 5 and 6.3: what an ACK or a yes says must be on disk. */
static bool waits_for_disk(const struct goose_election *e, const struct peer *peer, unsigned what)
{
    if (all_saved(e)) return false;
    if (what == OWED_ACK) return peer->ack.yes;
    return what == OWED_REPLY && peer->asked.is_vote && peer->asked.verdict == GOOSE_VERDICT_YES;
}

static enum goose_message_kind kind_of(const struct goose_election *e, const struct peer *peer,
                                       unsigned what)
{
    switch (what) {
    case OWED_HEARTBEAT: return GOOSE_MESSAGE_HEARTBEAT;
    case OWED_ACK: return GOOSE_MESSAGE_ACK;
    case OWED_ASK:
        return e->role == GOOSE_ROLE_CANDIDATE ? GOOSE_MESSAGE_VOTE : GOOSE_MESSAGE_CANVASS;
    case OWED_REPLY:
        return peer->asked.is_vote ? GOOSE_MESSAGE_VOTE_REPLY : GOOSE_MESSAGE_CANVASS_REPLY;
    case OWED_RESIGN: return GOOSE_MESSAGE_RESIGN;
    default: return GOOSE_MESSAGE_HELLO;
    }
}

/* While an ACK waited for the disk, this node may have gone on to another term: then it is a refusal. */
static bool follows_still(const struct goose_election *e, const struct peer *peer)
{
    return e->heard_goose.uid == peer->contact.uid && e->heard_goose.term == e->saved.term;
}

static void body_resign(const struct goose_election *e, struct goose_send *send)
{
    send->stands_on = e->farewell.stands_on;
    send->message.resign = (struct goose_resign){.term = e->farewell.term,
                                                 .heir_uid = e->farewell.heir_uid,
                                                 .stagger_us = e->farewell.stagger_us};
}

/* To a peer whose life I do not know, nothing but HELLO: PROTOCOL 4. */
static bool send_one(struct step *s, int i, unsigned what)
{
    struct goose_election *e = s->e;
    struct peer *peer = &e->peers[i];

    if (waits_for_disk(e, peer, what)) return true;
    if (peer->contact.life == 0 && what != OWED_HELLO) {
        owe_not(e, i, what);
        if (what == OWED_ASK) owe(e, i, OWED_HELLO);
        return true;
    }
    enum goose_message_kind kind = kind_of(e, peer, what);
    struct goose_send *send = send_begin(s, kind, peer->contact.life);
    if (send == NULL) return false;
    route_to_peer(e, send, i);
    owe_not(e, i, what);
    struct goose_message *m = &send->message;
    switch (what) {
    case OWED_HEARTBEAT:
        body_heartbeat(e, m, &peer->follower, (uint64_t)peer->rank * e->reign.stagger_us);
        send->stands_on = e->round.vote_generation;
        break;
    case OWED_ACK:
        m->ack = peer->ack;
        m->ack.yes = peer->ack.yes && follows_still(e, peer);
        send->stands_on = m->ack.yes ? e->generation : 0;
        break;
    case OWED_ASK: body_ask(e, m); break;
    case OWED_REPLY:
        body_reply(e, m, i);
        send->stands_on = kind == GOOSE_MESSAGE_VOTE_REPLY && m->reply.verdict == GOOSE_VERDICT_YES
                              ? e->generation
                              : 0;
        break;
    case OWED_RESIGN: body_resign(e, send); break;
    default:
        body_hello(e, m, peer->invite);
        peer->told_life = peer->contact.life;
        break;
    }
    return true;
}

static bool send_to_peers(struct step *s)
{
    struct goose_election *e = s->e;

    for (int i = 0; e->owing != 0 && i < PEERS_MAX; i++) {
        if ((e->owing >> i & 1) == 0) continue;
        for (unsigned what = 1; what <= OWED_HELLO; what <<= 1)
            if ((e->peers[i].owed & what) != 0 && !send_one(s, i, what)) return false;
    }
    return true;
}

static bool is_older(const struct goose_election *e, const struct goose_message *m)
{
    return goose_roster_compare(m->roster_term, m->roster_version, e->roster.term,
                                e->roster.version) < 0;
}

/* Straight back to where the arrival came from, and for the life that sent it. */
static struct goose_send *send_back(struct step *s, enum goose_message_kind kind)
{
    struct goose_send *send = send_begin(s, kind, s->arrival.m->life);

    assert(send != NULL); /* among the first of its step */
    route_to_endpoint(send, &s->arrival.from);
    send->address = s->arrival.m->address;
    return send;
}

/* PROTOCOL 4: the roster goes only to who has shown that it is where it says. */
static void send_answers(struct step *s)
{
    struct goose_election *e = s->e;
    const struct goose_message *asked = s->arrival.m;

    if (s->owes_welcome) {
        struct goose_message *m = &send_back(s, GOOSE_MESSAGE_WELCOME)->message;
        bool seated = goose_roster_seat_of(&e->roster, asked->uid, asked->address) >= 0;
        m->welcome = s->welcome;
        m->welcome.goose = known_goose_address(e);
        m->with_roster = seated && s->arrival.invited && e->roster.term > 0 && all_saved(e) &&
                         is_older(e, asked);
    }
    if (s->owes_stale) send_back(s, GOOSE_MESSAGE_STALE);
    if (s->owes_hello) {
        bool welcomed = asked->kind == GOOSE_MESSAGE_WELCOME;
        body_hello(e, &send_back(s, GOOSE_MESSAGE_HELLO)->message,
                   welcomed ? asked->welcome.invite : 0);
    }
    if (s->owes_result) send_back(s, GOOSE_MESSAGE_RESULT)->message.result = s->result;
}

static bool send_hello_to(struct step *s, struct goose_text address, const struct invite *invite)
{
    struct goose_send *send = send_begin(s, GOOSE_MESSAGE_HELLO, invite == NULL ? 0 : invite->life);

    if (send == NULL) return false;
    send->address = address;
    body_hello(s->e, &send->message, invite == NULL ? 0 : invite->nonce);
    return true;
}

/* PROTOCOL 9: to the goose that somebody named, and to the one of --peers or --join whose turn it is. */
static void send_hellos(struct step *s)
{
    struct goose_election *e = s->e;

    if (e->invite.knock && !send_hello_to(s, goose_address_text(&e->invite.address), &e->invite))
        return;
    e->invite.knock = false;
    if (e->hello_to.bytes != 0 && !send_hello_to(s, goose_address_text(&e->hello_to), NULL)) return;
    e->hello_to.bytes = 0;
}

/* PROTOCOL 4, request: to the goose, each stagger until it has answered. */
static void send_requests(struct step *s)
{
    static const enum goose_forwarded forwarded[] = {
        [GOOSE_REQUEST_REMOVE] = GOOSE_FORWARDED_REMOVE,
        [GOOSE_REQUEST_HANDOVER] = GOOSE_FORWARDED_HANDOVER,
        [GOOSE_REQUEST_VOTERS] = GOOSE_FORWARDED_VOTERS};
    struct goose_election *e = s->e;
    int goose = peer_of(e, e->heard_goose.uid);

    for (int i = 0; i < GOOSE_ELECTION_REQUESTS_MAX; i++) {
        struct open_request *request = &e->requests[i];
        if (!request->owed || goose < 0) continue;
        struct goose_send *send =
            send_begin(s, GOOSE_MESSAGE_REQUEST, e->peers[goose].contact.life);
        if (send == NULL) return;
        route_to_peer(e, send, goose);
        request->owed = false;
        send->message.request =
            (struct goose_request){.number = request->number,
                                   .term = request->term,
                                   .what = forwarded[request->kind],
                                   .force = request->force,
                                   .wanted = request->wanted,
                                   .address = goose_address_text(&request->address)};
    }
}

/* PROTOCOL 8.4: what the newcomer acknowledged is what the lease will rest on once its roster is in use. */
static bool is_to_be_seated(const struct goose_election *e, uint64_t uid)
{
    return e->reign.roster_pending && goose_roster_find_uid(&e->saved.roster, uid) >= 0;
}

/* PROTOCOL 10: those that are due, and nobody else. Who has never followed gets one for each HELLO; the
 * newcomer of a roster to come is never forgotten. */
static void send_to_due_observers(struct step *s)
{
    struct goose_election *e = s->e;
    struct goose_observer *observer;

    while ((observer = observers_next_due(s->observers)) != NULL && observer->due_us <= s->now_us) {
        uint64_t silence_us = most_u64(e->options.dead_after_us, 2 * GOOSE_HELLO_INTERVAL_US);
        if (!contact_is_fresh(&observer->contact, s->now_us, silence_us) &&
            !is_to_be_seated(e, observer->contact.uid)) {
            note(s, GOOSE_NOTE_OBSERVER, GOOSE_REASON_NONE, observer->contact.uid, 0);
            observers_drop(s->observers, observer);
            continue;
        }
        struct goose_send *send = send_begin(s, GOOSE_MESSAGE_HEARTBEAT, observer->contact.life);
        if (send == NULL) return;
        route_to_endpoint(send, &observer->contact.from);
        send->stands_on = e->round.vote_generation;
        body_heartbeat(e, &send->message, &observer->follower,
                       (uint64_t)e->roster.count * e->reign.stagger_us);
        bool follows = observer->follower.seq != 0;
        observers_set_due(s->observers, observer,
                          s->now_us + (follows ? observer_interval_us(e, observer) : silence_us));
    }
}

static void send_farewell_to_observers(struct step *s)
{
    struct goose_election *e = s->e;

    if (!e->farewell.observers_left || e->durable < e->farewell.stands_on) return;
    while (e->farewell.observers_at < goose_observers_count(s->observers)) {
        struct goose_observer *observer = observers_get(s->observers, e->farewell.observers_at);
        struct goose_send *send = send_begin(s, GOOSE_MESSAGE_RESIGN, observer->contact.life);
        if (send == NULL) return;
        route_to_endpoint(send, &observer->contact.from);
        body_resign(e, send);
        e->farewell.observers_at++;
    }
    e->farewell.observers_left = false;
}

void send_owed(struct step *s)
{
    send_answers(s);
    if (!send_to_peers(s)) return;
    send_hellos(s);
    send_requests(s);
    if (s->observers == NULL) return;
    send_farewell_to_observers(s);
    if (s->e->role == GOOSE_ROLE_GOOSE) send_to_due_observers(s);
}

/* The last that a node says which retires: nothing else that is owed may be said any more. */
void send_resigns(struct step *s)
{
    struct goose_election *e = s->e;

    for (int i = 0; i < e->roster.count; i++)
        if ((e->peers[i].owed & OWED_RESIGN) != 0) (void)send_one(s, i, OWED_RESIGN);
}
