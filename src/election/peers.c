/* peers.c: who is at the other end, PROTOCOL 4.
 * What is known of each peer, and how that follows a change of the roster. Nothing here grants or claims. */
#include <assert.h>
#include <string.h>

#include "internal.h"

_Static_assert(PEERS_MAX <= 64, "a bit a peer");

static void peer_forget(struct goose_election *e, int i)
{
    memset(&e->peers[i], 0, sizeof e->peers[i]);
    e->owing &= ~(UINT64_C(1) << i);
    e->keeping &= ~(UINT64_C(1) << i);
}

/* A guest's place is taken by the next when it is the one not heard for longest. */
static int guest_place(const struct goose_election *e)
{
    int oldest = e->roster.count;

    for (int i = e->roster.count; i < e->roster.count + GUESTS_MAX; i++)
        if (e->peers[i].contact.heard_at_us < e->peers[oldest].contact.heard_at_us) oldest = i;
    return oldest;
}

/* A seat that has just come with a roster knows nobody yet: then whoever sent it is the first. */
int peer_for(struct step *s, const struct arrival *arrival)
{
    struct goose_election *e = s->e;
    int i = arrival->seat >= 0 ? arrival->seat : peer_of(e, arrival->m->uid);

    if (i < 0) {
        i = guest_place(e);
        peer_forget(e, i);
    }
    struct goose_contact *contact = &e->peers[i].contact;
    if (contact->uid == arrival->m->uid) return i;
    *contact = (struct goose_contact){.uid = arrival->m->uid};
    contact->life = arrival->m->life;
    contact->counter = arrival->m->counter;
    contact->window = 1;
    contact->heard_at_us = s->now_us;
    contact->from = arrival->from;
    return i;
}

/* Somebody else than before speaks at this unclaimed seat. One uid has one contact: a guest that turns out to sit here
 * brings its own along. */
void seat_taken_by(struct goose_election *e, int seat, uint64_t uid)
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

/* Where the peer of a seat of the new roster was until now; -1: nowhere. */
static int place_before(const struct goose_election *e, const struct peer *before,
                        const struct goose_roster *old, int seat)
{
    uint64_t uid = e->roster.seats[seat].uid;

    if (uid == 0) {
        int at = goose_roster_find_address(old, goose_roster_address(&e->roster, seat));
        bool its = at >= 0 && old->seats[at].uid == 0 &&
                   goose_roster_find_uid(&e->roster, before[at].contact.uid) < 0;
        return its ? at : -1;
    }
    for (int i = 0; i < PEERS_MAX; i++)
        if (before[i].contact.uid == uid) return i;
    return goose_roster_find_uid(old, uid);
}

static void peer_from_observer(struct step *s, struct peer *peer, uint64_t uid)
{
    struct goose_observer *observer =
        s->observers == NULL ? NULL : observers_find(s->observers, uid);

    if (observer == NULL) return;
    peer->contact = observer->contact;
    peer->follower = observer->follower;
    observers_drop(s->observers, observer);
}

/* Who lost its seat becomes an observer of the goose, so that it is sent the roster that says so (unless a newborn lives
 * at its address by now); elsewhere a guest. */
static void peer_keep(struct step *s, const struct peer *peer, struct goose_text address,
                      int *guest)
{
    struct goose_election *e = s->e;
    struct goose_observer *observer = NULL;

    if (peer->contact.uid == 0 || peer->contact.uid == e->saved.uid) return;
    if (s->observers != NULL && observers_find(s->observers, peer->contact.uid) != NULL) return;
    if (e->role == GOOSE_ROLE_GOOSE && s->observers != NULL && peer->newborn_uid == 0)
        observer = observers_admit(s->observers, peer->contact.uid, s->now_us);
    if (observer != NULL) {
        observer->contact = peer->contact;
        observer->follower = peer->follower;
        goose_address_keep(&observer->address, address);
    } else if (*guest < e->roster.count + GUESTS_MAX) {
        e->peers[*guest] = *peer;
        e->peers[*guest].owed &= OWED_ACK | OWED_REPLY;
        (*guest)++;
    }
}

void peers_follow_roster(struct step *s, const struct goose_roster *old)
{
    struct goose_election *e = s->e;
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
        }
        if (at < 0 || at >= old->count) {
            peer_from_observer(s, &e->peers[i], e->roster.seats[i].uid);
            e->peers[i].silent_since_us = s->now_us;
        }
        e->peers[i].moved_to.bytes = 0;
        e->peers[i].newborn_uid = 0;
    }
    for (int i = 0; i < PEERS_MAX; i++)
        if (!taken[i])
            peer_keep(s, &before[i],
                      i < old->count ? goose_roster_address(old, i) : (struct goose_text){NULL, 0},
                      &guest);
    e->owing = e->keeping = e->yielded = 0;
    for (int i = 0; i < PEERS_MAX; i++) {
        if (e->peers[i].owed != 0) e->owing |= UINT64_C(1) << i;
        if (e->peers[i].asked.kept) e->keeping |= UINT64_C(1) << i;
    }
}

/* A uid without a seat that speaks from the address of a seat which another uid claimed: PROTOCOL 9, steward 3. */
void newborn_check(struct goose_election *e, uint64_t uid, struct goose_text address)
{
    int seat = goose_roster_find_address(&e->roster, address);

    if (seat < 0 || goose_roster_find_uid(&e->roster, uid) >= 0) return;
    if (e->roster.seats[seat].uid == 0 || seat == self_seat(e)) return;
    e->peers[seat].newborn_uid = uid;
    e->peers[seat].newborn_at_us = e->now_us;
}
