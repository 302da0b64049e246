/* run.c: `run`: a command that runs while this node is the goose, and is dead before another one is. This process asks the
 * node to hold the role for it, passes signals on and says how the command ended; src/job has the other that watches. It
 * says nothing before what it has to kill is dead: whoever reads that may be slow. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "ctl/commands.h"
#include "ctl/job_line.h"
#include "job/guard.h"
#include "job/kill_tree.h"
#include "job/lock.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define GRACE_US     UINT64_C(10000000)
#define GRACE_US_MAX UINT64_C(60000000)
#define MS           UINT64_C(1000000)
#define LOOK_NS      (20 * MS)   /* while there is nothing to do but wait for the role */
#define AGAIN_NS     (100 * MS)  /* before the node is asked again */
#define FIND_NS      (1000 * MS) /* before the page is looked for under its name again */
#define FOREIGN_MS   1000
#define GO_ON        (-1)

struct run {
    struct ctl *ctl;
    const char *page_path;
    bool at_once; /* -n */
    uint64_t grace_us;
    struct goose_lease_reader reader;
    struct guarded guarded;
    struct job_line line;
    int signals;
    int timer;
    struct job_lock lock;
    uint64_t ask_at_ns;
    uint64_t find_at_ns;
    bool foreign;     /* the page: some other file, and goosed would not take its place */
    const char *said; /* what stands in the way, said once */
};

static const int passed_on[] = {SIGHUP,  SIGINT,   SIGQUIT, SIGTERM, SIGUSR1,
                                SIGUSR2, SIGWINCH, SIGCONT, SIGTSTP};

/* ---- one of a kind ---- */

/* What this very job is called: a digest of whose it is, its page, where it runs, and the command. */
static uint64_t job_digest(const struct run *run)
{
    char *directory = getcwd(NULL, 0), *page = realpath(run->page_path, NULL);
    uint64_t digest = (uint64_t)getuid();

    if (page != NULL) digest = goose_digest_bytes(digest, page, strlen(page) + 1);
    if (directory != NULL) digest = goose_digest_bytes(digest, directory, strlen(directory) + 1);
    for (char **word = run->guarded.command; *word != NULL; word++)
        digest = goose_digest_bytes(digest, *word, strlen(*word) + 1);
    free(directory);
    free(page);
    return digest;
}

/* ---- waiting for the role ---- */

/* What keeps the command from starting, once each time that it is something else. */
static void say(struct run *run, const char *what, const char *why)
{
    if (run->said == what) return;
    run->said = what;
    ctl_fail(0, "run: %s%s%s%s", what, why[0] != 0 ? ": " : "", why,
             run->at_once || why[0] == 0 ? "" : "; trying on");
}

static void say_unreadable(struct run *run, int error)
{
    char why[512];

    snprintf(why, sizeof why, "%.384s: %s", run->page_path,
             ctl_page_problem(error, "it is no lease page any more"));
    say(run, "the lease page cannot be read", why);
}

static int signal_came(const struct run *run)
{
    struct signalfd_siginfo info;

    return read(run->signals, &info, sizeof info) == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

/* The page may be made only later, or again under the same name. */
static void find_page(struct run *run)
{
    struct goose_lease_reader found;
    uint64_t now_ns = goose_lease_clock_ns();

    if (now_ns < run->find_at_ns) return;
    run->find_at_ns = now_ns + FIND_NS;
    if (goose_lease_open_file(&found, run->page_path)) {
        goose_lease_close(&run->reader);
        run->reader = found;
    } else {
        run->foreign = errno == EINVAL && run->reader.file < 0;
        if (!run->foreign) say_unreadable(run, errno);
    }
}

static bool is_goose(struct run *run)
{
    struct goose_lease lease;

    if (run->reader.file < 0) return false;
    if (goose_lease_read(&run->reader, &lease) == GOOSE_LEASE_GOOSE) return true;
    if (!run->at_once) say(run, "this node is not the goose, so the command waits", "");
    return false;
}

static int refuse_line(const struct run *run)
{
    if (run->line.code == 401 || run->line.code == 403)
        return ctl_fail(CTL_UNKNOWN,
                        "run: %s wants to know who asks (HTTP %u): give --token-file FILE, or run "
                        "this on its machine",
                        run->ctl->at.chars, run->line.code);
    return ctl_fail(CTL_UNKNOWN,
                    "run: %s knows no jobs (HTTP %u): give a --grace of at most 60s, to a goosed "
                    "of this version",
                    run->ctl->at.chars, run->line.code);
}

/* The page shows the hold before the node says yes; so one look decides. */
static int try_to_begin(struct run *run)
{
    struct goose_lease lease;
    struct job_line *line = &run->line;

    run->ask_at_ns = goose_lease_clock_ns() + AGAIN_NS;
    if (!job_line_open(line, &run->ctl->at, run->ctl->token, run->grace_us)) {
        if (line->code >= 400 && line->code < 500) return refuse_line(run);
        if (line->code == 0) say(run, "the node does not hold its role", line->why);
        return GO_ON;
    }
    if (deadline_begin(&run->guarded.deadline, &run->reader)) return CTL_YES;
    job_line_close(line);
    if (goose_lease_read(&run->reader, &lease) != GOOSE_LEASE_GOOSE) return GO_ON;
    if (deadline_too_short(lease.lease_ns))
        return ctl_fail(CTL_UNKNOWN, "run: the lease is too short to end a command in half of it: "
                                     "give goosed a --lease of at least 30ms");
    if (lease.hold_end_ns == 0)
        say(run, "the page shows no hold", "are --at and --lease-page of one node?");
    return GO_ON;
}

static void wait_until(const struct run *run, uint64_t at_ns)
{
    struct pollfd fds[] = {{.fd = run->timer, .events = POLLIN},
                           {.fd = run->signals, .events = POLLIN},
                           {.fd = run->line.fd, .events = POLLIN},
                           {.fd = run->guarded.news, .events = POLLIN}};
    uint64_t times;

    deadline_arm(run->timer, at_ns);
    poll(fds, COUNT(fds), -1);
    (void)!read(run->timer, &times, sizeof times);
}

static bool ends_goosectl(int number)
{
    return number == SIGTERM || number == SIGINT || number == SIGQUIT || number == SIGHUP;
}

/* CTL_YES: the node is goose and holds its role for a job. Else how to end. */
static int wait_for_role(struct run *run)
{
    for (;;) {
        int number = signal_came(run);
        if (ends_goosectl(number)) return 128 + number;
        find_page(run);
        if (run->foreign)
            return ctl_fail(CTL_UNKNOWN,
                            "run: %.384s is no lease page: give the file that goosed was started "
                            "with",
                            run->page_path);
        bool goose = is_goose(run);
        bool alone = goose && (run->lock.fd >= 0 || job_lock_take(&run->lock, job_digest(run)));
        if (goose && !alone) say(run, "another goosectl runs this very command here", "");
        if (alone && goose_lease_clock_ns() >= run->ask_at_ns) {
            int status = try_to_begin(run);
            if (status != GO_ON) return status;
        }
        if (run->at_once) return run->reader.file < 0 ? CTL_UNKNOWN : CTL_NO;
        wait_until(run, goose_lease_clock_ns() + LOOK_NS);
    }
}

/* ---- while the command runs ---- */

struct session {
    uint64_t grace_end_ns; /* 0: not told to end */
    bool news;             /* how it ended is known */
    bool dead_guard;
    bool leaves; /* the role goes elsewhere on purpose */
    int status;
    int quit; /* the signal that told goosectl itself to end; 0: none */
};

static void tell_to_end(struct run *run, struct session *session, uint64_t now_ns)
{
    job_tell_to_end(run->guarded.facts);
    if (session->grace_end_ns == 0) session->grace_end_ns = now_ns + run->grace_us * 1000;
}

static void pass_on(struct run *run, struct session *session)
{
    for (int number = signal_came(run); number != 0; number = signal_came(run)) {
        pid_t job = atomic_load(&run->guarded.facts->job);
        if (ends_goosectl(number) && number != SIGHUP) session->quit = number;
        if (job > 0) kill(-job, number);
    }
}

static void hear_guard(struct run *run, struct session *session)
{
    struct pollfd news = {.fd = run->guarded.news, .events = POLLIN};

    if (poll(&news, 1, 0) == 0) return;
    session->news = read(run->guarded.news, &session->status, sizeof session->status) ==
                    (ssize_t)sizeof session->status;
    session->dead_guard = !session->news;
}

/* Until the command has ended, or has to be ended now. */
static void watch(struct run *run, struct session *session)
{
    struct deadline *deadline = &run->guarded.deadline;

    while (!session->news && !session->dead_guard) {
        deadline_look(deadline);
        uint64_t now_ns = goose_lease_clock_ns(), kill_ns = deadline_kill_ns(deadline);
        uint64_t until_ns = now_ns + deadline_look_ns(deadline),
                 term_ns = deadline_term_ns(deadline);
        if (run->line.fd >= 0 && job_line_read(&run->line) == LINE_LEAVE) session->leaves = true;
        if (session->leaves) tell_to_end(run, session, now_ns);
        if (now_ns >= term_ns) tell_to_end(run, session, now_ns);
        if (session->grace_end_ns != 0 && session->grace_end_ns < kill_ns)
            kill_ns = session->grace_end_ns;
        if (now_ns >= kill_ns) return;
        if (term_ns > now_ns && term_ns < until_ns) until_ns = term_ns;
        if (kill_ns < until_ns) until_ns = kill_ns;
        wait_until(run, until_ns);
        pass_on(run, session);
        hear_guard(run, session);
    }
}

static int exit_status(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* How goosectl ends, or GO_ON: the command did not end by itself. */
static int verdict(const struct run *run, const struct session *session)
{
    bool told = atomic_load(&run->guarded.facts->told_to_end);
    bool killed = session->status < 0 || WIFSIGNALED(session->status);

    if (!told && (session->news || !killed)) return exit_status(session->status);
    if (session->quit != 0) return killed ? 128 + session->quit : exit_status(session->status);
    if (session->dead_guard)
        ctl_fail(0, "run: the process that guards the command was killed, and the command with it");
    else
        ctl_fail(0, "run: %s: the command %s",
                 session->leaves ? "the role goes elsewhere" : "the lease runs out",
                 killed && WTERMSIG(session->status) == SIGKILL ? "was killed" : "has ended");
    return run->at_once ? CTL_NO : GO_ON;
}

/* What belongs to another user ends by itself, or never: the next command waits for it, who is told to end does not. */
static void kill_job(const struct run *run, struct guarded *guarded, struct session *session,
                     int *status)
{
    struct pollfd signals = {.fd = run->signals, .events = POLLIN};
    bool said = false;

    for (pid_t left = job_kill(guarded, status); left != 0; left = job_kill(guarded, status)) {
        if (!said)
            ctl_fail(
                0,
                "run: process %d of the command belongs to another user and cannot be killed: "
                "it goes on, whoever is the goose; let what changes its user end by itself, or "
                "run goosectl as root",
                (int)left);
        said = true;
        for (int number = signal_came(run); number != 0; number = signal_came(run))
            if (ends_goosectl(number)) session->quit = number;
        if (session->quit != 0) return;
        poll(&signals, 1, FOREIGN_MS);
    }
}

static int run_once(struct run *run)
{
    struct session session = {.status = -1};

    cgroup_make(&run->guarded.cgroup);
    pid_t guard = guard_start(&run->guarded);
    if (guard < 0) {
        say(run, "a process cannot be started", strerror(errno));
        cgroup_remove(&run->guarded.cgroup);
        job_line_close(&run->line);
        return GO_ON;
    }
    watch(run, &session);
    int status = -1;
    kill_job(run, &run->guarded, &session, &status);
    if (!session.news) session.status = status;
    close(run->guarded.life);
    close(run->guarded.news);
    run->guarded.news = -1;
    cgroup_remove(&run->guarded.cgroup);
    job_line_close(&run->line);
    run->said = NULL;
    return verdict(run, &session);
}

/* ---- the command line ---- */

static bool open_watch(struct run *run)
{
    sigset_t all, wanted;

    sigemptyset(&wanted);
    for (size_t i = 0; i < COUNT(passed_on); i++)
        sigaddset(&wanted, passed_on[i]);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &run->guarded.signals);
    run->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    run->timer = deadline_timer();
    void *facts = mmap(NULL, sizeof *run->guarded.facts, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (run->signals < 0 || run->timer < 0 || facts == MAP_FAILED) return false;
    run->guarded.facts = facts;
    tree_spare_present();
    watch_begin();
    return true;
}

static bool read_options(struct run *run, const char *grace)
{
    struct arguments *arguments = &run->ctl->arguments;

    run->grace_us = GRACE_US;
    if (grace != NULL &&
        (!duration_parse_us(span_of(grace), &run->grace_us) || run->grace_us > GRACE_US_MAX)) {
        ctl_fail(CTL_UNKNOWN,
                 "run: --grace %.64s: give a whole number and us, ms, s or m, at most 60s", grace);
        return false;
    }
    if (run->page_path == NULL || run->page_path[0] == 0) {
        ctl_fail(CTL_UNKNOWN,
                 "run: which lease page? Start goosed with --lease-page FILE, and give the same "
                 "here, or set GOOSED_LEASE_PAGE");
        return false;
    }
    if (arguments->count > 0 && strcmp(arguments->of[0], "--") == 0) {
        arguments->of++;
        arguments->count--;
    }
    run->guarded.command = arguments->of;
    run->guarded.token = run->ctl->token;
    run->guarded.token_bytes = sizeof run->ctl->token;
    arguments->of[arguments->count] = NULL; /* behind it stood main()'s */
    if (arguments->count > 0) return true;
    ctl_fail(CTL_UNKNOWN, "run: what? Give the command behind --, as in run -- ./job --fast");
    return false;
}

static int run(struct ctl *ctl)
{
    static struct run self; /* beside the tables of kill_tree.c: locked into memory alike */
    const char *grace = NULL;
    const struct option_known options[] = {{"--grace", &grace, NULL}, {"-n", NULL, &self.at_once}};

    self = (struct run){.ctl = ctl,
                        .page_path = ctl->lease_page,
                        .line = {.fd = -1},
                        .reader = {.file = -1},
                        .guarded.news = -1};
    if (!ctl_options(ctl, options, COUNT(options)) || !read_options(&self, grace))
        return CTL_UNKNOWN;
    if (!open_watch(&self))
        return ctl_fail(CTL_UNKNOWN, "run: cannot begin to watch: %s", strerror(errno));
    if (!job_lock_begin(&self.lock))
        return ctl_fail(CTL_UNKNOWN, "run: no place for its lock: %.384s", self.lock.why);
    int status = GO_ON;
    while (status == GO_ON) {
        status = wait_for_role(&self);
        if (status == CTL_YES) status = run_once(&self);
    }
    job_lock_end(&self.lock);
    return status;
}

const struct command job_command = {
    .name = "run",
    .arguments = "[--grace D] [-n] -- COMMAND ARGS...",
    .line = "runs COMMAND while this node is the goose",
    .needs_page = true,
    .more =
        "Needs the lease page of the node's goosed: --lease-page FILE, or GOOSED_LEASE_PAGE; of a\n"
        "service it is found.\n"
        "COMMAND gets GOOSE_TERM, and a process group of its own. All that it starts, daemons "
        "too,\n"
        "is dead before another node can be goose: SIGTERM when half a lease is left, SIGKILL in\n"
        "time. When the role goes elsewhere on purpose, that waits for COMMAND to end, at most D\n"
        "(10s). It is started again when this node is goose again, also in a new term. Signals "
        "are\n"
        "passed on. Ends as COMMAND does when that ends by itself (128 and the signal's number, "
        "if\n"
        "it was one; 126, 127: it cannot be run), and ends what COMMAND left behind.\n"
        "-n: exit status 1 at once where this node is not the goose, or no longer.\n"
        "\n"
        "Two processes watch over COMMAND, and either alone is enough. Nothing helps where both "
        "are\n"
        "stopped, or where a process hangs in the kernel, on a dead disk for example, and cannot\n"
        "die; what COMMAND has others do (a database, a container engine, sudo) goes on without "
        "it.\n"
        "After the machine was asleep, COMMAND runs on for the moment that it takes to kill it.\n",
    .changes = true,
    .carry_out = run,
};
