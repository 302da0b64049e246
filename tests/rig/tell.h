/* tell.h: one step of the core, told. */
#ifndef RIG_TELL_H
#define RIG_TELL_H

#include "rig/words.h"

/* Bits of what is told: 1..GOOSE_MESSAGE_KINDS-1 are the messages sent, the rest is below. */
#define ALL_KINDS ((1U << GOOSE_MESSAGE_KINDS) - 1)
enum watched {
    WATCH_ROLE = 1 << 16,
    WATCH_CLAIM = 1 << 17,
    WATCH_ROSTER = 1 << 18,
    WATCH_ANSWER = 1 << 19,
    WATCH_BIRTH = 1 << 20,
    WATCH_FOLLOW = 1 << 21,
    WATCH_DENIAL = 1 << 22,
    WATCH_REFUSAL = 1 << 23,
    WATCH_SAVE = 1 << 24,
    WATCH_OBSERVER = 1 << 25,
};

/* What a word of `watch` means; 0: nothing. */
unsigned watch_of_word(const char *word);

/* "n2 <words>" */
__attribute__((format(printf, 2, 3))) void tell_line(const struct speaker *s, const char *format,
                                                     ...);
/* The first `count` sends; the same said to several is one line. */
void tell_sends(const struct speaker *s, const struct goose_actions *actions, int count);
/* What came of a step. `event` is read where something was refused. */
void tell_actions(const struct speaker *s, const struct goose_event *event,
                  enum goose_refusal refusal, const struct goose_actions *actions);

#endif
