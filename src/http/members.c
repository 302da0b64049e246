/* members.c: the list of voters and observers, as JSON. It can be long: observers are many. */
#include "http/members.h"

#include "http/kept.h"

#define MEMBER_BYTES_MAX 768

struct list {
    struct growing *text;
    bool started;
};

/* Microseconds as milliseconds with three digits behind the point. */
static void put_ms(struct out *out, uint64_t us)
{
    if (us == FLOCK_UNKNOWN) {
        PUT(out, "null");
        return;
    }
    uint64_t rest = us % 1000;
    char fraction[] = {'.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10),
                       (char)('0' + rest % 10)};
    put_u64(out, us / 1000);
    put(out, fraction, sizeof(fraction));
}

static void put_known(struct out *out, int number)
{
    if (number < 0)
        PUT(out, "null");
    else
        put_u64(out, (uint64_t)number);
}

static void add_member(const struct flock_member *member, void *to)
{
    static const char *const seats[] = {[FLOCK_SEAT_NONE] = "none",
                                        [FLOCK_SEAT_OBSERVER] = "observer",
                                        [FLOCK_SEAT_VOTER] = "voter"};
    struct list *list = to;
    struct out out = growing_begin(list->text, MEMBER_BYTES_MAX);
    put_string(&out, list->started ? ",\n{\"address\":" : "\n{\"address\":");
    put_json_string(&out, member->address);
    PUT(&out, ",\"uid\":");
    if (member->uid == 0)
        PUT(&out, "null");
    else
        put_hex64(&out, member->uid);
    PUT(&out, ",\"seat\":");
    put_json_string(&out, seats[member->seat]);
    PUT(&out, ",\"role\":");
    put_json_string(&out, member->role);
    PUT(&out, ",\"silent\":");
    if (member->silent == FLOCK_SILENT_UNKNOWN)
        PUT(&out, "null");
    else
        put_bool(&out, member->silent == FLOCK_SILENT_YES);
    PUT(&out, ",\"priority\":");
    put_known(&out, member->priority);
    PUT(&out, ",\"last_heard_ms\":");
    put_ms(&out, member->last_heard_us);
    PUT(&out, ",\"rtt_ms\":");
    put_ms(&out, member->rtt_us);
    PUT(&out, ",\"rank\":");
    put_known(&out, member->rank);
    PUT(&out, ",\"http_port\":");
    put_known(&out, member->http_port == 0 ? -1 : member->http_port);
    PUT(&out, "}");
    growing_end(list->text, &out);
    list->started = true;
}

static void put_members(const struct exchange *exchange, const struct flock_status *status,
                        struct growing *text)
{
    struct list list = {.text = text};
    struct out out = growing_begin(text, MEMBER_BYTES_MAX);

    PUT(&out, "{\"goose\":");
    put_json_string(&out, status->goose);
    PUT(&out, ",\"wanted\":");
    put_known(&out, status->wanted == 0 ? -1 : (int)status->wanted);
    PUT(&out, ",\"members\":[");
    growing_end(text, &out);
    exchange->api->members(exchange->api->context, add_member, &list);
    out = growing_begin(text, MEMBER_BYTES_MAX);
    PUT(&out, "\n]}\n");
    growing_end(text, &out);
}

void members_get(struct exchange *exchange)
{
    static const struct making members = {
        .which = KEPT_MEMBERS,
        .json = true,
        .about = true,
        .failed = {503, "there is no memory for the list now", "ask again later"},
        .make = put_members};

    kept_reply(exchange, &members);
}
