/* trace.c: what happened, for a person: one aligned line an event, with what it brought about. Heartbeats and
 * acknowledgements that change nothing are left out unless everything is asked for. */
#include "world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct line {
    char text[400];
    size_t at;
};

static void say(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct line *line, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    int count = vsnprintf(line->text + line->at, sizeof line->text - line->at, format, values);
    va_end(values);
    if (count > 0) {
        size_t room = sizeof line->text - line->at - 1;
        line->at += (size_t)count < room ? (size_t)count : room;
    }
}

static void print(const struct world *w, const char *who, const char *what)
{
    fprintf(w->trace, "%10.3f  %-11s %s\n", (double)w->now_ns / 1e6, who, what);
}

void trace_line(struct world *w, const struct host *h, const char *format, ...)
{
    if (w->trace == NULL) {
        return;
    }
    char who[16];
    char what[300];
    (void)snprintf(who, sizeof who, "n%u", h->index + 1u);
    va_list values;
    va_start(values, format);
    (void)vsnprintf(what, sizeof what, format, values);
    va_end(values);
    print(w, who, what);
}

/* Uids are shown as the host that has it, "old n3" where it has another by now. */
static void say_uid(struct line *line, const struct world *w, uint64_t uid)
{
    for (unsigned i = 0; i < w->host_count; i++) {
        if (w->hosts[i].uid == uid && uid != 0) {
            say(line, "n%u", i + 1);
            return;
        }
    }
    if (uid == 0) {
        say(line, "nobody");
    } else {
        say(line, "u%04" PRIx64, uid >> 48);
    }
}

static void say_ask(struct line *line, const struct world *w, const struct goose_message *m)
{
    say(line, " for term %" PRIu64 " round %04" PRIx64, m->ask.term, m->ask.round >> 48);
    if (m->ask.after.term != 0) {
        say(line, " after %" PRIu64 " of ", m->ask.after.term);
        say_uid(line, w, m->ask.after.uid);
    }
}

static void say_message(struct line *line, const struct world *w, const struct goose_message *m)
{
    say(line, "%s term %" PRIu64 " roster %" PRIu64 ".%" PRIu64 "%s",
        goose_message_kind_name(m->kind), m->term, m->roster_term, m->roster_version,
        m->with_roster ? "+" : "");
    if (w->trace_all) {
        say(line, " count %" PRIu64, m->counter);
    }
    switch (m->kind) {
    case GOOSE_MESSAGE_HEARTBEAT:
        say(line, " seq %" PRIu64 " promise %.1f ms", m->heartbeat.seq,
            m->heartbeat.promise_us / 1e3);
        break;
    case GOOSE_MESSAGE_ACK:
        say(line, " seq %" PRIu64 " %s", m->ack.seq, m->ack.yes ? "yes" : "no");
        break;
    case GOOSE_MESSAGE_CANVASS:
    case GOOSE_MESSAGE_VOTE: say_ask(line, w, m); break;
    case GOOSE_MESSAGE_CANVASS_REPLY:
    case GOOSE_MESSAGE_VOTE_REPLY:
        say(line, " round %04" PRIx64 ": %s", m->reply.round >> 48,
            goose_verdict_name(m->reply.verdict));
        break;
    case GOOSE_MESSAGE_RESIGN:
        say(line, " gives up %" PRIu64 ", heir ", m->resign.term);
        say_uid(line, w, m->resign.heir_uid);
        break;
    case GOOSE_MESSAGE_WELCOME:
        say(line, " %s%s, goose %.*s", m->welcome.knows_flock ? "knows a flock" : "knows of none",
            m->welcome.old_copy ? ", you are an old copy" : "", m->welcome.goose.bytes,
            m->welcome.goose.at == NULL ? "" : m->welcome.goose.at);
        break;
    case GOOSE_MESSAGE_HELLO:
    case GOOSE_MESSAGE_REQUEST:
    case GOOSE_MESSAGE_RESULT:
    case GOOSE_MESSAGE_STALE:
    case GOOSE_MESSAGE_KINDS: break;
    }
}

static void say_note(struct line *line, const struct world *w, const struct goose_note *note)
{
    switch (note->kind) {
    case GOOSE_NOTE_ROLE:
        say(line, "   %s in term %" PRIu64 " (%s)", goose_role_name(note->role), note->term,
            goose_reason_name(note->why));
        break;
    case GOOSE_NOTE_GOOSE:
        say(line, "   goose is ");
        say_uid(line, w, note->uid);
        break;
    case GOOSE_NOTE_ROSTER:
        say(line, "   roster (%s), %" PRIu64 " seats", goose_reason_name(note->why), note->number);
        break;
    case GOOSE_NOTE_COMMITTED: say(line, "   committed"); break;
    case GOOSE_NOTE_TWO_GEESE:
        say(line, "   two geese: beside ");
        say_uid(line, w, note->uid);
        break;
    case GOOSE_NOTE_DENIED:
        say(line, "   denies ");
        say_uid(line, w, note->uid);
        say(line, ": %s", goose_verdict_name((enum goose_verdict)note->number));
        break;
    case GOOSE_NOTE_DENIED_ME:
        say(line, "   denied by ");
        say_uid(line, w, note->uid);
        say(line, ": %s", goose_verdict_name((enum goose_verdict)note->number));
        break;
    case GOOSE_NOTE_CONFLICT: say(line, "   other --peers"); break;
    case GOOSE_NOTE_OBSERVER:
        say(line, "   observer %s", note->number != 0 ? "comes" : "goes");
        break;
    case GOOSE_NOTE_TOO_LARGE: say(line, "   roster too large: %" PRIu64, note->number); break;
    case GOOSE_NOTE_LEAVE:
        say(line, "   work is to leave: %s", goose_reason_name(note->why));
        break;
    case GOOSE_NOTE_BIRTH: say(line, "   birth: %s", goose_reason_name(note->why)); break;
    }
}

static void say_event(struct line *line, const struct world *w, const struct goose_event *event)
{
    static const char *const requests[] = {"?",     "hold",    "handover", "remove",
                                           "drain", "undrain", "stop"};
    switch (event->kind) {
    case GOOSE_EVENT_START:
        say(line, "starts%s", event->start.saved == NULL ? ", newborn" : "");
        break;
    case GOOSE_EVENT_MESSAGE: say_message(line, w, event->message.message); break;
    case GOOSE_EVENT_DEADLINE: say(line, "deadline"); break;
    case GOOSE_EVENT_SAVED:
        say(line, "saved%s", event->saved.ok ? "" : ": no, the disk failed");
        break;
    case GOOSE_EVENT_GO_ON: say(line, "goes on"); break;
    case GOOSE_EVENT_REQUEST: say(line, "is asked: %s", requests[event->request.kind]); break;
    case GOOSE_EVENT_OPTIONS: say(line, "new options"); break;
    case GOOSE_EVENT_WORK: say(line, "has work: %" PRIu32, event->work.open); break;
    }
}

static bool is_dull(const struct world *w, const struct host *h, const struct goose_event *event)
{
    const struct goose_actions *actions = &h->actions;
    bool quiet = actions->note_count == 0 && actions->claim == GOOSE_CLAIM_UNCHANGED &&
                 actions->answer_count == 0 && !actions->retire;
    bool beat = event->kind == GOOSE_EVENT_MESSAGE &&
                (event->message.message->kind == GOOSE_MESSAGE_HEARTBEAT ||
                 event->message.message->kind == GOOSE_MESSAGE_ACK);
    return quiet && !w->trace_all &&
           (beat || event->kind == GOOSE_EVENT_DEADLINE || event->kind == GOOSE_EVENT_GO_ON);
}

void trace_step(struct world *w, struct host *h, const struct goose_event *event,
                enum goose_refusal refusal)
{
    if (w->trace == NULL || is_dull(w, h, event)) {
        return;
    }
    struct line line = {.at = 0};
    char who[16];
    (void)snprintf(who, sizeof who, "n%u", h->index + 1u);
    if (event->kind == GOOSE_EVENT_MESSAGE) {
        uint8_t from = w->at_address[event->message.from.bytes[0]];
        (void)snprintf(who, sizeof who, "n%u -> n%u", from == NOBODY ? 0u : from + 1u,
                       h->index + 1u);
    }
    say_event(&line, w, event);
    if (refusal != GOOSE_REFUSAL_NONE) {
        say(&line, "   refused: %s", goose_refusal_name(refusal));
    }
    for (unsigned i = 0; i < h->actions.note_count; i++) {
        say_note(&line, w, &h->actions.notes[i]);
    }
    if (h->actions.save) {
        say(&line, "   saves %" PRIu64, h->actions.save_generation);
    }
    if (h->actions.claim != GOOSE_CLAIM_UNCHANGED) {
        say(&line, "   claim %s", h->actions.claim == GOOSE_CLAIM_GIVEN ? "given" : "withdrawn");
    }
    for (unsigned i = 0; i < h->actions.answer_count; i++) {
        say(&line, "   answer %s, %" PRIu64, goose_outcome_name(h->actions.answers[i].outcome),
            h->actions.answers[i].number);
    }
    print(w, who, line.text);
}

void trace_lost(struct world *w, const struct host *h, const struct goose_message *m, uint8_t to,
                const char *why)
{
    if (w->trace == NULL ||
        (!w->trace_all && (m->kind == GOOSE_MESSAGE_HEARTBEAT || m->kind == GOOSE_MESSAGE_ACK))) {
        return;
    }
    struct line line = {.at = 0};
    char who[16];
    uint8_t host = w->at_address[to];
    if (host == NOBODY) {
        (void)snprintf(who, sizeof who, "n%u -> @%u", h->index + 1u, to);
    } else {
        (void)snprintf(who, sizeof who, "n%u -> n%u", h->index + 1u, host + 1u);
    }
    say_message(&line, w, m);
    say(&line, "   %s", why);
    print(w, who, line.text);
}
