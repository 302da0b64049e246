/* fire.c: see fire.h. */
#include "fire.h"

#include <string.h>

#include "fuzz/mutate.h"
#include "fuzz/samples.h"
#include "wire_parts.h"

#define MTU           1500
#define SHORT         64
#define MUTATIONS_MAX 4

_Static_assert(GOOSE_DATAGRAM_BYTES_MAX <= FUZZ_BYTES_MAX, "a datagram can be altered");

static bool one_in(struct fire *fire, uint64_t n)
{
    return rng_below(&fire->rng, n) == 0;
}

bool fire_begin(struct fire *fire, uint64_t seed, const char *kinds)
{
    static const char *const names[FIRE_KINDS] = {"noise", "recorded", "strangers", "liars"};

    memset(fire, 0, sizeof *fire);
    fire->rng.state = seed;
    for (const char *at = kinds; *at != '\0';) {
        size_t bytes = strcspn(at, ","), kind = 0;
        while (kind < FIRE_KINDS &&
               (strlen(names[kind]) != bytes || memcmp(names[kind], at, bytes) != 0))
            kind++;
        if (kind == FIRE_KINDS) return false;
        fire->kinds |= 1U << kind;
        at += bytes + (at[bytes] == ',');
    }
    return fire->kinds != 0 && seal_without_key(&fire->bare, "goose");
}

void fire_hear(struct fire *fire, const struct datagram *d)
{
    if (fire->earlies < FIRE_KEPT) fire->early[fire->earlies++] = *d;
    fire->recent[fire->recents++ % FIRE_KEPT] = *d;
}

/* NULL: nothing was heard yet. */
static const struct datagram *any_heard(struct fire *fire)
{
    size_t recents = fire->recents < FIRE_KEPT ? fire->recents : FIRE_KEPT;

    if (recents == 0) return NULL;
    return one_in(fire, 4) ? &fire->early[rng_below(&fire->rng, fire->earlies)]
                           : &fire->recent[rng_below(&fire->rng, recents)];
}

/* ---- bytes ---- */

/* The end of a seal, as everybody can make it: what is looked at first. Of one that is too short, too. */
static void put_end(struct fire *fire, uint8_t *bytes, size_t count)
{
    bool key = one_in(fire, 2);
    size_t around = key ? SEAL_BYTES_MAX : SEAL_BARE_BYTES;
    size_t name_at = key ? SEAL_MARK_BYTES + SEAL_TAG_BYTES : SEAL_BARE_BYTES;

    if (count < SEAL_MARK_BYTES) return;
    if (count >= name_at) memcpy(bytes + count - name_at, fire->bare.name_tag, SEAL_TAG_BYTES);
    uint8_t *mark = bytes + count - SEAL_MARK_BYTES;
    mark[0] = 'g';
    mark[1] = key ? 'K' : 'S';
    mark[2] = (uint8_t)((count - around) >> 8);
    mark[3] = (uint8_t)(count - around);
}

static size_t noise(struct fire *fire, uint8_t *bytes)
{
    size_t count = one_in(fire, 64) ? rng_below(&fire->rng, LOOPBACK_BYTES_MAX + 1)
                                    : rng_below(&fire->rng, one_in(fire, 4) ? SHORT : MTU);

    for (size_t i = 0; i < count; i += sizeof(uint64_t)) {
        uint64_t some = rng_next(&fire->rng);
        memcpy(bytes + i, &some, count - i < sizeof some ? count - i : sizeof some);
    }
    if (one_in(fire, 2)) put_end(fire, bytes, count);
    return count;
}

static void alter(struct fire *fire, struct input *input)
{
    for (uint64_t left = rng_between(&fire->rng, 1, MUTATIONS_MAX); left > 0; left--)
        mutate(&fire->rng, input);
}

/* The end of another one behind the beginning of this one. */
static void splice(struct fire *fire, struct input *input)
{
    const struct datagram *other = any_heard(fire);
    size_t begin = rng_below(&fire->rng, input->count + 1);
    size_t end = rng_below(&fire->rng, (uint64_t)other->bytes + 1);

    memcpy(input->bytes + begin, other->sealed + other->bytes - end, end);
    input->count = begin + end;
}

static size_t recorded(struct fire *fire, uint8_t *bytes)
{
    const struct datagram *d = any_heard(fire);
    struct input input;

    if (d == NULL) return noise(fire, bytes);
    input.count = d->bytes;
    memcpy(input.bytes, d->sealed, d->bytes);
    if (one_in(fire, 8)) splice(fire, &input);
    if (!one_in(fire, 4)) alter(fire, &input);
    if (one_in(fire, 4)) put_end(fire, input.bytes, input.count);
    memcpy(bytes, input.bytes, input.count);
    return input.count;
}

/* ---- messages ---- */

struct said {
    uint8_t bytes[GOOSE_DATAGRAM_BYTES_MAX];
    struct goose_message m;
    struct goose_roster roster;
};

/* What was said to that port, or with 0 to any; false: a few tries found nothing. */
static bool any_said(struct fire *fire, uint16_t to, struct said *said)
{
    size_t opened;

    for (int tries = 0; tries < 16; tries++) {
        const struct datagram *d = any_heard(fire);
        if (d == NULL) return false;
        if ((to == 0 || d->to == to) &&
            seal_open(&fire->bare, d->sealed, d->bytes, said->bytes, &opened) == SEAL_OK &&
            goose_wire_decode(said->bytes, opened, &said->m, &said->roster) == GOOSE_WIRE_OK)
            return true;
    }
    return false;
}

/* The value itself, mostly; else one beside it, or far above, or any. */
static uint64_t near(struct fire *fire, uint64_t value)
{
    switch (rng_below(&fire->rng, 16)) {
    case 0: return value + 1;
    case 1: return value - 1;
    case 2: return value + rng_below(&fire->rng, 256);
    case 3: return value + rng_magnitude(&fire->rng, 1, UINT64_C(1) << 40);
    case 4: return rng_next(&fire->rng);
    default: return value;
    }
}

/* Of who sent `to`, but what it says is another's. */
static void take_head(struct fire *fire, struct goose_message *to, const struct goose_message *of,
                      bool lies)
{
    to->name_tag = of->name_tag;
    to->flock_id = near(fire, of->flock_id);
    to->for_life = near(fire, of->for_life);
    to->term = near(fire, of->term);
    to->roster_term = near(fire, of->roster_term);
    to->roster_version = near(fire, of->roster_version);
    if (!lies) return;
    to->uid = of->uid;
    to->life = near(fire, of->life);
    to->counter = near(fire, of->counter + 1 + rng_below(&fire->rng, 64));
    if (to->address.bytes > 0 && of->address.bytes > 0 && !one_in(fire, 8))
        to->address = of->address;
}

/* What the encoder wants: the parts that depend on each other. */
static bool put_together(struct goose_message *m, struct goose_roster *roster)
{
    if (m->kind == GOOSE_MESSAGE_CANVASS) m->ask.term = m->term + 1;
    if (m->kind == GOOSE_MESSAGE_VOTE) m->ask.term = m->term;
    roster->term = m->roster_term;
    roster->version = m->roster_version;
    roster->flock_id = m->flock_id;
    return wire_message_is_sane(m) && (!m->with_roster || roster->count > 0);
}

/* A message of any kind with a head as it was heard to that node; of a liar, with what was heard behind it too. */
static size_t message(struct fire *fire, uint16_t to, bool lies, uint8_t *bytes)
{
    struct sample sample;
    struct said said, other;
    enum goose_message_kind kind =
        (enum goose_message_kind)rng_between(&fire->rng, 1, GOOSE_MESSAGE_KINDS - 1);

    sample_message(&fire->rng, kind, &sample);
    struct goose_message m = sample.message;
    struct goose_roster *roster = &sample.roster;
    m.name_tag = goose_digest_bytes(0, "goose", 5);
    if (any_said(fire, to, &said)) {
        if (lies && one_in(fire, 2)) {
            m = said.m;
            roster = &said.roster;
        }
        take_head(fire, &m, &said.m, lies);
        if (lies && one_in(fire, 8) && any_said(fire, 0, &other)) m.uid = other.m.uid;
    }
    if (!put_together(&m, roster)) return recorded(fire, bytes);
    return goose_wire_encode(&m, roster, bytes);
}

/* Altered or not, it is sealed as whoever has no key seals. */
static size_t sealed(struct fire *fire, uint16_t to, bool lies, uint8_t *bytes)
{
    struct input input;

    input.count = message(fire, to, lies, input.bytes);
    if (one_in(fire, 3)) alter(fire, &input);
    if (input.count == 0 || input.count > GOOSE_MESSAGE_BYTES_MAX) input.count = 1;
    memcpy(bytes, input.bytes, input.count);
    return seal_datagram(&fire->bare, bytes, input.count, LOOPBACK_BYTES_MAX);
}

size_t fire_next(struct fire *fire, uint16_t to, uint8_t bytes[LOOPBACK_BYTES_MAX])
{
    uint64_t kind;

    do
        kind = rng_below(&fire->rng, FIRE_KINDS);
    while ((fire->kinds >> kind & 1) == 0);
    switch ((enum fire_kind)kind) {
    case FIRE_NOISE: return noise(fire, bytes);
    case FIRE_RECORDED: return recorded(fire, bytes);
    case FIRE_STRANGERS: return sealed(fire, to, false, bytes);
    case FIRE_LIARS: return sealed(fire, to, true, bytes);
    case FIRE_KINDS:
    default: return 0;
    }
}
