/* guard.c: see guard.h. From its start on the guard waits for nothing but its own timer, its parent's end and the job's;
 * it takes no memory and prints nothing. */
#include "job/guard.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "job/kill_tree.h"

/* Each of them only where it is permitted. What is forked starts without. */
void watch_begin(void)
{
    const struct sched_param first = {.sched_priority = 1};

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    tree_begin();
    sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first);
    mlockall(MCL_CURRENT);
}

void job_tell_to_end(struct job_facts *facts)
{
    pid_t job = atomic_load(&facts->job);

    if (job == 0 || atomic_exchange(&facts->told_to_end, true)) return;
    kill(-job, SIGTERM);
    kill(-job, SIGCONT);
}

/* First what waits for nobody. Control groups have one lock for the whole machine. */
pid_t job_kill(struct guarded *guarded, int *status)
{
    pid_t job = atomic_load(&guarded->facts->job);

    if (job > 0) kill(-job, SIGKILL);
    if (job > 0) guarded->killed = job;
    atomic_store(&guarded->facts->job, 0); /* its number may soon be another's */
    if (tree_kill_children(guarded->killed, status)) return 0;
    cgroup_kill(&guarded->cgroup);
    return tree_kill(guarded->killed, status);
}

/* ---- the job ---- */

/* The last look is behind all that could have taken long. Should it take long between here and there, then the guard,
 * which has its timer set already, ends this process before it becomes the command. */
static _Noreturn void become_job(struct guarded *guarded, pid_t guard)
{
    char term[24];

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "goosectl-job");
    cgroup_enter(&guarded->cgroup);
    snprintf(term, sizeof term, "%" PRIu64, guarded->deadline.term);
    setenv("GOOSE_TERM", term, 1);
    sigprocmask(SIG_SETMASK, &guarded->signals, NULL);
    deadline_look(&guarded->deadline);
    if (getppid() != guard || goose_lease_clock_ns() >= deadline_term_ns(&guarded->deadline)) {
        atomic_store(&guarded->facts->told_to_end, true);
        _exit(1);
    }
    execvp(guarded->command[0], guarded->command);
    int error = errno;
    fprintf(stderr, "goosectl: run: %s: %s\n", guarded->command[0], strerror(error));
    _exit(error == ENOENT ? 127 : 126); /* as a shell has it */
}

/* ---- the guard ---- */

struct guard {
    struct guarded *guarded;
    pid_t job;
    int timer;
    int children;
};

/* Strays that have come down to the guard are taken leave of; the job itself is left as it is, and with it its number. */
static bool job_has_ended(const struct guard *guard)
{
    for (;;) {
        siginfo_t info = {.si_pid = 0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
            return false;
        if (info.si_pid == guard->job) return true;
        waitpid(info.si_pid, NULL, WNOHANG);
    }
}

/* Until the next look at the page, at most. */
static void wait_a_moment(const struct guard *guard, uint64_t until_ns)
{
    struct pollfd fds[] = {{.fd = guard->timer, .events = POLLIN},
                           {.fd = guard->children, .events = POLLIN},
                           {.fd = guard->guarded->life, .events = POLLIN}};
    struct signalfd_siginfo child;
    uint64_t times;

    deadline_arm(guard->timer, until_ns);
    poll(fds, sizeof fds / sizeof fds[0], -1);
    (void)!read(guard->timer, &times, sizeof times);
    while (read(guard->children, &child, sizeof child) > 0) {
    }
}

static bool parent_is_gone(const struct guard *guard)
{
    struct pollfd life = {.fd = guard->guarded->life, .events = POLLIN};
    return poll(&life, 1, 0) != 0;
}

static void watch(const struct guard *guard)
{
    struct deadline *deadline = &guard->guarded->deadline;

    while (!job_has_ended(guard) && !parent_is_gone(guard)) {
        deadline_look(deadline);
        uint64_t now_ns = goose_lease_clock_ns(), kill_ns = deadline_kill_ns(deadline);
        uint64_t until_ns = now_ns + deadline_look_ns(deadline),
                 term_ns = deadline_term_ns(deadline);
        if (now_ns >= term_ns) job_tell_to_end(guard->guarded->facts);
        if (now_ns >= kill_ns) return;
        if (term_ns > now_ns && term_ns < until_ns) until_ns = term_ns;
        if (kill_ns < until_ns) until_ns = kill_ns;
        wait_a_moment(guard, until_ns);
    }
}

/* Without a secret in it the guard may be looked at again: where /proc hides who may not, its parent has to find it. */
static void forget_token(struct guarded *guarded)
{
    if (guarded->token != NULL) explicit_bzero(guarded->token, guarded->token_bytes);
    prctl(PR_SET_DUMPABLE, 1);
}

static _Noreturn void become_guard(struct guarded *guarded)
{
    struct guard guard = {.guarded = guarded, .timer = deadline_timer()};
    pid_t self = getpid();
    sigset_t child;
    int status = 0;

    forget_token(guarded);
    setpgid(
        0,
        0); /* what is typed at the terminal, and meant for a process group, does not reach both */
    prctl(PR_SET_NAME, "goosectl-guard");
    watch_begin();
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    guard.children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (guard.timer < 0 || guard.children < 0) _exit(1);
    guard.job = fork();
    if (guard.job < 0) _exit(1);
    if (guard.job == 0) become_job(guarded, self);
    setpgid(guard.job, guard.job);
    atomic_store(&guarded->facts->job, guard.job);
    watch(&guard);
    pid_t left = job_kill(guarded, &status);
    if (left == 0) cgroup_remove(&guarded->cgroup); /* its parent may be gone */
    (void)!write(guarded->news, &status, sizeof status);
    for (; left != 0; left = job_kill(guarded, &status)) /* its parent says so */
        sleep(1);
    cgroup_remove(&guarded->cgroup);
    _exit(0);
}

/* Each end of a pipe is open in one process only, or nobody would see the other one die. */
pid_t guard_start(struct guarded *guarded)
{
    int life[2], news[2];

    if (pipe2(life, O_CLOEXEC) != 0) return -1;
    if (pipe2(news, O_CLOEXEC) != 0) {
        close(life[0]);
        close(life[1]);
        return -1;
    }
    atomic_store(&guarded->facts->job, 0);
    atomic_store(&guarded->facts->told_to_end, false);
    guarded->killed = 0;
    pid_t guard = fork();
    if (guard == 0) {
        close(life[1]);
        close(news[0]);
        guarded->life = life[0];
        guarded->news = news[1];
        become_guard(guarded);
    }
    int error = errno;
    close(life[0]);
    close(news[1]);
    guarded->life = life[1];
    guarded->news = news[0];
    errno = error;
    return guard;
}
