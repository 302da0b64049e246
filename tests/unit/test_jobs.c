/* test_jobs.c: who works in the goose's name, counted and told. What the election makes of it is in tests/trace
 * (07-parked-*), and that the node tells it in test_node.c. */
#include "unit.h"

#include "daemon/jobs.h"

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

static void test_the_longest_grace_counts(void **state)
{
    struct hearer hearer = {0};
    struct jobs jobs = {0};

    (void)state;
    assert_int_equal(jobs_grace_us(&jobs), 0);
    jobs_open(&jobs, 2, told, &hearer);
    struct job *longest = jobs_open(&jobs, 3, told, &hearer);
    jobs_open(&jobs, 1, told, &hearer);
    assert_int_equal(jobs.open, 3);
    assert_int_equal(jobs_grace_us(&jobs), 3);
    jobs_close(&jobs, longest);
    assert_int_equal(jobs.open, 2);
    assert_int_equal(jobs_grace_us(&jobs), 2);
}

static void test_each_is_told_to_leave(void **state)
{
    struct hearer one = {0}, two = {0};
    struct jobs jobs = {0};

    (void)state;
    struct job *closed = jobs_open(&jobs, 1, told, &one);
    jobs_open(&jobs, 1, told, &one);
    jobs_open(&jobs, 1, told, &two);
    jobs_close(&jobs, closed);
    jobs_leave(&jobs);
    assert_int_equal(one.leaves, 1);
    assert_int_equal(two.leaves, 1);
    assert_int_equal(jobs.open, 2);
    jobs_over(&jobs);
    jobs_leave(&jobs); /* not to those for which it is over */
    assert_int_equal(one.leaves + two.leaves, 2);
}

static void test_over(void **state)
{
    struct hearer hearer = {0};
    struct jobs jobs = {0};
    struct job *all[JOBS_MAX];

    (void)state;
    for (int i = 0; i < JOBS_MAX; i++)
        assert_non_null(all[i] = jobs_open(&jobs, 1, told, &hearer));
    assert_null(jobs_open(&jobs, 1, told, &hearer));
    jobs_over(&jobs);
    jobs_over(&jobs);
    assert_int_equal(hearer.overs, JOBS_MAX);
    assert_int_equal(jobs.open, 0);
    assert_int_equal(jobs_grace_us(&jobs), 0);
    assert_null(jobs_open(&jobs, 1, told, &hearer)); /* not closed yet */
    for (int i = 0; i < JOBS_MAX; i++)
        jobs_close(&jobs, all[i]);
    assert_int_equal(jobs.open, 0);
    assert_non_null(jobs_open(&jobs, 1, told, &hearer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_longest_grace_counts),
        cmocka_unit_test(test_each_is_told_to_leave),
        cmocka_unit_test(test_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
