/* connect.h: a TCP connection to HOST:PORT, in a bounded time, and what was tried if there is none. */
#ifndef CTL_CONNECT_H
#define CTL_CONNECT_H

#include <stddef.h>

#include "ctl/place.h"

/* A non-blocking socket, and `why` is empty; or -1, and it is a line that names each address that was tried. */
int connect_to(const struct place *at, unsigned patience_ms, char *why, size_t why_bytes);

#endif
