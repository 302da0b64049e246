/* test_outsider.c: a small simulator, written from what include/goose says and nothing else: a
 * proof that the headers suffice to drive an election. Nodes whose clocks differ, a network that
 * loses, delays and doubles, slow disks, nodes cut off, crashes with a write lost or not. At most
 * one goose at any instant; and when all is well again, one that all follow.
 * It must never include what is in src/election. */
#include "goose/election.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES_MAX    5
#define DATAGRAMS    512
#define LEASE_US     60000
#define HEARTBEAT_US 10000
#define STORM_US     UINT64_C(8000000)
#define HEALED_US    (10 * (uint64_t)LEASE_US + 4 * GOOSE_HELLO_INTERVAL_US)
#define NEVER        UINT64_MAX

struct datagram {
    uint64_t at_us;
    int from;
    int to;
    size_t count;
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];
};

struct disk {
    size_t count; /* 0: nothing was ever written */
    uint8_t bytes[GOOSE_DURABLE_BYTES_MAX];
};

struct node {
    struct goose_election_options options;
    struct goose_election *e;
    struct goose_observers *observers;
    struct disk disk;
    struct disk writing;
    uint64_t generation; /* being written */
    uint64_t durable;    /* written in this life */
    uint64_t clock_us;   /* shown at the beginning of time */
    int64_t drift;       /* in thousandths */
    uint64_t written_at_us;
    uint64_t wake_at_us;
    uint64_t fault_at_us;  /* crashes then, or starts again, or is cut off */
    uint64_t cut_until_us; /* neither hears nor is heard */
    bool up;
    struct goose_answer answer;
};

struct world {
    uint64_t now_us;
    uint64_t chance;
    int count;
    bool storm;
    int geese; /* elections won */
    int crashes;
    struct goose_actions actions;
    struct node nodes[NODES_MAX];
    struct datagram datagrams[DATAGRAMS]; /* at_us NEVER: free */
};

static uint64_t draw(struct world *w)
{
    uint64_t z = w->chance += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t between(struct world *w, uint64_t least, uint64_t most)
{
    return least + draw(w) % (most - least + 1);
}

static uint64_t clock_of(const struct world *w, const struct node *node)
{
    return (uint64_t)((int64_t)(node->clock_us + w->now_us) +
                      (int64_t)w->now_us * node->drift / 1000);
}

/* When its clock shows this. */
static uint64_t real_of(const struct node *node, uint64_t clock_us)
{
    if (clock_us == UINT64_MAX) return NEVER;
    if (clock_us <= node->clock_us) return 0;
    return (clock_us - node->clock_us) * 1000 / (uint64_t)(1000 + node->drift) + 1;
}

static bool claims(const struct world *w, int i)
{
    const struct node *node = &w->nodes[i];
    return node->up && goose_election_is_goose(node->e, clock_of(w, node));
}

static void carry(struct world *w, int from, int to, const uint8_t *bytes, size_t count)
{
    if (w->storm && draw(w) % 100 < 8) return;
    if (w->nodes[from].cut_until_us > w->now_us || w->nodes[to].cut_until_us > w->now_us) return;
    for (int i = 0; i < DATAGRAMS; i++) {
        struct datagram *datagram = &w->datagrams[i];
        if (datagram->at_us != NEVER) continue;
        uint64_t late_us = w->storm && draw(w) % 50 == 0 ? 100000 : 400;
        datagram->at_us = w->now_us + between(w, 50, late_us);
        datagram->from = from;
        datagram->to = to;
        datagram->count = count;
        memcpy(datagram->bytes, bytes, count);
        return;
    }
    fail_msg("the network is full");
}

static void carry_send(struct world *w, int from, const struct goose_send *send)
{
    struct node *node = &w->nodes[from];
    struct goose_election_view view;
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];
    int to = -1;

    assert_true(send->stands_on <= node->durable);
    if (send->has_endpoint)
        to = send->endpoint.bytes[0];
    else
        for (int i = 0; i < w->count; i++)
            if (goose_text_equal(send->address, goose_address_text(&w->nodes[i].options.self)))
                to = i;
    assert_true(to >= 0 && to < w->count);
    goose_election_view(node->e, clock_of(w, node), &view);
    size_t count = goose_wire_encode(&send->message, view.roster, bytes);
    carry(w, from, to, bytes, count);
    if (w->storm && draw(w) % 30 == 0) carry(w, from, to, bytes, count);
}

static void step(struct world *w, int i, struct goose_event event);

/* In the order that election.h gives; a claim is asked for afresh each time, so there is nothing
 * to withdraw. */
static void carry_out(struct world *w, int i)
{
    struct node *node = &w->nodes[i];
    struct goose_actions *actions = &w->actions;

    if (actions->claim == GOOSE_CLAIM_GIVEN) w->geese++;
    if (actions->save) {
        assert_int_equal(node->written_at_us, NEVER);
        node->writing.count =
            goose_durable_encode(goose_election_durable(node->e), node->writing.bytes);
        node->generation = actions->save_generation;
        node->written_at_us = w->now_us + between(w, 100, 3000);
    }
    for (int k = 0; k < actions->send_count; k++)
        carry_send(w, i, &actions->sends[k]);
    node->wake_at_us = real_of(node, actions->wake_at_us);
    for (int k = 0; k < actions->answer_count; k++)
        node->answer = actions->answers[k];
    assert_false(actions->retire);
    if (actions->more) step(w, i, (struct goose_event){.kind = GOOSE_EVENT_GO_ON});
}

static void step(struct world *w, int i, struct goose_event event)
{
    struct node *node = &w->nodes[i];
    struct goose_election_facts before;

    goose_election_facts(node->e, &before);

    event.now_us = clock_of(w, node);
    event.entropy = draw(w);
    event.observers = node->observers;
    (void)goose_election_step(node->e, &event, &w->actions);
    const char *wrong = goose_election_fault(&before, node->e).what;
    if (wrong != NULL) fail_msg("node %d at %ju: %s", i, (uintmax_t)w->now_us, wrong);
    assert_true(w->actions.more || w->actions.wake_at_us > event.now_us);
    carry_out(w, i);
}

static void start(struct world *w, int i)
{
    struct node *node = &w->nodes[i];
    struct goose_durable_state saved;
    bool has_state = node->disk.count > 0;

    if (has_state) assert_true(goose_durable_decode(node->disk.bytes, node->disk.count, &saved));
    memset(node->e, 0, goose_election_bytes());
    node->up = true;
    node->durable = 0;
    node->written_at_us = NEVER;
    node->fault_at_us = w->now_us + between(w, 10000, 2000000);
    step(w, i,
         (struct goose_event){
             .kind = GOOSE_EVENT_START,
             .start = {.options = &node->options, .saved = has_state ? &saved : NULL}});
}

static void cut_off(struct world *w, int i)
{
    struct node *node = &w->nodes[i];

    node->cut_until_us = w->now_us + between(w, 1000, 5 * LEASE_US);
    node->fault_at_us = w->now_us + between(w, 1000, 2000000);
}

/* A write under way may still have reached the disk. */
static void crash(struct world *w, int i)
{
    struct node *node = &w->nodes[i];

    if (node->written_at_us != NEVER && draw(w) % 2 == 0) node->disk = node->writing;
    node->up = false;
    node->written_at_us = node->wake_at_us = NEVER;
    node->fault_at_us = w->now_us + between(w, 1000, 1000000);
    w->crashes++;
}

static void deliver(struct world *w, struct datagram *datagram)
{
    struct node *node = &w->nodes[datagram->to];
    struct goose_message message;
    struct goose_roster roster;

    datagram->at_us = NEVER;
    if (!node->up) return;
    assert_int_equal(goose_wire_decode(datagram->bytes, datagram->count, &message, &roster),
                     GOOSE_WIRE_OK);
    step(w, datagram->to,
         (struct goose_event){.kind = GOOSE_EVENT_MESSAGE,
                              .message = {.message = &message,
                                          .roster = &roster,
                                          .from = {.bytes = {(uint8_t)datagram->from}}}});
}

static void written(struct world *w, int i)
{
    struct node *node = &w->nodes[i];

    node->written_at_us = NEVER;
    node->disk = node->writing;
    node->durable = node->generation;
    step(w, i, (struct goose_event){.kind = GOOSE_EVENT_SAVED, .saved = {node->generation, true}});
}

static void at_most_one_goose(const struct world *w)
{
    int geese = 0;

    for (int i = 0; i < w->count; i++)
        geese += claims(w, i);
    assert_true(geese <= 1);
}

static void node_turn(struct world *w, int i)
{
    struct node *node = &w->nodes[i];

    if (node->fault_at_us <= w->now_us) {
        if (!node->up)
            start(w, i);
        else if (draw(w) % 2 == 0)
            crash(w, i);
        else
            cut_off(w, i);
    } else if (node->written_at_us <= w->now_us) {
        written(w, i);
    } else if (node->up && node->wake_at_us <= w->now_us) {
        step(w, i, (struct goose_event){.kind = GOOSE_EVENT_DEADLINE});
    }
    at_most_one_goose(w);
}

static void earliest(uint64_t *next_us, uint64_t at_us)
{
    if (at_us < *next_us) *next_us = at_us;
}

/* Claims begin and are lengthened in steps alone: who looks after each of them has looked at
 * every instant. */
static void run_until(struct world *w, uint64_t end_us)
{
    while (w->now_us < end_us) {
        uint64_t next_us = end_us;
        for (int i = 0; i < w->count; i++) {
            earliest(&next_us, w->nodes[i].fault_at_us);
            earliest(&next_us, w->nodes[i].written_at_us);
            if (w->nodes[i].up) earliest(&next_us, w->nodes[i].wake_at_us);
        }
        for (int i = 0; i < DATAGRAMS; i++)
            earliest(&next_us, w->datagrams[i].at_us);
        if (next_us > w->now_us) w->now_us = next_us;
        for (int i = 0; i < DATAGRAMS; i++)
            if (w->datagrams[i].at_us <= w->now_us) {
                deliver(w, &w->datagrams[i]);
                at_most_one_goose(w);
            }
        for (int i = 0; i < w->count; i++)
            node_turn(w, i);
    }
}

static void set_up(struct world *w, int count, uint64_t seed)
{
    struct goose_address addresses[NODES_MAX];
    char chars[GOOSE_ADDRESS_CHARS_MAX];
    struct goose_election_options options = {.priority = GOOSE_PRIORITY_DEFAULT,
                                             .voters = (uint8_t)count,
                                             .heartbeat_us = HEARTBEAT_US,
                                             .lease_us = LEASE_US,
                                             .dead_after_us = 60000000,
                                             .name_tag = goose_digest_bytes(0, "pond", 4)};

    memset(w, 0, sizeof *w);
    w->chance = seed;
    w->count = count;
    w->storm = true;
    for (int i = 0; i < DATAGRAMS; i++)
        w->datagrams[i].at_us = NEVER;
    for (int i = 0; i < count; i++) {
        int bytes = snprintf(chars, sizeof chars, "10.0.0.%d:7000", i + 1);
        assert_true(goose_address_keep(&addresses[i], (struct goose_text){chars, (uint8_t)bytes}));
    }
    assert_int_equal(
        goose_roster_bootstrap(&options.peers, options.name_tag, addresses, (size_t)count),
        GOOSE_ROSTER_OK);
    for (int i = 0; i < count; i++) {
        struct node *node = &w->nodes[i];
        node->options = options;
        node->options.self = addresses[i];
        node->e = calloc(1, goose_election_bytes());
        node->observers = malloc(goose_observers_bytes(8));
        assert_non_null(node->e);
        assert_non_null(node->observers);
        goose_observers_init(node->observers, 8);
        node->clock_us = between(w, 1, UINT64_C(1) << 40);
        node->drift = (int64_t)between(w, 0, 40) - 20;
        node->written_at_us = node->wake_at_us = NEVER;
        node->fault_at_us = between(w, 1, 200000); /* starts then */
    }
}

static int the_goose(const struct world *w)
{
    for (int i = 0; i < w->count; i++)
        if (claims(w, i)) return i;
    return -1;
}

static void all_follow_one(const struct world *w)
{
    struct goose_election_view view;
    int goose = the_goose(w);

    assert_true(goose >= 0);
    uint64_t uid = goose_election_durable(w->nodes[goose].e)->uid;
    for (int i = 0; i < w->count; i++) {
        goose_election_view(w->nodes[i].e, clock_of(w, &w->nodes[i]), &view);
        assert_true(view.knows_goose && view.goose_uid == uid && view.seat == GOOSE_SEAT_VOTER);
        assert_true(
            goose_text_equal(view.goose, goose_address_text(&w->nodes[goose].options.self)));
    }
}

static void heal(struct world *w)
{
    w->storm = false;
    for (int i = 0; i < w->count; i++) {
        if (!w->nodes[i].up) start(w, i);
        w->nodes[i].fault_at_us = NEVER;
        w->nodes[i].cut_until_us = 0;
    }
    run_until(w, w->now_us + HEALED_US);
}

/* Asked of a duck, so that it is forwarded to the goose and its answer back. */
static void hand_over(struct world *w)
{
    int old = the_goose(w), asked = (old + 1) % w->count;
    struct goose_event event = {.kind = GOOSE_EVENT_REQUEST,
                                .request = {.id = 42, .kind = GOOSE_REQUEST_HANDOVER}};

    step(w, asked, event);
    run_until(w, w->now_us + UINT64_C(1000000));
    assert_int_equal(w->nodes[asked].answer.id, 42);
    assert_int_equal(w->nodes[asked].answer.outcome, GOOSE_OUTCOME_DONE);
    assert_int_not_equal(the_goose(w), old);
    all_follow_one(w);
}

static void one_world(int count, uint64_t seed)
{
    struct world *w = malloc(sizeof *w);

    assert_non_null(w);
    set_up(w, count, seed);
    run_until(w, STORM_US);
    assert_true(w->crashes > 0 && w->geese > 0);
    heal(w);
    all_follow_one(w);
    int geese = w->geese;
    run_until(w, w->now_us + UINT64_C(2000000));
    assert_int_equal(w->geese, geese); /* nothing happens, and nothing changes */
    hand_over(w);
    for (int i = 0; i < count; i++) {
        free(w->nodes[i].observers);
        free(w->nodes[i].e);
    }
    free(w);
}

static void one_goose_at_most_and_one_in_the_end(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++)
        for (int count = 3; count <= NODES_MAX; count++)
            one_world(count, seed * 100 + (uint64_t)count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_goose_at_most_and_one_in_the_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
