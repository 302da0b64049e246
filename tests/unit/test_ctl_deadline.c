/* test_ctl_deadline.c: how long a job may live, by what a page says, that none begins where the page says no, and that
 * everything below a process can be found and ended. */
#include "unit.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "job/deadline.h"
#include "job/guard.h"
#include "job/kill_tree.h"

#define MS UINT64_C(1000000)

static struct goose_lease_page page;
static const struct goose_lease_reader reader = {.page = &page};

/* A page of now: goose for so long, and held for so long. */
static void show(uint64_t term, int64_t lease_ms, int64_t hold_ms)
{
    uint64_t now_ns = goose_lease_clock_ns();

    page.role = 1;
    page.term = term;
    page.lease_ns = 1000 * MS;
    page.lease_end_ns = now_ns + (uint64_t)lease_ms * MS;
    page.hold_end_ns = hold_ms == 0 ? 0 : now_ns + (uint64_t)hold_ms * MS;
}

static struct deadline begun(void)
{
    struct deadline deadline;

    show(7, 60000, 50000);
    assert_true(deadline_begin(&deadline, &reader));
    return deadline;
}

static void test_begins_where_the_role_is_held(void **state)
{
    struct deadline deadline = begun();

    (void)state;
    assert_int_equal(deadline.term, 7);
    assert_int_equal(deadline_term_ns(&deadline), page.hold_end_ns - 500 * MS);
    assert_int_equal(deadline_kill_ns(&deadline), page.hold_end_ns - 125 * MS);
    show(7, 60000, 0);
    assert_false(deadline_begin(&deadline, &reader));
    show(7, 60000, 490); /* half a lease is not left */
    assert_false(deadline_begin(&deadline, &reader));
    show(7, 60000, 50000);
    page.role = 0;
    assert_false(deadline_begin(&deadline, &reader));
    page.role = 1;
    page.sequence = 1;
    assert_false(deadline_begin(&deadline, &reader));
    page.sequence = 2;
}

static void test_a_later_hold_lengthens_it(void **state)
{
    struct deadline deadline = begun();
    uint64_t first_ns = deadline.hold_end_ns;

    (void)state;
    show(7, 60000, 55000);
    deadline_look(&deadline);
    assert_int_equal(deadline.hold_end_ns, page.hold_end_ns);
    assert_true(deadline.hold_end_ns > first_ns);
    show(7, 60000, 0); /* it has run out, or was never this long: what was read stays true */
    deadline_look(&deadline);
    assert_true(deadline.hold_end_ns > first_ns);
    assert_false(deadline.lost);
}

static void expect_lost(struct deadline *deadline)
{
    uint64_t kill_ns = deadline_kill_ns(deadline);

    deadline_look(deadline);
    assert_true(deadline->lost);
    assert_int_equal(deadline_term_ns(deadline), 0);
    assert_int_equal(deadline_kill_ns(deadline), kill_ns);
    show(7, 60000, 59000);
    deadline_look(deadline);
    assert_true(deadline->lost);
    assert_int_equal(deadline_kill_ns(deadline), kill_ns);
}

/* What is lost stays lost, and is never lengthened again. */
static void test_lost_for_good(void **state)
{
    struct deadline deadline = begun();

    (void)state;
    page.role = 0;
    expect_lost(&deadline);
    deadline = begun();
    show(8, 60000, 59000);
    expect_lost(&deadline);
    deadline = begun();
    page.lease_end_ns = 1; /* it ran out */
    expect_lost(&deadline);
}

static void test_a_page_that_cannot_be_read_changes_nothing(void **state)
{
    struct deadline deadline = begun();
    uint64_t kill_ns = deadline_kill_ns(&deadline);

    (void)state;
    page.role = 0;
    page.sequence = 1;
    deadline_look(&deadline);
    page.sequence = 2;
    assert_false(deadline.lost);
    assert_int_equal(deadline_kill_ns(&deadline), kill_ns);
}

static void test_margins(void **state)
{
    static const struct {
        uint64_t lease_ms, margin_ms;
        bool too_short;
    } cases[] = {
        {10, 5, true}, {18, 5, true}, {27, 5, false}, {80, 10, false}, {60000, 1000, false}};
    struct deadline deadline = begun();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        deadline.lease_ns = cases[i].lease_ms * MS;
        assert_int_equal(deadline.hold_end_ns - deadline_kill_ns(&deadline),
                         cases[i].margin_ms * MS);
        assert_int_equal(deadline_too_short(deadline.lease_ns), cases[i].too_short);
        assert_true(cases[i].too_short ||
                    deadline_term_ns(&deadline) < deadline_kill_ns(&deadline));
    }
}

static void test_timer(void **state)
{
    int timer = deadline_timer();
    struct pollfd fd = {.fd = timer, .events = POLLIN};
    uint64_t at_ns = goose_lease_clock_ns() + 20 * MS;

    (void)state;
    assert_true(timer >= 0);
    deadline_arm(timer, at_ns);
    assert_int_equal(poll(&fd, 1, 5000), 1);
    assert_true(goose_lease_clock_ns() >= at_ns);
    deadline_arm(timer, 0); /* long past: at once */
    assert_int_equal(poll(&fd, 1, 5000), 1);
    close(timer);
}

/* ---- the command ---- */

/* How a command under a guard ends, for a page that the deadline may have seen long ago. Every signal is blocked, so that
 * nothing but the guard's SIGKILL comes in between. */
static int status_of(struct deadline deadline, const char *command)
{
    char shell[] = "sh", flag[] = "-c", text[128];
    char *words[] = {shell, flag, text, NULL};
    struct guarded guarded = {
        .deadline = deadline, .cgroup = {.enter = -1, .kill = -1}, .command = words};
    sigset_t before;
    int status = -1;

    snprintf(text, sizeof text, "%s", command);
    sigfillset(&guarded.signals);
    sigprocmask(SIG_SETMASK, &guarded.signals, &before);
    guarded.facts = mmap(NULL, sizeof *guarded.facts, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(guarded.facts != MAP_FAILED);
    pid_t guard = guard_start(&guarded);
    assert_true(guard > 0);
    assert_int_equal(read(guarded.news, &status, sizeof status), sizeof status);
    assert_int_equal(waitpid(guard, NULL, 0), guard);
    close(guarded.life);
    close(guarded.news);
    munmap(guarded.facts, sizeof *guarded.facts);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}

/* The last look is the command's own: what came before it may have taken any time. */
static void test_no_command_without_the_role(void **state)
{
    struct deadline deadline = begun();

    (void)state;
    assert_int_equal(WEXITSTATUS(status_of(deadline, "exit $((GOOSE_TERM + 10))")), 17);
    page.role = 0;
    assert_int_equal(WEXITSTATUS(status_of(deadline, "exit 17")), 1);
    deadline = begun();
    deadline.hold_end_ns = goose_lease_clock_ns() + 400 * MS; /* half a lease is not left */
    page.hold_end_ns = deadline.hold_end_ns;
    assert_int_equal(WEXITSTATUS(status_of(deadline, "exit 17")), 1);
}

/* ---- everything below ---- */

/* Tells the parent, through a pipe that all of them keep open, that `depth` daemons are below it. */
static _Noreturn void have_daemons(int depth, int alive)
{
    for (int i = 0; i < depth; i++) {
        if (fork() != 0) _exit(0);
        setsid();
        if (fork() != 0) pause();
        signal(SIGTERM, SIG_IGN);
    }
    (void)!write(alive, "x", 1);
    for (;;)
        pause();
}

static bool all_ends_closed(int alive)
{
    struct pollfd fd = {.fd = alive, .events = POLLIN};
    char byte;

    return poll(&fd, 1, 5000) == 1 && read(alive, &byte, 1) == 0;
}

static void test_sweep_finds_daemons(void **state)
{
    int alive[2], status = -1;
    char byte;

    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    pid_t before = fork(); /* none of the job's */
    if (before == 0)
        for (;;)
            pause();
    tree_spare_present();
    assert_int_equal(pipe(alive), 0);
    pid_t job = fork();
    if (job == 0) {
        close(alive[0]);
        have_daemons(3, alive[1]);
    }
    close(alive[1]);
    assert_int_equal(read(alive[0], &byte, 1), 1);
    tree_begin();
    tree_kill(job, &status);
    assert_true(WIFEXITED(status));
    assert_true(all_ends_closed(alive[0]));
    close(alive[0]);
    assert_int_equal(waitpid(before, &status, WNOHANG), 0); /* it lives */
    kill(before, SIGKILL);
    assert_int_equal(waitpid(before, &status, 0), before);
    tree_kill(job, &status); /* nobody is left: at once */
}

/* Each of them lives only until the next one does: the list of all processes is old before it is read to its end. */
static _Noreturn void go_on_as_own_child(int alive)
{
    const struct timespec moment = {.tv_nsec = 200000};

    (void)!write(alive, "x", 1);
    for (;;) {
        if (fork() != 0) _exit(0);
        nanosleep(&moment, NULL);
    }
}

static void test_sweep_catches_who_forks_on(void **state)
{
    int alive[2], status = -1;
    char byte;

    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    tree_spare_present();
    assert_int_equal(pipe(alive), 0);
    pid_t job = fork();
    if (job == 0) {
        alarm(60);
        close(alive[0]);
        go_on_as_own_child(alive[1]);
    }
    close(alive[1]);
    assert_int_equal(read(alive[0], &byte, 1), 1);
    tree_begin();
    tree_kill(job, &status);
    assert_true(all_ends_closed(alive[0]));
    close(alive[0]);
}

/* With no look at other processes, which may have to wait for somebody who gets no processor. */
static void test_children_are_enough(void **state)
{
    int status = -1;
    char byte;

    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    tree_spare_present();
    for (int kind = 0; kind < 2; kind++) {
        int alive[2];
        bool ended = false;
        assert_int_equal(pipe(alive), 0);
        pid_t job = fork();
        if (job == 0) {
            alarm(60);
            close(alive[0]);
            if (kind == 0) have_daemons(3, alive[1]);
            go_on_as_own_child(alive[1]);
        }
        close(alive[1]);
        assert_int_equal(read(alive[0], &byte, 1), 1);
        tree_begin();
        for (int tries = 0; tries < 1000 && !ended; tries++) /* a machine may be busy */
            ended = tree_kill_children(job, &status);
        assert_true(ended);
        assert_true(all_ends_closed(alive[0]));
        close(alive[0]);
    }
}

/* A child that keeps root's name while its parent gives it up takes no signal of his: told, not tried for ever. */
static _Noreturn void be_powerless(pid_t root, int told)
{
    int status = -1;

    if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0) _exit(1);
    pid_t mine = fork();
    if (mine == 0)
        for (;;)
            pause();
    tree_begin();
    bool good = tree_kill(mine, &status) == root && WIFSIGNALED(status);
    (void)!write(told, &good, sizeof good);
    while (tree_kill(mine, &status) != 0)
        usleep(1000);
    _exit(0);
}

static void test_sweep_tells_what_it_cannot_kill(void **state)
{
    int pids[2], told[2], status = -1;
    pid_t root = 0;
    bool good = false;

    (void)state;
    if (getuid() != 0) skip();
    assert_int_equal(pipe(pids), 0);
    assert_int_equal(pipe(told), 0);
    pid_t job = fork();
    if (job == 0) {
        tree_spare_present();
        pid_t child = fork();
        if (child == 0)
            for (;;)
                pause();
        (void)!write(pids[1], &child, sizeof child);
        be_powerless(child, told[1]);
    }
    close(told[1]);
    assert_int_equal(read(pids[0], &root, sizeof root), sizeof root);
    assert_int_equal(read(told[0], &good, sizeof good), sizeof good);
    assert_true(good);
    assert_int_equal(kill(root, SIGKILL), 0);
    assert_int_equal(waitpid(job, &status, 0), job);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_begins_where_the_role_is_held),
        cmocka_unit_test(test_a_later_hold_lengthens_it),
        cmocka_unit_test(test_lost_for_good),
        cmocka_unit_test(test_a_page_that_cannot_be_read_changes_nothing),
        cmocka_unit_test(test_margins),
        cmocka_unit_test(test_timer),
        cmocka_unit_test(test_no_command_without_the_role),
        cmocka_unit_test(test_sweep_finds_daemons),
        cmocka_unit_test(test_sweep_catches_who_forks_on),
        cmocka_unit_test(test_children_are_enough),
        cmocka_unit_test(test_sweep_tells_what_it_cannot_kill),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
