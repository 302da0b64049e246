/* moves.c: what one event does to one node. As a node in canonical form knows no time and no chance, the same event does
 * the same to it always: each move is made once by the real core and then remembered. */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define BLOCK_MOVES 65536u
#define BLOCKS_MAX  4096

struct slot {
    uint64_t key;
    uint32_t move;
};

static struct slot *slots;
static uint64_t slot_count, used;
static struct move *blocks[BLOCKS_MAX];
static uint32_t move_count = 1; /* 0: nothing changes */
static sigjmp_buf way_out;
static volatile sig_atomic_t stepping;

/* An assertion of the core that fails is a finding like any other. */
static void aborted(int signal_number)
{
    (void)signal_number;
    if (stepping) siglongjmp(way_out, 1);
}

void moves_begin(void)
{
    struct sigaction action = {.sa_handler = aborted, .sa_flags = SA_NODEFER};

    sigaction(SIGABRT, &action, NULL);
    slot_count = 1 << 16;
    slots = calloc(slot_count, sizeof *slots);
    if (slots == NULL) exit(2);
}

static void run_deadline(struct shell *shell)
{
    struct goose_event event = {.kind = GOOSE_EVENT_DEADLINE};
    shell_step(shell, &event);
}

/* The life of a contact is not kept: it is the one that speaks. */
static void sender_known(struct node *node, const struct goose_message *m)
{
    struct goose_observers *table = (struct goose_observers *)(void *)node->observers;

    for (int i = 0; i < PEERS_MAX; i++)
        if (node->e.peers[i].contact.uid == m->uid) node->e.peers[i].contact.life = m->life;
    for (uint32_t i = 0; world.observers && i < goose_observers_count(table); i++) {
        struct goose_observer *o = observer_of(node, i);
        if (o->contact.uid == m->uid) o->contact.life = m->life;
    }
}

/* What this node says in a WELCOME to this HELLO: which of its invites it is, is not kept. */
static uint64_t invite_given(const struct node *node, const struct goose_event *event)
{
    static struct goose_election asked;
    static struct goose_actions actions;
    struct goose_message m = *event->message.message;
    struct goose_event hello = *event;

    asked = node->e;
    m.hello.invite = 0;
    hello.message.message = &m;
    hello.now_us = NOW_US;
    goose_election_step(&asked, &hello, &actions);
    for (unsigned i = 0; i < actions.send_count; i++)
        if (actions.sends[i].message.kind == GOOSE_MESSAGE_WELCOME)
            return actions.sends[i].message.welcome.invite;
    return 0;
}

static void run_deliver(struct shell *shell, uint32_t number)
{
    static struct goose_roster roster;
    struct message_kept kept = message_get(number);
    struct goose_message message;
    struct goose_event event = {.kind = GOOSE_EVENT_MESSAGE};

    if (!shell->node.up || kept.to != shell->node.place) return;
    if (goose_wire_decode(kept.bytes, kept.count, &message, &roster) != GOOSE_WIRE_OK) {
        shell->move->broken = "a message that cannot be read";
        return;
    }
    event.message.message = &message;
    event.message.roster = message.with_roster ? &roster : NULL;
    event.message.from = (struct goose_endpoint){.bytes = {(uint8_t)(kept.from + 1)}};
    sender_known(&shell->node, &message);
    if (message.kind == GOOSE_MESSAGE_HELLO && message.hello.invite != 0)
        message.hello.invite = invite_given(&shell->node, &event);
    shell_step(shell, &event);
}

/* A canvass changes nothing with those who are asked, so here its answer may be yes whatever they think: each seat in
 * turn says it, until that is a majority. What its answers may teach by the way (a term, a roster, a resignation) votes
 * teach as well; the world `canvass` asks with messages. */
static void run_stand(struct shell *shell)
{
    struct goose_election *e = &shell->node.e;

    shell->deaf = true;
    run_deadline(shell);
    shell->deaf = false;
    for (int i = 0; i < e->roster.count && e->role == GOOSE_ROLE_CANVASSING; i++) {
        uint64_t uid =
            e->roster.seats[i].uid != 0 ? e->roster.seats[i].uid : e->peers[i].contact.uid;
        struct goose_message m = {.kind = GOOSE_MESSAGE_CANVASS_REPLY,
                                  .name_tag = e->options.name_tag,
                                  .uid = uid,
                                  .life = e->peers[i].contact.life,
                                  .counter = 1,
                                  .for_life = e->saved.life,
                                  .address = goose_roster_address(&e->roster, i)};
        int node = node_of_address(m.address);
        if (uid == 0 || uid == e->saved.uid || node < 0) continue;
        m.reply.round = e->round.id;
        m.reply.sent_at_us = NOW_US;
        struct goose_event event = {.kind = GOOSE_EVENT_MESSAGE};
        event.message.message = &m;
        event.message.from = (struct goose_endpoint){.bytes = {(uint8_t)(node + 1)}};
        shell_step(shell, &event);
    }
}

static void run_request(struct shell *shell, enum goose_request_kind kind, int whom)
{
    struct goose_event event = {.kind = GOOSE_EVENT_REQUEST};

    event.request.id = 1;
    event.request.kind = kind;
    event.request.hold_us = LEASE_US;
    event.request.force = true;
    if (whom >= 0) event.request.address = node_address((unsigned)whom);
    shell_step(shell, &event);
}

/* A removal that takes too long is given up, and when that is is anybody's guess: here, when the next one is asked. */
static void run_remove(struct shell *shell, uint32_t whom)
{
    shell->node.e.removal.active = false;
    run_request(shell, GOOSE_REQUEST_REMOVE, (int)whom);
}

static void run_saved(struct shell *shell)
{
    struct node *node = &shell->node;
    struct goose_event event = {.kind = GOOSE_EVENT_SAVED};

    if (!node->is_writing) return;
    if (world.lie != LIE_DISK) node->disk = node->writing;
    memset(&node->writing, 0, sizeof node->writing);
    node->is_writing = false;
    event.saved.generation = node->e.writing;
    event.saved.ok = true;
    shell_step(shell, &event);
}

/* What a client read a moment ago goes on until the lease ends. */
static void run_crash(struct shell *shell, bool landed)
{
    struct node *node = &shell->node;
    uint64_t left_us = goose_election_lease_left_us(&node->e, NOW_US);

    if (left_us > 0) {
        node->ghost.page_left = (uint8_t)((left_us + TICK_US - 1) / TICK_US);
        node->ghost.page_term = (uint8_t)node->e.saved.term;
    }
    if (landed && world.lie != LIE_DISK) node->disk = node->writing;
    memset(&node->writing, 0, sizeof node->writing);
    node->is_writing = node->up = false;
}

/* PROTOCOL 7: its claim is withdrawn, and its RESIGN may come at any time from now on. Nothing starts there before that has
 * left, but the rest may happen in between. */
static void run_kill(struct shell *shell)
{
    static struct goose_will will;
    struct node *node = &shell->node;

    goose_election_will(&node->e, &will);
    run_crash(shell, false);
    if (will.send_count == 0 || will.hold_end_us > NOW_US) return;
    node->ghost.page_left = 0;
    for (int i = 0; i < will.send_count; i++)
        shell_send(shell, &will.sends[i]);
}

/* The uid is gone with its disk: what it told binds nobody any more, but a lease may rest on it still. */
static void run_lose_disk(struct shell *shell)
{
    struct node *node = &shell->node;

    node->ghost.held_term = (uint8_t)node->disk.roster.term;
    node->ghost.held_version = (uint8_t)node->disk.roster.version;
    memset(&node->disk, 0, sizeof node->disk);
    memset(node->ghost.told, 0, sizeof node->ghost.told);
    node->has_disk = false;
    node->ghost.birth++;
}

static void run_due(struct shell *shell, uint64_t *deadline_us)
{
    *deadline_us = NOW_US;
    run_deadline(shell);
}

static void run_heartbeat(struct shell *shell)
{
    struct node *node = &shell->node;
    struct goose_observers *table = (struct goose_observers *)(void *)node->observers;

    for (uint32_t i = 0; world.observers && i < goose_observers_count(table); i++)
        observer_of(node, i)->due_us = NOW_US;
    run_due(shell, &node->e.reign.heartbeat_at_us);
}

static void run_silent(struct shell *shell, uint32_t whom)
{
    int seat = goose_roster_find_address(&shell->node.e.roster, node_address(whom));

    if (seat < 0) return;
    shell->node.e.peers[seat].contact.heard_at_us = 1;
    shell->node.e.peers[seat].silent_since_us = 1;
    run_heartbeat(shell);
}

/* Seats come first, then the addresses of its command line. */
static void run_hello(struct shell *shell, uint32_t whom)
{
    struct goose_election *e = &shell->node.e;
    int seat = goose_roster_find_address(&e->roster, node_address(whom));

    if (whom == shell->node.place) return;
    if (seat < 0 && whom >= world.seats) return; /* no command line names it */
    e->hello_turn = seat >= 0 ? (unsigned)seat : e->roster.count + whom;
    run_due(shell, &e->hello_at_us);
}

static void run_greet(struct shell *shell)
{
    struct goose_election *e = &shell->node.e;

    for (int i = 0; i < e->roster.count; i++)
        e->peers[i].knows_me = false;
    run_due(shell, &e->greet_at_us);
}

static void run(struct shell *shell, enum move_kind kind, uint32_t argument)
{
    struct goose_election *e = &shell->node.e;

    switch (kind) {
    case MOVE_DELIVER: run_deliver(shell, argument); break;
    case MOVE_WAKE: run_deadline(shell); break;
    case MOVE_STAND:
        e->stand_at_us = NOW_US;
        run_stand(shell);
        break;
    case MOVE_CANVASS: run_due(shell, &e->stand_at_us); break;
    case MOVE_ROUND_ENDS: run_due(shell, &e->round.ends_us); break;
    case MOVE_ASK_AGAIN: run_due(shell, &e->round.ask_at_us); break;
    case MOVE_HEARTBEAT: run_heartbeat(shell); break;
    case MOVE_SILENT: run_silent(shell, argument); break;
    case MOVE_HELLO: run_hello(shell, argument); break;
    case MOVE_GREET: run_greet(shell); break;
    case MOVE_SAVED: run_saved(shell); break;
    case MOVE_CRASH: run_crash(shell, false); break;
    case MOVE_CRASH_LANDED: run_crash(shell, true); break;
    case MOVE_KILL: run_kill(shell); break;
    case MOVE_START: shell_start(shell, !shell->node.has_disk); break;
    case MOVE_LOSE_DISK: run_lose_disk(shell); break;
    case MOVE_ADDRESS: shell->node.place = (uint8_t)argument; break;
    case MOVE_HANDOVER: run_request(shell, GOOSE_REQUEST_HANDOVER, (int)argument); break;
    case MOVE_HOLD: run_request(shell, GOOSE_REQUEST_HOLD, -1); break;
    case MOVE_REMOVE: run_remove(shell, argument); break;
    case MOVE_NONE:
    case MOVE_TICK:
    case MOVE_KINDS:
    default: break;
    }
}

bool move_try(struct shell *shell, enum move_kind kind, uint32_t argument)
{
    if (sigsetjmp(way_out, 0) != 0) {
        stepping = 0;
        return false;
    }
    stepping = 1;
    run(shell, kind, argument);
    stepping = 0;
    return true;
}

static void look_at(struct move *move, const struct goose_durable_state *before,
                    const struct node *node)
{
    const struct goose_durable_state *after = &node->e.saved;
    bool decided = node->up && after->voted_for != 0 &&
                   (after->term != before->term || after->voted_for != before->voted_for);

    if (decided && before->uid == after->uid)
        move->voted_for = (uint8_t)(node_of_uid(after->voted_for) + 1);
    move->term = (uint8_t)(node->up ? after->term : node->disk.term);
    move->stood_term = (uint8_t)before->roster.term;
    move->stood_version = (uint8_t)before->roster.version;
}

void move_remake(uint32_t number, enum move_kind kind, uint32_t argument, struct move *move)
{
    static struct shell shell;
    static struct goose_durable_state before;

    memset(move, 0, sizeof *move);
    node_get(number, &shell.node);
    shell.move = move;
    shell.deaf = shell.tells = false;
    before = shell.node.e.saved;
    if (!move_try(&shell, kind, argument)) {
        move->broken = "an assertion of the core fails";
        move->node = number;
        return;
    }
    look_at(move, &before, &shell.node);
    canon_node(&shell.node);
    if (shell.node.up && move->broken == NULL && !world.outside)
        move->broken = goose_election_check(&shell.node.e); /* the canonical form is sound, too */
    bool stood = kind != MOVE_STAND || shell.node.e.role != GOOSE_ROLE_CANVASSING;
    move->node = stood ? node_put(&shell.node) : number;
}

static uint32_t keep(const struct move *move, uint32_t before)
{
    if (move->node == before && move->send_count == 0 && move->broken == NULL && !move->committed)
        return 0;
    uint32_t block = move_count / BLOCK_MOVES;
    if (block == BLOCKS_MAX) exit(2);
    if (blocks[block] == NULL) {
        blocks[block] = malloc(BLOCK_MOVES * sizeof *move);
        if (blocks[block] == NULL) exit(2);
    }
    blocks[block][move_count % BLOCK_MOVES] = *move;
    return move_count++;
}

static struct slot *find(uint64_t key)
{
    uint64_t at = key * UINT64_C(0x9e3779b97f4a7c15);

    for (at = (at ^ at >> 29) & (slot_count - 1); slots[at].key != 0 && slots[at].key != key;)
        at = (at + 1) & (slot_count - 1);
    return &slots[at];
}

static void slots_grow(void)
{
    struct slot *old = slots;
    uint64_t old_count = slot_count;

    slot_count *= 2;
    slots = calloc(slot_count, sizeof *slots);
    if (slots == NULL) exit(2);
    for (uint64_t i = 0; i < old_count; i++)
        if (old[i].key != 0) *find(old[i].key) = old[i];
    free(old);
}

const struct move *move_make(uint32_t node, enum move_kind kind, uint32_t argument)
{
    static struct move move;
    uint64_t key = (uint64_t)node << 32 | (uint64_t)kind << 27 | argument;
    struct slot *slot = find(key);

    if (slot->key == 0) {
        move_remake(node, kind, argument, &move);
        if (move.broken == NULL) alike_check(node, kind, argument, &move);
        uint32_t number = keep(&move, node);
        if (++used > slot_count / 2) slots_grow();
        slot = find(key);
        *slot = (struct slot){.key = key, .move = number};
    }
    if (slot->move == 0) return NULL;
    return &blocks[slot->move / BLOCK_MOVES][slot->move % BLOCK_MOVES];
}

size_t moves_memory(void)
{
    return slot_count * sizeof *slots +
           (move_count / BLOCK_MOVES + 1) * BLOCK_MOVES * sizeof(struct move);
}

uint64_t moves_count(void)
{
    return used;
}
