/* facts_steps.c: tells the checkers what a step decided and what a write left on the disk: votes, roles, rosters; and
 * springs the ambushes that wait for it. */
#include "world.h"

void facts_saved(struct world *w, struct host *h)
{
    const struct goose_durable_state *state = &h->disk.state;
    check_durable_roster(&w->check, state->uid, state->roster.term, state->roster.version);
    budget_roster_seen(w, &state->roster);
    h->saved_roster_term = state->roster.term;
    h->saved_roster_version = state->roster.version;
    if (state->roster.term > 0) {
        h->reached = true;
    }
}

static void see_decision(struct world *w, struct host *h, const struct goose_durable_state *state)
{
    h->uid = state->uid;
    if (state->term == h->term && state->voted_for == h->voted_for) {
        return;
    }
    h->term = state->term;
    h->voted_for = state->voted_for;
    h->decided_steady_us = clock_steady_us(&h->clock, w->now_ns);
    if (state->voted_for == state->uid) {
        h->stood_term = h->roster_term;
        h->stood_version = h->roster_version;
        h->stood_lease_us = h->options.lease_us;
        w->check.lease_us[h->index] = h->options.lease_us;
    }
}

static void see_role(struct world *w, struct host *h)
{
    enum goose_role role = h->election.role;
    if (role == h->role) {
        return;
    }
    if (role == GOOSE_ROLE_GOOSE) {
        world_count(w, COUNT_WINS);
        check_leads(&w->check, h->uid, h->stood_term, h->stood_version, w->now_ns);
        facts_vote(w, h, h->uid, h->term);
    }
    h->role = role;
}

static int holders_of(struct world *w, const struct goose_roster *roster)
{
    int holders = 0;
    for (int seat = 0; seat < roster->count; seat++) {
        uint64_t uid = roster->seats[seat].uid;
        holders += uid != 0 && facts_has_newest(w, roster, uid);
    }
    return holders;
}

/* A step that finds a roster committed may go on to the next one: then it is the one that the step began with. */
static const struct goose_roster *roster_committed(struct world *w, const struct host *h)
{
    const struct goose_roster *now = &h->election.roster;
    for (unsigned i = w->roster_count; i-- > 0 && 2 * holders_of(w, now) <= now->count;) {
        const struct goose_roster *known = &w->rosters[i];
        if (known->term == h->was_roster_term && known->version == h->was_roster_version) {
            return known;
        }
    }
    return now;
}

static void see_committed(struct world *w, struct host *h)
{
    const struct goose_roster *roster = roster_committed(w, h);
    world_count(w, COUNT_COMMITS);
    check_committed(&w->check, roster->term, roster->version, holders_of(w, roster), roster->count,
                    w->now_ns);
}

static const struct goose_roster *roster_seen(const struct world *w, uint64_t term,
                                              uint64_t version)
{
    for (unsigned i = w->roster_count; i-- > 0;) {
        if (w->rosters[i].term == term && w->rosters[i].version == version) {
            return &w->rosters[i];
        }
    }
    return NULL;
}

/* Who claims a seat that nobody had, or moves, keeps its seat. */
static void see_overlap(struct world *w, const struct goose_roster *old,
                        const struct goose_roster *new)
{
    int kept = 0;
    for (int seat = 0; seat < old->count; seat++) {
        uint64_t uid = old->seats[seat].uid;
        kept += uid == 0 ? goose_roster_find_address(new, goose_roster_address(old, seat)) >= 0
                         : goose_roster_find_uid(new, uid) >= 0;
    }
    check_overlap(&w->check, old->term, old->version, old->count - kept, kept, new->count - kept,
                  w->now_ns);
}

/* An unclaimed seat says nothing: who sat there when the change was decided may have moved or lost its disk since. */
static void see_replaced(struct world *w, struct host *h)
{
    const struct goose_roster *roster = roster_seen(w, h->was_roster_term, h->was_roster_version);
    world_count(w, COUNT_ROSTER_CHANGES);
    if (roster == NULL || roster->term != h->term) {
        return;
    }
    int unclaimed = 0;
    for (int seat = 0; seat < roster->count; seat++) {
        unclaimed += roster->seats[seat].uid == 0;
    }
    int holders = holders_of(w, roster);
    check_replaced(&w->check, roster->term, roster->version,
                   unclaimed > 0 ? roster->count : holders, roster->count, w->now_ns);
    see_overlap(w, roster, &h->election.roster);
}

static void count_role(struct world *w, const struct goose_note *note)
{
    bool planned = note->why == GOOSE_REASON_HANDOVER || note->why == GOOSE_REASON_DRAINED ||
                   note->why == GOOSE_REASON_STOPPED || note->why == GOOSE_REASON_REMOVED;
    if (note->role == GOOSE_ROLE_CANVASSING) {
        world_count(w, COUNT_CANVASSES);
    } else if (note->role == GOOSE_ROLE_CANDIDATE) {
        world_count(w, COUNT_CANDIDACIES);
    } else if (note->why == GOOSE_REASON_LEASE_ENDED) {
        world_count(w, COUNT_LEASES_ENDED);
    } else if (planned) {
        world_count(w, COUNT_PLANNED);
    }
}

static void see_notes(struct world *w, struct host *h)
{
    for (unsigned i = 0; i < h->actions.note_count; i++) {
        const struct goose_note *note = &h->actions.notes[i];
        if (note->kind == GOOSE_NOTE_COMMITTED) {
            see_committed(w, h);
        } else if (note->kind == GOOSE_NOTE_ROSTER && h->role == GOOSE_ROLE_GOOSE) {
            see_replaced(w, h);
        } else if (note->kind == GOOSE_NOTE_ROLE) {
            count_role(w, note);
        }
        if (w->on_note != NULL) {
            w->on_note(w->watcher, w, h, note);
        }
    }
}

static bool is_pending(const struct host *h)
{
    const struct goose_roster *next = &goose_election_durable(&h->election)->roster;
    const struct goose_roster *used = goose_election_roster(&h->election);
    return h->role == GOOSE_ROLE_GOOSE && h->actions.save &&
           goose_roster_compare(next->term, next->version, used->term, used->version) > 0;
}

static uint32_t triggers_of(const struct host *h)
{
    const struct goose_actions *actions = &h->actions;
    uint32_t triggers = actions->claim == GOOSE_CLAIM_GIVEN ? 1u << TRIGGER_WIN : 0;
    triggers |= is_pending(h) ? 1u << TRIGGER_PENDING : 0;
    triggers |= actions->save ? 1u << TRIGGER_SAVE : 0;
    for (unsigned i = 0; i < actions->note_count; i++) {
        triggers |= actions->notes[i].kind == GOOSE_NOTE_COMMITTED ? 1u << TRIGGER_COMMIT : 0;
        triggers |= actions->notes[i].kind == GOOSE_NOTE_ROSTER ? 1u << TRIGGER_ROSTER : 0;
    }
    for (unsigned i = 0; i < actions->send_count; i++) {
        const struct goose_message *m = &actions->sends[i].message;
        triggers |= m->kind == GOOSE_MESSAGE_RESIGN ? 1u << TRIGGER_RESIGN : 0;
        triggers |= m->kind == GOOSE_MESSAGE_VOTE ? 1u << TRIGGER_CANDIDACY : 0;
        triggers |= m->kind == GOOSE_MESSAGE_CANVASS ? 1u << TRIGGER_CANVASS : 0;
        triggers |= m->kind == GOOSE_MESSAGE_VOTE_REPLY && m->reply.verdict == GOOSE_VERDICT_YES
                        ? 1u << TRIGGER_YES
                        : 0;
    }
    for (unsigned i = 0; i < actions->answer_count; i++) {
        triggers |= actions->answers[i].number > 0 ? 1u << TRIGGER_HOLD : 0;
    }
    return triggers;
}

/* Whom a goose's new roster gives a seat that the one before did not. */
static void see_seated(struct world *w, const struct host *h)
{
    const struct goose_roster *old = roster_seen(w, h->was_roster_term, h->was_roster_version);
    for (unsigned i = 0; i < w->host_count && old != NULL && h->role == GOOSE_ROLE_GOOSE; i++) {
        uint64_t uid = w->hosts[i].uid;
        if (uid != 0 && &w->hosts[i] != h && goose_roster_find_uid(old, uid) < 0 &&
            goose_roster_find_uid(&h->election.roster, uid) >= 0) {
            w->seated = (uint8_t)i;
        }
    }
}

static void see_rosters(struct world *w, struct host *h)
{
    const struct goose_roster *roster = &h->election.roster;
    h->was_roster_term = h->roster_term;
    h->was_roster_version = h->roster_version;
    if (roster->term != h->roster_term || roster->version != h->roster_version) {
        h->roster_term = roster->term;
        h->roster_version = roster->version;
        budget_roster_seen(w, roster);
        see_seated(w, h);
    }
    const struct goose_roster *saved = &goose_election_durable(&h->election)->roster;
    if (saved->term != h->saved_roster_term || saved->version != h->saved_roster_version) {
        h->saved_roster_term = saved->term;
        h->saved_roster_version = saved->version;
        budget_roster_seen(w, saved);
    }
}

void facts_stepped(struct world *w, struct host *h, const struct goose_event *event)
{
    (void)event;
    see_decision(w, h, goose_election_durable(&h->election));
    see_role(w, h);
    see_rosters(w, h);
    see_notes(w, h);
    facts_claim(w, h);
    if (w->armed != 0) {
        fault_ambush(w, h, triggers_of(h));
    }
}
