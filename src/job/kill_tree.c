/* kill_tree.c: see kill_tree.h. As long as a descendant lives, this process has a child: only when the kernel knows of none,
 * it is over. And whose parent has ended is this process's child: so to kill all children, again and again, ends all of a
 * tree, level by level, and is quick enough to catch who goes on as his own child. A look through /proc, which shows a
 * whole tree, is for what is left then: it is no instant, and it may have to wait for anybody who looks up the same
 * process, and who on a busy machine gets no processor to go on. */
#include "job/kill_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES_MAX 65536 /* further ones are found when these are gone */
#define SPARED_MAX    256
#define STAT_BYTES    1024
#define LIST_BYTES    32768
#define QUIET_LOOKS   5
#define QUICK_NS      UINT64_C(10000000)

struct process {
    pid_t pid;
    pid_t parent;
    unsigned long long born; /* with the pid: a name that is never used again */
    bool alive;
};

static struct process processes[PROCESSES_MAX]; /* by pid, as /proc lists them */
static int process_count;
static struct process spared[SPARED_MAX];
static int spared_count;
static int children_fd = -1;
static char list[LIST_BYTES] __attribute__((aligned(8)));

/* "17 (any ) name) S 1 17 17 ...": what stands behind the last parenthesis counts from field 3 on. A leader that has
 * ended shows as a zombie while its threads go on. */
static bool parse(char *text, struct process *process)
{
    char *at = strrchr(text, ')');

    if (at == NULL || at[1] != ' ' || at[2] == 0) return false;
    char state = at[2];
    unsigned long long fields[23] = {0};
    char *next = at + 3;
    for (int i = 4; i < 23; i++)
        fields[i] = strtoull(next, &next, 10);
    process->parent = (pid_t)fields[4];
    process->born = fields[22];
    process->alive = (state != 'Z' && state != 'X') || fields[20] > 1;
    return true;
}

static bool look_at(pid_t pid, struct process *process)
{
    char path[32] = "/proc/", digits[12], text[STAT_BYTES];
    size_t used = strlen(path), i = sizeof digits;

    process->pid = pid;
    for (pid_t left = pid; left > 0; left /= 10)
        digits[--i] = (char)('0' + left % 10);
    memcpy(path + used, digits + i, sizeof digits - i);
    memcpy(path + used + sizeof digits - i, "/stat", sizeof "/stat");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t bytes = read(fd, text, sizeof text - 1);
    close(fd);
    if (bytes <= 0) return false;
    text[bytes] = 0;
    return parse(text, process);
}

static void look(void)
{
    int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long bytes = 0;

    process_count = 0;
    if (fd < 0) return;
    while ((bytes = syscall(SYS_getdents64, fd, list, sizeof list)) > 0)
        for (long at = 0; at < bytes;) {
            const struct dirent64 *entry = (const void *)(list + at);
            char *end;
            unsigned long pid = strtoul(entry->d_name, &end, 10);
            at += entry->d_reclen;
            if (pid == 0 || *end != 0 || process_count == PROCESSES_MAX) continue;
            if (look_at((pid_t)pid, &processes[process_count])) process_count++;
        }
    close(fd);
}

static int by_pid(const void *a, const void *b)
{
    const struct process *x = a, *y = b;
    return (x->pid > y->pid) - (x->pid < y->pid);
}

static const struct process *find(pid_t pid)
{
    const struct process key = {.pid = pid};
    return bsearch(&key, processes, (size_t)process_count, sizeof processes[0], by_pid);
}

static bool is_spared(const struct process *process)
{
    for (int i = 0; i < spared_count; i++)
        if (spared[i].pid == process->pid && spared[i].born == process->born) return true;
    return false;
}

static bool descends(const struct process *process, pid_t from)
{
    for (int steps = 0; process != NULL && steps < process_count; steps++) {
        if (is_spared(process)) return false;
        if (process->parent == from) return true;
        process = find(process->parent);
    }
    return false;
}

/* Open for good: to find it by its name may take long, see above. */
void tree_begin(void)
{
    if (children_fd >= 0) close(children_fd);
    children_fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
}

void tree_spare_present(void)
{
    spared_count = 0;
    look();
    for (int i = 0; i < process_count && spared_count < SPARED_MAX; i++)
        if (descends(&processes[i], getpid())) spared[spared_count++] = processes[i];
}

/* By a handle on the very process that was looked at: its number may be another's by now. False: it is another user's. */
static bool kill_it(const struct process *process)
{
    struct process again;
    int fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
    bool mine = true;

    if (fd < 0) return true;
    if (look_at(process->pid, &again) && again.born == process->born)
        mine = syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0 || errno != EPERM;
    close(fd);
    return mine;
}

bool tree_reap(pid_t job, int *status)
{
    for (;;) {
        int ended;
        pid_t pid = waitpid(-1, &ended, WNOHANG);
        if (pid < 0) return false;
        if (pid == 0) return true;
        if (pid == job) *status = ended;
    }
}

/* How many; and in *foreign one that belongs to another user. */
static int kill_those_seen(pid_t *foreign)
{
    int found = 0;

    look();
    for (int i = 0; i < process_count; i++) {
        if (!processes[i].alive || !descends(&processes[i], getpid())) continue;
        if (kill_it(&processes[i]))
            found++;
        else
            *foreign = processes[i].pid;
    }
    return found;
}

/* Who is killed still needs the processor to end, and on a busy machine would wait for it: he comes first, as this
 * process does, where that is permitted. A child's number is its own until tree_reap() takes leave of it. Where the
 * kernel has no such file, the looks do. */
static void kill_children(pid_t *foreign)
{
    const struct sched_param first = {.sched_priority = 1};
    ssize_t bytes =
        pread(children_fd, list, sizeof list - 1, 0); /* more than fit come first next time */

    list[bytes > 0 ? bytes : 0] = 0;
    for (char *at = list, *end;; at = end) {
        pid_t pid = (pid_t)strtol(at, &end, 10);
        if (end == at || *end != ' ') return;
        bool spare = false;
        for (int i = 0; i < spared_count; i++)
            spare |= spared[i].pid == pid;
        if (spare) continue;
        if (kill(pid, SIGKILL) != 0 && errno == EPERM) *foreign = pid;
        sched_setscheduler(pid, SCHED_FIFO | SCHED_RESET_ON_FORK, &first);
    }
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* It sleeps in between: who is killed may need this very processor. */
static bool kill_children_for(uint64_t ns, pid_t job, int *status, pid_t *foreign)
{
    const struct timespec moment = {.tv_nsec = 500000};
    uint64_t until_ns = now_ns() + ns;

    do {
        kill_children(foreign);
        if (!tree_reap(job, status)) return false;
        nanosleep(&moment, NULL);
    } while (now_ns() < until_ns);
    return tree_reap(job, status);
}

bool tree_kill_children(pid_t job, int *status)
{
    pid_t foreign = 0;

    return !kill_children_for(children_fd < 0 ? 0 : QUICK_NS, job, status, &foreign);
}

/* Children that this process had before keep the kernel from telling, and so does what cannot be killed: then several looks
 * that find nobody else have to do. */
pid_t tree_kill(pid_t job, int *status)
{
    uint64_t took_ns = 0;
    pid_t foreign = 0;

    for (int quiet = 0; quiet < QUIET_LOOKS;) {
        foreign = 0;
        if (!kill_children_for(took_ns, job, status, &foreign)) return 0;
        uint64_t begin_ns = now_ns();
        bool found = kill_those_seen(&foreign) > 0;
        quiet = !found && (spared_count > 0 || foreign != 0) ? quiet + 1 : 0;
        took_ns = now_ns() - begin_ns;
    }
    return foreign;
}
