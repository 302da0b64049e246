/* craft.c: a message from the words between braces. Whatever the words leave out is taken from
 * the sender, if it runs, or else made to fit the receiver: so a scenario says only what it is
 * about. */
#include "craft.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/election/wire_parts.h"
#include "tell.h"

struct draft {
    struct world *w;
    struct node *receiver;
    const struct goose_election *to;
    struct node *sender;               /* NULL: no node of that name */
    const struct goose_election *from; /* the receiver's, where the sender never ran */
    uint64_t sender_now_us;
    char address[NAME_CHARS_MAX + sizeof TRACE_PORT];
    char other[NAME_CHARS_MAX + sizeof TRACE_PORT];
    struct goose_message m;
    struct goose_roster roster;
};

bool parse_us(const char *word, uint64_t *us)
{
    static const struct {
        const char *unit;
        double us;
    } units[] = {{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"min", 6e7}};
    char *end = NULL;

    double value = strtod(word, &end);
    if (end == word || value < 0 || value > 1e6) return false;
    if (strcmp(word, "0") == 0) return *us = 0, true;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(end, units[i].unit) == 0)
            return *us = (uint64_t)(value * units[i].us + 0.5), true;
    return false;
}

bool parse_kind(const char *word, enum goose_message_kind *kind)
{
    for (int i = 1; i < GOOSE_MESSAGE_KINDS; i++)
        if (strcmp(word, goose_message_kind_name((enum goose_message_kind)i)) == 0)
            return *kind = (enum goose_message_kind)i, true;
    return false;
}

static bool parse_us32(const char *word, uint32_t *us)
{
    uint64_t wide;

    if (!parse_us(word, &wide) || wide > UINT32_MAX) return false;
    *us = (uint32_t)wide;
    return true;
}

static bool is_reply(const struct goose_message *m)
{
    return m->kind == GOOSE_MESSAGE_CANVASS_REPLY || m->kind == GOOSE_MESSAGE_VOTE_REPLY;
}

static bool is_ask(const struct goose_message *m)
{
    return m->kind == GOOSE_MESSAGE_CANVASS || m->kind == GOOSE_MESSAGE_VOTE;
}

static struct goose_text text_of(const char *chars)
{
    return (struct goose_text){chars, (uint8_t)strlen(chars)};
}

static struct goose_text node_text(char *kept, size_t room, const char *name)
{
    snprintf(kept, room, "%s%s", name, TRACE_PORT);
    return text_of(kept);
}

/* What an honest sender would say now. */
static void draft_asking(struct draft *d)
{
    struct goose_message *m = &d->m;
    const struct goose_election_options *options = &d->receiver->options;
    uint32_t promise_us = options->lease_us + (options->lease_us + 19) / 20;

    if (m->kind == GOOSE_MESSAGE_HEARTBEAT) {
        uint64_t seq = d->to->heard_goose.seq > d->from->reign.seq ? d->to->heard_goose.seq
                                                                   : d->from->reign.seq;
        m->heartbeat = (struct goose_heartbeat){.seq = seq + 1,
                                                .sent_at_us = d->sender_now_us,
                                                .promise_us = promise_us,
                                                .stagger_us = options->lease_us / 30,
                                                .settled = true};
    } else {
        m->ask = (struct goose_ask){.round = 77,
                                    .sent_at_us = d->sender_now_us,
                                    .promise_us = promise_us,
                                    .roster_digest = goose_roster_digest(&d->from->roster)};
    }
}

static void draft_answering(struct draft *d)
{
    struct goose_message *m = &d->m;
    const struct goose_election *to = d->to;

    switch (m->kind) {
    case GOOSE_MESSAGE_ACK:
        m->ack = (struct goose_ack){.seq = to->reign.seq,
                                    .sent_at_us = node_now_us(d->w, d->receiver),
                                    .yes = true,
                                    .stands = true,
                                    .priority = GOOSE_PRIORITY_DEFAULT};
        break;
    case GOOSE_MESSAGE_CANVASS_REPLY:
    case GOOSE_MESSAGE_VOTE_REPLY:
        m->reply = (struct goose_reply){.round = to->round.id, .sent_at_us = to->round.began_us};
        break;
    case GOOSE_MESSAGE_WELCOME:
        m->welcome = (struct goose_welcome){
            .nonce = to->hello_nonce, .invite = 4711, .knows_flock = d->from->roster.term > 0};
        break;
    case GOOSE_MESSAGE_RESULT:
        m->result = (struct goose_result){.life = to->saved.life, .number = to->request_number};
        break;
    case GOOSE_MESSAGE_RESIGN:
        m->resign = (struct goose_resign){.term = m->term,
                                          .stagger_us = d->receiver->options.lease_us / 30};
        break;
    case GOOSE_MESSAGE_HELLO:
        m->hello = (struct goose_hello){
            .nonce = 4712, .priority = GOOSE_PRIORITY_DEFAULT, .may_enter = true};
        break;
    case GOOSE_MESSAGE_REQUEST:
        m->request = (struct goose_request){
            .number = 1, .term = to->saved.term, .what = GOOSE_FORWARDED_HANDOVER};
        break;
    case GOOSE_MESSAGE_HEARTBEAT:
    case GOOSE_MESSAGE_CANVASS:
    case GOOSE_MESSAGE_VOTE:
    case GOOSE_MESSAGE_STALE:
    case GOOSE_MESSAGE_KINDS: break;
    }
}

/* Of the process that runs there, or did; somebody who is only talked of has a first one. */
static uint64_t life_of(struct world *w, const char *name)
{
    const struct node *node = world_find(w, name);

    return node != NULL && node->e.started ? node->e.saved.life : UINT64_C(1) << 32;
}

static void draft_begin(struct draft *d, const char *sender)
{
    struct goose_message *m = &d->m;

    d->sender = world_find(d->w, sender);
    bool runs = d->sender != NULL && d->sender->e.started; /* or did: its last words */
    d->from = runs ? &d->sender->e : d->to;
    d->sender_now_us = runs ? node_now_us(d->w, d->sender) : d->w->now_us;
    m->name_tag = d->to->options.name_tag;
    m->flock_id = d->from->roster.term > 0 ? d->from->roster.flock_id : 0;
    m->uid = runs ? d->sender->e.saved.uid : world_uid(d->w, sender);
    m->life = life_of(d->w, sender);
    m->for_life = d->to->saved.life;
    m->term = d->from->saved.term;
    m->roster_term = d->from->roster.term;
    m->roster_version = d->from->roster.version;
    if (wire_has_address(m->kind)) m->address = node_text(d->address, sizeof d->address, sender);
    if (m->kind == GOOSE_MESSAGE_HEARTBEAT || is_ask(m))
        draft_asking(d);
    else
        draft_answering(d);
}

/* Each field of a body: true if it was this one. */
typedef bool field(struct draft *d, const char *words);

static bool field_term(struct draft *d, const char *words)
{
    if (d->m.kind == GOOSE_MESSAGE_RESIGN)
        return sscanf(words, "term %" SCNu64, &d->m.resign.term) == 1;
    return sscanf(words, "term %" SCNu64, &d->m.term) == 1;
}

static bool field_roster(struct draft *d, const char *words)
{
    struct goose_message *m = &d->m;
    char names[LINE_CHARS_MAX] = "", *rest = names;
    int count = sscanf(words, "roster %" SCNu64 ".%" SCNu64 " of %511[^\n]", &m->roster_term,
                       &m->roster_version, names);

    if (count < 2) return false;
    if (count == 2) return true;
    if (m->kind != GOOSE_MESSAGE_HEARTBEAT && m->kind != GOOSE_MESSAGE_WELCOME && !is_reply(m))
        return false;
    goose_roster_clear(&d->roster);
    for (char *name = strtok(rest, " "); name != NULL; name = strtok(NULL, " ")) {
        char chars[sizeof d->address];
        if (goose_roster_add(&d->roster, node_text(chars, sizeof chars, name),
                             world_uid(d->w, name), GOOSE_PRIORITY_DEFAULT, 0) != GOOSE_ROSTER_OK)
            return false;
    }
    d->roster.term = m->roster_term;
    d->roster.version = m->roster_version;
    d->roster.flock_id = d->to->roster.flock_id;
    d->roster.wanted = d->roster.count;
    m->flock_id = d->roster.flock_id;
    m->with_roster = true;
    return true;
}

static bool field_verdict(struct draft *d, const char *words)
{
    bool yes = strcmp(words, "yes") == 0;

    if (d->m.kind == GOOSE_MESSAGE_ACK && (yes || strcmp(words, "no") == 0))
        return d->m.ack.yes = yes, true;
    if (!is_reply(&d->m)) return false;
    if (yes) return d->m.reply.verdict = GOOSE_VERDICT_YES, true;
    for (int i = 1; strncmp(words, "no: ", 4) == 0 && i < GOOSE_VERDICTS; i++)
        if (strcmp(words + 4, goose_verdict_name((enum goose_verdict)i)) == 0)
            return d->m.reply.verdict = (enum goose_verdict)i, true;
    return false;
}

static bool field_after(struct draft *d, const char *words)
{
    char name[NAME_CHARS_MAX];
    uint64_t term;

    bool earlier = sscanf(words, "after an earlier %23s in term %" SCNu64, name, &term) == 2;
    if (!earlier && sscanf(words, "after %23s in term %" SCNu64, name, &term) != 2) return false;
    struct goose_tenure after = {
        .term = term, .uid = world_uid(d->w, name), .life = life_of(d->w, name)};
    if (earlier) after.life -= UINT64_C(1) << 32;
    if (is_ask(&d->m))
        d->m.ask.after = after;
    else if (is_reply(&d->m))
        d->m.reply.after = after;
    else
        return false;
    return true;
}

static bool field_heir(struct draft *d, const char *words)
{
    char name[NAME_CHARS_MAX];

    if (d->m.kind != GOOSE_MESSAGE_RESIGN || sscanf(words, "heir %23s", name) != 1) return false;
    d->m.resign.heir_uid = world_uid(d->w, name);
    return true;
}

static bool field_duration(struct draft *d, const char *words)
{
    struct goose_message *m = &d->m;
    bool beats = m->kind == GOOSE_MESSAGE_HEARTBEAT;
    char key[16], value[32];

    if (sscanf(words, "%15s %31s", key, value) != 2 || (!beats && !is_ask(m))) return false;
    if (strcmp(key, "promise") == 0)
        return parse_us32(value, beats ? &m->heartbeat.promise_us : &m->ask.promise_us);
    if (strcmp(key, "delay") == 0)
        return parse_us32(value,
                          beats ? &m->heartbeat.succession_delay_us : &m->ask.succession_delay_us);
    return beats && strcmp(key, "step") == 0 && parse_us32(value, &m->heartbeat.stagger_us);
}

static bool field_seq(struct draft *d, const char *words)
{
    if (d->m.kind == GOOSE_MESSAGE_ACK) return sscanf(words, "seq %" SCNu64, &d->m.ack.seq) == 1;
    return d->m.kind == GOOSE_MESSAGE_HEARTBEAT &&
           sscanf(words, "seq %" SCNu64, &d->m.heartbeat.seq) == 1;
}

static bool field_sent(struct draft *d, const char *words)
{
    char value[32], word[32];
    uint64_t us;

    if (sscanf(words, "sent %31s %31s", value, word) != 2 || !parse_us(value, &us)) return false;
    if (strcmp(word, "ago") != 0 && strcmp(word, "ahead") != 0) return false;
    uint64_t now_us = node_now_us(d->w, d->receiver);
    uint64_t at_us = strcmp(word, "ago") == 0 ? now_us - us : now_us + us;
    if (d->m.kind == GOOSE_MESSAGE_ACK)
        d->m.ack.sent_at_us = at_us;
    else if (is_reply(&d->m))
        d->m.reply.sent_at_us = at_us;
    else
        return false;
    return true;
}

static bool field_round(struct draft *d, const char *words)
{
    if (is_ask(&d->m)) return sscanf(words, "round %" SCNu64, &d->m.ask.round) == 1;
    return is_reply(&d->m) && sscanf(words, "round %" SCNu64, &d->m.reply.round) == 1;
}

static bool field_life(struct draft *d, const char *words)
{
    if (strcmp(words, "earlier life") == 0) return d->m.life -= UINT64_C(1) << 32, true;
    if (strcmp(words, "later life") == 0) return d->m.life += UINT64_C(1) << 32, true;
    if (strcmp(words, "for an earlier life") == 0) return d->m.for_life -= UINT64_C(1) << 32, true;
    if (strcmp(words, "for no life") == 0) return d->m.for_life = 0, true;
    return false;
}

static bool field_other(struct draft *d, const char *words)
{
    struct goose_message *m = &d->m;

    if (strcmp(words, "other flock") == 0)
        return m->flock_id ^= 1, d->roster.flock_id ^= m->with_roster, true;
    if (strcmp(words, "no flock") == 0) return m->flock_id = 0, true;
    if (strcmp(words, "other name") == 0) return m->name_tag ^= 1, true;
    if (strcmp(words, "other seats") == 0 && is_ask(m)) return m->ask.roster_digest ^= 1, true;
    if (strcmp(words, "does not stand") == 0 && m->kind == GOOSE_MESSAGE_ACK)
        return m->ack.stands = false, true;
    return false;
}

static bool field_birth(struct draft *d, const char *words)
{
    struct goose_message *m = &d->m;
    char name[NAME_CHARS_MAX];

    if (m->kind == GOOSE_MESSAGE_WELCOME && sscanf(words, "goose %23s", name) == 1)
        return m->welcome.goose = node_text(d->other, sizeof d->other, name), true;
    if (m->kind == GOOSE_MESSAGE_WELCOME && strcmp(words, "knows a flock") == 0)
        return m->welcome.knows_flock = true;
    if (m->kind == GOOSE_MESSAGE_WELCOME && strcmp(words, "not asked") == 0)
        return m->welcome.nonce = 4713, true;
    if (m->kind == GOOSE_MESSAGE_WELCOME && strcmp(words, "you run on an old copy") == 0)
        return m->welcome.old_copy = true;
    if (m->kind == GOOSE_MESSAGE_WELCOME && strcmp(words, "later life of you") == 0)
        return m->welcome.newest_life = d->to->saved.life + (UINT64_C(1) << 32), true;
    if (m->kind == GOOSE_MESSAGE_HELLO && strcmp(words, "not to be let in") == 0)
        return m->hello.may_enter = false, true;
    return false;
}

static bool field_request(struct draft *d, const char *words)
{
    struct goose_message *m = &d->m;
    char name[NAME_CHARS_MAX];

    if (m->kind != GOOSE_MESSAGE_REQUEST) return false;
    if (sscanf(words, "number %" SCNu64, &m->request.number) == 1) return true;
    bool remove = sscanf(words, "remove %23s", name) == 1;
    if (!remove && sscanf(words, "hand over to %23s", name) != 1) return false;
    m->request.what = remove ? GOOSE_FORWARDED_REMOVE : GOOSE_FORWARDED_HANDOVER;
    m->request.address = node_text(d->other, sizeof d->other, name);
    return true;
}

static bool draft_field(struct draft *d, const char *words)
{
    static field *const fields[] = {field_term,   field_roster,   field_verdict, field_after,
                                    field_heir,   field_duration, field_seq,     field_sent,
                                    field_round,  field_life,     field_other,   field_birth,
                                    field_request};

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (fields[i](d, words)) return true;
    return false;
}

static bool draft_fields(struct draft *d, const char *body, struct words *wrong)
{
    while (*body != '\0') {
        char words[LINE_CHARS_MAX];
        size_t bytes = strcspn(body, ",");
        const char *next = body[bytes] == ',' ? body + bytes + 1 : body + bytes;
        while (bytes > 0 && *body == ' ')
            body++, bytes--;
        while (bytes > 0 && body[bytes - 1] == ' ')
            bytes--;
        snprintf(words, sizeof words, "%.*s", (int)bytes, body);
        if (bytes > 0 && !draft_field(d, words)) {
            words_add(wrong, "nobody understands '%s' here", words);
            return false;
        }
        body = next;
    }
    return true;
}

/* A canvass asks for the term after the header's, a vote for the header's. */
static void draft_end(struct draft *d)
{
    struct goose_message *m = &d->m;

    if (m->kind == GOOSE_MESSAGE_CANVASS) m->ask.term = m->term + 1;
    if (m->kind == GOOSE_MESSAGE_VOTE) m->ask.term = m->term;
    bool runs = d->sender != NULL && d->sender->e.started;
    m->counter = runs ? ++d->sender->e.counter : ++d->w->handmade;
}

bool craft_give(struct world *w, struct node *receiver, const char *kind, const char *sender,
                const char *body, struct words *wrong)
{
    static struct draft draft;
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];

    memset(&draft, 0, sizeof draft);
    draft.w = w;
    draft.receiver = receiver;
    draft.to = &receiver->e;
    if (!parse_kind(kind, &draft.m.kind)) {
        words_add(wrong, "there is no message %s", kind);
        return false;
    }
    draft_begin(&draft, sender);
    if (!draft_fields(&draft, body, wrong)) return false;
    if (draft.m.roster_term > draft.m.term) {
        words_add(wrong, "its roster is of a later term than itself");
        return false;
    }
    draft_end(&draft);
    const struct goose_roster *roster = draft.m.with_roster ? &draft.roster : NULL;
    size_t count = goose_wire_encode(&draft.m, roster, bytes);
    int from = draft.sender == NULL ? -1 : world_index(w, draft.sender);
    network_give(w, from, world_index(w, receiver), bytes, count);
    return true;
}
