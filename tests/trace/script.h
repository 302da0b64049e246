/* script.h: one line of a scenario, carried out. */
#ifndef TRACE_SCRIPT_H
#define TRACE_SCRIPT_H

#include "world.h"

/* False: `wrong` says what is not understood, or did not come about. */
bool script_line(struct world *w, const char *line, struct words *wrong);

/* setup.c: a flock of these that has lived before: its states on disk, nobody started. */
void setup_stored(struct world *w, struct node *const *nodes, int count);
/* And one in good order under a goose, at the instant of a heartbeat: the story begins there. */
bool setup_flock(struct world *w, struct node *const *nodes, int count);

#endif
