/* test_ctl_recover.c: what `recover` makes of a state, and what it does to the directory that holds it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/address.h"
#include "ctl/commands.h"
#include "ctl/recover_state.h"
#include "disk/state_file.h"
#include "folder.h"
#include "test_ctl_fake.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct said said;
static struct goose_address self;

static struct goose_address address_of(const char *text)
{
    struct goose_address address;

    assert_null(address_from_user(&address, text, strlen(text)));
    return address;
}

/* A voter of three, in term 8. */
static struct goose_durable_state voter(void)
{
    struct goose_durable_state state = {.uid = 2,
                                        .life = UINT64_C(5) << 32 | 77,
                                        .term = 8,
                                        .voted_for = 1,
                                        .longest_promise_us = 315000};
    const struct goose_address all[] = {address_of("n1:7000"), address_of("n2:7000"),
                                        address_of("n3:7000")};

    assert_int_equal(goose_roster_bootstrap(&state.roster, 99, all, 3), GOOSE_ROSTER_OK);
    for (int i = 0; i < 3; i++)
        state.roster.seats[i].uid = (uint64_t)i + 1;
    state.roster.seats[1].priority = 42;
    state.roster.seats[1].http_port = 8080;
    state.roster.term = 7;
    state.roster.version = 4;
    state.roster.removed[0] = 55;
    state.barred = true;
    return state;
}

/* ---- the state ---- */

static void test_another_node_of_another_flock(void **state)
{
    const struct goose_durable_state old = voter();
    struct goose_durable_state made;
    uint8_t bytes[GOOSE_DURABLE_BYTES_MAX];

    (void)state;
    assert_null(recover_state(&old, &self, 0xf10c, 0xd0c, false, &made));
    assert_int_equal(made.uid, 0xd0c);
    assert_int_equal(made.life, 1);
    assert_int_equal(made.term, 100000008);
    assert_int_equal(made.voted_for, 0);
    assert_int_equal(made.longest_promise_us, 315000);
    assert_int_equal(made.roster.term, 100000008);
    assert_int_equal(made.roster.version, 1);
    assert_int_equal(made.roster.flock_id, 0xf10c);
    assert_int_equal(made.roster.removed[0], 0);
    assert_false(made.barred);
    assert_int_equal(made.roster.wanted, 3);
    assert_int_equal(made.roster.count, 1);
    assert_int_equal(made.roster.seats[0].uid, 0xd0c);
    assert_int_equal(made.roster.seats[0].priority, 42);
    assert_int_equal(made.roster.seats[0].http_port, 8080);
    assert_true(goose_text_equal(goose_roster_address(&made.roster, 0), goose_address_text(&self)));
    assert_true(goose_roster_is_sound(&made.roster));
    struct goose_durable_state again;
    assert_true(goose_durable_decode(bytes, goose_durable_encode(&made, bytes), &again));
}

static void test_a_node_that_moved_or_has_no_seat(void **state)
{
    struct goose_durable_state old = voter(), made;
    const struct goose_address elsewhere = address_of("n9:7000");

    (void)state;
    assert_null(recover_state(&old, &elsewhere, 1, 2, false, &made));
    assert_true(
        goose_text_equal(goose_roster_address(&made.roster, 0), goose_address_text(&elsewhere)));
    assert_int_equal(made.roster.seats[0].priority, 42);
    old.uid = 1000;
    assert_null(recover_state(&old, &elsewhere, 1, 2, false, &made));
    assert_int_equal(made.roster.seats[0].priority, GOOSE_PRIORITY_DEFAULT);
    assert_non_null(recover_state(&old, &self, 1, 2, false, &made));
}

static void test_states_that_are_refused(void **state)
{
    struct goose_durable_state old = voter(), made;
    const struct goose_address other = address_of("n1:7000");

    (void)state;
    assert_non_null(strstr(recover_state(&old, &other, 1, 2, false, &made), "another voter"));
    old.term = UINT64_C(1) << 53;
    assert_non_null(strstr(recover_state(&old, &self, 1, 2, false, &made), "--reset-terms"));
    assert_null(recover_state(&old, &self, 1, 2, true, &made));
    assert_int_equal(made.term, 1);
    assert_int_equal(made.roster.term, 1);
    old = voter();
    old.roster.term = 0;
    assert_non_null(strstr(recover_state(&old, &self, 1, 2, false, &made), "never a member"));
    goose_roster_clear(&old.roster);
    assert_non_null(strstr(recover_state(&old, &self, 1, 2, false, &made), "never a member"));
    old = voter();
    assert_null(recover_state(&old, &self, 1, 2, false, &made));
    assert_non_null(strstr(recover_state(&made, &self, 1, 2, false, &old), "flock of one already"));
}

/* ---- the directory ---- */

static bool is_there(const char *name)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static size_t read_named(const char *name, uint8_t image[STATE_FILE_BYTES + 1])
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t bytes = fread(image, 1, STATE_FILE_BYTES + 1, file);
    fclose(file);
    return bytes;
}

static void write_state(const char *flock)
{
    const struct goose_durable_state old = voter();
    struct state_file file;
    struct saver_found found;
    uint8_t bytes[GOOSE_DURABLE_BYTES_MAX];
    char why[SAVER_TEXT_BYTES];

    assert_true(state_file_open(&file, folder, flock, false, &found));
    assert_true(state_file_save(&file, bytes, goose_durable_encode(&old, bytes), why));
    assert_true(state_file_mirror(&file, bytes, goose_durable_encode(&old, bytes), why));
    state_file_close(&file);
}

static void read_state(struct goose_durable_state *state)
{
    struct state_file file;
    struct saver_found found;

    assert_true(state_file_open(&file, folder, "goose", false, &found));
    assert_int_equal(found.verdict, SAVER_WHOLE);
    assert_true(goose_durable_decode(found.bytes, found.count, state));
    state_file_close(&file);
}

static int make_dir(void **state)
{
    self = address_of("n2:7000");
    return folder_make(state);
}

static void recover(const char *const *more)
{
    const char *words[9] = {"--state-dir", folder, "--self", "N2.:7000"};
    const struct place none = {0};
    size_t count = 4;

    for (; *more != NULL; more++)
        words[count++] = *more;
    words[count] = NULL;
    run_command(&said, &recover_command, NULL, &none, words);
}

static void expect(int status, const char *text)
{
    if (said.status != status || strstr(status == CTL_YES ? said.out : said.err, text) == NULL)
        fail_msg("%d, %s%s, not %d, %s", said.status, said.out, said.err, status, text);
}

static void test_without_yes_nothing_changes(void **state)
{
    uint8_t before[STATE_FILE_BYTES + 1], after[STATE_FILE_BYTES + 1];

    (void)state;
    write_state("goose");
    assert_int_equal(read_named("state", before), STATE_FILE_BYTES);
    recover(WORDS(NULL));
    expect(CTL_NO, "recover: nothing was done; to do it, give --yes\n");
    assert_non_null(strstr(said.out, "    n1:7000\n    n2:7000\n    n3:7000\n"));
    assert_non_null(strstr(said.out, "Two geese."));
    assert_non_null(strstr(said.out, "lost 2 or more of these 3 for good"));
    assert_int_equal(read_named("state", after), STATE_FILE_BYTES);
    assert_memory_equal(before, after, STATE_FILE_BYTES);
    assert_false(is_there("state.before-recover-1"));
}

static void test_with_yes(void **state)
{
    uint8_t before[STATE_FILE_BYTES + 1], copy[STATE_FILE_BYTES + 1];
    struct goose_durable_state made, old = voter();
    char path[128];

    (void)state;
    write_state("goose");
    read_named("state", before);
    recover(WORDS("--yes"));
    expect(CTL_YES, "n2:7000 is a flock of its own now: id ");
    assert_non_null(strstr(said.out, "state.before-recover-1"));
    read_state(&made);
    assert_int_equal(made.term, 100000008);
    assert_int_not_equal(made.uid, old.uid);
    assert_int_not_equal(made.roster.flock_id, old.roster.flock_id);
    assert_int_equal(read_named("state.before-recover-1", copy), STATE_FILE_BYTES);
    assert_memory_equal(before, copy, STATE_FILE_BYTES);
    struct stat about;
    snprintf(path, sizeof path, "%s/state.before-recover-1", folder);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);

    recover(WORDS("--yes"));
    expect(CTL_NO, "it is a flock of one already");
    assert_false(is_there("state.before-recover-2"));
    write_state("goose");
    recover(WORDS("--yes"));
    expect(CTL_YES, "state.before-recover-2");
}

static void test_directories_that_are_refused(void **state)
{
    uint8_t image[STATE_FILE_BYTES + 1];
    char path[128];

    (void)state;
    recover(WORDS("--yes"));
    expect(CTL_NO, "/state: No such file or directory\n");
    assert_false(is_there("lock"));
    assert_false(is_there("state"));

    write_state("swans");
    recover(WORDS("--yes"));
    expect(CTL_NO, "/state is of flock \"swans\"; if it is meant, give --flock swans\n");
    recover(WORDS("--yes", "--flock", "swans"));
    expect(CTL_YES, "is a flock of its own now");

    snprintf(path, sizeof path, "%s/state", folder);
    assert_int_equal(unlink(path), 0);
    write_state("goose");
    int lock = open(folder, O_RDONLY | O_DIRECTORY);
    int fd = openat(lock, "lock", O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    recover(WORDS("--yes"));
    expect(CTL_NO, "/state: a goosed runs on it; stop that first\n");
    close(fd);
    close(lock);

    read_named("state", image);
    image[STATE_BLOCK_BYTES + 100]++;
    image[2 * STATE_BLOCK_BYTES + 100]++;
    FILE *file = fopen(path, "wb");
    assert_int_equal(fwrite(image, 1, STATE_FILE_BYTES, file), STATE_FILE_BYTES);
    fclose(file);
    recover(WORDS("--yes"));
    expect(CTL_NO, "/state: damaged, or no state of goosed\n");
    assert_true(is_there("state"));
}

static void test_another_address_than_its_own(void **state)
{
    const struct place none = {0};

    (void)state;
    write_state("goose");
    run_command(&said, &recover_command, NULL, &none,
                WORDS("--state-dir", folder, "--self", "n9:7000", "--yes"));
    expect(CTL_NO, "/state is of n2:7000, not of n9:7000: give --self n2:7000, even if");
    assert_false(is_there("state.before-recover-1"));
}

static void test_wrong_usage(void **state)
{
    const struct place none = {0};

    (void)state;
    run_command(&said, &recover_command, NULL, &none, WORDS("--state-dir", folder));
    expect(CTL_UNKNOWN, "recover: give --state-dir DIR and --self HOST:PORT");
    run_command(&said, &recover_command, NULL, &none, WORDS("--state-dir", folder, "--self", "n2"));
    expect(CTL_UNKNOWN, "recover: --self n2: give HOST:PORT");
    recover(WORDS("--ja"));
    expect(CTL_UNKNOWN, "recover: --ja is no option here");
    recover(WORDS("yes"));
    expect(CTL_UNKNOWN, "recover: 'yes' is one argument too many");
}

/* Root recovers what a service keeps; but not by a file that is not the service's. */
static void test_of_another_user(void **state)
{
    static const char *const names[] = {"", "/state", "/lock"};
    char path[128];

    (void)state;
    if (geteuid() != 0) skip();
    write_state("goose");
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof path, "%s%s", folder, names[i]);
        assert_int_equal(chown(path, 4711, 4711), 0);
    }
    assert_int_equal(chown(path, 0, 0), 0);
    recover(WORDS("--yes"));
    expect(CTL_NO, "/lock: give it to user 4711");
    assert_int_equal(chown(path, 4711, 4711), 0);
    recover(WORDS("--yes"));
    expect(CTL_YES, "is a flock of its own now");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_another_address_than_its_own, make_dir, folder_remove),
        cmocka_unit_test_setup_teardown(test_another_node_of_another_flock, make_dir,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(test_a_node_that_moved_or_has_no_seat, make_dir,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(test_states_that_are_refused, make_dir, folder_remove),
        cmocka_unit_test_setup_teardown(test_without_yes_nothing_changes, make_dir, folder_remove),
        cmocka_unit_test_setup_teardown(test_with_yes, make_dir, folder_remove),
        cmocka_unit_test_setup_teardown(test_of_another_user, make_dir, folder_remove),
        cmocka_unit_test_setup_teardown(test_directories_that_are_refused, make_dir, folder_remove),
        cmocka_unit_test_setup_teardown(test_wrong_usage, make_dir, folder_remove),
    };
    return cmocka_run_group_tests_name("ctl_recover", tests, NULL, NULL);
}
