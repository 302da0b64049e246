/* test_lease_page.c: what the page says and for how long, what it is after a crash or a reboot, and which files it
 * never touches. The writer is the daemon's, the reader the header that programs include. */
#include "folder.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

/* The reader's clock: a test may come between it and the page. */
static void (*before_the_clock)(void);

static int looked_at(clockid_t clock, struct timespec *at)
{
    if (before_the_clock != NULL) before_the_clock();
    return clock_gettime(clock, at);
}

#define clock_gettime looked_at
#include "goose/lease_page.h"
#undef clock_gettime

#include "daemon/lease_page.h"

#define MS UINT64_C(1000000) /* ns */

static char why[256];
static struct lease_page *page;
static struct goose_lease_reader reader;

static int open_page(void **state)
{
    if (folder_make(state) != 0) return -1;
    page = lease_page_open(folder_file, why, sizeof why);
    return page != NULL && goose_lease_open(&reader, folder_file) ? 0 : -1;
}

static int close_page(void **state)
{
    lease_page_close(page);
    goose_lease_close(&reader);
    return folder_remove(state);
}

static const struct lease_claim goose = {
    .goose = true, .term = 7, .lease_left_us = 300000, .hold_left_us = 200000, .lease_us = 300000};

static enum goose_lease_answer read_at(uint64_t now_ns, struct goose_lease *lease)
{
    struct goose_lease_page copy;

    assert_true(goose_lease_copy(reader.page, &copy));
    return goose_lease_judge(&copy, now_ns, lease);
}

static void test_new_page_is_duck(void **state)
{
    struct goose_lease lease;
    struct stat about;

    (void)state;
    assert_int_equal(goose_lease_read(&reader, &lease), GOOSE_LEASE_DUCK);
    assert_int_equal(lease.left_ns, 0);
    assert_int_equal(stat(folder_file, &about), 0);
    assert_int_equal(about.st_size, GOOSE_LEASE_BYTES);
    assert_int_equal(about.st_mode & 07777, 0644);
    assert_int_equal(reader.page->pid, getpid());
}

static void test_claim_is_drawn_in_by_a_tenth(void **state)
{
    struct goose_lease lease;

    (void)state;
    lease_page_show(page, 1000 * MS, &goose);
    assert_int_equal(read_at(1000 * MS, &lease), GOOSE_LEASE_GOOSE);
    assert_int_equal(lease.term, 7);
    assert_int_equal(lease.left_ns, 270 * MS);
    assert_int_equal(lease.hold_left_ns, 180 * MS);
    assert_int_equal(lease.lease_ns, 270 * MS);
    assert_int_equal(read_at(1180 * MS, &lease), GOOSE_LEASE_GOOSE);
    assert_int_equal(lease.hold_left_ns, 0);
    assert_int_equal(lease.left_ns, 90 * MS);
}

/* Nobody writes anything for it to end. */
static void test_claim_runs_out_by_itself(void **state)
{
    struct goose_lease lease;

    (void)state;
    lease_page_show(page, 1000 * MS, &goose);
    assert_int_equal(read_at(1270 * MS - 1, &lease), GOOSE_LEASE_GOOSE);
    assert_int_equal(lease.left_ns, 1);
    assert_int_equal(read_at(1270 * MS, &lease), GOOSE_LEASE_DUCK);
    assert_int_equal(lease.left_ns, 0);
    assert_int_equal(lease.lease_end_ns, 0);
    assert_int_equal(lease.hold_end_ns, 0);
}

/* A boot-time clock that is slowed by a tenth shows the end when the lease ends, and not later. */
static void test_slow_clock(void **state)
{
    struct goose_lease lease;

    (void)state;
    for (uint64_t us = 1; us < 70000000; us = us * 3 + 1) {
        const struct lease_claim claim = {.goose = true, .term = 1, .lease_left_us = us};
        uint64_t ended_slow_ns = us * 1000 / 10 * 9;
        lease_page_show(page, 5 * MS, &claim);
        assert_int_equal(read_at(5 * MS + ended_slow_ns + 900, &lease), GOOSE_LEASE_DUCK);
    }
}

static void test_real_clock(void **state)
{
    struct goose_lease lease;

    (void)state;
    lease_page_show(page, lease_page_clock_ns(), &goose);
    uint64_t shown_ns = goose_lease_clock_ns();
    enum goose_lease_answer answer = goose_lease_read(&reader, &lease);
    uint64_t now_ns = goose_lease_clock_ns();
    assert_true(answer == GOOSE_LEASE_GOOSE || now_ns - shown_ns > 200 * MS);
    lease_page_show(page, lease_page_clock_ns() - 280 * MS, &goose);
    assert_int_equal(goose_lease_read(&reader, &lease), GOOSE_LEASE_DUCK);
}

static void renew_a_second_later(void)
{
    before_the_clock = NULL;
    lease_page_show(page, lease_page_clock_ns() + 1000 * MS, &goose);
}

/* A reader that read its clock first would count the pause between the two as lease. */
static void test_the_clock_is_read_behind_the_page(void **state)
{
    struct goose_lease lease;

    (void)state;
    lease_page_show(page, lease_page_clock_ns(), &goose);
    before_the_clock = renew_a_second_later;
    goose_lease_read(&reader, &lease);
    assert_null(before_the_clock);
    assert_true(lease.left_ns <= lease.lease_ns);
}

static void test_withdrawn(void **state)
{
    static const struct lease_claim duck = {.term = 8};
    struct goose_lease lease;

    (void)state;
    lease_page_show(page, 1000 * MS, &goose);
    lease_page_show(page, 1001 * MS, &duck);
    assert_int_equal(read_at(1000 * MS, &lease), GOOSE_LEASE_DUCK);
    assert_int_equal(lease.term, 8);
    assert_int_equal(reader.page->lease_end_ns, 0);
    assert_int_equal(reader.page->hold_end_ns, 0);
}

static struct goose_lease_page *for_writing(void)
{
    int fd = open(folder_file, O_RDWR | O_CLOEXEC);
    void *at = mmap(NULL, GOOSE_LEASE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    assert_true(fd >= 0 && at != MAP_FAILED);
    close(fd);
    return at;
}

/* Killed in the middle of a change: nobody knows which half is which; the next daemon makes it good. */
static void test_torn_write(void **state)
{
    struct goose_lease_page *torn = for_writing();
    struct goose_lease lease;

    (void)state;
    lease_page_show(page, lease_page_clock_ns(), &goose);
    torn->sequence++;
    assert_int_equal(goose_lease_read(&reader, &lease), GOOSE_LEASE_NOT_KNOWN);
    lease_page_show(page, lease_page_clock_ns(), &goose);
    assert_int_equal(torn->sequence % 2, 0);
    assert_int_equal(goose_lease_read(&reader, &lease), GOOSE_LEASE_GOOSE);
    munmap(torn, GOOSE_LEASE_BYTES);
}

static void test_other_boot_means_nothing(void **state)
{
    struct goose_lease_page *old = for_writing();
    struct goose_lease lease;

    (void)state;
    lease_page_show(page, lease_page_clock_ns(), &goose);
    old->boot[1]++;
    assert_int_equal(goose_lease_read(&reader, &lease), GOOSE_LEASE_NOT_KNOWN);
    munmap(old, GOOSE_LEASE_BYTES);
}

/* Every field is made from the term, so that a mixture of two claims shows. */
static void *write_for_a_while(void *stop)
{
    const struct timespec moment = {.tv_nsec = 20000};

    for (uint64_t term = 1; !__atomic_load_n((bool *)stop, __ATOMIC_RELAXED); term++) {
        const struct lease_claim claim = {.goose = true,
                                          .term = term,
                                          .lease_left_us = term * 2,
                                          .hold_left_us = term,
                                          .lease_us = term * 3};
        lease_page_show(page, 0, &claim);
        nanosleep(&moment, NULL); /* in which one can read at all */
    }
    return NULL;
}

static void test_never_a_mixture(void **state)
{
    struct goose_lease_reader by_file;
    struct goose_lease_page copy;
    pthread_t writer;
    bool stop = false;
    uint64_t got = 0, last = 0;

    (void)state;
    assert_true(goose_lease_open_file(&by_file, folder_file));
    assert_int_equal(pthread_create(&writer, NULL, write_for_a_while, &stop), 0);
    while (got < 5000) {
        bool whole = got % 2 == 0 ? goose_lease_copy(reader.page, &copy)
                                  : goose_lease_copy_file(by_file.file, &copy);
        if (!whole || copy.term == last) {
            sched_yield();
            continue;
        }
        got++;
        last = copy.term;
        assert_int_equal(copy.lease_end_ns, copy.term * 2 * 900);
        assert_int_equal(copy.hold_end_ns, copy.term * 900);
        assert_int_equal(copy.lease_ns, copy.term * 3 * 900);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    pthread_join(writer, NULL);
    goose_lease_close(&by_file);
}

/* Who has mapped it sees the next daemon's claims, and never those of the one before. */
static void test_taken_over_in_place(void **state)
{
    struct goose_lease lease;
    struct stat before, after;

    (void)state;
    assert_int_equal(stat(folder_file, &before), 0);
    lease_page_show(page, lease_page_clock_ns(), &goose);
    lease_page_close(page);
    assert_int_equal(goose_lease_read(&reader, &lease), GOOSE_LEASE_DUCK);

    struct goose_lease_page *crashed = for_writing();
    crashed->role = 1;
    crashed->lease_end_ns = UINT64_MAX;
    crashed->sequence = 11;
    munmap(crashed, GOOSE_LEASE_BYTES);
    page = lease_page_open(folder_file, why, sizeof why);
    assert_non_null(page);
    assert_int_equal(goose_lease_read(&reader, &lease), GOOSE_LEASE_DUCK);
    lease_page_show(page, lease_page_clock_ns(), &goose);
    assert_int_equal(goose_lease_read(&reader, &lease), GOOSE_LEASE_GOOSE);
    assert_int_equal(stat(folder_file, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

static void test_one_writer(void **state)
{
    (void)state;
    assert_null(lease_page_open(folder_file, why, sizeof why));
    assert_non_null(strstr(why, folder_file));
    assert_non_null(strstr(why, "another goosed"));
}

static void refuse(const char *at, const char *says)
{
    assert_false(lease_page_check(at, why, sizeof why));
    assert_non_null(strstr(why, says));
    assert_non_null(strstr(why, at));
    assert_null(lease_page_open(at, why, sizeof why));
    assert_non_null(strstr(why, at));
    assert_null(strchr(why, '\n'));
}

static void test_other_files_stay(void **state)
{
    char text[256], line[GOOSE_LEASE_BYTES + 1];
    FILE *file;

    (void)state;
    memset(line, 'x', GOOSE_LEASE_BYTES);
    line[GOOSE_LEASE_BYTES] = 0;
    folder_write(line, GOOSE_LEASE_BYTES);
    refuse(folder_file, "no lease page");
    errno = 0;
    assert_false(goose_lease_open(&reader, folder_file));
    assert_int_equal(errno, EINVAL);
    file = fopen(folder_file, "r");
    assert_non_null(file);
    assert_string_equal(fgets(text, sizeof text, file), line);
    fclose(file);
    folder_write("goosepg", 7);
    refuse(folder_file, "no lease page");
    assert_false(goose_lease_open(&reader, folder_file));
}

/* What nobody but us can have made, or is refused by the writer, and by the reader. */
static void test_pages_of_others(void **state)
{
    char to[64];

    (void)state;
    lease_page_close(page);
    page = NULL;
    assert_int_equal(chmod(folder_file, 0666), 0);
    refuse(folder_file, "mode 0666");
    assert_false(goose_lease_open(&reader, folder_file));
    assert_int_equal(errno, EPERM);
    assert_int_equal(chmod(folder_file, 0644), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    refuse(folder_file, "chmod go-w");
    assert_int_equal(chmod(folder, 01777), 0);
    assert_true(lease_page_check(folder_file, why, sizeof why));
    if (geteuid() == 0) {
        assert_int_equal(chown(folder_file, 4711, 4711), 0);
        refuse(folder_file, "it is of user 4711");
        assert_int_equal(seteuid(4712), 0); /* a reader, to whom it could be anybody's */
        bool opened = goose_lease_open_file(&reader, folder_file);
        assert_int_equal(seteuid(0), 0);
        assert_false(opened);
        assert_int_equal(errno, EPERM);
        assert_int_equal(chmod(folder, 0755), 0);
        assert_true(goose_lease_open_file(&reader, folder_file));
        assert_int_equal(chown(folder_file, 0, 0), 0);
        assert_int_equal(chown(folder, 4711, 4711), 0);
        refuse(folder_file, "no place for it: it belongs to user 4711");
        assert_int_equal(chown(folder, 0, 0), 0);
    }
    snprintf(to, sizeof to, "%s/to", folder);
    assert_int_equal(rename(folder_file, to), 0);
    assert_int_equal(symlink("to", folder_file), 0);
    refuse(folder_file, "it is a link");
    assert_int_equal(unlink(folder_file), 0);
    assert_int_equal(mkfifo(folder_file, 0600), 0);
    refuse(folder_file, "");
    assert_false(goose_lease_open_file(&reader, folder_file));
    assert_int_equal(errno, EINVAL);
}

/* Nobody dies of a file that is cut short; the next claim makes it whole. */
static void test_cut_short(void **state)
{
    struct goose_lease_reader by_file;
    struct goose_lease lease;

    (void)state;
    assert_true(goose_lease_open_file(&by_file, folder_file));
    lease_page_show(page, lease_page_clock_ns(), &goose);
    assert_int_equal(goose_lease_read(&by_file, &lease), GOOSE_LEASE_GOOSE);
    for (off_t bytes = 0; bytes < GOOSE_LEASE_BYTES; bytes += 16) {
        assert_int_equal(truncate(folder_file, bytes), 0);
        assert_int_equal(goose_lease_read(&by_file, &lease), GOOSE_LEASE_NOT_KNOWN);
        lease_page_show(page, lease_page_clock_ns(), &goose);
        assert_int_equal(goose_lease_read(&by_file, &lease), GOOSE_LEASE_GOOSE);
        assert_int_equal(goose_lease_read(&reader, &lease), GOOSE_LEASE_GOOSE);
    }
    assert_int_equal(truncate(folder_file, 0), 0); /* and so found by the next daemon */
    lease_page_close(page);
    assert_int_equal(truncate(folder_file, 0), 0);
    page = lease_page_open(folder_file, why, sizeof why);
    assert_non_null(page);
    assert_int_equal(goose_lease_read(&by_file, &lease), GOOSE_LEASE_DUCK);
    goose_lease_close(&by_file);
}

/* A disk on which nothing can be written any more: what cannot be withdrawn is not left standing. */
static void test_a_page_that_cannot_be_written(void **state)
{
    static const struct lease_claim duck = {.term = 8};
    struct goose_lease_reader by_file;
    struct goose_lease lease;
    struct rlimit before, none;

    (void)state;
    assert_true(goose_lease_open_file(&by_file, folder_file));
    lease_page_show(page, lease_page_clock_ns(), &goose);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = (struct rlimit){.rlim_cur = 16, .rlim_max = before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    lease_page_show(page, lease_page_clock_ns(), &duck);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(goose_lease_read(&by_file, &lease), GOOSE_LEASE_NOT_KNOWN);
    lease_page_show(page, lease_page_clock_ns(), &goose);
    assert_int_equal(goose_lease_read(&by_file, &lease), GOOSE_LEASE_GOOSE);
    goose_lease_close(&by_file);
}

static void test_places_that_are_none(void **state)
{
    char below[96];

    (void)state;
    refuse(folder, "");
    snprintf(below, sizeof below, "%s/none/lease", folder);
    refuse(below, "directory");
    assert_true(lease_page_check(folder_file, why, sizeof why));
    assert_int_equal(chdir(folder), 0);
    assert_true(lease_page_check("lease", why, sizeof why));
    assert_int_equal(chdir("/"), 0);
    assert_true(geteuid() != 0 || lease_page_check("/lease", why, sizeof why));
    assert_false(goose_lease_open(&reader, folder_file));
}

/* Every moment of a node without a page. */
static void test_no_page(void **state)
{
    (void)state;
    lease_page_show(NULL, 0, &goose);
    lease_page_close(NULL);
}

/* A daemon that was killed has a helper that keeps it for a moment. */
static void test_successor_waits(void **state)
{
    int fd = lease_page_descriptor(page), ready[2];
    char byte;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    pid_t helper = fork();
    if (helper == 0) {
        (void)!write(ready[1], "r", 1);
        usleep(300000);
        _exit(fd < 0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    lease_page_close(page);
    page = lease_page_open(folder_file, why, sizeof why);
    assert_non_null(page);
    assert_int_equal(waitpid(helper, NULL, 0), helper);
    close(ready[0]);
    close(ready[1]);
}

/* By a process that has its descriptor and nothing else, whatever the page is like. */
static void test_withdrawn_for_the_dead(void **state)
{
    struct goose_lease lease;
    int read_only = open(folder_file, O_RDONLY | O_CLOEXEC);

    (void)state;
    lease_page_show(page, lease_page_clock_ns(), &goose);
    assert_false(lease_page_withdraw(read_only));
    assert_false(lease_page_withdraw(-1));
    assert_true(lease_page_withdraw(lease_page_descriptor(page)));
    assert_int_equal(goose_lease_read(&reader, &lease), GOOSE_LEASE_DUCK);
    assert_int_equal(lease.term, 7);
    assert_int_equal(reader.page->sequence % 2, 0);
    assert_int_equal(truncate(folder_file, 100), 0);
    assert_true(lease_page_withdraw(lease_page_descriptor(page)));
    close(read_only);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_new_page_is_duck, open_page, close_page),
        cmocka_unit_test_setup_teardown(test_claim_is_drawn_in_by_a_tenth, open_page, close_page),
        cmocka_unit_test_setup_teardown(test_claim_runs_out_by_itself, open_page, close_page),
        cmocka_unit_test_setup_teardown(test_slow_clock, open_page, close_page),
        cmocka_unit_test_setup_teardown(test_real_clock, open_page, close_page),
        cmocka_unit_test_setup_teardown(test_the_clock_is_read_behind_the_page, open_page,
                                        close_page),
        cmocka_unit_test_setup_teardown(test_withdrawn, open_page, close_page),
        cmocka_unit_test_setup_teardown(test_torn_write, open_page, close_page),
        cmocka_unit_test_setup_teardown(test_other_boot_means_nothing, open_page, close_page),
        cmocka_unit_test_setup_teardown(test_never_a_mixture, open_page, close_page),
        cmocka_unit_test_setup_teardown(test_taken_over_in_place, open_page, close_page),
        cmocka_unit_test_setup_teardown(test_one_writer, open_page, close_page),
        cmocka_unit_test_setup_teardown(test_successor_waits, open_page, close_page),
        cmocka_unit_test_setup_teardown(test_withdrawn_for_the_dead, open_page, close_page),
        cmocka_unit_test_setup_teardown(test_pages_of_others, open_page, close_page),
        cmocka_unit_test_setup_teardown(test_cut_short, open_page, close_page),
        cmocka_unit_test_setup_teardown(test_a_page_that_cannot_be_written, open_page, close_page),
        cmocka_unit_test_setup_teardown(test_other_files_stay, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(test_places_that_are_none, folder_make, folder_remove),
        cmocka_unit_test(test_no_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
