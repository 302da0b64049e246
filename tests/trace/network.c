/* network.c: datagrams between the nodes, as bytes. They are lost, late, held back or repeated
 * only as the scenario says. */
#include "world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tell.h"

static void packet_free(struct world *w, struct packet *packet)
{
    for (struct packet **at = &w->packets; *at != NULL; at = &(*at)->next)
        if (*at == packet) {
            *at = packet->next;
            break;
        }
    free(packet);
}

/* The newest of each kind that went a way stays, so that it can come a second time. */
static void packet_retire(struct world *w, struct packet *packet)
{
    struct link *link = &w->links[packet->from][packet->to];

    for (struct packet **at = &w->packets; *at != NULL; at = &(*at)->next)
        if (*at == packet) {
            *at = packet->next;
            break;
        }
    free(link->last[packet->kind]);
    link->last[packet->kind] = packet;
}

static void packet_append(struct world *w, struct packet *packet)
{
    struct packet **at = &w->packets;

    while (*at != NULL)
        at = &(*at)->next;
    packet->next = NULL;
    *at = packet;
}

/* An endpoint is the address that the datagram came from, cut to what fits. */
static struct goose_endpoint endpoint_of(const struct node *node)
{
    struct goose_endpoint endpoint = {.bytes = {0}};
    size_t bytes = node->address.bytes;

    assert(bytes < sizeof endpoint.bytes);
    memcpy(endpoint.bytes, node->address.chars, bytes);
    return endpoint;
}

struct node *network_receiver(struct world *w, const struct goose_send *send)
{
    char chars[sizeof send->endpoint.bytes];

    if (!send->has_endpoint) return world_at(w, send->address);
    memcpy(chars, send->endpoint.bytes, sizeof chars);
    return world_at(w, (struct goose_text){chars, (uint8_t)strnlen(chars, sizeof chars)});
}

void network_carry(struct world *w, const struct node *from, const struct node *to,
                   enum goose_message_kind kind, const uint8_t *bytes, size_t count)
{
    if (to == NULL || to == from) return;
    struct link *link = &w->links[world_index(w, from)][world_index(w, to)];
    if (link->cut) return;
    struct packet *packet = calloc(1, sizeof *packet);
    if (packet == NULL) abort();
    packet->from = world_index(w, from);
    packet->to = world_index(w, to);
    packet->kind = kind;
    packet->due_us = w->now_us + link->takes_us;
    packet->held = (link->holds >> kind & 1) != 0;
    packet->count = count;
    memcpy(packet->bytes, bytes, count);
    packet_append(w, packet);
}

void network_send(struct world *w, struct node *from, const struct goose_send *send)
{
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];
    size_t count = goose_wire_encode(&send->message, &from->e.roster, bytes);

    network_carry(w, from, network_receiver(w, send), send->message.kind, bytes, count);
}

void network_give(struct world *w, int from, int to, const uint8_t *bytes, size_t count)
{
    struct goose_message message;
    struct goose_roster roster;
    struct goose_event event = {.kind = GOOSE_EVENT_MESSAGE};

    memset(&message, 0, sizeof message);
    enum goose_wire_result result = goose_wire_decode(bytes, count, &message, &roster);
    if (result != GOOSE_WIRE_OK) {
        tell(w, &w->nodes[to], "cannot read it: ", goose_wire_result_name(result));
        return;
    }
    event.message.message = &message;
    event.message.roster = message.with_roster ? &roster : NULL;
    if (from >= 0) event.message.from = endpoint_of(&w->nodes[from]);
    node_handle(w, &w->nodes[to], event);
}

struct packet *network_due(struct world *w)
{
    struct packet *first = NULL;

    for (struct packet *at = w->packets; at != NULL; at = at->next)
        if (!at->held && !w->nodes[at->to].paused && (first == NULL || at->due_us < first->due_us))
            first = at;
    return first;
}

void network_deliver(struct world *w, struct packet *packet)
{
    packet_retire(w, packet);
    if (w->nodes[packet->to].up)
        network_give(w, packet->from, packet->to, packet->bytes, packet->count);
}

bool network_release(struct world *w, int from, int to, unsigned kinds, bool deliver)
{
    bool any = false;

    for (struct packet *at = w->packets, *next; at != NULL; at = next) {
        next = at->next;
        bool match = at->held && at->from == from && at->to == to && (kinds >> at->kind & 1) != 0;
        if (!match) continue;
        any = true;
        at->held = false;
        at->due_us = w->now_us;
        if (!deliver) packet_free(w, at);
    }
    return any;
}

bool network_repeat(struct world *w, int from, int to, enum goose_message_kind kind)
{
    const struct packet *last = w->links[from][to].last[kind];
    struct packet copy;

    if (last == NULL) return false;
    copy = *last;
    if (w->nodes[to].up) network_give(w, from, to, copy.bytes, copy.count);
    return true;
}

bool network_idle(const struct world *w)
{
    return w->packets == NULL;
}

void network_free(struct world *w)
{
    while (w->packets != NULL)
        packet_free(w, w->packets);
    for (int i = 0; i < NODES_MAX; i++)
        for (int j = 0; j < NODES_MAX; j++)
            for (int kind = 0; kind < GOOSE_MESSAGE_KINDS; kind++)
                free(w->links[i][j].last[kind]);
}
