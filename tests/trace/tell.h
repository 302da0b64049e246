/* tell.h: what happened, in words. */
#ifndef TRACE_TELL_H
#define TRACE_TELL_H

#include "world.h"

/* "n2 <what><which>", now. */
void tell(struct world *w, const struct node *node, const char *what, const char *which);
/* Something that no scenario may hide. */
void tell_broken(struct world *w, const struct node *node, const char *what);
void tell_step(struct world *w, const struct node *node, const struct goose_event *event,
               enum goose_refusal refusal, const struct goose_actions *actions);
void tell_will(struct world *w, const struct node *node, const struct goose_actions *said,
               int count);

/* What `show` and `ask` answer. */
void tell_state(struct world *w, const struct node *node);
void tell_claim(struct world *w, const struct node *node);

#endif
