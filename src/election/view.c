/* view.c: what others may see of an election: status, members, names. It changes nothing. */
#include "internal.h"

static enum seat_kind seat_kind(const struct election *e)
{
    if (self_counts(e) && (e->roster.term > 0 || e->birth.cleared)) return SEAT_VOTER;
    return e->roster.term > 0 && !e->saved.barred ? SEAT_OBSERVER : SEAT_NONE;
}

void election_view(const struct election *e, uint64_t now_us, struct election_view *view)
{
    bool goose = election_is_goose(e, now_us);
    bool knows = knows_goose(e, now_us);
    bool flags_name_nobody = e->options.peers.count <= 1 && e->options.join.count == 0;
    int seat = goose || !knows ? -1 : roster_find_uid(&e->roster, e->following.uid);

    *view =
        (struct election_view){.role = e->role == ROLE_GOOSE && !goose ? ROLE_DUCK : e->role,
                               .seat = seat_kind(e),
                               .knows_goose = knows,
                               .settled = e->roster.term > 0 && is_settled(e),
                               .committed = goose && goose_roster_committed(e),
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
                                            : knows ? e->following.uid
                                                    : 0,
                               .goose = goose       ? address_text(&e->options.self)
                                        : seat >= 0 ? roster_address(&e->roster, seat)
                                                    : (struct text){NULL, 0},
                               .lease_left_us = election_lease_left_us(e, now_us),
                               .hold_left_us = goose ? left_us(e->reign.hold_end_us, now_us) : 0,
                               .promise_left_us = left_us(e->promise.until_us, now_us),
                               .step_us = step_us(e),
                               .succession_delay_us = e->following.delay_us,
                               .quarantine_left_us = left_us(e->quarantine_end_us, now_us),
                               .promised_to = now_us < e->promise.until_us ? e->promise.to.uid : 0,
                               .lease_us = goose ? e->reign.lease_us : e->options.lease_us,
                               .resigned = e->after,
                               .roster = &e->roster,
                               .options = &e->options};
}

static uint64_t ago_us(uint64_t at_us, uint64_t now_us)
{
    return at_us == 0 || at_us > now_us ? MEMBER_UNKNOWN : now_us - at_us;
}

static void view_observer(const struct observer *observer, uint64_t now_us,
                          struct election_member *member)
{
    *member = (struct election_member){
        .address = address_text(&observer->address),
        .uid = observer->contact.uid,
        .priority = observer->follower.priority,
        .http_port = observer->follower.http_port,
        .heard_ago_us = ago_us(observer->contact.heard_at_us, now_us),
        .rtt_us = observer->follower.rtt_us == 0 ? MEMBER_UNKNOWN : observer->follower.rtt_us,
        .rank = MEMBER_UNKNOWN};
}

bool election_member(const struct election *e, const struct observers *observers, size_t index,
                     uint64_t now_us, struct election_member *member)
{
    size_t seats = e->roster.count;
    bool goose = election_is_goose(e, now_us);

    if (index >= seats) {
        if (!goose || observers == NULL || index - seats >= observers_count(observers))
            return false;
        view_observer(observers_at(observers, (uint32_t)(index - seats)), now_us, member);
        return true;
    }
    const struct seat *seat = &e->roster.seats[index];
    const struct peer *peer = &e->peers[index];
    bool self = (int)index == self_seat(e);
    bool known = goose && !self && peer->follower.seq != 0;
    bool follows = knows_goose(e, now_us) && e->following.uid == seat->uid && seat->uid != 0;
    *member = (struct election_member){
        .address = roster_address(&e->roster, (int)index),
        .uid = seat->uid,
        .voter = true,
        .self = self,
        .goose = self ? goose : !goose && follows,
        .priority = seat->priority,
        .http_port = seat->http_port,
        .heard_ago_us = self ? 0 : ago_us(peer->contact.heard_at_us, now_us),
        .rtt_us = known && peer->follower.rtt_us != 0 ? peer->follower.rtt_us : MEMBER_UNKNOWN,
        .rank = known ? peer->rank : MEMBER_UNKNOWN};
    return true;
}

const char *role_name(enum role role)
{
    static const char *const names[] = {"duck", "canvassing", "candidate", "goose"};
    return (size_t)role < sizeof names / sizeof names[0] ? names[role] : "unknown";
}

const char *reason_name(enum reason why)
{
    static const char *const names[REASONS] = {
        [REASON_NONE] = "none",
        [REASON_STARTED] = "started",
        [REASON_NEWBORN] = "newborn",
        [REASON_CLEARED] = "cleared",
        [REASON_FLOCK_EXISTS] = "flock-exists",
        [REASON_FOUNDED] = "founded",
        [REASON_PROMISE_ENDED] = "promise-ended",
        [REASON_HEIR] = "heir",
        [REASON_CANVASS_WON] = "canvass-won",
        [REASON_VOTES_WON] = "votes-won",
        [REASON_NO_MAJORITY] = "no-majority",
        [REASON_YIELDED] = "yielded",
        [REASON_GOOSE_HEARD] = "goose-heard",
        [REASON_HIGHER_TERM] = "higher-term",
        [REASON_NEWER_ROSTER] = "newer-roster",
        [REASON_LEASE_ENDED] = "lease-ended",
        [REASON_WON_TOO_LATE] = "won-too-late",
        [REASON_HANDOVER] = "handover",
        [REASON_DRAINED] = "drained",
        [REASON_STOPPED] = "stopped",
        [REASON_IN_PLACE] = "in-place",
        [REASON_REMOVED] = "removed",
        [REASON_OPTIONS] = "options",
        [REASON_DISK_FAILED] = "disk-failed",
        [REASON_OLD_COPY] = "old-copy",
        [REASON_SEAT_FILLED] = "seat-filled",
        [REASON_SEAT_ADDED] = "seat-added",
        [REASON_SEAT_REPLACED] = "seat-replaced",
        [REASON_SEAT_DEAD] = "seat-dead",
        [REASON_SEAT_SPARE] = "seat-spare",
        [REASON_VOTERS_WANTED] = "voters-wanted",
        [REASON_SEAT_LEFT] = "seat-left",
    };
    return (unsigned)why < REASONS ? names[why] : "unknown";
}

const char *refusal_name(enum refusal refusal)
{
    static const char *const names[REFUSALS] = {
        [REFUSAL_NONE] = "none",
        [REFUSAL_NOT_STARTED] = "not-started",
        [REFUSAL_STARTED] = "started-already",
        [REFUSAL_OPTIONS] = "options",
        [REFUSAL_DURABLE] = "durable",
        [REFUSAL_UNKNOWN_EVENT] = "unknown-event",
        [REFUSAL_GENERATION] = "generation",
        [REFUSAL_FAILED] = "failed",
        [REFUSAL_OTHER_NAME] = "other-name",
        [REFUSAL_OTHER_FLOCK] = "other-flock",
        [REFUSAL_OWN_MESSAGE] = "own-message",
        [REFUSAL_OLD_LIFE] = "old-life",
        [REFUSAL_WRONG_LIFE] = "wrong-life",
        [REFUSAL_OLD_COPY] = "old-copy",
        [REFUSAL_REPLAY] = "replay",
        [REFUSAL_STRANGER] = "stranger",
        [REFUSAL_OLD_TERM] = "old-term",
        [REFUSAL_OLD_SEQ] = "old-seq",
        [REFUSAL_OLD_ROUND] = "old-round",
        [REFUSAL_RESIGNED] = "resigned",
        [REFUSAL_OTHER_ROSTER] = "other-roster",
        [REFUSAL_SECOND_GOOSE] = "second-goose",
        [REFUSAL_ABSURD] = "absurd",
        [REFUSAL_NOT_GOOSE] = "not-goose",
        [REFUSAL_NOT_ASKED] = "not-asked",
        [REFUSAL_NOT_WELCOME] = "not-welcome",
        [REFUSAL_NO_WORK] = "no-work",
    };
    return (unsigned)refusal < REFUSALS ? names[refusal] : "unknown";
}
