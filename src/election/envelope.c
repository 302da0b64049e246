/* envelope.c: is a message for this flock, from the newest life of its sender, and new? PROTOCOL 3 (copies) and 4.
 * Every datagram passes envelope_open() before anything is believed. Nothing here grants or claims. */
#include <assert.h>
#include <string.h>

#include "internal.h"

void greet(struct step *s, uint64_t newest_life, bool old_copy)
{
    const struct election *e = s->e;
    const struct message *m = s->arrival.m;

    s->owes_welcome = true;
    s->welcome = (struct welcome){
        .nonce = m->kind == MESSAGE_HELLO ? m->hello.nonce : 0,
        .door_nonce = e->role == ROLE_GOOSE ? e->reign.door_nonce : 0,
        .peers_digest = e->options.peers.count == 0 ? 0 : roster_digest(&e->options.peers),
        .for_uid = m->uid,
        .newest_life = newest_life,
        .knows_flock = e->roster.term > 0,
        .old_copy = old_copy};
}

/* The contact of whoever sent this; NULL: a stranger. An unclaimed seat's contact is whoever spoke there last. */
static struct contact *contact_of(struct step *s, const struct arrival *arrival)
{
    struct election *e = s->e;

    if (arrival->seat >= 0) {
        struct contact *contact = &e->peers[arrival->seat].contact;
        if (contact->uid != arrival->m->uid) seat_taken_by(e, arrival->seat, arrival->m->uid);
        return contact;
    }
    if (arrival->observer != NULL) return &arrival->observer->contact;
    int guest = peer_of(e, arrival->m->uid);
    return guest >= 0 ? &e->peers[guest].contact : NULL;
}

/* The newest counter and the 64 before it, each once. */
static bool window_admit(struct contact *contact, uint64_t counter)
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

static bool shows_less(const struct contact *contact, const struct message *m)
{
    return m->term < contact->shown_term ||
           roster_compare(m->roster_term, m->roster_version, contact->shown_roster_term,
                          contact->shown_roster_version) < 0;
}

/* PROTOCOL 3, copies: an older life, or a later one that has forgotten what an earlier one had on disk, is told so. */
static enum refusal contact_check(struct step *s, struct contact *contact, const struct message *m)
{
    if (m->life < contact->life) {
        greet(s, contact->life, false);
        return REFUSAL_OLD_LIFE;
    }
    if (m->life > contact->life && shows_less(contact, m)) {
        greet(s, 0, true);
        return REFUSAL_OLD_COPY;
    }
    if (m->life > contact->life) {
        contact->life = m->life;
        contact->counter = 0;
        contact->window = 0;
    }
    if (!window_admit(contact, m->counter)) return REFUSAL_REPLAY;
    contact->heard_at_us = s->now_us;
    if (contact->counter == m->counter) contact->from = s->arrival.from;
    return REFUSAL_NONE;
}

/* My own uid: my own datagram come back, or another life of mine, which one of us should not be living. */
static enum refusal own_uid_check(struct step *s, const struct message *m)
{
    if (m->life == s->e->saved.life) return REFUSAL_OWN_MESSAGE;
    if (m->life > s->e->saved.life) {
        retire(s);
        return REFUSAL_OLD_COPY;
    }
    greet(s, s->e->saved.life, false);
    return REFUSAL_OLD_LIFE;
}

enum refusal envelope_open(struct step *s, const struct event *event)
{
    struct election *e = s->e;
    const struct message *m = event->message.message;
    bool greeting = m->kind == MESSAGE_HELLO || m->kind == MESSAGE_WELCOME;
    uint64_t flock_id = own_flock_id(e);

    s->arrival = (struct arrival){.m = m,
                                  .roster = m->with_roster ? event->message.roster : NULL,
                                  .from = event->message.from,
                                  .seat = -1};
    if (m->name_tag != e->options.name_tag) return REFUSAL_OTHER_NAME;
    if (m->uid == e->saved.uid) return own_uid_check(s, m);
    if (!greeting && flock_id != 0 && m->flock_id != 0 && m->flock_id != flock_id)
        return REFUSAL_OTHER_FLOCK;
    s->arrival.seat = roster_seat_of(&e->roster, m->uid, m->address);
    if (s->arrival.seat < 0 && s->observers != NULL)
        s->arrival.observer = observers_find(s->observers, m->uid);
    struct contact *contact = contact_of(s, &s->arrival);
    return contact == NULL ? REFUSAL_NONE : contact_check(s, contact, m);
}
