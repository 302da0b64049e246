/* will.c: the last will, PROTOCOL 7: what may be said in a goose's name once its process is dead. It only reads: what it
 * makes is the caller's to keep, and to send when it knows of the death, never before. */
#include <string.h>

#include "internal.h"

/* Who is to stand at once: of a handover that waits, the one that it names; never who is dead. */
static uint64_t heir_uid(const struct goose_election *e)
{
    if (e->reign.heir_uid != 0 && e->reign.heir_uid != e->saved.uid) return e->reign.heir_uid;
    int heir = succession_heir(e);
    return heir < 0 ? 0 : e->peers[heir].contact.uid;
}

/* To where it has shown that it is, else to its seat's address. */
static void route(const struct goose_election *e, struct goose_send *send, int seat)
{
    const struct goose_contact *contact = &e->peers[seat].contact;

    send->has_endpoint = contact->heard_at_us != 0 && contact->proven;
    if (send->has_endpoint)
        send->endpoint = contact->from;
    else
        send->address = goose_roster_address(&e->roster, seat);
}

/* Counters from the end of the life's range: above all that the goose has sent, however much that is. Whoever has heard
 * one hears nothing more of that life, and nothing more comes. */
static void letter(const struct goose_election *e, struct goose_will *will, int seat)
{
    struct goose_send *send = &will->sends[will->send_count++];

    route(e, send, seat);
    message_head(e, &send->message, GOOSE_MESSAGE_RESIGN, e->peers[seat].contact.life);
    send->message.counter = UINT64_MAX - (uint64_t)seat;
    send->message.resign = (struct goose_resign){
        .term = e->saved.term, .heir_uid = heir_uid(e), .stagger_us = will->stagger_us};
}

void goose_election_will(const struct goose_election *e, struct goose_will *will)
{
    int self = self_seat(e);

    memset(will, 0, sizeof *will);
    will->hold_end_us = e->reign.hold_end_us;
    will->stagger_us = e->reign.stagger_us;
    if (e->role != GOOSE_ROLE_GOOSE) return;
    for (int i = 0; i < e->roster.count; i++)
        if (i != self && goose_roster_seat_counts(&e->roster, i) && e->peers[i].contact.life != 0)
            letter(e, will, i);
}
