/* will_helper.c: see will_helper.h. One wait, for the death of its parent. Then: the page first, the end of the last hold,
 * the will. It has no key and no thread, takes no memory, and prints nothing. */
#include "daemon/will_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/lease_page.h"

#define TIMES        3
#define GIVE_UP_US   UINT64_C(1000000) /* the next start waits for a little longer */
#define APART_US_MAX UINT64_C(100000)

struct helper {
    struct will_shared *shared;
    int gift[WILL_GIFTS]; /* -1: not yet */
};

/* Who stops a daemon may tell all its processes; this one ends when its parent has ended. */
static void be_left_alone(void)
{
    static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE};
    sigset_t none;

    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        signal(ignored[i], SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NAME, "goosed-will");
}

/* Nothing of the parent's stays open here for its sake: a terminal, a pipe that somebody reads to its end. */
static void close_all_but(int parent, int gifts)
{
    int low = parent < gifts ? parent : gifts, high = parent < gifts ? gifts : parent;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && null >= 0; fd++)
        dup2(null, fd);
    close_range(STDERR_FILENO + 1, (unsigned)low - 1, 0);
    if (high - low > 1) close_range((unsigned)low + 1, (unsigned)high - 1, 0);
    close_range((unsigned)high + 1, ~0U, 0);
}

/* -1: none came along. */
static int descriptor_of(struct msghdr *message)
{
    struct cmsghdr *control = CMSG_FIRSTHDR(message);
    int fd = -1;

    if (control == NULL || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
        return -1;
    memcpy(&fd, CMSG_DATA(control), sizeof fd);
    return fd;
}

/* False: there is none, and where `*open` is false by now, none will come. */
static bool take_gift(struct helper *helper, int gifts, bool *open)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    uint8_t which = WILL_GIFTS;
    struct iovec byte = {.iov_base = &which, .iov_len = 1};
    struct msghdr message = {.msg_iov = &byte,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t count = recvmsg(gifts, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    if (count != 1) {
        *open = count < 0 && (errno == EAGAIN || errno == EINTR);
        return false;
    }
    int fd = descriptor_of(&message);
    if (fd < 0 || which >= WILL_GIFTS) return true;
    if (helper->gift[which] >= 0) close(helper->gift[which]);
    helper->gift[which] = fd;
    return true;
}

/* That the other end of the gifts is closed means nothing: it may be closed, or lost, in a daemon that lives. */
static void wait_for_death(struct helper *helper, int parent, int gifts)
{
    struct pollfd fds[] = {{.fd = parent, .events = POLLIN}, {.fd = gifts, .events = POLLIN}};
    bool open = true;

    while ((fds[0].revents & POLLIN) == 0) {
        fds[0].revents = 0;
        (void)poll(fds, 2, -1);
        while (open && take_gift(helper, gifts, &open))
            continue;
        if (!open) fds[1].fd = -1;
    }
}

static void wait_until(uint64_t at_us)
{
    for (uint64_t now_us; (now_us = clock_now_us()) < at_us;) {
        uint64_t left_us = at_us - now_us;
        struct timespec left = {.tv_sec = (time_t)(left_us / 1000000),
                                .tv_nsec = (long)(left_us % 1000000) * 1000};
        nanosleep(&left, NULL);
    }
}

static void say(const struct helper *helper, const struct will_text *text)
{
    for (uint32_t i = 0; i < text->letters; i++) {
        const struct will_letter *letter = &text->letter[i];
        (void)!sendto(helper->gift[WILL_GIFT_SOCKET], letter->datagram, letter->bytes, MSG_DONTWAIT,
                      &letter->to.any, sizeof letter->to);
    }
}

/* PROTOCOL 7: where the page cannot be withdrawn, or a hold lasts long, the lease decides as it does without a will. */
static void carry_out(const struct helper *helper)
{
    struct will_shared *shared = helper->shared;
    const struct will_text *text = &shared->text[atomic_load(&shared->written) % 2];
    uint64_t hold_end_us = atomic_load(&shared->hold_end_us), apart_us = text->stagger_us / 2;

    if (text->letters == 0 || helper->gift[WILL_GIFT_LOCK] < 0 ||
        helper->gift[WILL_GIFT_SOCKET] < 0)
        return;
    if (hold_end_us > clock_now_us() + GIVE_UP_US) return;
    if (shared->with_page && !lease_page_withdraw(helper->gift[WILL_GIFT_PAGE])) return;
    wait_until(hold_end_us);
    if (apart_us > APART_US_MAX) apart_us = APART_US_MAX;
    uint64_t at_us = clock_now_us();
    for (int time = 0; time < TIMES; time++) {
        wait_until(at_us + (uint64_t)time * apart_us);
        say(helper, text);
    }
}

_Noreturn void will_helper(struct will_shared *shared, int parent, int gifts)
{
    struct helper helper = {.shared = shared, .gift = {-1, -1, -1}};

    be_left_alone();
    close_all_but(parent, gifts);
    wait_for_death(&helper, parent, gifts);
    carry_out(&helper);
    explicit_bzero(shared, sizeof *shared);
    /* Who has the state's lock next finds port and page free. */
    close(helper.gift[WILL_GIFT_SOCKET]);
    close(helper.gift[WILL_GIFT_PAGE]);
    close(helper.gift[WILL_GIFT_LOCK]);
    _exit(0);
}
