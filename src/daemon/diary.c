/* diary.c: see diary.h. */
#include "daemon/diary.h"

void diary_note(struct diary *diary, const struct goose_note *note, uint64_t now_us)
{
    bool refused_me = note->kind == GOOSE_NOTE_DENIED_ME;
    struct diary_entry *place = &diary->of[0];

    if (note->kind != GOOSE_NOTE_DENIED && !refused_me) return;
    for (size_t i = 0; i < DIARY_MAX; i++) {
        struct diary_entry *entry = &diary->of[i];
        bool same = entry->uid == note->uid && entry->refused_me == refused_me;
        if (same || entry->at_us < place->at_us) place = entry;
        if (same) break;
    }
    *place = (struct diary_entry){refused_me, note->uid, note->term, now_us,
                                  (enum goose_verdict)note->number};
}
