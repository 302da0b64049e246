/* operator.c: what an operator asks of the goose, judged and begun: who takes over, whom to remove, how many voters to want.
 * PROTOCOL 7 and 9. Nothing here answers anybody; that is requests.c. */
#include "internal.h"

/* So long is waited for what an operator asked. */
uint64_t patience_us(const struct goose_election *e)
{
    return most_u64(REQUEST_US_MIN, 10 * (uint64_t)e->options.lease_us);
}

static int find_seat(const struct goose_election *e, struct goose_text address)
{
    return goose_roster_find_address(&e->roster, address);
}

/* By address: who follows me without a seat. Only for an operator, so it may look at all. */
static const struct goose_observer *find_observer(const struct step *s, struct goose_text address)
{
    if (s->observers == NULL) return NULL;
    for (uint32_t i = 0; i < goose_observers_count(s->observers); i++) {
        const struct goose_observer *observer = goose_observers_at(s->observers, i);
        if (goose_text_equal(goose_address_text(&observer->address), address)) return observer;
    }
    return NULL;
}

/* On the goose: who would take over. DONE: *heir is a peer, or -1 where I am asked to hand over to myself. */
enum goose_outcome choose_heir(const struct step *s, struct goose_text address, int *heir)
{
    const struct goose_election *e = s->e;

    if (address.bytes == 0) {
        *heir = succession_heir(e);
        return *heir >= 0 ? GOOSE_OUTCOME_DONE : GOOSE_OUTCOME_NOT_ELIGIBLE;
    }
    *heir = find_seat(e, address);
    if (*heir < 0)
        return find_observer(s, address) != NULL ? GOOSE_OUTCOME_NOT_ELIGIBLE
                                                 : GOOSE_OUTCOME_NOT_FOUND;
    if (*heir == self_seat(e)) {
        *heir = -1;
        return GOOSE_OUTCOME_DONE;
    }
    return can_take_over(e, *heir) ? GOOSE_OUTCOME_DONE : GOOSE_OUTCOME_NOT_ELIGIBLE;
}

/* Would those that are left be a majority that I hear? */
static bool leaves_majority(const struct goose_election *e, int without)
{
    int heard = 0, count = e->roster.count - 1;

    for (int i = 0; i < e->roster.count; i++) {
        bool there = i == self_seat(e) || acked_lately(e, &e->peers[i].follower);
        if (i != without && there && goose_roster_seat_counts(&e->roster, i)) heard++;
    }
    return heard >= count / 2 + 1;
}

/* PROTOCOL 9, removal: unclaimed seats never count, so those that are claimed must be a majority without it. */
static bool leaves_claimed(const struct goose_election *e, int without)
{
    int claimed = 0, count = e->roster.count - 1;

    for (int i = 0; i < e->roster.count; i++)
        claimed += i != without && e->roster.seats[i].uid != 0;
    return claimed >= count / 2 + 1;
}

/* On the goose: start a removal, or say why not. BUSY: another is under way; DONE: under way, wait for it. */
enum goose_outcome removal_begin(struct step *s, struct goose_text address, bool force)
{
    struct goose_election *e = s->e;
    int seat = find_seat(e, address);
    const struct goose_observer *observer = seat < 0 ? find_observer(s, address) : NULL;

    if (e->removal.active)
        return goose_text_equal(goose_address_text(&e->removal.address), address)
                   ? GOOSE_OUTCOME_DONE
                   : GOOSE_OUTCOME_BUSY;
    if (seat < 0 && observer == NULL) return GOOSE_OUTCOME_NOT_FOUND;
    if (seat >= 0 && e->roster.count == 1) return GOOSE_OUTCOME_LAST_SEAT;
    if (seat >= 0 && !leaves_claimed(e, seat)) return GOOSE_OUTCOME_UNCLAIMED_FIRST;
    if (seat >= 0 && seat == self_seat(e)) {
        bool waits = (e->reign.wishes & WISH_REMOVAL) != 0;
        if (!waits && succession_heir(e) < 0) return GOOSE_OUTCOME_NOT_ELIGIBLE;
        reign_wish(s, WISH_REMOVAL, 0);
        return GOOSE_OUTCOME_DONE;
    }
    if (seat >= 0 && !force && !leaves_majority(e, seat)) return GOOSE_OUTCOME_COSTS_MAJORITY;
    e->removal = (struct removal){.active = true, .ends_us = s->now_us + patience_us(e)};
    e->removal.uid = seat >= 0 ? e->roster.seats[seat].uid : observer->contact.uid;
    goose_address_keep(&e->removal.address, address);
    s->facts.roster_due = true;
    return GOOSE_OUTCOME_DONE;
}

/* The same for how many voters are wanted. */
enum goose_outcome voters_begin(struct step *s, uint8_t wanted)
{
    struct removal *removal = &s->e->removal;

    if (removal->active) return removal->wanted == wanted ? GOOSE_OUTCOME_DONE : GOOSE_OUTCOME_BUSY;
    *removal = (struct removal){
        .active = true, .wanted = wanted, .ends_us = s->now_us + patience_us(s->e)};
    s->facts.roster_due = true;
    return GOOSE_OUTCOME_DONE;
}
