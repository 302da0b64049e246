/* tell.c: how it came to what is broken, in the language of the trace tests: what happens on the left, what comes of it
 * to the right. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "rig/tell.h"

/* A step, with what it sent as it was kept: in canonical form, and without what goes nowhere. */
static struct {
    const struct shell *shell;
    unsigned first;
    struct goose_actions actions;
} told;

static void line(void *listener, const char *what)
{
    (void)listener;
    printf("                    %s\n", what);
}

static const char *receiver(void *listener, const struct goose_send *send)
{
    static char words[24];
    unsigned at = told.first + (unsigned)(send - told.actions.sends);

    (void)listener;
    snprintf(words, sizeof words, "n%u%s", message_get(told.shell->move->sends[at]).to + 1u,
             (told.shell->lost >> at & 1) != 0 ? " (lost)" : "");
    return words;
}

static struct speaker speaker_of(unsigned node, const struct goose_election *e)
{
    static const char *const called[NODES_MAX] = {"n1", "n2", "n3", "n4"};

    return (struct speaker){.names = &names,
                            .name = called[node],
                            .e = e,
                            .one_clock_us = NOW_US,
                            .watch = ~0U,
                            .line = line,
                            .receiver = receiver};
}

static struct message_kept decoded(uint32_t message, struct goose_message *m,
                                   struct goose_roster *roster)
{
    struct message_kept kept = message_get(message);

    if (goose_wire_decode(kept.bytes, kept.count, m, roster) != GOOSE_WIRE_OK) abort();
    return kept;
}

void tell_step(const struct shell *shell, const struct goose_actions *actions, unsigned first_send)
{
    struct speaker speaker = speaker_of(shell->node.index, &shell->node.e);
    struct goose_roster roster;

    told.shell = shell;
    told.first = first_send;
    told.actions = *actions;
    told.actions.send_count = 0;
    for (unsigned i = first_send; i < shell->move->send_count; i++)
        decoded(shell->move->sends[i], &told.actions.sends[told.actions.send_count++].message,
                &roster);
    tell_actions(&speaker, NULL, GOOSE_REFUSAL_NONE, &told.actions);
}

static void tell_delivery(unsigned node, uint32_t message)
{
    struct speaker speaker = speaker_of(node, NULL);
    struct goose_roster roster;
    struct goose_message m;
    struct goose_event event = {.kind = GOOSE_EVENT_MESSAGE};
    struct words words = {.bytes = 0};

    event.message.message = &m;
    event.message.roster = &roster;
    event_words(&speaker, &event, speaker_of(decoded(message, &m, &roster).from, NULL).name,
                &words);
    printf("%s\n", words.chars);
}

static void tell_event(const struct event_kept *event)
{
    /* N: the node, A: the one that the argument says */
    static const char *const patterns[MOVE_KINDS] = {
        [MOVE_WAKE] = "N wakes",
        [MOVE_STAND] = "N is to stand, and its canvass is answered with yes",
        [MOVE_CANVASS] = "N is to stand",
        [MOVE_ROUND_ENDS] = "N has no more time to win",
        [MOVE_ASK_AGAIN] = "N asks again",
        [MOVE_HEARTBEAT] = "N has a heartbeat due",
        [MOVE_SILENT] = "N has a heartbeat due, and a seat was silent for long: A",
        [MOVE_HELLO] = "N has a HELLO due, if it is lost to A",
        [MOVE_GREET] = "N greets all seats",
        [MOVE_SAVED] = "N disk is done",
        [MOVE_CRASH] = "crash N",
        [MOVE_CRASH_LANDED] = "crash N when its write has just landed",
        [MOVE_KILL] = "kill N, and its helper says the last will",
        [MOVE_START] = "start N",
        [MOVE_LOSE_DISK] = "N disk is lost",
        [MOVE_ADDRESS] = "N moves to A",
        [MOVE_HANDOVER] = "ask N to hand over to A",
        [MOVE_HOLD] = "ask N to hold",
        [MOVE_REMOVE] = "ask N to remove A",
    };

    if (event->kind == MOVE_TICK) {
        printf("# a tick: %llums, 1/%u of a lease\n", (unsigned long long)TICK_US / 1000,
               world.lease_ticks);
    } else if (event->kind == MOVE_DELIVER) {
        tell_delivery(event->node, event->argument);
    } else {
        for (const char *at = patterns[event->kind]; *at != '\0'; at++)
            if (*at == 'N' || (*at == 'A' && at[1] == '\0'))
                printf("n%u", *at == 'N' ? event->node + 1u : event->argument + 1u);
            else
                putchar(*at);
        printf("\n");
    }
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
