/* succession.c: who stands when, PROTOCOL 6.
 * After a crash one voter stands, at once, and the others know how long to leave it alone: so votes are not split.
 * Nothing here grants anything or counts anything: that is lease.c and vote.c. */
#include <assert.h>

#include "internal.h"

/* A thirtieth of the lease at least, a lease at most. */
static uint64_t stagger_bounded_us(uint64_t stagger, uint64_t lease_us)
{
    return least_u64(most_u64(stagger, lease_us / 30), lease_us);
}

/* The unit of waiting in line: what my goose told, or what my own lease gives. */
uint64_t stagger_us(const struct goose_election *e)
{
    if (e->role == GOOSE_ROLE_GOOSE) return e->reign.stagger_us;
    return e->heard_goose.stagger_us != 0 ? e->heard_goose.stagger_us : e->options.lease_us / 30;
}

/* How much longer than the fastest clock's promise the slowest clock's may seem, and a stagger for the way. */
uint64_t slack_us(const struct goose_election *e)
{
    return own_promise_us(e) / 20 + stagger_us(e);
}

bool may_stand(const struct goose_election *e)
{
    return !e->failed && !e->draining && !e->options.observer && e->options.priority > 0 &&
           self_counts(e) && (e->roster.term > 0 || e->birth.cleared) && e->saved.term < TERM_MAX;
}

/* PROTOCOL 6: when my promise has ended, my place in the succession, and up to a quarter stagger unless I am the heir.
 * */
void stand_after_promise(struct goose_election *e)
{
    uint64_t delay_us = e->heard_goose.delay_us;
    uint64_t jitter_us = delay_us == 0 ? 0 : chance_below(e, stagger_us(e) / 4 + 1);

    e->stand_at_us = most_u64(e->promise.until_us, e->now_us) + delay_us + jitter_us;
}

void stand_in(struct goose_election *e, uint64_t wait_us)
{
    e->stand_at_us = e->now_us + wait_us;
}

/* `first_us`, doubled with each failure in a row, up to a promise. */
uint64_t round_wait_us(const struct goose_election *e, uint64_t first_us)
{
    uint64_t most_us = most_u64(own_promise_us(e), first_us);

    for (unsigned i = 0; i < e->round.failures && first_us < most_us; i++)
        first_us *= 2;
    return least_u64(first_us, most_us);
}

void back_off(struct goose_election *e)
{
    stand_in(e, chance_below(e, round_wait_us(e, 2 * stagger_us(e)) + 1));
}

/* Could this peer be goose now: it stands, follows me as it should, and has the roster in use. */
bool can_take_over(const struct goose_election *e, int peer)
{
    const struct goose_follower *f = &e->peers[peer].follower;

    return peer != self_seat(e) && goose_roster_seat_counts(&e->roster, peer) && f->stands &&
           f->priority > 0 && acked_lately(e, f) && acked_roster(e, f);
}

/* One number to compare: may be goose, acks fresh, current roster, priority, round trip in whole ms, place. */
static uint64_t standing(const struct goose_election *e, int peer)
{
    const struct goose_follower *f = &e->peers[peer].follower;
    uint64_t may = f->stands && f->priority > 0 && goose_roster_seat_counts(&e->roster, peer);
    uint64_t fresh = acked_lately(e, f);
    uint64_t current = acked_roster(e, f);
    uint64_t ms = f->rtt_us == 0 ? UINT16_MAX : least_u64(f->rtt_us / 1000, UINT16_MAX);

    return may << 50 | fresh << 49 | current << 48 | (uint64_t)f->priority << 32 |
           (UINT16_MAX - ms) << 8 | (uint64_t)(GOOSE_ROSTER_SEATS_MAX - peer);
}

/* Twice the slowest round trip among my fastest majority: one slow voter slows nobody else. */
static uint64_t majority_step_us(const struct goose_election *e, int self)
{
    int needed = goose_roster_majority(&e->roster) - 1;
    uint64_t slowest_us = 0;

    for (int i = 0; i < e->roster.count; i++) {
        int faster = 0;
        uint64_t rtt_us = e->peers[i].follower.rtt_us;
        if (i == self || rtt_us == 0) continue;
        for (int j = 0; j < e->roster.count; j++) {
            uint64_t other_us = e->peers[j].follower.rtt_us;
            if (j != self && other_us != 0 && (other_us < rtt_us || (other_us == rtt_us && j < i)))
                faster++;
        }
        if (faster < needed) slowest_us = most_u64(slowest_us, rtt_us);
    }
    return stagger_bounded_us(2 * slowest_us, e->reign.lease_us);
}

/* Once a heartbeat interval: everybody's rank, and the stagger. */
void succession_count(struct goose_election *e)
{
    uint64_t standings[GOOSE_ROSTER_SEATS_MAX];
    int self = self_seat(e);

    for (int i = 0; i < e->roster.count; i++)
        standings[i] = i == self ? 0 : standing(e, i);
    for (int i = 0; i < e->roster.count; i++) {
        uint8_t rank = 0;
        for (int j = 0; j < e->roster.count; j++)
            if (standings[j] > standings[i]) rank++;
        e->peers[i].rank = rank;
    }
    e->reign.stagger_us = (uint32_t)majority_step_us(e, self);
}

int succession_heir(const struct goose_election *e)
{
    int heir = -1;

    for (int i = 0; i < e->roster.count; i++)
        if (can_take_over(e, i) && (heir < 0 || standing(e, i) > standing(e, heir))) heir = i;
    return heir;
}

/* When to say HELLO again: a voter when it has heard no goose for two promises; who has no seat about once a second,
 * because it is an observer only as long as the goose hears from it, and may not even be one yet. */
void hello_after_goose(struct goose_election *e)
{
    if (is_seated(e))
        e->hello_at_us = e->now_us + 2 * own_promise_us(e);
    else
        e->hello_at_us = least_u64(e->hello_at_us, e->now_us + GOOSE_HELLO_INTERVAL_US);
}

/* PROTOCOL 10: the goose is gone, and not all observers ask for the next one at once. */
void hello_after_loss(struct goose_election *e)
{
    if (is_seated(e)) return;
    e->hello_at_us =
        least_u64(e->hello_at_us, e->now_us + chance_below(e, GOOSE_HELLO_INTERVAL_US / 2));
}
