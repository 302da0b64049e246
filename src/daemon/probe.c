/* probe.c: see probe.h. Bounded in everything: links, those who are remembered, answers in a second. */
#include "daemon/probe.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/clock.h"

#define FIRST_BYTE      255
#define HEAD_BYTES      12
#define PROBE_BYTES_MAX (HEAD_BYTES + 1 + GOOSE_ADDRESS_CHARS_MAX)
#define ANSWERS_MAX     1000 /* in a second */
#define HEARD_MAX       GOOSE_ROSTER_SEATS_MAX

enum kind { ASK = 1, ANSWER = 2 };

struct link {
    struct goose_address address;
    unsigned asked;
    unsigned answered_bits;
    uint64_t rtt_us;
    uint64_t sent_us[PROBE_ASKS];
};

struct heard {
    struct goose_address address; /* empty: free */
    unsigned count;
    uint64_t at_us;
};

struct probe {
    uv_timer_t timer;
    struct udp *udp;
    struct goose_address self;
    uint64_t nonce;
    uint64_t began_us; /* 0: never */
    unsigned number;   /* of the questions to each that have been asked */
    size_t count;
    struct link links[GOOSE_ROSTER_SEATS_MAX];
    struct heard heard[HEARD_MAX];
    uint64_t second_us; /* when the second began in which `answers` were given */
    unsigned answers;
};

struct probe *probe_new(uv_loop_t *loop, struct udp *udp, const struct goose_address *self)
{
    struct probe *probe = calloc(1, sizeof *probe);

    if (probe == NULL) return NULL;
    probe->udp = udp;
    probe->self = *self;
    uv_timer_init(loop, &probe->timer);
    probe->timer.data = probe;
    return probe;
}

static void ask(struct probe *probe, size_t index)
{
    struct link *link = &probe->links[index];
    const struct goose_send send = {.address = goose_address_text(&link->address)};
    uint64_t unresolved = udp_counts(probe->udp)->unresolved;
    uint8_t bytes[PROBE_BYTES_MAX] = {FIRST_BYTE, ASK, (uint8_t)probe->number, (uint8_t)index};

    memcpy(bytes + 4, &probe->nonce, 8);
    bytes[HEAD_BYTES] = probe->self.bytes;
    memcpy(bytes + HEAD_BYTES + 1, probe->self.chars, probe->self.bytes);
    link->sent_us[probe->number] = clock_now_us();
    udp_send(probe->udp, &send, bytes, HEAD_BYTES + 1u + probe->self.bytes);
    /* A name that is not known yet was not asked. */
    if (udp_counts(probe->udp)->unresolved == unresolved) link->asked++;
}

static void ask_all(uv_timer_t *timer)
{
    struct probe *probe = timer->data;

    for (size_t i = 0; i < probe->count; i++)
        ask(probe, i);
    if (++probe->number == PROBE_ASKS) uv_timer_stop(timer);
}

void probe_begin(struct probe *probe, const struct goose_roster *roster)
{
    uint64_t now_us = clock_now_us();

    if (probe->began_us != 0 && now_us - probe->began_us < PROBE_REST_US) return;
    probe->began_us = now_us;
    probe->number = 0;
    probe->count = 0;
    memset(probe->heard, 0, sizeof probe->heard);
    randombytes_buf(&probe->nonce, sizeof probe->nonce);
    for (int i = 0; i < roster->count; i++) {
        struct link *link = &probe->links[probe->count];
        *link = (struct link){.rtt_us = UINT64_MAX};
        goose_address_keep(&link->address, goose_roster_address(roster, i));
        if (!goose_text_equal(goose_address_text(&link->address), goose_address_text(&probe->self)))
            probe->count++;
    }
    uv_timer_start(&probe->timer, ask_all, 0, PROBE_GAP_MS);
}

static void remember(struct probe *probe, const struct goose_address *asker, uint64_t now_us)
{
    struct heard *place = &probe->heard[0];

    for (size_t i = 0; i < HEARD_MAX; i++) {
        struct heard *heard = &probe->heard[i];
        bool same =
            goose_text_equal(goose_address_text(&heard->address), goose_address_text(asker));
        if (same || heard->at_us < place->at_us) place = heard;
        if (same) break;
    }
    bool goes_on =
        goose_text_equal(goose_address_text(&place->address), goose_address_text(asker)) &&
        now_us - place->at_us < PROBE_HEARD_US;
    *place = (struct heard){*asker, goes_on ? place->count + 1 : 1, now_us};
}

static bool may_answer(struct probe *probe, uint64_t now_us)
{
    if (now_us - probe->second_us >= 1000000) {
        probe->second_us = now_us;
        probe->answers = 0;
    }
    return probe->answers++ < ANSWERS_MAX;
}

static void take_question(struct probe *probe, const uint8_t *bytes, size_t count,
                          const struct goose_endpoint *from)
{
    const struct goose_send send = {.has_endpoint = true, .endpoint = *from};
    const struct goose_text text = {(const char *)bytes + HEAD_BYTES + 1, bytes[HEAD_BYTES]};
    uint8_t answer[PROBE_BYTES_MAX];
    uint64_t now_us = clock_now_us();
    struct goose_address asker;

    if (!goose_address_keep(&asker, text) || !may_answer(probe, now_us)) return;
    remember(probe, &asker, now_us);
    memcpy(answer, bytes, count);
    answer[1] = ANSWER;
    udp_send(probe->udp, &send, answer, count);
}

/* To a question of this round that is not answered yet. */
static void take_answer(struct probe *probe, const uint8_t *bytes)
{
    unsigned number = bytes[2];
    size_t index = bytes[3];

    if (memcmp(bytes + 4, &probe->nonce, 8) != 0 || index >= probe->count || number >= PROBE_ASKS ||
        number >= probe->number + 1)
        return;
    struct link *link = &probe->links[index];
    uint64_t rtt_us = clock_now_us() - link->sent_us[number];
    if ((link->answered_bits & 1u << number) != 0) return;
    link->answered_bits |= 1u << number;
    if (rtt_us < link->rtt_us) link->rtt_us = rtt_us;
}

bool probe_take(struct probe *probe, const uint8_t *bytes, size_t count,
                const struct goose_endpoint *from)
{
    if (count == 0 || bytes[0] != FIRST_BYTE) return false;
    bool good = count > HEAD_BYTES && count <= PROBE_BYTES_MAX &&
                count == HEAD_BYTES + 1u + bytes[HEAD_BYTES];
    if (good && bytes[1] == ASK) take_question(probe, bytes, count, from);
    if (good && bytes[1] == ANSWER) take_answer(probe, bytes);
    return true;
}

static unsigned heard_from(const struct probe *probe, const struct goose_address *address)
{
    uint64_t now_us = clock_now_us();

    for (size_t i = 0; i < HEARD_MAX; i++)
        if (goose_text_equal(goose_address_text(&probe->heard[i].address),
                             goose_address_text(address)) &&
            now_us - probe->heard[i].at_us < PROBE_HEARD_US)
            return probe->heard[i].count;
    return 0;
}

bool probe_link(const struct probe *probe, size_t index, struct probe_link *link)
{
    if (index >= probe->count) return false;
    const struct link *of = &probe->links[index];
    *link = (struct probe_link){&of->address, of->asked, 0, of->rtt_us,
                                heard_from(probe, &of->address)};
    for (unsigned bits = of->answered_bits; bits != 0; bits &= bits - 1)
        link->answered++;
    return true;
}

static void closed(uv_handle_t *timer)
{
    free(timer->data);
}

void probe_close(struct probe *probe)
{
    if (probe != NULL) uv_close((uv_handle_t *)&probe->timer, closed);
}
