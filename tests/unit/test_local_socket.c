/* test_local_socket.c: a Unix socket under a path: who may connect, and whose path it is. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "folder.h"
#include "net/local_socket.h"

static char path[LOCAL_SOCKET_CHARS_MAX + 1];

static int folder_with_path(void **state)
{
    int made = folder_make(state);
    snprintf(path, sizeof path, "%s/http", folder);
    return made;
}

static bool connects(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    memcpy(name.sun_path, path, strlen(path) + 1);
    bool good = connect(fd, (const struct sockaddr *)&name, sizeof name) == 0;
    close(fd);
    return good;
}

static bool is_there(void)
{
    struct stat there;
    return lstat(path, &there) == 0;
}

static void test_open_and_close(void **state)
{
    struct local_socket made;
    struct stat there;
    (void)state;
    mode_t before = umask(0077);
    assert_null(local_socket_open(&made, path));
    umask(before);
    assert_true(made.fd > STDERR_FILENO);
    assert_int_equal(lstat(path, &there), 0);
    assert_int_equal(there.st_mode & 07777, 0660);
    assert_true(connects());
    local_socket_close(&made);
    assert_false(is_there());
    local_socket_close(&made);
}

/* As kill -9 leaves it, in both of its names. */
static void test_what_the_dead_left_is_replaced(void **state)
{
    struct local_socket made;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    (void)state;
    for (int i = 0; i < 2; i++) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        snprintf(name.sun_path, sizeof name.sun_path, "%s%s", path, i == 0 ? "" : ".new");
        assert_int_equal(bind(fd, (const struct sockaddr *)&name, sizeof name), 0);
        close(fd);
    }
    assert_null(local_socket_open(&made, path));
    assert_true(connects());
    local_socket_close(&made);
    assert_false(is_there());
}

static void refuse(const char *says)
{
    struct local_socket made;
    const char *wrong = local_socket_open(&made, path);
    assert_non_null(wrong);
    if (strstr(wrong, says) == NULL) fail_msg("'%s' is not: %s", wrong, says);
    assert_int_equal(made.fd, 0);
    local_socket_close(&made);
    assert_true(is_there());
}

static void test_what_is_not_ours_stays(void **state)
{
    struct local_socket first;
    (void)state;
    assert_null(local_socket_open(&first, path));
    refuse("another process listens there");
    assert_true(connects());
    if (geteuid() == 0) {
        assert_int_equal(lchown(path, 1, 1), 0);
        refuse("another user has a socket there");
    }
    /* Somebody else has the path now: it is not ours to remove. */
    assert_int_equal(unlink(path), 0);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    local_socket_close(&first);
    assert_true(is_there());
    refuse("no socket");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/null", path), 0);
    refuse("no socket");
    assert_int_equal(unlink(path), 0);
}

static void test_no_folder(void **state)
{
    struct local_socket made;
    (void)state;
    assert_string_equal(local_socket_open(&made, "/nowhere/at/all"), "No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_and_close),
        cmocka_unit_test(test_what_the_dead_left_is_replaced),
        cmocka_unit_test(test_what_is_not_ours_stays),
        cmocka_unit_test(test_no_folder),
    };
    return cmocka_run_group_tests_name("local_socket", tests, folder_with_path, folder_remove);
}
