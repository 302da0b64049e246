/* will.c: what the helper of a dead process does: it says the last will, word for word as it stood there. */
#include "tell.h"

uint64_t wills_due(struct world *w, struct node **due)
{
    uint64_t first_us = UINT64_MAX;

    for (int i = 0; i < w->count; i++) {
        struct node *node = &w->nodes[i];
        if (node->up || node->will.left == 0) continue;
        uint64_t at_us = node->will.at_us - node->clock_ahead_us;
        if (at_us < w->now_us) at_us = w->now_us;
        if (at_us < first_us) {
            first_us = at_us;
            *due = node;
        }
    }
    return first_us;
}

void will_speaks(struct world *w, struct node *node)
{
    static struct goose_actions told;

    for (unsigned i = 0; i < node->will.letter_count; i++) {
        const struct letter *letter = &node->will.letters[i];
        struct goose_send *send = &told.sends[i];
        send->has_endpoint = letter->has_endpoint;
        send->endpoint = letter->endpoint;
        send->address = goose_address_text(&letter->address);
        if (goose_wire_decode(letter->bytes, letter->count, &send->message, NULL) != GOOSE_WIRE_OK)
            tell_broken(w, node, "its last will cannot be read");
        network_carry(w, node, network_receiver(w, send), send->message.kind, letter->bytes,
                      letter->count);
    }
    tell_will(w, node, &told, (int)node->will.letter_count);
    will_spoken(&node->will);
}
