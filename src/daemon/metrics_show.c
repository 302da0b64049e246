/* metrics_show.c: see metrics_show.h. The names are relied on by dashboards and alerts: they are never changed, only added to. A
 * label's values are few, and known when this is compiled; addresses only of voters, who are 31 at most. */
#include "daemon/metrics_show.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "disk/saver.h"

struct metrics_show {
    flock_each_metric *each;
    void *to;
    const struct node *node;
    const struct options *options;
    const struct metrics *metrics;
    const struct udp_counts *datagrams;
    struct goose_election_view view;
};

/* ---- shapes ---- */

static void show(const struct metrics_show *s, const struct flock_metric *metric)
{
    s->each(metric, s->to);
}

static void gauge(const struct metrics_show *s, const char *name, const char *help, uint64_t value)
{
    show(s, &(struct flock_metric){.name = name, .help = help, .value = value});
}

static void seconds(const struct metrics_show *s, const char *name, const char *help, uint64_t us)
{
    show(s, &(struct flock_metric){.name = name, .help = help, .in_us = true, .value = us});
}

static void counter(const struct metrics_show *s, const char *name, const char *help,
                    uint64_t value)
{
    show(s,
         &(struct flock_metric){.name = name, .help = help, .kind = FLOCK_COUNTER, .value = value});
}

static void times(const struct metrics_show *s, const char *name, const char *help,
                  const struct histogram *histogram)
{
    show(s, &(struct flock_metric){.name = name,
                                   .help = help,
                                   .kind = FLOCK_HISTOGRAM,
                                   .bounds = HISTOGRAM_BOUNDS,
                                   .bounds_us = histogram_bounds_us,
                                   .counts = histogram->counts,
                                   .value = histogram->sum_us});
}

/* One metric, several times: `metric` says what they share. */
static void labelled(const struct metrics_show *s, struct flock_metric metric, const char *label,
                     const char *text, uint64_t value)
{
    metric.labels[0] = (struct flock_label){label, text};
    metric.value = value;
    show(s, &metric);
}

/* Those reasons that are usual from the first scrape on, so that a first time shows as an increase. */
static void by_reason(const struct metrics_show *s, const char *name, const char *help,
                      const uint64_t counts[GOOSE_REASONS], uint64_t usual)
{
    const struct flock_metric metric = {.name = name, .help = help, .kind = FLOCK_COUNTER};

    for (int why = 0; why < GOOSE_REASONS; why++)
        if (counts[why] != 0 || (usual >> why & 1) != 0)
            labelled(s, metric, "reason", goose_reason_name((enum goose_reason)why), counts[why]);
}

#define BIT(reason) (UINT64_C(1) << (reason))
_Static_assert(GOOSE_REASONS <= 64, "a bit a reason");

static void by_kind(const struct metrics_show *s, const char *name, const char *help,
                    const uint64_t counts[GOOSE_MESSAGE_KINDS])
{
    const struct flock_metric metric = {.name = name, .help = help, .kind = FLOCK_COUNTER};

    for (int kind = GOOSE_MESSAGE_HEARTBEAT; kind < GOOSE_MESSAGE_KINDS; kind++) {
        char word[24];
        snprintf(word, sizeof word, "%s", goose_message_kind_name((enum goose_message_kind)kind));
        for (char *at = word; *at != 0; at++)
            *at = (char)tolower((unsigned char)*at);
        labelled(s, metric, "kind", word, counts[kind]);
    }
}

/* ---- what there is ---- */

static void show_process(const struct metrics_show *s)
{
    char id[17];

    snprintf(id, sizeof id, "%016" PRIx64, s->view.roster->flock_id);
    show(s, &(struct flock_metric){.name = "goosed_build_info",
                                   .help = "Always 1; which goosed this is.",
                                   .labels = {{"version", options_version()}},
                                   .value = 1});
    show(s, &(struct flock_metric){.name = "goosed_flock_info",
                                   .help = "Always 1; the flock that this node belongs to.",
                                   .labels = {{"flock", s->options->flock}, {"flock_id", id}},
                                   .value = 1});
    seconds(s, "goosed_start_time_seconds", "When this node started, in Unix time.",
            s->metrics->started_unix_us);
    seconds(s, "goosed_uptime_seconds", "How long it has been running, suspended or not.",
            node_uptime_us(s->node));
}

static void show_role(const struct metrics_show *s)
{
    static const enum goose_role roles[] = {GOOSE_ROLE_DUCK, GOOSE_ROLE_CANVASSING,
                                            GOOSE_ROLE_CANDIDATE, GOOSE_ROLE_GOOSE};
    const struct flock_metric role = {
        .name = "goosed_role", .help = "1 for the role that this node has now, 0 for the others."};
    const struct flock_metric setting = {.name = "goosed_setting_seconds",
                                         .help = "What --heartbeat and --lease say here.",
                                         .in_us = true};

    gauge(s, "goosed_is_goose", "1 while this node is the goose, with a live lease; else 0.",
          s->view.role == GOOSE_ROLE_GOOSE);
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        labelled(s, role, "role", goose_role_name(roles[i]), s->view.role == roles[i]);
    gauge(s, "goosed_has_goose", "1 while this node knows a goose, or is it; else 0.",
          s->view.knows_goose);
    gauge(s, "goosed_term", "The newest term that this node knows.", s->view.term);
    seconds(s, "goosed_lease_remaining_seconds",
            "How much of this node's lease is left at this very moment; 0 on a duck.",
            s->view.lease_left_us);
    labelled(s, setting, "setting", "heartbeat", s->options->election.heartbeat_us);
    labelled(s, setting, "setting", "lease", s->options->election.lease_us);
    gauge(s, "goosed_draining", "1 while this node may not be goose because it drains.",
          s->view.draining);
}

static void show_elections(const struct metrics_show *s)
{
    const struct metrics *m = s->metrics;

    by_reason(s, "goosed_elections_total", "Elections that this node stood in, by why it stood.",
              m->began,
              BIT(GOOSE_REASON_PROMISE_ENDED) | BIT(GOOSE_REASON_HEIR) |
                  BIT(GOOSE_REASON_IN_PLACE));
    counter(s, "goosed_elections_won_total", "Elections that made this node the goose.", m->won);
    by_reason(
        s, "goosed_elections_lost_total", "Elections that this node gave up, by why.", m->lost,
        BIT(GOOSE_REASON_NO_MAJORITY) | BIT(GOOSE_REASON_YIELDED) | BIT(GOOSE_REASON_GOOSE_HEARD) |
            BIT(GOOSE_REASON_HIGHER_TERM) | BIT(GOOSE_REASON_WON_TOO_LATE));
    by_reason(s, "goosed_reigns_ended_total", "How often this node stopped being goose, by why.",
              m->ended,
              BIT(GOOSE_REASON_LEASE_ENDED) | BIT(GOOSE_REASON_GOOSE_HEARD) |
                  BIT(GOOSE_REASON_HIGHER_TERM) | BIT(GOOSE_REASON_HANDOVER) |
                  BIT(GOOSE_REASON_DRAINED) | BIT(GOOSE_REASON_STOPPED) |
                  BIT(GOOSE_REASON_DISK_FAILED));
    counter(s, "goosed_goose_changes_total",
            "How often this node came to know another goose than before.", m->goose_changes);
    counter(s, "goosed_goose_losses_total", "How often this node knew no goose any more.",
            m->goose_losses);
    counter(
        s, "goosed_two_geese_total",
        "Signs of a second goose of this flock, in one term or of another founding: must stay 0.",
        m->two_geese);
    counter(s, "goosed_faults_total",
            "Faults of goosed itself that it noticed, and logged: must stay 0.", m->faults);
}

static void show_messages(const struct metrics_show *s)
{
    const struct flock_metric refused = {
        .name = "goosed_messages_refused_total",
        .help = "Messages that changed nothing in the election, by why.",
        .kind = FLOCK_COUNTER};

    by_kind(s, "goosed_messages_sent_total", "Messages that the election had to send, by kind.",
            s->metrics->sent);
    by_kind(s, "goosed_messages_accepted_total", "Messages that the election took, by kind.",
            s->metrics->accepted);
    for (int why = GOOSE_REFUSAL_NONE + 1; why < GOOSE_REFUSALS; why++)
        if (why >= GOOSE_REFUSAL_OTHER_NAME || s->metrics->refused[why] != 0)
            labelled(s, refused, "reason", goose_refusal_name((enum goose_refusal)why),
                     s->metrics->refused[why]);
    times(s, "goosed_heartbeat_round_trip_seconds",
          "On the goose: from sending a heartbeat to its acknowledgement, durable over there.",
          &s->metrics->round_trips);
}

static void show_datagrams(const struct metrics_show *s)
{
    static const char *const drops[UDP_DROPS] = {[UDP_DROP_FORGED] = "wrong-key",
                                                 [UDP_DROP_FOREIGN] = "other-name",
                                                 [UDP_DROP_OTHER_SEAL] = "other-seal",
                                                 [UDP_DROP_TRUNCATED] = "truncated",
                                                 [UDP_DROP_FAULT] = "drill"};
    const struct flock_metric dropped = {.name = "goosed_datagrams_dropped_total",
                                         .help = "Datagrams that were dropped unread, by why.",
                                         .kind = FLOCK_COUNTER};
    const struct flock_metric unsent = {.name = "goosed_datagrams_unsent_total",
                                        .help = "Datagrams that could not be sent, by why.",
                                        .kind = FLOCK_COUNTER};
    const struct udp_counts *counts = s->datagrams;

    counter(s, "goosed_datagrams_received_total", "Datagrams that came in.", counts->received);
    counter(s, "goosed_datagrams_sent_total", "Datagrams that the kernel took.", counts->sent);
    labelled(s, unsent, "reason", "error", counts->send_failed);
    labelled(s, unsent, "reason", "unresolved", counts->unresolved);
    for (int why = 0; why < UDP_DROPS; why++)
        labelled(s, dropped, "reason", drops[why], counts->dropped[why]);
    for (int why = GOOSE_WIRE_OK + 1; why < GOOSE_WIRE_RESULTS; why++)
        labelled(s, dropped, "reason", goose_wire_result_name((enum goose_wire_result)why),
                 s->metrics->undecoded[why]);
}

static void show_machine(const struct metrics_show *s)
{
    times(s, "goosed_disk_write_seconds",
          "From when a state was to be saved until it was on the disk.",
          saver_times(node_durable(s->node)));
    seconds(s, "goosed_disk_write_waiting_seconds",
            "How long the save that is under way has taken so far; 0 if none is.",
            saver_waits_us(node_durable(s->node)));
    times(s, "goosed_loop_lag_seconds",
          "How late timers were served: the election's own, and one a second besides.",
          &s->metrics->loop_lag);
}

static void show_voters(const struct metrics_show *s)
{
    const struct flock_metric silent = {
        .name = "goosed_voter_silent_seconds",
        .help = "On the goose: how long ago it heard each voter, or since it started if never.",
        .in_us = true};
    struct goose_election_member member;
    char address[GOOSE_ADDRESS_CHARS_MAX + 1];

    for (size_t i = 0; node_member(s->node, i, &member) && member.voter; i++) {
        uint64_t us = member.heard_ago_us != GOOSE_MEMBER_UNKNOWN ? member.heard_ago_us
                                                                  : node_uptime_us(s->node);
        snprintf(address, sizeof address, "%.*s", member.address.bytes, member.address.at);
        labelled(s, silent, "voter", address, us);
    }
}

static void show_members(const struct metrics_show *s)
{
    const struct flock_metric members = {
        .name = "goosed_members",
        .help = "Members by seat; observers are known to the goose only."};
    const struct flock_metric differing = {
        .name = "goosed_members_differing",
        .help = "Addresses heard within a minute that differ from this node, by what differs."};
    uint64_t now_us = clock_now_us();
    bool goose = s->view.role == GOOSE_ROLE_GOOSE;

    labelled(s, members, "seat", "voter", s->view.roster->count);
    if (goose) labelled(s, members, "seat", "observer", node_observers(s->node));
    gauge(s, "goosed_voters_wanted", "How many voters the flock aims at.", s->view.roster->wanted);
    gauge(s, "goosed_settled", "1 once every seat is claimed and all voters know it; else 0.",
          s->view.settled);
    if (goose) show_voters(s);
    labelled(s, differing, "setting", "keys", senders_count(&s->datagrams->forged_by, now_us));
    labelled(s, differing, "setting", "lease", senders_count(&s->metrics->other_lease, now_us));
    labelled(s, differing, "setting", "peers", senders_count(&s->metrics->other_peers, now_us));
    labelled(s, differing, "setting", "version", senders_count(&s->metrics->other_version, now_us));
}

void metrics_show(const struct node *node, const struct options *options, flock_each_metric *each,
                  void *to)
{
    struct metrics_show s = {.each = each,
                             .to = to,
                             .node = node,
                             .options = options,
                             .metrics = node_metrics(node),
                             .datagrams = node_datagrams(node)};

    node_view(node, &s.view);
    show_process(&s);
    show_role(&s);
    show_elections(&s);
    show_messages(&s);
    show_datagrams(&s);
    show_machine(&s);
    show_members(&s);
}
