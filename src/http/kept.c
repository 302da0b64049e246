/* kept.c: see kept.h. Who asks for the same again and again gets copies, so that making takes a twentieth of the loop's
 * time at most. No copy outlives what it tells of the role: the claim is read anew for each who asks, as for /status, and
 * a copy that was made under another is dropped. */
#include "http/kept.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"

struct out growing_begin(struct growing *text, size_t bytes)
{
    if (!text->failed && text->room - text->bytes < bytes) {
        size_t room = text->room * 2 + bytes;
        char *larger = realloc(text->at, room);
        text->failed = larger == NULL;
        if (larger != NULL) {
            text->at = larger;
            text->room = room;
        }
    }
    if (text->failed) return (struct out){NULL, NULL};
    assert(text->at != NULL);
    return (struct out){text->at + text->bytes, text->at + text->bytes + bytes};
}

void growing_end(struct growing *text, const struct out *out)
{
    text->failed = text->failed || out->at == NULL;
    if (!text->failed) text->bytes = (size_t)(out->at - text->at);
}

void kept_drop(struct kept *kept)
{
    free(kept->at);
    *kept = (struct kept){.at = NULL};
}

void kept_drop_all(struct kept kept[KEPT_ANSWERS])
{
    for (int i = 0; i < KEPT_ANSWERS; i++)
        kept_drop(&kept[i]);
}

bool kept_is_good(const struct kept *kept, const struct flock_status *status, uint64_t now_us)
{
    return kept->at != NULL && now_us < kept->end_us && status->index == kept->index &&
           status->term == kept->term && status->is_goose == kept->is_goose &&
           status->knows_goose == kept->knows_goose;
}

static char *shrink(char *at, size_t bytes)
{
    char *smaller = realloc(at, bytes > 0 ? bytes : 1);
    if (smaller == NULL) return at;
    return smaller;
}

void kept_keep(struct kept *kept, const struct growing *text, const struct flock_status *status,
               uint64_t began_us, uint64_t now_us)
{
    uint64_t us = KEPT_TIMES * (now_us - began_us);

    kept_drop(kept);
    *kept = (struct kept){.at = shrink(text->at, text->bytes),
                          .bytes = text->bytes,
                          .end_us = now_us + (us < KEPT_US_MAX ? us : KEPT_US_MAX),
                          .index = status->index,
                          .term = status->term,
                          .is_goose = status->is_goose,
                          .knows_goose = status->knows_goose};
}

/* What cannot be made is not kept either: it may be possible a moment later. */
static void make(struct kept *kept, const struct exchange *exchange, const struct making *making,
                 const struct flock_status *status, uint64_t began_us)
{
    struct growing text = {.at = NULL};

    kept_drop(kept);
    making->make(exchange, status, &text);
    if (text.failed)
        free(text.at);
    else
        kept_keep(kept, &text, status, began_us, clock_now_us());
}

void kept_reply(const struct exchange *exchange, const struct making *making)
{
    struct kept *kept = &exchange->kept[making->which];
    struct flock_status status;

    if (exchange_is_crowded(exchange)) {
        reply_problem(exchange, &making->failed);
        return;
    }
    uint64_t now_us = clock_now_us();
    exchange->api->status(exchange->api->context, &status);
    if (!kept_is_good(kept, &status, now_us)) make(kept, exchange, making, &status, now_us);
    const struct answer answer = {.code = 200,
                                  .json = making->json,
                                  .fields = making->fields,
                                  .body = {kept->at, kept->bytes},
                                  .about = making->about ? &status : NULL};
    if (kept->at == NULL)
        reply_problem(exchange, &making->failed);
    else
        reply(exchange, &answer);
}
