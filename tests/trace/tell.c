/* tell.c: what the scenario's reader is told: a node's steps, and what it says of itself when it is asked. */
#include "tell.h"

#include <stdio.h>

static void line(void *listener, const char *text)
{
    struct world *w = listener;

    report_line(&w->report, w->now_us - w->zero_us, text);
}

static const char *receiver(void *listener, const struct goose_send *send)
{
    const struct node *node = network_receiver(listener, send);

    return node == NULL ? "an address without a node" : node->name;
}

static struct speaker speaker_of(struct world *w, const struct node *node)
{
    return (struct speaker){.names = &w->names,
                            .name = node->name,
                            .e = &node->e,
                            .watch = node->watch,
                            .hold_id = node->hold_id,
                            .listener = w,
                            .line = line,
                            .receiver = receiver};
}

void tell(struct world *w, const struct node *node, const char *what, const char *which)
{
    struct speaker speaker = speaker_of(w, node);

    tell_line(&speaker, "%s%s", what, which);
}

void tell_broken(struct world *w, const struct node *node, const char *what)
{
    w->report.muted = false;
    tell(w, node, "IS BROKEN: ", what);
}

void tell_step(struct world *w, const struct node *node, const struct goose_event *event,
               enum goose_refusal refusal, const struct goose_actions *actions)
{
    struct speaker speaker = speaker_of(w, node);

    tell_actions(&speaker, event, refusal, actions);
}

void tell_will(struct world *w, const struct node *node, const struct goose_actions *said,
               int count)
{
    struct speaker speaker = speaker_of(w, node);
    char name[NAME_CHARS_MAX + sizeof "'s last will"];

    snprintf(name, sizeof name, "%s's last will", node->name);
    speaker.name = name;
    tell_sends(&speaker, said, count);
}

void tell_claim(struct world *w, const struct node *node)
{
    struct words words = {.bytes = 0};
    uint64_t left_us = goose_election_lease_left_us(&node->e, node_now_us(w, node));

    if (!node->up) {
        tell(w, node, "does not answer", "");
        return;
    }
    words_add(&words, "says %s",
              goose_election_is_goose(&node->e, node_now_us(w, node)) ? "goose" : "duck");
    if (left_us > 0) {
        words_add(&words, ", for ");
        words_add_us(&words, left_us);
    }
    tell(w, node, words.chars, "");
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

void tell_state(struct world *w, const struct node *node)
{
    struct speaker speaker = speaker_of(w, node);
    struct goose_election_view view;
    struct words words = {.bytes = 0};

    if (!node->up) {
        tell(w, node, "is down", "");
        return;
    }
    goose_election_view(&node->e, node_now_us(w, node), &view);
    words_add(&words, "is %s, %s, term %llu", goose_role_name(view.role), seat_words(&view),
              (unsigned long long)view.term);
    if (view.goose_uid != 0) words_add(&words, ", goose %s", uid_name(&w->names, view.goose_uid));
    if (view.promise_left_us > 0) {
        words_add(&words, ", promised to %s for ", uid_name(&w->names, node->e.promise.to.uid));
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
    roster_words(&speaker, view.roster, &words);
    tell(w, node, words.chars, "");
}
