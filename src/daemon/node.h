/* node.h: one running node: the only caller of goose_election_step(). It carries the actions out in the one order that
 * is safe, and answers for the election to the rest of the daemon. */
#ifndef DAEMON_NODE_H
#define DAEMON_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/log.h"
#include "config/options.h"
#include "daemon/changes.h"
#include "daemon/jobs.h"
#include "daemon/metrics.h"
#include "daemon/why.h"
#include "goose/election.h"
#include "net/seal.h"
#include "net/udp.h"

#define NODE_OBSERVERS_MAX 10000
#define NODE_TICKETS_MAX   64

struct node;
struct saver;
struct lease_page;
struct last_will;

/* The process is to end with this exit status: all has been sent and saved that will be. */
typedef void node_ended(void *to, int status);

/* How a request ended; `number`: see struct goose_answer. */
typedef void node_answered(void *to, enum goose_outcome outcome, uint64_t number);

/* Its parts, all opened by main.c, all outliving the node. */
struct node_parts {
    uv_loop_t *loop;
    struct log *log;
    const struct options *options;
    struct seal *seal;
    struct saver *saver;
    const struct goose_durable_state *saved; /* NULL: newborn; read by node_start() */
    struct lease_page *page;                 /* NULL: none is kept */
    struct last_will *will;                  /* NULL: none is left behind */
    node_ended *ended;
    void *to;
};

struct node *node_new(const struct node_parts *parts);
struct udp *node_udp(struct node *node);
void node_keys_changed(struct node *node);
void node_start(struct node *node);

/* To listen from the start on. */
struct changes *node_changes(struct node *node);

/* Live state, on a clock that is read now. */
void node_view(const struct node *node, struct goose_election_view *view);
bool node_member(const struct node *node, size_t index, struct goose_election_member *member);
uint64_t node_uptime_us(const struct node *node);
const struct metrics *node_metrics(const struct node *node);
const struct udp_counts *node_datagrams(const struct node *node);
const struct saver *node_durable(const struct node *node);
uint32_t node_observers(const struct node *node);

/* Why it is as it is, for people; and a round of questions to the voters, for the links in a later answer. */
void node_why(const struct node *node, char text[WHY_BYTES]);
void node_probe(struct node *node);

/* The answer comes exactly once: at once, or later from the loop. */
void node_request(struct node *node, enum goose_request_kind kind, struct goose_text address,
                  bool force, node_answered *answered, void *to);
void node_want_voters(struct node *node, uint8_t wanted, node_answered *answered, void *to);
uint64_t node_hold(struct node *node, uint64_t wanted_us);

/* While it is open, this node as goose holds its role for at least nine tenths of its lease, and when it is asked to
 * resign, `told` comes first, and it goes on until all jobs are closed, or for the longest grace. NULL: not the goose,
 * or one that resigns. Never from inside `told`. */
struct job *node_job_open(struct node *node, uint64_t grace_us, job_told *told, void *to);
void node_job_close(struct node *node, struct job *job);

/* Resign if goose, say so to all, then end with this status; a second call changes nothing. */
void node_stop(struct node *node, int status);
void node_log_status(const struct node *node);
void node_close(struct node *node);

#endif
