/* decide.c: what this step comes to, PROTOCOL 5 to 8. The handlers have recorded what was learnt; here it is decided once, in
 * this order: has the lease ended, is this an old copy, is a wish due, is the round won or over, is it my turn to stand, is
 * the roster committed, which one comes next. A claim that ends is withdrawn wherever it is decided; all
 * else that changes a role of this node's own accord is here. */
#include <assert.h>

#include "internal.h"

/* PROTOCOL 3, copies. What only says so makes me withdraw and ask; an answer makes me set my state aside. */
static void copy_decide(struct step *s)
{
    struct goose_election *e = s->e;
    int heir = e->role == GOOSE_ROLE_GOOSE && s->facts.told_copy ? succession_heir(e) : -1;

    if (!s->facts.told_copy && !s->facts.suspected) return;
    if (e->role == GOOSE_ROLE_GOOSE) {
        reign_leave(s, GOOSE_REASON_OLD_COPY, heir < 0 ? 0 : e->peers[heir].contact.uid);
        if (s->facts.told_copy && s->now_us >= e->reign.hold_end_us) owe_seats(e, OWED_RESIGN);
    }
    round_abandon(s, GOOSE_REASON_OLD_COPY);
    if (s->facts.told_copy)
        retire(s);
    else
        owe_seats(e, OWED_HELLO);
}

static void round_count(struct step *s)
{
    struct goose_election *e = s->e;

    if (e->role == GOOSE_ROLE_CANVASSING && has_majority_of_yes(e))
        stand(s, GOOSE_REASON_CANVASS_WON);
    else if (e->role == GOOSE_ROLE_CANDIDATE && e->durable >= e->round.vote_generation &&
             has_majority_of_yes(e))
        win(s);
}

static void round_lasts(struct step *s)
{
    struct goose_election *e = s->e;
    bool asking = e->role == GOOSE_ROLE_CANVASSING || e->role == GOOSE_ROLE_CANDIDATE;

    if (asking && s->now_us >= e->round.ends_us) {
        round_abandon(s, GOOSE_REASON_NO_MAJORITY);
        if (e->round.failures < 16) e->round.failures++;
        back_off(e);
    } else if (asking && s->now_us >= e->round.ask_at_us) {
        e->round.ask_at_us = s->now_us + stagger_us(e);
        for (int i = 0; i < e->roster.count; i++)
            if (!e->peers[i].answered && i != self_seat(e)) owe(e, i, OWED_ASK);
    }
}

/* PROTOCOL 7: who gave its term up only to stand above a higher one, or was named by a RESIGN, stands without canvass. */
static void heir_stands(struct step *s)
{
    struct goose_election *e = s->e;
    bool free_now = s->now_us >= e->promise.until_us;
    bool idle = e->role == GOOSE_ROLE_DUCK || e->role == GOOSE_ROLE_CANVASSING;

    if (!idle || !may_stand(e) || s->now_us < e->quarantine_end_us) return;
    if (s->facts.in_place && !promise_binds(e, e->saved.uid, e->saved.life, s->now_us)) {
        term_take(e, e->reign.above_term);
        stand(s, GOOSE_REASON_IN_PLACE);
    } else if (s->facts.heir_in_term != 0 && s->facts.heir_in_term >= e->saved.term && free_now) {
        stand(s, GOOSE_REASON_HEIR);
    }
}

/* PROTOCOL 6.1: would you vote for me? Nothing changes anywhere. */
static void turn_comes(struct step *s)
{
    struct goose_election *e = s->e;

    if (e->role != GOOSE_ROLE_DUCK || s->now_us < e->stand_at_us ||
        s->now_us < e->quarantine_end_us || s->now_us < e->promise.until_us || !may_stand(e))
        return;
    set_role(s, GOOSE_ROLE_CANVASSING, GOOSE_REASON_PROMISE_ENDED);
    round_open(s, round_wait_us(e, slack_us(e) + 3 * stagger_us(e)));
    round_count(s); /* alone, I am the majority */
}

static void committed_check(struct step *s)
{
    struct goose_election *e = s->e;

    if (e->role != GOOSE_ROLE_GOOSE || e->reign.committed_told || e->reign.roster_pending ||
        !reign_roster_committed(e))
        return;
    e->reign.committed_told = true;
    s->facts.roster_due = true;
    note(s, GOOSE_NOTE_COMMITTED, GOOSE_REASON_NONE, 0, e->roster.count);
}

void decide(struct step *s)
{
    reign_settle(s);
    copy_decide(s);
    if (s->e->retired) return;
    reign_carry_out(s);
    round_count(s);
    round_lasts(s);
    heir_stands(s);
    turn_comes(s);
    committed_check(s);
    reign_timers(s);
    if (s->facts.roster_due) steward_run(s);
}
