/* test_node.c: what a node owes its lease page, its jobs and those who watch it: a real election, and clock, alarms,
 * disk and wire of the test's. Every reading of a clock takes a moment. */
#include "core.h"
#include "wire_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/last_will.h"
#include "daemon/lease_page.h"
#include "daemon/node.h"
#include "daemon/timer.h"
#include "disk/saver.h"

#define SENT_MAX   256
#define ALARMS_MAX 4
#define MOMENT_US  7

struct timer {
    void (*due)(void *to);
    void *to;
    uint64_t at_us;
};

struct udp {
    struct udp_counts counts;
};

struct lease_page {
    bool goose;
    unsigned shown;
};

struct sent {
    uint64_t uid; /* to whom */
    size_t count;
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];
};

static struct world {
    uv_loop_t loop;
    struct log *log;
    uint64_t now_us;
    struct timer alarms[ALARMS_MAX];
    size_t timer_count;
    struct udp udp;
    udp_received *received;
    void *receiver;
    saver_saved *saved;
    void *saver;
    uint64_t writing; /* the generation; 0: none */
    struct lease_page page;
    uint64_t will_hold_end_us;
    struct options options;
    struct goose_durable_state state;
    struct node *node;
    struct sent sent[SENT_MAX];
    size_t sent_count;
    size_t answered; /* of those */
    uint64_t counter;
    bool alone; /* the others are silent */
    uint64_t node_life;
    unsigned resigns;
    unsigned done;
    uint64_t goose_lost_us; /* when a change said so */
} world;

/* ---- the clock and the alarms ---- */

uint64_t clock_now_us(void)
{
    return world.now_us += MOMENT_US;
}

uint64_t lease_page_clock_ns(void)
{
    return clock_now_us() * 1000;
}

struct timer *timer_new(uv_loop_t *loop, void (*due)(void *to), void *to)
{
    (void)loop;
    assert_true(world.timer_count < ALARMS_MAX);
    struct timer *timer = &world.alarms[world.timer_count++];
    *timer = (struct timer){.due = due, .to = to, .at_us = UINT64_MAX};
    return timer;
}

void timer_set(struct timer *timer, uint64_t at_us)
{
    timer->at_us = at_us;
}

uint64_t timer_late_us(const struct timer *timer)
{
    (void)timer;
    return 0;
}

void timer_close(struct timer *timer)
{
    timer->at_us = UINT64_MAX;
}

/* ---- the disk ---- */

void saver_on_saved(struct saver *saver, saver_saved *saved, void *to)
{
    (void)saver;
    world.saved = saved;
    world.saver = to;
}

void saver_save(struct saver *saver, uint64_t generation, const uint8_t *bytes, size_t count)
{
    (void)saver;
    (void)bytes;
    assert_true(world.writing == 0 && count > 0);
    world.writing = generation;
}

void saver_set_aside(struct saver *saver)
{
    (void)saver;
    fail();
}

/* ---- the page ---- */

/* ---- the last will ---- */

void last_will_write(struct last_will *will, const struct goose_election *e, struct udp *udp,
                     bool anew)
{
    struct goose_will made;

    (void)will;
    (void)udp;
    assert_false(anew);
    goose_election_will(e, &made);
    world.will_hold_end_us = made.hold_end_us;
}

/* What it says is over when the lease is, or before; and no hold stands there that the last will does not know. */
void lease_page_show(struct lease_page *page, uint64_t boot_ns, const struct lease_claim *claim)
{
    struct goose_election_view view;

    page->goose = claim->goose;
    page->shown++;
    if (!claim->goose) return;
    node_view(world.node, &view);
    assert_true(boot_ns / 1000 + claim->lease_left_us <= world.now_us + view.lease_left_us);
    assert_true(claim->hold_left_us == 0 ||
                boot_ns / 1000 + claim->hold_left_us <= world.will_hold_end_us);
}

/* ---- the wire ---- */

struct udp *udp_new(uv_loop_t *loop, const struct seal *seal, struct log *log,
                    udp_received *received, void *to)
{
    (void)loop;
    (void)seal;
    (void)log;
    world.received = received;
    world.receiver = to;
    return &world.udp;
}

bool udp_is_own(const struct udp *udp, const struct goose_endpoint *endpoint)
{
    (void)udp;
    (void)endpoint;
    return false;
}

enum udp_share udp_own_share(struct udp *udp, struct goose_text address)
{
    (void)udp;
    (void)address;
    return UDP_NOTHING;
}

void endpoint_to_text(const struct goose_endpoint *endpoint, char *text, size_t bytes)
{
    snprintf(text, bytes, "endpoint of family %d", endpoint->bytes[0]);
}

const struct udp_counts *udp_counts(const struct udp *udp)
{
    return &udp->counts;
}

const struct resolver *udp_names(const struct udp *udp)
{
    (void)udp;
    return NULL;
}

/* One of each kind. */
const struct goose_address *resolver_next_wrong(const struct resolver *resolver,
                                                enum resolver_wrong wrong, size_t *place)
{
    static const struct goose_address names[] = {
        [RESOLVER_UNKNOWN] = {7, "n8:7000"}, [RESOLVER_OTHER_FAMILY] = {7, "n9:7000"}};

    (void)resolver;
    return (*place)++ == 0 ? &names[wrong] : NULL;
}

void udp_close(struct udp *udp)
{
    (void)udp;
}

/* "n2:7000" has the uid 2, and so has its endpoint. */
void udp_send(struct udp *udp, const struct goose_send *send, const uint8_t *message, size_t bytes)
{
    struct goose_message m;
    struct goose_roster roster;

    (void)udp;
    assert_true(world.sent_count < SENT_MAX);
    struct sent *sent = &world.sent[world.sent_count++];
    sent->uid =
        send->has_endpoint ? send->endpoint.bytes[0] : (uint64_t)(send->address.at[1] - '0');
    sent->count = bytes;
    memcpy(sent->bytes, message, bytes);
    if (goose_wire_decode(message, bytes, &m, &roster) != GOOSE_WIRE_OK ||
        m.kind != GOOSE_MESSAGE_RESIGN)
        return;
    world.resigns++;
    assert_false(world.page.goose);
}

static void deliver(uint64_t uid, const uint8_t *bytes, size_t count)
{
    const struct goose_endpoint from = {{(uint8_t)uid}};

    world.received(world.receiver, bytes, count, &from);
}

/* From this uid, which knows what node n1 knows. */
static void tell(uint64_t uid, struct goose_message m)
{
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];
    char address[] = "n0:7000";

    address[1] = (char)('0' + uid);
    m.name_tag = CORE_TAG;
    m.flock_id = CORE_FLOCK;
    m.uid = uid;
    m.life = CORE_LIFE;
    m.counter = ++world.counter;
    m.for_life = world.node_life;
    if (wire_has_address(m.kind)) m.address = core_text(address);
    deliver(uid, bytes, goose_wire_encode(&m, &world.state.roster, bytes));
}

/* As a voter does that agrees to everything. */
static void answer(const struct sent *sent)
{
    struct goose_message m, reply = {.kind = GOOSE_MESSAGE_ACK};
    struct goose_roster roster;

    if (goose_wire_decode(sent->bytes, sent->count, &m, &roster) != GOOSE_WIRE_OK) return;
    world.node_life = m.life;
    reply.term = m.term;
    reply.roster_term = m.roster_term;
    reply.roster_version = m.roster_version;
    if (m.kind == GOOSE_MESSAGE_HEARTBEAT) {
        reply.ack = (struct goose_ack){.seq = m.heartbeat.seq,
                                       .sent_at_us = m.heartbeat.sent_at_us,
                                       .yes = true,
                                       .stands = true,
                                       .priority = GOOSE_PRIORITY_DEFAULT};
    } else if (m.kind == GOOSE_MESSAGE_CANVASS || m.kind == GOOSE_MESSAGE_VOTE) {
        reply.kind =
            m.kind == GOOSE_MESSAGE_VOTE ? GOOSE_MESSAGE_VOTE_REPLY : GOOSE_MESSAGE_CANVASS_REPLY;
        reply.reply = (struct goose_reply){
            .round = m.ask.round, .sent_at_us = m.ask.sent_at_us, .verdict = GOOSE_VERDICT_YES};
    } else if (m.kind == GOOSE_MESSAGE_HELLO) {
        reply.kind = GOOSE_MESSAGE_WELCOME;
        reply.welcome = (struct goose_welcome){
            .nonce = m.hello.nonce, .newest_life = m.life, .knows_flock = true};
    } else {
        return;
    }
    tell(sent->uid, reply);
}

/* Until nothing is left to be written or answered. */
static void settle(void)
{
    for (;;) {
        uint64_t written = world.writing;
        if (written != 0) {
            world.writing = 0;
            world.saved(world.saver, written, true, NULL);
        } else if (world.answered < world.sent_count) {
            const struct sent sent = world.sent[world.answered++];
            if (!world.alone) answer(&sent);
        } else {
            world.sent_count = world.answered = 0;
            return;
        }
    }
}

/* The next alarm goes off. */
static void turn(void)
{
    struct timer *next = &world.alarms[0];

    for (size_t i = 0; i < world.timer_count; i++)
        if (world.alarms[i].at_us < next->at_us) next = &world.alarms[i];
    assert_true(next->at_us != UINT64_MAX);
    if (next->at_us > world.now_us) world.now_us = next->at_us;
    next->at_us = UINT64_MAX;
    next->due(next->to);
    settle();
}

static void turn_until(uint64_t at_us)
{
    while (world.now_us < at_us)
        turn();
}

/* ---- the node ---- */

static struct goose_election_view look(void)
{
    struct goose_election_view view;

    node_view(world.node, &view);
    return view;
}

static void changed(void *to, const struct change *change)
{
    (void)to;
    if (strcmp(change->why, "lost touch with the goose") == 0) world.goose_lost_us = world.now_us;
}

static void has_ended(void *to, int status)
{
    (void)to;
    (void)status;
}

/* A voter of three, which has been one before. */
static int begin(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    world.now_us = CORE_START_US;
    world.log = log_new(STDERR_FILENO, LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    core_options(&world.options.election);
    world.state = (struct goose_durable_state){.uid = CORE_SELF,
                                               .life = CORE_LIFE,
                                               .term = CORE_TERM,
                                               .longest_promise_us = CORE_LEASE_US};
    core_roster(&world.state.roster, 3);
    if (uv_loop_init(&world.loop) != 0) return -1;
    const struct node_parts parts = {.loop = &world.loop,
                                     .log = world.log,
                                     .options = &world.options,
                                     .saved = &world.state,
                                     .page = &world.page,
                                     .ended = has_ended};
    world.node = node_new(&parts);
    changes_listen(node_changes(world.node), changed, NULL);
    node_start(world.node);
    settle();
    return 0;
}

static int end(void **state)
{
    (void)state;
    node_close(world.node);
    uv_run(&world.loop, UV_RUN_DEFAULT);
    log_free(world.log);
    return uv_loop_close(&world.loop);
}

static int begin_as_goose(void **state)
{
    int failed = begin(state);

    while (failed == 0 && look().role != GOOSE_ROLE_GOOSE)
        turn();
    turn();
    return failed;
}

static void answered(void *to, enum goose_outcome outcome, uint64_t number)
{
    (void)to;
    (void)number;
    world.done += outcome == GOOSE_OUTCOME_DONE;
}

static void ask(enum goose_request_kind kind)
{
    node_request(world.node, kind, (struct goose_text){NULL, 0}, false, answered, NULL);
    settle();
}

/* ---- the page ---- */

/* Before the first datagram that says so leaves: udp_send() looks. */
static void test_the_page_is_withdrawn_first(void **state)
{
    static const enum goose_request_kind kinds[] = {GOOSE_REQUEST_HANDOVER, GOOSE_REQUEST_DRAIN};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        assert_true(world.page.goose);
        ask(kinds[i]);
        assert_true(world.resigns > 0);
        assert_false(world.page.goose);
        end(state);
        begin_as_goose(state);
    }
    world.alone = true; /* and where the lease ends by itself */
    while (world.resigns == 0)
        turn();
    assert_false(world.page.goose);
}

/* Each new lease; and lease_page_show() looks at how long it is said to be. */
static void test_the_page_is_renewed(void **state)
{
    (void)state;
    unsigned before = world.page.shown;
    for (int i = 0; i < 20; i++) {
        turn();
        assert_true(world.page.goose);
    }
    assert_true(world.page.shown >= before + 10);
}

/* ---- jobs ---- */

struct hearer {
    unsigned leaves;
    unsigned overs;
};

static void told(void *to, bool over)
{
    struct hearer *hearer = to;

    hearer->overs += over;
    hearer->leaves += !over;
}

/* From the first moment on, for nine tenths of a lease, and again before that is half over. */
static void test_the_role_is_held_for_a_job(void **state)
{
    struct hearer hearer = {0};

    (void)state;
    assert_int_equal(look().hold_left_us, 0);
    struct job *job = node_job_open(world.node, 1000000, told, &hearer);
    assert_non_null(job);
    for (int i = 0; i < 100; i++) {
        assert_true(look().hold_left_us > CORE_LEASE_US / 2);
        turn();
    }
    node_job_close(world.node, job);
    turn_until(world.now_us + CORE_LEASE_US);
    assert_int_equal(look().hold_left_us, 0);
    assert_int_equal(hearer.leaves + hearer.overs, 0);
}

static void test_a_wish_waits_for_the_job(void **state)
{
    struct hearer hearer = {0};
    struct job *job = node_job_open(world.node, 10000000, told, &hearer);

    (void)state;
    ask(GOOSE_REQUEST_HANDOVER);
    assert_int_equal(hearer.leaves, 1);
    turn_until(world.now_us + 5000000);
    assert_int_equal(world.resigns, 0);
    assert_true(world.page.goose);
    /* Who comes now comes too late. */
    assert_null(node_job_open(world.node, 1000000, told, &hearer));
    node_job_close(world.node, job);
    settle();
    turn_until(world.now_us + CORE_LEASE_US);
    assert_true(world.resigns > 0);
    assert_int_equal(look().role, GOOSE_ROLE_DUCK);
    assert_int_equal(hearer.leaves, 1);
}

/* For its grace, and no longer. */
static void test_a_job_that_does_not_leave(void **state)
{
    struct hearer hearer = {0};
    struct job *job = node_job_open(world.node, 2000000, told, &hearer);
    uint64_t asked_us = world.now_us;

    (void)state;
    ask(GOOSE_REQUEST_DRAIN);
    while (world.resigns == 0 && world.now_us < asked_us + 10000000)
        turn();
    assert_in_range(world.now_us - asked_us, 2000000, 2000000 + 2 * CORE_LEASE_US);
    assert_int_equal(hearer.overs, 1);
    node_job_close(world.node, job);
}

static void test_jobs_hear_that_it_is_over(void **state)
{
    struct hearer hearer = {0};
    struct job *job = node_job_open(world.node, 1000000, told, &hearer);

    (void)state;
    world.alone = true;
    turn_until(world.now_us + 2 * CORE_LEASE_US);
    assert_int_equal(hearer.overs, 1);
    assert_int_equal(hearer.leaves, 0);
    node_job_close(world.node, job);
    assert_null(node_job_open(world.node, 1000000, told, &hearer));
}

/* ---- who asks and who watches ---- */

static void hear_goose(uint64_t uid, uint64_t term, uint32_t promise_us)
{
    struct goose_message m = {.kind = GOOSE_MESSAGE_HEARTBEAT,
                              .term = term,
                              .roster_term = CORE_TERM,
                              .roster_version = 1};

    m.heartbeat = (struct goose_heartbeat){
        .seq = 1, .sent_at_us = 1, .promise_us = promise_us, .stagger_us = CORE_LEASE_US / 30};
    tell(uid, m);
    settle();
}

/* A goose of a long lease is followed by one of a short one: what was promised to the first lasts, and nothing is to be
 * done before it ends. Who waits to hear of the second one's silence hears of it in time. */
static void test_silence_is_noticed_where_leases_differ(void **state)
{
    (void)state;
    world.alone = true;
    turn_until(world.now_us + 2 * CORE_LEASE_US); /* its quarantine is over, and does not wake it */
    hear_goose(2, CORE_TERM + 1, 20000000);
    hear_goose(3, CORE_TERM + 2, 300000);
    assert_int_equal(look().goose_uid, 3);
    uint64_t heard_us = world.now_us;
    while (world.goose_lost_us == 0)
        turn();
    assert_in_range(world.goose_lost_us, heard_us + 300000 - 1000, heard_us + 300000 + 1000);
    assert_int_equal(look().role, GOOSE_ROLE_DUCK);
}

static void test_a_probe_is_no_message(void **state)
{
    static const uint8_t probe[] = {255, 1, 0, 0,   1,   2,   3,   4,   5,   6,
                                    7,   8, 7, 'n', '2', ':', '7', '0', '0', '0'};
    const struct metrics before = *node_metrics(world.node);

    (void)state;
    deliver(2, probe, sizeof probe);
    assert_int_equal(world.sent_count, 1);
    assert_int_equal(world.sent[0].bytes[1], 2);
    assert_memory_equal(node_metrics(world.node), &before, sizeof before);
}

static void expect_why(const char *wanted)
{
    char text[WHY_BYTES];

    node_why(world.node, text);
    if (strstr(text, wanted) == NULL) fail_msg("not %s: %s", wanted, text);
}

static void test_why_names_a_promise_while_it_lasts(void **state)
{
    (void)state;
    world.alone = true;
    expect_why("\"promise\":null");
    hear_goose(2, CORE_TERM + 1, 315000);
    expect_why("\"promise\":{\"to\":\"n2:7000\",\"left_ms\":314}");
    turn_until(world.now_us + 400000);
    expect_why("\"promise\":null");
}

static void test_why_names_who_was_told_other_things(void **state)
{
    const struct goose_endpoint other = {{2}};

    (void)state;
    expect_why("\"other_peers\":[],\"other_keys\":[],\"other_flocks\":[]");
    senders_saw(&world.udp.counts.forged_by, &other, world.now_us);
    expect_why("\"other_keys\":[\"endpoint of family 2\"],\"other_flocks\":[]");
    senders_saw(&world.udp.counts.foreign_by, &other, world.now_us);
    expect_why("\"other_flocks\":[\"endpoint of family 2\"]");
}

static void test_why_names_to_whom_nothing_can_be_sent(void **state)
{
    (void)state;
    expect_why("\"unresolved\":[\"n8:7000\"],\"other_family\":[\"n9:7000\"],\"links\":[");
}

int main(void)
{
#define DUCK(test)  cmocka_unit_test_setup_teardown(test, begin, end)
#define GOOSE(test) cmocka_unit_test_setup_teardown(test, begin_as_goose, end)
    const struct CMUnitTest tests[] = {
        GOOSE(test_the_page_is_withdrawn_first),
        GOOSE(test_the_page_is_renewed),
        GOOSE(test_the_role_is_held_for_a_job),
        GOOSE(test_a_wish_waits_for_the_job),
        GOOSE(test_a_job_that_does_not_leave),
        GOOSE(test_jobs_hear_that_it_is_over),
        DUCK(test_silence_is_noticed_where_leases_differ),
        DUCK(test_a_probe_is_no_message),
        DUCK(test_why_names_a_promise_while_it_lasts),
        DUCK(test_why_names_who_was_told_other_things),
        DUCK(test_why_names_to_whom_nothing_can_be_sent),
    };
    return cmocka_run_group_tests_name("node", tests, NULL, NULL);
}
