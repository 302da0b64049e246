/* tell.h: what happened, in words. */
#ifndef TRACE_TELL_H
#define TRACE_TELL_H

#include "world.h"

/* "n2 <words>", now. */
__attribute__((format(printf, 3, 4))) void tell(struct world *w, const struct node *node,
                                                const char *format, ...);
/* Something that no scenario may hide. */
void tell_broken(struct world *w, const struct node *node, const char *what);
void tell_unreadable(struct world *w, const struct node *node, const char *why);
void tell_step(struct world *w, struct node *node, const struct goose_event *event,
               enum goose_refusal refusal, const struct goose_actions *actions);

/* What `show` and `ask` answer. */
void tell_state(struct world *w, struct node *node);
void tell_claim(struct world *w, struct node *node);

/* Bits of what a word of `watch` means; 0: nothing. */
unsigned watch_of_word(const char *word);

/* message.c: { what a message says }, as its sender means it. */
void message_words(struct world *w, const struct node *sender, const struct goose_message *message,
                   struct words *words);
void roster_words(struct world *w, const struct goose_roster *roster, struct words *words);
void address_words(struct goose_text address, struct words *words);

#endif
