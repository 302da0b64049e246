/* deadline.c: see deadline.h. Nothing here waits or takes memory. */
#include "job/deadline.h"

#include <sys/timerfd.h>

#define MS            UINT64_C(1000000)
#define MARGIN_NS_MIN (5 * MS)
#define MARGIN_NS_MAX (1000 * MS)
#define LOOK_NS_MIN   (1 * MS)
#define LOOK_NS_MAX   (50 * MS)

static uint64_t within(uint64_t ns, uint64_t least_ns, uint64_t most_ns)
{
    return ns < least_ns ? least_ns : ns > most_ns ? most_ns : ns;
}

/* What sending the signals, and dying of them, may take. */
static uint64_t margin_ns(uint64_t lease_ns)
{
    return within(lease_ns / 8, MARGIN_NS_MIN, MARGIN_NS_MAX);
}

bool deadline_too_short(uint64_t lease_ns)
{
    return lease_ns / 2 < 2 * margin_ns(lease_ns);
}

bool deadline_begin(struct deadline *deadline, const struct goose_lease_reader *reader)
{
    struct goose_lease lease;

    *deadline = (struct deadline){.reader = *reader};
    if (goose_lease_read(reader, &lease) != GOOSE_LEASE_GOOSE) return false;
    deadline->term = lease.term;
    deadline->hold_end_ns = lease.hold_end_ns;
    deadline->lease_ns = lease.lease_ns;
    return goose_lease_clock_ns() < deadline_term_ns(deadline);
}

/* A page that cannot be read just now takes nothing back. */
void deadline_look(struct deadline *deadline)
{
    struct goose_lease lease;
    enum goose_lease_answer answer = goose_lease_read(&deadline->reader, &lease);

    if (answer == GOOSE_LEASE_NOT_KNOWN || deadline->lost) return;
    if (answer == GOOSE_LEASE_DUCK || lease.term != deadline->term)
        deadline->lost = true;
    else if (lease.hold_end_ns > deadline->hold_end_ns)
        deadline->hold_end_ns = lease.hold_end_ns;
}

static uint64_t before_end_ns(const struct deadline *deadline, uint64_t ns)
{
    return deadline->hold_end_ns > ns ? deadline->hold_end_ns - ns : 0;
}

uint64_t deadline_term_ns(const struct deadline *deadline)
{
    return deadline->lost ? 0 : before_end_ns(deadline, deadline->lease_ns / 2);
}

uint64_t deadline_kill_ns(const struct deadline *deadline)
{
    return before_end_ns(deadline, margin_ns(deadline->lease_ns));
}

uint64_t deadline_look_ns(const struct deadline *deadline)
{
    return within(deadline->lease_ns / 16, LOOK_NS_MIN, LOOK_NS_MAX);
}

int deadline_timer(void)
{
    return timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
}

/* Counted by the kernel: at the right instant also where the clock is slewed, or the machine sleeps, meanwhile. */
void deadline_arm(int timer, uint64_t at_ns)
{
    if (at_ns == 0) at_ns = 1;
    const struct itimerspec at = {.it_value = {.tv_sec = (time_t)(at_ns / (1000 * MS)),
                                               .tv_nsec = (long)(at_ns % (1000 * MS))}};

    timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}
