/* events.h: changes, for those who watch and for those who look back. */
#ifndef HTTP_EVENTS_H
#define HTTP_EVENTS_H

#include "http/exchange.h"

/* One event of /events; 0: it does not fit. */
size_t event_text(char text[EVENT_BYTES_MAX], const struct flock_status *status);

void events_get(struct exchange *exchange);
void history_get(struct exchange *exchange);

#endif
