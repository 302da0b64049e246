/* last_will.c: see last_will.h. The will lies in memory that both processes share. Nothing here waits but the end. */
#include "daemon/last_will.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "goose/wire.h"

/* An address that was found by its name may change, or be found at last. */
#define NAMES_AGAIN_US UINT64_C(100000)

struct last_will {
    struct will_shared *shared;
    uint64_t known; /* a digest of what stands there */
    struct log *log;
    uv_poll_t ended;
    int helper; /* its pidfd */
    int gifts;
    bool watched;
    bool deaf; /* something could not be handed over: it cannot speak */
    bool by_name;
    uint64_t written_us;
};

bool last_will_is_vain(void)
{
    return getpid() == 1;
}

/* glibc has it since 2.36. */
static int open_pidfd(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* What ps shows of it: the words of the command line lie one behind the other. */
static void rename_process(int argc, char **argv)
{
    size_t room = argc > 0 ? (size_t)(argv[argc - 1] + strlen(argv[argc - 1]) - argv[0]) : 0;

    if (argc == 0) return;
    memset(argv[0], 0, room);
    snprintf(argv[0], room + 1, "goosed-will");
}

/* No handler and no signal of the parent's meets the child. */
static pid_t fork_helper(struct last_will *will, int argc, char **argv, int parent, int gifts)
{
    sigset_t all, before;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t child = fork();
    if (child == 0) {
        rename_process(argc, argv);
        will_helper(will->shared, parent, gifts);
    }
    int error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return child;
}

static bool start(struct last_will *will, int argc, char **argv)
{
    int pair[2], parent = open_pidfd(getpid());

    if (parent < 0) return false;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        close(parent);
        return false;
    }
    pid_t pid = fork_helper(will, argc, argv, parent, pair[1]);
    will->helper = pid > 0 ? open_pidfd(pid) : -1;
    will->gifts = pair[0];
    int error = errno;
    close(parent);
    close(pair[1]);
    errno = error;
    return will->helper >= 0;
}

struct last_will *last_will_begin(int argc, char **argv, bool with_page, char *why,
                                  size_t why_bytes)
{
    struct last_will *will = calloc(1, sizeof *will);
    void *at = mmap(NULL, sizeof(struct will_shared), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (will != NULL && at != MAP_FAILED) {
        will->shared = at;
        will->shared->with_page = with_page;
        if (start(will, argc, argv)) return will;
    }
    snprintf(why, why_bytes, "--last-will: its helper cannot be started: %s%s", strerror(errno),
             errno == ENOSYS ? "; it needs Linux 5.9" : "");
    free(will);
    return NULL;
}

static void helper_ended(uv_poll_t *handle, int status, int events)
{
    struct last_will *will = handle->data;

    (void)status;
    (void)events;
    uv_poll_stop(handle);
    waitid(P_PIDFD, (id_t)will->helper, NULL, WEXITED | WNOHANG);
    log_warn(will->log,
             "the helper of --last-will has ended: if this process dies, the others wait "
             "for its lease; start it anew to change that");
}

bool last_will_watch(struct last_will *will, uv_loop_t *loop, struct log *log)
{
    if (will == NULL) return true;
    will->log = log;
    will->ended.data = will;
    if (uv_poll_init(loop, &will->ended, will->helper) != 0) return false;
    will->watched = true;
    uv_poll_start(&will->ended, UV_READABLE, helper_ended);
    return true;
}

void last_will_give(struct last_will *will, enum will_gift which, int fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof fd)];
    } control = {.bytes = {0}};
    uint8_t byte = (uint8_t)which;
    struct iovec one = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &one,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};

    if (will == NULL) return;
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    if (sendmsg(will->gifts, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == 1) return;
    will->deaf = true;
    last_will_revoke(will);
    log_error(will->log, "the helper of --last-will cannot be reached: %s", strerror(errno));
}

/* Into the text that is not in force; then that one is. */
static struct will_text *text_begin(struct last_will *will)
{
    return &will->shared->text[(atomic_load(&will->shared->written) + 1) % 2];
}

static void text_end(struct last_will *will)
{
    atomic_fetch_add(&will->shared->written, 1);
}

/* False: its address is not known. */
static bool put_letter(struct will_letter *letter, const struct goose_send *send,
                       const struct goose_roster *roster, struct udp *udp)
{
    uint8_t datagram[GOOSE_DATAGRAM_BYTES_MAX];
    size_t count = goose_wire_encode(&send->message, roster, datagram);

    count = udp_seal(udp, send, datagram, count, &letter->to);
    assert(count <= sizeof letter->datagram);
    letter->bytes = (uint16_t)count;
    memcpy(letter->datagram, datagram, count);
    return count > 0;
}

static void put_text(struct last_will *will, const struct goose_will *made,
                     const struct goose_roster *roster, struct udp *udp)
{
    struct will_text *text = text_begin(will);

    text->stagger_us = made->stagger_us;
    text->letters = 0;
    will->by_name = false;
    for (int i = 0; i < made->send_count; i++) {
        if (!made->sends[i].has_endpoint) will->by_name = true;
        text->letters += put_letter(&text->letter[text->letters], &made->sends[i], roster, udp);
    }
    text_end(will);
}

/* What is said, and to where. By the bytes: an older will is still true, so one that is taken for the same does no harm. */
static uint64_t digest_of(const struct goose_will *made, const struct goose_roster *roster)
{
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];
    uint64_t digest = made->stagger_us;

    for (int i = 0; i < made->send_count; i++) {
        const struct goose_send *send = &made->sends[i];
        size_t count = goose_wire_encode(&send->message, roster, bytes);
        digest = goose_digest_bytes(digest, bytes, count);
        digest = send->has_endpoint
                     ? goose_digest_bytes(digest, send->endpoint.bytes, sizeof send->endpoint.bytes)
                     : goose_digest_bytes(digest, send->address.at, send->address.bytes);
    }
    return digest;
}

/* PROTOCOL 7: the end of a hold stands in the will before anybody hears of it. */
void last_will_write(struct last_will *will, const struct goose_election *e, struct udp *udp,
                     bool anew)
{
    struct goose_will made;

    if (will == NULL || will->deaf) return;
    goose_election_will(e, &made);
    if (made.hold_end_us > atomic_load(&will->shared->hold_end_us))
        atomic_store(&will->shared->hold_end_us, made.hold_end_us);
    uint64_t now_us = clock_now_us(), digest = digest_of(&made, goose_election_roster(e));
    bool names_again = will->by_name && now_us >= will->written_us + NAMES_AGAIN_US;
    if (digest == will->known && !anew && !names_again) return;
    will->known = digest;
    will->written_us = now_us;
    put_text(will, &made, goose_election_roster(e), udp);
}

void last_will_revoke(struct last_will *will)
{
    if (will == NULL) return;
    text_begin(will)->letters = 0;
    text_end(will);
    will->deaf = true;
    if (will->watched && !uv_is_closing((uv_handle_t *)&will->ended))
        uv_close((uv_handle_t *)&will->ended, NULL);
}

void last_will_free(struct last_will *will)
{
    if (will == NULL) return;
    struct pollfd ended = {.fd = will->helper, .events = POLLIN};
    syscall(SYS_pidfd_send_signal, will->helper, SIGKILL, NULL, 0);
    while (poll(&ended, 1, -1) < 0) {
    }
    waitid(P_PIDFD, (id_t)will->helper, NULL, WEXITED | WNOHANG);
    close(will->helper);
    close(will->gifts);
    explicit_bzero(will->shared, sizeof *will->shared);
    munmap(will->shared, sizeof *will->shared);
    free(will);
}
