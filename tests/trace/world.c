/* world.c: nodes and time. It carries the actions of each step out in the order that election.h
 * asks for, and checks what must hold at every instant; it decides nothing. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tell.h"

#define OBSERVERS_ROOM 16
#define SPINS_MAX      1000
#define SECOND_US      UINT64_C(1000000)

struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);

    if (w == NULL) abort();
    w->now_us = 1000 * SECOND_US;
    w->zero_us = w->now_us;
    w->watch = WATCH_DEFAULT;
    return w;
}

void world_free(struct world *w)
{
    network_free(w);
    for (int i = 0; i < w->count; i++)
        free(w->nodes[i].observers);
    report_free(&w->report);
    free(w);
}

struct node *world_find(struct world *w, const char *name)
{
    for (int i = 0; i < w->count; i++)
        if (strcmp(w->nodes[i].name, name) == 0) return &w->nodes[i];
    return NULL;
}

struct node *world_at(struct world *w, struct goose_text address)
{
    for (int i = 0; i < w->count; i++)
        if (goose_text_equal(goose_address_text(&w->nodes[i].address), address))
            return &w->nodes[i];
    return NULL;
}

int world_index(const struct world *w, const struct node *node)
{
    return (int)(node - w->nodes);
}

static void default_options(struct goose_election_options *options,
                            const struct goose_address *self)
{
    options->self = *self;
    options->priority = GOOSE_PRIORITY_DEFAULT;
    options->voters = 5;
    options->heartbeat_us = 50000;
    options->lease_us = 300000;
    options->dead_after_us = 10 * SECOND_US;
    options->name_tag = goose_digest_bytes(0, "goosed", 6);
}

struct node *world_add(struct world *w, const char *name)
{
    char chars[NAME_CHARS_MAX + sizeof TRACE_PORT];
    struct goose_address address;

    int bytes = snprintf(chars, sizeof chars, "%s%s", name, TRACE_PORT);
    if (bytes >= 20 || w->count == NODES_MAX || world_find(w, name) != NULL) return NULL;
    if (!goose_address_keep(&address, (struct goose_text){chars, (uint8_t)bytes})) return NULL;
    struct node *node = &w->nodes[w->count++];
    snprintf(node->name, sizeof node->name, "%s", name);
    node->address = address;
    node->watch = w->watch;
    node->clock_ahead_us = (uint64_t)w->count * 10000 * SECOND_US;
    node->rng.state = goose_digest_bytes(1, name, strlen(name));
    node->wake_at_us = UINT64_MAX;
    default_options(&node->options, &address);
    node->observers = calloc(1, goose_observers_bytes(OBSERVERS_ROOM));
    if (node->observers == NULL) abort();
    for (int i = 0; i < w->count; i++) {
        w->links[i][w->count - 1].takes_us = LINK_US_DEFAULT;
        w->links[w->count - 1][i].takes_us = LINK_US_DEFAULT;
    }
    return node;
}

uint64_t node_now_us(const struct world *w, const struct node *node)
{
    return w->now_us + node->clock_ahead_us;
}

uint64_t world_uid(struct world *w, const char *name)
{
    uint64_t uid = uid_of(&w->names, name);

    if (uid != 0) return uid;
    uid = goose_digest_bytes(2, name, strlen(name)) | 1;
    uid_keep(&w->names, uid, name);
    return uid;
}

struct node *world_goose(struct world *w)
{
    struct node *goose = NULL;

    for (int i = 0; i < w->count; i++) {
        struct node *node = &w->nodes[i];
        if (!node->up || !goose_election_is_goose(&node->e, node_now_us(w, node))) continue;
        if (goose != NULL && w->two_geese == 0) {
            w->two_geese = 1;
            tell_broken(w, node, "S1: it claims while another does");
        }
        goose = node;
    }
    return goose;
}

static void judge(struct world *w, const struct node *node, const char *wrong)
{
    if (wrong != NULL) tell_broken(w, node, wrong);
}

static void node_step(struct world *w, struct node *node, struct goose_event *event)
{
    static struct goose_election before;
    static struct goose_actions actions;

    event->now_us = node_now_us(w, node);
    event->entropy = rng_next(&node->rng);
    event->observers = node->observers;
    enum goose_refusal refusal = carry_step(&node->carry, &node->e, event, &actions, &before);
    if (event->kind == GOOSE_EVENT_START && refusal == GOOSE_REFUSAL_NONE)
        uid_learn(&w->names, goose_election_durable(&node->e)->uid, node->name);
    tell_step(w, node, event, refusal, &actions);
    judge(w, node, node->carry.wrong);
}

static void node_retire(struct world *w, struct node *node)
{
    tell(w, node, "sets its state aside", "");
    node_crash(w, node);
    node->disk.present = false;
    node_start(w, node);
}

void node_handle(struct world *w, struct node *node, struct goose_event event)
{
    struct carry *carry = &node->carry;
    enum carry_next now;

    if (!node->up) return;
    node_step(w, node, &event);
    do {
        now = carry_next(carry);
        judge(w, node, carry->wrong);
        switch (now) {
        case CARRY_SAVE:
            judge(w, node, disk_write(&node->disk, &node->e));
            node->drive.due_us = w->now_us + node->drive.takes_us;
            break;
        case CARRY_SEND: network_send(w, node, carry->send); break;
        case CARRY_ARM: node->wake_at_us = carry->actions->wake_at_us; break;
        case CARRY_ANNOUNCE: (void)world_goose(w); break;
        case CARRY_GO_ON:
            node_step(w, node, &(struct goose_event){.kind = GOOSE_EVENT_GO_ON});
            break;
        case CARRY_RETIRE: node_retire(w, node); break;
        case CARRY_WITHDRAW: will_write(&node->will, &node->e); break;
        case CARRY_NOTHING:
        case CARRY_DONE: break;
        }
    } while (now != CARRY_DONE);
    if (node->disk.writing && node->drive.mode != DISK_HOLDS && node->drive.due_us <= w->now_us)
        (void)node_write_ends(w, node);
}

bool node_write_ends(struct world *w, struct node *node)
{
    struct goose_event event = {.kind = GOOSE_EVENT_SAVED};

    if (!node->disk.writing) return false;
    event.saved.generation = node->carry.writing;
    event.saved.ok = node->drive.mode != DISK_FAILS;
    if (event.saved.ok) disk_land(&node->disk);
    node->disk.writing = false;
    node_handle(w, node, event);
    return true;
}

void node_start(struct world *w, struct node *node)
{
    struct goose_event event = {.kind = GOOSE_EVENT_START};

    memset(&node->e, 0, sizeof node->e);
    memset(&node->carry, 0, sizeof node->carry);
    memset(&node->will, 0, sizeof node->will);
    goose_observers_init(node->observers, OBSERVERS_ROOM);
    node->up = true;
    node->paused = false;
    node->wake_at_us = UINT64_MAX;
    event.start.options = &node->options;
    event.start.saved = disk_read(&node->disk);
    node_handle(w, node, event);
}

/* A write that had not ended is lost. */
void node_crash(struct world *w, struct node *node)
{
    (void)w;
    node->up = false;
    node->paused = false;
    node->disk.writing = false;
    node->wake_at_us = UINT64_MAX;
}

void node_kill(struct world *w, struct node *node)
{
    node_crash(w, node);
    will_open(&node->will, node_now_us(w, node));
}

void node_options(struct world *w, struct node *node)
{
    struct goose_event event = {.kind = GOOSE_EVENT_OPTIONS};

    event.options.options = &node->options;
    node_handle(w, node, event);
}

/* What is due first: a disk, then a datagram, then a timer, then a last will. */
static uint64_t disks_due(struct world *w, struct node **due)
{
    uint64_t first_us = UINT64_MAX;

    for (int i = 0; i < w->count; i++) {
        struct node *node = &w->nodes[i];
        bool goes_on = node->up && !node->paused && node->disk.writing;
        if (goes_on && node->drive.mode != DISK_HOLDS && node->drive.due_us < first_us) {
            first_us = node->drive.due_us;
            *due = node;
        }
    }
    return first_us;
}

static uint64_t timers_due(struct world *w, struct node **due)
{
    uint64_t first_us = UINT64_MAX;

    for (int i = 0; i < w->count; i++) {
        struct node *node = &w->nodes[i];
        if (!node->up || node->paused || node->wake_at_us == UINT64_MAX) continue;
        uint64_t wake_us = node->wake_at_us > node->clock_ahead_us
                               ? node->wake_at_us - node->clock_ahead_us
                               : w->now_us;
        if (wake_us < w->now_us) wake_us = w->now_us;
        if (wake_us < first_us) {
            first_us = wake_us;
            *due = node;
        }
    }
    return first_us;
}

static void time_goes_on(struct world *w, uint64_t to_us)
{
    if (to_us <= w->now_us) return;
    w->now_us = to_us;
    w->two_geese = 0;
    for (int i = 0; i < w->count; i++)
        w->nodes[i].spins = 0;
}

static void timer_fires(struct world *w, struct node *node)
{
    if (++node->spins > SPINS_MAX) {
        tell_broken(w, node, "its timer fires for ever");
        node_crash(w, node);
        return;
    }
    node_handle(w, node, (struct goose_event){.kind = GOOSE_EVENT_DEADLINE});
}

bool world_next(struct world *w, uint64_t limit_us)
{
    struct node *disk = NULL, *timer = NULL, *will = NULL;
    struct packet *packet = network_due(w);
    uint64_t disk_us = disks_due(w, &disk);
    uint64_t timer_us = timers_due(w, &timer);
    uint64_t will_us = wills_due(w, &will);
    uint64_t packet_us = packet == NULL ? UINT64_MAX : packet->due_us;
    uint64_t first_us = disk_us < packet_us ? disk_us : packet_us;

    if (timer_us < first_us) first_us = timer_us;
    if (will_us < first_us) first_us = will_us;
    if (first_us > limit_us) return false;
    time_goes_on(w, first_us);
    if (disk_us == first_us)
        (void)node_write_ends(w, disk);
    else if (packet_us == first_us)
        network_deliver(w, packet);
    else if (timer_us == first_us)
        timer_fires(w, timer);
    else
        will_speaks(w, will);
    return true;
}

void world_run(struct world *w, uint64_t until_us)
{
    while (world_next(w, until_us))
        continue;
    time_goes_on(w, until_us);
}
