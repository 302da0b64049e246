/* net.c: datagrams as bytes, lost, doubled, late and out of order. It must never look into a message to decide what
 * becomes of it. */
#include "world.h"

#include <string.h>

void net_reset(struct world *w)
{
    for (uint32_t i = 0; i < PACKETS_MAX; i++) {
        w->packets[i].next = i + 1 < PACKETS_MAX ? i + 1 : NO_PACKET;
    }
    w->free_packet = 0;
    memset(w->cut, 0, sizeof w->cut);
}

void net_free(struct world *w, uint32_t packet)
{
    w->packets[packet].next = w->free_packet;
    w->free_packet = packet;
}

/* Hosts of `from` reach those of `to` no more (change 1), or one reason less keeps them from it (change -1). */
void net_cut(struct world *w, uint16_t from, uint16_t to, bool both, int change)
{
    for (unsigned a = 0; a < HOSTS_MAX; a++) {
        for (unsigned b = 0; b < HOSTS_MAX; b++) {
            bool there = ((from >> a) & 1) != 0 && ((to >> b) & 1) != 0;
            bool back = both && ((from >> b) & 1) != 0 && ((to >> a) & 1) != 0;
            if (a != b && (there || back)) {
                w->cut[a][b] = (uint8_t)(w->cut[a][b] + change);
            }
        }
    }
}

static uint64_t delay_ns(struct world *w)
{
    const struct weather *weather = &w->weather;
    uint64_t ns = rng_between(&w->net_rng, w->options.delay_min_ns, w->options.delay_max_ns);
    if (rng_chance(&w->net_rng, weather->long_ppm)) {
        ns += rng_below(&w->net_rng, weather->long_ns);
    }
    if (rng_chance(&w->net_rng, weather->late_ppm)) {
        ns += rng_magnitude(&w->net_rng, weather->late_ns / 100 + 1, weather->late_ns);
    }
    return ns;
}

static void fly(struct world *w, uint32_t packet)
{
    heap_push(&w->heap, w->now_ns + delay_ns(w), HAPPENS_PACKET, 0, packet);
}

static void double_it(struct world *w, const struct packet *original)
{
    uint32_t copy = w->free_packet;
    if (copy == NO_PACKET) {
        return;
    }
    world_count(w, COUNT_MESSAGES_TWICE);
    w->free_packet = w->packets[copy].next;
    memcpy(&w->packets[copy], original, sizeof *original);
    fly(w, copy);
}

static const char *fate(struct world *w, const struct host *h, uint8_t address)
{
    uint8_t to = w->at_address[address];
    if (to == NOBODY || w->free_packet == NO_PACKET) {
        return to == NOBODY ? "nobody there" : "network full";
    }
    if (w->cut[h->index][to] > 0) {
        return "cut";
    }
    return rng_chance(&w->net_rng, w->weather.loss_ppm) ? "lost" : NULL;
}

void net_send(struct world *w, struct host *h, const struct send *send)
{
    world_count(w, COUNT_MESSAGES);
    uint8_t address = send->has_endpoint ? send->endpoint.bytes[0] : address_id(send->address);
    const char *why_lost = fate(w, h, address);
    if (why_lost != NULL) {
        world_count(w, COUNT_MESSAGES_LOST);
        trace_lost(w, h, &send->message, address, why_lost);
        return;
    }
    uint32_t at = w->free_packet;
    struct packet *packet = &w->packets[at];
    w->free_packet = packet->next;
    packet->from_address = h->address;
    packet->to_address = address;
    packet->bytes = (uint16_t)wire_encode(&send->message, &h->election.roster, packet->data);
    if (packet->bytes == 0 || packet->bytes > MESSAGE_BYTES_MAX) {
        check_fail(&w->check, RULE_WIRE, w->now_ns, "n%u: a message of %u bytes", h->index + 1u,
                   packet->bytes);
    }
    fly(w, at);
    if (rng_chance(&w->net_rng, w->weather.twice_ppm)) {
        double_it(w, packet);
    }
}
