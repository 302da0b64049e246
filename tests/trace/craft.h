/* craft.h: messages that a scenario makes by hand, for what no honest node would send just now. */
#ifndef TRACE_CRAFT_H
#define TRACE_CRAFT_H

#include "world.h"

/* `receiver` gets a message of this kind from the node or uid of that name. `body` is what stands
 * between the braces, or empty; what it leaves out is as the sender would say it. False: `wrong`
 * says which field nobody understands. */
bool craft_give(struct world *w, struct node *receiver, const char *kind, const char *sender,
                const char *body, struct words *wrong);

/* "315ms", "2s", "250us", "11min" or "0". */
bool parse_us(const char *word, uint64_t *us);
bool parse_kind(const char *word, enum goose_message_kind *kind);

#endif
