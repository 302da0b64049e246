/* on_change.c: see on_change.h. One timer says what is due: the next run, its end by TERM, or by KILL. */
#include "daemon/on_change.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/child.h"

#define VARIABLES  6
#define TEXT_BYTES 128 /* NAME=VALUE, of an address or a flock's name at most */

_Static_assert(TEXT_BYTES >= sizeof "GOOSE_ADDRESS=" + GOOSE_ADDRESS_CHARS_MAX, "an address fits");

extern char **environ;

struct run {
    bool is_goose;
    uint64_t term;
    char address[GOOSE_ADDRESS_CHARS_MAX + 1];
};

enum phase { RESTS, RUNS, TERMINATED, KILLED };

struct on_change {
    struct on_change_parts parts;
    uv_signal_t children;
    uv_timer_t timer;
    enum phase phase;
    pid_t pid; /* while not RESTS */
    bool closing;
    uint64_t begun_ms;
    uint64_t over_ms; /* closing: then only the newest is run */
    uint64_t missed;  /* before the oldest that waits */
    struct run now;
    size_t oldest;
    size_t count;
    struct run queue[ON_CHANGE_QUEUE];
};

static void due(uv_timer_t *timer);

static const char *role_of(const struct run *run)
{
    return run->is_goose ? "goose" : "duck";
}

static uint64_t timeout_ms(const struct on_change *on_change)
{
    return on_change->parts.timeout_us / 1000;
}

static void set_timer(struct on_change *on_change, uint64_t ms)
{
    uv_timer_start(&on_change->timer, due, ms, 0);
}

/* ---- the environment ---- */

struct variables {
    char text[VARIABLES][TEXT_BYTES];
    char **all; /* these, and what else this process was given */
};

static const char *const names[VARIABLES] = {
    "GOOSE_ROLE=", "GOOSE_TERM=", "GOOSE_ADDRESS=", "GOOSE_SELF=", "GOOSE_FLOCK=", "GOOSE_MISSED="};

static bool is_own(const char *variable)
{
    for (size_t i = 0; i < VARIABLES; i++)
        if (strncmp(variable, names[i], strlen(names[i])) == 0) return true;
    return false;
}

static bool make_variables(const struct on_change *on_change, struct variables *variables)
{
    char term[24], missed[24];
    const struct run *run = &on_change->now;
    const char *const values[VARIABLES] = {
        role_of(run), term, run->address, on_change->parts.self, on_change->parts.flock, missed};
    size_t count = 0, room = VARIABLES + 1;

    snprintf(term, sizeof term, "%" PRIu64, run->term);
    snprintf(missed, sizeof missed, "%" PRIu64, on_change->missed);
    for (char *const *at = environ; *at != NULL; at++)
        room++;
    variables->all = malloc(room * sizeof *variables->all);
    if (variables->all == NULL) return false;
    for (char *const *at = environ; *at != NULL; at++)
        if (!is_own(*at)) variables->all[count++] = *at;
    for (size_t i = 0; i < VARIABLES - (on_change->missed == 0); i++) {
        snprintf(variables->text[i], TEXT_BYTES, "%s%s", names[i], values[i]);
        variables->all[count++] = variables->text[i];
    }
    variables->all[count] = NULL;
    return true;
}

/* ---- a run ---- */

static void said(struct on_change *on_change, int status)
{
    const struct run *run = &on_change->now;
    uint64_t took_ms = uv_now(on_change->parts.loop) - on_change->begun_ms;
    char how[64];

    if (WIFSIGNALED(status))
        snprintf(how, sizeof how, "ended by signal %d", WTERMSIG(status));
    else
        snprintf(how, sizeof how, "exit status %d", WEXITSTATUS(status));
    if (status == 0)
        log_info(on_change->parts.log,
                 "on-change role=%s term=%" PRIu64 ": %s after %" PRIu64 " ms", role_of(run),
                 run->term, how, took_ms);
    else
        log_warn(on_change->parts.log,
                 "on-change role=%s term=%" PRIu64 ": %s after %" PRIu64 " ms%s", role_of(run),
                 run->term, how, took_ms, on_change->phase != RUNS ? ", its time was up" : "");
}

static void rest(struct on_change *on_change)
{
    on_change->phase = RESTS;
    set_timer(on_change, 0);
}

/* This process has no other children; as the first process of a container it buries what its runs leave behind. What is
 * left of a group whose time was up goes with its leader, before whose burial the group's number is nobody else's; a run
 * that ended by itself may leave something behind. */
static void bury(uv_signal_t *children, int number)
{
    struct on_change *on_change = children->data;
    siginfo_t dead;
    int status;

    (void)number;
    for (;;) {
        dead.si_pid = 0;
        if (waitid(P_ALL, 0, &dead, WEXITED | WNOHANG | WNOWAIT) != 0 || dead.si_pid == 0) return;
        bool ended = on_change->phase != RESTS && dead.si_pid == on_change->pid;
        if (ended && on_change->phase != RUNS) kill(-on_change->pid, SIGKILL);
        if (waitpid(dead.si_pid, &status, WNOHANG) != dead.si_pid || !ended) continue;
        said(on_change, status);
        rest(on_change);
    }
}

/* This process ends, and what waited had its time. */
static bool is_late(const struct on_change *on_change)
{
    return on_change->closing && uv_now(on_change->parts.loop) >= on_change->over_ms;
}

static void leave_out(struct on_change *on_change, size_t count)
{
    on_change->oldest = (on_change->oldest + count) % ON_CHANGE_QUEUE;
    on_change->count -= count;
    on_change->missed += count;
    log_warn(on_change->parts.log, "on-change: %zu left out of %zu changes that wait", count,
             on_change->count + count);
}

static void begin(struct on_change *on_change)
{
    struct variables variables;
    uint64_t most_ms = timeout_ms(on_change), now_ms = uv_now(on_change->parts.loop);

    on_change->now = on_change->queue[on_change->oldest];
    on_change->oldest = (on_change->oldest + 1) % ON_CHANGE_QUEUE;
    on_change->count--;
    on_change->begun_ms = now_ms;
    bool made = make_variables(on_change, &variables);
    on_change->pid = made ? child_begin(on_change->parts.command, variables.all) : -1;
    int error = made ? errno : ENOMEM;
    if (made) free(variables.all);
    on_change->missed = 0;
    if (on_change->pid < 0) {
        log_warn(on_change->parts.log, "on-change role=%s term=%" PRIu64 ": cannot be run: %s",
                 role_of(&on_change->now), on_change->now.term, strerror(error));
        rest(on_change);
        return;
    }
    on_change->phase = RUNS;
    if (on_change->closing && !is_late(on_change)) most_ms = on_change->over_ms - now_ms;
    set_timer(on_change, most_ms);
}

/* ---- the end ---- */

static void timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void children_closed(uv_handle_t *handle)
{
    struct on_change *on_change = handle->data;

    uv_close((uv_handle_t *)&on_change->timer, timer_closed);
}

static void due(uv_timer_t *timer)
{
    struct on_change *on_change = timer->data;

    switch (on_change->phase) {
    case RESTS:
        if (is_late(on_change) && on_change->count > 1) leave_out(on_change, on_change->count - 1);
        if (on_change->count > 0)
            begin(on_change);
        else if (on_change->closing)
            uv_close((uv_handle_t *)&on_change->children, children_closed);
        break;
    case RUNS:
        on_change->phase = TERMINATED;
        kill(-on_change->pid, SIGTERM);
        set_timer(on_change, ON_CHANGE_GRACE_MS);
        break;
    case TERMINATED:
        on_change->phase = KILLED;
        kill(-on_change->pid, SIGKILL);
        set_timer(on_change, ON_CHANGE_GRACE_MS);
        break;
    case KILLED:
        /* It hangs in the kernel, and has to be left to it: this process can end all the same. */
        if (on_change->closing)
            rest(on_change);
        else
            set_timer(on_change, ON_CHANGE_GRACE_MS);
        break;
    }
}

struct on_change *on_change_new(const struct on_change_parts *parts)
{
    struct on_change *on_change = calloc(1, sizeof *on_change);

    if (on_change == NULL) return NULL;
    on_change->parts = *parts;
    if (uv_signal_init(parts->loop, &on_change->children) != 0) {
        free(on_change);
        return NULL;
    }
    uv_timer_init(parts->loop, &on_change->timer);
    on_change->timer.data = on_change->children.data = on_change;
    uv_signal_start(&on_change->children, bury, SIGCHLD);
    return on_change;
}

void on_change_tell(void *to, const struct change *change)
{
    struct on_change *on_change = to;

    if (!change->of_goose || on_change->closing) return;
    if (on_change->count == ON_CHANGE_QUEUE) leave_out(on_change, 1);
    struct run *run = &on_change->queue[(on_change->oldest + on_change->count++) % ON_CHANGE_QUEUE];
    run->is_goose = change->is_goose;
    run->term = change->term;
    memcpy(run->address, change->to, sizeof run->address);
    if (on_change->phase == RESTS) set_timer(on_change, 0);
}

/* A run that is under way has begun before: its own end is no later than this one. */
void on_change_close(struct on_change *on_change)
{
    if (on_change == NULL || on_change->closing) return;
    on_change->closing = true;
    on_change->over_ms = uv_now(on_change->parts.loop) + timeout_ms(on_change);
    if (on_change->phase == RESTS) set_timer(on_change, 0);
}
