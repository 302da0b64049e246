/* look.c: what a scenario shows, and what it can wait for. */
#include <string.h>

#include "call.h"
#include "tell.h"

/* Looking. */

bool cmd_show(struct call *c)
{
    for (int i = 0; i < c->node_count; i++)
        tell_state(c->w, c->nodes[i]);
    return true;
}

bool cmd_claims(struct call *c)
{
    for (int i = 0; i < c->node_count; i++)
        tell_claim(c->w, c->nodes[i]);
    return true;
}

/* watch WORD... [of NODE...]; without nodes it goes for those to come as well. */
bool watch(struct call *c, bool show)
{
    unsigned bits = 0;
    int at = 1;

    for (; at < c->count && strcmp(c->words[at], "of") != 0; at++) {
        unsigned bit = watch_of_word(c->words[at]);
        if (bit == 0) return wrong(c, "nobody knows what to watch");
        bits |= bit;
    }
    if (at == c->count) {
        c->w->watch = show ? c->w->watch | bits : c->w->watch & ~bits;
        for (c->node_count = 0; c->node_count < c->w->count; c->node_count++)
            c->nodes[c->node_count] = &c->w->nodes[c->node_count];
    } else if (at++, !match_nodes(c, &at, c->nodes, &c->node_count) || at != c->count) {
        return wrong(c, "of whom?");
    }
    for (int i = 0; i < c->node_count; i++)
        c->nodes[i]->watch = show ? c->nodes[i]->watch | bits : c->nodes[i]->watch & ~bits;
    return true;
}

/* Waiting. */

bool is_goose(struct call *c)
{
    return world_goose(c->w) != NULL;
}

bool is_no_goose(struct call *c)
{
    return world_goose(c->w) == NULL;
}

bool is_role(struct call *c)
{
    const struct node *node = c->nodes[0];

    return node->up && strcmp(goose_role_name(node->e.role), c->word) == 0;
}

bool is_voter(struct call *c)
{
    return c->nodes[0]->up &&
           goose_roster_find_uid(&c->nodes[0]->e.roster, c->nodes[0]->e.saved.uid) >= 0;
}

bool is_no_voter(struct call *c)
{
    return !is_voter(c);
}

bool is_follower(struct call *c)
{
    struct goose_election_view view;

    if (!c->nodes[0]->up) return false;
    goose_election_view(&c->nodes[0]->e, node_now_us(c->w, c->nodes[0]), &view);
    return view.goose_uid == c->others[0]->e.saved.uid;
}

bool is_committed(struct call *c)
{
    struct goose_election_view view;
    struct node *goose = world_goose(c->w);

    if (goose == NULL) return false;
    goose_election_view(&goose->e, node_now_us(c->w, goose), &view);
    return view.committed;
}

bool is_word(struct call *c)
{
    return c->w->report.lines > c->number;
}
