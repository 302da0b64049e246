/* test_will_helper.c: when the helper of --last-will speaks, what it waits for, and what it has until it ends. A child of
 * this test stands for the daemon; it, the helper's socket and page are real. */
#include "folder.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/lease_page.h"
#include "daemon/will_helper.h"
#include "goose/lease_page.h"

#define MS UINT64_C(1000)

static struct rig {
    struct will_shared *shared;
    struct lease_page *page;
    pid_t daemon;
    pid_t helper;
    int gifts;
    int lock;  /* in the helper's hands too, as of one open file */
    int rival; /* another open file of it */
    int to_helper;
    int ear; /* where its datagrams arrive */
} rig;

static void give(enum will_gift which, int fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof fd)];
    } control = {.bytes = {0}};
    uint8_t byte = (uint8_t)which;
    struct iovec one = {&byte, 1};
    struct msghdr message = {.msg_iov = &one,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);

    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    assert_int_equal(sendmsg(rig.gifts, &message, 0), 1);
}

static int udp_socket(union socket_address *at)
{
    socklen_t length = sizeof *at;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memset(at, 0, sizeof *at);
    at->in.sin_family = AF_INET;
    at->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, &at->any, sizeof at->in), 0);
    assert_int_equal(getsockname(fd, &at->any, &length), 0);
    return fd;
}

static void write_letter(int text, const char *word)
{
    struct will_letter *letter = &rig.shared->text[text].letter[0];
    union socket_address here;
    socklen_t length = sizeof here;

    assert_int_equal(getsockname(rig.ear, &here.any, &length), 0);
    letter->to = here;
    letter->bytes = (uint16_t)strlen(word);
    memcpy(letter->datagram, word, strlen(word));
    rig.shared->text[text].letters = 1;
    rig.shared->text[text].stagger_us = 10000;
}

/* With none of the handlers of a test. */
static _Noreturn void be_daemon(void)
{
    signal(SIGSEGV, SIG_DFL);
    signal(SIGABRT, SIG_DFL);
    for (;;)
        pause();
}

static void start_processes(void)
{
    int pair[2];

    rig.daemon = fork();
    if (rig.daemon == 0) be_daemon();
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    rig.gifts = pair[0];
    int pidfd = (int)syscall(SYS_pidfd_open, rig.daemon, 0);
    assert_true(pidfd >= 0);
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    rig.helper = fork();
    if (rig.helper == 0) {
        close(pair[0]);
        will_helper(rig.shared, pidfd, pair[1]);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(pidfd);
    close(pair[1]);
}

/* All set, and the page says goose for an hour. */
static int begin(void **state)
{
    const struct lease_claim goose = {.goose = true, .term = 7, .lease_left_us = 3600000 * MS};
    union socket_address at;
    char why[256];

    if (folder_make(state) != 0) return -1;
    rig.shared =
        mmap(NULL, sizeof *rig.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    rig.page = lease_page_open(folder_file, why, sizeof why);
    lease_page_show(rig.page, lease_page_clock_ns(), &goose);
    rig.ear = udp_socket(&at);
    rig.to_helper = udp_socket(&at);
    char path[64];
    snprintf(path, sizeof path, "%s/lock", folder);
    rig.lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    rig.rival = open(path, O_RDWR | O_CLOEXEC);
    rig.shared->with_page = true;
    write_letter(0, "the will");
    start_processes();
    return flock(rig.lock, LOCK_EX) == 0 ? 0 : -1;
}

static void give_all(void)
{
    give(WILL_GIFT_LOCK, rig.lock);
    give(WILL_GIFT_PAGE, lease_page_descriptor(rig.page));
    give(WILL_GIFT_SOCKET, rig.to_helper);
    close(rig.lock);
}

static void daemon_dies(int number)
{
    kill(rig.daemon, number);
    kill(rig.daemon, SIGCONT);
    waitpid(rig.daemon, NULL, 0);
}

/* Within so long. */
static bool hears(int ms, const char *word)
{
    struct pollfd ear = {.fd = rig.ear, .events = POLLIN};
    char heard[64] = "";

    if (poll(&ear, 1, ms) != 1) return false;
    assert_true(recv(rig.ear, heard, sizeof heard - 1, 0) > 0);
    assert_string_equal(heard, word);
    return true;
}

static enum goose_lease_answer page_says(void)
{
    struct goose_lease_reader reader;
    struct goose_lease lease;

    assert_true(goose_lease_open_file(&reader, folder_file));
    enum goose_lease_answer answer = goose_lease_read(&reader, &lease);
    goose_lease_close(&reader);
    return answer;
}

static bool lock_is_free(void)
{
    bool is_free = flock(rig.rival, LOCK_EX | LOCK_NB) == 0;

    if (is_free) flock(rig.rival, LOCK_UN);
    return is_free;
}

static void helper_ends(void)
{
    int status = -1;

    assert_int_equal(waitpid(rig.helper, &status, 0), rig.helper);
    rig.helper = 0;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(lock_is_free());
}

static int end(void **state)
{
    if (rig.helper > 0) kill(rig.helper, SIGKILL);
    if (rig.helper > 0) waitpid(rig.helper, NULL, 0);
    kill(rig.daemon, SIGKILL);
    waitpid(rig.daemon, NULL, 0);
    lease_page_close(rig.page);
    munmap(rig.shared, sizeof *rig.shared);
    close(rig.gifts);
    close(rig.lock);
    close(rig.rival);
    close(rig.to_helper);
    close(rig.ear);
    return folder_remove(state);
}

/* The page first: who hears the will finds no claim there. */
static void test_it_speaks_three_times(void **state)
{
    (void)state;
    give_all();
    daemon_dies(SIGSEGV);
    assert_true(hears(5000, "the will"));
    assert_int_equal(page_says(), GOOSE_LEASE_DUCK);
    assert_true(hears(5000, "the will"));
    assert_true(hears(5000, "the will"));
    helper_ends();
    assert_false(hears(0, ""));
    for (size_t i = 0; i < sizeof *rig.shared; i++)
        assert_int_equal(((const uint8_t *)rig.shared)[i], 0);
}

/* Nothing but the death of the daemon is its death. */
static void test_who_is_stopped_is_not_dead(void **state)
{
    (void)state;
    give_all();
    kill(rig.daemon, SIGSTOP);
    close(rig.gifts);
    rig.gifts = -1;
    kill(rig.helper, SIGTERM);
    kill(rig.helper, SIGINT);
    kill(rig.helper, SIGHUP);
    assert_false(hears(300, ""));
    assert_int_equal(page_says(), GOOSE_LEASE_GOOSE);
    daemon_dies(SIGKILL);
    assert_true(hears(5000, "the will"));
}

/* Nobody starts there meanwhile, and no claim stands there. */
static void test_it_waits_for_the_last_hold(void **state)
{
    uint64_t hold_end_us = clock_now_us() + 600 * MS;

    (void)state;
    atomic_store(&rig.shared->hold_end_us, hold_end_us);
    give_all();
    daemon_dies(SIGKILL);
    while (page_says() != GOOSE_LEASE_DUCK && clock_now_us() < hold_end_us)
        hears(1, "");
    assert_false(lock_is_free() && clock_now_us() < hold_end_us);
    assert_true(hears(5000, "the will"));
    assert_true(clock_now_us() >= hold_end_us);
    assert_false(lock_is_free());
    helper_ends();
}

static void test_a_long_hold_is_left_to_the_lease(void **state)
{
    (void)state;
    atomic_store(&rig.shared->hold_end_us, clock_now_us() + 60000 * MS);
    give_all();
    daemon_dies(SIGKILL);
    helper_ends();
    assert_false(hears(0, ""));
    assert_int_equal(page_says(), GOOSE_LEASE_GOOSE);
}

static void test_without_its_page_it_says_nothing(void **state)
{
    int read_only = open(folder_file, O_RDONLY | O_CLOEXEC);

    (void)state;
    give(WILL_GIFT_LOCK, rig.lock);
    close(rig.lock);
    give(WILL_GIFT_SOCKET, rig.to_helper);
    give(WILL_GIFT_PAGE, read_only);
    close(read_only);
    daemon_dies(SIGKILL);
    helper_ends();
    assert_false(hears(0, ""));
}

static void test_without_the_lock_it_says_nothing(void **state)
{
    (void)state;
    give(WILL_GIFT_PAGE, lease_page_descriptor(rig.page));
    give(WILL_GIFT_SOCKET, rig.to_helper);
    close(rig.lock);
    daemon_dies(SIGKILL);
    helper_ends();
    assert_false(hears(0, ""));
}

/* The daemon died while it wrote: what stood there before is whole, and still true. */
static void test_the_older_text_is_still_true(void **state)
{
    (void)state;
    write_letter(1, "half a w");
    give_all();
    daemon_dies(SIGKILL);
    assert_true(hears(5000, "the will"));
}

static void test_who_claims_nothing_leaves_nothing(void **state)
{
    (void)state;
    rig.shared->text[1].letters = 0;
    atomic_store(&rig.shared->written, 1);
    give_all();
    daemon_dies(SIGKILL);
    helper_ends();
    assert_false(hears(0, ""));
}

/* A socket that was bound later takes the place of the first. */
static void test_the_newest_socket_counts(void **state)
{
    union socket_address at, from;
    socklen_t length = sizeof from;
    int later = udp_socket(&at);
    char heard[64];

    (void)state;
    give_all();
    give(WILL_GIFT_SOCKET, later);
    close(later);
    daemon_dies(SIGABRT);
    assert_true(recvfrom(rig.ear, heard, sizeof heard, 0, &from.any, &length) > 0);
    assert_int_equal(from.in.sin_port, at.in.sin_port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_speaks_three_times, begin, end),
        cmocka_unit_test_setup_teardown(test_who_is_stopped_is_not_dead, begin, end),
        cmocka_unit_test_setup_teardown(test_it_waits_for_the_last_hold, begin, end),
        cmocka_unit_test_setup_teardown(test_a_long_hold_is_left_to_the_lease, begin, end),
        cmocka_unit_test_setup_teardown(test_without_its_page_it_says_nothing, begin, end),
        cmocka_unit_test_setup_teardown(test_without_the_lock_it_says_nothing, begin, end),
        cmocka_unit_test_setup_teardown(test_the_older_text_is_still_true, begin, end),
        cmocka_unit_test_setup_teardown(test_who_claims_nothing_leaves_nothing, begin, end),
        cmocka_unit_test_setup_teardown(test_the_newest_socket_counts, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
