/* kept.h: answers that are large, made once for all who ask at nearly the same time.
 * A handler says how its answer is made, and kept_reply() makes it, or gives the one that was made a moment ago. */
#ifndef HTTP_KEPT_H
#define HTTP_KEPT_H

#include "http/exchange.h"

#define KEPT_US_MAX UINT64_C(250000)
#define KEPT_TIMES  20 /* as long as the making took */

enum kept_answer {
    KEPT_METRICS,
    KEPT_MEMBERS,
    KEPT_WHY,
    KEPT_HISTORY,
    KEPT_HISTORY_JSON,
    KEPT_ANSWERS
};

/* A text that grows. What did not fit into memory, or into what was reserved, makes all of it fail. */
struct growing {
    char *at;
    size_t bytes;
    size_t room;
    bool failed;
};

/* Room for `bytes` more; once it was put to, growing_end() takes it over. */
struct out growing_begin(struct growing *text, size_t bytes);
void growing_end(struct growing *text, const struct out *out);

struct kept {
    char *at; /* NULL: none is kept */
    size_t bytes;
    uint64_t end_us;
    uint64_t index; /* what it was made of */
    uint64_t term;
    bool is_goose;
    bool knows_goose;
};

struct making {
    enum kept_answer which;
    bool json;
    bool about;            /* its head tells the role */
    const char *fields;    /* see struct answer */
    struct problem failed; /* the answer where there is no room */
    void (*make)(const struct exchange *exchange, const struct flock_status *status,
                 struct growing *text);
};

void kept_reply(const struct exchange *exchange, const struct making *making);

/* Takes over the text. It took from `began_us` to `now_us` to make. */
void kept_keep(struct kept *kept, const struct growing *text, const struct flock_status *status,
               uint64_t began_us, uint64_t now_us);
bool kept_is_good(const struct kept *kept, const struct flock_status *status, uint64_t now_us);
void kept_drop(struct kept *kept);
void kept_drop_all(struct kept kept[KEPT_ANSWERS]);

#endif
