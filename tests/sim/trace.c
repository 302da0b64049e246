/* trace.c: what happened, for a person, in the language of the trace tests, each line with its time: what is done on the
 * left, what comes of it to the right. Heartbeats and acknowledgements that change nothing are left out unless everything
 * is asked for. A host is called n4 wherever it is (n2=n2': the second uid of n2 speaks there); @n17 is an address without
 * a host. In rosters stand addresses: n4=n1 is where n4 was at first, and n1 has moved to. */
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DULL (1U << GOOSE_MESSAGE_HEARTBEAT | 1U << GOOSE_MESSAGE_ACK)

/* What is told of a host, and why, until something has come of it. */
struct telling {
    struct world *w;
    const struct host *h;
    char name[16];
    struct words cause;
};

void trace_line(struct world *w, const char *format, ...)
{
    if (w->trace == NULL) {
        return;
    }
    va_list values;
    va_start(values, format);
    fprintf(w->trace, "%10.3f  ", (double)w->now_ns / 1e6);
    vfprintf(w->trace, format, values);
    fputc('\n', w->trace);
    va_end(values);
}

static void host_words(const struct world *w, uint16_t hosts, struct words *words)
{
    for (unsigned i = 0; i < w->host_count; i++) {
        if (((hosts >> i) & 1) != 0) {
            words_add(words, "n%u ", i + 1);
        }
    }
}

void trace_link(struct world *w, uint16_t from, uint16_t to, bool both, bool cut)
{
    if (w->trace == NULL || from == 0) {
        return;
    }
    struct words link = {.bytes = 0};
    host_words(w, from, &link);
    words_add(&link, "%s ", both ? "<->" : "->");
    host_words(w, to, &link);
    trace_line(w, "link %s%s", link.chars, cut ? "cut" : "heals");
}

static void place_words(const struct world *w, uint8_t address, struct words *words)
{
    uint8_t host = w->at_address[address];
    if (host == NOBODY) {
        words_add(words, "@n%u", address);
    } else {
        words_add(words, "n%u", host + 1u);
    }
}

static void tell_cause(struct telling *telling)
{
    if (telling->cause.bytes > 0) {
        trace_line(telling->w, "%s", telling->cause.chars);
    }
    telling->cause.bytes = 0;
}

static void line(void *listener, const char *what)
{
    tell_cause(listener);
    trace_line(((struct telling *)listener)->w, "    %s", what);
}

static const char *receiver(void *listener, const struct goose_send *send)
{
    static struct words words;
    const struct telling *telling = listener;
    const char *lost = telling->h->lost[send - telling->h->actions.sends];
    words.bytes = 0;
    place_words(telling->w,
                send->has_endpoint ? send->endpoint.bytes[0] : address_id(send->address), &words);
    if (lost != NULL) {
        words_add(&words, " (%s)", lost);
    }
    return words.chars;
}

static struct speaker speaker_of(struct telling *telling, struct world *w, const struct host *h)
{
    *telling = (struct telling){.w = w, .h = h};
    (void)snprintf(telling->name, sizeof telling->name, "n%u", h->index + 1u);
    return (struct speaker){.names = &w->names,
                            .name = telling->name,
                            .e = &h->election,
                            .watch = w->trace_all ? ~0U : ~DULL,
                            .listener = telling,
                            .line = line,
                            .receiver = receiver};
}

/* n4=n2': who speaks there is not whom the place is named after. */
static void from_words(const struct world *w, const struct goose_event *event, struct words *words)
{
    const char *uid = uid_name(&w->names, event->message.message->uid);
    place_words(w, event->message.from.bytes[0], words);
    if (strcmp(words->chars, uid) != 0) {
        words_add(words, "=%s", uid);
    }
}

static void learn_uids(struct world *w, const struct host *started)
{
    for (unsigned i = 0; i < w->host_count; i++) {
        const struct host *h = &w->hosts[i];
        char name[16];
        (void)snprintf(name, sizeof name, "n%u", i + 1);
        uid_learn(&w->names, h == started ? h->election.saved.uid : h->disk.state.uid, name);
    }
}

/* What it sends is told when it is sent. */
void trace_step(struct world *w, struct host *h, const struct goose_event *event,
                enum goose_refusal refusal)
{
    if (w->trace == NULL) {
        return;
    }
    struct telling telling;
    struct speaker speaker = speaker_of(&telling, w, h);
    struct words from = {.bytes = 0};
    memset(h->lost, 0, sizeof h->lost);
    if (event->kind == GOOSE_EVENT_START) {
        learn_uids(w, h);
    }
    unsigned told = 0;
    for (int i = 0; i < h->actions.send_count; i++) {
        told |= 1U << h->actions.sends[i].message.kind;
    }
    bool dull = false;
    if (event->kind == GOOSE_EVENT_MESSAGE) {
        from_words(w, event, &from);
        told |= 1U << event->message.message->kind;
        dull = (speaker.watch & told) == 0;
    }
    event_words(&speaker, event, from.chars, &telling.cause);
    speaker.watch &= dull ? ~(ALL_KINDS | WATCH_REFUSAL) : ~ALL_KINDS;
    tell_actions(&speaker, event, refusal, &h->actions);
    if (!dull) {
        tell_cause(&telling);
    }
}

void trace_sent(struct world *w, const struct host *h)
{
    if (w->trace != NULL) {
        struct telling telling;
        struct speaker speaker = speaker_of(&telling, w, h);
        tell_sends(&speaker, &h->actions, (int)h->carry.sent);
    }
}
