/* canon.c: the canonical form of a node and of a message: what is left out of a state, and why that is sound. (Of a
 * state as a whole: alike.c takes nodes for each other, spent.c drops messages that can do nothing any more.)
 *
 * The canonical form is itself a state of the real core, and the exploration goes on from it. So it is enough to argue
 * that it may do whatever the state that it stands for may do ("more" below: it may do that and other things too; then
 * what is never broken here is not broken there). Everything that is not named here is kept to the bit.
 *
 *   now and all times      kept relative to now, in whole ticks. All clocks are one: the 5 % between them is argued on
 *                          paper and left to the simulator
 *   what ends by a time    (promise, quarantine, hold, wait of a newborn, the goose's word to a follower): rounded down
 *                          to a tick, so a promise is as long as the lease and no longer: more. Ended: 0
 *   what began by a time   (sending times, the lease's base): older than a lease is a lease old: nothing rests on it
 *   deadlines              (stand, round, asking again, heartbeat, HELLO, request, greeting): far away, and each may be
 *                          due at any moment, as a transition: more. So jitter, back-off, failures in a row, succession
 *                          delay and rank, who was said HELLO to last, and silence need not be kept
 *   succession delay       0 where canvasses are messages. Else not 0: whose turn has come stands in a transition of
 *                          its own, never within the step that told it so (a RESIGN): what it does there it may do next
 *   removal, how long      it is given up at any moment: where the next is asked for: more
 *   heard at, silent since now; that a seat has been silent for long is a transition: more
 *   lives                  of contacts: known, always the present ones (lives.c): more. And an older life is never refused:
 *                          more. So who has started anew is asked again when that is due, not because it has
 *   shown term, counters   of contacts: forgotten. That a node is told that it runs on an old copy is left to the
 *                          simulator: no disk goes back in time here
 *   greeting               all know me; that some do not, and are greeted, is a transition. What STALE brings about is a
 *                          HELLO, a transition as well. Where a world has no HELLOs there are none of all these
 *   invites                whether there is one; each is good: more. Questions back and bounds of the rate: forgotten: more
 *   proven, from           a contact is where its uid was at first; lives.c knows where that is now: more
 *   founding               one name for all
 *   contacts               of claimed seats: all heard already. Only the way to them would be learnt
 *   my own seat's peer     0: it is never looked at
 *   answered               as `yes` says: who refused may be asked again: more
 *   after, in a question   read when it arrives and never again
 *   word of the goose      (until when it is known) matters for HELLO only, and is 0 where none is said
 *   what was told (S3)     in a term below the one on disk: no term falls, check_step() sees to that
 *   chance                 the same each time. What it names is named by what it is of: a life by whose and how many-th,
 *                          a round by (life, term, kind), and by its uid where one node has several: it goes to the
 *                          asker and back and is compared, no more; a canvass round of one term is one round: more
 *   counters and windows   start anew at each step: no window ever refuses; duplication is a transition: more
 *   seq                    one for all: an old heartbeat or ACK is never refused: more
 *   generations            0 if on disk, else in their order: they are only compared
 *   RESIGN, three times    once: the second is the first, later (but for the head's term and roster)
 *   answers to operators   forgotten, and with them the request: a request that waits is one that is asked later
 *   reign, round, follower what is read only as goose, candidate or both is 0 in every other role
 *   what is answered       0 when nothing is owed and nothing kept
 *   round trips            not measured: the stagger is what the world says
 *   longest promise given  since the start: the longest on file, for all are equally long
 *   birth                  of who has a flock's roster: it is never looked at again
 *   making way (yielded)   not kept where no canvass is sent
 *   tries, knocks, settled, notes and why: only speed and words depend on them
 *
 * Places in a roster decide who yields to a canvass, who stands first in a cold start, and who of equals is the heir:
 * so a world that canvasses with messages, or removes its goose, takes no nodes for each other, and one of newborns
 * only the second and the third. An heir is named by who asks for the handover: each node in turn. */
#include <string.h>

#include "model.h"

/* Of who wins a term at a founding there is one at most (else S2 breaks). */
void canon_founding(struct goose_roster *roster)
{
    if (roster->founding != 0) roster->founding = FOUNDING;
}

static void ends(uint64_t *until_us)
{
    if (*until_us <= NOW_US)
        *until_us = 0;
    else
        *until_us -= (*until_us - NOW_US) % TICK_US;
}

static void began(uint64_t *at_us)
{
    if (*at_us == 0 || *at_us >= NOW_US) return; /* and LEASE_ALONE */
    if (*at_us < NOW_US - LEASE_US) *at_us = NOW_US - LEASE_US;
}

static void far(uint64_t *at_us)
{
    *at_us = FAR_US;
}

uint64_t canon_round(uint64_t uid, uint64_t life, uint64_t term, enum goose_message_kind kind)
{
    uint64_t of[4] = {world.alike > 0 ? birth_of_uid(uid) : uid, life >> 32, term, kind};
    return goose_digest_bytes(0, of, sizeof of) | 1;
}

static void canon_contact(struct goose_contact *contact)
{
    *contact = (struct goose_contact){.uid = contact->uid};
    if (contact->uid == 0) return;
    contact->from.bytes[0] = (uint8_t)(node_of_uid(contact->uid) + 1);
    contact->life = life_of_uid(contact->uid);
    contact->heard_at_us = NOW_US;
    contact->proven = true;
}

/* A claimed seat's node may as well have been heard already: nothing but the way to it would be learnt. */
static void contact_known(struct goose_contact *contact, const struct goose_roster *roster,
                          int seat)
{
    if (contact->uid == 0) contact->uid = roster->seats[seat].uid;
}

static void canon_follower(struct goose_follower *f)
{
    began(&f->sent_at_us);
    f->rtt_us = world.stagger_ticks == 0 || f->rtt_us == 0 ? 0 : world.stagger_ticks * TICK_US / 2;
    if (f->seq > 1) f->seq = 1;
}

static void canon_peer(struct peer *peer, const struct goose_election *e)
{
    bool asks = e->role == GOOSE_ROLE_CANVASSING || e->role == GOOSE_ROLE_CANDIDATE;
    bool goose = e->role == GOOSE_ROLE_GOOSE;

    canon_contact(&peer->contact);
    peer->answered = peer->yes;
    memset(&peer->asked.ask.after, 0, sizeof peer->asked.ask.after);
    if (!goose) {
        peer->follower = (struct goose_follower){.rtt_us = peer->follower.rtt_us,
                                                 .priority = GOOSE_PRIORITY_DEFAULT};
        peer->newborn_uid = 0;
        memset(&peer->moved_to, 0, sizeof peer->moved_to);
    }
    canon_follower(&peer->follower);
    peer->newborn_at_us = peer->newborn_uid == 0 ? 0 : NOW_US;
    peer->silent_since_us = NOW_US;
    peer->tries = 0;
    peer->invite = peer->invite != 0;
    peer->told_life = 0;
    peer->knows_me = true;
    peer->rank = 0;
    if (!asks) {
        peer->answered = peer->yes = false;
        peer->yes_sent_at_us = 0;
    }
    began(&peer->yes_sent_at_us);
    if (!peer->asked.kept && (peer->owed & OWED_REPLY) == 0)
        memset(&peer->asked, 0, sizeof peer->asked);
    began(&peer->asked.ask.sent_at_us);
    if ((peer->owed & OWED_ACK) == 0) memset(&peer->ack, 0, sizeof peer->ack);
    began(&peer->ack.sent_at_us);
}

static void canon_peers(struct goose_election *e)
{
    int self = goose_roster_seat_of(&e->roster, e->saved.uid, goose_address_text(&e->options.self));

    for (int i = 0; i < PEERS_MAX; i++) {
        bool seat = i < e->roster.count && i != self;
        if (i == self) memset(&e->peers[i], 0, sizeof e->peers[i]);
        if (seat && e->roster.seats[i].uid != 0) contact_known(&e->peers[i].contact, &e->roster, i);
        if (seat || e->peers[i].contact.uid != 0) canon_peer(&e->peers[i], e);
    }
}

static void canon_generations(struct goose_election *e)
{
    uint64_t *of[] = {&e->round.vote_generation, &e->reign.roster_generation,
                      &e->farewell.stands_on, &e->writing, &e->generation};
    const uint64_t marked = UINT64_C(1) << 40;
    uint64_t last = e->durable, next = 2;

    if (e->durable == 0) return;
    for (unsigned i = 0; i < 5; i++)
        if (*of[i] <= e->durable) *of[i] = i < 4 ? 0 : 1;
    for (;;) {
        uint64_t least = UINT64_MAX;
        for (unsigned i = 0; i < 5; i++)
            if (*of[i] > last && *of[i] < least && *of[i] < marked) least = *of[i];
        if (least == UINT64_MAX) break;
        for (unsigned i = 0; i < 5; i++)
            if (*of[i] == least) *of[i] = next + marked;
        last = least;
        next++;
    }
    for (unsigned i = 0; i < 5; i++)
        *of[i] &= marked - 1;
    e->durable = 1;
}

static void canon_round_of(struct goose_election *e)
{
    bool asks = e->role == GOOSE_ROLE_CANVASSING || e->role == GOOSE_ROLE_CANDIDATE;
    uint64_t generation = e->round.vote_generation;

    if (!asks)
        e->round = (struct round){.vote_generation = e->role == GOOSE_ROLE_GOOSE ? generation : 0};
    began(&e->round.began_us);
    far(&e->round.ends_us);
    far(&e->round.ask_at_us);
    e->round.failures = 0;
}

static void canon_reign(struct goose_election *e)
{
    struct reign *reign = &e->reign;

    if (e->role != GOOSE_ROLE_GOOSE) {
        bool candidate = e->role == GOOSE_ROLE_CANDIDATE;
        *reign = (struct reign){.lease_us = candidate ? reign->lease_us : 0,
                                .promise_us = candidate ? reign->promise_us : 0,
                                .heartbeat_us = candidate ? reign->heartbeat_us : 0,
                                .hold_end_us = reign->hold_end_us};
        ends(&reign->hold_end_us);
        e->removal = (struct removal){.active = false};
        return;
    }
    began(&reign->base_us);
    ends(&reign->hold_end_us);
    far(&reign->heartbeat_at_us);
    reign->seq = 2;
    reign->pending_why = GOOSE_REASON_NONE;
    reign->pending_uid = 0;
    far(&e->removal.ends_us);
    e->removal.number = 0;
}

static void canon_birth(struct goose_election *e)
{
    struct birth *birth = &e->birth;

    ends(&birth->wait_end_us);
    far(&birth->listen_end_us);
    memset(birth->questions, 0, sizeof birth->questions);
    birth->may_shrink = false; /* all promises are equally long */
    if (e->roster.term == 0) return;
    birth->newborn = birth->cleared = birth->listening = false;
    birth->knows_flock = true;
    birth->said_none = birth->said_none_in_term_0 = 0;
    birth->wait_end_us = 0;
}

static void canon_hello(struct goose_election *e)
{
    far(&e->hello_at_us);
    e->hello_nonce = canon_round(e->saved.uid, e->saved.life, 0, GOOSE_MESSAGE_HELLO);
    e->hello_turn = 0;
    far(&e->greet_at_us);
    e->invite.knocks = 0;
    e->invite.nonce = e->invite.nonce != 0;
    e->invite.life &= UINT32_MAX;
    if (world.hellos == 0 && !world.greets) memset(&e->invite, 0, sizeof e->invite);
    memset(e->invite_secret, 0, sizeof e->invite_secret);
    memset(&e->bounds, 0, sizeof e->bounds);
}

struct goose_observer *observer_of(struct node *node, uint32_t index)
{
    const struct goose_observers *table =
        (const struct goose_observers *)(const void *)node->observers;
    const uint8_t *at = (const uint8_t *)goose_observers_at(table, index);

    return (struct goose_observer *)(void *)((uint8_t *)node->observers +
                                             (at - (const uint8_t *)node->observers));
}

static void canon_observers(struct node *node)
{
    struct goose_observers *table = (struct goose_observers *)(void *)node->observers;

    for (uint32_t i = 0; world.observers && i < goose_observers_count(table); i++) {
        struct goose_observer *o = observer_of(node, i);
        canon_contact(&o->contact);
        canon_follower(&o->follower);
        far(&o->due_us); /* all alike: the heap stays one */
        o->known_since_us = NOW_US;
    }
}

void canon_node(struct node *node)
{
    struct goose_election *e = &node->e;

    if (!node->up) {
        memset(e, 0, sizeof *e);
        memset(node->observers, 0, sizeof node->observers);
        return;
    }
    e->now_us = NOW_US;
    e->chance = 0;
    e->counter = 0;
    e->told_goose_uid = 0;
    e->two_geese_again_us = 0;
    if (e->writing == 0) e->writing_roster_term = 0;
    e->request_number = 0;
    memset(e->requests, 0, sizeof e->requests);
    memset(e->results, 0, sizeof e->results);
    e->result_next = 0;
    ends(&e->promise.until_us);
    ends(&e->quarantine_end_us);
    ends(&e->heard_goose.until_us);
    far(&e->stand_at_us);
    e->heard_goose.seq = 0;
    if (e->heard_goose.stagger_us == LEASE_US / 30) e->heard_goose.stagger_us = 0;
    e->heard_goose.delay_us = world.canvass ? 0 : TICK_US;
    e->heard_goose.settled = false;
    if (world.hellos == 0 && !world.greets) e->heard_goose.until_us = 0;
    if (e->saved.longest_promise_us > 0) e->longest_given_us = e->saved.longest_promise_us;
    if (!world.canvass) e->yielded = 0;
    if (e->farewell.left < 3)
        memset(&e->farewell, 0, sizeof e->farewell);
    else
        e->farewell.next_us = NOW_US;
    canon_round_of(e);
    canon_reign(e);
    canon_generations(e);
    canon_birth(e);
    canon_hello(e);
    canon_peers(e);
    canon_observers(node);
    for (unsigned term = 0; term < node->disk.term && term < 8; term++)
        node->ghost.told[term] = 0;
}

static void sooner(uint64_t *until_us)
{
    if (*until_us > NOW_US) *until_us -= TICK_US;
    ends(until_us);
}

static void older(uint64_t *at_us)
{
    if (*at_us != 0 && *at_us <= NOW_US) *at_us -= TICK_US;
    began(at_us);
}

static void count_down(uint8_t *left)
{
    if (*left > 0) --*left;
}

static void tick_ghost(struct ghost *ghost)
{
    count_down(&ghost->hold_left);
    count_down(&ghost->page_left);
    if (ghost->page_left == 0) ghost->page_term = 0;
    for (unsigned i = 0; i < NODES_MAX; i++) {
        count_down(&ghost->words[i].left);
        if (ghost->words[i].left == 0) ghost->words[i].term = 0;
    }
}

static void tick_observers(struct node *node)
{
    struct goose_observers *table = (struct goose_observers *)(void *)node->observers;

    for (uint32_t i = 0; world.observers && i < goose_observers_count(table); i++)
        older(&observer_of(node, i)->follower.sent_at_us);
}

void canon_tick(struct node *node)
{
    struct goose_election *e = &node->e;

    tick_ghost(&node->ghost);
    if (!node->up) return;
    sooner(&e->promise.until_us);
    if (world.lie == LIE_PROMISE) sooner(&e->promise.until_us);
    sooner(&e->quarantine_end_us);
    sooner(&e->heard_goose.until_us);
    sooner(&e->reign.hold_end_us);
    sooner(&e->birth.wait_end_us);
    older(&e->round.began_us);
    older(&e->reign.base_us);
    for (int i = 0; i < PEERS_MAX; i++) {
        older(&e->peers[i].follower.sent_at_us);
        older(&e->peers[i].yes_sent_at_us);
        older(&e->peers[i].asked.ask.sent_at_us);
        older(&e->peers[i].ack.sent_at_us);
    }
    tick_observers(node);
}

/* The sending time that a message says or echoes. */
static uint64_t *sent_at(struct goose_message *m)
{
    switch (m->kind) {
    case GOOSE_MESSAGE_HEARTBEAT: return &m->heartbeat.sent_at_us;
    case GOOSE_MESSAGE_ACK: return &m->ack.sent_at_us;
    case GOOSE_MESSAGE_CANVASS:
    case GOOSE_MESSAGE_VOTE: return &m->ask.sent_at_us;
    case GOOSE_MESSAGE_CANVASS_REPLY:
    case GOOSE_MESSAGE_VOTE_REPLY: return &m->reply.sent_at_us;
    case GOOSE_MESSAGE_RESIGN:
    case GOOSE_MESSAGE_HELLO:
    case GOOSE_MESSAGE_WELCOME:
    case GOOSE_MESSAGE_REQUEST:
    case GOOSE_MESSAGE_RESULT:
    case GOOSE_MESSAGE_STALE:
    case GOOSE_MESSAGE_KINDS:
    default: return NULL;
    }
}

void canon_message(struct goose_message *m)
{
    m->counter = 1;
    if (m->kind == GOOSE_MESSAGE_HEARTBEAT) {
        m->heartbeat.seq = 2;
        m->heartbeat.succession_delay_us = 0;
        m->heartbeat.settled = false;
        if (m->heartbeat.founding != 0) m->heartbeat.founding = FOUNDING;
    } else if (m->kind == GOOSE_MESSAGE_CANVASS || m->kind == GOOSE_MESSAGE_VOTE) {
        m->ask.round = canon_round(m->uid, m->life, m->ask.term, m->kind);
        m->ask.succession_delay_us = 0;
    } else if (m->kind == GOOSE_MESSAGE_HELLO) {
        m->hello.nonce = canon_round(m->uid, m->life, 0, GOOSE_MESSAGE_HELLO);
        m->hello.invite = m->hello.invite != 0;
    } else if (m->kind == GOOSE_MESSAGE_WELCOME) {
        m->welcome.invite = 1;
        m->welcome.newest_counter = 0;
    }
}

void canon_message_tick(struct goose_message *m)
{
    uint64_t *at_us = sent_at(m);

    if (at_us != NULL) older(at_us);
}
