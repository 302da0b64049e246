/* live.h: a display of a terminal's size that is drawn over itself. */
#ifndef CTL_LIVE_H
#define CTL_LIVE_H

#include <stddef.h>

/* The terminal is left as it was found, also where a signal ends goosectl. */
void live_begin(void);
void live_end(void);
/* Lines beyond the terminal's height are left out. */
void live_draw(const char *text, size_t bytes);

#endif
