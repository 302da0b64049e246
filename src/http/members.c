/* members.c: the list of voters and observers, as JSON. It can be long (observers are many), so it
 * is the one answer that is built on the heap, and refused while slow readers make the server keep
 * too much already. */
#include "http/members.h"

#include <assert.h>
#include <stdlib.h>

#define MEMBER_BYTES_MAX 768

struct list {
    char *at;
    size_t bytes;
    size_t room;
    bool failed;
    bool started;
};

static void list_add(struct list *list, const char *from, size_t bytes)
{
    if (list->failed) return;
    if (list->room - list->bytes < bytes) {
        size_t room = list->room * 2 + bytes;
        char *larger = realloc(list->at, room);
        list->failed = larger == NULL;
        if (list->failed) return;
        list->at = larger;
        list->room = room;
    }
    assert(list->at != NULL);
    memcpy(list->at + list->bytes, from, bytes);
    list->bytes += bytes;
}

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
    char text[MEMBER_BYTES_MAX];
    struct out out = {text, text + sizeof(text)};
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
    list->failed = list->failed || out.at == NULL;
    if (list->failed) return;
    list_add(list, text, (size_t)(out.at - text));
    list->started = true;
}

void members_get(struct exchange *exchange)
{
    static const struct problem no_room = {503, "there is no memory for the list now",
                                           "ask again later"};
    const struct node_api *api = exchange->api;
    struct flock_status status;
    char head[6 * FLOCK_ADDRESS_BYTES + 64]; /* whatever has to be escaped */
    struct out out = {head, head + sizeof(head)};
    struct list list = {.failed = exchange_is_crowded(exchange)};
    api->status(api->context, &status);
    PUT(&out, "{\"goose\":");
    put_json_string(&out, status.goose);
    PUT(&out, ",\"wanted\":");
    put_known(&out, status.wanted == 0 ? -1 : (int)status.wanted);
    PUT(&out, ",\"members\":[");
    assert(out.at != NULL);
    list_add(&list, head, (size_t)(out.at - head));
    if (!list.failed) api->members(api->context, add_member, &list);
    list_add(&list, "\n]}\n", 4);
    if (list.failed) {
        reply_problem(exchange, &no_room);
    } else {
        const struct answer answer = {
            .code = 200, .json = true, .body = {list.at, list.bytes}, .about = &status};
        reply(exchange, &answer);
    }
    free(list.at);
}
