/* faults.c: the fault drills, where the node allows them. What a fault is, the node knows. */
#include "http/faults.h"

#include <cjson/cJSON.h>

#include "http/body.h"

void faults_get(struct exchange *exchange)
{
    const struct node_api *api = exchange->api;
    const struct answer answer = {
        .code = 200,
        .json = true,
        .body = span_of(api->show_faults(api->context)),
    };
    reply(exchange, &answer);
}

void faults_post(struct exchange *exchange)
{
    static const struct problem bad_body = {400, "the body is no JSON object",
                                            "see GET /faults for the names"};
    const struct node_api *api = exchange->api;
    char why[FLOCK_TEXT_BYTES] = "";
    cJSON *object = body_object(exchange->body);
    bool set = object != NULL && api->set_faults(api->context, object, why, sizeof(why));
    const struct problem refused = {400, why, bad_body.hint};
    if (set) exchange_log(exchange, exchange->body, "done, a drill");
    if (set)
        faults_get(exchange);
    else
        reply_problem(exchange, object == NULL ? &bad_body : &refused);
    cJSON_Delete(object);
}
