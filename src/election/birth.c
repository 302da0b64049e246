/* birth.c: being born, bootstrap, joining, being lost: HELLO and WELCOME, PROTOCOL 9.
 * A node without memory of its promises never acts as if it had kept them: what is decided here is when it may vote. */
#include <assert.h>
#include <string.h>

#include "internal.h"

#define KNOCKS_MAX    4 /* HELLOs at once in answer to a WELCOME, in one interval */
#define LISTEN_US_MIN UINT64_C(2000000)

/* A cold start: in the order of the roster, a stagger apart. */
static void stand_in_order(struct goose_election *e, uint64_t from_us, uint64_t jitter_us)
{
    int self = self_seat(e);
    uint64_t place = self < 0 ? 0 : (uint64_t)self;

    e->stand_at_us = from_us + place * stagger_us(e) + chance_below(e, jitter_us + 1);
}

static void begin_newborn(struct step *s)
{
    struct goose_election *e = s->e;

    e->birth.newborn = true;
    do
        e->saved.uid = chance_u64(e);
    while (e->saved.uid == 0);
    note(s, GOOSE_NOTE_BIRTH, GOOSE_REASON_NEWBORN, e->saved.uid, 0);
}

/* --peers that name only me are no peers: a flock of one listens first. */
static void begin_roster(struct step *s)
{
    struct goose_election *e = s->e;

    if (e->saved.roster.term > 0 || e->saved.term > 0 || e->saved.roster.count == 1) return;
    if (e->options.peers.count > 1)
        e->saved.roster = e->options.peers;
    else
        goose_roster_clear(&e->saved.roster);
}

/* How long a node alone listens whether a flock knows it. One that starts with the roster of a flock of one does too:
 * its file may be an old copy, from before others joined, and nobody else could tell it in time. */
static uint64_t listening_us(const struct goose_election *e)
{
    return most_u64(4 * own_promise_us(e), LISTEN_US_MIN);
}

void birth_begin(struct step *s, const struct goose_durable_state *saved)
{
    struct goose_election *e = s->e;
    uint64_t promise_us = own_promise_us(e);

    if (saved != NULL) e->saved = *saved;
    e->durable_roster_term = e->saved.roster.term;
    if (saved == NULL) begin_newborn(s);
    e->saved.life = ((e->saved.life >> 32) + 1) << 32 | (chance_u64(e) & UINT32_MAX);
    e->hello_nonce = chance_u64(e) | 1;
    e->invite_secret[0] = chance_u64(e);
    e->invite_secret[1] = chance_u64(e);
    e->greet_at_us = s->now_us;
    begin_roster(s);
    e->roster = e->saved.roster;
    e->birth.wait_end_us = s->now_us + promise_us;
    if (saved == NULL || e->roster.term == 0)
        e->quarantine_end_us = s->now_us + most_u64(e->saved.longest_promise_us, promise_us);
    else
        e->quarantine_end_us = s->now_us + e->saved.longest_promise_us;
    if (saved != NULL && e->roster.count == 1)
        e->quarantine_end_us = most_u64(e->quarantine_end_us, s->now_us + listening_us(e));
    e->birth.cleared = e->roster.count == 1 && e->roster.term == 0;
    e->birth.listening = e->roster.count == 0 && e->options.join.count == 0;
    e->birth.listen_end_us = s->now_us + listening_us(e);
    bool waits = e->roster.term > 0;
    e->hello_at_us = e->birth.listening ? UINT64_MAX : s->now_us + (waits ? 2 * promise_us : 0);
    stand_in_order(e, e->quarantine_end_us, stagger_us(e));
    must_save(e);
}

/* No flock has made itself heard: one of my own, of a random id. */
static void found_alone(struct step *s)
{
    struct goose_election *e = s->e;
    struct goose_roster *roster = &e->saved.roster;

    e->birth.listening = false;
    enum goose_roster_result made =
        goose_roster_bootstrap(roster, e->options.name_tag, &e->options.self, 1);
    assert(made == GOOSE_ROSTER_OK);
    (void)made;
    roster->flock_id = chance_u64(e) | 1;
    roster->wanted = e->options.voters;
    roster->seats[0].uid = e->saved.uid;
    must_save(e);
    roster_use(s, roster);
    e->birth.cleared = true;
    e->quarantine_end_us = least_u64(e->quarantine_end_us, s->now_us);
    e->stand_at_us = s->now_us;
    note(s, GOOSE_NOTE_BIRTH, GOOSE_REASON_FOUNDED, 0, 0);
}

static int count_bits(uint32_t bits)
{
    int count = 0;

    for (; bits != 0; bits &= bits - 1)
        count++;
    return count;
}

/* PROTOCOL 9, bootstrap: a majority of the list knows of no flock and has the same list; and an earlier life at this
 * address has no promise left, or all of the list are in term 0. */
static void clear_check(struct step *s)
{
    struct goose_election *e = s->e;
    int self = self_seat(e);

    if (!is_bootstrapping(e) || e->birth.cleared || self < 0) return;
    uint32_t none = e->birth.said_none | UINT32_C(1) << self;
    uint32_t fresh = e->birth.said_none_in_term_0 | (e->saved.term == 0 ? UINT32_C(1) << self : 0);
    bool all_fresh = e->birth.newborn && count_bits(fresh) == e->roster.count;
    if (count_bits(none) < goose_roster_majority(&e->roster)) return;
    if (!all_fresh && s->now_us < e->birth.wait_end_us) return;
    e->birth.cleared = true;
    if (all_fresh) e->quarantine_end_us = s->now_us;
    stand_in_order(e, most_u64(e->quarantine_end_us, s->now_us), 0);
    note(s, GOOSE_NOTE_BIRTH, GOOSE_REASON_CLEARED, 0, 0);
}

static void learn_of_flock(struct step *s)
{
    struct goose_election *e = s->e;

    bool news = !e->birth.cleared;

    if (e->birth.knows_flock) return;
    e->birth.knows_flock = true;
    e->birth.cleared = false;
    if (e->birth.listening) e->hello_at_us = s->now_us;
    e->birth.listening = false;
    if (e->roster.term == 0) {
        round_abandon(s, GOOSE_REASON_FLOCK_EXISTS);
        if (news) note(s, GOOSE_NOTE_BIRTH, GOOSE_REASON_FLOCK_EXISTS, 0, 0);
    }
}

/* A goose goes on sending to a silent seat, and candidates ask it: so a founder that lost its disk learns that it has a
 * flock, if it listens a moment. Here the sender of anything that a flock sends. */
void birth_heard_flock(struct step *s, const struct arrival *arrival)
{
    struct goose_election *e = s->e;
    const struct goose_message *m = arrival->m;

    if (m->flock_id == 0 || e->roster.term > 0) return;
    learn_of_flock(s);
    if (m->address.bytes != 0) goose_address_keep(&e->invite.address, m->address);
}

/* Whose turn it is to be asked: the seats, --peers, --join. A member is asked where it was heard last, and whoever is at its
 * address too: that may be the one who is looked for. Only an address that is mine *now* is left out. */
static void hello_next(struct step *s)
{
    struct goose_election *e = s->e;
    unsigned seats = e->roster.count, peers = e->options.peers.count, joins = e->options.join.count;

    for (unsigned i = 0; i < seats + peers + joins; i++) {
        unsigned turn = e->hello_turn++ % (seats + peers + joins);
        struct goose_text address =
            turn < seats ? goose_roster_address(&e->roster, (int)turn)
            : turn < seats + peers
                ? goose_roster_address(&e->options.peers, (int)(turn - seats))
                : goose_roster_address(&e->options.join, (int)(turn - seats - peers));
        bool mine_now = goose_text_equal(address, goose_address_text(&e->options.self));
        bool seen = turn >= seats && goose_roster_find_address(&e->roster, address) >= 0;
        bool member = turn < seats && (int)turn != self_seat(e) && e->peers[turn].contact.proven;
        if (seen || (mine_now && !member)) continue;
        if (member) owe(e, (int)turn, OWED_HELLO);
        if (!mine_now) goose_address_keep(&e->hello_to, address);
        return;
    }
}

/* The goose that I knew, unless somebody has named another. */
static void hello_to_goose(struct step *s)
{
    struct goose_election *e = s->e;
    int peer = goose_roster_find_uid(&e->roster, e->heard_goose.uid);

    if (peer < 0) peer = peer_of(e, e->heard_goose.uid);
    e->invite.knocks = 0;
    if (e->invite.address.bytes != 0)
        e->invite.knock = true;
    else if (peer >= 0 && peer != self_seat(e))
        owe(e, peer, OWED_HELLO);
}

static void hello_tick(struct step *s)
{
    struct goose_election *e = s->e;

    if (is_bootstrapping(e)) {
        e->hello_at_us = s->now_us + e->options.heartbeat_us;
        owe_seats(e, OWED_HELLO);
        return;
    }
    /* Who is lost asks four a second in turn: most of the addresses it knows may be of nobody any more. */
    bool lost = !knows_goose(e, s->now_us);
    e->hello_at_us = s->now_us + (lost ? GOOSE_HELLO_INTERVAL_US / 4 : GOOSE_HELLO_INTERVAL_US);
    hello_to_goose(s);
    if (lost) hello_next(s);
}

/* PROTOCOL 4: who starts greets every seat until each knows its life, and it theirs: so lives are known before they are
 * needed. Often at first, later as often as one looks for the lost. */
void greet_seats(struct step *s)
{
    struct goose_election *e = s->e;
    bool starts = s->now_us < e->birth.wait_end_us + own_promise_us(e);
    int self = self_seat(e);

    if (s->now_us < e->greet_at_us || is_bootstrapping(e)) return;
    e->greet_at_us = s->now_us + (starts ? e->options.heartbeat_us : GOOSE_HELLO_INTERVAL_US);
    for (int i = 0; self >= 0 && i < e->roster.count; i++)
        if (i != self && !e->peers[i].knows_me) owe(e, i, OWED_HELLO);
}

void birth_timers(struct step *s)
{
    struct goose_election *e = s->e;

    if (e->birth.listening && s->now_us >= e->birth.listen_end_us) found_alone(s);
    clear_check(s);
    if (e->role != GOOSE_ROLE_GOOSE && s->now_us >= e->hello_at_us && !e->birth.listening)
        hello_tick(s);
    if (e->quarantine_end_us != 0 && s->now_us >= e->quarantine_end_us) {
        e->quarantine_end_us = 0;
        e->birth.may_shrink = true;
    }
}

/* A full table forgets one that was never heard to follow. */
static struct goose_observer *room_for(struct step *s, uint64_t uid)
{
    struct goose_observer *observer = observers_admit(s->observers, uid, s->now_us);

    for (uint32_t i = 0; observer == NULL && i < goose_observers_count(s->observers); i++) {
        struct goose_observer *other = observers_get(s->observers, i);
        if (other->follower.seq != 0) continue;
        observers_drop(s->observers, other);
        observer = observers_admit(s->observers, uid, s->now_us);
    }
    return observer;
}

/* PROTOCOL 9, join: who echoes an invite of mine is there now, and no recording. */
static enum goose_refusal admit(struct step *s, const struct arrival *arrival)
{
    struct goose_election *e = s->e;
    const struct goose_message *m = arrival->m;

    if (!arrival->invited || s->observers == NULL) return GOOSE_REFUSAL_NOT_WELCOME;
    struct goose_observer *observer = room_for(s, m->uid);
    if (observer == NULL) return GOOSE_REFUSAL_NOT_WELCOME;
    observer->contact = (struct goose_contact){.uid = m->uid,
                                               .life = m->life,
                                               .counter = m->counter,
                                               .window = 1,
                                               .heard_at_us = s->now_us,
                                               .from = arrival->from,
                                               .proven = true};
    observer->follower.priority = m->hello.priority;
    observer->follower.http_port = m->hello.http_port;
    goose_address_keep(&observer->address, m->address);
    observers_set_waits(s->observers, observer, m->hello.may_enter);
    observer->may_enter = m->hello.may_enter;
    newborn_check(e, m->uid, m->address);
    s->arrival.observer = observer;
    note(s, GOOSE_NOTE_OBSERVER, GOOSE_REASON_NONE, m->uid, 1);
    return GOOSE_REFUSAL_NONE;
}

enum goose_refusal handle_hello(struct step *s, const struct arrival *arrival)
{
    struct goose_election *e = s->e;
    const struct goose_message *m = arrival->m;
    struct goose_observer *observer = arrival->observer;

    if (!greet(s)) return GOOSE_REFUSAL_NOT_WELCOME;
    if (!arrival->names_me) return GOOSE_REFUSAL_NONE;
    if (m->hello.peers_digest != 0 && is_bootstrapping(e) && m->roster_term == 0 &&
        m->hello.peers_digest != s->welcome.peers_digest)
        note(s, GOOSE_NOTE_CONFLICT, GOOSE_REASON_NONE, m->uid, 0);
    if (e->role != GOOSE_ROLE_GOOSE) return GOOSE_REFUSAL_NONE;
    if (arrival->seat < 0 && observer == NULL) return admit(s, arrival);
    /* Until its first ACK it gets one heartbeat for each HELLO. */
    if (observer != NULL && observer->follower.seq == 0 && arrival->invited)
        observers_set_due(s->observers, observer, s->now_us);
    if (m->flock_id == own_flock_id(e)) reign_outgrown(s, m->term);
    return GOOSE_REFUSAL_NONE;
}

/* Whose WELCOME names a goose is asked no more; the goose is, at once. */
static void take_goose(struct step *s, const struct goose_message *m)
{
    struct goose_election *e = s->e;
    bool itself = goose_text_equal(m->address, m->welcome.goose);
    bool at_home = knows_goose(e, s->now_us) && is_seated(e);

    if (m->welcome.goose.bytes == 0 || at_home ||
        goose_text_equal(m->welcome.goose, goose_address_text(&e->options.self)))
        return;
    bool news = !goose_text_equal(m->welcome.goose, goose_address_text(&e->invite.address)) ||
                (itself && m->welcome.invite != e->invite.nonce);
    if (!news || e->invite.knocks >= KNOCKS_MAX) return;
    goose_address_keep(&e->invite.address, m->welcome.goose);
    e->invite.nonce = itself ? m->welcome.invite : 0;
    e->invite.life = itself ? m->life : 0;
    e->invite.knocks++;
    if (itself)
        s->owes_hello = true;
    else
        e->invite.knock = true;
}

/* The invite is for the next HELLO. It is said at once where the sender does not know this life of mine yet, or has a newer
 * roster, which only an echo brings. */
static void take_invite(struct step *s, const struct arrival *arrival)
{
    struct goose_election *e = s->e;
    const struct goose_message *m = arrival->m;
    int i = arrival->seat >= 0 ? arrival->seat : peer_of(e, m->uid);
    bool mine = e->roster.term == 0 || m->flock_id == own_flock_id(e);
    bool behind = mine && self_seat(e) >= 0 && arrival->roster == NULL &&
                  goose_roster_compare(m->roster_term, m->roster_version, e->roster.term,
                                       e->roster.version) > 0;

    if (behind && e->invite.knocks < KNOCKS_MAX) {
        e->invite.knocks++;
        s->owes_hello = true;
    }
    if (i < 0) return;
    struct peer *peer = &e->peers[i];
    peer->invite = m->welcome.invite;
    peer->knows_me = m->welcome.newest_life == e->saved.life;
    if (!peer->knows_me && peer->told_life != m->life) s->owes_hello = true;
    if (s->owes_hello) peer->told_life = m->life;
}

static enum goose_refusal take_statement(struct step *s, const struct arrival *arrival)
{
    struct goose_election *e = s->e;
    const struct goose_message *m = arrival->m;

    if (m->welcome.knows_flock) {
        if (e->roster.term == 0) learn_of_flock(s);
        return GOOSE_REFUSAL_NONE;
    }
    if (!is_bootstrapping(e) || arrival->seat < 0) return GOOSE_REFUSAL_NONE;
    if (m->welcome.peers_digest != goose_roster_digest(&e->roster)) {
        note(s, GOOSE_NOTE_CONFLICT, GOOSE_REASON_NONE, m->uid, 0);
        return GOOSE_REFUSAL_OTHER_ROSTER;
    }
    e->birth.said_none |= UINT32_C(1) << arrival->seat;
    if (m->term == 0) e->birth.said_none_in_term_0 |= UINT32_C(1) << arrival->seat;
    clear_check(s);
    return GOOSE_REFUSAL_NONE;
}

/* PROTOCOL 3, copies: an answer to a question of mine, and nothing else, makes me set my state aside. */
static bool tells_old_copy(const struct goose_election *e, const struct goose_welcome *welcome)
{
    return welcome->old_copy || welcome->newest_life > e->saved.life ||
           (welcome->newest_life == e->saved.life && welcome->newest_counter > e->counter);
}

enum goose_refusal handle_welcome(struct step *s, const struct arrival *arrival)
{
    struct goose_election *e = s->e;
    const struct goose_message *m = arrival->m;

    if (m->welcome.nonce != e->hello_nonce) return GOOSE_REFUSAL_NOT_ASKED;
    if (tells_old_copy(e, &m->welcome)) {
        s->facts.told_copy = true;
        return GOOSE_REFUSAL_OLD_COPY;
    }
    enum goose_refusal refusal = take_statement(s, arrival);
    take_goose(s, m);
    take_invite(s, arrival);
    if (arrival->roster != NULL && e->role != GOOSE_ROLE_GOOSE)
        roster_take(s, arrival->roster, GOOSE_REASON_NEWER_ROSTER);
    return refusal;
}
