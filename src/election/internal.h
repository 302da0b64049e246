/* internal.h: what the files of the election know of each other. One section a file; nothing here is for callers. */
#ifndef ELECTION_INTERNAL_H
#define ELECTION_INTERNAL_H

#include "state.h"

#define TERM_MAX (UINT64_C(1) << 62)
#define JUMP_MAX \
    (UINT64_C(1) << 32) /* PROTOCOL 4: so far may what comes unasked raise a term or a version */
#define REQUEST_US_MIN UINT64_C(10000000)
#define FAREWELL_TIMES 3

/* A message that has passed the envelope: who sent it. */
struct arrival {
    const struct goose_message *m;
    const struct goose_roster *roster; /* NULL: none rides along */
    struct goose_endpoint from;
    int seat;      /* of the sender in the roster in use; -1: none */
    bool names_me; /* it is for this life of mine */
    bool invited;  /* a HELLO with an invite of mine: its sender is where it says */
    struct goose_observer *observer; /* the sender's entry in my table; NULL: none */
};

/* What the handlers have learnt in this step that decides more than their own message. */
struct facts {
    bool suspected;        /* something says that I am an old copy */
    bool told_copy;        /* and an answer to me says so */
    bool in_place;         /* I resigned only to stand again, above a higher term */
    uint64_t heir_in_term; /* a RESIGN of that term names me; 0: none does */
    bool roster_due;       /* the next roster may be made */
};

/* One step: the election, where its actions go, and what the arrival is told at once. */
struct step {
    struct goose_election *e;
    struct goose_actions *actions;
    struct goose_observers *observers; /* may be NULL */
    uint64_t now_us;
    struct arrival arrival;
    struct facts facts;
    bool owes_welcome;
    bool owes_stale;
    bool owes_hello; /* at once, to where a WELCOME came from */
    bool owes_result;
    struct goose_welcome welcome;
    struct goose_result result;
};

static inline uint64_t least_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t most_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static inline bool same_tenure(const struct goose_tenure *a, const struct goose_tenure *b)
{
    return a->term == b->term && a->uid == b->uid && a->life == b->life;
}

/* The layers, from below. A file calls only what stands above it in this list; tests/purity says so. */

/* core.c */
void note(struct step *s, enum goose_note_kind kind, enum goose_reason why, uint64_t uid,
          uint64_t number);
uint64_t chance_u64(struct goose_election *e);
uint64_t chance_below(struct goose_election *e, uint64_t limit); /* 0 for a limit of 0 */
void must_save(struct goose_election *e);
bool all_saved(const struct goose_election *e);
int self_seat(const struct goose_election *e); /* -1: none; it may be unclaimed */
bool self_counts(const struct goose_election *e);
uint64_t own_flock_id(const struct goose_election *e);
struct goose_tenure own_tenure(const struct goose_election *e); /* of my term */
void message_head(const struct goose_election *e, struct goose_message *m,
                  enum goose_message_kind kind, uint64_t for_life);
void owe(struct goose_election *e, int peer, unsigned what);
void owe_seats(struct goose_election *e, unsigned what);
void owe_not(struct goose_election *e, int peer, unsigned what);
bool contact_is_fresh(const struct goose_contact *contact, uint64_t now_us, uint64_t within_us);
int peer_of(const struct goose_election *e, uint64_t uid); /* -1: no peer has that uid */
bool acked_roster(const struct goose_election *e, const struct goose_follower *f);
bool acked_lately(const struct goose_election *e, const struct goose_follower *f);

/* lease.c: promises, leases, holds. */
uint32_t promise_of_lease_us(uint32_t lease_us);
uint64_t own_promise_us(const struct goose_election *e);
bool promise_binds(const struct goose_election *e, uint64_t uid, uint64_t life, uint64_t now_us);
void promise_give(struct goose_election *e, const struct goose_tenure *to, uint32_t promise_us,
                  uint64_t now_us);
void promise_to_self_until(struct goose_election *e, uint64_t until_us);
uint64_t lease_end_us(const struct goose_election *e, uint64_t now_us);
uint64_t lease_end_under_us(const struct goose_election *e, const struct goose_roster *next,
                            const struct goose_follower *newcomer, uint64_t now_us);
void lease_count(struct goose_election *e);
uint64_t hold_give(struct goose_election *e, uint64_t asked_us, uint64_t now_us);
bool hold_for_work(struct goose_election *e, uint64_t now_us);

/* peers.c: who sits where, and how that follows a change of the roster. */
int peer_for(struct step *s, const struct arrival *arrival); /* makes a guest where it must */
void seat_taken_by(struct goose_election *e, int seat, uint64_t uid);
void newborn_check(struct goose_election *e, uint64_t uid, struct goose_text address);
void peers_follow_roster(struct step *s, const struct goose_roster *old);

/* invite.c: who is where it says, and how much everybody else gets. */
uint64_t invite_for(const struct goose_election *e, const struct goose_endpoint *place,
                    uint64_t uid);
bool invite_is_good(const struct goose_election *e, const struct goose_endpoint *place,
                    uint64_t uid, uint64_t invite);
bool stale_may_leave(struct goose_election *e, const struct goose_endpoint *to);
bool greeting_may_leave(struct goose_election *e);
bool ask_back(struct step *s);

/* ask.c: questions. */
bool is_bootstrapping(const struct goose_election *e);
bool may_enter(const struct goose_election *e);
bool may_vote_for(const struct goose_election *e, const struct asked *asked);
bool is_seated(const struct goose_election *e);
bool reign_roster_committed(const struct goose_election *e);
uint64_t left_us(uint64_t until_us, uint64_t now_us);
bool knows_goose(const struct goose_election *e, uint64_t now_us);
struct goose_text known_goose_address(const struct goose_election *e); /* empty: not known */
bool is_settled(const struct goose_election *e);
bool reign_waits_for_work(const struct goose_election *e);
bool reign_resigns(const struct goose_election *e);
uint64_t lease_half_us(const struct goose_election *e);

/* succession.c: who stands when. */
uint64_t stagger_us(const struct goose_election *e);
uint64_t slack_us(const struct goose_election *e);
bool may_stand(const struct goose_election *e);
void stand_after_promise(struct goose_election *e);
void stand_in(struct goose_election *e, uint64_t wait_us);
void back_off(struct goose_election *e);
uint64_t round_wait_us(const struct goose_election *e, uint64_t first_us);
void succession_count(struct goose_election *e);
int succession_heir(const struct goose_election *e); /* a peer, or -1 */
bool can_take_over(const struct goose_election *e, int peer);
void hello_after_goose(struct goose_election *e);
void hello_after_loss(struct goose_election *e);

/* steward.c: which roster change the goose makes next. */
void steward_run(struct step *s);
uint8_t steward_stops_at(const struct step *s); /* behind a removal: see struct goose_answer */

/* send.c: what is owed becomes messages. */
void send_owed(struct step *s);
void send_resigns(struct step *s);

/* become.c: roles, terms, rosters, rounds, reigns. */
void set_role(struct step *s, enum goose_role role, enum goose_reason why);
void term_take(struct goose_election *e, uint64_t term);
void roster_use(struct step *s, const struct goose_roster *roster);
bool roster_take(struct step *s, const struct goose_roster *roster, enum goose_reason why);
void round_open(struct step *s, uint64_t lasts_us);
void round_abandon(struct step *s, enum goose_reason why);
bool has_majority_of_yes(const struct goose_election *e);
void win(struct step *s);
void stand(struct step *s, enum goose_reason why);
void reign_settle(struct step *s);
void reign_leave(struct step *s, enum goose_reason why, uint64_t heir_uid);
void reign_wish_no_more(struct goose_election *e, unsigned wishes);
void resignation_learn(struct step *s, const struct goose_tenure *over, uint64_t heir_uid,
                       uint64_t stagger);
void suspect(struct step *s);
void retire(struct step *s);

/* wish.c: why a goose is to resign, and when it does. */
void reign_wish(struct step *s, enum wish wish, uint64_t heir_uid);
void reign_carry_out(struct step *s);
void reign_outgrown(struct step *s, uint64_t term);

/* envelope.c */
enum goose_refusal envelope_open(struct step *s, const struct goose_event *event);
bool greet(struct step *s); /* false: not now */
enum goose_refusal handle_stale(struct step *s, const struct arrival *arrival);

/* birth.c: bootstrap, joining, HELLO and WELCOME. */
void birth_begin(struct step *s, const struct goose_durable_state *saved);
void birth_timers(struct step *s);
void greet_seats(struct step *s);
void birth_heard_flock(struct step *s, const struct arrival *arrival);
enum goose_refusal handle_hello(struct step *s, const struct arrival *arrival);
enum goose_refusal handle_welcome(struct step *s, const struct arrival *arrival);

/* vote.c: canvasses, votes, and the answers to them. */
void kept_answer(struct step *s);
void kept_refuse(struct step *s);
enum goose_refusal handle_ask(struct step *s, const struct arrival *arrival);
enum goose_refusal handle_reply(struct step *s, const struct arrival *arrival);

/* heartbeat.c: heartbeats, acks, and the resignations of others. */
void reign_timers(struct step *s);
void reign_roster_saved(struct step *s);
void farewell_timers(struct step *s);
enum goose_refusal handle_heartbeat(struct step *s, const struct arrival *arrival);
enum goose_refusal handle_ack(struct step *s, const struct arrival *arrival);
enum goose_refusal handle_resign(struct step *s, const struct arrival *arrival);
enum goose_refusal handle_work(struct step *s, uint32_t open, uint64_t grace_us);

/* operator.c: what an operator asks of the goose. */
uint64_t patience_us(const struct goose_election *e);
enum goose_outcome choose_heir(const struct step *s, struct goose_text address, int *heir);
enum goose_outcome removal_begin(struct step *s, struct goose_text address, bool force);
enum goose_outcome voters_begin(struct step *s, uint8_t wanted);

/* requests.c: requests of operators and clients, here and forwarded. */
enum goose_refusal handle_request_here(struct step *s, const struct goose_event *event);
enum goose_refusal handle_request(struct step *s, const struct arrival *arrival);
enum goose_refusal handle_result(struct step *s, const struct arrival *arrival);
void requests_turn(struct step *s);
void requests_settle(struct step *s);
void stop_answer(struct step *s);

/* decide.c: what a step comes to, once, at its end. */
void decide(struct step *s);

/* Below them all, observers.c: the table. */
struct goose_observer *observers_find(struct goose_observers *table, uint64_t uid);
struct goose_observer *observers_admit(struct goose_observers *table, uint64_t uid,
                                       uint64_t now_us);
void observers_drop(struct goose_observers *table, struct goose_observer *observer);
void observers_clear(struct goose_observers *table);
struct goose_observer *observers_next_due(struct goose_observers *table); /* NULL: none at all */
void observers_set_due(struct goose_observers *table, struct goose_observer *observer,
                       uint64_t due_us);
void observers_set_waits(struct goose_observers *table, struct goose_observer *observer,
                         bool waits);
struct goose_observer *observers_get(struct goose_observers *table,
                                     uint32_t index); /* 0..count-1 */
struct goose_observer *observers_first_waiting(struct goose_observers *table);
struct goose_observer *observers_next_waiting(struct goose_observers *table,
                                              const struct goose_observer *observer);

#endif
