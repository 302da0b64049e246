/* metrics.c: see metrics.h. */
#include "daemon/metrics.h"

_Static_assert(GOOSE_REFUSAL_STRANGER == GOOSE_REFUSAL_REPLAY + 1,
               "the envelope's refusals stand before all others");

/* Did the message pass the envelope (PROTOCOL 4)? Only then is it what a node of my flock says now. */
static bool is_of_my_flock(enum goose_refusal refusal)
{
    return refusal == GOOSE_REFUSAL_NONE || refusal > GOOSE_REFUSAL_REPLAY;
}

/* Two uids that send heartbeats in one term break S2. My own heartbeats are counted too. */
static void count_reign(struct metrics *metrics, const struct goose_message *m)
{
    size_t at = m->term % REIGNS_KEPT;
    bool known = metrics->reigns[at].flock_id == m->flock_id && metrics->reigns[at].term >= m->term;

    if (!known) {
        metrics->reigns[at].flock_id = m->flock_id;
        metrics->reigns[at].term = m->term;
        metrics->reigns[at].uid = m->uid;
    } else if (metrics->reigns[at].term == m->term && metrics->reigns[at].uid != m->uid) {
        metrics->two_geese++;
    }
}

static void count_message(struct metrics *metrics, const struct goose_event *event,
                          enum goose_refusal refusal)
{
    const struct goose_message *m = event->message.message;

    if (refusal == GOOSE_REFUSAL_NONE)
        metrics->accepted[m->kind]++;
    else
        metrics->refused[refusal]++;
    if (m->kind == GOOSE_MESSAGE_HEARTBEAT && is_of_my_flock(refusal)) count_reign(metrics, m);
    if (m->kind == GOOSE_MESSAGE_ACK && refusal == GOOSE_REFUSAL_NONE && m->ack.yes &&
        event->now_us >= m->ack.sent_at_us)
        histogram_add(&metrics->round_trips, event->now_us - m->ack.sent_at_us);
}

/* A round begins with a canvass, or at once with a candidacy (an heir's, or in place). */
static void count_role(struct metrics *metrics, const struct goose_note *note)
{
    enum goose_role before = metrics->role;

    metrics->role = note->role;
    if (note->why == GOOSE_REASON_STARTED) return;
    if (note->role == GOOSE_ROLE_GOOSE)
        metrics->won++;
    else if (note->role != GOOSE_ROLE_DUCK && note->why != GOOSE_REASON_CANVASS_WON)
        metrics->began[note->why]++;
    else if (note->role == GOOSE_ROLE_DUCK && before == GOOSE_ROLE_GOOSE)
        metrics->ended[note->why]++;
    else if (note->role == GOOSE_ROLE_DUCK)
        metrics->lost[note->why]++;
}

static void count_goose(struct metrics *metrics, uint64_t uid)
{
    if (uid == 0)
        metrics->goose_losses++;
    else if (uid != metrics->goose_uid)
        metrics->goose_changes++;
    if (uid != 0) metrics->goose_uid = uid;
}

static void count_note(struct metrics *metrics, const struct goose_event *event,
                       const struct goose_note *note)
{
    if (note->kind == GOOSE_NOTE_ROLE) count_role(metrics, note);
    if (note->kind == GOOSE_NOTE_GOOSE) count_goose(metrics, note->uid);
    if (note->kind == GOOSE_NOTE_CONFLICT && event->kind == GOOSE_EVENT_MESSAGE)
        senders_saw(&metrics->other_peers, &event->message.from, event->now_us);
}

void metrics_step(struct metrics *metrics, const struct goose_event *event,
                  enum goose_refusal refusal, const struct goose_actions *actions)
{
    uint64_t two_geese = metrics->two_geese;

    if (event->kind == GOOSE_EVENT_MESSAGE) count_message(metrics, event, refusal);
    for (int i = 0; i < actions->note_count; i++) {
        count_note(metrics, event, &actions->notes[i]);
        /* Of another founding, and in a term of its own: nobody sees that in the heartbeats alone. */
        if (actions->notes[i].kind == GOOSE_NOTE_TWO_GEESE && metrics->two_geese == two_geese)
            metrics->two_geese++;
    }
    for (int i = 0; i < actions->send_count; i++) {
        const struct goose_message *m = &actions->sends[i].message;
        metrics->sent[m->kind]++;
        if (m->kind == GOOSE_MESSAGE_HEARTBEAT) count_reign(metrics, m);
    }
}
