/* vote.c: canvasses and votes, PROTOCOL 6: asking, judging, deferring, yielding.
 * A yes never leaves before what it promises is on disk. */
#include <assert.h>

#include "internal.h"

static bool voted_for_other(const struct goose_election *e, const struct asked *asked, uint64_t uid)
{
    return asked->ask.term == e->saved.term && e->saved.voted_for != 0 && e->saved.voted_for != uid;
}

/* PROTOCOL 6.3: why this canvass or vote is refused, or yes. A live promise comes last: only that refusal may be
 * deferred. Nothing changes here. */
static enum goose_verdict judge(const struct goose_election *e, const struct asked *asked,
                                uint64_t uid, int seat)
{
    int order = goose_roster_compare(asked->roster_term, asked->roster_version, e->roster.term,
                                     e->roster.version);

    if (e->failed) return GOOSE_VERDICT_FAILED;
    if (seat < 0 && order <= 0) return GOOSE_VERDICT_STRANGER;
    if (!may_vote_for(e, asked)) return GOOSE_VERDICT_NOT_PART;
    if (asked->ask.term < e->saved.term || asked->ask.term > TERM_MAX)
        return GOOSE_VERDICT_OLD_TERM;
    if (voted_for_other(e, asked, uid)) return GOOSE_VERDICT_VOTED;
    if (e->now_us < e->quarantine_end_us) return GOOSE_VERDICT_QUARANTINE;
    if (order < 0) return GOOSE_VERDICT_OLD_ROSTER;
    if (order == 0 && asked->ask.roster_digest != goose_roster_digest(&e->roster))
        return GOOSE_VERDICT_OTHER_ROSTER;
    if (e->resigned.term == asked->ask.term && e->resigned.uid == uid)
        return GOOSE_VERDICT_RESIGNED;
    if (e->role == GOOSE_ROLE_GOOSE) return GOOSE_VERDICT_LEASE_LIVES;
    if (promise_binds(e, uid, asked->life, e->now_us)) return GOOSE_VERDICT_PROMISED;
    return GOOSE_VERDICT_YES;
}

static bool may_defer(const struct goose_election *e)
{
    return e->promise.until_us - e->now_us <= slack_us(e);
}

/* PROTOCOL 6, yielding: once to each. Who is heard but hears nothing would else keep all others from standing. */
static bool may_yield_to(struct goose_election *e, int seat)
{
    uint64_t bit = seat < 0 ? 0 : UINT64_C(1) << seat;
    bool first = seat < 0 || (e->yielded & bit) == 0;

    e->yielded |= bit;
    return first;
}

/* PROTOCOL 6, yielding: of two that canvass, the one behind in the succession, then in the roster, yields. */
static bool is_ahead_of_me(const struct goose_election *e, const struct goose_ask *ask, int seat)
{
    if (ask->succession_delay_us != e->heard_goose.delay_us)
        return ask->succession_delay_us < e->heard_goose.delay_us;
    return seat < self_seat(e);
}

static enum goose_verdict judge_canvass(struct step *s, const struct asked *asked, uint64_t uid,
                                        int seat)
{
    struct goose_election *e = s->e;
    enum goose_verdict verdict = judge(e, asked, uid, seat);
    bool perhaps = verdict == GOOSE_VERDICT_PROMISED && may_defer(e);

    if (verdict != GOOSE_VERDICT_YES && !perhaps) return verdict;
    if (e->role == GOOSE_ROLE_CANVASSING && !is_ahead_of_me(e, &asked->ask, seat))
        return GOOSE_VERDICT_YIELD_TO_ME;
    if (!may_yield_to(e, seat)) return verdict;
    if (e->role == GOOSE_ROLE_CANVASSING) round_abandon(s, GOOSE_REASON_YIELDED);
    e->stand_at_us = most_u64(e->stand_at_us, s->now_us + slack_us(e) + 2 * stagger_us(e));
    return verdict;
}

/* PROTOCOL 6.3: the vote, the term and the promise are one write; the yes waits for it. */
static void grant(struct step *s, const struct asked *asked, uint64_t uid)
{
    struct goose_election *e = s->e;
    const struct goose_ask *ask = &asked->ask;
    struct goose_tenure candidate = {ask->term, uid, asked->life};

    round_abandon(s, GOOSE_REASON_HIGHER_TERM);
    e->yielded = 0;
    if (ask->term != e->saved.term || e->saved.voted_for != uid) {
        e->saved.term = ask->term;
        e->saved.voted_for = uid;
        must_save(e);
    }
    promise_give(e, &candidate, ask->promise_us, s->now_us);
    stand_after_promise(e);
}

static void note_denied(struct step *s, enum goose_verdict verdict, uint64_t uid)
{
    if (verdict == GOOSE_VERDICT_OTHER_ROSTER)
        note(s, GOOSE_NOTE_CONFLICT, GOOSE_REASON_NONE, uid, 0);
    note(s, GOOSE_NOTE_DENIED, GOOSE_REASON_NONE, uid, verdict);
}

/* Decide on what peer `i` asks: answer it, or keep it until the promise ends. */
static void asked_decide(struct step *s, int i)
{
    struct goose_election *e = s->e;
    struct peer *peer = &e->peers[i];
    uint64_t uid = peer->contact.uid;
    int seat = i < e->roster.count ? i : -1;
    enum goose_verdict verdict = peer->asked.is_vote ? judge(e, &peer->asked, uid, seat)
                                                     : judge_canvass(s, &peer->asked, uid, seat);

    if (verdict == GOOSE_VERDICT_PROMISED && may_defer(e)) {
        peer->asked.kept = true;
        e->keeping |= UINT64_C(1) << i;
        return;
    }
    if (verdict == GOOSE_VERDICT_YES && peer->asked.is_vote) grant(s, &peer->asked, uid);
    if (verdict != GOOSE_VERDICT_YES) note_denied(s, verdict, uid);
    peer->asked.kept = false;
    peer->asked.verdict = verdict;
    owe(e, i, OWED_REPLY);
}

/* A promise has ended: those who were kept waiting get their answer. */
void kept_answer(struct step *s)
{
    struct goose_election *e = s->e;

    for (int i = 0; e->keeping != 0 && i < PEERS_MAX; i++) {
        uint64_t bit = UINT64_C(1) << i;
        if ((e->keeping & bit) == 0) continue;
        const struct asked *asked = &e->peers[i].asked;
        if (asked->kept && promise_binds(e, e->peers[i].contact.uid, asked->life, s->now_us))
            continue;
        e->keeping &= ~bit;
        if (asked->kept) asked_decide(s, i);
    }
}

/* A heartbeat has renewed the promise first: the answer is no. */
void kept_refuse(struct step *s)
{
    struct goose_election *e = s->e;

    for (int i = 0; e->keeping != 0 && i < PEERS_MAX; i++) {
        uint64_t bit = UINT64_C(1) << i;
        if ((e->keeping & bit) == 0) continue;
        e->keeping &= ~bit;
        if (!e->peers[i].asked.kept) continue;
        e->peers[i].asked.kept = false;
        e->peers[i].asked.verdict = GOOSE_VERDICT_PROMISED;
        owe(e, i, OWED_REPLY);
    }
}

enum goose_refusal handle_ask(struct step *s, const struct arrival *arrival)
{
    struct goose_election *e = s->e;
    const struct goose_message *m = arrival->m;
    struct asked asked = {.is_vote = m->kind == GOOSE_MESSAGE_VOTE,
                          .life = m->life,
                          .ask = m->ask,
                          .roster_term = m->roster_term,
                          .roster_version = m->roster_version,
                          .flock_id = m->flock_id};

    bool newer = goose_roster_compare(m->roster_term, m->roster_version, e->roster.term,
                                      e->roster.version) > 0;
    if (arrival->seat < 0 && !newer) {
        note(s, GOOSE_NOTE_DENIED, GOOSE_REASON_NONE, m->uid, GOOSE_VERDICT_STRANGER);
        return GOOSE_REFUSAL_STRANGER;
    }
    if (arrival->seat >= 0) resignation_learn(s, &m->ask.after, m->uid, 0);
    int i = peer_for(s, arrival);
    e->peers[i].asked = asked;
    asked_decide(s, i);
    return GOOSE_REFUSAL_NONE;
}

/* PROTOCOL 6.1 and 6.5: a refusal teaches a higher term or a newer roster; then try again soon. */
static void learn_from_refusal(struct step *s, const struct arrival *arrival)
{
    struct goose_election *e = s->e;
    const struct goose_message *m = arrival->m;
    bool higher = m->term > e->saved.term && m->term <= TERM_MAX;

    note(s, GOOSE_NOTE_DENIED_ME, GOOSE_REASON_NONE, m->uid, m->reply.verdict);
    if (m->reply.verdict == GOOSE_VERDICT_OTHER_ROSTER)
        note(s, GOOSE_NOTE_CONFLICT, GOOSE_REASON_NONE, m->uid, 0);
    bool newer =
        arrival->roster != NULL && roster_take(s, arrival->roster, GOOSE_REASON_NEWER_ROSTER);
    if (!higher && !newer) return;
    round_abandon(s, GOOSE_REASON_HIGHER_TERM);
    if (higher) term_take(e, m->term);
    stand_in(e, chance_below(e, stagger_us(e) + 1));
}

/* Some refusals end by themselves, and soon: who gives them is asked again, like one who has not answered. */
static bool may_soon_say_yes(enum goose_verdict verdict)
{
    return verdict == GOOSE_VERDICT_NOT_PART || verdict == GOOSE_VERDICT_QUARANTINE;
}

enum goose_refusal handle_reply(struct step *s, const struct arrival *arrival)
{
    struct goose_election *e = s->e;
    const struct goose_message *m = arrival->m;
    enum goose_role asks =
        m->kind == GOOSE_MESSAGE_VOTE_REPLY ? GOOSE_ROLE_CANDIDATE : GOOSE_ROLE_CANVASSING;

    if (arrival->seat < 0) return GOOSE_REFUSAL_STRANGER;
    resignation_learn(s, &m->reply.after, 0, 0);
    if (e->role != asks || m->reply.round != e->round.id) return GOOSE_REFUSAL_OLD_ROUND;
    if (m->reply.sent_at_us > s->now_us || m->reply.sent_at_us < e->round.began_us)
        return GOOSE_REFUSAL_ABSURD;
    struct peer *peer = &e->peers[arrival->seat];
    peer->answered = !may_soon_say_yes(m->reply.verdict);
    if (m->reply.verdict != GOOSE_VERDICT_YES) {
        learn_from_refusal(s, arrival);
        return GOOSE_REFUSAL_NONE;
    }
    peer->yes = true;
    peer->yes_sent_at_us = most_u64(peer->yes_sent_at_us, m->reply.sent_at_us);
    return GOOSE_REFUSAL_NONE;
}
