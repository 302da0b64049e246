/* test_own_file.c: whose files are taken, and that no pipe is waited for. What needs another user is tried as root. */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own_file.h"

#define SOMEBODY 4711
#define SERVICE  4712

static char why[128];

static void needs_root(void)
{
    if (geteuid() != 0) skip();
}

static bool opens(const char *path, enum own_file_use use)
{
    int fd = own_file_open(path, use, why, sizeof why);

    if (fd >= 0) close(fd);
    return fd >= 0;
}

static void refuses(const char *path, enum own_file_use use, const char *says)
{
    if (opens(path, use)) fail_msg("%s is opened", path);
    if (strstr(why, says) == NULL) fail_msg("'%s' is not: %s", says, why);
}

static int new_file(void **state)
{
    if (folder_make(state) != 0) return -1;
    folder_write("honk\n", 5);
    return 0;
}

static void test_modes(void **state)
{
    static const struct {
        mode_t mode;
        bool config, secret;
    } cases[] = {{0600, true, true},   {0400, true, true},   {0644, true, false},
                 {0640, true, false},  {0604, true, false},  {0620, false, false},
                 {0602, false, false}, {0666, false, false}, {0601, true, false}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(chmod(folder_file, cases[i].mode), 0);
        assert_int_equal(opens(folder_file, OWN_CONFIG), cases[i].config);
        if (!cases[i].config) assert_non_null(strstr(why, "chmod go-w"));
        assert_int_equal(opens(folder_file, OWN_SECRET), cases[i].secret);
        if (!cases[i].secret) assert_non_null(strstr(why, "chmod 600"));
    }
}

static void test_what_is_no_file(void **state)
{
    (void)state;
    refuses(folder, OWN_CONFIG, "not a file");
    refuses("/dev/null", OWN_CONFIG, "not a file");
    unlink(folder_file);
    refuses(folder_file, OWN_CONFIG, strerror(ENOENT));
    assert_int_equal(mkfifo(folder_file, 0600), 0); /* nobody ever writes into it */
    refuses(folder_file, OWN_SECRET, "not a file");
    refuses("", OWN_CONFIG, strerror(ENOENT));
}

/* As Kubernetes lays out a secret: key -> ..data/key, ..data -> ..1. */
static void test_links(void **state)
{
    char to[64], data[64], kept[64];

    (void)state;
    snprintf(kept, sizeof kept, "%s/..1", folder);
    snprintf(data, sizeof data, "%s/..data", folder);
    snprintf(to, sizeof to, "%s/..1/key", folder);
    assert_int_equal(mkdir(kept, 0700), 0);
    assert_int_equal(rename(folder_file, to), 0);
    assert_int_equal(symlink("..1", data), 0);
    assert_int_equal(symlink("..data/key", folder_file), 0);
    assert_true(opens(folder_file, OWN_SECRET));
    assert_int_equal(chmod(folder, 01777), 0); /* where others could have made the link */
    refuses(folder_file, OWN_SECRET, "is a link");
    assert_int_equal(chmod(folder, 0770), 0);
    refuses(folder_file, OWN_SECRET, "is a link");
    assert_int_equal(chdir(folder), 0);
    refuses("file", OWN_SECRET, "is a link");
    assert_int_equal(chmod(folder, 0700), 0);
    assert_true(opens("file", OWN_SECRET));
    assert_int_equal(chdir("/"), 0);
}

static void test_what_belongs_to_another(void **state)
{
    needs_root();
    (void)state;
    assert_int_equal(chown(folder_file, SOMEBODY, SOMEBODY), 0);
    refuses(folder_file, OWN_SECRET,
            "it belongs to user 4711, who could change it; chown it to user 0");
    refuses(folder_file, OWN_CONFIG, "it belongs to user 4711");
    assert_true(opens(folder_file, OWN_SECRET_OF_ANY));
    assert_int_equal(chmod(folder_file, 0640), 0);
    refuses(folder_file, OWN_SECRET_OF_ANY, "chmod 600");
    assert_int_equal(chown(folder, SOMEBODY, SOMEBODY), 0); /* a link's directory, too */
    assert_int_equal(unlink(folder_file), 0);
    assert_int_equal(symlink("/etc/passwd", folder_file), 0);
    refuses(folder_file, OWN_CONFIG, "is a link");
}

/* What root hands to a service: root's, and readable by its group. A group of its own makes nobody else read it. */
static void test_what_root_gives_to_a_service(void **state)
{
    needs_root();
    (void)state;
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chown(folder_file, 0, SERVICE), 0);
    assert_int_equal(chmod(folder_file, 0440), 0);
    assert_int_equal(setegid(SERVICE), 0);
    assert_int_equal(seteuid(SERVICE), 0);
    bool by_group = opens(folder_file, OWN_SECRET);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(folder_file, 0460), 0);
    assert_int_equal(seteuid(SERVICE), 0);
    bool written = opens(folder_file, OWN_SECRET);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(chown(folder_file, SERVICE, SERVICE), 0);
    assert_int_equal(chmod(folder_file, 0440), 0);
    assert_int_equal(seteuid(SERVICE), 0);
    bool own = opens(folder_file, OWN_SECRET);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(setegid(0), 0);
    assert_true(by_group);
    assert_false(written);
    assert_false(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_modes, new_file, folder_remove),
        cmocka_unit_test_setup_teardown(test_what_is_no_file, new_file, folder_remove),
        cmocka_unit_test_setup_teardown(test_links, new_file, folder_remove),
        cmocka_unit_test_setup_teardown(test_what_belongs_to_another, new_file, folder_remove),
        cmocka_unit_test_setup_teardown(test_what_root_gives_to_a_service, new_file, folder_remove),
    };

    return cmocka_run_group_tests_name("own_file", tests, NULL, NULL);
}
