/* will.c: see will.h. */
#include "rig/will.h"

#include <assert.h>

static void keep(struct letter *letter, const struct goose_election *e,
                 const struct goose_send *send)
{
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];

    letter->has_endpoint = send->has_endpoint;
    letter->endpoint = send->endpoint;
    letter->address.bytes = 0;
    if (!send->has_endpoint) (void)goose_address_keep(&letter->address, send->address);
    letter->count = goose_wire_encode(&send->message, goose_election_roster(e), bytes);
    assert(letter->count <= WILL_BYTES_MAX);
    for (size_t i = 0; i < letter->count; i++)
        letter->bytes[i] = bytes[i];
}

void will_write(struct will *will, const struct goose_election *e)
{
    static struct goose_will made;

    goose_election_will(e, &made);
    will->hold_end_us = made.hold_end_us;
    will->apart_us = made.stagger_us / 2;
    if (will->apart_us > WILL_APART_US_MAX) will->apart_us = WILL_APART_US_MAX;
    will->letter_count = made.send_count;
    for (unsigned i = 0; i < made.send_count; i++)
        keep(&will->letters[i], e, &made.sends[i]);
}

void will_open(struct will *will, uint64_t now_us)
{
    bool late = will->hold_end_us > now_us && will->hold_end_us - now_us > WILL_GIVE_UP_US;

    will->at_us = will->hold_end_us > now_us ? will->hold_end_us : now_us;
    will->left = late || will->letter_count == 0 ? 0 : WILL_TIMES;
}

void will_spoken(struct will *will)
{
    will->left--;
    will->at_us += will->apart_us;
}
