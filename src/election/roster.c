/* roster.c: seats, their order and addresses, digests, majorities. PROTOCOL 1, 4 and 8.
 * Unused bytes of a roster stay zero, and seats stand in the arena in their order without gaps: so two rosters are the
 * same exactly when their bytes are. */
#include "goose/roster.h"

#include <assert.h>
#include <string.h>

_Static_assert(sizeof(struct goose_seat) == 16,
               "no padding that could differ between equal rosters");
_Static_assert(GOOSE_ROSTER_HEAD_BYTES + GOOSE_ROSTER_SEATS_MAX * (GOOSE_SEAT_HEAD_BYTES + 15) <=
                   GOOSE_ROSTER_BYTES_MAX,
               "31 seats with the longest IPv4 addresses fit");
/* A seat's text has its colon and at most five digits where its bytes have GOOSE_SEAT_HEAD_BYTES. */
_Static_assert(GOOSE_ADDRESS_CHARS_MAX - GOOSE_HOST_CHARS_MAX < GOOSE_SEAT_HEAD_BYTES,
               "encoded fits, arena fits");

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_char(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_';
}

static bool is_ipv6_char(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
}

static bool host_is_canonical(const char *at, size_t bytes)
{
    if (bytes == 0 || bytes > GOOSE_HOST_CHARS_MAX) return false;
    if (at[0] == '[') {
        if (bytes < 4 || at[bytes - 1] != ']') return false;
        for (size_t i = 1; i + 1 < bytes; i++)
            if (!is_ipv6_char(at[i])) return false;
        return true;
    }
    for (size_t i = 0; i < bytes; i++)
        if (!is_name_char(at[i])) return false;
    return at[bytes - 1] != '.' && at[0] != '.' && at[0] != '-';
}

/* Where the port starts; 0 where there is none. */
static size_t port_at(struct goose_text address)
{
    size_t at = address.bytes;

    while (at > 0 && is_digit(address.at[at - 1]))
        at--;
    return at > 1 && address.at[at - 1] == ':' ? at : 0;
}

bool goose_address_is_canonical(struct goose_text address)
{
    if (address.bytes > GOOSE_ADDRESS_CHARS_MAX) return false;
    size_t digits_at = port_at(address);
    if (digits_at == 0) return false;
    size_t digits = address.bytes - digits_at;
    if (digits < 1 || digits > 5 || address.at[digits_at] == '0') return false;
    uint32_t port = 0;
    for (size_t i = digits_at; i < address.bytes; i++)
        port = port * 10 + (uint32_t)(address.at[i] - '0');
    return port <= 65535 && host_is_canonical(address.at, digits_at - 1);
}

bool goose_address_keep(struct goose_address *kept, struct goose_text address)
{
    memset(kept, 0, sizeof *kept);
    if (!goose_address_is_canonical(address)) return false;
    kept->bytes = address.bytes;
    memcpy(kept->chars, address.at, address.bytes);
    return true;
}

struct goose_text goose_address_text(const struct goose_address *kept)
{
    return (struct goose_text){kept->chars, kept->bytes};
}

bool goose_text_equal(struct goose_text a, struct goose_text b)
{
    return a.bytes == b.bytes && (a.bytes == 0 || memcmp(a.at, b.at, a.bytes) == 0);
}

/* FNV-1a, and a last stir so that short inputs differ in every bit. */
uint64_t goose_digest_bytes(uint64_t seed, const void *bytes, size_t count)
{
    const uint8_t *at = bytes;
    uint64_t digest = UINT64_C(0xcbf29ce484222325) ^ seed;

    for (size_t i = 0; i < count; i++)
        digest = (digest ^ at[i]) * UINT64_C(0x100000001b3);
    digest ^= digest >> 32;
    digest *= UINT64_C(0xd6e8feb86659fd93);
    return digest ^ (digest >> 32);
}

/* The same on every machine, whatever its byte order. */
static uint64_t digest_u64(uint64_t digest, uint64_t value)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
    return goose_digest_bytes(digest, bytes, sizeof bytes);
}

static uint64_t digest_address(uint64_t digest, struct goose_text address)
{
    return goose_digest_bytes(digest_u64(digest, address.bytes), address.at, address.bytes);
}

void goose_roster_clear(struct goose_roster *roster)
{
    memset(roster, 0, sizeof *roster);
}

struct goose_text goose_roster_address(const struct goose_roster *roster, int seat)
{
    assert(seat >= 0 && seat < roster->count);
    return (struct goose_text){roster->arena + roster->seats[seat].at, roster->seats[seat].bytes};
}

int goose_roster_find_uid(const struct goose_roster *roster, uint64_t uid)
{
    if (uid == 0) return -1;
    for (int i = 0; i < roster->count; i++)
        if (roster->seats[i].uid == uid) return i;
    return -1;
}

int goose_roster_find_address(const struct goose_roster *roster, struct goose_text address)
{
    for (int i = 0; i < roster->count; i++)
        if (goose_text_equal(goose_roster_address(roster, i), address)) return i;
    return -1;
}

bool goose_roster_seat_counts(const struct goose_roster *roster, int seat)
{
    return seat >= 0 && (roster->term == 0 || roster->seats[seat].uid != 0);
}

int goose_roster_seat_of(const struct goose_roster *roster, uint64_t uid, struct goose_text address)
{
    int seat = goose_roster_find_uid(roster, uid);
    if (seat >= 0 || address.bytes == 0) return seat;
    seat = goose_roster_find_address(roster, address);
    return seat >= 0 && roster->seats[seat].uid == 0 ? seat : -1;
}

int goose_roster_majority(const struct goose_roster *roster)
{
    return roster->count == 0 ? GOOSE_ROSTER_SEATS_MAX + 1 : roster->count / 2 + 1;
}

bool goose_roster_has_unclaimed(const struct goose_roster *roster)
{
    for (int i = 0; i < roster->count; i++)
        if (roster->seats[i].uid == 0) return true;
    return false;
}

static size_t host_bytes(struct goose_text address)
{
    return port_at(address) - 1;
}

size_t goose_roster_encoded_bytes(const struct goose_roster *roster)
{
    size_t bytes = GOOSE_ROSTER_HEAD_BYTES;

    for (int i = 0; i < roster->count; i++)
        bytes += GOOSE_SEAT_HEAD_BYTES + host_bytes(goose_roster_address(roster, i));
    return bytes;
}

size_t goose_roster_encoded_bytes_with(const struct goose_roster *roster, struct goose_text address)
{
    return goose_roster_encoded_bytes(roster) + GOOSE_SEAT_HEAD_BYTES + host_bytes(address);
}

enum goose_roster_result goose_roster_add(struct goose_roster *roster, struct goose_text address,
                                          uint64_t uid, uint8_t priority, uint16_t http_port)
{
    if (!goose_address_is_canonical(address)) return GOOSE_ROSTER_BAD_ADDRESS;
    if (roster->count == GOOSE_ROSTER_SEATS_MAX) return GOOSE_ROSTER_FULL;
    if (goose_roster_find_address(roster, address) >= 0) return GOOSE_ROSTER_ADDRESS_TWICE;
    if (goose_roster_find_uid(roster, uid) >= 0) return GOOSE_ROSTER_UID_TWICE;
    if (goose_roster_encoded_bytes_with(roster, address) > GOOSE_ROSTER_BYTES_MAX)
        return GOOSE_ROSTER_TOO_LARGE;
    struct goose_seat *seat = &roster->seats[roster->count++];
    *seat = (struct goose_seat){.uid = uid,
                                .at = roster->arena_bytes,
                                .bytes = address.bytes,
                                .priority = priority,
                                .http_port = http_port};
    memcpy(roster->arena + roster->arena_bytes, address.at, address.bytes);
    roster->arena_bytes = (uint16_t)(roster->arena_bytes + address.bytes);
    return GOOSE_ROSTER_OK;
}

/* Make the text of a seat `bytes` long: what stands behind it moves. */
static void arena_resize(struct goose_roster *roster, int seat, uint8_t bytes)
{
    struct goose_seat *s = &roster->seats[seat];
    size_t old_end = (size_t)s->at + s->bytes;
    size_t new_end = (size_t)s->at + bytes;
    size_t tail = roster->arena_bytes - old_end;

    assert(new_end + tail <= sizeof roster->arena);
    memmove(roster->arena + new_end, roster->arena + old_end, tail);
    for (int i = seat + 1; i < roster->count; i++)
        roster->seats[i].at = (uint16_t)(roster->seats[i].at - s->bytes + bytes);
    roster->arena_bytes = (uint16_t)(new_end + tail);
    memset(roster->arena + roster->arena_bytes, 0, sizeof roster->arena - roster->arena_bytes);
    s->bytes = bytes;
}

void goose_roster_remove(struct goose_roster *roster, int seat)
{
    assert(seat >= 0 && seat < roster->count);
    arena_resize(roster, seat, 0);
    memmove(&roster->seats[seat], &roster->seats[seat + 1],
            (size_t)(roster->count - seat - 1) * sizeof roster->seats[0]);
    roster->count--;
    memset(&roster->seats[roster->count], 0, sizeof roster->seats[0]);
}

bool goose_roster_has_removed(const struct goose_roster *roster, uint64_t uid)
{
    for (int i = 0; i < GOOSE_REMOVED_KEPT; i++)
        if (uid != 0 && roster->removed[i] == uid) return true;
    return false;
}

void goose_roster_removed_forget(struct goose_roster *roster, uint64_t uid)
{
    int kept = 0;

    for (int i = 0; i < GOOSE_REMOVED_KEPT; i++)
        if (roster->removed[i] != uid) roster->removed[kept++] = roster->removed[i];
    while (kept < GOOSE_REMOVED_KEPT)
        roster->removed[kept++] = 0;
}

void goose_roster_removed_add(struct goose_roster *roster, uint64_t uid)
{
    goose_roster_removed_forget(roster, uid);
    memmove(&roster->removed[1], &roster->removed[0],
            (GOOSE_REMOVED_KEPT - 1) * sizeof roster->removed[0]);
    roster->removed[0] = uid;
}

enum goose_roster_result goose_roster_move_all(struct goose_roster *roster,
                                               const struct goose_text *to)
{
    struct goose_roster moved = *roster;

    memset(moved.arena, 0, sizeof moved.arena);
    moved.arena_bytes = 0;
    for (int i = 0; i < moved.count; i++) {
        if (!goose_address_is_canonical(to[i])) return GOOSE_ROSTER_BAD_ADDRESS;
        for (int j = 0; j < i; j++)
            if (goose_text_equal(to[i], to[j])) return GOOSE_ROSTER_ADDRESS_TWICE;
        if (moved.arena_bytes + (size_t)to[i].bytes > sizeof moved.arena)
            return GOOSE_ROSTER_TOO_LARGE;
        memcpy(moved.arena + moved.arena_bytes, to[i].at, to[i].bytes);
        moved.seats[i].at = moved.arena_bytes;
        moved.seats[i].bytes = to[i].bytes;
        moved.arena_bytes = (uint16_t)(moved.arena_bytes + to[i].bytes);
    }
    if (goose_roster_encoded_bytes(&moved) > GOOSE_ROSTER_BYTES_MAX) return GOOSE_ROSTER_TOO_LARGE;
    *roster = moved;
    return GOOSE_ROSTER_OK;
}

static int text_compare(struct goose_text a, struct goose_text b)
{
    uint8_t least = a.bytes < b.bytes ? a.bytes : b.bytes;
    int order = memcmp(a.at, b.at, least);
    return order != 0 ? order : (int)a.bytes - (int)b.bytes;
}

/* The next address in canonical order behind `last`, or NULL. */
static const struct goose_address *next_address(const struct goose_address *addresses, size_t count,
                                                const struct goose_address *last)
{
    const struct goose_address *next = NULL;

    for (size_t i = 0; i < count; i++) {
        struct goose_text text = goose_address_text(&addresses[i]);
        if (last != NULL && text_compare(text, goose_address_text(last)) <= 0) continue;
        if (next == NULL || text_compare(text, goose_address_text(next)) < 0) next = &addresses[i];
    }
    return next;
}

enum goose_roster_result goose_roster_bootstrap(struct goose_roster *roster, uint64_t name_tag,
                                                const struct goose_address *addresses, size_t count)
{
    const struct goose_address *next = NULL;

    goose_roster_clear(roster);
    roster->version = 1;
    while ((next = next_address(addresses, count, next)) != NULL) {
        enum goose_roster_result added =
            goose_roster_add(roster, goose_address_text(next), 0, GOOSE_PRIORITY_DEFAULT, 0);
        if (added != GOOSE_ROSTER_OK) return added;
    }
    roster->wanted = roster->count;
    roster->flock_id = name_tag;
    for (int i = 0; i < roster->count; i++)
        roster->flock_id = digest_address(roster->flock_id, goose_roster_address(roster, i));
    roster->flock_id |= 1; /* never 0, which means none */
    return GOOSE_ROSTER_OK;
}

uint64_t goose_roster_digest(const struct goose_roster *roster)
{
    uint64_t digest = digest_u64(roster->flock_id, roster->term);

    digest = digest_u64(digest, roster->version);
    digest = digest_u64(digest, roster->founding);
    for (int i = 0; i < GOOSE_REMOVED_KEPT; i++)
        digest = digest_u64(digest, roster->removed[i]);
    digest = digest_u64(digest, roster->wanted);
    for (int i = 0; i < roster->count; i++) {
        const struct goose_seat *seat = &roster->seats[i];
        digest = digest_address(digest, goose_roster_address(roster, i));
        digest = digest_u64(digest, seat->uid);
        digest = digest_u64(digest, (uint64_t)seat->http_port << 8 | seat->priority);
    }
    return digest;
}

int goose_roster_compare(uint64_t a_term, uint64_t a_version, uint64_t b_term, uint64_t b_version)
{
    if (a_term != b_term) return a_term < b_term ? -1 : 1;
    return a_version == b_version ? 0 : a_version < b_version ? -1 : 1;
}

static bool is_zero(const void *bytes, size_t count)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < count; i++)
        if (at[i] != 0) return false;
    return true;
}

/* Seat i stands where the one before it ends, is canonical, and is like none before it. */
static bool seat_is_sound(const struct goose_roster *roster, int i, size_t arena_at)
{
    const struct goose_seat *seat = &roster->seats[i];

    if (seat->at != arena_at || arena_at + seat->bytes > roster->arena_bytes) return false;
    if (!is_zero(seat->zero, sizeof seat->zero)) return false;
    struct goose_text address = goose_roster_address(roster, i);
    if (!goose_address_is_canonical(address)) return false;
    return goose_roster_find_address(roster, address) == i &&
           (seat->uid == 0 || goose_roster_find_uid(roster, seat->uid) == i);
}

/* Each once, and nothing behind the last. */
static bool removed_is_sound(const struct goose_roster *roster)
{
    for (int i = 1; i < GOOSE_REMOVED_KEPT; i++) {
        if (roster->removed[i] != 0 && roster->removed[i - 1] == 0) return false;
        for (int k = 0; k < i; k++)
            if (roster->removed[i] != 0 && roster->removed[k] == roster->removed[i]) return false;
    }
    return true;
}

bool goose_roster_is_sound(const struct goose_roster *roster)
{
    size_t arena_at = 0;

    if (roster->count > GOOSE_ROSTER_SEATS_MAX || roster->arena_bytes > sizeof roster->arena)
        return false;
    if (roster->wanted > GOOSE_ROSTER_SEATS_MAX) return false;
    if ((roster->count == 0) != (roster->wanted == 0) || !removed_is_sound(roster)) return false;
    for (int i = 0; i < roster->count; i++) {
        if (!seat_is_sound(roster, i, arena_at)) return false;
        arena_at += roster->seats[i].bytes;
    }
    if (arena_at != roster->arena_bytes ||
        goose_roster_encoded_bytes(roster) > GOOSE_ROSTER_BYTES_MAX)
        return false;
    if (!is_zero(roster->zero, sizeof roster->zero)) return false;
    if (!is_zero(roster->arena + arena_at, sizeof roster->arena - arena_at)) return false;
    return is_zero(&roster->seats[roster->count],
                   (size_t)(GOOSE_ROSTER_SEATS_MAX - roster->count) * sizeof roster->seats[0]);
}
