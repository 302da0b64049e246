/* fire_words.h: HTTP requests by a grammar, good ones and all kinds of bad ones, for fire_requests. */
#ifndef SYSTEM_FIRE_WORDS_H
#define SYSTEM_FIRE_WORDS_H

#include "rig/random.h"

#include <stdbool.h>
#include <stddef.h>

#define WORDS_BYTES_MAX 65536

struct words {
    struct rng rng;
    bool changes; /* what may change something, too: nothing that could be allowed to */
    unsigned requests;
    size_t bytes;
    char at[WORDS_BYTES_MAX];
};

/* One to `most` requests, one behind the other, and now and then something that is none. */
void words_next(struct words *words, unsigned most);

#endif
