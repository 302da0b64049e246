/* invite.c: who has shown that it is where it says, and what is bounded for everybody else: PROTOCOL 4.
 * An invite is a keyed digest of (place, uid, minute) under a secret of this process: only who is sent it can echo it.
 * Nothing is kept for those that are invited, so nobody can fill a table with them. */
#include <string.h>

#include "internal.h"

#define INVITE_US        UINT64_C(60000000)
#define STALE_AGAIN_US   UINT64_C(20000)
#define GREETED_A_SECOND 16384

static uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

/* SipHash's round. */
static void mix(uint64_t v[4], int times)
{
    while (times-- > 0) {
        v[0] += v[1];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[0] = rotate(v[0], 32);
        v[2] += v[3];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
    }
}

/* SipHash-2-4 (Aumasson and Bernstein, 2012) of whole words. */
static uint64_t keyed_digest(const uint64_t key[2], const uint64_t *words, size_t count)
{
    uint64_t v[4] = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                     key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};

    for (size_t i = 0; i <= count; i++) {
        uint64_t word = i < count ? words[i] : (uint64_t)(8 * count) << 56;
        v[3] ^= word;
        mix(v, 2);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    mix(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint64_t invite_at(const struct goose_election *e, const struct goose_endpoint *place,
                          uint64_t uid, uint64_t minute)
{
    uint64_t words[5] = {0, 0, 0, uid, minute};

    _Static_assert(sizeof place->bytes <= 3 * sizeof words[0], "a place fits");
    memcpy(words, place->bytes, sizeof place->bytes);
    return keyed_digest(e->invite_secret, words, 5) | 1;
}

uint64_t invite_for(const struct goose_election *e, const struct goose_endpoint *place,
                    uint64_t uid)
{
    return invite_at(e, place, uid, e->now_us / INVITE_US);
}

bool invite_is_good(const struct goose_election *e, const struct goose_endpoint *place,
                    uint64_t uid, uint64_t invite)
{
    uint64_t minute = e->now_us / INVITE_US;

    return invite != 0 && (invite == invite_at(e, place, uid, minute) ||
                           (minute > 0 && invite == invite_at(e, place, uid, minute - 1)));
}

/* One a moment for each place: what is not for me may come by the thousand. */
bool stale_may_leave(struct goose_election *e, const struct goose_endpoint *to)
{
    struct bounds *bounds = &e->bounds;

    for (int i = 0; i < STALES_KEPT; i++)
        if (e->now_us < bounds->stales[i].again_at_us &&
            memcmp(&bounds->stales[i].to, to, sizeof *to) == 0)
            return false;
    bounds->stales[bounds->stale_next++ % STALES_KEPT] =
        (struct stale){.to = *to, .again_at_us = e->now_us + STALE_AGAIN_US};
    return true;
}

/* PROTOCOL 9: who has no flock yet, and hears something of a flock that was meant for another life, asks its sender; and
 * listens on meanwhile, or a lone founder without its disk would found a second flock. Eight times a sender, and eight
 * senders: it may be a recording. */
bool ask_back(struct step *s)
{
    struct goose_election *e = s->e;
    const struct goose_message *m = s->arrival.m;
    int i = 0;

    if (e->roster.term > 0 || m->flock_id == 0) return false;
    while (i < QUESTIONS_MAX && e->birth.questions[i].uid != m->uid &&
           e->birth.questions[i].uid != 0)
        i++;
    if (i == QUESTIONS_MAX || e->birth.questions[i].times == QUESTIONS_MAX) return false;
    e->birth.questions[i].uid = m->uid;
    e->birth.questions[i].times++;
    s->owes_hello = true;
    if (e->birth.listening)
        e->birth.listen_end_us = most_u64(e->birth.listen_end_us, s->now_us + own_promise_us(e));
    return true;
}

/* So many in any second, roughly: the count leaks away with time. */
bool greeting_may_leave(struct goose_election *e)
{
    struct bounds *bounds = &e->bounds;
    uint64_t gone_us = e->now_us - bounds->greeted_at_us;
    uint64_t leaked =
        gone_us >= UINT64_C(1000000) ? GREETED_A_SECOND : gone_us * GREETED_A_SECOND / 1000000;

    if (leaked > 0) {
        bounds->greeted -= (unsigned)least_u64(bounds->greeted, leaked);
        bounds->greeted_at_us = e->now_us;
    }
    if (bounds->greeted >= GREETED_A_SECOND) return false;
    bounds->greeted++;
    return true;
}
