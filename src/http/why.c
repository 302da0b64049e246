/* why.c: why there is no goose, or why it is not this node, as far as this node knows. With ?probe=1 it also begins to
 * ask the voters whether they hear it; what came of that is in the next answer, half a second later. */
#include "http/why.h"

#include "http/kept.h"

static void put_why(const struct exchange *exchange, const struct flock_status *status,
                    struct growing *text)
{
    struct span why = span_of(exchange->api->why(exchange->api->context));
    struct out out = growing_begin(text, why.bytes);

    (void)status;
    put(&out, why.at, why.bytes);
    growing_end(text, &out);
}

void why_get(struct exchange *exchange)
{
    static const struct problem bad_probe = {400, "probe is 1 or left out", "write ?probe=1"};
    static const struct making why = {
        .which = KEPT_WHY,
        .json = true,
        .failed = {503, "there is no memory for the answer now", "ask again later"},
        .make = put_why};
    struct span probe;
    bool probes = query_find(exchange->query, "probe", &probe);

    if (probes && !span_is(probe, "1")) {
        reply_problem(exchange, &bad_probe);
        return;
    }
    if (probes) exchange->api->probe(exchange->api->context);
    kept_reply(exchange, &why);
}
