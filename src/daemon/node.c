/* node.c: see node.h. Withdraw, save, send, arm, announce: in this order, here and nowhere else (PROTOCOL 5 and 7).
 * Nothing here waits: the disk has a thread, names have libuv's pool, and the clock is read for every event anew. */
#include "daemon/node.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "base/clock.h"
#include "daemon/jobs.h"
#include "daemon/last_will.h"
#include "daemon/log_election.h"
#include "daemon/page_claim.h"
#include "daemon/timer.h"
#include "disk/saver.h"

#define ROUNDS_MAX 8 /* of GOOSE_EVENT_GO_ON before the loop may breathe */
#define HOLD_ID    1 /* tickets count from 2 */
#define CHANCES    32

/* So that the loop's lag is measured at rest, too. */
#define PULSE_US UINT64_C(1000000)

struct ticket {
    uint64_t id; /* 0: free */
    node_answered *answered;
    void *to;
};

struct node {
    struct node_parts parts;
    struct goose_election *election;
    struct goose_actions actions;
    struct goose_observers *observers;
    struct udp *udp;
    struct timer *timer;
    struct timer *pulse;
    struct metrics metrics;
    struct probe *probe;
    struct refusals refusals;
    struct goose_endpoint from; /* of the message whose step this is; else zeros */
    uint64_t started_us;
    uint64_t step_us; /* the time of the newest step */
    uint64_t saver;   /* the newest generation that is on disk */
    uint64_t ticket_id;
    uint64_t hold_given_us;
    uint64_t chance[CHANCES];
    unsigned chance_left;
    struct ticket tickets[NODE_TICKETS_MAX];
    struct claim_told claim_told;
    struct page_claim shown;
    struct jobs jobs;
    struct changes changes;
    struct told_once told;
    bool retiring; /* the state is an old copy: start anew once no write is under way */
    bool writing;
    bool stopping;
    bool ended;
    int status;
};

/* Each is used once; the kernel is asked for many. */
static uint64_t entropy(struct node *node)
{
    if (node->chance_left == 0) {
        randombytes_buf(node->chance, sizeof node->chance);
        node->chance_left = CHANCES;
    }
    return node->chance[--node->chance_left];
}

static void save(struct node *node)
{
    uint8_t bytes[GOOSE_DURABLE_BYTES_MAX];
    size_t count = goose_durable_encode(goose_election_durable(node->election), bytes);

    assert(!node->writing);
    node->writing = true;
    saver_save(node->parts.saver, node->actions.save_generation, bytes, count);
}

static void send_all(struct node *node)
{
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];

    for (int i = 0; i < node->actions.send_count; i++) {
        const struct goose_send *send = &node->actions.sends[i];
        assert(send->stands_on <= node->saver);
        size_t count =
            goose_wire_encode(&send->message, goose_election_roster(node->election), bytes);
        udp_send(node->udp, send, bytes, count);
    }
}

static int64_t wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* At the step's own time: what ends between two steps has a step of its own, which knows why. */
static void announce(struct node *node)
{
    struct goose_election_view view;
    const struct step_seen seen = {.view = &view,
                                   .resigned = &view.resigned,
                                   .notes = node->actions.notes,
                                   .note_count = node->actions.note_count,
                                   .at_ms = wall_ms()};

    goose_election_view(node->election, node->step_us, &view);
    for (int i = 0; i < node->actions.note_count; i++) {
        log_election_note(node->parts.log, &view, &node->actions.notes[i], &node->from);
        refusals_note(&node->refusals, &node->actions.notes[i], &node->from, node->step_us);
        if (node->actions.notes[i].kind == GOOSE_NOTE_LEAVE) jobs_leave(&node->jobs);
    }
    log_election_alone(node->parts.log, &node->told, &view);
    changes_notice(&node->changes, &seen);
    log_election_claim(node->parts.log, &node->claim_told, &view, node->step_us);
}

/* The tickets of a round are taken out first: an answer may make its asker ask again, which steps. */
static void answer_all(struct node *node)
{
    struct goose_answer answers[GOOSE_ELECTION_ANSWERS_MAX];
    int count = node->actions.answer_count;

    memcpy(answers, node->actions.answers, sizeof answers);
    for (int i = 0; i < count; i++) {
        if (answers[i].id == HOLD_ID) node->hold_given_us = answers[i].number;
        for (int j = 0; j < NODE_TICKETS_MAX; j++) {
            struct ticket ticket = node->tickets[j];
            if (ticket.id == 0 || ticket.id != answers[i].id) continue;
            node->tickets[j].id = 0;
            ticket.answered(ticket.to, answers[i].outcome, answers[i].number);
        }
    }
}

static void end(struct node *node)
{
    if (node->ended) return;
    node->ended = true;
    node->parts.ended(node->parts.to, node->status);
}

/* PROTOCOL 3, copies: the file goes aside, and this node is born anew, with another uid. */
static void start_anew(struct node *node)
{
    if (node->writing || node->ended) return;
    node->retiring = false;
    saver_set_aside(node->parts.saver);
    memset(node->election, 0, goose_election_bytes());
    node->saver = 0;
    node->parts.saved = NULL;
    node_start(node);
}

static bool carry_out(struct node *node)
{
    struct goose_actions *actions = &node->actions;
    bool more = actions->more;

    last_will_write(node->parts.will, node->election, node->udp, false);
    page_claim_show(node->parts.page, &node->shown, node->election);
    /* Nothing else shows a claim but live state, so a claim that this step took away is gone already. */
    if (actions->save) save(node);
    send_all(node);
    timer_set(node->timer, actions->wake_at_us);
    announce(node);
    if (actions->retire) node->retiring = true;
    answer_all(node);
    return more;
}

/* A name of several addresses, of which one is mine and one is not, is no other spelling of me. */
static void own_address(struct node *node, struct goose_text peer)
{
    enum udp_share share = udp_own_share(node->udp, peer);

    if (share == UDP_SOME && !node->told.partly_own) {
        node->told.partly_own = true;
        log_warn(node->parts.log,
                 "%.*s of --peers has an address of this node's among others: it is tried at all "
                 "of them",
                 peer.bytes, peer.at);
    }
    if (share != UDP_ALL) return;
    log_error(node->parts.log,
              "--peers names this node itself under another spelling, %.*s, than --self %s: name "
              "it as --self does, or leave it out",
              peer.bytes, peer.at, node->parts.options->election.self.chars);
    node_stop(node, EXIT_WRONG_CONFIG);
}

/* A datagram of my own that comes from my own socket went to an address of --peers or --join that is mine. In --peers
 * it would be a seat that nobody ever claims. But whoever has heard one can send it back, and say that it comes from here:
 * so it is a reason to look at where I send to, and no more. */
static void own_datagram(struct node *node, const struct goose_endpoint *from)
{
    const struct goose_election_options *options = &node->parts.options->election;
    bool in_flock = goose_election_roster(node->election)->term > 0;

    if (in_flock || !udp_is_own(node->udp, from)) return;
    for (int i = 0; i < options->peers.count && !node->stopping; i++) {
        struct goose_text peer = goose_roster_address(&options->peers, i);
        if (!goose_text_equal(peer, goose_address_text(&options->self))) own_address(node, peer);
    }
}

/* A reign's jobs end with it. */
static void end_jobs(struct node *node)
{
    bool goose = goose_election_is_goose(node->election, clock_now_us());

    if (!goose || goose_election_durable(node->election)->term != node->jobs.term)
        jobs_over(&node->jobs);
}

/* What the election itself would never do. Where a claim may be wrong, nothing of this step gets out. */
static void check(struct node *node, const struct goose_election_facts *before)
{
    struct goose_election_fault fault = goose_election_fault(before, node->election);

    if (fault.what == NULL) return;
    node->metrics.faults++;
    log_error(node->parts.log, "a fault of goosed itself, please report it: %s", fault.what);
    if (!fault.of_claim) return;
    page_claim_withdraw(node->parts.page);
    abort();
}

static enum goose_refusal step(struct node *node, struct goose_event *event)
{
    enum goose_refusal first = GOOSE_REFUSAL_NONE;
    bool more = true, own = false;
    struct goose_endpoint from =
        event->kind == GOOSE_EVENT_MESSAGE ? event->message.from : (struct goose_endpoint){{0}};

    for (int round = 0; more && round < ROUNDS_MAX; round++) {
        struct goose_election_facts before;
        goose_election_facts(node->election, &before);
        node->step_us = event->now_us = clock_now_us();
        event->entropy = entropy(node);
        event->observers = node->observers;
        enum goose_refusal refusal = goose_election_step(node->election, event, &node->actions);
        check(node, &before);
        if (round == 0) first = refusal;
        node->from = round == 0 ? from : (struct goose_endpoint){{0}};
        metrics_step(&node->metrics, event, refusal, &node->actions);
        own = own || refusal == GOOSE_REFUSAL_OWN_MESSAGE;
        more = carry_out(node);
        *event = (struct goose_event){.kind = GOOSE_EVENT_GO_ON};
    }
    if (more) timer_set(node->timer, clock_now_us());
    if (node->retiring) start_anew(node);
    if (own) own_datagram(node, &from);
    if (node->jobs.open > 0) end_jobs(node);
    return first;
}

static void deadline(void *to)
{
    struct node *node = to;
    struct goose_event event = {.kind = GOOSE_EVENT_DEADLINE};

    histogram_add(&node->metrics.loop_lag, timer_late_us(node->timer));
    step(node, &event);
}

static void pulse(void *to)
{
    struct node *node = to;

    histogram_add(&node->metrics.loop_lag, timer_late_us(node->pulse));
    timer_set(node->pulse, clock_now_us() + PULSE_US);
    struct goose_election_view view;
    node_view(node, &view);
    log_election_lonely(node->parts.log, &node->told, &view, node_uptime_us(node));
}

/* Nothing unsaved is ever acted on: the node resigns, says so, and ends. */
static void saved(void *to, uint64_t generation, bool ok, const char *error)
{
    struct node *node = to;
    struct goose_event event = {.kind = GOOSE_EVENT_SAVED,
                                .saved = {.generation = generation, .ok = ok}};

    node->writing = false;
    if (ok)
        node->saver = generation;
    else
        log_error(node->parts.log, "the state cannot be saved (%s): resigning and stopping", error);
    step(node, &event);
    if (!ok) node_stop(node, 1);
}

/* Members that differ in what they should share. */
static void compare_settings(struct node *node, const struct goose_message *m,
                             const struct goose_endpoint *from)
{
    uint64_t lease_us = node->parts.options->election.lease_us;
    uint64_t mine_us = lease_us + (lease_us + 19) / 20;

    if (m->kind != GOOSE_MESSAGE_HEARTBEAT || m->heartbeat.promise_us == mine_us) return;
    senders_saw(&node->metrics.other_lease, from, clock_now_us());
    log_election_other_lease(node->parts.log, &node->told, lease_us, m->heartbeat.promise_us);
}

static void received(void *to, const uint8_t *bytes, size_t count,
                     const struct goose_endpoint *from)
{
    struct node *node = to;
    struct goose_message message;
    struct goose_roster roster;

    if (probe_take(node->probe, bytes, count, from)) return;
    enum goose_wire_result result = goose_wire_decode(bytes, count, &message, &roster);

    if (result != GOOSE_WIRE_OK) {
        if (result == GOOSE_WIRE_OTHER_MAJOR) {
            if (senders_saw(&node->metrics.other_version, from, clock_now_us()))
                log_election_other_version(node->parts.log, &node->told, from, bytes[0]);
        }
        node->metrics.undecoded[result]++;
        return;
    }
    compare_settings(node, &message, from);
    struct goose_event event = {.kind = GOOSE_EVENT_MESSAGE,
                                .message = {.message = &message, .roster = &roster, .from = *from}};
    step(node, &event);
}

struct node *node_new(const struct node_parts *parts)
{
    struct node *node = calloc(1, sizeof *node);
    struct timeval wall;

    if (node == NULL) return NULL;
    gettimeofday(&wall, NULL);
    node->metrics.started_unix_us = (uint64_t)wall.tv_sec * 1000000 + (uint64_t)wall.tv_usec;
    node->parts = *parts;
    node->ticket_id = HOLD_ID;
    node->started_us = clock_now_us();
    /* Touched only as far as it fills. */
    node->observers = malloc(goose_observers_bytes(NODE_OBSERVERS_MAX));
    node->election = calloc(1, goose_election_bytes());
    node->udp = udp_new(parts->loop, parts->seal, parts->log, received, node);
    node->timer = timer_new(parts->loop, deadline, node);
    node->pulse = timer_new(parts->loop, pulse, node);
    if (node->udp != NULL)
        node->probe = probe_new(parts->loop, node->udp, &parts->options->election.self);
    if (node->election == NULL || node->observers == NULL || node->udp == NULL ||
        node->timer == NULL || node->pulse == NULL || node->probe == NULL) {
        node_close(node);
        return NULL;
    }
    goose_observers_init(node->observers, NODE_OBSERVERS_MAX);
    saver_on_saved(parts->saver, saved, node);
    timer_set(node->pulse, clock_now_us() + PULSE_US);
    return node;
}

void node_start(struct node *node)
{
    struct goose_event event = {
        .kind = GOOSE_EVENT_START,
        .start = {.options = &node->parts.options->election, .saved = node->parts.saved}};
    if (node->ended) return; /* told to stop the moment before its address came */
    enum goose_refusal refusal = step(node, &event);
    assert(refusal ==
           GOOSE_REFUSAL_NONE); /* options and state were checked before they came here */
}

struct udp *node_udp(struct node *node)
{
    return node->udp;
}

void node_keys_changed(struct node *node)
{
    last_will_write(node->parts.will, node->election, node->udp, true);
}

void node_view(const struct node *node, struct goose_election_view *view)
{
    goose_election_view(node->election, clock_now_us(), view);
}

bool node_member(const struct node *node, size_t index, struct goose_election_member *member)
{
    return goose_election_member(node->election, node->observers, index, clock_now_us(), member);
}

uint64_t node_uptime_us(const struct node *node)
{
    return clock_now_us() - node->started_us;
}

const struct metrics *node_metrics(const struct node *node)
{
    return &node->metrics;
}

const struct udp_counts *node_datagrams(const struct node *node)
{
    return udp_counts(node->udp);
}

const struct saver *node_durable(const struct node *node)
{
    return node->parts.saver;
}

uint32_t node_observers(const struct node *node)
{
    return goose_observers_count(node->observers);
}

struct changes *node_changes(struct node *node)
{
    return &node->changes;
}

void node_why(const struct node *node, char text[WHY_BYTES])
{
    struct goose_election_view view;

    node_view(node, &view);
    const struct why_parts parts = {.refusals = &node->refusals,
                                    .metrics = &node->metrics,
                                    .datagrams = udp_counts(node->udp),
                                    .names = udp_names(node->udp),
                                    .probe = node->probe};
    why_put(&view, &parts, clock_now_us(), text);
}

void node_probe(struct node *node)
{
    probe_begin(node->probe, goose_election_roster(node->election));
}

static struct ticket *ticket_free(struct node *node)
{
    for (int i = 0; i < NODE_TICKETS_MAX; i++)
        if (node->tickets[i].id == 0) return &node->tickets[i];
    return NULL;
}

static void request_begin(struct node *node, struct goose_event event, node_answered *answered,
                          void *to)
{
    struct ticket *ticket = ticket_free(node);

    if (ticket == NULL || node->ended) {
        answered(to, GOOSE_OUTCOME_BUSY, 0);
        return;
    }
    *ticket = (struct ticket){.id = ++node->ticket_id, .answered = answered, .to = to};
    event.request.id = ticket->id;
    step(node, &event);
}

void node_request(struct node *node, enum goose_request_kind kind, struct goose_text address,
                  bool force, node_answered *answered, void *to)
{
    request_begin(
        node,
        (struct goose_event){.kind = GOOSE_EVENT_REQUEST,
                             .request = {.kind = kind, .force = force, .address = address}},
        answered, to);
}

void node_want_voters(struct node *node, uint8_t wanted, node_answered *answered, void *to)
{
    request_begin(node,
                  (struct goose_event){.kind = GOOSE_EVENT_REQUEST,
                                       .request = {.kind = GOOSE_REQUEST_VOTERS, .wanted = wanted}},
                  answered, to);
}

uint64_t node_hold(struct node *node, uint64_t wanted_us)
{
    struct goose_event event = {
        .kind = GOOSE_EVENT_REQUEST,
        .request = {.id = HOLD_ID, .kind = GOOSE_REQUEST_HOLD, .hold_us = wanted_us}};

    node->hold_given_us = 0;
    step(node, &event);
    return node->hold_given_us;
}

/* False: the goose takes no more. */
static bool tell_work(struct node *node)
{
    struct goose_event event = {
        .kind = GOOSE_EVENT_WORK,
        .work = {.open = (uint32_t)node->jobs.open, .grace_us = jobs_grace_us(&node->jobs)}};

    return step(node, &event) == GOOSE_REFUSAL_NONE;
}

struct job *node_job_open(struct node *node, uint64_t grace_us, job_told *told, void *to)
{
    if (node->ended || !goose_election_is_goose(node->election, clock_now_us())) return NULL;
    struct job *job = jobs_open(&node->jobs, grace_us, told, to);
    if (job == NULL) return NULL;
    node->jobs.term = goose_election_durable(node->election)->term;
    if (tell_work(node)) return job;
    jobs_close(&node->jobs, job);
    return NULL;
}

void node_job_close(struct node *node, struct job *job)
{
    bool open = job->open;

    jobs_close(&node->jobs, job);
    if (open && !node->ended) (void)tell_work(node);
}

static void stopped(void *to, enum goose_outcome outcome, uint64_t number)
{
    (void)outcome;
    (void)number;
    end(to);
}

void node_stop(struct node *node, int status)
{
    if (status > node->status) node->status = status;
    if (node->stopping) return;
    node->stopping = true;
    if (node->step_us == 0) { /* its address has not come yet: there is nothing to resign */
        end(node);
        return;
    }
    node_request(node, GOOSE_REQUEST_STOP, (struct goose_text){NULL, 0}, false, stopped, node);
}

void node_log_status(const struct node *node)
{
    struct goose_election_view view;

    node_view(node, &view);
    log_election_status(node->parts.log, &view, goose_observers_count(node->observers),
                        udp_counts(node->udp), node->metrics.refused[GOOSE_REFUSAL_REPLAY]);
}

void node_close(struct node *node)
{
    node->ended = true;
    for (int i = 0; i < NODE_TICKETS_MAX; i++)
        if (node->tickets[i].id != 0 && node->tickets[i].answered != stopped) {
            struct ticket ticket = node->tickets[i];
            node->tickets[i].id = 0;
            ticket.answered(ticket.to, GOOSE_OUTCOME_TIMED_OUT, 0);
        }
    timer_close(node->timer);
    timer_close(node->pulse);
    probe_close(node->probe);
    udp_close(node->udp);
    free(node->observers);
    free(node->election);
    free(node);
}
