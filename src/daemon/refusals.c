/* refusals.c: see refusals.h. */
#include "daemon/refusals.h"

void refusals_note(struct refusals *refusals, const struct goose_note *note,
                   const struct goose_endpoint *from, uint64_t now_us)
{
    bool refused_me = note->kind == GOOSE_NOTE_DENIED_ME;
    struct refusals_entry *place = &refusals->of[0];

    if (note->kind != GOOSE_NOTE_DENIED && !refused_me) return;
    for (size_t i = 0; i < REFUSALS_MAX; i++) {
        struct refusals_entry *entry = &refusals->of[i];
        bool same = entry->uid == note->uid && entry->refused_me == refused_me;
        if (same || entry->at_us < place->at_us) place = entry;
        if (same) break;
    }
    *place = (struct refusals_entry){refused_me, note->uid, *from,
                                     note->term, now_us,    (enum goose_verdict)note->number};
}
