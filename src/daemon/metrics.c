/* metrics.c: see metrics.h. */
#include "daemon/metrics.h"

_Static_assert(REFUSAL_STRANGER == REFUSAL_REPLAY + 1,
               "the envelope's refusals stand before all others");

/* Did the message pass the envelope (PROTOCOL 4)? Only then is it what a node of my flock says now. */
static bool is_of_my_flock(enum refusal refusal)
{
    return refusal == REFUSAL_NONE || refusal > REFUSAL_REPLAY;
}

/* Two uids that send heartbeats in one term break S2. My own heartbeats are counted too. */
static void count_reign(struct metrics *metrics, const struct message *m)
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

static void count_message(struct metrics *metrics, const struct event *event, enum refusal refusal)
{
    const struct message *m = event->message.message;

    if (refusal == REFUSAL_NONE)
        metrics->accepted[m->kind]++;
    else
        metrics->refused[refusal]++;
    if (m->kind == MESSAGE_HEARTBEAT && is_of_my_flock(refusal)) count_reign(metrics, m);
    if (m->kind == MESSAGE_ACK && refusal == REFUSAL_NONE && m->ack.yes &&
        event->now_us >= m->ack.sent_at_us)
        histogram_add(&metrics->round_trips, event->now_us - m->ack.sent_at_us);
}

/* A round begins with a canvass, or at once with a candidacy (an heir's, or in place). */
static void count_role(struct metrics *metrics, const struct note *note)
{
    enum role before = metrics->role;

    metrics->role = note->role;
    if (note->why == REASON_STARTED) return;
    if (note->role == ROLE_GOOSE)
        metrics->won++;
    else if (note->role != ROLE_DUCK && note->why != REASON_CANVASS_WON)
        metrics->began[note->why]++;
    else if (note->role == ROLE_DUCK && before == ROLE_GOOSE)
        metrics->ended[note->why]++;
    else if (note->role == ROLE_DUCK)
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

static void count_note(struct metrics *metrics, const struct event *event, const struct note *note)
{
    if (note->kind == NOTE_ROLE) count_role(metrics, note);
    if (note->kind == NOTE_GOOSE) count_goose(metrics, note->uid);
    if (note->kind == NOTE_TWO_GEESE) metrics->two_geese++; /* also of another founding */
    if (note->kind == NOTE_CONFLICT && event->kind == EVENT_MESSAGE)
        senders_saw(&metrics->other_peers, &event->message.from, event->now_us);
}

void metrics_step(struct metrics *metrics, const struct event *event, enum refusal refusal,
                  const struct actions *actions)
{
    if (event->kind == EVENT_MESSAGE) count_message(metrics, event, refusal);
    for (int i = 0; i < actions->note_count; i++)
        count_note(metrics, event, &actions->notes[i]);
    for (int i = 0; i < actions->send_count; i++) {
        const struct message *m = &actions->sends[i].message;
        metrics->sent[m->kind]++;
        if (m->kind == MESSAGE_HEARTBEAT) count_reign(metrics, m);
    }
}
