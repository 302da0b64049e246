/* node_api.c: see node_api.h. Every answer is made from live state, the lease from a clock that is read in the very call. */
#include "daemon/node_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "daemon/metrics_show.h"

/* Texts that an answer points to, as long as the loop's callback lasts. */
struct scratch {
    char goose[GOOSE_ADDRESS_CHARS_MAX + 1];
    char member[GOOSE_ADDRESS_CHARS_MAX + 1];
    char new_goose[GOOSE_ADDRESS_CHARS_MAX + 1];
    char why[WHY_BYTES];
};

struct served {
    struct node *node;
    struct faults *faults;
    const struct options *options;
    const struct seal *seal;
    struct scratch *scratch;
    flock_changed *changed; /* NULL: nobody watches */
    void *changed_to;
    struct node_api face;
};

/* A request under way: whom to tell. */
struct errand_ticket {
    struct served *api;
    flock_answered *answered;
    void *ticket;
    enum flock_ask ask;
    unsigned wanted;
    struct goose_address address;
};

static const char *keep(char *kept, struct goose_text text)
{
    memcpy(kept, text.at == NULL ? "" : text.at, text.bytes);
    kept[text.bytes] = 0;
    return text.bytes == 0 ? NULL : kept;
}

static const char *state_word(const struct goose_election_view *view)
{
    if (view->failed) return "failed";
    if (view->role == GOOSE_ROLE_DUCK && view->listening) return "listening";
    if (view->role == GOOSE_ROLE_DUCK && view->quarantined && !view->knows_goose)
        return "quarantine";
    return goose_role_name(view->role);
}

static const char *not_ready(const struct goose_election_view *view)
{
    if (view->failed) return "the state cannot be saved";
    if (view->listening) return "listening whether a flock knows this node";
    if (view->removed) return "an operator removed this node";
    if (view->roster->term == 0) return "not a member of a flock yet";
    if (!view->knows_goose) return "no goose is known";
    return NULL;
}

static void status(const void *context, struct flock_status *status)
{
    const struct served *api = context;
    const struct change *newest = &node_changes(api->node)->newest;
    struct goose_election_view view;

    node_view(api->node, &view);
    *status =
        (struct flock_status){.is_goose = view.role == GOOSE_ROLE_GOOSE,
                              .knows_goose = view.knows_goose,
                              .is_member = view.roster->term > 0 && view.seat != GOOSE_SEAT_NONE,
                              .settled = view.settled,
                              .draining = view.draining,
                              .authenticated = api->seal->authenticated,
                              .seat = view.seat == GOOSE_SEAT_VOTER      ? FLOCK_SEAT_VOTER
                                      : view.seat == GOOSE_SEAT_OBSERVER ? FLOCK_SEAT_OBSERVER
                                                                         : FLOCK_SEAT_NONE,
                              .state = state_word(&view),
                              .self = api->options->election.self.chars,
                              .goose = keep(api->scratch->goose, view.goose),
                              .flock = api->options->flock,
                              .not_ready = not_ready(&view),
                              .term = view.term,
                              .lease_us = view.lease_left_us,
                              .hold_us = view.hold_left_us,
                              .flock_id = view.roster->flock_id,
                              .roster_term = view.roster->term,
                              .roster_version = view.roster->version,
                              .wanted = view.roster->wanted,
                              .uptime_us = node_uptime_us(api->node),
                              .index = newest->index,
                              .why = newest->why};
}

static void changed(void *to, const struct change *change)
{
    const struct served *api = to;
    struct flock_status now;

    if (api->changed == NULL) return;
    status(api, &now);
    now.index = change->index;
    now.why = change->why;
    api->changed(api->changed_to, &now);
}

static void watch(void *context, flock_changed *told, void *to)
{
    struct served *api = context;

    api->changed = told;
    api->changed_to = to;
}

static const char *or_null(const char *text)
{
    return text[0] == 0 ? NULL : text;
}

static void history(const void *context, flock_each_change *each, void *to)
{
    const struct served *api = context;
    const struct change *change;

    for (size_t i = 0; (change = changes_of_goose(node_changes(api->node), i)) != NULL; i++) {
        const struct flock_change shown = {.index = change->index,
                                           .at_ms = change->at_ms,
                                           .term = change->term,
                                           .from = or_null(change->from),
                                           .to = or_null(change->to),
                                           .why = change->why};
        each(&shown, to);
    }
}

static uint64_t known(uint64_t value)
{
    return value == GOOSE_MEMBER_UNKNOWN ? FLOCK_UNKNOWN : value;
}

/* A duck hears nothing from other ducks while there is a goose. */
static enum flock_silent is_silent(const struct goose_election_view *view,
                                   const struct goose_election_member *member)
{
    if (member->self || member->goose) return FLOCK_SILENT_NO;
    if (view->role != GOOSE_ROLE_GOOSE) return FLOCK_SILENT_UNKNOWN;
    return member->heard_ago_us <= view->lease_us ? FLOCK_SILENT_NO : FLOCK_SILENT_YES;
}

static void members(const void *context, flock_each_member *each, void *to)
{
    const struct served *api = context;
    struct goose_election_view view;
    struct goose_election_member member;

    node_view(api->node, &view);
    for (size_t i = 0; node_member(api->node, i, &member); i++) {
        bool role_known = view.knows_goose;
        struct flock_member shown = {.address = keep(api->scratch->member, member.address),
                                     .uid = member.uid,
                                     .seat = member.voter ? FLOCK_SEAT_VOTER : FLOCK_SEAT_OBSERVER,
                                     .role = member.goose ? "goose"
                                             : role_known ? "duck"
                                                          : NULL,
                                     .silent = is_silent(&view, &member),
                                     .priority = member.priority,
                                     .rank = member.rank == GOOSE_MEMBER_UNKNOWN ? -1
                                                                                 : (int)member.rank,
                                     .last_heard_us = known(member.heard_ago_us),
                                     .rtt_us = known(member.rtt_us),
                                     .http_port = member.http_port};
        each(&shown, to);
    }
}

static void metrics(const void *context, flock_each_metric *each, void *to)
{
    const struct served *api = context;
    metrics_show(api->node, api->options, each, to);
}

static uint64_t hold(void *context, uint64_t wanted_us)
{
    const struct served *api = context;
    return node_hold(api->node, wanted_us);
}

/* What an outcome means to who asked. */
static struct flock_answer answer_for(enum goose_outcome outcome, enum flock_ask ask)
{
    struct flock_answer answer = {.outcome = FLOCK_REFUSED};

    switch (outcome) {
    case GOOSE_OUTCOME_DONE: answer.outcome = FLOCK_DONE; break;
    case GOOSE_OUTCOME_NOT_FOUND: answer.outcome = FLOCK_NOT_FOUND; break;
    case GOOSE_OUTCOME_NOT_ELIGIBLE:
        answer.error = ask == FLOCK_REMOVE ? "the goose cannot go: nobody can take over"
                                           : "it cannot be goose now";
        answer.hint = "an heir is a voter that the goose hears, not draining, of a priority above "
                      "0; see /members";
        break;
    case GOOSE_OUTCOME_COSTS_MAJORITY:
        answer.error = "without it the voters that are heard would be no majority";
        answer.hint = "bring the silent voters back first, or ask with ?force=1";
        break;
    case GOOSE_OUTCOME_LAST_SEAT:
        answer.error = "the only voter cannot be removed";
        answer.hint = "stop it instead";
        break;
    case GOOSE_OUTCOME_UNCLAIMED_FIRST:
        answer.error = "without it the seats that somebody has claimed would be no majority";
        answer.hint = "first remove the seat that nobody has claimed: the one without a uid, see "
                      "/members";
        break;
    case GOOSE_OUTCOME_NO_GOOSE: answer.outcome = FLOCK_NO_GOOSE; break;
    case GOOSE_OUTCOME_BUSY:
        answer.outcome = FLOCK_NO_ANSWER;
        answer.error = "too many requests wait for an answer already";
        answer.hint = "ask again later";
        break;
    case GOOSE_OUTCOME_NOT_GOOSE:
    case GOOSE_OUTCOME_TIMED_OUT:
    case GOOSE_OUTCOMES:
    default: answer.outcome = FLOCK_NO_ANSWER; break;
    }
    return answer;
}

static void answered(void *to, enum goose_outcome outcome, uint64_t number)
{
    struct errand_ticket *ticket = to;
    struct flock_answer answer = answer_for(outcome, ticket->ask);
    struct goose_election_view view;

    node_view(ticket->api->node, &view);
    if (answer.outcome == FLOCK_NOT_FOUND || ticket->ask == FLOCK_REMOVE)
        answer.address = ticket->address.chars;
    answer.number = ticket->ask == FLOCK_VOTERS ? ticket->wanted : (unsigned)number;
    if (answer.outcome == FLOCK_DONE && ticket->ask == FLOCK_HANDOVER)
        answer.address = keep(ticket->api->scratch->new_goose, view.goose);
    ticket->answered(ticket->ticket, &answer);
    free(ticket);
}

static void request(void *context, const struct flock_request *asked, flock_answered *done,
                    void *to)
{
    static const enum goose_request_kind kinds[] = {[FLOCK_REMOVE] = GOOSE_REQUEST_REMOVE,
                                                    [FLOCK_HANDOVER] = GOOSE_REQUEST_HANDOVER,
                                                    [FLOCK_DRAIN] = GOOSE_REQUEST_DRAIN,
                                                    [FLOCK_UNDRAIN] = GOOSE_REQUEST_UNDRAIN};
    struct served *api = context;
    struct errand_ticket *ticket = calloc(1, sizeof *ticket);
    struct flock_answer refused = {.outcome = FLOCK_BAD_ADDRESS};
    size_t bytes = strlen(asked->address);

    if (ticket != NULL &&
        (bytes == 0 || address_from_user(&ticket->address, asked->address, bytes) == NULL)) {
        ticket->api = api;
        ticket->answered = done;
        ticket->ticket = to;
        ticket->ask = asked->ask;
        ticket->wanted = asked->wanted;
        if (asked->ask == FLOCK_VOTERS)
            node_want_voters(api->node, (uint8_t)asked->wanted, answered, ticket);
        else
            node_request(api->node, kinds[asked->ask], goose_address_text(&ticket->address),
                         asked->force, answered, ticket);
        return;
    }
    if (ticket == NULL) refused.outcome = FLOCK_NO_ANSWER;
    free(ticket);
    done(to, &refused);
}

static const char *why(const void *context)
{
    const struct served *api = context;

    node_why(api->node, api->scratch->why);
    return api->scratch->why;
}

static void probe(void *context)
{
    const struct served *api = context;
    node_probe(api->node);
}

static struct job *job_open(void *context, uint64_t grace_us, flock_job_told *told, void *to)
{
    const struct served *api = context;
    return node_job_open(api->node, grace_us, told, to);
}

static void job_close(void *context, struct job *job)
{
    const struct served *api = context;
    node_job_close(api->node, job);
}

static const char *show_faults(const void *context)
{
    const struct served *api = context;

    return faults_show(api->faults);
}

static bool set_faults(void *context, const struct cJSON *object, char *why, size_t why_bytes)
{
    const struct served *api = context;
    return faults_set(api->faults, object, why, why_bytes);
}

struct served *node_api_new(struct node *node, struct faults *faults, const struct options *options,
                            const struct seal *seal)
{
    struct served *api = calloc(1, sizeof *api);

    if (api == NULL) return NULL;
    api->node = node;
    api->faults = faults;
    api->options = options;
    api->seal = seal;
    api->scratch = calloc(1, sizeof *api->scratch);
    api->face = (struct node_api){.context = api,
                                  .status = status,
                                  .members = members,
                                  .metrics = metrics,
                                  .hold = hold,
                                  .request = request,
                                  .job_open = job_open,
                                  .job_close = job_close,
                                  .history = history,
                                  .watch = watch,
                                  .why = why,
                                  .probe = probe,
                                  .show_faults = show_faults,
                                  .set_faults = set_faults};
    if (api->scratch == NULL) {
        free(api);
        return NULL;
    }
    changes_listen(node_changes(node), changed, api);
    return api;
}

const struct node_api *node_api_of(const struct served *api)
{
    return &api->face;
}

void node_api_free(struct served *api)
{
    if (api == NULL) return;
    free(api->scratch);
    free(api);
}
