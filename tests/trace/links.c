/* links.c: what a scenario does to the network, and messages made by hand. */
#include <string.h>

#include "call.h"
#include "craft.h"

static bool each_link(struct call *c, void (*act)(struct call *c, struct link *link))
{
    bool both = c->word[0] == '<';

    if (strcmp(c->word, "->") != 0 && strcmp(c->word, "<->") != 0) return wrong(c, "-> or <->");
    for (int i = 0; i < c->node_count; i++)
        for (int j = 0; j < c->other_count; j++) {
            int from = world_index(c->w, c->nodes[i]), to = world_index(c->w, c->others[j]);
            act(c, &c->w->links[from][to]);
            if (both) act(c, &c->w->links[to][from]);
        }
    return true;
}

static void link_cut(struct call *c, struct link *link)
{
    (void)c;
    link->cut = true;
}

static void link_heal(struct call *c, struct link *link)
{
    (void)c;
    link->cut = false;
    link->holds = 0;
    link->takes_us = LINK_US_DEFAULT;
}

static void link_take(struct call *c, struct link *link)
{
    link->takes_us = c->us;
}

static void link_hold(struct call *c, struct link *link)
{
    link->holds = c->kinds;
}

bool cmd_cut(struct call *c)
{
    return each_link(c, link_cut);
}

bool cmd_heal(struct call *c)
{
    return each_link(c, link_heal);
}

bool cmd_heal_all(struct call *c)
{
    for (int i = 0; i < NODES_MAX; i++)
        for (int j = 0; j < NODES_MAX; j++)
            link_heal(c, &c->w->links[i][j]);
    return true;
}

bool cmd_take(struct call *c)
{
    return each_link(c, link_take);
}

bool cmd_hold_link(struct call *c)
{
    return each_link(c, link_hold);
}

bool cmd_partition(struct call *c)
{
    for (int i = 0; i < c->node_count; i++)
        for (int j = 0; j < c->other_count; j++) {
            int a = world_index(c->w, c->nodes[i]), b = world_index(c->w, c->others[j]);
            c->w->links[a][b].cut = true;
            c->w->links[b][a].cut = true;
        }
    return true;
}

static bool release(struct call *c, bool deliver)
{
    bool any = false;

    for (int i = 0; i < c->node_count; i++)
        for (int j = 0; j < c->other_count; j++)
            if (network_release(c->w, world_index(c->w, c->nodes[i]),
                                world_index(c->w, c->others[j]), c->kinds, deliver))
                any = true;
    return any || wrong(c, "nothing is held there");
}

bool cmd_deliver(struct call *c)
{
    return release(c, true);
}

bool cmd_drop(struct call *c)
{
    return release(c, false);
}

bool cmd_repeat(struct call *c)
{
    for (int kind = 1; kind < GOOSE_MESSAGE_KINDS; kind++)
        if ((c->kinds >> kind & 1) != 0 &&
            network_repeat(c->w, world_index(c->w, c->nodes[0]), world_index(c->w, c->others[0]),
                           (enum goose_message_kind)kind))
            return true;
    return wrong(c, "nothing of that kind went that way");
}

bool cmd_gets(struct call *c)
{
    if (!c->nodes[0]->up) return wrong(c, "it is down");
    return craft_give(c->w, c->nodes[0], c->word, c->second, c->body, c->wrong);
}
