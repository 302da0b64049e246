/* why.c: see why.h. It only reads. */
#include "daemon/why.h"

#include "base/text.h"
#include "daemon/log_election.h"
#include <netinet/in.h>

static void put_name(struct out *out, const char *name)
{
    PUT(out, ",\"");
    put_string(out, name);
    PUT(out, "\":");
}

static void put_text(struct out *out, const char *name, const char *value)
{
    put_name(out, name);
    put_json_string(out, value);
}

static void put_flag(struct out *out, const char *name, bool yes)
{
    put_name(out, name);
    put_bool(out, yes);
}

static void put_ms(struct out *out, const char *name, uint64_t us)
{
    put_name(out, name);
    put_u64(out, us / 1000);
}

static void put_promise(struct out *out, const struct goose_election_view *view)
{
    char text[GOOSE_ADDRESS_CHARS_MAX + 1];

    put_name(out, "promise");
    if (view->promised_to == 0) {
        PUT(out, "null");
        return;
    }
    PUT(out, "{\"to\":");
    put_json_string(out, log_election_who(view, view->promised_to, NULL, text));
    put_ms(out, "left_ms", view->promise_left_us);
    PUT(out, "}");
}

static void put_refusals(struct out *out, const struct goose_election_view *view,
                         const struct refusals *refusals, uint64_t now_us)
{
    char text[GOOSE_ADDRESS_CHARS_MAX + 1];
    bool first = true;

    put_name(out, "refusals");
    PUT(out, "[");
    for (size_t i = 0; i < REFUSALS_MAX; i++) {
        const struct refusals_entry *entry = &refusals->of[i];
        const char *other;
        if (entry->uid == 0) continue;
        if (!first) PUT(out, ",");
        first = false;
        other = log_election_who(view, entry->uid, &entry->from, text);
        PUT(out, "{\"by\":");
        put_json_string(out, entry->refused_me ? other : view->options->self.chars);
        put_text(out, "asker", entry->refused_me ? view->options->self.chars : other);
        put_text(out, "why", goose_verdict_name(entry->why));
        put_ms(out, "ago_ms", now_us - entry->at_us);
        PUT(out, "}");
    }
    PUT(out, "]");
}

static void put_senders(struct out *out, const char *name, const struct senders *senders,
                        uint64_t now_us)
{
    char text[INET6_ADDRSTRLEN + 16];
    bool first = true;

    put_name(out, name);
    PUT(out, "[");
    for (int i = 0; i < SENDERS_MAX; i++) {
        if (!senders_recent(senders, i, now_us)) continue;
        if (!first) PUT(out, ",");
        first = false;
        endpoint_to_text(&senders->of[i].from, text, sizeof text);
        put_json_string(out, text);
    }
    PUT(out, "]");
}

/* As many as have a seat, at most. */
static void put_names(struct out *out, const char *name, const struct resolver *names,
                      enum resolver_wrong wrong)
{
    const struct goose_address *address;
    size_t place = 0;

    put_name(out, name);
    PUT(out, "[");
    for (int i = 0; i < GOOSE_ROSTER_SEATS_MAX; i++) {
        address = resolver_next_wrong(names, wrong, &place);
        if (address == NULL) break;
        if (i > 0) PUT(out, ",");
        put_json_string(out, address->chars);
    }
    PUT(out, "]");
}

static void put_links(struct out *out, const struct probe *probe)
{
    struct probe_link link;

    put_name(out, "links");
    PUT(out, "[");
    for (size_t i = 0; probe_link(probe, i, &link); i++) {
        if (i > 0) PUT(out, ",");
        PUT(out, "{\"address\":");
        put_json_string(out, link.address->chars);
        put_name(out, "asked");
        put_u64(out, link.asked);
        put_name(out, "answered");
        put_u64(out, link.answered);
        put_name(out, "heard");
        put_u64(out, link.heard);
        put_name(out, "rtt_us");
        if (link.answered > 0)
            put_u64(out, link.rtt_us);
        else
            PUT(out, "null");
        PUT(out, "}");
    }
    PUT(out, "]}\n");
}

static void put_view(struct out *out, const struct goose_election_view *view)
{
    static const char *const seats[] = {[GOOSE_SEAT_NONE] = "none",
                                        [GOOSE_SEAT_OBSERVER] = "observer",
                                        [GOOSE_SEAT_VOTER] = "voter"};
    struct goose_address goose = {0};

    if (view->goose.bytes != 0) goose_address_keep(&goose, view->goose);
    PUT(out, "{\"self\":");
    put_json_string(out, view->options->self.chars);
    put_text(out, "role", goose_role_name(view->role));
    put_text(out, "seat", seats[view->seat]);
    put_text(out, "goose", goose.bytes != 0 ? goose.chars : NULL);
    put_name(out, "term");
    put_u64(out, view->term);
    put_name(out, "priority");
    put_u64(out, view->options->priority);
    put_flag(out, "draining", view->draining);
    put_flag(out, "failed", view->failed);
    put_flag(out, "two_geese", view->two_geese);
    put_flag(out, "removed", view->removed);
    put_flag(out, "listening", view->listening);
    put_ms(out, "quarantine_ms", view->quarantine_left_us);
}

void why_put(const struct goose_election_view *view, const struct why_parts *parts, uint64_t now_us,
             char text[WHY_BYTES])
{
    struct out out = {text, text + WHY_BYTES - 1};

    put_view(&out, view);
    put_promise(&out, view);
    put_refusals(&out, view, parts->refusals, now_us);
    put_senders(&out, "other_versions", &parts->metrics->other_version, now_us);
    put_senders(&out, "other_peers", &parts->metrics->other_peers, now_us);
    put_senders(&out, "other_keys", &parts->datagrams->forged_by, now_us);
    put_senders(&out, "other_flocks", &parts->datagrams->foreign_by, now_us);
    put_names(&out, "unresolved", parts->names, RESOLVER_UNKNOWN);
    put_names(&out, "other_family", parts->names, RESOLVER_OTHER_FAMILY);
    put_links(&out, parts->probe);
    if (out.at != NULL)
        *out.at = '\0';
    else
        memcpy(text, "{}\n", 4);
}
