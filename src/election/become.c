/* become.c: what this node becomes: its role, its term, the roster in use, a round, a reign and its end.
 * A claim that ends is withdrawn at once; what was given up is never taken up again. It decides nothing of its own: who
 * calls it has judged. */
#include <assert.h>
#include <string.h>

#include "internal.h"

/* A claim that ends is withdrawn before anything else of the step, and nothing of the reign is sent any more. */
void set_role(struct step *s, enum goose_role role, enum goose_reason why)
{
    struct goose_election *e = s->e;

    if (e->role == role) return;
    if (e->role == GOOSE_ROLE_GOOSE) {
        s->actions->claim = GOOSE_CLAIM_WITHDRAWN;
        for (int i = 0; i < PEERS_MAX; i++)
            owe_not(e, i, OWED_HEARTBEAT);
    }
    e->role = role;
    if (role == GOOSE_ROLE_GOOSE) s->actions->claim = GOOSE_CLAIM_GIVEN;
    note(s, GOOSE_NOTE_ROLE, why, 0, 0);
}

/* A term is taken over only by a duck, and a vote belongs to its term. */
void term_take(struct goose_election *e, uint64_t term)
{
    assert(e->role == GOOSE_ROLE_DUCK && term <= TERM_MAX);
    if (term <= e->saved.term) return;
    e->saved.term = term;
    e->saved.voted_for = 0;
    must_save(e);
}

void roster_use(struct step *s, const struct goose_roster *roster)
{
    struct goose_election *e = s->e;
    struct goose_roster old = e->roster;

    e->roster = *roster;
    peers_follow_roster(s, &old);
}

void round_open(struct step *s, uint64_t lasts_us)
{
    struct goose_election *e = s->e;

    e->round.id = chance_u64(e);
    e->round.began_us = s->now_us;
    e->round.ends_us = s->now_us + lasts_us;
    e->round.ask_at_us = s->now_us + stagger_us(e);
    for (int i = 0; i < e->roster.count; i++) {
        e->peers[i].answered = false;
        e->peers[i].yes = false;
        e->peers[i].yes_sent_at_us = 0;
    }
    owe_seats(e, OWED_ASK);
}

/* PROTOCOL 7: a RESIGN frees promises, and a hold rests on them: none leaves before the last hold has run out, not even
 * that of a later candidacy, which freed what the voters had promised before. */
static void farewell_begin(struct step *s, uint64_t term, uint64_t heir_uid, uint64_t stands_on)
{
    struct goose_election *e = s->e;

    e->farewell = (struct farewell){.term = term,
                                    .heir_uid = heir_uid,
                                    .stagger_us = (uint32_t)stagger_us(e),
                                    .left = FAREWELL_TIMES,
                                    .next_us = most_u64(s->now_us, e->reign.hold_end_us),
                                    .stands_on = stands_on};
}

/* PROTOCOL 6.5: nobody need wait for a promise to a loser. The resignation leaves only when the term is on disk: else
 * it could be stood in again after a crash. */
static void candidate_resign(struct step *s)
{
    struct goose_election *e = s->e;

    struct goose_tenure mine = own_tenure(e);

    resignation_learn(s, &mine, 0, 0);
    farewell_begin(s, e->saved.term, 0, e->round.vote_generation);
}

void round_abandon(struct step *s, enum goose_reason why)
{
    struct goose_election *e = s->e;

    if (e->role == GOOSE_ROLE_CANDIDATE) candidate_resign(s);
    if (e->role == GOOSE_ROLE_CANVASSING || e->role == GOOSE_ROLE_CANDIDATE) {
        set_role(s, GOOSE_ROLE_DUCK, why);
        for (int i = 0; i < e->roster.count; i++)
            owe_not(e, i, OWED_ASK);
        stand_after_promise(e);
    }
}

/* PROTOCOL 8: only a newer one, only of my flock unless I have none yet; and a goose takes none. */
bool roster_take(struct step *s, const struct goose_roster *roster, enum goose_reason why)
{
    struct goose_election *e = s->e;
    bool newer =
        goose_roster_compare(roster->term, roster->version, e->roster.term, e->roster.version) > 0;
    bool mine = e->roster.term == 0 || roster->flock_id == e->roster.flock_id;
    bool had_seat = self_seat(e) >= 0;
    bool knew = goose_roster_has_removed(&e->roster, e->saved.uid) && !had_seat;

    assert(e->role != GOOSE_ROLE_GOOSE);
    if (!newer || !mine || roster->count == 0 || roster->term > TERM_MAX) return false;
    round_abandon(s, why);
    term_take(e, roster->term);
    e->saved.roster = *roster;
    must_save(e);
    roster_use(s, roster);
    e->birth.knows_flock = true;
    e->birth.listening = false;
    if (self_seat(e) < 0 && goose_roster_has_removed(roster, e->saved.uid) && !knew)
        e->saved.barred = true;
    if (had_seat && self_seat(e) < 0) hello_after_goose(e);
    note(s, GOOSE_NOTE_ROSTER, e->saved.barred ? GOOSE_REASON_REMOVED : why, 0, roster->count);
    return true;
}

/* PROTOCOL 6.2. The VOTE may leave while the write is under way. */
void stand(struct step *s, enum goose_reason why)
{
    struct goose_election *e = s->e;

    assert(may_stand(e) && !promise_binds(e, e->saved.uid, e->saved.life, s->now_us));
    e->saved.term++;
    e->saved.voted_for = e->saved.uid;
    set_role(s, GOOSE_ROLE_CANDIDATE, why);
    e->reign.lease_us = e->options.lease_us;
    e->reign.promise_us = own_promise_us(e);
    e->reign.heartbeat_us = least_u64(e->options.heartbeat_us, e->reign.lease_us / 3);
    struct goose_tenure mine = own_tenure(e);
    promise_give(e, &mine, (uint32_t)e->reign.promise_us, s->now_us);
    must_save(e);
    e->round.vote_generation = e->generation;
    round_open(s, round_wait_us(e, 2 * (uint64_t)e->options.lease_us / 3));
}

bool has_majority_of_yes(const struct goose_election *e)
{
    int yes = 0, self = self_seat(e);

    for (int i = 0; i < e->roster.count; i++)
        if ((i == self || e->peers[i].yes) && goose_roster_seat_counts(&e->roster, i)) yes++;
    return yes >= goose_roster_majority(&e->roster);
}

/* PROTOCOL 6.4: the roster gets my term. At a founding those that voted for me get their seats, before anything is claimed:
 * so a majority of a flock's seats has always been claimed. */
static void roster_win(struct step *s)
{
    struct goose_election *e = s->e;
    struct goose_roster *roster = &e->saved.roster;
    struct goose_seat *mine = &roster->seats[self_seat(e)];

    for (int i = 0; roster->term == 0 && i < roster->count; i++)
        if (e->peers[i].yes && goose_roster_find_uid(roster, e->peers[i].contact.uid) < 0)
            roster->seats[i].uid = e->peers[i].contact.uid;
    mine->uid = e->saved.uid;
    mine->priority = e->options.priority;
    mine->http_port = e->options.http_port;
    if (roster->founding == 0) roster->founding = chance_u64(e) | 1;
    roster->term = e->saved.term;
    must_save(e);
    roster_use(s, roster);
}

static void goose_begin(struct step *s)
{
    struct goose_election *e = s->e;
    const struct reign stood = e->reign;

    e->reign = (struct reign){.lease_us = stood.lease_us,
                              .promise_us = stood.promise_us,
                              .heartbeat_us = stood.heartbeat_us,
                              .base_us = stood.base_us,
                              .heartbeat_at_us = s->now_us,
                              .hold_end_us = stood.hold_end_us,
                              .roster_generation = e->generation};
    memset(&e->removal, 0, sizeof e->removal);
    e->invite = (struct invite){0};
    e->hello_to.bytes = 0;
    set_role(s, GOOSE_ROLE_GOOSE, GOOSE_REASON_VOTES_WON);
}

/* PROTOCOL 6.4: the votes' own sending times are the first lease. If it has ended already (this process was stopped
 * meanwhile), the term is given up without a claim. */
void win(struct step *s)
{
    struct goose_election *e = s->e;

    for (int i = 0; i < e->roster.count; i++) {
        struct peer *peer = &e->peers[i];
        uint64_t rtt_us = peer->follower.rtt_us;
        bool stands = peer->follower.stands;
        uint8_t priority = peer->follower.priority;
        peer->follower = (struct goose_follower){.term = e->saved.term,
                                                 .sent_at_us = peer->yes ? peer->yes_sent_at_us : 0,
                                                 .rtt_us = rtt_us,
                                                 .stands = stands,
                                                 .priority = priority,
                                                 .http_port = peer->follower.http_port};
        peer->silent_since_us = s->now_us;
        owe_not(e, i, OWED_ASK);
    }
    lease_count(e);
    if (s->now_us >= lease_end_us(e, s->now_us)) {
        round_abandon(s, GOOSE_REASON_WON_TOO_LATE);
        back_off(e);
        return;
    }
    e->round.failures = 0;
    roster_win(s);
    goose_begin(s);
}

/* The newest is remembered. In one term a loser and the goose may both resign: then the one that I promised to or
 * followed counts. */
static bool outranks(const struct goose_election *e, const struct goose_tenure *over)
{
    bool followed = e->heard_goose.uid == over->uid && e->heard_goose.term == over->term;

    return over->term > e->resigned.term ||
           (over->term == e->resigned.term && (same_tenure(&e->promise.to, over) || followed));
}

/* An earlier life of mine stood in this term, and I either do not know it or stand in it once more: PROTOCOL 3, copies. */
static bool shows_old_copy(const struct goose_election *e, const struct goose_tenure *over)
{
    bool stands = e->role == GOOSE_ROLE_CANDIDATE || e->role == GOOSE_ROLE_GOOSE;

    return over->uid == e->saved.uid && over->life != e->saved.life &&
           (over->term > e->saved.term || (over->term == e->saved.term && stands));
}

void reign_wish_no_more(struct goose_election *e, unsigned wishes)
{
    e->reign.wishes &= ~wishes;
    if (e->reign.wishes != 0) return;
    e->reign.leave_ends_us = e->reign.heir_uid = 0;
    e->reign.leave_told = false;
}

/* Whatever ends a reign: what was wished counts at once, PROTOCOL 7. */
void reign_leave(struct step *s, enum goose_reason why, uint64_t heir_uid)
{
    struct goose_election *e = s->e;
    bool pending = e->reign.roster_pending;
    uint64_t stagger = e->reign.stagger_us;
    struct goose_tenure mine = own_tenure(e);

    assert(e->role == GOOSE_ROLE_GOOSE);
    if ((e->reign.wishes & (WISH_STOP | WISH_DRAIN)) != 0) e->draining = true;
    reign_wish_no_more(e, e->reign.wishes);
    e->reign.work_open = 0;
    set_role(s, GOOSE_ROLE_DUCK, why);
    e->heard_goose = (struct heard_goose){.uid = e->saved.uid,
                                          .term = e->saved.term,
                                          .stagger_us = (uint32_t)stagger,
                                          .delay_us = (uint32_t)(stagger * e->roster.count)};
    if (s->now_us < e->reign.hold_end_us) promise_to_self_until(e, e->reign.hold_end_us);
    farewell_begin(s, e->saved.term, heir_uid, 0);
    resignation_learn(s, &mine, heir_uid, 0);
    e->removal.active = false;
    if (pending) {
        e->reign.roster_pending = false;
        roster_use(s, &e->saved.roster);
    }
    stand_in(e, e->heard_goose.delay_us + (heir_uid != 0 ? stagger : 0));
    hello_after_goose(e);
    s->facts.in_place = heir_uid == e->saved.uid;
}

/* The lease has ended: a duck of the same term, for good. If only my ears failed, the others need not wait. */
void reign_settle(struct step *s)
{
    struct goose_election *e = s->e;

    if (e->role == GOOSE_ROLE_GOOSE && s->now_us >= lease_end_us(e, s->now_us))
        reign_leave(s, GOOSE_REASON_LEASE_ENDED, e->reign.heir_uid);
}

/* PROTOCOL 3, copies: something says that I am an old copy, and anybody may say so. From here on I grant nothing for a
 * promise's time. */
void suspect(struct step *s)
{
    struct goose_election *e = s->e;
    uint64_t promise_us = most_u64(e->saved.longest_promise_us, own_promise_us(e));

    s->facts.suspected = true;
    e->quarantine_end_us = most_u64(e->quarantine_end_us, s->now_us + promise_us);
}

/* PROTOCOL 3, copies: what this node knows of itself is older than what others have seen of it. */
void retire(struct step *s)
{
    struct goose_election *e = s->e;

    assert(e->role == GOOSE_ROLE_DUCK);
    e->retired = true;
    s->actions->retire = true;
    note(s, GOOSE_NOTE_BIRTH, GOOSE_REASON_OLD_COPY, e->saved.uid, 0);
}

/* PROTOCOL 7: a resignation is a fact, whoever tells it. A promise to exactly that tenure is free (mine to myself when
 * my last hold has run out); then it is the succession's turn, a stagger later where an heir stands already. */
void resignation_learn(struct step *s, const struct goose_tenure *over, uint64_t heir_uid,
                       uint64_t stagger)
{
    struct goose_election *e = s->e;

    if (over->term == 0 || (e->saved.term > 0 && over->term > e->saved.term + JUMP_MAX)) return;
    if (shows_old_copy(e, over)) {
        suspect(s);
        return;
    }
    if (outranks(e, over)) e->resigned = *over;
    if (e->heard_goose.uid == over->uid && e->heard_goose.term == over->term &&
        over->uid != e->saved.uid) {
        e->heard_goose.until_us = 0;
        if (stagger != 0) e->heard_goose.stagger_us = (uint32_t)stagger;
    }
    uint64_t free_us = s->now_us;
    if (over->uid == e->saved.uid) free_us = most_u64(free_us, e->reign.hold_end_us);
    if (!same_tenure(&e->promise.to, over) || e->promise.until_us <= free_us) return;
    e->promise.until_us = free_us;
    if (e->role != GOOSE_ROLE_DUCK) return;
    stand_after_promise(e);
    if (heir_uid != 0 && heir_uid != e->saved.uid) e->stand_at_us += stagger_us(e);
}
