/* place.h: where a node's HTTP is: an address, or a Unix socket of this machine. */
#ifndef CTL_PLACE_H
#define CTL_PLACE_H

#include "goose/roster.h"

#define PLACE_CHARS_MAX 127
#define PLACE_SOCKET    "unix:" /* in front of a path */

struct place {
    struct goose_address address;    /* empty: it is a socket, or none */
    char chars[PLACE_CHARS_MAX + 1]; /* as people write it; "": none */
};

/* NULL, or what is wrong with it. */
const char *place_from_user(struct place *place, const char *text);
/* The path of its socket; NULL: it has an address. */
const char *place_socket(const struct place *place);
/* What to ask for there, in the Host field. */
const char *place_host(const struct place *place);

#endif
