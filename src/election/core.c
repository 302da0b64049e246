/* core.c: what every file of the election stands on: who I am, what is owed to whom, chance, notes, and that something has
 * to be saved. It decides nothing. */
#include "internal.h"
#include "wire_parts.h"

void note(struct step *s, enum goose_note_kind kind, enum goose_reason why, uint64_t uid,
          uint64_t number)
{
    struct goose_actions *actions = s->actions;

    if (actions->note_count == GOOSE_ELECTION_NOTES_MAX) return;
    actions->notes[actions->note_count++] = (struct goose_note){.kind = kind,
                                                                .role = s->e->role,
                                                                .why = why,
                                                                .uid = uid,
                                                                .term = s->e->saved.term,
                                                                .number = number};
}

/* splitmix64: the caller's entropy is stirred in with every event. */
uint64_t chance_u64(struct goose_election *e)
{
    uint64_t z = e->chance += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t chance_below(struct goose_election *e, uint64_t limit)
{
    return limit == 0 ? 0 : chance_u64(e) % limit;
}

/* PROTOCOL 3: once the quarantine has passed, the longest promise given since may replace the one on file. */
void must_save(struct goose_election *e)
{
    if (e->birth.may_shrink && e->longest_given_us > 0) {
        e->birth.may_shrink = false;
        e->saved.longest_promise_us = least_u64(e->saved.longest_promise_us, e->longest_given_us);
    }
    e->generation++;
}

bool all_saved(const struct goose_election *e)
{
    return e->durable == e->generation;
}

int self_seat(const struct goose_election *e)
{
    return goose_roster_seat_of(&e->roster, e->saved.uid, goose_address_text(&e->options.self));
}

bool self_counts(const struct goose_election *e)
{
    return goose_roster_seat_counts(&e->roster, self_seat(e));
}

/* A roster made from flags is no flock yet. */
uint64_t own_flock_id(const struct goose_election *e)
{
    return e->roster.term > 0 ? e->roster.flock_id : 0;
}

struct goose_tenure own_tenure(const struct goose_election *e)
{
    return (struct goose_tenure){e->saved.term, e->saved.uid, e->saved.life};
}

/* All but the counter, which is given to what leaves. */
void message_head(const struct goose_election *e, struct goose_message *m,
                  enum goose_message_kind kind, uint64_t for_life)
{
    m->kind = kind;
    m->with_roster = false;
    m->name_tag = e->options.name_tag;
    m->flock_id = own_flock_id(e);
    m->uid = e->saved.uid;
    m->life = e->saved.life;
    m->for_life = for_life;
    m->term = e->saved.term;
    m->roster_term = e->roster.term;
    m->roster_version = e->roster.version;
    m->address = wire_has_address(kind) ? goose_address_text(&e->options.self)
                                        : (struct goose_text){NULL, 0};
}

void owe(struct goose_election *e, int peer, unsigned what)
{
    e->peers[peer].owed |= what;
    e->owing |= UINT64_C(1) << peer;
}

void owe_not(struct goose_election *e, int peer, unsigned what)
{
    e->peers[peer].owed &= ~what;
    if (e->peers[peer].owed == 0) e->owing &= ~(UINT64_C(1) << peer);
}

void owe_seats(struct goose_election *e, unsigned what)
{
    int self = self_seat(e);

    for (int i = 0; i < e->roster.count; i++)
        if (i != self) owe(e, i, what);
}

bool contact_is_fresh(const struct goose_contact *contact, uint64_t now_us, uint64_t within_us)
{
    return contact->heard_at_us != 0 && now_us - contact->heard_at_us <= within_us;
}

int peer_of(const struct goose_election *e, uint64_t uid)
{
    for (int i = 0; uid != 0 && i < PEERS_MAX; i++)
        if (e->peers[i].contact.uid == uid) return i;
    return -1;
}

/* On the goose: this member said, in this term, that it has the roster in use on its disk. */
bool acked_roster(const struct goose_election *e, const struct goose_follower *f)
{
    return f->term == e->saved.term && f->roster_term == e->roster.term &&
           f->roster_version == e->roster.version;
}

/* On the goose: it is there, as far as one can know: it acknowledged what I sent less than half a lease ago. */
bool acked_lately(const struct goose_election *e, const struct goose_follower *f)
{
    return f->term == e->saved.term && f->sent_at_us != 0 &&
           e->now_us - f->sent_at_us <= e->reign.lease_us / 2;
}
