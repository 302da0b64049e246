/* spent.c: messages that can do nothing any more, whatever happens next. They are taken out of flight at once: to be
 * delivered or to be lost is the same for them, and a state with one may do no more than the state without it.
 *
 *   any message    for a life that is over (but a HELLO is answered nevertheless)
 *   ACK            of a term that the receiver's disk has reached, unless the receiver is goose of that very term: it
 *                  will never be (again), for each candidacy is of a new term; and only a goose looks at an ACK
 *   VOTE reply     of a round that the receiver does not ask for now: a round is of one life and one term, it had begun
 *                  when it was asked for, and a candidate of a term is not one twice
 *   CANVASS reply  of another round than that of the receiver's life and term: neither goes back
 *   RESIGN, and the resignation that a reply tells of (`after`)
 *                  of a term below the receiver's, if the receiver knows of it or of a later one, and is bound by no
 *                  promise to it: it can be promised nothing in that term any more, and no heir stands for it. As long
 *                  as there may be crashes it counts: a crash forgets what resignations were heard
 *
 * And the core has to agree: delivered now, it changes nothing. All of them go through the envelope as well. What that
 * learns (contacts) is not kept where every seat is claimed and nobody is born twice; in other worlds nothing is taken
 * for spent. */
#include "model.h"

static bool same(const struct goose_tenure *a, const struct goose_tenure *b)
{
    return a->term == b->term && a->uid == b->uid && a->life == b->life;
}

static bool is_old_news(const struct goose_tenure *over, const struct facts *f, bool may_crash)
{
    if (over->term == 0) return true;
    if (may_crash || !f->up || over->term >= f->term) return false;
    if (f->promised && same(&f->promise, over)) return false;
    if (same(&f->after, over)) return true;
    bool followed = f->heard_goose.term == over->term && f->heard_goose.uid == over->uid;
    return over->term < f->after.term && !followed;
}

bool message_is_spent(uint32_t message, const struct state *state)
{
    const struct message_facts *m = message_facts(message);
    int node = node_of_life(m->for_life);
    const struct facts *f = node < 0 ? NULL : node_facts(state->nodes[node]);
    bool newborns = world.start == START_NEWBORN || world.start == START_FOUNDED;

    if (f == NULL) return false;
    bool over = m->for_life != f->life;
    if (over && (f->up || m->kind != GOOSE_MESSAGE_HELLO)) return true;
    if (newborns || world.lost_disks > 0) return false;
    switch ((enum goose_message_kind)m->kind) {
    case GOOSE_MESSAGE_ACK:
        return m->term < f->own_disk_term ||
               (m->term == f->own_disk_term && (f->role != GOOSE_ROLE_GOOSE || !m->yes));
    case GOOSE_MESSAGE_VOTE_REPLY:
        return m->round != f->vote_round && is_old_news(&m->over, f, state->crashes > 0);
    case GOOSE_MESSAGE_CANVASS_REPLY:
        return m->round != f->canvass_round && is_old_news(&m->over, f, state->crashes > 0);
    case GOOSE_MESSAGE_RESIGN: return is_old_news(&m->over, f, state->crashes > 0);
    case GOOSE_MESSAGE_HEARTBEAT:
    case GOOSE_MESSAGE_CANVASS:
    case GOOSE_MESSAGE_VOTE:
    case GOOSE_MESSAGE_HELLO:
    case GOOSE_MESSAGE_WELCOME:
    case GOOSE_MESSAGE_REQUEST:
    case GOOSE_MESSAGE_RESULT:
    case GOOSE_MESSAGE_STALE:
    case GOOSE_MESSAGE_KINDS:
    default: return false;
    }
}
