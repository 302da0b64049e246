/* test_jobs.c: a goose that is asked to resign goes on until its jobs have left, and then does what it was asked; the
 * election is a real one. */
#include "core.h"

#include "daemon/jobs.h"

#define GRACE_US UINT64_C(3000000)

struct hearer {
    int leaves;
    int overs;
};

static void told(void *to, bool over)
{
    struct hearer *hearer = to;

    hearer->leaves += !over;
    hearer->overs += over;
}

static struct core *goose_of(int seats)
{
    struct core *core = core_new(0);

    core_start_seated(core, seats);
    core_win(core);
    return core;
}

/* What node.c tells the election of them, and what it hears: jobs are told to leave, or that it is over. */
static enum goose_refusal step(struct jobs *jobs, struct core *core, struct goose_event event)
{
    enum goose_refusal refusal = core_step(core, event);

    if (core_noted(core, GOOSE_NOTE_LEAVE) != NULL) jobs_leave(jobs);
    if (core->e.role != GOOSE_ROLE_GOOSE) jobs_over(jobs);
    return refusal;
}

static enum goose_refusal tell_work(struct jobs *jobs, struct core *core)
{
    return step(jobs, core,
                (struct goose_event){.kind = GOOSE_EVENT_WORK,
                                     .work = {(uint32_t)jobs->open, jobs_grace_us(jobs)}});
}

static struct job *open_job(struct jobs *jobs, struct core *core, uint64_t grace_us,
                            struct hearer *hearer)
{
    struct job *job = jobs_open(jobs, grace_us, told, hearer);

    assert_non_null(job);
    assert_int_equal(tell_work(jobs, core), GOOSE_REFUSAL_NONE);
    return job;
}

static void close_job(struct jobs *jobs, struct core *core, struct job *job)
{
    jobs_close(jobs, job);
    assert_int_equal(tell_work(jobs, core), GOOSE_REFUSAL_NONE);
}

/* Its followers go on acknowledging, for so long. */
static void beat(struct jobs *jobs, struct core *core, uint64_t for_us)
{
    uint64_t until_us = core->now_us + for_us;

    while (core->now_us < until_us && core->e.role == GOOSE_ROLE_GOOSE) {
        core->now_us += CORE_LEASE_US / 6;
        if (core->now_us > until_us) core->now_us = until_us;
        step(jobs, core, (struct goose_event){.kind = GOOSE_EVENT_DEADLINE});
        if (core->e.role == GOOSE_ROLE_GOOSE) {
            core_ack(core, 2);
            core_ack(core, 3);
        }
    }
}

static struct goose_event asked(uint64_t id, enum goose_request_kind kind, const char *address)
{
    return (struct goose_event){.kind = GOOSE_EVENT_REQUEST,
                                .request = {.id = id, .kind = kind, .address = core_text(address)}};
}

static struct goose_event carried(const struct goose_message *m)
{
    return (struct goose_event){.kind = GOOSE_EVENT_MESSAGE, .message = {.message = m}};
}

static struct goose_message request(struct core *core, enum goose_forwarded what,
                                    const char *address)
{
    struct goose_message m = core_message(core, GOOSE_MESSAGE_REQUEST, 2);

    m.request = (struct goose_request){
        .number = 12, .term = core->e.saved.term, .what = what, .address = core_text(address)};
    return m;
}

/* Each of these, from here: the goose is goose, as before, and holds its role; it resigns when they have left and the last
 * hold has run out. */
static void test_waits_for_the_jobs(void **state)
{
    static const struct {
        enum goose_request_kind kind;
        const char *address;
    } cases[] = {{GOOSE_REQUEST_HANDOVER, ""},
                 {GOOSE_REQUEST_HANDOVER, "n2:7000"},
                 {GOOSE_REQUEST_REMOVE, "n1:7000"},
                 {GOOSE_REQUEST_DRAIN, ""},
                 {GOOSE_REQUEST_STOP, ""}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct core *core = goose_of(3);
        struct hearer one = {0}, two = {0};
        struct jobs jobs = {0};
        struct job *first = open_job(&jobs, core, GRACE_US, &one);
        struct job *second = open_job(&jobs, core, GRACE_US / 2, &two);

        step(&jobs, core, asked(9, cases[i].kind, cases[i].address));
        assert_int_equal(one.leaves, 1);
        assert_int_equal(two.leaves, 1);
        assert_null(core_answer(core, 9));
        beat(&jobs, core, GRACE_US / 2);
        assert_true(goose_election_is_goose(&core->e, core->now_us));
        assert_false(core->e.draining);
        jobs_open(&jobs, GRACE_US, told, &one);
        assert_int_equal(tell_work(&jobs, core), GOOSE_REFUSAL_NO_WORK);
        jobs_close(&jobs, &jobs.of[2]);
        close_job(&jobs, core, first);
        beat(&jobs, core, CORE_LEASE_US);
        assert_true(goose_election_is_goose(&core->e, core->now_us));
        uint64_t hold_end_us = core->e.reign.hold_end_us;
        close_job(&jobs, core, second);
        assert_int_equal(core->e.role, GOOSE_ROLE_GOOSE);
        beat(&jobs, core, hold_end_us - core->now_us - 1);
        assert_true(goose_election_is_goose(&core->e, core->now_us));
        beat(&jobs, core, 1);
        assert_int_equal(core->e.role, GOOSE_ROLE_DUCK);
        assert_int_equal(one.leaves + two.leaves, 2);
        assert_int_equal(one.overs + two.overs, 0);
        core_free(core);
    }
}

/* The longest grace, and not a moment more. */
static void test_grace_ends(void **state)
{
    struct core *core = goose_of(3);
    struct hearer hearer = {0};
    struct jobs jobs = {0};

    (void)state;
    open_job(&jobs, core, GRACE_US / 2, &hearer);
    open_job(&jobs, core, GRACE_US, &hearer);
    uint64_t asked_us = core->now_us;
    step(&jobs, core, asked(9, GOOSE_REQUEST_DRAIN, ""));
    beat(&jobs, core, GRACE_US - 1);
    assert_true(goose_election_is_goose(&core->e, core->now_us));
    assert_false(core->e.draining);
    core->now_us = asked_us + GRACE_US;
    step(&jobs, core, (struct goose_event){.kind = GOOSE_EVENT_DEADLINE});
    assert_true(core->e.draining);
    assert_int_equal(core_answer(core, 9)->outcome, GOOSE_OUTCOME_DONE);
    core->now_us = core->e.reign.hold_end_us;
    step(&jobs, core, (struct goose_event){.kind = GOOSE_EVENT_DEADLINE});
    assert_int_equal(core->e.role, GOOSE_ROLE_DUCK);
    assert_int_equal(hearer.overs, 2);
    core_free(core);
}

/* What does not make it resign is done at once: a refusal, a removal of another. */
static void test_others_pass(void **state)
{
    struct core *core = goose_of(3);
    struct hearer hearer = {0};
    struct jobs jobs = {0};

    (void)state;
    open_job(&jobs, core, GRACE_US, &hearer);
    step(&jobs, core, asked(9, GOOSE_REQUEST_HANDOVER, "n9:7000"));
    assert_int_equal(core_answer(core, 9)->outcome, GOOSE_OUTCOME_NOT_FOUND);
    step(&jobs, core, asked(11, GOOSE_REQUEST_UNDRAIN, ""));
    step(&jobs, core, asked(12, GOOSE_REQUEST_REMOVE, "n3:7000"));
    assert_int_equal(hearer.leaves, 0);
    assert_int_equal(core->e.role, GOOSE_ROLE_GOOSE);
    core_free(core);
}

/* Its asker repeats it; the jobs hear of it once, and who was named first is the heir. */
static void test_carried_once(void **state)
{
    struct core *core = goose_of(3);
    struct hearer hearer = {0};
    struct jobs jobs = {0};
    struct job *job = open_job(&jobs, core, GRACE_US, &hearer);

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct goose_message m =
            request(core, GOOSE_FORWARDED_HANDOVER, i == 0 ? "n3:7000" : "n2:7000");
        step(&jobs, core, carried(&m));
        assert_int_equal(core->e.role, GOOSE_ROLE_GOOSE);
    }
    struct goose_message m = request(core, GOOSE_FORWARDED_REMOVE, "n1:7000");
    step(&jobs, core, carried(&m));
    assert_int_equal(hearer.leaves, 1);
    beat(&jobs, core, GRACE_US / 2);
    close_job(&jobs, core, job);
    beat(&jobs, core, core->e.reign.hold_end_us - core->now_us);
    assert_int_equal(core->e.role, GOOSE_ROLE_DUCK);
    assert_int_equal(core_noted(core, GOOSE_NOTE_ROLE)->why, GOOSE_REASON_REMOVED);
    assert_int_equal(core_sent(core, GOOSE_MESSAGE_RESIGN)->message.resign.heir_uid, 3);
    core_free(core);
}

/* However many wait, none is forgotten, and nothing of it makes the goose resign too early. */
static void test_many_wishes(void **state)
{
    struct core *core = goose_of(3);
    struct hearer hearer = {0};
    struct jobs jobs = {0};

    (void)state;
    open_job(&jobs, core, GRACE_US, &hearer);
    for (uint64_t id = 1; id <= GOOSE_ELECTION_REQUESTS_MAX; id++)
        step(&jobs, core,
             asked(id, id % 2 == 0 ? GOOSE_REQUEST_DRAIN : GOOSE_REQUEST_HANDOVER, ""));
    step(&jobs, core, asked(20, GOOSE_REQUEST_DRAIN, ""));
    assert_int_equal(core_answer(core, 20)->outcome, GOOSE_OUTCOME_BUSY);
    assert_int_equal(core->e.role, GOOSE_ROLE_GOOSE);
    step(&jobs, core, asked(21, GOOSE_REQUEST_UNDRAIN, ""));
    int taken_back = 0;
    for (uint64_t id = 2; id <= GOOSE_ELECTION_REQUESTS_MAX; id += 2)
        taken_back += core_answer(core, id)->outcome == GOOSE_OUTCOME_TIMED_OUT;
    assert_int_equal(taken_back, GOOSE_ELECTION_REQUESTS_MAX / 2);
    assert_int_equal(core->e.role, GOOSE_ROLE_GOOSE);
    assert_int_equal(hearer.leaves, 1);
    core_free(core);
}

static void test_over(void **state)
{
    struct hearer hearer = {0};
    struct jobs jobs = {0};
    struct job *all[JOBS_MAX];

    (void)state;
    for (int i = 0; i < JOBS_MAX; i++)
        assert_non_null(all[i] = jobs_open(&jobs, GRACE_US, told, &hearer));
    assert_null(jobs_open(&jobs, GRACE_US, told, &hearer));
    jobs_over(&jobs);
    jobs_over(&jobs);
    assert_int_equal(hearer.overs, JOBS_MAX);
    assert_int_equal(jobs.open, 0);
    assert_null(jobs_open(&jobs, GRACE_US, told, &hearer)); /* not closed yet */
    for (int i = 0; i < JOBS_MAX; i++)
        jobs_close(&jobs, all[i]);
    assert_int_equal(jobs.open, 0);
    assert_non_null(jobs_open(&jobs, GRACE_US, told, &hearer));
}

/* A goose whose lease is over resigns, whoever works in its name; what was asked counts. */
static void test_an_ended_lease_does_not_wait(void **state)
{
    struct core *core = goose_of(3);
    struct hearer hearer = {0};
    struct jobs jobs = {0};

    (void)state;
    open_job(&jobs, core, 100 * GRACE_US, &hearer);
    step(&jobs, core, asked(9, GOOSE_REQUEST_DRAIN, ""));
    core->now_us += CORE_LEASE_US + 1;
    step(&jobs, core, (struct goose_event){.kind = GOOSE_EVENT_DEADLINE});
    assert_int_equal(core->e.role, GOOSE_ROLE_DUCK);
    assert_true(core->e.draining);
    assert_int_equal(core_answer(core, 9)->outcome, GOOSE_OUTCOME_DONE);
    assert_int_equal(hearer.overs, 1);
    core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_for_the_jobs),
        cmocka_unit_test(test_grace_ends),
        cmocka_unit_test(test_others_pass),
        cmocka_unit_test(test_carried_once),
        cmocka_unit_test(test_many_wishes),
        cmocka_unit_test(test_over),
        cmocka_unit_test(test_an_ended_lease_does_not_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
