/* changes.h: what is different since the last step, and why: each change of what this node is and knows gets an index,
 * those of the goose are remembered, and whoever wants to know is told. It decides nothing, and reads no clock. */
#ifndef DAEMON_CHANGES_H
#define DAEMON_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "goose/election.h"

#define CHANGES_KEPT      100
#define CHANGES_LISTENERS 4

struct change {
    uint64_t index;
    int64_t at_ms; /* since 1970, UTC */
    uint64_t term;
    bool is_goose; /* I am it, behind the change */
    bool of_goose; /* my role or the goose is another one, or this is the first change of all */
    char from[GOOSE_ADDRESS_CHARS_MAX + 1]; /* the goose before; "": none was known */
    char to[GOOSE_ADDRESS_CHARS_MAX + 1];   /* and behind it */
    const char *why;                        /* lasts for ever */
};

typedef void changes_told(void *to, const struct change *change);

/* What it compares. */
struct known {
    bool is_goose;
    bool is_ready;
    bool settled;
    bool draining;
    enum goose_seat_kind seat;
    uint64_t term;
    uint64_t roster_term;
    uint64_t roster_version;
    char goose[GOOSE_ADDRESS_CHARS_MAX + 1];
};

/* Zeroed: nothing is known yet. */
struct changes {
    struct change newest; /* of index 0: none */
    struct known known;
    struct goose_tenure goose; /* the last goose known, or myself; of uid 0: none yet */
    enum goose_reason stood;   /* why this node stood for goose last */
    bool founded;              /* a flock of one */
    size_t kept;
    size_t oldest;
    struct change history[CHANGES_KEPT];
    size_t listeners;
    struct {
        changes_told *told;
        void *to;
    } listener[CHANGES_LISTENERS];
};

/* What a step left, as its time saw it. */
struct step_seen {
    const struct goose_election_view *view;
    const struct goose_tenure *resigned; /* the newest resignation that is known */
    const struct goose_note *notes;
    int note_count;
    int64_t at_ms;
};

/* Behind each step, when all is announced that it brought. Listeners are called before it returns. */
void changes_notice(struct changes *changes, const struct step_seen *seen);

/* For good. A listener must not step the node. */
void changes_listen(struct changes *changes, changes_told *told, void *to);

/* Of the goose, from 0, the oldest; NULL: there is none of that number. */
const struct change *changes_of_goose(const struct changes *changes, size_t number);

#endif
