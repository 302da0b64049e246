/* status.c: what this node is. PROTOCOL 5: the claim is read in the very call that makes the
 * answer; nothing that was read before is ever shown. */
#include "http/status.h"

#define WAIT_US_MAX UINT64_C(300000000)

struct hold {
    bool asked;
    uint64_t us;
};

static const struct hold no_hold = {false, 0};

const struct problem too_many_watch = {503, "too many clients watch this node already",
                                       "ask another node, or look at /status now and then"};

static void status_read(const struct exchange *exchange, struct flock_status *status)
{
    exchange->api->status(exchange->api->context, status);
}

/* Takes the hold that ?hold= asks for, if any, then reads the status. False: the request made no
 * sense and has been answered. The hold is taken first, so that the lease read behind it bounds
 * both. */
static bool hold_and_read(const struct exchange *exchange, struct hold *hold,
                          struct flock_status *status)
{
    static const struct problem bad_hold = {
        400, "hold is not a duration", "give a whole number and us, ms, s or m, as in ?hold=200ms"};
    struct span value;
    uint64_t wanted_us;
    *hold = (struct hold){false, 0};
    if (exchange->query.bytes > 0 && query_find(exchange->query, "hold", &value)) {
        if (!duration_parse_us(value, &wanted_us)) {
            reply_problem(exchange, &bad_hold);
            return false;
        }
        hold->asked = true;
        hold->us = exchange->api->hold(exchange->api->context, wanted_us);
    }
    status_read(exchange, status);
    if (!hold->asked) hold->us = status->hold_us;
    if (hold->us > status->lease_us) hold->us = status->lease_us;
    return true;
}

static void reply_status(const struct exchange *exchange, unsigned code,
                         const struct flock_status *status, const struct hold *hold,
                         struct span body)
{
    const struct answer answer = {
        .code = code,
        .json = exchange->wants_json,
        .holds = hold->asked,
        .hold_us = hold->us,
        .body = body,
        .about = status,
    };
    reply(exchange, &answer);
}

static void put_member(struct out *out, const char *name, const char *string)
{
    PUT(out, ",\"");
    put_string(out, name);
    PUT(out, "\":");
    put_json_string(out, string);
}

static void put_number(struct out *out, const char *name, uint64_t number)
{
    PUT(out, ",\"");
    put_string(out, name);
    PUT(out, "\":");
    put_u64(out, number);
}

static void put_flag(struct out *out, const char *name, bool yes)
{
    PUT(out, ",\"");
    put_string(out, name);
    PUT(out, "\":");
    put_bool(out, yes);
}

void status_put(struct out *out, const struct flock_status *status, uint64_t hold_us)
{
    static const char *const seats[] = {[FLOCK_SEAT_NONE] = "none",
                                        [FLOCK_SEAT_OBSERVER] = "observer",
                                        [FLOCK_SEAT_VOTER] = "voter"};
    PUT(out, "{\"self\":");
    put_json_string(out, status->self);
    put_member(out, "role", status->is_goose ? "goose" : "duck");
    put_member(out, "state", status->state);
    put_member(out, "seat", seats[status->seat]);
    put_member(out, "goose", status->goose);
    put_number(out, "term", status->term);
    put_number(out, "lease_ms", status->lease_us / 1000);
    put_number(out, "hold_ms", hold_us / 1000);
    put_member(out, "flock", status->flock);
    PUT(out, ",\"flock_id\":");
    put_hex64(out, status->flock_id);
    PUT(out, ",\"roster\":{\"term\":");
    put_u64(out, status->roster_term);
    put_number(out, "version", status->roster_version);
    PUT(out, "}");
    put_flag(out, "settled", status->settled);
    put_number(out, "uptime_ms", status->uptime_us / 1000);
    put_flag(out, "draining", status->draining);
    put_flag(out, "authenticated", status->authenticated);
}

static void reply_whole(const struct exchange *exchange, const struct flock_status *status,
                        const struct hold *hold)
{
    if (!exchange->wants_json) {
        reply_status(exchange, 200, status, hold, span_of(status->is_goose ? "goose\n" : "duck\n"));
        return;
    }
    char json[SMALL_BODY_BYTES_MAX];
    struct out out = {json, json + sizeof(json)};
    status_put(&out, status, hold->us);
    PUT(&out, "}\n");
    static const struct problem too_long = {500, "the status does not fit",
                                            "give the flock a shorter name"};
    if (out.at == NULL)
        reply_problem(exchange, &too_long);
    else
        reply_status(exchange, 200, status, hold, (struct span){json, (size_t)(out.at - json)});
}

static void answer_change(const struct exchange *exchange)
{
    struct flock_status status;
    struct hold hold = no_hold;
    status_read(exchange, &status);
    hold.us = status.hold_us < status.lease_us ? status.hold_us : status.lease_us;
    reply_whole(exchange, &status, &hold);
}

/* What is wrong with a question for a change, or NULL. Without an index it is the next change that
 * is asked for. */
static const struct problem *read_wait(const struct exchange *exchange, uint64_t *wait_us,
                                       uint64_t *index)
{
    static const struct problem bad_wait = {400, "wait is not a duration of at most 5m",
                                            "write it as in ?wait=30s&index=7"};
    static const struct problem bad_index = {400, "index is not a number",
                                             "give the Goose-Index of an answer"};
    static const struct problem both = {400, "a hold that is waited for holds nothing",
                                        "ask for ?wait= first, and for ?hold= then"};
    struct span value;
    if (!query_find(exchange->query, "wait", &value) || !duration_parse_us(value, wait_us) ||
        *wait_us > WAIT_US_MAX)
        return &bad_wait;
    if (query_find(exchange->query, "index", &value) && !number_parse(value, index))
        return &bad_index;
    return query_find(exchange->query, "hold", &value) ? &both : NULL;
}

/* Waits only if nothing has changed since, and there is time to. */
static void status_wait(const struct exchange *exchange)
{
    struct flock_status status;
    status_read(exchange, &status);
    uint64_t wait_us, index = status.index;
    const struct problem *problem = read_wait(exchange, &wait_us, &index);
    if (problem != NULL)
        reply_problem(exchange, problem);
    else if (index != status.index || wait_us < 1000)
        answer_change(exchange);
    else if (!exchange_watch(exchange, index, wait_us / 1000, answer_change))
        reply_problem(exchange, &too_many_watch);
}

void status_get(struct exchange *exchange)
{
    struct flock_status status;
    struct hold hold;
    struct span value;
    if (query_find(exchange->query, "wait", &value))
        status_wait(exchange);
    else if (hold_and_read(exchange, &hold, &status))
        reply_whole(exchange, &status, &hold);
}

/* The goose's address or "none", with a code for load balancers. */
static void reply_goose(const struct exchange *exchange, bool yes,
                        const struct flock_status *status, const struct hold *hold)
{
    char body[FLOCK_ADDRESS_BYTES + 32];
    struct out out = {body, body + sizeof(body)};
    if (exchange->wants_json) {
        PUT(&out, "{\"goose\":");
        put_json_string(&out, status->goose);
        PUT(&out, "}\n");
    } else {
        put_string(&out, status->goose != NULL ? status->goose : "none");
        PUT(&out, "\n");
    }
    size_t bytes = out.at != NULL ? (size_t)(out.at - body) : 0;
    reply_status(exchange, yes ? 200 : 503, status, hold, (struct span){body, bytes});
}

void goose_get(struct exchange *exchange)
{
    struct flock_status status;
    struct hold hold;
    if (!hold_and_read(exchange, &hold, &status)) return;
    reply_goose(exchange, status.is_goose, &status, &hold);
}

void duck_get(struct exchange *exchange)
{
    struct flock_status status;
    status_read(exchange, &status);
    reply_goose(exchange, !status.is_goose && status.knows_goose && !status.draining, &status,
                &no_hold);
}

void livez_get(struct exchange *exchange)
{
    const struct answer answer = {
        .code = 200,
        .json = exchange->wants_json,
        .body = span_of(exchange->wants_json ? "{\"live\":true}\n" : "live\n"),
    };
    reply(exchange, &answer);
}

void readyz_get(struct exchange *exchange)
{
    struct flock_status status;
    status_read(exchange, &status);
    if (status.is_member && status.knows_goose) {
        reply_status(exchange, 200, &status, &no_hold,
                     span_of(exchange->wants_json ? "{\"ready\":true}\n" : "ready\n"));
        return;
    }
    const char *why =
        status.is_member ? "this node knows no goose" : "this node is no member of the flock";
    const struct problem problem = {503, status.not_ready != NULL ? status.not_ready : why,
                                    "see /status and /members"};
    reply_problem_about(exchange, &problem, &status);
}
