/* steward.c: which roster change the goose makes next, PROTOCOL 8 and 9.
 * One change at a time, each only when the last is committed and when it costs neither the lease nor a hold. This file
 * decides and hands the new roster to the disk; heartbeat.c uses it once it is there. */
#include <assert.h>
#include <string.h>

#include "internal.h"

#define WAITING_SEEN_MAX 32 /* of those that wait for a seat, so many are looked at in one go */

/* A roster to come, whom it is about, and who would be new in it. */
struct change {
    struct goose_roster roster;
    enum goose_reason why;
    uint64_t uid;
    const struct goose_follower *newcomer;
};

static void change_begin(const struct goose_election *e, struct change *change,
                         enum goose_reason why, uint64_t uid)
{
    change->roster = e->roster;
    change->why = why;
    change->uid = uid;
    change->newcomer = NULL;
}

/* PROTOCOL 8.4: those who are voters already must hold the lease for a third of it. From one to two they cannot. */
static bool keeps_lease(const struct goose_election *e, const struct change *change)
{
    bool from_one = e->roster.count == 1 && change->roster.count == 2;
    const struct goose_follower *newcomer = from_one ? change->newcomer : NULL;
    uint64_t end_us = lease_end_under_us(e, &change->roster, newcomer, e->now_us);

    return end_us >= e->now_us + e->reign.lease_us / 3;
}

/* PROTOCOL 8.5. */
static bool keeps_hold(const struct goose_election *e, const struct change *change)
{
    bool from_one = e->roster.count == 1 && change->roster.count == 2;
    const struct goose_follower *newcomer = from_one ? change->newcomer : NULL;

    return e->reign.hold_end_us <= e->now_us ||
           lease_end_under_us(e, &change->roster, newcomer, e->now_us) >= e->reign.hold_end_us;
}

static bool change_make(struct step *s, struct change *change)
{
    struct goose_election *e = s->e;

    if (e->roster.version == TERM_MAX || !keeps_lease(e, change) || !keeps_hold(e, change))
        return false;
    change->roster.term = e->saved.term;
    change->roster.version = e->roster.version + 1;
    assert(goose_roster_find_uid(&change->roster, e->saved.uid) >= 0);
    e->saved.roster = change->roster;
    must_save(e);
    e->reign.roster_generation = e->generation;
    e->reign.roster_pending = true;
    e->reign.pending_why = change->why;
    e->reign.pending_uid = change->uid;
    return true;
}

static bool is_silent(const struct goose_election *e, int seat, uint64_t for_us)
{
    const struct peer *peer = &e->peers[seat];
    uint64_t since_us = most_u64(peer->contact.heard_at_us, peer->silent_since_us);

    return seat != self_seat(e) && e->now_us - since_us > for_us;
}

/* A third of a lease must be left without it; where it is not now, it may be soon. How many are wanted stays. */
static bool remove_for_operator(struct step *s)
{
    struct goose_election *e = s->e;
    struct removal *removal = &e->removal;
    struct change change;

    change_begin(e, &change, GOOSE_REASON_REMOVED, removal->uid);
    int seat = removal->uid != 0 ? goose_roster_find_uid(&change.roster, removal->uid)
                                 : goose_roster_find_address(&change.roster,
                                                             goose_address_text(&removal->address));
    if (seat >= 0) {
        if (seat == self_seat(e)) return false;
        goose_roster_remove(&change.roster, seat);
    }
    if (removal->uid != 0) goose_roster_removed_add(&change.roster, removal->uid);
    return change_make(s, &change);
}

static bool want_for_operator(struct step *s)
{
    struct change change;

    change_begin(s->e, &change, GOOSE_REASON_VOTERS_WANTED, 0);
    change.roster.wanted = s->e->removal.wanted;
    return change_make(s, &change);
}

/* The committed roster shows what an operator asked. */
static bool shows_wish(const struct goose_election *e)
{
    const struct removal *removal = &e->removal;

    if (removal->wanted != 0) return e->roster.wanted == removal->wanted;
    if (removal->uid == 0)
        return goose_roster_find_address(&e->roster, goose_address_text(&removal->address)) < 0;
    return goose_roster_find_uid(&e->roster, removal->uid) < 0 &&
           goose_roster_has_removed(&e->roster, removal->uid);
}

/* 1. What an operator asked: a removal, or how many voters are wanted. */
static bool obey_operator(struct step *s)
{
    const struct removal *removal = &s->e->removal;

    if (!removal->active || removal->committed) return false;
    return removal->wanted != 0 ? want_for_operator(s) : remove_for_operator(s);
}

/* 2. Uids of seats heard from, new addresses, priorities, HTTP ports: all that is known, at once. */
static bool seat_fill(const struct goose_election *e, struct goose_roster *roster, int i)
{
    const struct goose_follower *f = &e->peers[i].follower;
    struct goose_seat *seat = &roster->seats[i];
    const struct goose_seat was = *seat;
    bool self = i == self_seat(e);

    if (!self && (f->term != e->saved.term || f->seq == 0)) return false;
    uint64_t uid = self ? e->saved.uid : e->peers[i].contact.uid;
    if (seat->uid == 0 && goose_roster_find_uid(roster, uid) < 0) seat->uid = uid;
    if (seat->uid == uid) {
        seat->priority = self ? e->options.priority : f->priority;
        seat->http_port = self ? e->options.http_port : f->http_port;
    }
    return memcmp(&was, seat, sizeof was) != 0;
}

/* Where the one who sits there says that it is now. */
static struct goose_text address_now(const struct goose_election *e, int i)
{
    const struct goose_address *moved =
        i == self_seat(e) ? &e->options.self : &e->peers[i].moved_to;
    bool its = e->roster.seats[i].uid != 0 && moved->bytes != 0;

    return its ? goose_address_text(moved) : goose_roster_address(&e->roster, i);
}

/* Who wants a place that somebody else has, or wants too, stays where it was; whose place that is may now be another. */
static bool stay_one(const struct goose_roster *roster, struct goose_text *to)
{
    for (int i = 0; i < roster->count; i++) {
        struct goose_text old = goose_roster_address(roster, i);
        for (int j = 0; j < roster->count; j++) {
            if (j == i || !goose_text_equal(to[i], to[j]) || goose_text_equal(to[i], old)) continue;
            to[i] = old;
            return true;
        }
    }
    return false;
}

/* Several at once: two nodes may have come back with each other's address. */
static bool seats_move(struct step *s, struct goose_roster *roster)
{
    struct goose_election *e = s->e;
    struct goose_text to[GOOSE_ROSTER_SEATS_MAX];
    bool moves = false;

    for (int i = 0; i < roster->count; i++)
        to[i] = address_now(e, i);
    while (stay_one(roster, to))
        ;
    for (int i = 0; i < roster->count; i++) {
        struct goose_roster one = *roster;
        struct goose_text old = goose_roster_address(&e->roster, i);
        if (goose_text_equal(to[i], old)) continue;
        moves = true;
        goose_roster_remove(&one, i);
        size_t bytes = goose_roster_encoded_bytes_with(&one, to[i]);
        if (bytes <= GOOSE_ROSTER_BYTES_MAX) continue;
        note(s, GOOSE_NOTE_TOO_LARGE, GOOSE_REASON_NONE, roster->seats[i].uid, bytes);
        return false;
    }
    return moves && goose_roster_move_all(roster, to) == GOOSE_ROSTER_OK;
}

static bool fill_seats(struct step *s)
{
    struct goose_election *e = s->e;
    struct change change;
    bool changed = false;

    change_begin(e, &change, GOOSE_REASON_SEAT_FILLED, 0);
    for (int i = 0; i < e->roster.count; i++)
        changed |= seat_fill(e, &change.roster, i);
    changed |= seats_move(s, &change.roster);
    return changed && change_make(s, &change);
}

static bool remove_seat(struct step *s, int seat, enum goose_reason why)
{
    struct change change;

    change_begin(s->e, &change, why, s->e->roster.seats[seat].uid);
    goose_roster_remove(&change.roster, seat);
    return change_make(s, &change);
}

/* Somebody else lives at the address of this seat: a newborn, or a member that has moved there. */
static bool is_displaced(const struct goose_election *e, int seat)
{
    const struct peer *peer = &e->peers[seat];

    for (int i = 0; i < e->roster.count; i++)
        if (i != seat &&
            goose_text_equal(address_now(e, i), goose_roster_address(&e->roster, seat)))
            return true;
    return peer->newborn_uid != 0 && e->now_us - peer->newborn_at_us <= 2 * GOOSE_HELLO_INTERVAL_US;
}

/* 3. Such a seat goes, if it is silent; rule 6 lets in who waits. */
static bool replace_lost(struct step *s)
{
    struct goose_election *e = s->e;

    for (int i = 0; i < e->roster.count; i++)
        if (e->roster.count > 1 && is_silent(e, i, 2 * e->reign.lease_us) && is_displaced(e, i) &&
            remove_seat(s, i, GOOSE_REASON_SEAT_REPLACED))
            return true;
    return false;
}

/* Of two voters, the one that is missed less: nobody has claimed its seat, it is silent, it is last in line, it came
 * last. */
static bool goes_before(const struct goose_election *e, int one, int other)
{
    const struct goose_seat *a = &e->roster.seats[one], *b = &e->roster.seats[other];
    bool a_silent = is_silent(e, one, 2 * e->reign.lease_us);
    bool b_silent = is_silent(e, other, 2 * e->reign.lease_us);

    if ((a->uid == 0) != (b->uid == 0)) return a->uid == 0;
    if (a_silent != b_silent) return a_silent;
    if (a->priority != b->priority) return a->priority < b->priority;
    return one > other;
}

/* 4. More seats than wanted: one goes. Nobody asked for it to go, so it may come back. */
static bool remove_spare(struct step *s)
{
    const struct goose_election *e = s->e;
    int goes = -1;

    if (e->roster.count <= e->roster.wanted) return false;
    for (int i = 0; i < e->roster.count; i++)
        if (i != self_seat(e) && (goes < 0 || goes_before(e, i, goes))) goes = i;
    return goes >= 0 && remove_seat(s, goes, GOOSE_REASON_SEAT_SPARE);
}

/* PROTOCOL 8.4: it follows me, acked within half a lease, and holds the current roster. */
static bool may_be_let_in(const struct goose_election *e, const struct goose_observer *observer)
{
    const struct goose_follower *f = &observer->follower;

    return f->stands && acked_lately(e, f) && acked_roster(e, f) &&
           goose_roster_find_address(&e->roster, goose_address_text(&observer->address)) < 0;
}

/* How many wait, as far as it matters; the one known longest. */
static int count_waiting(struct step *s, struct goose_observer **longest)
{
    int waiting = 0, seen = 0;

    *longest = NULL;
    if (s->observers == NULL) return 0;
    for (struct goose_observer *o = observers_first_waiting(s->observers);
         o != NULL && seen < WAITING_SEEN_MAX;
         o = observers_next_waiting(s->observers, o), seen++) {
        if (!may_be_let_in(s->e, o)) continue;
        if (waiting++ == 0) *longest = o;
    }
    return waiting;
}

/* 5 and 7. A silent voter goes while somebody waits for its seat, or where more than three are left. */
static bool remove_dead(struct step *s, bool somebody_waits)
{
    struct goose_election *e = s->e;

    if (!somebody_waits && e->roster.count <= 3) return false;
    for (int i = 0; i < e->roster.count; i++)
        if (is_silent(e, i, e->options.dead_after_us) && e->roster.count > 1 &&
            remove_seat(s, i, GOOSE_REASON_SEAT_DEAD))
            return true;
    return false;
}

/* 6. As far as the count ends up odd, or at the wanted number. An operator told it to come back: it stands. */
static bool let_in(struct step *s, const struct goose_observer *observer, int waiting)
{
    struct goose_election *e = s->e;
    struct change change;
    int target = e->roster.count + waiting;

    if (target > e->roster.wanted) target = e->roster.wanted;
    if (target % 2 == 0 && target != e->roster.wanted) target--;
    if (target <= e->roster.count) return false;
    change_begin(e, &change, GOOSE_REASON_SEAT_ADDED, observer->contact.uid);
    change.newcomer = &observer->follower;
    enum goose_roster_result added = goose_roster_add(
        &change.roster, goose_address_text(&observer->address), observer->contact.uid,
        observer->follower.priority, observer->follower.http_port);
    goose_roster_removed_forget(&change.roster, observer->contact.uid);
    if (added == GOOSE_ROSTER_TOO_LARGE)
        note(s, GOOSE_NOTE_TOO_LARGE, GOOSE_REASON_NONE, observer->contact.uid,
             goose_roster_encoded_bytes_with(&e->roster, goose_address_text(&observer->address)));
    return added == GOOSE_ROSTER_OK && change_make(s, &change);
}

/* 3, too: a voter that is an observer by its options has said so. */
static bool remove_observer(struct step *s)
{
    const struct goose_election *e = s->e;

    for (int i = 0; i < e->roster.count; i++) {
        const struct goose_follower *f = &e->peers[i].follower;
        if (i != self_seat(e) && f->term == e->saved.term && f->observes &&
            remove_seat(s, i, GOOSE_REASON_SEAT_LEFT))
            return true;
    }
    return false;
}

/* In the order of PROTOCOL 9; each only when the last change is committed, and none when the goose wants to go. */
void steward_run(struct step *s)
{
    struct goose_election *e = s->e;
    struct goose_observer *longest;

    if (e->role != GOOSE_ROLE_GOOSE || e->reign.roster_pending || !reign_roster_committed(e))
        return;
    e->removal.committed = e->removal.active && shows_wish(e);
    if (e->failed || reign_resigns(e)) return;
    if (obey_operator(s) || fill_seats(s) || replace_lost(s) || remove_observer(s) ||
        remove_spare(s))
        return;
    int waiting = count_waiting(s, &longest);
    if (waiting > 0 && remove_dead(s, true)) return;
    if (waiting > 0 && e->roster.count < e->roster.wanted && let_in(s, longest, waiting)) return;
    if (waiting == 0) remove_dead(s, false);
}

/* Now or soon: its quarantine may last yet, and the newest roster may be on its way to it. Only for an operator, so it
 * may look at all. */
static bool somebody_waits(const struct step *s)
{
    const struct goose_election *e = s->e;
    uint32_t count = s->observers == NULL ? 0 : goose_observers_count(s->observers);

    for (uint32_t i = 0; i < count; i++) {
        const struct goose_observer *o = goose_observers_at(s->observers, i);
        bool comes = o->may_enter && !goose_roster_has_removed(&e->roster, o->contact.uid);
        bool stands = o->follower.stands && o->contact.uid != e->removal.uid;
        if ((comes || stands) && acked_lately(e, &o->follower)) return true;
    }
    return false;
}

uint8_t steward_stops_at(const struct step *s)
{
    const struct goose_election *e = s->e;
    int heard = 0, majority = goose_roster_majority(&e->roster);

    if (e->roster.count >= e->roster.wanted || somebody_waits(s)) return 0;
    for (int i = 0; i < e->roster.count; i++)
        heard += i == self_seat(e) || acked_lately(e, &e->peers[i].follower);
    return heard > majority ? (uint8_t)(heard - majority + 1) : 1;
}
