/* changes.c: see changes.h. Why something changed is said only as far as this node knows it: from the notes of the very
 * step, from resignations that it heard, and from what it did itself. */
#include "daemon/changes.h"

#include <assert.h>
#include <string.h>

static void keep(char kept[GOOSE_ADDRESS_CHARS_MAX + 1], struct goose_text text)
{
    if (text.bytes > 0) memcpy(kept, text.at, text.bytes);
    kept[text.bytes] = 0;
}

static void look(const struct goose_election_view *view, struct known *known)
{
    *known = (struct known){.is_goose = view->role == GOOSE_ROLE_GOOSE,
                            .is_ready = view->roster->term > 0 && view->seat != GOOSE_SEAT_NONE &&
                                        view->knows_goose,
                            .settled = view->settled,
                            .draining = view->draining,
                            .seat = view->seat,
                            .term = view->term,
                            .roster_term = view->roster->term,
                            .roster_version = view->roster->version};
    keep(known->goose, view->goose);
}

static bool same_goose(const struct known *a, const struct known *b)
{
    return a->is_goose == b->is_goose && strcmp(a->goose, b->goose) == 0;
}

static bool same_roster(const struct known *a, const struct known *b)
{
    return a->roster_term == b->roster_term && a->roster_version == b->roster_version;
}

static bool same(const struct known *a, const struct known *b)
{
    return same_goose(a, b) && same_roster(a, b) && a->is_ready == b->is_ready &&
           a->settled == b->settled && a->draining == b->draining && a->seat == b->seat &&
           a->term == b->term;
}

/* The last note of this kind, or NULL. */
static const struct goose_note *find_note(const struct step_seen *seen, enum goose_note_kind kind)
{
    for (int i = seen->note_count - 1; i >= 0; i--)
        if (seen->notes[i].kind == kind) return &seen->notes[i];
    return NULL;
}

static void remember(struct changes *changes, const struct step_seen *seen)
{
    for (int i = 0; i < seen->note_count; i++) {
        const struct goose_note *note = &seen->notes[i];
        if (note->kind == GOOSE_NOTE_ROLE && note->role == GOOSE_ROLE_CANDIDATE)
            changes->stood = note->why;
        if (note->kind == GOOSE_NOTE_BIRTH && note->why == GOOSE_REASON_FOUNDED)
            changes->founded = true;
    }
}

static bool has_resigned(const struct changes *changes, const struct step_seen *seen)
{
    return changes->goose.uid != 0 && seen->resigned->uid == changes->goose.uid &&
           seen->resigned->term == changes->goose.term;
}

static const char *why_elected(const struct changes *changes, const struct step_seen *seen)
{
    if (changes->stood == GOOSE_REASON_HEIR) return "heir of a resigned goose";
    if (changes->stood == GOOSE_REASON_IN_PLACE) return "stood again above a higher term";
    if (changes->goose.uid == 0)
        return changes->founded ? "founded a flock of one" : "elected, no goose was known before";
    if (changes->goose.uid == seen->view->uid) return "elected again";
    return has_resigned(changes, seen) ? "elected after the goose resigned"
                                       : "elected after the goose fell silent";
}

static const char *why_left(const struct step_seen *seen)
{
    static const char *const words[GOOSE_REASONS] = {
        [GOOSE_REASON_LEASE_ENDED] = "its lease ended",
        [GOOSE_REASON_HANDOVER] = "handed over",
        [GOOSE_REASON_DRAINED] = "draining",
        [GOOSE_REASON_STOPPED] = "stopping",
        [GOOSE_REASON_OPTIONS] = "its options say that it is not to be goose",
        [GOOSE_REASON_HIGHER_TERM] = "made way for a higher term",
        [GOOSE_REASON_GOOSE_HEARD] = "heard a newer goose",
        [GOOSE_REASON_REMOVED] = "removed by an operator",
        [GOOSE_REASON_DISK_FAILED] = "its disk failed",
        [GOOSE_REASON_OLD_COPY] = "its state is an old copy",
    };
    const struct goose_note *note = NULL;

    /* The first that takes the role away: behind it, a goose may stand again in the same step. */
    for (int i = seen->note_count - 1; i >= 0; i--)
        if (seen->notes[i].kind == GOOSE_NOTE_ROLE && seen->notes[i].role == GOOSE_ROLE_DUCK)
            note = &seen->notes[i];
    if (note == NULL || note->why >= GOOSE_REASONS || words[note->why] == NULL) return "resigned";
    return words[note->why];
}

static const char *why_goose(const struct changes *changes, const struct step_seen *seen,
                             const struct known *now)
{
    if (now->is_goose) return why_elected(changes, seen);
    if (changes->known.is_goose) return why_left(seen);
    if (now->goose[0] != 0) return "heard it";
    if (has_resigned(changes, seen)) return "it resigned";
    if (now->term > changes->goose.term) return "a newer term began";
    return "lost touch with the goose";
}

static const char *why_roster(const struct step_seen *seen)
{
    static const char *const words[GOOSE_REASONS] = {
        [GOOSE_REASON_SEAT_FILLED] = "a seat was filled",
        [GOOSE_REASON_SEAT_ADDED] = "a voter was added",
        [GOOSE_REASON_SEAT_REPLACED] = "a voter was replaced by a newborn one",
        [GOOSE_REASON_SEAT_DEAD] = "a dead voter lost its seat",
        [GOOSE_REASON_SEAT_SPARE] = "one voter more than wanted lost its seat",
        [GOOSE_REASON_VOTERS_WANTED] = "an operator wants another number of voters",
        [GOOSE_REASON_SEAT_LEFT] = "a voter became an observer",
        [GOOSE_REASON_REMOVED] = "an operator removed a member",
    };
    const struct goose_note *note = find_note(seen, GOOSE_NOTE_ROSTER);

    if (note == NULL || note->why >= GOOSE_REASONS || words[note->why] == NULL)
        return "a newer roster";
    return words[note->why];
}

static const char *why(const struct changes *changes, const struct step_seen *seen,
                       const struct known *now)
{
    static const char *const seats[] = {[GOOSE_SEAT_NONE] = "no member any more",
                                        [GOOSE_SEAT_OBSERVER] = "an observer now",
                                        [GOOSE_SEAT_VOTER] = "a voter now"};
    const struct known *last = &changes->known;

    if (changes->newest.index == 0) return "started";
    if (!same_goose(last, now)) return why_goose(changes, seen, now);
    if (last->draining != now->draining) return now->draining ? "draining" : "no longer draining";
    if (last->seat != now->seat) return seats[now->seat];
    if (!same_roster(last, now)) return why_roster(seen);
    if (last->term != now->term) return "a newer term";
    if (last->settled != now->settled)
        return now->settled ? "the roster is settled" : "the roster is not settled";
    return now->is_ready ? "ready" : "not ready";
}

static void add_to_history(struct changes *changes, const struct change *change)
{
    size_t at = (changes->oldest + changes->kept) % CHANGES_KEPT;

    changes->history[at] = *change;
    if (changes->kept < CHANGES_KEPT)
        changes->kept++;
    else
        changes->oldest = (changes->oldest + 1) % CHANGES_KEPT;
}

void changes_notice(struct changes *changes, const struct step_seen *seen)
{
    const struct goose_election_view *view = seen->view;
    struct known now;
    bool first = changes->newest.index == 0;

    look(view, &now);
    remember(changes, seen);
    if (!first && same(&changes->known, &now)) return;
    bool goose_differs = !same_goose(&changes->known, &now);
    struct change change = {.index = changes->newest.index + 1,
                            .at_ms = seen->at_ms,
                            .term = view->term,
                            .is_goose = now.is_goose,
                            .of_goose = first || goose_differs,
                            .why = why(changes, seen, &now)};
    memcpy(change.from, changes->known.goose, sizeof change.from);
    memcpy(change.to, now.goose, sizeof change.to);
    if (goose_differs) add_to_history(changes, &change);
    if (view->goose_uid != 0)
        changes->goose = (struct goose_tenure){.term = view->term, .uid = view->goose_uid};
    changes->newest = change;
    changes->known = now;
    for (size_t i = 0; i < changes->listeners; i++)
        changes->listener[i].told(changes->listener[i].to, &change);
}

void changes_listen(struct changes *changes, changes_told *told, void *to)
{
    assert(changes->listeners < CHANGES_LISTENERS);
    changes->listener[changes->listeners].told = told;
    changes->listener[changes->listeners++].to = to;
}

const struct change *changes_of_goose(const struct changes *changes, size_t number)
{
    if (number >= changes->kept) return NULL;
    return &changes->history[(changes->oldest + number) % CHANGES_KEPT];
}
