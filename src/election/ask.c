/* ask.c: questions about an election that more than one file asks. Nothing here writes anything. */
#include "internal.h"

bool is_bootstrapping(const struct goose_election *e)
{
    return e->roster.term == 0 && e->roster.count > 1 && !e->birth.knows_flock;
}

bool may_enter(const struct goose_election *e)
{
    return !e->failed && !e->draining && !e->options.observer && !e->saved.barred;
}

/* The goose has me in its roster, and so goes on sending to me. */
bool is_seated(const struct goose_election *e)
{
    return self_seat(e) >= 0 && e->roster.term > 0 && !e->heard_goose.behind;
}

/* PROTOCOL 9 and S5. A node with a claimed seat, or one that was let in since, remembers all that it promised. One at a
 * seat that nobody has claimed has no vote; under a roster from flags it must have asked. */
bool may_vote_for(const struct goose_election *e, const struct asked *asked)
{
    if (e->roster.term == 0)
        return e->roster.count > 0 && e->birth.cleared &&
               (asked->flock_id == 0 || asked->flock_id == e->roster.flock_id);
    return self_counts(e) || goose_roster_compare(asked->roster_term, asked->roster_version,
                                                  e->roster.term, e->roster.version) > 0;
}

/* PROTOCOL 8.2: a majority of the roster in use has acknowledged exactly it, durably, in this term. */
bool reign_roster_committed(const struct goose_election *e)
{
    int acked = 0, self = self_seat(e);

    for (int i = 0; i < e->roster.count; i++) {
        const struct goose_follower *f = &e->peers[i].follower;
        if (!goose_roster_seat_counts(&e->roster, i)) continue;
        if (i == self)
            acked += e->durable >= e->reign.roster_generation && !e->reign.roster_pending;
        else
            acked += acked_roster(e, f);
    }
    return acked >= goose_roster_majority(&e->roster);
}

uint64_t left_us(uint64_t until_us, uint64_t now_us)
{
    return until_us > now_us ? until_us - now_us : 0;
}

/* PROTOCOL 5: my promise from a heartbeat of the current term has not ended, or I am it, with a live lease. */
bool knows_goose(const struct goose_election *e, uint64_t now_us)
{
    if (e->role == GOOSE_ROLE_GOOSE) return goose_election_is_goose(e, now_us);
    return e->heard_goose.term == e->saved.term && now_us < e->heard_goose.until_us;
}

struct goose_text known_goose_address(const struct goose_election *e)
{
    if (!knows_goose(e, e->now_us)) return (struct goose_text){NULL, 0};
    if (e->role == GOOSE_ROLE_GOOSE) return goose_address_text(&e->options.self);
    int seat = goose_roster_find_uid(&e->roster, e->heard_goose.uid);
    return seat < 0 ? (struct goose_text){NULL, 0} : goose_roster_address(&e->roster, seat);
}

bool is_settled(const struct goose_election *e)
{
    if (e->role != GOOSE_ROLE_GOOSE) return e->heard_goose.settled;
    if (goose_roster_has_unclaimed(&e->roster)) return false;
    for (int i = 0; i < e->roster.count; i++) {
        if (i != self_seat(e) && !acked_roster(e, &e->peers[i].follower)) return false;
    }
    return true;
}

/* PROTOCOL 7: a planned resignation is parked while the caller has work open, for its grace at most. In place it is for
 * the sake of a node that follows nobody: that waits only as long as voters of my term renew the lease. */
bool reign_waits_for_work(const struct goose_election *e)
{
    const struct reign *reign = &e->reign;

    if (reign->work_open == 0 || reign->wishes == 0 || e->failed) return false;
    if (reign->leave_ends_us != 0 && e->now_us >= reign->leave_ends_us) return false;
    return (reign->wishes & WISH_IN_PLACE) == 0 || e->now_us <= lease_half_us(e);
}

/* It gives up its term as soon as the last hold has run out. */
bool reign_resigns(const struct goose_election *e)
{
    return e->role == GOOSE_ROLE_GOOSE && e->reign.wishes != 0 && !reign_waits_for_work(e);
}

/* Until then half of the lease or more is left. */
uint64_t lease_half_us(const struct goose_election *e)
{
    return lease_end_us(e, e->now_us) - e->reign.lease_us / 2;
}
