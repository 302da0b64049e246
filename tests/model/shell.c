/* shell.c: one step of the core, carried out at once to its end. What a crash may tear apart here is modelled by what may
 * happen next: a send that is lost, a write that does not land. */
#include <string.h>

#include "model.h"
#include "rig/carry.h"

#define OLD_COPY "a node takes its own state for an old copy"

static void broken(struct shell *shell, const char *what)
{
    if (what != NULL && shell->move->broken == NULL) shell->move->broken = what;
}

static int receiver_of(const struct goose_send *send)
{
    return send->has_endpoint ? send->endpoint.bytes[0] - 1 : node_of_address(send->address);
}

/* A STALE does nothing but bring a HELLO about, and that is a transition. A world may be about no HELLO. */
static bool is_left_out(const struct goose_message *m)
{
    bool hello = m->kind == GOOSE_MESSAGE_HELLO || m->kind == GOOSE_MESSAGE_WELCOME;
    return m->kind == GOOSE_MESSAGE_STALE || (hello && world.hellos == 0 && !world.greets);
}

static bool is_own(const struct node *node, const struct goose_message *m, int to)
{
    int named = node_of_life(m->for_life);
    return named >= 0 ? named == node->index : to == node->place;
}

void shell_send(struct shell *shell, struct goose_send *send)
{
    struct move *move = shell->move;
    struct node *node = &shell->node;
    int to = receiver_of(send);

    canon_message(&send->message);
    if (shell->deaf || to < 0 || is_own(node, &send->message, to) || is_left_out(&send->message))
        return;
    if (move->send_count == MOVE_SENDS_MAX) {
        broken(shell, "the model has no room for so many sends of one step");
        return;
    }
    move->sends[move->send_count++] =
        message_put(node->place, (unsigned)to, &send->message, goose_election_roster(&node->e));
}

/* S3: this uid has told somebody that it votes so in this term. */
static void told(struct shell *shell, uint64_t term, unsigned candidate)
{
    uint8_t *known = &shell->node.ghost.told[term & 7];

    if (*known != 0 && *known != candidate + 1) broken(shell, "S3: a uid votes twice in one term");
    *known = (uint8_t)(candidate + 1);
}

/* A lease of this goose may rest on this word. */
static void word_given(struct shell *shell, int to, uint64_t term, uint64_t sent_at_us)
{
    struct word_given *word = &shell->node.ghost.words[to];
    uint64_t end_us = sent_at_us + LEASE_US;
    uint8_t left = end_us > NOW_US ? (uint8_t)((end_us - NOW_US) / TICK_US) : 0;

    if (left == 0) return;
    if (word->term == term && word->left > left) left = word->left;
    *word = (struct word_given){.term = (uint8_t)term, .left = left};
}

static void remember_send(struct shell *shell, const struct goose_send *send)
{
    const struct goose_message *m = &send->message;
    int to = node_of_life(m->for_life);

    if (to < 0) return;
    if (m->kind == GOOSE_MESSAGE_ACK && m->ack.yes)
        word_given(shell, to, m->term, m->ack.sent_at_us);
    if (m->kind == GOOSE_MESSAGE_VOTE_REPLY && m->reply.verdict == GOOSE_VERDICT_YES) {
        told(shell, m->term, (unsigned)to);
        word_given(shell, to, m->term, m->reply.sent_at_us);
    }
}

/* Who follows the goose of a later term is free of what it told others before: that goose could not have won else. */
static void forget_words(struct shell *shell)
{
    const struct goose_election *e = &shell->node.e;

    for (unsigned i = 0; i < NODES_MAX; i++) {
        struct word_given *word = &shell->node.ghost.words[i];
        if (e->heard_goose.uid != e->saved.uid && word->term < e->heard_goose.term)
            *word = (struct word_given){0, 0};
    }
}

static void announce(struct shell *shell, const struct goose_actions *actions)
{
    struct node *node = &shell->node;
    struct move *move = shell->move;

    for (unsigned i = 0; i < actions->note_count; i++) {
        if (actions->notes[i].kind != GOOSE_NOTE_COMMITTED) continue;
        move->committed = true;
        move->roster_term = (uint8_t)node->e.roster.term;
        move->roster_version = (uint8_t)node->e.roster.version;
    }
    for (unsigned i = 0; i < actions->answer_count; i++)
        if (actions->answers[i].number > 0)
            node->ghost.hold_left =
                (uint8_t)((node->e.reign.hold_end_us - NOW_US + TICK_US - 1) / TICK_US);
    if (actions->claim != GOOSE_CLAIM_GIVEN) return;
    move->won = true;
    told(shell, node->e.saved.term, node->index);
}

/* A value, and not bytes of it as in rig/disk.h: a node is kept in canonical form, and is unfolded for every move. */
static void begin_write(struct shell *shell)
{
    struct node *node = &shell->node;

    if (node->is_writing) broken(shell, "two writes at a time");
    node->writing = *goose_election_durable(&node->e);
    node->is_writing = true;
}

/* The same chance each time: what it names gets the name that canon.c gives it. */
static uint64_t entropy(const struct node *node)
{
    uint64_t of[2] = {node->index, node->ghost.birth};
    return goose_digest_bytes(1, of, sizeof of);
}

static void name_round(struct node *node, enum goose_event_kind kind)
{
    struct goose_election *e = &node->e;

    if (kind == GOOSE_EVENT_START)
        e->saved.life = life_named(node->index, node->ghost.birth, e->saved.life >> 32);
    canon_founding(&e->saved.roster);
    canon_founding(&e->roster);
    if (e->role == GOOSE_ROLE_CANDIDATE)
        e->round.id = canon_round(e->saved.uid, e->saved.life, e->saved.term, GOOSE_MESSAGE_VOTE);
    if (e->role == GOOSE_ROLE_CANVASSING)
        e->round.id =
            canon_round(e->saved.uid, e->saved.life, e->saved.term + 1, GOOSE_MESSAGE_CANVASS);
}

/* Who suspects itself begins a quarantine anew. No disk goes back in time here, so nobody has a reason to. */
static bool suspects(const struct goose_election *before, const struct goose_election *e)
{
    return before->started && e->quarantine_end_us > before->quarantine_end_us;
}

static void step_once(struct shell *shell, struct goose_event *event, struct carry *carry)
{
    static struct goose_election before;
    static struct goose_actions actions;
    struct node *node = &shell->node;

    event->observers = world.observers ? (struct goose_observers *)(void *)node->observers : NULL;
    event->now_us = NOW_US;
    event->entropy = entropy(node);
    (void)carry_step(carry, &node->e, event, &actions, &before);
    if (!world.outside) broken(shell, carry->wrong);
    name_round(node, event->kind);
    if (suspects(&before, &node->e)) broken(shell, OLD_COPY);
}

void shell_step(struct shell *shell, struct goose_event *event)
{
    struct goose_event go_on = {.kind = GOOSE_EVENT_GO_ON};
    struct carry carry = {.writing = shell->node.e.writing, .durable = shell->node.e.durable};
    enum carry_next now;
    unsigned first = 0;

    step_once(shell, event, &carry);
    do {
        now = carry_next(&carry);
        if (!world.outside) broken(shell, carry.wrong);
        switch (now) {
        case CARRY_WITHDRAW: first = shell->move->send_count; break;
        case CARRY_SAVE: begin_write(shell); break;
        case CARRY_SEND:
            shell_send(shell, carry.send);
            remember_send(shell, carry.send);
            break;
        case CARRY_ANNOUNCE:
            announce(shell, carry.actions);
            if (shell->tells) tell_step(shell, carry.actions, first);
            break;
        case CARRY_GO_ON: step_once(shell, &go_on, &carry); break;
        case CARRY_RETIRE: broken(shell, OLD_COPY); break;
        case CARRY_ARM:
        case CARRY_NOTHING:
        case CARRY_DONE: break;
        }
    } while (now != CARRY_DONE);
    forget_words(shell);
}

/* A node starts, and its new life is on disk at once: before that it says nothing, and a crash were no start at all. */
bool shell_start(struct shell *shell, bool newborn)
{
    struct node *node = &shell->node;
    struct goose_election_options options;
    struct goose_event event = {.kind = GOOSE_EVENT_START};

    world_options(node->place, &options);
    memset(&node->e, 0, sizeof node->e);
    if (world.observers)
        goose_observers_init((struct goose_observers *)(void *)node->observers, OBSERVERS);
    node->up = true;
    event.start.options = &options;
    event.start.saved = newborn ? NULL : &node->disk;
    shell_step(shell, &event);
    if (!node->is_writing) return false;
    node->disk = node->writing;
    node->has_disk = true;
    node->is_writing = false;
    memset(&node->writing, 0, sizeof node->writing);
    name_uid(node->disk.uid, node->index, node->ghost.birth);
    struct goose_event saved = {.kind = GOOSE_EVENT_SAVED};
    saved.saved.generation = node->e.writing;
    saved.saved.ok = true;
    shell_step(shell, &saved);
    return true;
}
