/* call.h: one line of a scenario on its way from the words to what it does. */
#ifndef TRACE_CALL_H
#define TRACE_CALL_H

#include "world.h"

#define WORDS_MAX 48

struct call {
    struct world *w;
    int count; /* words of the line */
    char *words[WORDS_MAX];
    const char *body; /* what stands between braces */
    /* What the capitals of the pattern stand for. */
    int node_count, other_count;
    struct node *nodes[NODES_MAX], *others[NODES_MAX];
    uint64_t us;
    uint64_t number;
    const char *word;
    const char *second;
    unsigned kinds;
    struct words *wrong;
};

/* script.c: says why, and is false. */
bool wrong(struct call *c, const char *what);
bool match_nodes(struct call *c, int *at, struct node **nodes, int *count);

/* False: `wrong` has been said. */
typedef bool command(struct call *c);
typedef bool condition(struct call *c);

/* nodes.c: flocks, lives, options, disks, requests. */
command cmd_flock, cmd_stored, cmd_nodes, cmd_start, cmd_crash, cmd_kill, cmd_restart, cmd_pause,
    cmd_resume, cmd_lease, cmd_heartbeat, cmd_dead_after, cmd_priority, cmd_voters, cmd_observer,
    cmd_peers, cmd_join, cmd_move, cmd_disk_holds, cmd_disk_done, cmd_disk_works, cmd_disk_takes,
    cmd_disk_fails, cmd_disk_lost, cmd_disk_copied, cmd_disk_brought_back, cmd_hold, cmd_hand_over,
    cmd_remove, cmd_remove_by_force, cmd_want, cmd_drain, cmd_undrain, cmd_stop, cmd_work,
    cmd_work_leaves;

/* links.c */
command cmd_cut, cmd_heal, cmd_heal_all, cmd_take, cmd_hold_link, cmd_partition, cmd_deliver,
    cmd_drop, cmd_repeat, cmd_gets;

/* look.c */
command cmd_show, cmd_claims;
condition is_goose, is_no_goose, is_role, is_voter, is_no_voter, is_follower, is_committed, is_word;
bool watch(struct call *c, bool show);

#endif
