/* The clock: PROTOCOL 1 and 5. */
#include "unit.h"

#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define S INT64_C(1000000000)

static int64_t raw_back_ns;
static int64_t steered_ns; /* what a time daemon has added to the clocks that it steers */

/* Stands in front of the system's, so that a test can change what clock.c reads. */
int clock_gettime(clockid_t clock, struct timespec *at)
{
    if (syscall(SYS_clock_gettime, clock, at) != 0) return -1;
    int64_t ns = at->tv_sec * S + at->tv_nsec;
    ns += clock == CLOCK_MONOTONIC_RAW ? -raw_back_ns : steered_ns;
    *at = (struct timespec){.tv_sec = ns / S, .tv_nsec = ns % S};
    return 0;
}

/* A made-up machine: each reading is `apart_ns` wide, but for the first few, in which it was
 * stopped or slept. */
struct machine {
    int64_t raw_ns;
    int64_t awake_ns;
    int64_t slept_ns;
    int pauses;        /* so many readings are interrupted */
    int64_t pause_ns;  /* for so long */
    int64_t sleeps_ns; /* of which the host sleeps so long */
    int64_t always_ns; /* what every reading takes */
    unsigned asked;
};

static void pass(struct machine *machine, int64_t ns)
{
    machine->raw_ns += ns;
    machine->awake_ns += ns;
}

static void made_up(void *from, struct clock_reading *reading)
{
    struct machine *machine = from;

    machine->asked++;
    reading->boot_before_ns = machine->awake_ns + machine->slept_ns;
    reading->raw_ns = machine->raw_ns;
    pass(machine, machine->always_ns);
    if (machine->pauses > 0) {
        machine->pauses--;
        machine->slept_ns += machine->sleeps_ns;
        pass(machine, machine->pause_ns - machine->sleeps_ns);
    }
    reading->awake_ns = machine->awake_ns;
    reading->boot_after_ns = machine->awake_ns + machine->slept_ns;
}

static void test_raw_time_and_the_time_slept(void **state)
{
    struct machine machine = {
        .raw_ns = 100 * S, .awake_ns = 103 * S, .slept_ns = 50 * S, .always_ns = 0};

    (void)state;
    assert_int_equal(clock_settle_ns(made_up, &machine), 150 * S);
    machine.slept_ns += 3600 * S;
    assert_int_equal(clock_settle_ns(made_up, &machine), 3750 * S);
    assert_int_equal(machine.asked, 2);
}

static void test_a_pause_between_the_readings_does_not_count(void **state)
{
    struct machine machine = {
        .raw_ns = 100 * S, .awake_ns = 103 * S, .pauses = 3, .pause_ns = 7 * S, .always_ns = 100};

    (void)state;
    int64_t now_ns = clock_settle_ns(made_up, &machine);
    assert_int_equal(machine.asked, 4);
    assert_in_range(now_ns, machine.raw_ns - 1000, machine.raw_ns);
}

static void test_a_sleep_between_the_readings_counts_once(void **state)
{
    struct machine machine = {.raw_ns = 100 * S,
                              .awake_ns = 103 * S,
                              .slept_ns = 20 * S,
                              .pauses = 1,
                              .pause_ns = 9 * S,
                              .sleeps_ns = 8 * S,
                              .always_ns = 100};

    (void)state;
    int64_t now_ns = clock_settle_ns(made_up, &machine);
    assert_int_equal(machine.asked, 2);
    assert_in_range(now_ns, 129 * S - 1000, 129 * S + 1000);
}

static void test_a_machine_that_is_always_slow_gets_an_answer(void **state)
{
    struct machine machine = {.raw_ns = 100 * S, .awake_ns = 103 * S, .always_ns = 1000000};

    (void)state;
    int64_t now_ns = clock_settle_ns(made_up, &machine);
    assert_in_range(machine.asked, 2, 100000);
    assert_in_range(now_ns, 100 * S - 1000000, 100 * S);
}

static void test_it_never_goes_backwards(void **state)
{
    uint64_t last_us = clock_now_us();

    (void)state;
    assert_true(last_us > 0);
    for (int i = 0; i < 200000; i++) {
        uint64_t now_us = clock_now_us();
        assert_true(now_us >= last_us);
        last_us = now_us;
    }
}

static void test_nor_when_what_it_reads_does(void **state)
{
    uint64_t before_us = clock_now_us();

    (void)state;
    raw_back_ns = S;
    uint64_t behind_us = clock_now_us();
    raw_back_ns = 0;
    assert_true(behind_us >= before_us);
}

static void test_no_time_daemon_steers_it(void **state)
{
    uint64_t before_us = clock_now_us();

    (void)state;
    steered_ns = 1000 * S;
    uint64_t behind_us = clock_now_us();
    steered_ns = 0;
    assert_in_range(behind_us - before_us, 0, 500 * S / 1000);
}

static void *look_often(void *argument)
{
    uint64_t last_us = 0;

    for (int i = 0; i < 50000; i++) {
        uint64_t now_us = clock_now_us();
        if (now_us < last_us) *(int *)argument = 1;
        last_us = now_us;
    }
    return NULL;
}

static void test_two_threads_may_look(void **state)
{
    int backwards[2] = {0, 0};
    pthread_t threads[2];

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look_often, &backwards[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(backwards[0] + backwards[1], 0);
}

/* Between two looks at another clock it shows no less than that one, but for what a time daemon
 * may slew. */
static void test_it_keeps_pace(void **state)
{
    struct timespec before, after, nap = {.tv_nsec = 20000000};

    (void)state;
    clock_gettime(CLOCK_BOOTTIME, &before);
    uint64_t first_us = clock_now_us();
    nanosleep(&nap, NULL);
    uint64_t second_us = clock_now_us();
    clock_gettime(CLOCK_BOOTTIME, &after);
    int64_t all_us =
        (after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000;
    assert_in_range(second_us - first_us, 18000, (uint64_t)all_us * 11 / 10 + 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raw_time_and_the_time_slept),
        cmocka_unit_test(test_a_pause_between_the_readings_does_not_count),
        cmocka_unit_test(test_a_sleep_between_the_readings_counts_once),
        cmocka_unit_test(test_a_machine_that_is_always_slow_gets_an_answer),
        cmocka_unit_test(test_it_never_goes_backwards),
        cmocka_unit_test(test_nor_when_what_it_reads_does),
        cmocka_unit_test(test_no_time_daemon_steers_it),
        cmocka_unit_test(test_two_threads_may_look),
        cmocka_unit_test(test_it_keeps_pace),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
