/* wire_roster.c: rosters as bytes, in messages and in the durable state. Drawn in wire.c. On the
 * wire a seat has a host and a port; in memory it has a text in the arena. Term, version and
 * flock id are written by whoever carries the roster. */
#include "wire_parts.h"

#define PORT_CHARS_MAX (GOOSE_ADDRESS_CHARS_MAX - GOOSE_HOST_CHARS_MAX) /* its colon too */

/* Where the colon before the port is. */
static uint8_t host_bytes(struct goose_text address)
{
    uint8_t at = address.bytes;

    while (at > 0 && address.at[at - 1] != ':')
        at--;
    assert(at > 1);
    return (uint8_t)(at - 1);
}

static uint16_t port_of(struct goose_text address, uint8_t host)
{
    uint32_t port = 0;

    for (uint8_t i = (uint8_t)(host + 1); i < address.bytes; i++)
        port = port * 10 + (uint32_t)(address.at[i] - '0');
    assert(port > 0 && port <= UINT16_MAX);
    return (uint16_t)port;
}

static void put_seat(struct writer *w, const struct goose_seat *seat, struct goose_text address)
{
    uint8_t host = host_bytes(address);

    put_u8(w, host);
    put_u16(w, port_of(address, host));
    put_u64(w, seat->uid);
    put_u8(w, seat->priority);
    put_u16(w, seat->http_port);
    memcpy(writer_room(w, host), address.at, host);
}

void wire_roster_put(struct writer *w, const struct goose_roster *roster)
{
    const uint8_t *began = w->at;

    put_u8(w, roster->wanted);
    put_u8(w, roster->count);
    put_u64(w, roster->founding);
    for (int i = 0; i < GOOSE_REMOVED_KEPT; i++)
        put_u64(w, roster->removed[i]);
    for (int i = 0; i < roster->count; i++)
        put_seat(w, &roster->seats[i], goose_roster_address(roster, i));
    assert(w->at - began <= GOOSE_ROSTER_BYTES_MAX);
}

/* ":PORT", without leading zeros. How many characters. */
static uint8_t write_port(char *at, uint16_t port)
{
    uint16_t unit = 10000;
    uint8_t count = 0;

    at[count++] = ':';
    while (unit > 1 && port < unit)
        unit /= 10;
    for (; unit > 0; unit /= 10)
        at[count++] = (char)('0' + port / unit % 10);
    return count;
}

static void take_seat(struct reader *r, struct goose_roster *roster)
{
    uint8_t host = take_u8(r);
    uint16_t port = take_u16(r);
    struct goose_seat seat = {.at = roster->arena_bytes};

    seat.uid = take_u64(r);
    seat.priority = take_u8(r);
    seat.http_port = take_u16(r);
    const uint8_t *chars = take_bytes(r, host);
    if (r->why != GOOSE_WIRE_OK || chars == NULL) return;
    /* Before it is written: a datagram has room for more than a roster may have. */
    if (host > GOOSE_HOST_CHARS_MAX ||
        (size_t)seat.at + host + PORT_CHARS_MAX > sizeof roster->arena) {
        reader_fail(r, GOOSE_WIRE_BAD_ROSTER);
        return;
    }
    memcpy(roster->arena + seat.at, chars, host);
    seat.bytes = (uint8_t)(host + write_port(roster->arena + seat.at + host, port));
    roster->arena_bytes = (uint16_t)(seat.at + seat.bytes);
    roster->seats[roster->count++] = seat;
}

void wire_roster_take(struct reader *r, struct goose_roster *roster, bool format_1)
{
    goose_roster_clear(roster);
    roster->wanted = take_u8(r);
    uint8_t count = take_u8(r);
    if (!format_1) roster->founding = take_u64(r);
    for (int i = 0; i < (format_1 ? 1 : GOOSE_REMOVED_KEPT); i++)
        roster->removed[i] = take_u64(r);
    if (count > GOOSE_ROSTER_SEATS_MAX) reader_fail(r, GOOSE_WIRE_BAD_ROSTER);
    for (uint8_t i = 0; i < count && r->why == GOOSE_WIRE_OK; i++)
        take_seat(r, roster);
    if (r->why == GOOSE_WIRE_OK && !goose_roster_is_sound(roster))
        reader_fail(r, GOOSE_WIRE_BAD_ROSTER);
}
