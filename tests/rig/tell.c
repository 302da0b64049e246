/* tell.c: one step in words: a claim withdrawn, why, what is saved, what is sent, a claim given, answers. Only the notes
 * stand earlier than a shell announces them, so that causes come before effects. */
#include "rig/tell.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const watch_words[] = {"roles",   "claims",  "rosters",  "answers", "births",
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

static const unsigned watch_of_note[] = {
    [GOOSE_NOTE_ROLE] = WATCH_ROLE,         [GOOSE_NOTE_GOOSE] = WATCH_FOLLOW,
    [GOOSE_NOTE_ROSTER] = WATCH_ROSTER,     [GOOSE_NOTE_COMMITTED] = WATCH_ROSTER,
    [GOOSE_NOTE_TOO_LARGE] = WATCH_ROSTER,  [GOOSE_NOTE_DENIED] = WATCH_DENIAL,
    [GOOSE_NOTE_DENIED_ME] = WATCH_DENIAL,  [GOOSE_NOTE_CONFLICT] = WATCH_BIRTH,
    [GOOSE_NOTE_TWO_GEESE] = WATCH_BIRTH,   [GOOSE_NOTE_BIRTH] = WATCH_BIRTH,
    [GOOSE_NOTE_OBSERVER] = WATCH_OBSERVER, [GOOSE_NOTE_LEAVE] = WATCH_ANSWER,
};

void tell_line(const struct speaker *s, const char *format, ...)
{
    char text[LINE_CHARS_MAX];
    struct words line = {.bytes = 0};
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    words_add(&line, "%s %s", s->name, text);
    s->line(s->listener, line.chars);
}

static void tell_refusal(const struct speaker *s, const struct goose_event *event,
                         enum goose_refusal refusal)
{
    if (refusal == GOOSE_REFUSAL_NONE) return;
    if (event->kind != GOOSE_EVENT_MESSAGE)
        tell_line(s, "refuses the event: %s", plain(goose_refusal_name(refusal)));
    else if ((s->watch & WATCH_REFUSAL) != 0)
        tell_line(
            s, "refuses %s from %s: %s", goose_message_kind_name(event->message.message->kind),
            uid_name(s->names, event->message.message->uid), plain(goose_refusal_name(refusal)));
}

static void tell_notes(const struct speaker *s, const struct goose_actions *actions)
{
    for (int i = 0; i < actions->note_count; i++) {
        struct words words = {.bytes = 0};
        if ((s->watch & watch_of_note[actions->notes[i].kind]) == 0) continue;
        note_words(s, &actions->notes[i], &words);
        tell_line(s, "%s", words.chars);
    }
}

static void tell_save(const struct speaker *s)
{
    const struct goose_durable_state *saved = goose_election_durable(s->e);
    struct words words = {.bytes = 0};

    words_add_us(&words, saved->longest_promise_us);
    tell_line(s, "saves term %llu, vote for %s, longest promise %s, roster %llu.%llu",
              (unsigned long long)saved->term, uid_name(s->names, saved->voted_for), words.chars,
              (unsigned long long)saved->roster.term, (unsigned long long)saved->roster.version);
}

void tell_sends(const struct speaker *s, const struct goose_actions *actions, int count)
{
    static struct words said[GOOSE_ELECTION_SENDS_MAX];
    bool told[GOOSE_ELECTION_SENDS_MAX] = {false};

    for (int i = 0; i < count; i++) {
        said[i] = (struct words){.bytes = 0};
        message_words(s, &actions->sends[i].message, &s->e->roster, &said[i]);
    }
    for (int i = 0; i < count; i++) {
        enum goose_message_kind kind = actions->sends[i].message.kind;
        struct words to = {.bytes = 0};
        if (told[i] || (s->watch >> kind & 1) == 0) continue;
        for (int j = i; j < count; j++) {
            const struct goose_send *send = &actions->sends[j];
            if (send->message.kind != kind || strcmp(said[i].chars, said[j].chars) != 0) continue;
            told[j] = true;
            words_add(&to, " %s", s->receiver(s->listener, send));
        }
        tell_line(s, "sends %s to%s %s", goose_message_kind_name(kind), to.chars, said[i].chars);
    }
}

/* The number of an answer is a hold, or behind a removal how many voters may be lost. */
static void tell_answers(const struct speaker *s, const struct goose_actions *actions)
{
    for (int i = 0; i < actions->answer_count && (s->watch & WATCH_ANSWER) != 0; i++) {
        const struct goose_answer *answer = &actions->answers[i];
        struct words words = {.bytes = 0};
        bool hold = answer->outcome == GOOSE_OUTCOME_DONE && answer->id == s->hold_id;
        if (hold || answer->number > GOOSE_ROSTER_SEATS_MAX) {
            words_add(&words, ", ");
            words_add_us(&words, answer->number);
        } else if (answer->number > 0) {
            words_add(&words, ", stops at %u lost", (unsigned)answer->number);
        }
        tell_line(s, "answers: %s%s", plain(goose_outcome_name(answer->outcome)), words.chars);
    }
}

void tell_actions(const struct speaker *s, const struct goose_event *event,
                  enum goose_refusal refusal, const struct goose_actions *actions)
{
    bool claims = (s->watch & WATCH_CLAIM) != 0;

    tell_refusal(s, event, refusal);
    if (actions->claim == GOOSE_CLAIM_WITHDRAWN && claims) tell_line(s, "claims no more");
    tell_notes(s, actions);
    if (actions->save && (s->watch & WATCH_SAVE) != 0) tell_save(s);
    tell_sends(s, actions, actions->send_count);
    if (actions->claim == GOOSE_CLAIM_GIVEN && claims)
        tell_line(s, "CLAIMS term %llu", (unsigned long long)goose_election_durable(s->e)->term);
    tell_answers(s, actions);
}
