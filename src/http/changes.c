/* changes.c: what changes the flock. Each is handed to the node and answered when the node knows
 * how it went. Whoever comes here has passed access.c. */
#include "http/changes.h"

#include <cjson/cJSON.h>

#include "http/body.h"

/* Behind a removal: what the flock can lose now. */
static void put_warning(struct out *out, const struct exchange *exchange, unsigned stops_at)
{
    if (stops_at == 0) return;
    put_string(out, exchange->wants_json ? ",\"stops_at\":" : "");
    if (exchange->wants_json) put_u64(out, stops_at);
    put_string(out, exchange->wants_json ? ",\"warning\":\"" : "; ");
    PUT(out, "nobody waits for the seat: the flock stops when ");
    put_u64(out, stops_at);
    put_string(out, stops_at == 1 ? " more voter is lost" : " more voters are lost");
    PUT(out, ", so start another node with --join");
    put_string(out, exchange->wants_json ? "\"" : "");
}

/* What was done, as a line or as JSON: "removed n4:7400". */
static void reply_done(const struct exchange *exchange, enum flock_ask ask,
                       const struct flock_answer *done_so)
{
    const char *address = done_so->address;
    static const struct {
        const char *text, *json;
    } done[] = {
        [FLOCK_REMOVE] = {"removed ", "{\"removed\":"},
        [FLOCK_HANDOVER] = {"", "{\"goose\":"},
        [FLOCK_DRAIN] = {"draining", "{\"draining\":true"},
        [FLOCK_UNDRAIN] = {"not draining", "{\"draining\":false"},
        [FLOCK_VOTERS] = {"voters wanted: ", "{\"wanted\":"},
    };
    bool names = ask == FLOCK_REMOVE || ask == FLOCK_HANDOVER;
    char body[FLOCK_ADDRESS_BYTES * 2 + FLOCK_TEXT_BYTES];
    struct out out = {body, body + sizeof(body)};
    put_string(&out, exchange->wants_json ? done[ask].json : done[ask].text);
    if (names && exchange->wants_json)
        put_json_string(&out, address);
    else if (names)
        put_string(&out, address != NULL ? address : "none");
    if (ask == FLOCK_VOTERS) put_u64(&out, done_so->number);
    if (ask == FLOCK_REMOVE) put_warning(&out, exchange, done_so->number);
    put_string(&out, exchange->wants_json ? "}\n" : "\n");

    struct flock_status status;
    exchange->api->status(exchange->api->context, &status);
    const struct answer answer = {
        .code = 200,
        .json = exchange->wants_json,
        .body = {body, out.at != NULL ? (size_t)(out.at - body) : 0},
        .about = &status,
    };
    reply(exchange, &answer);
}

static void change_reply(const struct exchange *exchange, enum flock_ask ask,
                         const struct flock_answer *answer)
{
    static const struct problem problems[] = {
        [FLOCK_BAD_ADDRESS] = {400, "this is no HOST:PORT", "name the member as /members lists it"},
        [FLOCK_NOT_FOUND] = {404, NULL, "see /members"},
        [FLOCK_REFUSED] = {409, "the flock cannot do that now", "see /members"},
        [FLOCK_NO_GOOSE] = {503, "there is no goose to do it", "ask again when /readyz says 200"},
        [FLOCK_NO_ANSWER] = {503, "no answer came in time, so it may or may not have been done",
                             "look at /status and /members before asking again"},
    };
    if (answer->outcome == FLOCK_DONE) {
        reply_done(exchange, ask, answer);
        return;
    }
    struct problem problem = problems[answer->outcome];
    char nobody[FLOCK_TEXT_BYTES];
    struct out out = {nobody, nobody + sizeof(nobody) - 1};
    PUT(&out, "there is no member ");
    put_string(&out, answer->address != NULL ? answer->address : "of that address");
    *out.at = '\0';
    if (answer->outcome == FLOCK_NOT_FOUND) problem.error = nobody;
    if (answer->error != NULL) problem.error = answer->error;
    if (answer->hint != NULL) problem.hint = answer->hint;
    reply_problem(exchange, &problem);
}

static void begin(struct exchange *exchange, const struct flock_request *request)
{
    static const struct problem crowded = {503, "too many requests wait for an answer already",
                                           "ask again later"};
    struct ticket *ticket = exchange_wait(exchange, request, change_reply);
    if (ticket == NULL)
        reply_problem(exchange, &crowded);
    else
        exchange->api->request(exchange->api->context, request, ticket_answered, ticket);
}

void member_delete(struct exchange *exchange)
{
    static const struct problem bad_address = {400, "this is no HOST:PORT",
                                               "name the member as /members lists it"};
    static const struct problem bad_force = {400, "force is 1 or left out", "write ?force=1"};
    char address[FLOCK_ADDRESS_BYTES];
    struct span force;
    bool forced = query_find(exchange->query, "force", &force);
    if (!percent_decode(exchange->tail, address, sizeof(address)) || address[0] == '\0')
        reply_problem(exchange, &bad_address);
    else if (forced && !span_is(force, "1"))
        reply_problem(exchange, &bad_force);
    else
        begin(exchange,
              &(struct flock_request){.ask = FLOCK_REMOVE, .force = forced, .address = address});
}

/* {"to": ADDRESS or null} or nothing at all. A key that is none is refused: with a misspelt one
 * the role would go to anybody. */
static bool handover_to(const cJSON *object, char *address)
{
    address[0] = '\0';
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        if (strcmp(item->string, "to") != 0 || address[0] != '\0') return false;
        if (cJSON_IsNull(item)) continue;
        if (!cJSON_IsString(item)) return false;
        size_t bytes = strlen(item->valuestring);
        if (bytes == 0 || bytes >= FLOCK_ADDRESS_BYTES) return false;
        memcpy(address, item->valuestring, bytes + 1);
    }
    return true;
}

void handover_post(struct exchange *exchange)
{
    static const struct problem bad_body = {400, "this is no {\"to\": HOST:PORT}",
                                            "name one member, or send no body for the heir"};
    char address[FLOCK_ADDRESS_BYTES] = "";
    cJSON *object = NULL;
    bool good = span_trim(exchange->body).bytes == 0;
    if (!good) {
        object = body_object(exchange->body);
        good = object != NULL && handover_to(object, address);
    }
    cJSON_Delete(object);
    if (good)
        begin(exchange, &(struct flock_request){.ask = FLOCK_HANDOVER, .address = address});
    else
        reply_problem(exchange, &bad_body);
}

void drain_put(struct exchange *exchange)
{
    begin(exchange, &(struct flock_request){.ask = FLOCK_DRAIN, .address = ""});
}

void drain_delete(struct exchange *exchange)
{
    begin(exchange, &(struct flock_request){.ask = FLOCK_UNDRAIN, .address = ""});
}

/* {"wanted": N} and nothing else. 0: it is not that. */
static unsigned wanted_voters(struct span body)
{
    cJSON *object = body_object(body);
    const cJSON *item = object != NULL ? object->child : NULL;
    unsigned wanted = 0;

    if (item != NULL && item->next == NULL && strcmp(item->string, "wanted") == 0 &&
        cJSON_IsNumber(item) && item->valuedouble >= 1 && item->valuedouble <= FLOCK_VOTERS_MAX)
        wanted = (unsigned)item->valueint;
    if (wanted != 0 && item->valuedouble > wanted) wanted = 0; /* no whole number */
    cJSON_Delete(object);
    return wanted;
}

void voters_put(struct exchange *exchange)
{
    static const struct problem bad_body = {400, "this is no {\"wanted\": N}",
                                            "name a number of voters from 1 to 31"};
    unsigned wanted = wanted_voters(exchange->body);
    if (wanted == 0)
        reply_problem(exchange, &bad_body);
    else
        begin(exchange,
              &(struct flock_request){.ask = FLOCK_VOTERS, .wanted = wanted, .address = ""});
}
