/* nodes.c: what a scenario does to nodes: their lives, options, disks, and requests to them. */
#include <stdio.h>

#include "call.h"
#include "script.h"

/* The flock. */

bool cmd_flock(struct call *c)
{
    return setup_flock(c->w, c->nodes, c->node_count) || wrong(c, "no goose came");
}

bool cmd_stored(struct call *c)
{
    setup_stored(c->w, c->nodes, c->node_count);
    return true;
}

bool cmd_nodes(struct call *c)
{
    return c->node_count > 0;
}

bool cmd_start(struct call *c)
{
    for (int i = 0; i < c->node_count; i++) {
        if (c->nodes[i]->up) return wrong(c, "it runs already");
        if (c->nodes[i]->will.left > 0) return wrong(c, "its helper has its lock still");
        node_start(c->w, c->nodes[i]);
    }
    return true;
}

bool cmd_crash(struct call *c)
{
    for (int i = 0; i < c->node_count; i++)
        node_crash(c->w, c->nodes[i]);
    return true;
}

bool cmd_kill(struct call *c)
{
    for (int i = 0; i < c->node_count; i++)
        node_kill(c->w, c->nodes[i]);
    return true;
}

bool cmd_restart(struct call *c)
{
    return cmd_crash(c) && cmd_start(c);
}

bool cmd_pause(struct call *c)
{
    for (int i = 0; i < c->node_count; i++)
        c->nodes[i]->paused = true;
    return true;
}

bool cmd_resume(struct call *c)
{
    for (int i = 0; i < c->node_count; i++)
        c->nodes[i]->paused = false;
    return true;
}

/* Options: before the start as flags, later as if they had been read again. */

static bool options_read(struct call *c)
{
    for (int i = 0; i < c->node_count; i++)
        if (c->nodes[i]->up) node_options(c->w, c->nodes[i]);
    return true;
}

bool cmd_lease(struct call *c)
{
    for (int i = 0; i < c->node_count; i++)
        c->nodes[i]->options.lease_us = (uint32_t)c->us;
    return options_read(c);
}

bool cmd_heartbeat(struct call *c)
{
    for (int i = 0; i < c->node_count; i++)
        c->nodes[i]->options.heartbeat_us = (uint32_t)c->us;
    return options_read(c);
}

bool cmd_dead_after(struct call *c)
{
    for (int i = 0; i < c->node_count; i++)
        c->nodes[i]->options.dead_after_us = c->us;
    return options_read(c);
}

bool cmd_priority(struct call *c)
{
    for (int i = 0; i < c->node_count; i++)
        c->nodes[i]->options.priority = (uint8_t)c->number;
    return options_read(c);
}

bool cmd_voters(struct call *c)
{
    for (int i = 0; i < c->node_count; i++)
        c->nodes[i]->options.voters = (uint8_t)c->number;
    return options_read(c);
}

bool cmd_observer(struct call *c)
{
    for (int i = 0; i < c->node_count; i++)
        c->nodes[i]->options.observer = true;
    return options_read(c);
}

/* --peers and --join are given to the library alike: as the roster that these addresses make. */
static bool addresses_of(struct call *c, const struct goose_election_options *options,
                         struct goose_roster *roster)
{
    struct goose_address addresses[NODES_MAX];

    for (int i = 0; i < c->other_count; i++)
        addresses[i] = c->others[i]->address;
    return goose_roster_bootstrap(roster, options->name_tag, addresses, (size_t)c->other_count) ==
               GOOSE_ROSTER_OK ||
           wrong(c, "no roster of these");
}

bool cmd_peers(struct call *c)
{
    for (int i = 0; i < c->node_count; i++) {
        struct goose_election_options *options = &c->nodes[i]->options;
        if (!addresses_of(c, options, &options->peers)) return false;
    }
    return true;
}

bool cmd_join(struct call *c)
{
    for (int i = 0; i < c->node_count; i++) {
        struct goose_election_options *options = &c->nodes[i]->options;
        if (!addresses_of(c, options, &options->join)) return false;
    }
    return true;
}

bool cmd_move(struct call *c)
{
    char chars[NAME_CHARS_MAX + sizeof TRACE_PORT];
    struct node *node = c->nodes[0];

    int bytes = snprintf(chars, sizeof chars, "%s%s", c->word, TRACE_PORT);
    if (node->up || bytes >= 20) return wrong(c, "not while it runs");
    node->options.self.bytes = 0;
    if (!goose_address_keep(&node->address, (struct goose_text){chars, (uint8_t)bytes}))
        return wrong(c, "no address");
    node->options.self = node->address;
    return true;
}

/* Disks. */

bool cmd_disk_holds(struct call *c)
{
    c->nodes[0]->drive.mode = DISK_HOLDS;
    return true;
}

bool cmd_disk_done(struct call *c)
{
    return node_write_ends(c->w, c->nodes[0]) || wrong(c, "it writes nothing");
}

bool cmd_disk_works(struct call *c)
{
    c->nodes[0]->drive.mode = DISK_WORKS;
    c->nodes[0]->drive.takes_us = 0;
    c->nodes[0]->drive.due_us = c->w->now_us;
    return true;
}

bool cmd_disk_takes(struct call *c)
{
    c->nodes[0]->drive.takes_us = c->us;
    return true;
}

bool cmd_disk_fails(struct call *c)
{
    c->nodes[0]->drive.mode = DISK_FAILS;
    return true;
}

bool cmd_disk_lost(struct call *c)
{
    if (c->nodes[0]->up) return wrong(c, "not while it runs");
    c->nodes[0]->disk.present = false;
    return true;
}

bool cmd_disk_copied(struct call *c)
{
    disk_copy(&c->nodes[0]->disk);
    return true;
}

bool cmd_disk_brought_back(struct call *c)
{
    if (c->nodes[0]->up) return wrong(c, "not while it runs");
    disk_bring_back(&c->nodes[0]->disk);
    return true;
}

/* Requests. */

static bool ask(struct call *c, enum goose_request_kind kind, bool force)
{
    struct goose_event event = {.kind = GOOSE_EVENT_REQUEST};

    for (int i = 0; i < c->node_count; i++) {
        event.request.id = ++c->nodes[i]->request_id;
        event.request.kind = kind;
        event.request.force = force;
        event.request.hold_us = c->us;
        event.request.wanted = (uint8_t)c->number;
        if (kind == GOOSE_REQUEST_HOLD) c->nodes[i]->hold_id = event.request.id;
        if (c->other_count > 0) event.request.address = goose_address_text(&c->others[0]->address);
        node_handle(c->w, c->nodes[i], event);
    }
    return true;
}

bool cmd_hold(struct call *c)
{
    return ask(c, GOOSE_REQUEST_HOLD, false);
}

bool cmd_hand_over(struct call *c)
{
    return ask(c, GOOSE_REQUEST_HANDOVER, false);
}

bool cmd_remove(struct call *c)
{
    return ask(c, GOOSE_REQUEST_REMOVE, false);
}

bool cmd_remove_by_force(struct call *c)
{
    return ask(c, GOOSE_REQUEST_REMOVE, true);
}

bool cmd_want(struct call *c)
{
    return ask(c, GOOSE_REQUEST_VOTERS, false);
}

bool cmd_drain(struct call *c)
{
    return ask(c, GOOSE_REQUEST_DRAIN, false);
}

bool cmd_undrain(struct call *c)
{
    return ask(c, GOOSE_REQUEST_UNDRAIN, false);
}

bool cmd_stop(struct call *c)
{
    return ask(c, GOOSE_REQUEST_STOP, false);
}

/* Work in the goose's name. */

static bool work(struct call *c, bool more)
{
    for (int i = 0; i < c->node_count; i++) {
        struct node *node = c->nodes[i];
        struct goose_event event = {.kind = GOOSE_EVENT_WORK};
        event.work.open = more ? node->e.reign.work_open + 1 : 0;
        event.work.grace_us = more ? c->us : 0;
        node_handle(c->w, node, event);
    }
    return true;
}

bool cmd_work(struct call *c)
{
    return work(c, true);
}

bool cmd_work_leaves(struct call *c)
{
    return work(c, false);
}
