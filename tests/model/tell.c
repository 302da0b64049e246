/* tell.c: how it came to what is broken, in the language of the trace tests: what happens on the left, what comes of it
 * to the right. */
#include <stdio.h>
#include <string.h>

#include "model.h"

#define INDENT "                    "

static unsigned long long number(uint64_t n)
{
    return (unsigned long long)n;
}

static void tell_roster(const struct goose_roster *roster)
{
    printf("%llu.%llu:", number(roster->term), number(roster->version));
    for (int i = 0; i < roster->count; i++) {
        const struct goose_seat *seat = &roster->seats[i];
        struct goose_text address = goose_roster_address(roster, i);
        printf(" %.*s", (int)address.bytes - 5, address.at);
        if (seat->uid == 0) printf("?");
        const char *who = uid_words(seat->uid);
        if (seat->uid != 0 && strncmp(who, address.at, address.bytes - 5u) != 0) printf("=%s", who);
    }
}

static void tell_after(const struct goose_tenure *after)
{
    if (after->term != 0)
        printf(", after %s in term %llu", uid_words(after->uid), number(after->term));
}

static void tell_ticks_ago(uint64_t at_us)
{
    if (at_us < NOW_US)
        printf(", sent %llu tick%s ago", number((NOW_US - at_us) / TICK_US),
               NOW_US - at_us == TICK_US ? "" : "s");
}

static void tell_asks_and_replies(const struct goose_message *m)
{
    if (m->kind == GOOSE_MESSAGE_CANVASS || m->kind == GOOSE_MESSAGE_VOTE) {
        printf("%sterm %llu, roster %llu.%llu", m->kind == GOOSE_MESSAGE_CANVASS ? "for " : "",
               number(m->ask.term), number(m->roster_term), number(m->roster_version));
        tell_after(&m->ask.after);
        tell_ticks_ago(m->ask.sent_at_us);
    } else {
        bool yes = m->reply.verdict == GOOSE_VERDICT_YES;
        printf("%s%s, term %llu",
               yes ? "yes" : "no: ", yes ? "" : goose_verdict_name(m->reply.verdict),
               number(m->term));
        tell_after(&m->reply.after);
        tell_ticks_ago(m->reply.sent_at_us);
    }
}

static void tell_others(const struct goose_message *m)
{
    if (m->kind == GOOSE_MESSAGE_HEARTBEAT) {
        printf("term %llu, roster %llu.%llu", number(m->term), number(m->roster_term),
               number(m->roster_version));
        tell_ticks_ago(m->heartbeat.sent_at_us);
    } else if (m->kind == GOOSE_MESSAGE_ACK) {
        printf("%s, term %llu, roster %llu.%llu", m->ack.yes ? "yes" : "no", number(m->term),
               number(m->roster_term), number(m->roster_version));
        tell_ticks_ago(m->ack.sent_at_us);
    } else if (m->kind == GOOSE_MESSAGE_RESIGN) {
        printf("term %llu, heir %s", number(m->resign.term), uid_words(m->resign.heir_uid));
    } else if (m->kind == GOOSE_MESSAGE_WELCOME) {
        printf("%s, term %llu", m->welcome.knows_flock ? "knows a flock" : "knows of no flock",
               number(m->term));
    } else {
        printf("term %llu, roster %llu.%llu", number(m->term), number(m->roster_term),
               number(m->roster_version));
    }
}

static void tell_body(const struct goose_message *m, const struct goose_roster *roster)
{
    printf(" { ");
    if (m->kind >= GOOSE_MESSAGE_CANVASS && m->kind <= GOOSE_MESSAGE_VOTE_REPLY)
        tell_asks_and_replies(m);
    else
        tell_others(m);
    if (m->with_roster) {
        printf(", with roster ");
        tell_roster(roster);
    }
    printf(" }");
}

static void tell_note(const struct node *node, const struct goose_note *note)
{
    const char *who = uid_words(note->uid);

    printf(INDENT "n%u ", node->index + 1u);
    switch (note->kind) {
    case GOOSE_NOTE_ROLE:
        printf("is %s in term %llu", goose_role_name(note->role), number(note->term));
        break;
    case GOOSE_NOTE_GOOSE: printf(note->uid == 0 ? "knows no goose" : "follows %s", who); break;
    case GOOSE_NOTE_ROSTER:
        printf("uses roster ");
        tell_roster(&node->e.roster);
        break;
    case GOOSE_NOTE_TWO_GEESE: printf("says that %s is a second goose", who); break;
    case GOOSE_NOTE_COMMITTED:
        printf("has committed roster %llu.%llu", number(node->e.roster.term),
               number(node->e.roster.version));
        break;
    case GOOSE_NOTE_DENIED:
        printf("denies %s: %s", who, goose_verdict_name((enum goose_verdict)note->number));
        break;
    case GOOSE_NOTE_DENIED_ME:
        printf("is denied by %s: %s", who, goose_verdict_name((enum goose_verdict)note->number));
        break;
    case GOOSE_NOTE_CONFLICT: printf("says that %s has other --peers", who); break;
    case GOOSE_NOTE_OBSERVER:
        printf("%s observer %s", note->number != 0 ? "has" : "has lost", who);
        break;
    case GOOSE_NOTE_BIRTH: printf("is born"); break;
    case GOOSE_NOTE_LEAVE: printf("asks its work to leave"); break;
    case GOOSE_NOTE_TOO_LARGE:
    default: printf("has no room for %s", who); break;
    }
    if (note->why != GOOSE_REASON_NONE) printf(": %s", goose_reason_name(note->why));
    printf("\n");
}

void tell_step(const struct shell *shell, const struct goose_actions *actions, unsigned first_send)
{
    const struct node *node = &shell->node;
    static struct goose_roster roster;
    unsigned name = node->index + 1u;

    if (actions->claim == GOOSE_CLAIM_WITHDRAWN) printf(INDENT "n%u claims no more\n", name);
    for (unsigned i = 0; i < actions->note_count; i++)
        tell_note(node, &actions->notes[i]);
    if (actions->save)
        printf(INDENT "n%u writes term %llu, vote for %s, roster %llu.%llu\n", name,
               number(node->e.saved.term), uid_words(node->e.saved.voted_for),
               number(node->e.saved.roster.term), number(node->e.saved.roster.version));
    for (unsigned i = first_send; i < shell->move->send_count; i++) {
        struct message_kept kept = message_get(shell->move->sends[i]);
        struct goose_message m;
        if (goose_wire_decode(kept.bytes, kept.count, &m, &roster) != GOOSE_WIRE_OK) continue;
        printf(INDENT "n%u sends %s to n%u", name, goose_message_kind_name(m.kind), kept.to + 1u);
        tell_body(&m, &roster);
        printf("%s\n", (shell->lost >> i & 1) != 0 ? " (lost)" : "");
    }
    for (unsigned i = 0; i < actions->answer_count; i++)
        printf(INDENT "n%u answers: %s\n", name, goose_outcome_name(actions->answers[i].outcome));
    if (actions->claim == GOOSE_CLAIM_GIVEN)
        printf(INDENT "n%u CLAIMS term %llu\n", name, number(node->e.saved.term));
}

static void tell_delivery(unsigned name, uint32_t message)
{
    static struct goose_roster roster;
    struct message_kept kept = message_get(message);
    struct goose_message m;

    if (goose_wire_decode(kept.bytes, kept.count, &m, &roster) != GOOSE_WIRE_OK) return;
    printf("n%u gets %s from n%u", name, goose_message_kind_name(m.kind), kept.from + 1u);
    tell_body(&m, &roster);
    printf("\n");
}

static void tell_event(const struct event_kept *event)
{
    static const char *const words[MOVE_KINDS] = {
        [MOVE_WAKE] = "wakes",
        [MOVE_STAND] = "is to stand, and its canvass is answered with yes",
        [MOVE_CANVASS] = "is to stand",
        [MOVE_ROUND_ENDS] = "has no more time to win",
        [MOVE_ASK_AGAIN] = "asks again",
        [MOVE_HEARTBEAT] = "has a heartbeat due",
        [MOVE_SILENT] = "has a heartbeat due, and a seat was silent for long",
        [MOVE_HELLO] = "has a HELLO due, if it is lost to",
        [MOVE_GREET] = "greets all seats",
        [MOVE_SAVED] = "has written",
        [MOVE_CRASH] = "crashes",
        [MOVE_CRASH_LANDED] = "crashes when its write has just landed",
        [MOVE_START] = "starts",
        [MOVE_LOSE_DISK] = "loses its disk",
        [MOVE_ADDRESS] = "moves to",
        [MOVE_HANDOVER] = "is asked to hand over to",
        [MOVE_HOLD] = "is asked for a hold",
        [MOVE_REMOVE] = "is asked to remove",
    };

    if (event->kind == MOVE_TICK)
        printf("# a tick: 1/%u of a lease\n", world.lease_ticks);
    else if (event->kind == MOVE_DELIVER)
        tell_delivery(event->node + 1u, event->argument);
    else if (event->kind == MOVE_REMOVE || event->kind == MOVE_SILENT ||
             event->kind == MOVE_HANDOVER || event->kind == MOVE_ADDRESS ||
             event->kind == MOVE_HELLO)
        printf("n%u %s n%u\n", event->node + 1u, words[event->kind], event->argument + 1);
    else
        printf("n%u %s\n", event->node + 1u, words[event->kind]);
}

/* Which of the sends were lost, in the order in which this node makes them. */
static unsigned lost_of(unsigned turn, uint32_t node, const struct event_kept *event)
{
    enum move_kind kind = (enum move_kind)event->kind;
    unsigned back = alike_back(turn), lost = 0;
    const struct move *known = move_make(node, kind, event->argument);
    const struct move *first =
        move_make(alike_kept(back, node), kind, alike_argument(back, kind, event->argument));

    for (unsigned i = 0; known != NULL && first != NULL && i < first->send_count; i++)
        for (unsigned j = 0; j < known->send_count; j++)
            if ((event->lost >> i & 1) != 0 &&
                alike_argument(turn, MOVE_DELIVER, first->sends[i]) == known->sends[j])
                lost |= 1u << j;
    return lost;
}

/* The story once more, event by event, by the core itself, under the names that the nodes had at first: `turn` leads
 * there from those that explore.c gave them. */
void tell_path(const struct state *first, const struct event_kept *events, unsigned count,
               const char *broken)
{
    static struct shell shell;
    struct state turned = *first;
    unsigned turn = alike_back(alike_turn(&turned));
    uint32_t nodes[NODES_MAX];

    memcpy(nodes, first->nodes, sizeof nodes);
    printf("# PROTOCOL 2 - %s\nflock", broken);
    for (unsigned i = 0; i < world.nodes; i++)
        printf(" n%u", i + 1);
    printf("\n");
    for (unsigned i = 0; i < count; i++) {
        struct event_kept event = events[i];
        enum move_kind kind = (enum move_kind)event.kind;
        struct move move = {.send_count = 0};
        event.node = (uint8_t)alike_node(turn, event.node);
        event.argument = alike_argument(turn, kind, event.argument);
        tell_event(&event);
        for (unsigned node = 0; kind == MOVE_TICK && node < world.nodes; node++)
            nodes[node] = node_tick(nodes[node]);
        if (kind != MOVE_TICK) {
            shell.lost = lost_of(turn, nodes[event.node], &event);
            node_get(nodes[event.node], &shell.node);
            shell.move = &move;
            shell.tells = true;
            if (move_make(nodes[event.node], kind, event.argument) != NULL)
                move_try(&shell, kind, event.argument);
            canon_node(&shell.node);
            nodes[event.node] = node_put(&shell.node);
        }
        turn = alike_then(alike_back(event.turned), turn);
    }
    printf("# broken: %s\n", broken);
}
