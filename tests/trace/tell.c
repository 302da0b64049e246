/* tell.c: one step in words: a claim withdrawn, why, what is saved, what is sent, a claim given,
 * answers. Only the notes stand earlier than the shell announces them, so that causes come before
 * effects. */
#include "tell.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void tell(struct world *w, const struct node *node, const char *format, ...)
{
    char text[LINE_CHARS_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    report_line(&w->report, w->now_us - w->zero_us, "%s %s", node->name, text);
}

void tell_broken(struct world *w, const struct node *node, const char *what)
{
    w->report.muted = false;
    tell(w, node, "IS BROKEN: %s", what);
}

void tell_unreadable(struct world *w, const struct node *node, const char *why)
{
    tell(w, node, "cannot read it: %s", why);
}

/* Names of the core are words with dashes. */
static const char *plain(const char *name)
{
    static char chars[64];

    snprintf(chars, sizeof chars, "%s", name);
    for (char *at = chars; *at != '\0'; at++)
        if (*at == '-' || *at == '_') *at = ' ';
    return chars;
}

static const char *watch_words[] = {"roles",   "claims",  "rosters",  "answers", "births",
                                    "follows", "denials", "refusals", "saves",   "observers"};

unsigned watch_of_word(const char *word)
{
    if (strcmp(word, "messages") == 0) return ALL_KINDS;
    if (strcmp(word, "all") == 0) return ~0U;
    for (unsigned i = 0; i < sizeof watch_words / sizeof watch_words[0]; i++)
        if (strcmp(word, watch_words[i]) == 0) return (unsigned)WATCH_ROLE << i;
    for (int kind = 1; kind < GOOSE_MESSAGE_KINDS; kind++)
        if (strcmp(word, goose_message_kind_name((enum goose_message_kind)kind)) == 0)
            return 1U << kind;
    return 0;
}

static void tell_save(struct world *w, struct node *node)
{
    const struct goose_durable_state *saved = goose_election_durable(&node->e);
    struct words words = {.bytes = 0};

    words_add_us(&words, saved->longest_promise_us);
    tell(w, node, "saves term %llu, vote for %s, longest promise %s, roster %llu.%llu",
         (unsigned long long)saved->term, world_uid_name(w, saved->voted_for), words.chars,
         (unsigned long long)saved->roster.term, (unsigned long long)saved->roster.version);
}

static void send_words(struct world *w, const struct node *node, const struct goose_send *send,
                       struct words *words)
{
    words->bytes = 0;
    words->chars[0] = '\0';
    message_words(w, node, &send->message, words);
}

/* The same said to several is one line. */
static void tell_sends(struct world *w, struct node *node, const struct goose_actions *actions)
{
    static struct words said[GOOSE_ELECTION_SENDS_MAX];
    bool told[GOOSE_ELECTION_SENDS_MAX] = {false};

    for (int i = 0; i < actions->send_count; i++)
        send_words(w, node, &actions->sends[i], &said[i]);
    for (int i = 0; i < actions->send_count; i++) {
        const struct goose_send *send = &actions->sends[i];
        struct words to = {.bytes = 0};
        if (told[i] || (node->watch >> send->message.kind & 1) == 0) continue;
        for (int j = i; j < actions->send_count; j++) {
            bool same = actions->sends[j].message.kind == send->message.kind &&
                        strcmp(said[i].chars, said[j].chars) == 0;
            if (!same) continue;
            told[j] = true;
            const struct node *receiver = network_receiver(w, &actions->sends[j]);
            words_add(&to, " %s", receiver == NULL ? "an address without a node" : receiver->name);
        }
        tell(w, node, "sends %s to%s %s", goose_message_kind_name(send->message.kind), to.chars,
             said[i].chars);
    }
}

static void because(struct words *words, enum goose_reason why)
{
    if (why != GOOSE_REASON_NONE) words_add(words, ": %s", plain(goose_reason_name(why)));
}

static unsigned watch_of_note(enum goose_note_kind kind)
{
    switch (kind) {
    case GOOSE_NOTE_ROLE: return WATCH_ROLE;
    case GOOSE_NOTE_GOOSE: return WATCH_FOLLOW;
    case GOOSE_NOTE_ROSTER:
    case GOOSE_NOTE_COMMITTED:
    case GOOSE_NOTE_TOO_LARGE: return WATCH_ROSTER;
    case GOOSE_NOTE_DENIED:
    case GOOSE_NOTE_DENIED_ME: return WATCH_DENIAL;
    case GOOSE_NOTE_CONFLICT:
    case GOOSE_NOTE_TWO_GEESE:
    case GOOSE_NOTE_BIRTH: return WATCH_BIRTH;
    case GOOSE_NOTE_OBSERVER: return WATCH_OBSERVER;
    case GOOSE_NOTE_LEAVE: return WATCH_ANSWER;
    }
    return 0;
}

static void note_words(struct world *w, const struct node *node, const struct goose_note *note,
                       struct words *words)
{
    const char *who = world_uid_name(w, note->uid);

    switch (note->kind) {
    case GOOSE_NOTE_ROLE:
        words_add(words, "is %s in term %llu", goose_role_name(note->role),
                  (unsigned long long)note->term);
        break;
    case GOOSE_NOTE_GOOSE:
        words_add(words, note->uid == 0 ? "knows no goose" : "follows %s", who);
        break;
    case GOOSE_NOTE_ROSTER:
        words_add(words, "uses roster ");
        roster_words(w, &node->e.roster, words);
        break;
    case GOOSE_NOTE_COMMITTED:
        words_add(words, "has committed roster %llu.%llu", (unsigned long long)node->e.roster.term,
                  (unsigned long long)node->e.roster.version);
        break;
    case GOOSE_NOTE_DENIED:
        words_add(words, "denies %s: %s", who,
                  plain(goose_verdict_name((enum goose_verdict)note->number)));
        break;
    case GOOSE_NOTE_DENIED_ME:
        words_add(words, "is denied by %s: %s", who,
                  plain(goose_verdict_name((enum goose_verdict)note->number)));
        break;
    case GOOSE_NOTE_CONFLICT: words_add(words, "says that %s has other --peers", who); break;
    case GOOSE_NOTE_TWO_GEESE: words_add(words, "says that %s is a second goose", who); break;
    case GOOSE_NOTE_OBSERVER:
        words_add(words, note->number != 0 ? "has observer %s" : "has lost observer %s", who);
        break;
    case GOOSE_NOTE_BIRTH: words_add(words, "is born"); break;
    case GOOSE_NOTE_TOO_LARGE:
        words_add(words, "leaves a change for %s: the roster would be %llu bytes", who,
                  (unsigned long long)note->number);
        break;
    case GOOSE_NOTE_LEAVE:
        words_add(words, "asks its work to leave within ");
        words_add_us(words, note->number);
        break;
    }
    because(words, note->why);
}

static void tell_notes(struct world *w, struct node *node, const struct goose_actions *actions)
{
    for (int i = 0; i < actions->note_count; i++) {
        struct words words = {.bytes = 0};
        if ((node->watch & watch_of_note(actions->notes[i].kind)) == 0) continue;
        note_words(w, node, &actions->notes[i], &words);
        tell(w, node, "%s", words.chars);
    }
}

static void tell_answers(struct world *w, struct node *node, const struct goose_actions *actions)
{
    for (int i = 0; i < actions->answer_count; i++) {
        const struct goose_answer *answer = &actions->answers[i];
        struct words words = {.bytes = 0};
        if ((node->watch & WATCH_ANSWER) == 0) continue;
        if (answer->id == node->hold_id && answer->outcome == GOOSE_OUTCOME_DONE) {
            words_add(&words, ", ");
            words_add_us(&words, answer->number);
        } else if (answer->number > 0) {
            words_add(&words, ", stops at %u lost", (unsigned)answer->number);
        }
        tell(w, node, "answers: %s%s", plain(goose_outcome_name(answer->outcome)), words.chars);
    }
}

static void tell_refusal(struct world *w, struct node *node, const struct goose_event *event,
                         enum goose_refusal refusal)
{
    if (refusal == GOOSE_REFUSAL_NONE) return;
    if (event->kind != GOOSE_EVENT_MESSAGE)
        tell(w, node, "refuses the event: %s", plain(goose_refusal_name(refusal)));
    else if ((node->watch & WATCH_REFUSAL) != 0)
        tell(w, node, "refuses %s from %s: %s",
             goose_message_kind_name(event->message.message->kind),
             world_uid_name(w, event->message.message->uid), plain(goose_refusal_name(refusal)));
}

void tell_step(struct world *w, struct node *node, const struct goose_event *event,
               enum goose_refusal refusal, const struct goose_actions *actions)
{
    bool claims = (node->watch & WATCH_CLAIM) != 0;

    tell_refusal(w, node, event, refusal);
    if (actions->claim == GOOSE_CLAIM_WITHDRAWN && claims) tell(w, node, "claims no more");
    tell_notes(w, node, actions);
    if (actions->save && (node->watch & WATCH_SAVE) != 0) tell_save(w, node);
    tell_sends(w, node, actions);
    if (actions->claim == GOOSE_CLAIM_GIVEN && claims)
        tell(w, node, "CLAIMS term %llu",
             (unsigned long long)goose_election_durable(&node->e)->term);
    tell_answers(w, node, actions);
}

void tell_claim(struct world *w, struct node *node)
{
    struct words words = {.bytes = 0};
    uint64_t left_us = goose_election_lease_left_us(&node->e, node_now_us(w, node));

    if (!node->up) {
        tell(w, node, "does not answer");
        return;
    }
    words_add(&words, goose_election_is_goose(&node->e, node_now_us(w, node)) ? "goose" : "duck");
    if (left_us > 0) {
        words_add(&words, ", for ");
        words_add_us(&words, left_us);
    }
    tell(w, node, "says %s", words.chars);
}

static const char *seat_words(const struct goose_election_view *view)
{
    if (view->removed) return "removed";
    switch (view->seat) {
    case GOOSE_SEAT_NONE: return "without a seat";
    case GOOSE_SEAT_OBSERVER: return "observer";
    case GOOSE_SEAT_VOTER: return "voter";
    }
    return "";
}

void tell_state(struct world *w, struct node *node)
{
    struct goose_election_view view;
    struct words words = {.bytes = 0};

    if (!node->up) {
        tell(w, node, "is down");
        return;
    }
    goose_election_view(&node->e, node_now_us(w, node), &view);
    words_add(&words, "is %s, %s, term %llu", goose_role_name(view.role), seat_words(&view),
              (unsigned long long)view.term);
    if (view.goose_uid != 0) words_add(&words, ", goose %s", world_uid_name(w, view.goose_uid));
    if (view.promise_left_us > 0) {
        words_add(&words, ", promised to %s for ", world_uid_name(w, node->e.promise.to.uid));
        words_add_us(&words, view.promise_left_us);
    }
    if (view.hold_left_us > 0) {
        words_add(&words, ", held for ");
        words_add_us(&words, view.hold_left_us);
    }
    if (view.draining) words_add(&words, ", drains");
    if (view.quarantined) words_add(&words, ", in quarantine");
    if (view.listening) words_add(&words, ", listens");
    if (view.alone_by_flags) words_add(&words, ", alone by its flags");
    if (view.failed) words_add(&words, ", failed");
    if (!view.settled && view.roster->count > 0) words_add(&words, ", not settled");
    words_add(&words, ", roster ");
    roster_words(w, view.roster, &words);
    tell(w, node, "%s", words.chars);
}
