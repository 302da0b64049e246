/* recover_state.c: see recover_state.h. */
#include "ctl/recover_state.h"

#include <string.h>

#define TERM_LIMIT (UINT64_C(1) << 53) /* beyond that JSON numbers are not exact */

static const char *refusal(const struct goose_durable_state *old, const struct goose_address *self)
{
    int mine = goose_roster_find_uid(&old->roster, old->uid);
    int there = goose_roster_find_address(&old->roster, goose_address_text(self));

    if (old->roster.count == 0 || old->roster.term == 0)
        return "it was never a member of a flock: there is nothing to recover; just start it";
    if (old->roster.count == 1 && mine == 0) return "it is a flock of one already; just start it";
    if (there >= 0 && there != mine)
        return "--self is the address of another voter in it; is this the right directory?";
    return NULL;
}

/* Another uid: nobody who remembers the old one, and no copy of its file, can take this node for it (PROTOCOL 3). The
 * longest promise stays: the quarantine after the start lets it run out, because the node may have given it just before
 * it was stopped (S5). The roster has a term, or the node would follow what is left of the old flock (PROTOCOL 8). */
const char *recover_state(const struct goose_durable_state *old, const struct goose_address *self,
                          uint64_t flock_id, uint64_t uid, bool reset_terms,
                          struct goose_durable_state *made)
{
    const char *wrong = refusal(old, self);
    int mine = goose_roster_find_uid(&old->roster, old->uid);
    const struct goose_seat *seat = mine >= 0 ? &old->roster.seats[mine] : NULL;

    memset(made, 0, sizeof *made);
    if (wrong != NULL) return wrong;
    bool room = old->term <= TERM_LIMIT - RECOVER_TERMS;
    if (!room && !reset_terms)
        return "its term leaves no room for higher ones; to begin low again, give --reset-terms: "
               "whatever "
               "compares terms (fencing) then refuses the new goose until it is told";
    made->uid = uid;
    made->life = 1;
    made->term = room ? old->term + RECOVER_TERMS : 1;
    made->longest_promise_us = old->longest_promise_us;
    goose_roster_clear(&made->roster);
    if (goose_roster_add(&made->roster, goose_address_text(self), uid,
                         seat != NULL ? seat->priority : GOOSE_PRIORITY_DEFAULT,
                         seat != NULL ? seat->http_port : 0) != GOOSE_ROSTER_OK)
        return "--self is no address";
    made->roster.term = made->term;
    made->roster.version = 1;
    made->roster.flock_id = flock_id;
    made->roster.wanted = old->roster.wanted;
    return NULL;
}
