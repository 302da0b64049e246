/* peers.c: who is at the other end, PROTOCOL 3 (copies) and 4 (envelopes).
 * Every datagram passes envelope_open() first: is it of my flock, from the newest life of its sender, and new? Here is
 * also what is known of each peer, and how that follows a change of the roster. Nothing here grants or claims. */
#include <assert.h>
#include <string.h>

#include "internal.h"

_Static_assert(PEERS_MAX <= 64, "a bit a peer");

void owe(struct election *e, int peer, unsigned what)
{
    e->peers[peer].owed |= what;
    e->owing |= UINT64_C(1) << peer;
}

void owe_not(struct election *e, int peer, unsigned what)
{
    e->peers[peer].owed &= ~what;
    if (e->peers[peer].owed == 0) e->owing &= ~(UINT64_C(1) << peer);
}

void owe_seats(struct election *e, unsigned what)
{
    int self = self_seat(e);

    for (int i = 0; i < e->roster.count; i++)
        if (i != self) owe(e, i, what);
}

bool contact_is_fresh(const struct contact *contact, uint64_t now_us, uint64_t within_us)
{
    return contact->heard_at_us != 0 && now_us - contact->heard_at_us <= within_us;
}

int peer_of(const struct election *e, uint64_t uid)
{
    for (int i = 0; uid != 0 && i < PEERS_MAX; i++)
        if (e->peers[i].contact.uid == uid) return i;
    return -1;
}

static void peer_forget(struct election *e, int i)
{
    memset(&e->peers[i], 0, sizeof e->peers[i]);
    e->owing &= ~(UINT64_C(1) << i);
    e->keeping &= ~(UINT64_C(1) << i);
}

/* A guest's place is taken by the next when it is the one not heard for longest. */
static int guest_place(const struct election *e)
{
    int oldest = e->roster.count;

    for (int i = e->roster.count; i < e->roster.count + GUESTS_MAX; i++)
        if (e->peers[i].contact.heard_at_us < e->peers[oldest].contact.heard_at_us) oldest = i;
    return oldest;
}

/* A seat that has just come with a roster knows nobody yet: then whoever sent it is the first. */
int peer_for(struct step *s, const struct arrival *arrival)
{
    struct election *e = s->e;
    int i = arrival->seat >= 0 ? arrival->seat : peer_of(e, arrival->m->uid);

    if (i < 0) {
        i = guest_place(e);
        peer_forget(e, i);
    }
    struct contact *contact = &e->peers[i].contact;
    if (contact->uid == arrival->m->uid) return i;
    *contact = (struct contact){.uid = arrival->m->uid};
    contact->life = arrival->m->life;
    contact->counter = arrival->m->counter;
    contact->window = 1;
    contact->heard_at_us = s->now_us;
    contact->from = arrival->from;
    return i;
}

/* Somebody else than before speaks at this unclaimed seat. One uid has one contact: a guest that turns out to sit here
 * brings its own along. */
static void seat_taken_by(struct election *e, int seat, uint64_t uid)
{
    struct peer *peer = &e->peers[seat];
    uint64_t since_us = peer->silent_since_us;
    unsigned owed = peer->owed & (OWED_HEARTBEAT | OWED_ASK | OWED_RESIGN);
    int guest = peer_of(e, uid);

    peer_forget(e, seat);
    if (guest >= 0) {
        owed |= e->peers[guest].owed;
        *peer = e->peers[guest];
        if (peer->asked.kept) e->keeping |= UINT64_C(1) << seat;
        peer_forget(e, guest);
    } else {
        peer->contact.uid = uid;
    }
    peer->silent_since_us = since_us;
    if (owed != 0) owe(e, seat, owed);
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

/* Where the peer of a seat of the new roster was until now; -1: nowhere. */
static int place_before(const struct election *e, const struct peer *before,
                        const struct roster *old, int seat)
{
    uint64_t uid = e->roster.seats[seat].uid;

    if (uid == 0) {
        int at = roster_find_address(old, roster_address(&e->roster, seat));
        bool its = at >= 0 && old->seats[at].uid == 0 &&
                   roster_find_uid(&e->roster, before[at].contact.uid) < 0;
        return its ? at : -1;
    }
    for (int i = 0; i < PEERS_MAX; i++)
        if (before[i].contact.uid == uid) return i;
    return roster_find_uid(old, uid);
}

static void peer_from_observer(struct step *s, struct peer *peer, uint64_t uid)
{
    struct observer *observer = s->observers == NULL ? NULL : observers_find(s->observers, uid);

    if (observer == NULL) return;
    peer->contact = observer->contact;
    peer->follower = observer->follower;
    observers_drop(s->observers, observer);
}

/* Who lost its seat becomes an observer of the goose, so that it is sent the roster that says so (unless a newborn lives
 * at its address by now); elsewhere a guest. */
static void peer_keep(struct step *s, const struct peer *peer, struct text address, int *guest)
{
    struct election *e = s->e;
    struct observer *observer = NULL;

    if (peer->contact.uid == 0 || peer->contact.uid == e->saved.uid) return;
    if (s->observers != NULL && observers_find(s->observers, peer->contact.uid) != NULL) return;
    if (e->role == ROLE_GOOSE && s->observers != NULL && peer->newborn_uid == 0)
        observer = observers_admit(s->observers, peer->contact.uid, s->now_us);
    if (observer != NULL) {
        observer->contact = peer->contact;
        observer->follower = peer->follower;
        address_keep(&observer->address, address);
    } else if (*guest < e->roster.count + GUESTS_MAX) {
        e->peers[*guest] = *peer;
        e->peers[*guest].owed &= OWED_ACK | OWED_REPLY;
        (*guest)++;
    }
}

void peers_follow_roster(struct step *s, const struct roster *old)
{
    struct election *e = s->e;
    struct peer before[PEERS_MAX];
    bool taken[PEERS_MAX] = {false};
    int guest = e->roster.count;

    memcpy(before, e->peers, sizeof before);
    memset(e->peers, 0, sizeof e->peers);
    for (int i = 0; i < e->roster.count; i++) {
        int at = place_before(e, before, old, i);
        if (at >= 0) {
            e->peers[i] = before[at];
            taken[at] = true;
        } else {
            peer_from_observer(s, &e->peers[i], e->roster.seats[i].uid);
            e->peers[i].silent_since_us = s->now_us;
        }
        e->peers[i].moved_to.bytes = 0;
        e->peers[i].newborn_uid = 0;
    }
    for (int i = 0; i < PEERS_MAX; i++)
        if (!taken[i])
            peer_keep(s, &before[i],
                      i < old->count ? roster_address(old, i) : (struct text){NULL, 0}, &guest);
    e->owing = e->keeping = e->yielded = 0;
    for (int i = 0; i < PEERS_MAX; i++) {
        if (e->peers[i].owed != 0) e->owing |= UINT64_C(1) << i;
        if (e->peers[i].asked.kept) e->keeping |= UINT64_C(1) << i;
    }
}
