/* diary.h: who refused whose canvass or vote lately, and why: for people who ask why there is no goose. */
#ifndef DAEMON_DIARY_H
#define DAEMON_DIARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "goose/election.h"

#define DIARY_MAX 32

struct diary_entry {
    bool refused_me; /* else I refused */
    uint64_t uid;    /* the other one; 0: a free entry */
    uint64_t term;
    uint64_t at_us;
    enum goose_verdict why;
};

/* The newest refusal each way of each other node; beyond DIARY_MAX the oldest goes. */
struct diary {
    struct diary_entry of[DIARY_MAX];
};

/* A note that is no refusal changes nothing. */
void diary_note(struct diary *diary, const struct goose_note *note, uint64_t now_us);

#endif
