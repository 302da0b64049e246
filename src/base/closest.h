/* closest.h: which of some names a misspelt word was meant to be. */
#ifndef BASE_CLOSEST_H
#define BASE_CLOSEST_H

#include "base/text.h"

struct closest {
    struct span word;
    const char *name; /* the closest so far; NULL: none is close enough */
    size_t wrong;     /* how many letters one has to change, add or leave out for it */
};

struct closest closest_begin(struct span word);
void closest_try(struct closest *closest, const char *name);

#endif
