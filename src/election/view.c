/* view.c: what others may see of an election: status, members, names. It changes nothing. */
#include "internal.h"

static enum goose_seat_kind seat_kind(const struct goose_election *e)
{
    if (self_counts(e) && (e->roster.term > 0 || e->birth.cleared)) return GOOSE_SEAT_VOTER;
    return e->roster.term > 0 && !e->saved.barred ? GOOSE_SEAT_OBSERVER : GOOSE_SEAT_NONE;
}

void goose_election_view(const struct goose_election *e, uint64_t now_us,
                         struct goose_election_view *view)
{
    bool goose = goose_election_is_goose(e, now_us);
    bool knows = knows_goose(e, now_us);
    bool flags_name_nobody = e->options.peers.count <= 1 && e->options.join.count == 0;
    int seat = goose || !knows ? -1 : goose_roster_find_uid(&e->roster, e->heard_goose.uid);

    *view = (struct goose_election_view){
        .role = e->role == GOOSE_ROLE_GOOSE && !goose ? GOOSE_ROLE_DUCK : e->role,
        .seat = seat_kind(e),
        .knows_goose = knows,
        .settled = e->roster.term > 0 && is_settled(e),
        .committed = goose && reign_roster_committed(e),
        .draining = e->draining,
        .removed = e->saved.barred,
        .quarantined = now_us < e->quarantine_end_us,
        .listening = e->birth.listening,
        .alone_by_flags = flags_name_nobody && e->roster.count > 1,
        .failed = e->failed || e->retired,
        .two_geese = now_us < e->two_geese_again_us,
        .uid = e->saved.uid,
        .life = e->saved.life,
        .term = e->saved.term,
        .goose_uid = goose   ? e->saved.uid
                     : knows ? e->heard_goose.uid
                             : 0,
        .goose = goose       ? goose_address_text(&e->options.self)
                 : seat >= 0 ? goose_roster_address(&e->roster, seat)
                             : (struct goose_text){NULL, 0},
        .lease_left_us = goose_election_lease_left_us(e, now_us),
        .hold_left_us = goose ? left_us(e->reign.hold_end_us, now_us) : 0,
        .promise_left_us = left_us(e->promise.until_us, now_us),
        .stagger_us = stagger_us(e),
        .succession_delay_us = e->heard_goose.delay_us,
        .quarantine_left_us = left_us(e->quarantine_end_us, now_us),
        .promised_to = now_us < e->promise.until_us ? e->promise.to.uid : 0,
        .lease_us = goose ? e->reign.lease_us : e->options.lease_us,
        .resigned = e->resigned,
        .roster = &e->roster,
        .options = &e->options};
}

static uint64_t ago_us(uint64_t at_us, uint64_t now_us)
{
    return at_us == 0 || at_us > now_us ? GOOSE_MEMBER_UNKNOWN : now_us - at_us;
}

static void view_observer(const struct goose_observer *observer, uint64_t now_us,
                          struct goose_election_member *member)
{
    *member = (struct goose_election_member){
        .address = goose_address_text(&observer->address),
        .uid = observer->contact.uid,
        .priority = observer->follower.priority,
        .http_port = observer->follower.http_port,
        .heard_ago_us = ago_us(observer->contact.heard_at_us, now_us),
        .rtt_us = observer->follower.rtt_us == 0 ? GOOSE_MEMBER_UNKNOWN : observer->follower.rtt_us,
        .rank = GOOSE_MEMBER_UNKNOWN};
}

bool goose_election_member(const struct goose_election *e, const struct goose_observers *observers,
                           size_t index, uint64_t now_us, struct goose_election_member *member)
{
    size_t seats = e->roster.count;
    bool goose = goose_election_is_goose(e, now_us);

    if (index >= seats) {
        if (!goose || observers == NULL || index - seats >= goose_observers_count(observers))
            return false;
        view_observer(goose_observers_at(observers, (uint32_t)(index - seats)), now_us, member);
        return true;
    }
    const struct goose_seat *seat = &e->roster.seats[index];
    const struct peer *peer = &e->peers[index];
    bool self = (int)index == self_seat(e);
    bool known = goose && !self && peer->follower.seq != 0;
    bool follows = knows_goose(e, now_us) && e->heard_goose.uid == seat->uid && seat->uid != 0;
    *member = (struct goose_election_member){
        .address = goose_roster_address(&e->roster, (int)index),
        .uid = seat->uid,
        .voter = true,
        .self = self,
        .goose = self ? goose : !goose && follows,
        .priority = seat->priority,
        .http_port = seat->http_port,
        .heard_ago_us = self ? 0 : ago_us(peer->contact.heard_at_us, now_us),
        .rtt_us =
            known && peer->follower.rtt_us != 0 ? peer->follower.rtt_us : GOOSE_MEMBER_UNKNOWN,
        .rank = known ? peer->rank : GOOSE_MEMBER_UNKNOWN};
    return true;
}

const char *goose_role_name(enum goose_role role)
{
    static const char *const names[] = {"duck", "canvassing", "candidate", "goose"};
    return (size_t)role < sizeof names / sizeof names[0] ? names[role] : "unknown";
}

const char *goose_reason_name(enum goose_reason why)
{
    static const char *const names[GOOSE_REASONS] = {
        [GOOSE_REASON_NONE] = "none",
        [GOOSE_REASON_STARTED] = "started",
        [GOOSE_REASON_NEWBORN] = "newborn",
        [GOOSE_REASON_CLEARED] = "cleared",
        [GOOSE_REASON_FLOCK_EXISTS] = "flock-exists",
        [GOOSE_REASON_FOUNDED] = "founded",
        [GOOSE_REASON_PROMISE_ENDED] = "promise-ended",
        [GOOSE_REASON_HEIR] = "heir",
        [GOOSE_REASON_CANVASS_WON] = "canvass-won",
        [GOOSE_REASON_VOTES_WON] = "votes-won",
        [GOOSE_REASON_NO_MAJORITY] = "no-majority",
        [GOOSE_REASON_YIELDED] = "yielded",
        [GOOSE_REASON_GOOSE_HEARD] = "goose-heard",
        [GOOSE_REASON_HIGHER_TERM] = "higher-term",
        [GOOSE_REASON_NEWER_ROSTER] = "newer-roster",
        [GOOSE_REASON_LEASE_ENDED] = "lease-ended",
        [GOOSE_REASON_WON_TOO_LATE] = "won-too-late",
        [GOOSE_REASON_HANDOVER] = "handover",
        [GOOSE_REASON_DRAINED] = "drained",
        [GOOSE_REASON_STOPPED] = "stopped",
        [GOOSE_REASON_IN_PLACE] = "in-place",
        [GOOSE_REASON_REMOVED] = "removed",
        [GOOSE_REASON_OPTIONS] = "options",
        [GOOSE_REASON_DISK_FAILED] = "disk-failed",
        [GOOSE_REASON_OLD_COPY] = "old-copy",
        [GOOSE_REASON_SEAT_FILLED] = "seat-filled",
        [GOOSE_REASON_SEAT_ADDED] = "seat-added",
        [GOOSE_REASON_SEAT_REPLACED] = "seat-replaced",
        [GOOSE_REASON_SEAT_DEAD] = "seat-dead",
        [GOOSE_REASON_SEAT_SPARE] = "seat-spare",
        [GOOSE_REASON_VOTERS_WANTED] = "voters-wanted",
        [GOOSE_REASON_SEAT_LEFT] = "seat-left",
    };
    return (unsigned)why < GOOSE_REASONS ? names[why] : "unknown";
}

const char *goose_refusal_name(enum goose_refusal refusal)
{
    static const char *const names[GOOSE_REFUSALS] = {
        [GOOSE_REFUSAL_NONE] = "none",
        [GOOSE_REFUSAL_NOT_STARTED] = "not-started",
        [GOOSE_REFUSAL_STARTED] = "started-already",
        [GOOSE_REFUSAL_OPTIONS] = "options",
        [GOOSE_REFUSAL_DURABLE] = "durable",
        [GOOSE_REFUSAL_UNKNOWN_EVENT] = "unknown-event",
        [GOOSE_REFUSAL_GENERATION] = "generation",
        [GOOSE_REFUSAL_FAILED] = "failed",
        [GOOSE_REFUSAL_OTHER_NAME] = "other-name",
        [GOOSE_REFUSAL_OTHER_FLOCK] = "other-flock",
        [GOOSE_REFUSAL_OWN_MESSAGE] = "own-message",
        [GOOSE_REFUSAL_OLD_LIFE] = "old-life",
        [GOOSE_REFUSAL_WRONG_LIFE] = "wrong-life",
        [GOOSE_REFUSAL_OLD_COPY] = "old-copy",
        [GOOSE_REFUSAL_REPLAY] = "replay",
        [GOOSE_REFUSAL_STRANGER] = "stranger",
        [GOOSE_REFUSAL_OLD_TERM] = "old-term",
        [GOOSE_REFUSAL_OLD_SEQ] = "old-seq",
        [GOOSE_REFUSAL_OLD_ROUND] = "old-round",
        [GOOSE_REFUSAL_RESIGNED] = "resigned",
        [GOOSE_REFUSAL_OTHER_ROSTER] = "other-roster",
        [GOOSE_REFUSAL_SECOND_GOOSE] = "second-goose",
        [GOOSE_REFUSAL_ABSURD] = "absurd",
        [GOOSE_REFUSAL_NOT_GOOSE] = "not-goose",
        [GOOSE_REFUSAL_NOT_ASKED] = "not-asked",
        [GOOSE_REFUSAL_NOT_WELCOME] = "not-welcome",
        [GOOSE_REFUSAL_NO_WORK] = "no-work",
    };
    return (unsigned)refusal < GOOSE_REFUSALS ? names[refusal] : "unknown";
}
