/* why.c: see why.h. It only reads. */
#include "daemon/why.h"

#include "daemon/tell.h"
#include "goose/state.h"
#include "http/text.h"

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

static uint64_t left_us(uint64_t until_us, uint64_t now_us)
{
    return until_us > now_us ? until_us - now_us : 0;
}

static void put_promise(struct out *out, const struct election *e, uint64_t now_us)
{
    char text[ADDRESS_CHARS_MAX + 1];
    uint64_t left = left_us(e->promise.until_us, now_us);

    put_name(out, "promise");
    if (left == 0 || e->promise.to.uid == 0) {
        PUT(out, "null");
        return;
    }
    PUT(out, "{\"to\":");
    put_json_string(out, tell_who(e, e->promise.to.uid, text));
    put_ms(out, "left_ms", left);
    PUT(out, "}");
}

static void put_refusals(struct out *out, const struct election *e, const struct diary *diary,
                         uint64_t now_us)
{
    char text[ADDRESS_CHARS_MAX + 1];
    bool first = true;

    put_name(out, "refusals");
    PUT(out, "[");
    for (size_t i = 0; i < DIARY_MAX; i++) {
        const struct diary_entry *entry = &diary->of[i];
        const char *other;
        if (entry->uid == 0) continue;
        if (!first) PUT(out, ",");
        first = false;
        other = tell_who(e, entry->uid, text);
        PUT(out, "{\"by\":");
        put_json_string(out, entry->refused_me ? other : e->options.self.chars);
        put_text(out, "asker", entry->refused_me ? e->options.self.chars : other);
        put_text(out, "why", verdict_name(entry->why));
        put_ms(out, "ago_ms", now_us - entry->at_us);
        PUT(out, "}");
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

static void put_view(struct out *out, const struct election *e, uint64_t now_us)
{
    static const char *const seats[] = {
        [SEAT_NONE] = "none", [SEAT_OBSERVER] = "observer", [SEAT_VOTER] = "voter"};
    struct election_view view;
    struct address goose = {0};

    election_view(e, now_us, &view);
    if (view.goose.bytes != 0) address_keep(&goose, view.goose);
    PUT(out, "{\"self\":");
    put_json_string(out, e->options.self.chars);
    put_text(out, "role", role_name(view.role));
    put_text(out, "seat", seats[view.seat]);
    put_text(out, "goose", goose.bytes != 0 ? goose.chars : NULL);
    put_name(out, "term");
    put_u64(out, view.term);
    put_name(out, "priority");
    put_u64(out, e->options.priority);
    put_flag(out, "draining", view.draining);
    put_flag(out, "failed", view.failed);
    put_flag(out, "removed", view.removed);
    put_flag(out, "listening", view.listening);
    put_ms(out, "quarantine_ms", left_us(e->quarantine_end_us, now_us));
}

void why_put(const struct election *e, const struct diary *diary, const struct probe *probe,
             uint64_t now_us, char text[WHY_BYTES])
{
    struct out out = {text, text + WHY_BYTES - 1};

    put_view(&out, e, now_us);
    put_promise(&out, e, now_us);
    put_refusals(&out, e, diary, now_us);
    put_links(&out, probe);
    if (out.at != NULL)
        *out.at = '\0';
    else
        memcpy(text, "{}\n", 4);
}
