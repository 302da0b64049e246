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

/* A step as node.c makes it; true: it was put off. */
static bool put_off(struct jobs *jobs, struct core *core, struct event event)
{
    struct election before = core->e;

    event.now_us = core->now_us;
    bool bound = jobs_bind(jobs, &event, event.now_us);
    core_step(core, event);
    return bound && jobs_put_off(jobs, &core->e, &before, &event);
}

static struct event asked(uint64_t id, enum request_kind kind, const char *address)
{
    return (struct event){.kind = EVENT_REQUEST,
                          .request = {.id = id, .kind = kind, .address = core_text(address)}};
}

static struct event carried(const struct message *m)
{
    return (struct event){.kind = EVENT_MESSAGE, .message = {.message = m}};
}

static struct message request(struct core *core, enum carried what, const char *address)
{
    struct message m = core_message(core, MESSAGE_REQUEST, 2);

    m.request = (struct request){
        .number = 12, .term = core->e.saved.term, .what = what, .address = core_text(address)};
    return m;
}

static void expect_wish(struct jobs *jobs, const struct core *core, uint64_t id,
                        enum request_kind kind, const char *address)
{
    struct wish wish;

    assert_true(jobs_next_wish(jobs, core->now_us, &wish));
    assert_int_equal(wish.id, id);
    assert_int_equal(wish.kind, kind);
    assert_true(text_equal(address_text(&wish.address), core_text(address)));
}

/* Each of these, from here: the goose is goose, as before, and who asked waits. */
static void test_waits_for_the_jobs(void **state)
{
    static const struct {
        enum request_kind kind;
        const char *address;
    } cases[] = {{REQUEST_HANDOVER, ""},
                 {REQUEST_HANDOVER, "n2:7000"},
                 {REQUEST_REMOVE, "n1:7000"},
                 {REQUEST_DRAIN, ""},
                 {REQUEST_STOP, ""}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct core *core = goose_of(3);
        struct hearer one = {0}, two = {0};
        struct jobs jobs = {0};
        struct wish wish;
        struct job *first = jobs_open(&jobs, core->e.saved.term, GRACE_US, told, &one);
        struct job *second = jobs_open(&jobs, core->e.saved.term, GRACE_US / 2, told, &two);
        struct election before = core->e;

        assert_true(put_off(&jobs, core, asked(9, cases[i].kind, cases[i].address)));
        assert_memory_equal(&core->e, &before, sizeof before);
        assert_int_equal(one.leaves + two.leaves, 2);
        assert_null(jobs_open(&jobs, core->e.saved.term, GRACE_US, told, &one));
        assert_false(jobs_next_wish(&jobs, core->now_us, &wish));
        jobs_close(&jobs, first);
        assert_false(jobs_next_wish(&jobs, core->now_us, &wish));
        jobs_close(&jobs, second);
        expect_wish(&jobs, core, 9, cases[i].kind, cases[i].address);
        assert_false(put_off(&jobs, core, asked(9, cases[i].kind, cases[i].address)));
        assert_int_equal(core->e.role, ROLE_DUCK);
        assert_false(jobs_next_wish(&jobs, core->now_us, &wish));
        assert_non_null(jobs_open(&jobs, core->e.saved.term, GRACE_US, told, &one));
        core_free(core);
    }
}

/* The longest grace, and not a moment more. */
static void test_grace_ends(void **state)
{
    struct core *core = goose_of(3);
    struct hearer hearer = {0};
    struct jobs jobs = {0};
    struct wish wish;

    (void)state;
    jobs_open(&jobs, core->e.saved.term, GRACE_US / 2, told, &hearer);
    jobs_open(&jobs, core->e.saved.term, GRACE_US, told, &hearer);
    assert_true(put_off(&jobs, core, asked(9, REQUEST_DRAIN, "")));
    assert_false(jobs_next_wish(&jobs, core->now_us + GRACE_US - 1, &wish));
    core->now_us += GRACE_US;
    expect_wish(&jobs, core, 9, REQUEST_DRAIN, "");
    assert_false(put_off(&jobs, core, asked(9, REQUEST_DRAIN, "")));
    core_free(core);
}

/* What does not make it resign is done at once: a refusal, a removal of another, a hold. */
static void test_others_pass(void **state)
{
    struct core *core = goose_of(3);
    struct hearer hearer = {0};
    struct jobs jobs = {0};

    (void)state;
    jobs_open(&jobs, core->e.saved.term, GRACE_US, told, &hearer);
    assert_false(put_off(&jobs, core, asked(9, REQUEST_HANDOVER, "n9:7000")));
    assert_int_equal(core_answer(core, 9)->outcome, OUTCOME_NOT_FOUND);
    assert_false(put_off(&jobs, core, asked(10, REQUEST_HOLD, "")));
    assert_false(put_off(&jobs, core, asked(11, REQUEST_UNDRAIN, "")));
    assert_false(put_off(&jobs, core, asked(12, REQUEST_REMOVE, "n3:7000")));
    assert_int_equal(hearer.leaves, 0);
    assert_int_equal(core->e.role, ROLE_GOOSE);
    core_free(core);
}

/* Its asker repeats it; it is kept once, and the datagram counts as lost. */
static void test_carried_once(void **state)
{
    struct core *core = goose_of(3);
    struct hearer hearer = {0};
    struct jobs jobs = {0};
    struct wish wish;
    struct job *job = jobs_open(&jobs, core->e.saved.term, GRACE_US, told, &hearer);

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct message m = request(core, CARRIED_HANDOVER, "n2:7000");
        assert_true(put_off(&jobs, core, carried(&m)));
        assert_int_equal(core->e.role, ROLE_GOOSE);
    }
    struct message m = request(core, CARRIED_REMOVE, "n1:7000");
    assert_true(put_off(&jobs, core, carried(&m)));
    assert_int_equal(hearer.leaves, 1);
    jobs_close(&jobs, job);
    expect_wish(&jobs, core, 0, REQUEST_HANDOVER, "n2:7000");
    expect_wish(&jobs, core, 0, REQUEST_REMOVE, "n1:7000");
    assert_false(jobs_next_wish(&jobs, core->now_us, &wish));
    core_free(core);
}

/* No more wishes are kept than there is room for: the next is carried out, jobs or no jobs. */
static void test_too_many_wishes(void **state)
{
    struct core *core = goose_of(3);
    struct hearer hearer = {0};
    struct jobs jobs = {0};

    (void)state;
    jobs_open(&jobs, core->e.saved.term, GRACE_US, told, &hearer);
    for (uint64_t id = 1; id <= WISHES_MAX; id++)
        assert_true(put_off(&jobs, core, asked(id, REQUEST_HANDOVER, "")));
    assert_false(put_off(&jobs, core, asked(WISHES_MAX + 1, REQUEST_DRAIN, "")));
    assert_int_equal(core->e.role, ROLE_DUCK);
    core_free(core);
}

static void test_over(void **state)
{
    struct core *core = goose_of(3);
    struct hearer hearer = {0};
    struct jobs jobs = {0};
    struct job *all[JOBS_MAX];

    (void)state;
    for (int i = 0; i < JOBS_MAX; i++)
        assert_non_null(all[i] = jobs_open(&jobs, core->e.saved.term, GRACE_US, told, &hearer));
    assert_null(jobs_open(&jobs, core->e.saved.term, GRACE_US, told, &hearer));
    jobs_over(&jobs);
    jobs_over(&jobs);
    assert_int_equal(hearer.overs, JOBS_MAX);
    assert_int_equal(jobs.open, 0);
    assert_null(jobs_open(&jobs, core->e.saved.term, GRACE_US, told, &hearer)); /* not closed yet */
    for (int i = 0; i < JOBS_MAX; i++)
        jobs_close(&jobs, all[i]);
    assert_int_equal(jobs.open, 0);
    assert_non_null(jobs_open(&jobs, core->e.saved.term, GRACE_US, told, &hearer));
    core_free(core);
}

/* A goose whose lease is over resigns, whoever has asked for what. */
static void test_an_ended_lease_is_not_put_off(void **state)
{
    struct core *core = goose_of(3);
    struct hearer hearer = {0};
    struct jobs jobs = {0};

    (void)state;
    jobs_open(&jobs, core->e.saved.term, 100 * GRACE_US, told, &hearer);
    core->now_us += CORE_LEASE_US + 1;
    assert_false(put_off(&jobs, core, asked(9, REQUEST_DRAIN, "")));
    assert_int_equal(core->e.role, ROLE_DUCK);
    core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_for_the_jobs),
        cmocka_unit_test(test_grace_ends),
        cmocka_unit_test(test_others_pass),
        cmocka_unit_test(test_carried_once),
        cmocka_unit_test(test_too_many_wishes),
        cmocka_unit_test(test_over),
        cmocka_unit_test(test_an_ended_lease_is_not_put_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
