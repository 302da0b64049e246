/* envelope.c: is a message for this life of this node, from the newest life of its sender, and new? PROTOCOL 3 (copies)
 * and 4. Every datagram passes envelope_open() before anything is believed; what does not pass changes nothing here, and
 * is answered with less than it brought. Nothing here grants or claims. */
#include <assert.h>
#include <string.h>

#include "internal.h"

/* The contact of whoever sent this; NULL: a stranger. An unclaimed seat's contact is whoever spoke there last. */
static struct goose_contact *contact_of(struct step *s, const struct arrival *arrival)
{
    struct goose_election *e = s->e;

    if (arrival->seat >= 0) {
        struct goose_contact *contact = &e->peers[arrival->seat].contact;
        if (contact->uid != arrival->m->uid) seat_taken_by(e, arrival->seat, arrival->m->uid);
        return contact;
    }
    if (arrival->observer != NULL) return &arrival->observer->contact;
    int guest = peer_of(e, arrival->m->uid);
    return guest >= 0 ? &e->peers[guest].contact : NULL;
}

/* The newest counter and the 64 before it, each once. */
static bool window_admit(struct goose_contact *contact, uint64_t counter)
{
    if (counter > contact->counter) {
        uint64_t ahead = counter - contact->counter;
        contact->window = ahead >= 64 ? 1 : contact->window << ahead | 1;
        contact->counter = counter;
        return true;
    }
    uint64_t behind = contact->counter - counter;
    if (behind >= 64 || (contact->window >> behind & 1) != 0) return false;
    contact->window |= UINT64_C(1) << behind;
    return true;
}

static bool shows_less(const struct goose_contact *contact, const struct goose_message *m)
{
    return m->term < contact->shown_term ||
           goose_roster_compare(m->roster_term, m->roster_version, contact->shown_roster_term,
                                contact->shown_roster_version) < 0;
}

/* Where its sender sits. At an unclaimed seat that is whoever speaks from its address, or, where a message has none, whoever
 * was heard there last. */
static int seat_of(const struct goose_election *e, const struct goose_message *m)
{
    int seat = goose_roster_seat_of(&e->roster, m->uid, m->address);
    int peer = peer_of(e, m->uid);

    return seat < 0 && m->address.bytes == 0 && peer < e->roster.count ? peer : seat;
}

/* What I know of a uid, if anything. */
static const struct goose_contact *contact_known(const struct step *s, uint64_t uid)
{
    int peer = peer_of(s->e, uid);
    const struct goose_observer *observer = NULL;

    if (peer < 0 && s->observers != NULL) observer = observers_find(s->observers, uid);
    return peer >= 0 ? &s->e->peers[peer].contact : observer != NULL ? &observer->contact : NULL;
}

/* WELCOME says what I know of the asker's own uid: who hears of a later life, or of a counter above its own, or that it
 * shows less than an earlier life did, runs on an old copy (PROTOCOL 3). "I know of a flock" ends a bootstrap: it is said
 * when it is on disk, and "I know of none" not any more. */
bool greet(struct step *s)
{
    struct goose_election *e = s->e;
    const struct goose_message *m = s->arrival.m;
    const struct goose_contact *known = contact_known(s, m->uid);
    bool mine = m->uid == e->saved.uid;

    if (e->roster.term > 0 && e->durable_roster_term == 0) return false;
    if (!s->arrival.invited && !greeting_may_leave(e)) return false;
    s->owes_welcome = true;
    s->welcome = (struct goose_welcome){
        .nonce = m->hello.nonce,
        .invite = invite_for(e, &s->arrival.from, m->uid),
        .peers_digest = e->options.peers.count == 0 ? 0 : goose_roster_digest(&e->options.peers),
        .newest_life = mine            ? e->saved.life
                       : known == NULL ? 0
                                       : known->life,
        .newest_counter = mine            ? e->counter
                          : known == NULL ? 0
                                          : known->counter,
        .knows_flock = e->roster.term > 0,
        .old_copy = known != NULL && m->life > known->life && shows_less(known, m)};
    return true;
}

/* Nothing changes. Who asked is told what I know of it; who said anything else is told to ask. */
static enum goose_refusal refuse(struct step *s, enum goose_refusal why)
{
    switch (s->arrival.m->kind) {
    case GOOSE_MESSAGE_HELLO: greet(s); break;
    case GOOSE_MESSAGE_WELCOME:
    case GOOSE_MESSAGE_STALE: break;
    case GOOSE_MESSAGE_HEARTBEAT:
    case GOOSE_MESSAGE_ACK:
    case GOOSE_MESSAGE_CANVASS:
    case GOOSE_MESSAGE_CANVASS_REPLY:
    case GOOSE_MESSAGE_VOTE:
    case GOOSE_MESSAGE_VOTE_REPLY:
    case GOOSE_MESSAGE_RESIGN:
    case GOOSE_MESSAGE_REQUEST:
    case GOOSE_MESSAGE_RESULT:
    case GOOSE_MESSAGE_KINDS:
    default: s->owes_stale = stale_may_leave(s->e, &s->arrival.from);
    }
    return why;
}

/* It has started anew, and lost what I asked it. */
static void ask_again(struct step *s, int seat)
{
    struct goose_election *e = s->e;
    bool asks = e->role == GOOSE_ROLE_CANVASSING || e->role == GOOSE_ROLE_CANDIDATE;

    if (seat < 0 || seat == self_seat(e)) return;
    if (e->role == GOOSE_ROLE_GOOSE) owe(e, seat, OWED_HEARTBEAT);
    if (asks && !e->peers[seat].answered) owe(e, seat, OWED_ASK);
}

/* PROTOCOL 4, where to send: to where it has shown that it is, by the echo of an invite or of a nonce. */
static void place_take(struct step *s, struct goose_contact *contact)
{
    const struct goose_message *m = s->arrival.m;
    bool shows = s->arrival.invited ||
                 (m->kind == GOOSE_MESSAGE_WELCOME && m->welcome.nonce == s->e->hello_nonce);

    if (contact->counter != m->counter || (contact->proven && !shows)) return;
    contact->from = s->arrival.from;
    contact->proven = shows;
}

/* PROTOCOL 3, copies: an older life, or a later one that has forgotten what an earlier one had on disk, is told to ask. */
static enum goose_refusal contact_check(struct step *s, struct goose_contact *contact,
                                        const struct goose_message *m)
{
    bool starts = m->life > contact->life;

    if (m->life < contact->life) return refuse(s, GOOSE_REFUSAL_OLD_LIFE);
    if (starts && shows_less(contact, m)) return refuse(s, GOOSE_REFUSAL_OLD_COPY);
    if (starts) {
        contact->life = m->life;
        contact->counter = 0;
        contact->window = 0;
        contact->proven = false;
    }
    if (!window_admit(contact, m->counter)) {
        bool old = contact->counter - m->counter >= 64;
        return old || m->kind == GOOSE_MESSAGE_HELLO ? refuse(s, GOOSE_REFUSAL_REPLAY)
                                                     : GOOSE_REFUSAL_REPLAY;
    }
    contact->heard_at_us = s->now_us;
    place_take(s, contact);
    if (starts) ask_again(s, s->arrival.seat);
    return GOOSE_REFUSAL_NONE;
}

/* My own uid: my own datagram come back, or another life of mine, which one of us should not be living. */
static enum goose_refusal own_uid_check(struct step *s, const struct goose_message *m)
{
    if (m->life == s->e->saved.life) return GOOSE_REFUSAL_OWN_MESSAGE;
    if (m->life < s->e->saved.life) return refuse(s, GOOSE_REFUSAL_OLD_LIFE);
    suspect(s);
    return GOOSE_REFUSAL_OLD_COPY;
}

/* PROTOCOL 4: a number that is far above all that I know is believed only in answer to a question of mine. */
static bool jumps(const struct goose_election *e, const struct goose_message *m)
{
    return e->saved.term > 0 && m->kind != GOOSE_MESSAGE_WELCOME &&
           (m->term > e->saved.term + JUMP_MAX || m->roster_version > e->roster.version + JUMP_MAX);
}

enum goose_refusal envelope_open(struct step *s, const struct goose_event *event)
{
    struct goose_election *e = s->e;
    const struct goose_message *m = event->message.message;
    uint64_t flock_id = own_flock_id(e);

    s->arrival = (struct arrival){.m = m,
                                  .roster = m->with_roster ? event->message.roster : NULL,
                                  .from = event->message.from,
                                  .seat = -1,
                                  .names_me = m->for_life == e->saved.life};
    if (m->name_tag != e->options.name_tag) return GOOSE_REFUSAL_OTHER_NAME;
    s->arrival.invited = m->kind == GOOSE_MESSAGE_HELLO &&
                         invite_is_good(e, &s->arrival.from, m->uid, m->hello.invite);
    if (m->uid == e->saved.uid) return own_uid_check(s, m);
    if (flock_id != 0 && m->flock_id != 0 && m->flock_id != flock_id) {
        if (m->kind != GOOSE_MESSAGE_HELLO) return GOOSE_REFUSAL_OTHER_FLOCK;
        s->arrival.names_me = false;
    }
    if (!s->arrival.names_me) {
        if (ask_back(s)) return GOOSE_REFUSAL_WRONG_LIFE;
        return m->kind == GOOSE_MESSAGE_HELLO ? GOOSE_REFUSAL_NONE
                                              : refuse(s, GOOSE_REFUSAL_WRONG_LIFE);
    }
    if (jumps(e, m)) return GOOSE_REFUSAL_ABSURD;
    s->arrival.seat = seat_of(e, m);
    if (s->arrival.seat < 0 && s->observers != NULL)
        s->arrival.observer = observers_find(s->observers, m->uid);
    struct goose_contact *contact = contact_of(s, &s->arrival);
    return contact == NULL ? GOOSE_REFUSAL_NONE : contact_check(s, contact, m);
}

/* What I said was for an earlier life of it, or came too late. It has been asked again by now; and it knows whether I am
 * who I think I am. */
enum goose_refusal handle_stale(struct step *s, const struct arrival *arrival)
{
    struct goose_election *e = s->e;
    int peer = arrival->seat >= 0 ? arrival->seat : peer_of(e, arrival->m->uid);

    if (peer < 0 && arrival->observer == NULL) return GOOSE_REFUSAL_STRANGER;
    if (peer >= 0)
        owe(e, peer, OWED_HELLO);
    else
        observers_set_due(s->observers, arrival->observer, s->now_us);
    return GOOSE_REFUSAL_NONE;
}
