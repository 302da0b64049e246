/* wish.c: why a goose is to resign, and when it does, PROTOCOL 7: at once, or when the work that is open has left and the
 * last hold has run out. Whatever is wished goes through here, and is carried out when the
 * step is decided. */
#include "internal.h"

/* Of those that were wished, the first counts. */
static enum goose_reason why_resign(const struct goose_election *e)
{
    static const struct {
        enum wish wish;
        enum goose_reason why;
    } order[] = {{WISH_DISK, GOOSE_REASON_DISK_FAILED}, {WISH_STOP, GOOSE_REASON_STOPPED},
                 {WISH_DRAIN, GOOSE_REASON_DRAINED},    {WISH_OPTIONS, GOOSE_REASON_OPTIONS},
                 {WISH_REMOVAL, GOOSE_REASON_REMOVED},  {WISH_HANDOVER, GOOSE_REASON_HANDOVER}};

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if ((e->reign.wishes & order[i].wish) != 0) return order[i].why;
    return GOOSE_REASON_HIGHER_TERM;
}

/* Who would take over now; 0: nobody. Where a handover names somebody, that is who was asked for. */
static uint64_t heir_wished(const struct goose_election *e)
{
    const struct reign *reign = &e->reign;

    if (reign->wishes == WISH_DISK) return 0;
    if (reign->wishes == WISH_IN_PLACE && may_stand(e)) return e->saved.uid;
    if ((reign->wishes & WISH_HANDOVER) != 0 && reign->named_heir != 0) {
        int named = peer_of(e, reign->named_heir);
        if (named >= 0 && can_take_over(e, named)) return reign->named_heir;
        if (reign->wishes == WISH_HANDOVER) return 0;
    }
    int heir = succession_heir(e);
    return heir < 0 ? 0 : e->peers[heir].contact.uid;
}

/* PROTOCOL 7: work that is open hears of a resignation before it comes. */
static void ask_to_leave(struct step *s)
{
    struct reign *reign = &s->e->reign;

    if (reign->work_open == 0) return;
    if (reign->leave_ends_us == 0) reign->leave_ends_us = s->now_us + reign->work_grace_us;
    if (reign->leave_told || s->actions->note_count == GOOSE_ELECTION_NOTES_MAX) return;
    reign->leave_told = true;
    note(s, GOOSE_NOTE_LEAVE, why_resign(s->e), 0, s->e->failed ? 0 : reign->work_grace_us);
}

/* PROTOCOL 7: what was wished waits for open work, then for the last hold. A handover or removal for which there is
 * nobody any more is dropped: who asked for it asks again, and is told. */
void reign_carry_out(struct step *s)
{
    struct goose_election *e = s->e;
    struct reign *reign = &e->reign;

    if (e->role != GOOSE_ROLE_GOOSE || reign->wishes == 0) return;
    uint64_t heir = heir_wished(e);
    if (heir != 0) reign->heir_uid = heir;
    ask_to_leave(s);
    if (reign_waits_for_work(e)) return;
    reign->leave_ends_us = least_u64(reign->leave_ends_us, s->now_us); /* for good */
    if ((reign->wishes & (WISH_STOP | WISH_DRAIN)) != 0) e->draining = true;
    if (s->now_us < reign->hold_end_us) return;
    if (heir == 0 && (reign->wishes & ~(unsigned)(WISH_REMOVAL | WISH_HANDOVER)) == 0)
        reign_wish_no_more(e, reign->wishes);
    else
        reign_leave(s, why_resign(e), heir);
}

void reign_wish(struct step *s, enum wish wish, uint64_t heir_uid)
{
    struct reign *reign = &s->e->reign;

    if (s->e->role != GOOSE_ROLE_GOOSE) return;
    if (wish == WISH_HANDOVER && (reign->wishes & WISH_HANDOVER) == 0) reign->named_heir = heir_uid;
    reign->wishes |= wish;
}

/* PROTOCOL 7, in place. */
void reign_outgrown(struct step *s, uint64_t term)
{
    struct goose_election *e = s->e;

    if (e->role != GOOSE_ROLE_GOOSE || term <= e->saved.term || term >= TERM_MAX) return;
    e->reign.above_term = most_u64(e->reign.above_term, term);
    reign_wish(s, WISH_IN_PLACE, 0);
}
