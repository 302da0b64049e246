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
    trace_link(w, from, to, both, change > 0);
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
    if (rng_chance(&w->net_rng, weather->beyond_ppm)) {
        world_count(w, COUNT_LATE_BEYOND);
        ns += rng_between(&w->net_rng, weather->beyond_ns / 2, weather->beyond_ns);
    }
    return ns;
}

/* To one's own address the way is short; to one that two machines have, it is each sender's own. */
uint8_t net_owner(const struct world *w, unsigned from, uint8_t address)
{
    uint8_t twin = w->twin_at[address];
    uint8_t owner = w->at_address[address];
    if (twin == NOBODY || from == owner) {
        return owner;
    }
    bool there = from == twin || ((w->twin_hears[address] >> from) & 1) != 0;
    return there || owner == NOBODY ? twin : owner;
}

static void fly(struct world *w, uint32_t at, uint64_t more_ns)
{
    const struct packet *packet = &w->packets[at];
    uint64_t to_ns = w->now_ns + delay_ns(w) + more_ns;
    heap_push(&w->heap, to_ns, HAPPENS_PACKET, 0, at);
    if (packet->with_roster) {
        budget_roster_flies(w, packet->roster_term, packet->roster_version, to_ns);
    }
}

void net_fly(struct world *w, const struct packet *original, uint64_t within_ns)
{
    uint32_t copy = w->free_packet;
    if (copy == NO_PACKET) {
        return;
    }
    w->free_packet = w->packets[copy].next;
    memcpy(&w->packets[copy], original, sizeof *original);
    fly(w, copy, within_ns == 0 ? 0 : rng_below(&w->net_rng, within_ns));
}

static const char *fate(struct world *w, uint8_t from, uint8_t address)
{
    uint8_t to = net_owner(w, from, address);
    if (to == NOBODY || w->free_packet == NO_PACKET) {
        return to == NOBODY ? "nobody is there" : "the network is full";
    }
    if (w->cut[from][to] > 0) {
        return "cut";
    }
    return rng_chance(&w->net_rng, w->weather.loss_ppm) ? "lost" : NULL;
}

/* NULL, and why it is lost. */
static struct packet *packet_begin(struct world *w, uint8_t from_host, uint8_t from, uint8_t to,
                                   const char **why_lost)
{
    world_count(w, COUNT_MESSAGES);
    *why_lost = fate(w, from_host, to);
    if (*why_lost != NULL) {
        world_count(w, COUNT_MESSAGES_LOST);
        return NULL;
    }
    struct packet *packet = &w->packets[w->free_packet];
    w->free_packet = packet->next;
    packet->from_address = from;
    packet->from_host = from_host;
    packet->to_address = to;
    packet->with_roster = false;
    return packet;
}

static void packet_end(struct world *w, struct packet *packet)
{
    fly(w, (uint32_t)(packet - w->packets), 0);
    if (rng_chance(&w->net_rng, w->weather.twice_ppm)) {
        world_count(w, COUNT_MESSAGES_TWICE);
        net_fly(w, packet, 0);
    }
    copies_heard(w, packet, net_owner(w, packet->from_host, packet->to_address));
}

void net_send(struct world *w, struct host *h, const struct goose_send *send)
{
    uint8_t address = send->has_endpoint ? send->endpoint.bytes[0] : address_id(send->address);
    const char *why_lost;
    struct packet *packet = packet_begin(w, h->index, h->address, address, &why_lost);
    if (packet == NULL) {
        h->lost[send - h->actions.sends] = why_lost;
        return;
    }
    packet->with_roster = send->message.with_roster;
    packet->roster_term = h->election.roster.term;
    packet->roster_version = h->election.roster.version;
    packet->bytes = (uint16_t)goose_wire_encode(&send->message, &h->election.roster, packet->data);
    if (packet->bytes == 0 || packet->bytes > GOOSE_MESSAGE_BYTES_MAX) {
        check_fail(&w->check, RULE_WIRE, w->now_ns, "n%u: a message of %u bytes", h->index + 1u,
                   packet->bytes);
    }
    packet_end(w, packet);
}

void net_post(struct world *w, uint8_t from_host, uint8_t from, uint8_t to, const uint8_t *bytes,
              size_t count)
{
    const char *why_lost;
    struct packet *packet = packet_begin(w, from_host, from, to, &why_lost);
    if (packet != NULL) {
        packet->bytes = (uint16_t)count;
        memcpy(packet->data, bytes, count);
        packet_end(w, packet);
    }
}
