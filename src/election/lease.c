/* lease.c: promises and leases, PROTOCOL 5.
 * How long a promise binds, how long a claim lasts, and what may be held: what "one goose at most" rests on. That a
 * resignation frees a promise is in become.c.
 * It never looks at a clock: `now_us` is whatever the caller read a moment ago. */
#include <assert.h>

#include "internal.h"

/* 1.05 x, rounded up: so long on my clock is at least as long on one that is 5 % slower. */
static uint64_t stretched_us(uint64_t us)
{
    return us + (us + 19) / 20;
}

/* Clocks that differ by 5 % in rate then still agree on who ends first. */
uint32_t promise_of_lease_us(uint32_t lease_us)
{
    return (uint32_t)stretched_us(lease_us);
}

_Static_assert(GOOSE_LEASE_US_MAX + (GOOSE_LEASE_US_MAX + 19) / 20 <= GOOSE_PROMISE_US_MAX,
               "no promise is longer than 63 s");

uint64_t own_promise_us(const struct goose_election *e)
{
    return promise_of_lease_us(e->options.lease_us);
}

/* A promise to the asker itself never stands in its way: it knows best whether it is still the goose. Another life of
 * it may not know: that may run on a copy, beside the first. */
bool promise_binds(const struct goose_election *e, uint64_t uid, uint64_t life, uint64_t now_us)
{
    return now_us < e->promise.until_us && (e->promise.to.uid != uid || e->promise.to.life != life);
}

/* A promise is never shortened by a later one. The longest is on file before anybody relies on it: whoever calls this
 * sends its answer only when all that is to be saved is saved. */
void promise_give(struct goose_election *e, const struct goose_tenure *to, uint32_t promise_us,
                  uint64_t now_us)
{
    assert(promise_us > 0 && promise_us <= GOOSE_PROMISE_US_MAX);
    e->promise.to = *to;
    e->promise.until_us = most_u64(e->promise.until_us, now_us + promise_us);
    e->longest_given_us = most_u64(e->longest_given_us, promise_us);
    if (promise_us > e->saved.longest_promise_us) {
        e->saved.longest_promise_us = promise_us;
        must_save(e);
    }
}

/* A goose promises itself nothing while its lease lives: then it grants nobody. Where a hold outlives its reign, this
 * does what the lease did; the promise that it was given under is on file. */
void promise_to_self_until(struct goose_election *e, uint64_t until_us)
{
    assert(until_us <= e->now_us + GOOSE_PROMISE_US_MAX);
    e->promise.to = own_tenure(e);
    e->promise.until_us = most_u64(e->promise.until_us, until_us);
}

/* When the seat last heard, in this term, what it acknowledged; 0: never. */
static uint64_t backed_since_us(const struct goose_election *e, int seat)
{
    const struct goose_follower *f = &e->peers[seat].follower;
    return f->term == e->saved.term ? f->sent_at_us : 0;
}

/* The newest instant at or after which `needed` of these, besides myself, stand. */
static uint64_t nth_newest(uint64_t *since, int count, int needed)
{
    if (needed == 0) return LEASE_ALONE;
    if (needed > count) return 0;
    for (int i = 0; i < needed; i++)
        for (int j = i + 1; j < count; j++)
            if (since[j] > since[i]) {
                uint64_t swap = since[i];
                since[i] = since[j];
                since[j] = swap;
            }
    return since[needed - 1];
}

static uint64_t end_of_us(const struct goose_election *e, uint64_t base_us, uint64_t now_us)
{
    if (base_us == LEASE_ALONE) return now_us + e->reign.lease_us;
    return base_us == 0 ? 0 : base_us + e->reign.lease_us;
}

/* PROTOCOL 5: counted on the roster in use, on what its seats acknowledged; myself at every now. */
void lease_count(struct goose_election *e)
{
    uint64_t since[GOOSE_ROSTER_SEATS_MAX];
    int count = 0, self = self_seat(e);

    for (int i = 0; i < e->roster.count; i++)
        if (i != self && goose_roster_seat_counts(&e->roster, i))
            since[count++] = backed_since_us(e, i);
    int needed = self < 0 ? GOOSE_ROSTER_SEATS_MAX : goose_roster_majority(&e->roster) - 1;
    e->reign.base_us = nth_newest(since, count, needed);
}

uint64_t lease_end_us(const struct goose_election *e, uint64_t now_us)
{
    return end_of_us(e, e->reign.base_us, now_us);
}

/* The same under a roster that is not in use yet. Who has no seat now counts only as `newcomer` says, which may be
 * NULL. */
uint64_t lease_end_under_us(const struct goose_election *e, const struct goose_roster *next,
                            const struct goose_follower *newcomer, uint64_t now_us)
{
    uint64_t since[GOOSE_ROSTER_SEATS_MAX];
    int count = 0;

    if (goose_roster_find_uid(next, e->saved.uid) < 0) return 0;
    for (int i = 0; i < next->count; i++) {
        uint64_t uid = next->seats[i].uid;
        int seat = goose_roster_find_uid(&e->roster, uid);
        if (uid == 0 || uid == e->saved.uid) continue;
        if (seat < 0) seat = peer_of(e, uid); /* at a seat that it is about to claim */
        if (seat >= 0 && seat < e->roster.count)
            since[count++] = backed_since_us(e, seat);
        else
            since[count++] =
                newcomer != NULL && newcomer->term == e->saved.term ? newcomer->sent_at_us : 0;
    }
    return end_of_us(e, nth_newest(since, count, goose_roster_majority(next) - 1), now_us);
}

bool goose_election_is_goose(const struct goose_election *e, uint64_t now_us)
{
    return e->role == GOOSE_ROLE_GOOSE && now_us < lease_end_us(e, now_us);
}

uint64_t goose_election_lease_left_us(const struct goose_election *e, uint64_t now_us)
{
    return goose_election_is_goose(e, now_us) ? lease_end_us(e, now_us) - now_us : 0;
}

/* PROTOCOL 5: a hold never outlives the lease, under the roster in use and under the one that is being saved. The client
 * counts it on its own clock, which may be the slower one: so it is given a twentieth less than there is, and kept a
 * twentieth longer than was said. */
uint64_t hold_give(struct goose_election *e, uint64_t asked_us, uint64_t now_us)
{
    uint64_t left_us = goose_election_lease_left_us(e, now_us);

    if (e->reign.roster_pending) {
        uint64_t next_end_us = lease_end_under_us(e, &e->saved.roster, NULL, now_us);
        left_us = least_u64(left_us, next_end_us > now_us ? next_end_us - now_us : 0);
    }
    uint64_t given_us = least_u64(asked_us, left_us - (left_us + 20) / 21);
    if (given_us > 0)
        e->reign.hold_end_us = most_u64(e->reign.hold_end_us, now_us + stretched_us(given_us));
    assert(given_us == 0 || now_us + stretched_us(given_us) <= now_us + left_us);
    return given_us;
}

/* PROTOCOL 7: while work is open the goose holds its role for it, nine tenths of its lease: the rest leaves room for a
 * change of the roster, which has to keep a hold (8.5). False: it can give none. */
bool hold_for_work(struct goose_election *e, uint64_t now_us)
{
    return hold_give(e, goose_election_lease_left_us(e, now_us) / 10 * 9, now_us) > 0;
}
