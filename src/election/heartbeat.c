/* heartbeat.c: heartbeats and acks, PROTOCOL 5; the resignations of others, PROTOCOL 7. */
#include <assert.h>
#include <string.h>

#include "internal.h"

#define TWO_GEESE_AGAIN_US UINT64_C(60000000)

/* PROTOCOL 8: a new roster is used once it is durable, for everything from then on, leases included. */
void reign_roster_saved(struct step *s)
{
    struct goose_election *e = s->e;

    if (e->role != GOOSE_ROLE_GOOSE || e->durable < e->reign.roster_generation) return;
    if (e->reign.roster_pending) {
        e->reign.roster_pending = false;
        e->reign.committed_told = false;
        roster_use(s, &e->saved.roster);
        note(s, GOOSE_NOTE_ROSTER, e->reign.pending_why, e->reign.pending_uid, e->roster.count);
        lease_count(e);
        e->reign.heartbeat_at_us = s->now_us;
    }
}

static void heartbeat_tick(struct step *s)
{
    struct goose_election *e = s->e;

    e->reign.heartbeat_at_us = s->now_us + e->reign.heartbeat_us;
    succession_count(e);
    owe_seats(e, OWED_HEARTBEAT);
    s->facts.roster_due = true;
}

/* Not at each step: what a hold gains within half an interval is not worth telling anybody. */
static void work_tick(struct step *s)
{
    struct goose_election *e = s->e;
    uint64_t end_us = s->now_us + goose_election_lease_left_us(e, s->now_us) / 10 * 9;

    if (e->reign.work_open == 0 || reign_resigns(e) || e->failed) return;
    if (end_us >= e->reign.hold_end_us + e->reign.heartbeat_us / 2)
        (void)hold_for_work(e, s->now_us);
}

void reign_timers(struct step *s)
{
    struct goose_election *e = s->e;

    if (e->role == GOOSE_ROLE_GOOSE && s->now_us >= e->reign.heartbeat_at_us) heartbeat_tick(s);
    if (e->role == GOOSE_ROLE_GOOSE) work_tick(s);
}

/* PROTOCOL 7: what the caller has open. New work is a hold that it relies on. */
enum goose_refusal handle_work(struct step *s, uint32_t open, uint64_t grace_us)
{
    struct goose_election *e = s->e;
    bool goose = e->role == GOOSE_ROLE_GOOSE;
    bool takes_more = goose && e->reign.wishes == 0 && !e->failed;

    if (open > 0 && !goose) return GOOSE_REFUSAL_NOT_GOOSE;
    if (open > e->reign.work_open && !(takes_more && hold_for_work(e, s->now_us)))
        return GOOSE_REFUSAL_NO_WORK;
    e->reign.work_open = open;
    e->reign.work_grace_us = least_u64(grace_us, GOOSE_WORK_GRACE_US_MAX);
    return GOOSE_REFUSAL_NONE;
}

/* Three times, half a stagger apart; a candidate's when its term is on disk. */
void farewell_timers(struct step *s)
{
    struct goose_election *e = s->e;

    if (e->farewell.left == 0 || s->now_us < e->farewell.next_us ||
        e->durable < e->farewell.stands_on)
        return;
    e->farewell.left--;
    e->farewell.next_us = s->now_us + e->farewell.stagger_us / 2;
    e->farewell.observers_at = 0;
    e->farewell.observers_left = s->observers != NULL && goose_observers_count(s->observers) > 0;
    owe_seats(e, OWED_RESIGN);
}

/* Has this heartbeat any say here? */
static enum goose_refusal judge_heartbeat(const struct goose_election *e,
                                          const struct arrival *arrival)
{
    const struct goose_message *m = arrival->m;
    bool newer = goose_roster_compare(m->roster_term, m->roster_version, e->roster.term,
                                      e->roster.version) > 0;

    if (arrival->seat < 0 && !newer) return GOOSE_REFUSAL_STRANGER;
    if (m->term < e->saved.term) return GOOSE_REFUSAL_OLD_TERM;
    if (m->term > TERM_MAX) return GOOSE_REFUSAL_ABSURD;
    if (e->resigned.term == m->term && e->resigned.uid == m->uid) return GOOSE_REFUSAL_RESIGNED;
    if (e->heard_goose.term == m->term && e->heard_goose.uid == m->uid &&
        m->heartbeat.seq <= e->heard_goose.seq)
        return GOOSE_REFUSAL_OLD_SEQ;
    if (e->role == GOOSE_ROLE_GOOSE && m->term == e->saved.term) return GOOSE_REFUSAL_SECOND_GOOSE;
    return GOOSE_REFUSAL_NONE;
}

static void follow(struct step *s, const struct goose_message *m)
{
    struct goose_election *e = s->e;
    bool behind = goose_roster_compare(m->roster_term, m->roster_version, e->roster.term,
                                       e->roster.version) > 0;

    if (e->heard_goose.uid != m->uid || e->heard_goose.term != m->term)
        e->invite = (struct invite){0};
    const struct goose_tenure goose = {m->term, m->uid, m->life};
    promise_give(e, &goose, m->heartbeat.promise_us, s->now_us);
    e->heard_goose = (struct heard_goose){.uid = m->uid,
                                          .term = m->term,
                                          .seq = m->heartbeat.seq,
                                          .until_us = s->now_us + m->heartbeat.promise_us,
                                          .delay_us = m->heartbeat.succession_delay_us,
                                          .stagger_us = m->heartbeat.stagger_us,
                                          .settled = m->heartbeat.settled,
                                          .behind = behind};
    e->round.failures = 0;
    e->yielded = 0;
    e->hello_to.bytes = 0;
    stand_after_promise(e);
    hello_after_goose(e);
    kept_refuse(s);
}

static void owe_ack(struct step *s, const struct arrival *arrival, bool yes)
{
    struct goose_election *e = s->e;
    const struct goose_message *m = arrival->m;
    int i = peer_for(s, arrival);

    e->peers[i].ack =
        (struct goose_ack){.seq = m->heartbeat.seq,
                           .sent_at_us = m->heartbeat.sent_at_us,
                           .yes = yes,
                           .stands = may_enter(e) && s->now_us >= e->quarantine_end_us,
                           .observes = e->options.observer,
                           .priority = e->options.priority,
                           .http_port = e->options.http_port};
    owe(e, i, OWED_ACK);
}

/* PROTOCOL 2: what cannot be prevented must not stay unsaid. Two machines with one address may have founded the flock twice,
 * or a state file went back in time. */
static void two_geese_check(struct step *s, const struct goose_message *m)
{
    struct goose_election *e = s->e;
    const struct goose_heartbeat *b = &m->heartbeat;
    bool followed = e->heard_goose.term == m->term && e->heard_goose.uid != 0;
    bool settled = e->role == GOOSE_ROLE_GOOSE ? e->reign.committed_told : e->heard_goose.settled;
    bool one_term = followed && e->heard_goose.uid != m->uid;
    bool mine = e->role == GOOSE_ROLE_GOOSE && m->term == e->saved.term;
    bool founded_twice = settled && e->roster.term > 0 && b->founding != 0 &&
                         e->roster.founding != 0 && b->founding != e->roster.founding;

    if ((!one_term && !mine && !founded_twice) || s->now_us < e->two_geese_again_us) return;
    e->two_geese_again_us = s->now_us + TWO_GEESE_AGAIN_US;
    note(s, GOOSE_NOTE_TWO_GEESE, GOOSE_REASON_NONE, m->uid, m->term);
}

/* PROTOCOL 5. A step-down waits for nothing; the ACK waits for the disk. */
enum goose_refusal handle_heartbeat(struct step *s, const struct arrival *arrival)
{
    struct goose_election *e = s->e;
    const struct goose_message *m = arrival->m;
    enum goose_refusal refusal = judge_heartbeat(e, arrival);

    two_geese_check(s, m);
    if (refusal == GOOSE_REFUSAL_OLD_TERM) owe_ack(s, arrival, false);
    if (refusal != GOOSE_REFUSAL_NONE) return refusal;
    birth_heard_flock(s, arrival);
    if (e->role == GOOSE_ROLE_GOOSE) reign_leave(s, GOOSE_REASON_GOOSE_HEARD, 0);
    round_abandon(s, GOOSE_REASON_GOOSE_HEARD);
    term_take(e, m->term);
    struct arrival again = *arrival;
    if (arrival->roster != NULL && roster_take(s, arrival->roster, GOOSE_REASON_GOOSE_HEARD))
        again.seat = goose_roster_seat_of(&e->roster, m->uid, m->address);
    follow(s, m);
    owe_ack(s, &again, true);
    return GOOSE_REFUSAL_NONE;
}

static void follower_take(struct step *s, struct goose_contact *contact, struct goose_follower *f,
                          const struct goose_message *m)
{
    uint64_t rtt_us = s->now_us - m->ack.sent_at_us;

    if (f->term != m->term) f->sent_at_us = f->seq = 0;
    f->term = m->term;
    f->rtt_us = f->rtt_us == 0 ? most_u64(rtt_us, 1) : most_u64((7 * f->rtt_us + rtt_us) / 8, 1);
    if (m->ack.seq > f->seq) {
        f->seq = m->ack.seq;
        f->roster_term = m->roster_term;
        f->roster_version = m->roster_version;
        f->stands = m->ack.stands;
        f->observes = m->ack.observes;
        f->priority = m->ack.priority;
        f->http_port = m->ack.http_port;
    }
    f->sent_at_us = most_u64(f->sent_at_us, m->ack.sent_at_us);
    contact->shown_term = most_u64(contact->shown_term, m->term);
    if (goose_roster_compare(m->roster_term, m->roster_version, contact->shown_roster_term,
                             contact->shown_roster_version) > 0) {
        contact->shown_roster_term = m->roster_term;
        contact->shown_roster_version = m->roster_version;
    }
}

static void moved_check(struct step *s, int seat, const struct goose_message *m)
{
    struct peer *peer = &s->e->peers[seat];

    if (goose_text_equal(m->address, goose_roster_address(&s->e->roster, seat)))
        peer->moved_to.bytes = 0;
    else
        goose_address_keep(&peer->moved_to, m->address);
}

static void observer_acked(struct step *s, struct goose_observer *observer,
                           const struct goose_message *m)
{
    struct goose_election *e = s->e;

    if (observer->follower.seq == 0)
        observers_set_due(s->observers, observer, s->now_us + e->reign.heartbeat_us);
    follower_take(s, &observer->contact, &observer->follower, m);
    goose_address_keep(&observer->address, m->address);
    observers_set_waits(s->observers, observer, m->ack.stands);
    newborn_check(e, m->uid, m->address);
}

enum goose_refusal handle_ack(struct step *s, const struct arrival *arrival)
{
    struct goose_election *e = s->e;
    const struct goose_message *m = arrival->m;

    if (e->role != GOOSE_ROLE_GOOSE) return GOOSE_REFUSAL_NOT_GOOSE;
    if (arrival->seat < 0 && arrival->observer == NULL) return GOOSE_REFUSAL_STRANGER;
    if (m->term > e->saved.term) {
        reign_outgrown(s, m->term);
        return GOOSE_REFUSAL_NONE;
    }
    if (!m->ack.yes || m->term < e->saved.term) return GOOSE_REFUSAL_OLD_TERM;
    if (m->ack.sent_at_us > s->now_us || m->ack.seq > e->reign.seq) return GOOSE_REFUSAL_ABSURD;
    if (arrival->seat < 0) {
        observer_acked(s, arrival->observer, m);
        return GOOSE_REFUSAL_NONE;
    }
    struct peer *peer = &e->peers[arrival->seat];
    follower_take(s, &peer->contact, &peer->follower, m);
    moved_check(s, arrival->seat, m);
    lease_count(e);
    return GOOSE_REFUSAL_NONE;
}

enum goose_refusal handle_resign(struct step *s, const struct arrival *arrival)
{
    struct goose_election *e = s->e;
    const struct goose_message *m = arrival->m;
    bool known = e->resigned.term == m->resign.term && e->resigned.uid == m->uid;
    const struct goose_tenure over = {m->resign.term, m->uid, m->life};
    bool to_it = same_tenure(&e->promise.to, &over);

    if (arrival->seat < 0 && !to_it) return GOOSE_REFUSAL_STRANGER;
    resignation_learn(s, &over, m->resign.heir_uid, m->resign.stagger_us);
    if (m->resign.heir_uid == e->saved.uid && !known) s->facts.heir_in_term = m->resign.term;
    return GOOSE_REFUSAL_NONE;
}
