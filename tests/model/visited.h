/* visited.h: the set of states that were seen, numbered from 1 in the order in which they were found. */
#ifndef MODEL_VISITED_H
#define MODEL_VISITED_H

#include "model.h"

void visited_begin(void);
/* False: no room is left. A state that is known already stays as it was first found. */
bool visited_add(const struct state *state, uint64_t parent, const struct event_kept *event);
uint64_t visited_end(void); /* one more than the newest's number */
void visited_get(uint64_t number, struct state *state);
uint64_t visited_parent(uint64_t number, struct event_kept *event); /* 0: it is the first */
size_t visited_memory(void);

#endif
