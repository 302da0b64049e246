/* status.c: what this node is. PROTOCOL 5: the claim is read in the very call that makes the
 * answer; nothing that was read before is ever shown. */
#include "http/status.h"

struct hold {
    bool asked;
    uint64_t us;
};

static void status_read(const struct exchange *exchange, struct flock_status *status)
{
    exchange->door->status(exchange->door->context, status);
}

/* Takes the hold that ?hold= asks for, if any, then reads the status. False: the request made no
 * sense and has been answered. The hold is taken first, so that the lease read behind it bounds
 * both. */
static bool hold_and_read(const struct exchange *exchange, struct hold *hold,
                          struct flock_status *status)
{
    static const struct problem bad_hold = {400, "hold is not a duration",
                                            "write it as in ?hold=200ms"};
    struct span value;
    uint64_t wanted_us;
    *hold = (struct hold){false, 0};
    if (exchange->query.bytes > 0 && query_find(exchange->query, "hold", &value)) {
        if (!duration_parse_us(value, &wanted_us)) {
            reply_problem(exchange, &bad_hold);
            return false;
        }
        hold->asked = true;
        hold->us = exchange->door->hold(exchange->door->context, wanted_us);
    }
    status_read(exchange, status);
    uint64_t held_us = hold->asked ? hold->us : status->hold_us;
    if (held_us > status->lease_us) held_us = status->lease_us;
    hold->us = held_us;
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

static void put_status(struct out *out, const struct flock_status *status, const struct hold *hold)
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
    put_number(out, "hold_ms", hold->us / 1000);
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
    PUT(out, "}\n");
}

void status_get(struct exchange *exchange)
{
    struct flock_status status;
    struct hold hold;
    if (!hold_and_read(exchange, &hold, &status)) return;
    if (!exchange->wants_json) {
        reply_status(exchange, 200, &status, &hold,
                     span_of(status.is_goose ? "goose\n" : "duck\n"));
        return;
    }
    char json[SMALL_BODY_BYTES_MAX];
    struct out out = {json, json + sizeof(json)};
    put_status(&out, &status, &hold);
    static const struct problem too_long = {500, "the status does not fit",
                                            "give the flock a shorter name"};
    if (out.at == NULL)
        reply_problem(exchange, &too_long);
    else
        reply_status(exchange, 200, &status, &hold, (struct span){json, (size_t)(out.at - json)});
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
    const struct hold none = {false, 0};
    status_read(exchange, &status);
    reply_goose(exchange, !status.is_goose && status.knows_goose && !status.draining, &status,
                &none);
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
    const struct hold none = {false, 0};
    status_read(exchange, &status);
    if (status.is_member && status.knows_goose) {
        reply_status(exchange, 200, &status, &none,
                     span_of(exchange->wants_json ? "{\"ready\":true}\n" : "ready\n"));
        return;
    }
    const char *why =
        status.is_member ? "this node knows no goose" : "this node is no member of the flock";
    const struct problem problem = {503, status.not_ready != NULL ? status.not_ready : why,
                                    "see /status and /members"};
    reply_problem_about(exchange, &problem, &status);
}
