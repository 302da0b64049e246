/* views.h: what a node says of itself and of the members, as tables: for `status`, `members` and `watch`. */
#ifndef CTL_VIEWS_H
#define CTL_VIEWS_H

#include "ctl/table.h"

/* `brief`: role, goose, term and lease, and no more. */
void status_facts(FILE *to, const cJSON *status, bool brief, bool colour);
void members_table(FILE *to, const cJSON *members, bool brief, bool colour);
void history_table(FILE *to, const cJSON *history, bool colour);

#endif
