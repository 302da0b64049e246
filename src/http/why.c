/* why.c: why there is no goose, or why it is not this node, as far as this node knows. With ?probe=1 it also begins to
 * ask the voters whether they hear it; what came of that is in the next answer, half a second later. */
#include "http/why.h"

void why_get(struct exchange *exchange)
{
    static const struct problem bad_probe = {400, "probe is 1 or left out", "write ?probe=1"};
    static const struct problem no_room = {503, "there is no memory for the answer now",
                                           "ask again later"};
    const struct node_api *api = exchange->api;
    struct span probe;
    bool probes = query_find(exchange->query, "probe", &probe);

    if (probes && !span_is(probe, "1")) {
        reply_problem(exchange, &bad_probe);
        return;
    }
    if (exchange_is_crowded(exchange)) {
        reply_problem(exchange, &no_room);
        return;
    }
    if (probes) api->probe(api->context);
    const struct answer answer = {
        .code = 200, .json = true, .body = span_of(api->why(api->context))};
    reply(exchange, &answer);
}
