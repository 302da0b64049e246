/* log_election.c: see log_election.h. */
#include "daemon/log_election.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OTHER_VERSIONS_TOLD 8

const char *log_election_who(const struct goose_election_view *view, uint64_t uid,
                             const struct goose_endpoint *from,
                             char text[GOOSE_ADDRESS_CHARS_MAX + 1])
{
    int seat = goose_roster_find_uid(view->roster, uid);
    struct goose_text address =
        seat >= 0 ? goose_roster_address(view->roster, seat) : (struct goose_text){NULL, 0};

    if (uid == view->uid) address = goose_address_text(&view->options->self);
    if (address.bytes != 0)
        snprintf(text, GOOSE_ADDRESS_CHARS_MAX + 1, "%.*s", address.bytes, address.at);
    else if (from != NULL && from->bytes[0] != 0)
        endpoint_to_text(from, text, GOOSE_ADDRESS_CHARS_MAX + 1);
    else
        snprintf(text, GOOSE_ADDRESS_CHARS_MAX + 1, "uid-%016" PRIx64, uid);
    return text;
}

static void tell_birth(struct log *log, const struct goose_note *note)
{
    if (note->why == GOOSE_REASON_NEWBORN)
        log_info(log, "no state yet: newborn, uid=%016" PRIx64, note->uid);
    else if (note->why == GOOSE_REASON_CLEARED)
        log_info(log, "enough of --peers know of no flock: may vote");
    else if (note->why == GOOSE_REASON_FLOCK_EXISTS)
        log_info(log, "there is a flock already: asking to be let in");
    else if (note->why == GOOSE_REASON_FOUNDED)
        log_info(log, "no flock knows me: a flock of one");
    else
        log_error(log,
                  "this node's state is an old copy: it is set aside, and the node starts anew");
}

static void tell_role(struct log *log, const struct goose_note *note)
{
    bool quiet = note->role == GOOSE_ROLE_CANVASSING || note->why == GOOSE_REASON_STARTED ||
                 (note->role == GOOSE_ROLE_DUCK && note->why == GOOSE_REASON_YIELDED);

    if (quiet)
        log_debug(log, "term=%" PRIu64 " role=%s why=%s", note->term, goose_role_name(note->role),
                  goose_reason_name(note->why));
    else
        log_info(log, "term=%" PRIu64 " role=%s why=%s", note->term, goose_role_name(note->role),
                 goose_reason_name(note->why));
}

static void tell_goose(struct log *log, const struct goose_election_view *view,
                       const struct goose_note *note)
{
    char text[GOOSE_ADDRESS_CHARS_MAX + 1];

    if (note->uid == 0)
        log_info(log, "term=%" PRIu64 " goose=none", note->term);
    else
        log_info(log, "term=%" PRIu64 " goose=%s%s", note->term,
                 log_election_who(view, note->uid, NULL, text),
                 note->uid == view->uid ? " (this node)" : "");
}

static void tell_roster(struct log *log, const struct goose_election_view *view,
                        const struct goose_note *note)
{
    char text[GOOSE_ADDRESS_CHARS_MAX + 1] = "";

    if (note->uid != 0) log_election_who(view, note->uid, NULL, text);
    log_info(log, "term=%" PRIu64 " roster=%" PRIu64 ".%" PRIu64 " seats=%" PRIu64 " why=%s%s%s",
             note->term, view->roster->term, view->roster->version, note->number,
             goose_reason_name(note->why), note->uid != 0 ? " who=" : "", text);
    if (view->roster->count == 2)
        log_warn(
            log,
            "a flock of two has no failover: when one of them is away, the other stays a duck");
}

static void claim_line(struct log *log, const struct claim_told *told, const char *end)
{
    log_debug(log, "term=%" PRIu64 " claim from_us=%" PRIu64 " until_us=%" PRIu64 "%s", told->term,
              told->from_us, told->until_us, end);
}

void log_election_claim(struct log *log, struct claim_told *told,
                        const struct goose_election_view *view, uint64_t now_us)
{
    if (!log_wants(log, LOG_LEVEL_DEBUG)) return;
    uint64_t left_us = view->lease_left_us;
    if (told->open && (left_us == 0 || told->term != view->term)) {
        if (told->until_us > now_us) told->until_us = now_us;
        claim_line(log, told, " ended");
        told->open = false;
    }
    if (left_us == 0) return;
    if (!told->open)
        *told = (struct claim_told){.open = true, .term = view->term, .from_us = now_us};
    told->until_us = now_us + left_us;
    if (told->until_us - told->told_us < view->lease_us / 2) return;
    told->told_us = told->until_us;
    claim_line(log, told, "");
}

void log_election_note(struct log *log, const struct goose_election_view *view,
                       const struct goose_note *note, const struct goose_endpoint *from)
{
    char text[GOOSE_ADDRESS_CHARS_MAX + 1];

    switch (note->kind) {
    case GOOSE_NOTE_ROLE: tell_role(log, note); break;
    case GOOSE_NOTE_GOOSE: tell_goose(log, view, note); break;
    case GOOSE_NOTE_ROSTER: tell_roster(log, view, note); break;
    case GOOSE_NOTE_COMMITTED:
        log_debug(log, "term=%" PRIu64 " roster=%" PRIu64 ".%" PRIu64 " committed seats=%" PRIu64,
                  note->term, view->roster->term, view->roster->version, note->number);
        break;
    case GOOSE_NOTE_DENIED:
        log_debug(log, "term=%" PRIu64 " vote denied to=%s why=%s", note->term,
                  log_election_who(view, note->uid, from, text),
                  goose_verdict_name((enum goose_verdict)note->number));
        break;
    case GOOSE_NOTE_DENIED_ME:
        log_debug(log, "term=%" PRIu64 " vote denied by=%s why=%s", note->term,
                  log_election_who(view, note->uid, from, text),
                  goose_verdict_name((enum goose_verdict)note->number));
        break;
    case GOOSE_NOTE_CONFLICT:
        log_error(log,
                  "%s was started with other --peers than this node: give all first members the "
                  "same list",
                  log_election_who(view, note->uid, from, text));
        break;
    case GOOSE_NOTE_TWO_GEESE:
        log_error(
            log,
            "term=%" PRIu64
            " %s is a second goose of this flock: two machines with one --self have founded it "
            "twice, or a state file was put back. Stop one side, and let it join without its state",
            note->number, log_election_who(view, note->uid, NULL, text));
        break;
    case GOOSE_NOTE_OBSERVER:
        log_info(log, "observer uid-%016" PRIx64 " %s", note->uid,
                 note->number != 0 ? "follows" : "is silent, and forgotten");
        break;
    case GOOSE_NOTE_BIRTH: tell_birth(log, note); break;
    case GOOSE_NOTE_LEAVE:
        log_info(log,
                 "term=%" PRIu64
                 " is to resign why=%s: the jobs of this goose are to leave within %" PRIu64 " ms",
                 note->term, goose_reason_name(note->why), note->number / 1000);
        break;
    case GOOSE_NOTE_TOO_LARGE:
        log_warn(log,
                 "%s cannot be let in: the roster would be %" PRIu64
                 " bytes, over %d; shorter host names help",
                 log_election_who(view, note->uid, NULL, text), note->number,
                 GOOSE_ROSTER_BYTES_MAX);
        break;
    default: break;
    }
}

/* True the first time. */
static bool once(bool *told)
{
    bool first = !*told;

    *told = true;
    return first;
}

void log_election_other_lease(struct log *log, struct told_once *told, uint64_t lease_us,
                              uint64_t promise_us)
{
    if (!once(&told->other_lease)) return;
    log_warn(log,
             "the goose has a lease of %" PRIu64 " us, this node one of %" PRIu64
             " us: it works, but give all members the same --lease",
             promise_us * 20 / 21, lease_us);
}

/* Who upgrades a flock wants to know which nodes are left; who is no node must not fill the log. */
void log_election_other_version(struct log *log, struct told_once *told,
                                const struct goose_endpoint *from, unsigned theirs)
{
    char text[INET6_ADDRSTRLEN + 16];

    if (told->other_versions == OTHER_VERSIONS_TOLD) return;
    told->other_versions++;
    endpoint_to_text(from, text, sizeof text);
    log_warn(log,
             "%s speaks version %u of the protocol, this node %d: they do not hear each other; "
             "upgrade %s",
             text, theirs, GOOSE_WIRE_MAJOR, theirs < GOOSE_WIRE_MAJOR ? "it" : "this node");
}

void log_election_alone(struct log *log, struct told_once *told,
                        const struct goose_election_view *view)
{
    if (!view->alone_by_flags || !once(&told->alone)) return;
    log_warn(log, "others have joined, but my own command line names nobody: after a lost disk "
                  "this node could found a second flock; give it --join with their addresses");
}

/* A misspelt address, another --flock and another key are all the same to who asks: silence. */
void log_election_lonely(struct log *log, struct told_once *told,
                         const struct goose_election_view *view, uint64_t uptime_us)
{
    const struct goose_election_options *options = view->options;
    bool joins = options->join.count > 0;

    if (view->uid == 0 || view->roster->term > 0 || uptime_us < options->dead_after_us) return;
    if ((!joins && options->peers.count < 2) || !once(&told->lonely)) return;
    log_warn(log,
             "in no flock yet: %s; do they run and can be reached, with the same --flock and "
             "--key-file? trying on",
             joins ? "nobody of --join has let this node in" : "too few of --peers answer");
}

void log_election_status(struct log *log, const struct goose_election_view *view,
                         uint32_t observers, const struct udp_counts *counts, uint64_t replayed)
{
    bool known = view->goose.bytes != 0;

    log_always(log,
               "status role=%s term=%" PRIu64 " goose=%.*s lease_ms=%" PRIu64 " roster=%" PRIu64
               ".%" PRIu64 " seats=%d observers=%" PRIu32
               " settled=%d draining=%d received=%" PRIu64 " sent=%" PRIu64 " forged=%" PRIu64
               " foreign=%" PRIu64 " other_seal=%" PRIu64 " truncated=%" PRIu64
               " replayed=%" PRIu64,
               goose_role_name(view->role), view->term, known ? view->goose.bytes : 4,
               known ? view->goose.at : "none", view->lease_left_us / 1000, view->roster->term,
               view->roster->version, view->roster->count, observers, view->settled, view->draining,
               counts->received, counts->sent, counts->dropped[UDP_DROP_FORGED],
               counts->dropped[UDP_DROP_FOREIGN], counts->dropped[UDP_DROP_OTHER_SEAL],
               counts->dropped[UDP_DROP_TRUNCATED], replayed);
}
