/* wire_parts.h: what the files that make bytes share: cursors, and the parts that wire.c puts
 * together.
 *
 * Both cursors are bounded. A reader stays failed: the first thing that is wrong is remembered,
 * and from there on it gives zeros and reads nothing, so that a layout is written down once,
 * field by field, and looked at once, at its end. A writer that runs out of room is a mistake of
 * ours, and an assertion. Everything is big-endian. */
#ifndef ELECTION_WIRE_PARTS_H
#define ELECTION_WIRE_PARTS_H

#include "goose/election.h"

#include <assert.h>
#include <string.h>

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    enum goose_wire_result why; /* GOOSE_WIRE_OK, or the first thing that was wrong */
};

struct writer {
    uint8_t *at;
    uint8_t *end;
};

/* Whether some node in some state might send this: what decoding refuses, and encoding asserts. Its
 * roster and the spelling of its addresses are judged apart. */
bool wire_message_is_sane(const struct goose_message *m);

/* Whether some node in some state might keep this: durable.c. */
bool durable_is_sane(const struct goose_durable_state *state);

/* What follows the head of a message: wire_body.c. */
#define HEARTBEAT_BYTES   37
#define ACK_BYTES         22
#define REPLY_BYTES       41
#define ASK_BYTES         64
#define RESIGN_BYTES      20
#define HELLO_BYTES       28 /* without what it is filled up with */
#define WELCOME_BYTES_MAX (42 + 1 + GOOSE_ADDRESS_CHARS_MAX)
#define REQUEST_BYTES     20 /* with a text of length 0 */
#define RESULT_BYTES      18
#define STALE_BYTES       0
/* So long is every HELLO but for its sender's address, with zeros at its end: PROTOCOL 4, nobody gets more bytes out of a
 * flock than came from there. */
#define HELLO_BYTES_MIN (GOOSE_ADDRESS_CHARS_MAX + WELCOME_BYTES_MAX)
bool wire_has_address(enum goose_message_kind kind);
void wire_body_put(struct writer *w, const struct goose_message *m);
void wire_body_take(struct reader *r, struct goose_message *m);

/* A roster but for its term, version and flock id: wire_roster.c. What is taken is sound and has
 * those three zero. `removed`: how many removed uids the layout has. */
void wire_roster_put(struct writer *w, const struct goose_roster *roster);
void wire_roster_take(struct reader *r, struct goose_roster *roster, bool format_1);

static inline uint16_t load_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t load_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline uint64_t load_u64(const uint8_t *at)
{
    return (uint64_t)load_u32(at) << 32 | load_u32(at + 4);
}

static inline void reader_fail(struct reader *r, enum goose_wire_result why)
{
    if (r->why == GOOSE_WIRE_OK) r->why = why;
    r->at = r->end;
}

/* NULL where there are not so many left. */
static inline const uint8_t *take_bytes(struct reader *r, size_t count)
{
    if ((size_t)(r->end - r->at) < count) {
        reader_fail(r, GOOSE_WIRE_SHORT);
        return NULL;
    }
    r->at += count;
    return r->at - count;
}

static inline uint8_t take_u8(struct reader *r)
{
    const uint8_t *at = take_bytes(r, 1);
    return at == NULL ? 0 : at[0];
}

static inline uint16_t take_u16(struct reader *r)
{
    const uint8_t *at = take_bytes(r, 2);
    return at == NULL ? 0 : load_u16(at);
}

static inline uint32_t take_u32(struct reader *r)
{
    const uint8_t *at = take_bytes(r, 4);
    return at == NULL ? 0 : load_u32(at);
}

static inline uint64_t take_u64(struct reader *r)
{
    const uint8_t *at = take_bytes(r, 8);
    return at == NULL ? 0 : load_u64(at);
}

static inline bool take_bool(struct reader *r)
{
    uint8_t value = take_u8(r);
    if (value > 1) reader_fail(r, GOOSE_WIRE_NOT_CANONICAL);
    return value == 1;
}

/* One of first..limit-1: a value of an enum. */
static inline uint8_t take_choice(struct reader *r, uint8_t first, uint8_t limit)
{
    uint8_t value = take_u8(r);
    if (value < first || value >= limit) reader_fail(r, GOOSE_WIRE_ABSURD);
    return value;
}

static inline struct goose_text take_text(struct reader *r)
{
    uint8_t bytes = take_u8(r);
    const uint8_t *at = take_bytes(r, bytes);
    if (at == NULL || bytes == 0) return (struct goose_text){NULL, 0};
    return (struct goose_text){(const char *)at, bytes};
}

static inline uint8_t *writer_room(struct writer *w, size_t count)
{
    assert((size_t)(w->end - w->at) >= count);
    w->at += count;
    return w->at - count;
}

static inline void put_u8(struct writer *w, uint8_t value)
{
    *writer_room(w, 1) = value;
}

static inline void put_u16(struct writer *w, uint16_t value)
{
    uint8_t *at = writer_room(w, 2);
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void store_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

static inline void put_u32(struct writer *w, uint32_t value)
{
    store_u32(writer_room(w, 4), value);
}

static inline void put_u64(struct writer *w, uint64_t value)
{
    uint8_t *at = writer_room(w, 8);
    store_u32(at, (uint32_t)(value >> 32));
    store_u32(at + 4, (uint32_t)value);
}

static inline void put_text(struct writer *w, struct goose_text text)
{
    assert(text.bytes <= GOOSE_ADDRESS_CHARS_MAX);
    put_u8(w, text.bytes);
    if (text.bytes > 0) memcpy(writer_room(w, text.bytes), text.at, text.bytes);
}

#endif
