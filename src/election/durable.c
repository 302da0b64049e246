/* durable.c: what a node remembers through a crash, as bytes: PROTOCOL 3. Checksums, slots and
 * files are the shell's. What a disk gives back may be anything: decoding refuses whatever
 * encoding never makes, and trips no assertion.
 *
 *   | 'g' 'o' 'o' 's' 4 | format 1 (= 2) | uid 8 | life 8 | term 8 | voted for 8 |
 *   | longest promise 8 | barred 1 | roster: term 8 | version 8 | flock id 8 | the rest as in wire.c |
 *
 * A roster of 0 seats: not of a flock yet.
 * Format 1 has no `barred`, no founding, and one removed uid instead of four; it is read, and never written.
 * Big-endian; a number in a cell is its bytes. Another format is another layout: nothing but
 * `format` is sure then. */
#include "internal.h"
#include "wire_parts.h"

#define DURABLE_MAGIC      UINT32_C(0x676f6f73)
#define DURABLE_FORMAT     2
#define DURABLE_FORMAT_OLD 1
#define DURABLE_HEAD_BYTES (4 + 1 + 5 * 8 + 1 + 3 * 8)

_Static_assert(DURABLE_HEAD_BYTES + GOOSE_ROSTER_BYTES_MAX <= GOOSE_DURABLE_BYTES_MAX,
               "every state fits");

/* PROTOCOL 8: who takes a roster over takes its term over too. */
static bool roster_is_sane(const struct goose_roster *roster, uint64_t term)
{
    if (roster->term > term || roster->version > TERM_MAX) return false;
    if (roster->count > 0) return roster->flock_id != 0;
    return roster->term == 0 && roster->version == 0 && roster->flock_id == 0 &&
           roster->removed[0] == 0;
}

/* All but the seats. A term and a life leave room to be counted up. */
static bool values_are_sane(const struct goose_durable_state *state)
{
    if (state->uid == 0 || state->life == 0 || state->life >> 32 == UINT32_MAX) return false;
    if (state->term > TERM_MAX || (state->voted_for != 0 && state->term == 0)) return false;
    if (state->longest_promise_us > GOOSE_PROMISE_US_MAX) return false;
    if (state->barred && state->roster.term == 0) return false;
    return roster_is_sane(&state->roster, state->term);
}

bool durable_is_sane(const struct goose_durable_state *state)
{
    return goose_roster_is_sound(&state->roster) && values_are_sane(state);
}

size_t goose_durable_encode(const struct goose_durable_state *state, uint8_t *bytes)
{
    struct writer w = {bytes, bytes + GOOSE_DURABLE_BYTES_MAX};

    assert(values_are_sane(state));
    put_u32(&w, DURABLE_MAGIC);
    put_u8(&w, DURABLE_FORMAT);
    put_u64(&w, state->uid);
    put_u64(&w, state->life);
    put_u64(&w, state->term);
    put_u64(&w, state->voted_for);
    put_u64(&w, state->longest_promise_us);
    put_u8(&w, state->barred);
    put_u64(&w, state->roster.term);
    put_u64(&w, state->roster.version);
    put_u64(&w, state->roster.flock_id);
    wire_roster_put(&w, &state->roster);
    return (size_t)(w.at - bytes);
}

bool goose_durable_decode(const uint8_t *bytes, size_t count, struct goose_durable_state *state)
{
    if (count == 0) return false;
    struct reader r = {bytes, bytes + count, GOOSE_WIRE_OK};

    uint32_t magic = take_u32(&r);
    uint8_t format = take_u8(&r);
    bool old = format == DURABLE_FORMAT_OLD;
    if (magic != DURABLE_MAGIC || (format != DURABLE_FORMAT && !old)) return false;
    state->uid = take_u64(&r);
    state->life = take_u64(&r);
    state->term = take_u64(&r);
    state->voted_for = take_u64(&r);
    state->longest_promise_us = take_u64(&r);
    state->barred = !old && take_bool(&r);
    uint64_t roster_term = take_u64(&r);
    uint64_t roster_version = take_u64(&r);
    uint64_t flock_id = take_u64(&r);
    wire_roster_take(&r, &state->roster, old);
    state->roster.term = roster_term;
    state->roster.version = roster_version;
    state->roster.flock_id = flock_id;
    return r.why == GOOSE_WIRE_OK && r.at == r.end && values_are_sane(state);
}
