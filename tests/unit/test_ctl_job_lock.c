/* test_ctl_job_lock.c: where the lock of `run` lies, that one has it at a time, and how long. */
#include "folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "job/lock.h"

static struct job_lock one, two;

/* Of root's own directory another test could say something: a user's is tried. */
static int begin(void **state)
{
    if (folder_make(state) != 0) return -1;
    unsetenv("RUNTIME_DIRECTORY");
    unsetenv("HOME");
    return setenv("XDG_RUNTIME_DIR", folder, 1);
}

static int end(void **state)
{
    job_lock_end(&one);
    job_lock_end(&two);
    return folder_remove(state);
}

static void find_both(void)
{
    assert_true(job_lock_begin(&one));
    assert_true(job_lock_begin(&two));
}

static void test_one_at_a_time(void **state)
{
    (void)state;
    find_both();
    assert_true(job_lock_take(&one, 7));
    assert_true(job_lock_take(&one, 7));
    assert_false(job_lock_take(&two, 7));
    assert_true(job_lock_take(&two, 8)); /* another command */
    job_lock_end(&two);
    job_lock_end(&one);
    assert_true(job_lock_take(&two, 7));
    assert_false(access(two.path, F_OK));
    job_lock_end(&two);
    assert_int_equal(access(two.path, F_OK), -1);
}

/* As long as the guard lives, which was forked; and not in what it starts. */
static void test_held_by_the_guard(void **state)
{
    int go_on[2];
    char byte;

    (void)state;
    find_both();
    assert_true(job_lock_take(&one, 7));
    assert_int_equal(pipe(go_on), 0);
    pid_t guard = fork();
    if (guard == 0) {
        close(go_on[1]);
        _exit(read(go_on[0], &byte, 1) != 0);
    }
    close(one.fd); /* goosectl is killed */
    one.fd = -1;
    assert_false(job_lock_take(&two, 7));
    close(go_on[0]);
    close(go_on[1]);
    assert_int_equal(waitpid(guard, NULL, 0), guard);
    assert_true(job_lock_take(&two, 7));
}

static void refuses(const char *says)
{
    if (geteuid() == 0) return; /* it has /run/goosectl */
    assert_false(job_lock_begin(&one));
    if (strstr(one.why, says) == NULL) fail_msg("'%s' is not: %s", says, one.why);
}

static void test_places_that_will_not_do(void **state)
{
    (void)state;
    if (geteuid() == 0 && seteuid(4711) != 0) skip();
    if (geteuid() == 4711) refuses("Permission denied");
    unsetenv("XDG_RUNTIME_DIR");
    refuses("set XDG_RUNTIME_DIR to a directory of your own");
    setenv("XDG_RUNTIME_DIR", "/tmp", 1);
    refuses("others");
    if (geteuid() == 4711) assert_int_equal(seteuid(0), 0);
}

/* Where there is nothing else: below the home. */
static void test_at_home(void **state)
{
    char home[64];

    (void)state;
    if (geteuid() == 0) assert_int_equal(chown(folder, 4711, 4711), 0);
    bool root = geteuid() == 0 && seteuid(4711) == 0;
    unsetenv("XDG_RUNTIME_DIR");
    setenv("HOME", folder, 1);
    bool found = job_lock_begin(&one);
    if (root) assert_int_equal(seteuid(0), 0);
    assert_true(found);
    snprintf(home, sizeof home, "%s/.local/state/goosectl", folder);
    assert_string_equal(one.directory, home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_at_a_time, begin, end),
        cmocka_unit_test_setup_teardown(test_held_by_the_guard, begin, end),
        cmocka_unit_test_setup_teardown(test_places_that_will_not_do, begin, end),
        cmocka_unit_test_setup_teardown(test_at_home, begin, end),
    };

    return cmocka_run_group_tests_name("ctl_job_lock", tests, NULL, NULL);
}
