/* words.c: what is said, in human words. It knows nothing of what is done with them. */
#include "rig/words.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void words_add(struct words *words, const char *format, ...)
{
    va_list args;
    size_t room = sizeof words->chars - words->bytes;

    va_start(args, format);
    int bytes = vsnprintf(words->chars + words->bytes, room, format, args);
    va_end(args);
    assert(bytes >= 0);
    words->bytes += (size_t)bytes < room ? (size_t)bytes : room - 1;
}

void words_add_us(struct words *words, uint64_t us)
{
    uint64_t unit = us >= 10000000 ? 1000000 : 1000;
    char digits[8];

    words_add(words, "%llu", (unsigned long long)(us / unit));
    int count = snprintf(digits, sizeof digits, "%0*llu", unit == 1000 ? 3 : 6,
                         (unsigned long long)(us % unit));
    while (count > 0 && digits[count - 1] == '0')
        count--;
    if (count > 0) words_add(words, ".%.*s", count, digits);
    words_add(words, unit == 1000 ? "ms" : "s");
}

const char *plain(const char *name)
{
    static char chars[64];

    snprintf(chars, sizeof chars, "%s", name);
    for (char *at = chars; *at != '\0'; at++)
        if (*at == '-' || *at == '_') *at = ' ';
    return chars;
}

int uid_find(const struct uid_names *names, uint64_t uid)
{
    for (int i = 0; i < names->count; i++)
        if (names->of[i].uid == uid) return i;
    return -1;
}

const char *uid_name(const struct uid_names *names, uint64_t uid)
{
    int at = uid_find(names, uid);

    if (uid == 0) return "nobody";
    return at < 0 ? "somebody" : names->of[at].chars;
}

uint64_t uid_of(const struct uid_names *names, const char *name)
{
    for (int i = 0; i < names->count; i++)
        if (strcmp(names->of[i].chars, name) == 0) return names->of[i].uid;
    return 0;
}

void uid_keep(struct uid_names *names, uint64_t uid, const char *name)
{
    if (names->count == NAMES_MAX) return;
    names->of[names->count].uid = uid;
    snprintf(names->of[names->count].chars, NAME_CHARS_MAX, "%s", name);
    names->count++;
}

void uid_learn(struct uid_names *names, uint64_t uid, const char *node)
{
    char name[NAME_CHARS_MAX];

    if (uid == 0 || uid_find(names, uid) >= 0) return;
    snprintf(name, sizeof name, "%s", node);
    while (uid_of(names, name) != 0 && strlen(name) < sizeof name - 1)
        strcat(name, "'");
    uid_keep(names, uid, name);
}

static unsigned long long number(uint64_t n)
{
    return (unsigned long long)n;
}

static void time_words(const char *what, uint64_t us, struct words *out)
{
    words_add(out, "%s", what);
    words_add_us(out, us);
}

/* Without the port, which all nodes share. */
static void address_words(struct goose_text address, struct words *words)
{
    int bytes = 0;

    while (bytes < address.bytes && address.at[bytes] != ':')
        bytes++;
    words_add(words, "%.*s", bytes, address.at);
}

void roster_words(const struct speaker *s, const struct goose_roster *roster, struct words *words)
{
    words_add(words, "%llu.%llu:", number(roster->term), number(roster->version));
    for (int i = 0; i < roster->count; i++) {
        const struct goose_seat *seat = &roster->seats[i];
        struct words address = {.bytes = 0};
        address_words(goose_roster_address(roster, i), &address);
        words_add(words, " %s", address.chars);
        if (seat->uid == 0)
            words_add(words, "?");
        else if (strcmp(uid_name(s->names, seat->uid), address.chars) != 0)
            words_add(words, "=%s", uid_name(s->names, seat->uid));
        if (seat->priority != GOOSE_PRIORITY_DEFAULT) words_add(words, "(%u)", seat->priority);
    }
}

static void after_words(const struct speaker *s, const struct goose_tenure *after,
                        struct words *out)
{
    if (after->term != 0)
        words_add(out, ", after %s in term %llu", uid_name(s->names, after->uid),
                  number(after->term));
}

/* Only who made a promise knows to whom, and how much of it is left. */
static void reply_words(const struct speaker *s, const struct goose_message *m, struct words *out)
{
    const struct goose_election *e = s->e != NULL && s->e->saved.uid == m->uid ? s->e : NULL;

    if (m->reply.verdict == GOOSE_VERDICT_YES) {
        words_add(out, "yes");
    } else if (m->reply.verdict == GOOSE_VERDICT_PROMISED && e != NULL) {
        uint64_t until_us = e->promise.until_us;
        words_add(out, "no: promised to %s for ", uid_name(s->names, e->promise.to.uid));
        words_add_us(out, until_us > e->now_us ? until_us - e->now_us : 0);
        words_add(out, " more, term %llu", number(m->term));
    } else {
        words_add(out, "no: %s, term %llu", goose_verdict_name(m->reply.verdict), number(m->term));
    }
    after_words(s, &m->reply.after, out);
}

/* What an operator asks for, and what is forwarded of it. */
static void wish_words(enum goose_request_kind kind, struct goose_text address, uint64_t amount,
                       bool force, struct words *out)
{
    switch (kind) {
    case GOOSE_REQUEST_HOLD: time_words("hold ", amount, out); break;
    case GOOSE_REQUEST_HANDOVER: words_add(out, "hand over to "); break;
    case GOOSE_REQUEST_REMOVE: words_add(out, "remove "); break;
    case GOOSE_REQUEST_DRAIN: words_add(out, "drain"); break;
    case GOOSE_REQUEST_UNDRAIN: words_add(out, "undrain"); break;
    case GOOSE_REQUEST_VOTERS: words_add(out, "want %llu voters", number(amount)); break;
    case GOOSE_REQUEST_STOP: words_add(out, "stop"); break;
    }
    if (kind == GOOSE_REQUEST_HANDOVER && address.bytes == 0) words_add(out, "anybody");
    address_words(address, out);
    if (kind == GOOSE_REQUEST_REMOVE && force) words_add(out, " by force");
}

static void request_words(const struct goose_request *r, struct words *out)
{
    static const enum goose_request_kind kinds[GOOSE_FORWARDED_KINDS] = {
        [GOOSE_FORWARDED_REMOVE] = GOOSE_REQUEST_REMOVE,
        [GOOSE_FORWARDED_HANDOVER] = GOOSE_REQUEST_HANDOVER,
        [GOOSE_FORWARDED_VOTERS] = GOOSE_REQUEST_VOTERS,
    };

    wish_words(kinds[r->what], r->address, r->wanted, r->force, out);
}

static void body_words(const struct speaker *s, const struct goose_message *m, struct words *out)
{
    struct words roster = {.bytes = 0};

    words_add(&roster, "roster %llu.%llu", number(m->roster_term), number(m->roster_version));
    switch (m->kind) {
    case GOOSE_MESSAGE_HEARTBEAT:
        words_add(out, "term %llu, seq %llu", number(m->term), number(m->heartbeat.seq));
        time_words(", promise ", m->heartbeat.promise_us, out);
        time_words(", delay ", m->heartbeat.succession_delay_us, out);
        words_add(out, "%s", m->heartbeat.settled ? "" : ", not settled");
        break;
    case GOOSE_MESSAGE_ACK:
        words_add(out, "term %llu, seq %llu, %s", number(m->term), number(m->ack.seq),
                  m->ack.yes ? "yes, " : "no");
        if (m->ack.yes)
            words_add(out, "%s%s%s", roster.chars, m->ack.stands ? "" : ", does not stand",
                      m->ack.observes ? ", observes" : "");
        break;
    case GOOSE_MESSAGE_CANVASS:
    case GOOSE_MESSAGE_VOTE:
        words_add(out, "%sterm %llu, %s", m->kind == GOOSE_MESSAGE_CANVASS ? "for " : "",
                  number(m->ask.term), roster.chars);
        after_words(s, &m->ask.after, out);
        break;
    case GOOSE_MESSAGE_CANVASS_REPLY:
    case GOOSE_MESSAGE_VOTE_REPLY: reply_words(s, m, out); break;
    case GOOSE_MESSAGE_RESIGN:
        words_add(out, "term %llu, heir %s", number(m->resign.term),
                  uid_name(s->names, m->resign.heir_uid));
        break;
    case GOOSE_MESSAGE_HELLO:
        words_add(out, "term %llu, %s%s%s", number(m->term), roster.chars,
                  m->hello.may_enter ? "" : ", not to be let in",
                  m->hello.invite != 0 ? ", invited" : "");
        break;
    case GOOSE_MESSAGE_WELCOME:
        words_add(out, "%s, %s%s", m->welcome.knows_flock ? "knows a flock" : "knows of no flock",
                  roster.chars, m->welcome.goose.bytes > 0 ? ", goose " : "");
        address_words(m->welcome.goose, out);
        words_add(out, "%s", m->welcome.old_copy ? ", you run on an old copy" : "");
        break;
    case GOOSE_MESSAGE_REQUEST: request_words(&m->request, out); break;
    case GOOSE_MESSAGE_RESULT:
        words_add(out, "%s", goose_outcome_name(m->result.outcome));
        if (m->result.stops_at > 0) words_add(out, ", stops at %u lost", m->result.stops_at);
        break;
    case GOOSE_MESSAGE_STALE: words_add(out, "term %llu, %s", number(m->term), roster.chars); break;
    case GOOSE_MESSAGE_KINDS: break;
    }
}

/* When it was sent, or what it answers was; 0: it does not say. */
static uint64_t sent_at_us(const struct goose_message *m)
{
    if (m->kind == GOOSE_MESSAGE_HEARTBEAT) return m->heartbeat.sent_at_us;
    if (m->kind == GOOSE_MESSAGE_ACK) return m->ack.sent_at_us;
    if (m->kind == GOOSE_MESSAGE_CANVASS || m->kind == GOOSE_MESSAGE_VOTE) return m->ask.sent_at_us;
    bool reply = m->kind == GOOSE_MESSAGE_CANVASS_REPLY || m->kind == GOOSE_MESSAGE_VOTE_REPLY;
    return reply ? m->reply.sent_at_us : 0;
}

void message_words(const struct speaker *s, const struct goose_message *m,
                   const struct goose_roster *roster, struct words *words)
{
    uint64_t sent_us = sent_at_us(m);

    words_add(words, "{ ");
    body_words(s, m, words);
    if (sent_us > 0 && sent_us < s->one_clock_us) {
        time_words(", sent ", s->one_clock_us - sent_us, words);
        words_add(words, " ago");
    }
    if (m->with_roster) {
        words_add(words, ", with roster ");
        roster_words(s, roster, words);
    }
    words_add(words, " }");
}

void note_words(const struct speaker *s, const struct goose_note *note, struct words *words)
{
    const char *who = uid_name(s->names, note->uid);

    switch (note->kind) {
    case GOOSE_NOTE_ROLE:
        words_add(words, "is %s in term %llu", goose_role_name(note->role), number(note->term));
        break;
    case GOOSE_NOTE_GOOSE:
        words_add(words, note->uid == 0 ? "knows no goose" : "follows %s", who);
        break;
    case GOOSE_NOTE_ROSTER:
        words_add(words, "uses roster ");
        roster_words(s, &s->e->roster, words);
        break;
    case GOOSE_NOTE_COMMITTED:
        words_add(words, "has committed roster %llu.%llu", number(s->e->roster.term),
                  number(s->e->roster.version));
        break;
    case GOOSE_NOTE_DENIED:
    case GOOSE_NOTE_DENIED_ME:
        words_add(words, "%s %s: %s", note->kind == GOOSE_NOTE_DENIED ? "denies" : "is denied by",
                  who, plain(goose_verdict_name((enum goose_verdict)note->number)));
        break;
    case GOOSE_NOTE_CONFLICT: words_add(words, "says that %s has other --peers", who); break;
    case GOOSE_NOTE_TWO_GEESE: words_add(words, "says that %s is a second goose", who); break;
    case GOOSE_NOTE_OBSERVER:
        words_add(words, "has %sobserver %s", note->number != 0 ? "" : "lost ", who);
        break;
    case GOOSE_NOTE_BIRTH: words_add(words, "is born"); break;
    case GOOSE_NOTE_TOO_LARGE:
        words_add(words, "leaves a change for %s: the roster would be %llu bytes", who,
                  number(note->number));
        break;
    case GOOSE_NOTE_LEAVE: time_words("asks its work to leave within ", note->number, words); break;
    }
    if (note->why != GOOSE_REASON_NONE)
        words_add(words, ": %s", plain(goose_reason_name(note->why)));
}

void event_words(const struct speaker *s, const struct goose_event *event, const char *from,
                 struct words *words)
{
    switch (event->kind) {
    case GOOSE_EVENT_START:
        words_add(words, "start %s%s", s->name, event->start.saved == NULL ? ", a newborn" : "");
        break;
    case GOOSE_EVENT_MESSAGE:
        words_add(words, "%s gets %s from %s ", s->name,
                  goose_message_kind_name(event->message.message->kind), from);
        message_words(s, event->message.message, event->message.roster, words);
        break;
    case GOOSE_EVENT_SAVED:
        words_add(words, "%s disk %s", s->name, event->saved.ok ? "is done" : "fails");
        break;
    case GOOSE_EVENT_REQUEST:
        words_add(words, "ask %s to ", s->name);
        wish_words(event->request.kind, event->request.address,
                   event->request.hold_us + event->request.wanted, event->request.force, words);
        break;
    case GOOSE_EVENT_OPTIONS:
        words_add(words, "set %s priority %u", s->name, event->options.options->priority);
        time_words(", lease ", event->options.options->lease_us, words);
        break;
    case GOOSE_EVENT_WORK:
        words_add(words, "%s has %u piece%s of work", s->name, event->work.open,
                  event->work.open == 1 ? "" : "s");
        break;
    case GOOSE_EVENT_DEADLINE:
    case GOOSE_EVENT_GO_ON: break;
    }
}
