/* lives.c: lives by name, and what a message means to whom. A life is the how many-th start of the how many-th uid at
 * which node. What one node knows of another's life is not kept: a contact's life says only whose it is (start 0), and
 * what is sent to it is for the life that is present when it is sent, and goes where that is. So a node knows at once
 * who has started anew or moved: it may do whatever one does that has to be told by HELLO, and loses no message more.
 * What was sent for a life that is over is refused by the core itself. */
#include "model.h"

#define LIFE_MARK UINT64_C(0x1fe50000)

uint64_t life_named(unsigned node, unsigned birth, uint64_t start)
{
    return start << 32 | LIFE_MARK | (node + 1) << 8 | (birth + 1);
}

/* Of whoever has this uid. */
uint64_t life_of_uid(uint64_t uid)
{
    int node = node_of_uid(uid);
    return node < 0 ? LIFE_MARK : life_named((unsigned)node, birth_of_uid(uid), 0);
}

int node_of_life(uint64_t life)
{
    bool named = (life & 0xffff0000) == LIFE_MARK && life >> 40 == 0;
    return named ? (int)(life >> 8 & 0xff) - 1 : -1;
}

/* The message as it leaves: for the present life of whom it is meant for; 0: nobody there will ever take it. A HELLO may
 * name nobody, and then is for whoever lives there. */
uint32_t message_leaves(uint32_t message, const struct state *state)
{
    const struct message_facts *m = message_facts(message);
    int node = node_of_life(m->for_life);

    if (node < 0) return m->for_life == 0 ? message : 0;
    const struct facts *f = node_facts(state->nodes[node]);
    bool same = f->up && (uint32_t)f->life == (uint32_t)m->for_life;
    if (!same || (m->for_life >> 32 != 0 && m->for_life != f->life)) return 0;
    return m->for_life == f->life ? message : message_for(message, f->life, f->place);
}

int node_at(const struct state *state, unsigned place)
{
    for (unsigned i = 0; i < world.nodes; i++) {
        const struct facts *f = node_facts(state->nodes[i]);
        if (f->up && f->place == place) return (int)i;
    }
    return -1;
}
