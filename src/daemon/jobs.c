/* jobs.c: see jobs.h. */
#include "daemon/jobs.h"

#include <assert.h>
#include <string.h>

#include "goose/state.h"

struct job *jobs_open(struct jobs *jobs, uint64_t term, uint64_t grace_us, job_told *told, void *to)
{
    if (jobs->leave_ends_us != 0) return NULL;
    assert(jobs->open == 0 || jobs->term == term);
    for (int i = 0; i < JOBS_MAX; i++) {
        struct job *job = &jobs->of[i];
        if (job->taken) continue;
        *job =
            (struct job){.taken = true, .open = true, .grace_us = grace_us, .told = told, .to = to};
        jobs->open++;
        jobs->term = term;
        return job;
    }
    return NULL;
}

void jobs_close(struct jobs *jobs, struct job *job)
{
    assert(job->taken);
    jobs->open -= job->open;
    *job = (struct job){.taken = false};
}

void jobs_over(struct jobs *jobs)
{
    for (int i = 0; i < JOBS_MAX; i++) {
        struct job *job = &jobs->of[i];
        if (!job->open) continue;
        job->open = false;
        jobs->open--;
        job->told(job->to, true);
    }
}

static bool is_carried(const struct event *event)
{
    return event->kind == EVENT_MESSAGE && event->message.message->kind == MESSAGE_REQUEST &&
           event->message.message->request.what != CARRIED_VOTERS;
}

static bool are_waited_for(const struct jobs *jobs, uint64_t now_us)
{
    return jobs->open > 0 && (jobs->leave_ends_us == 0 || now_us < jobs->leave_ends_us);
}

bool jobs_bind(const struct jobs *jobs, const struct event *event, uint64_t now_us)
{
    bool asked = event->kind == EVENT_REQUEST && event->request.kind != REQUEST_HOLD &&
                 event->request.kind != REQUEST_VOTERS;

    return are_waited_for(jobs, now_us) && (asked || is_carried(event));
}

static struct wish wish_of(const struct event *event)
{
    struct wish wish = {.kind = REQUEST_HANDOVER};
    struct text address;

    if (is_carried(event)) {
        const struct request *request = &event->message.message->request;
        if (request->what == CARRIED_REMOVE) wish.kind = REQUEST_REMOVE;
        wish.force = request->force;
        address = request->address;
    } else {
        wish.id = event->request.id;
        wish.kind = event->request.kind;
        wish.force = event->request.force;
        address = event->request.address;
    }
    if (address.bytes != 0) address_keep(&wish.address, address);
    return wish;
}

/* Carried ones come again and again. */
static bool is_kept(const struct jobs *jobs, const struct wish *wish)
{
    for (int i = 0; i < jobs->wish_count; i++)
        if (wish->id == 0 && jobs->wishes[i].id == 0 && jobs->wishes[i].kind == wish->kind)
            return true;
    return false;
}

static void tell_to_leave(struct jobs *jobs, uint64_t now_us)
{
    uint64_t longest_us = 0;

    if (jobs->leave_ends_us != 0) return;
    for (int i = 0; i < JOBS_MAX; i++)
        if (jobs->of[i].open && jobs->of[i].grace_us > longest_us)
            longest_us = jobs->of[i].grace_us;
    jobs->leave_ends_us = now_us + longest_us;
    for (int i = 0; i < JOBS_MAX; i++)
        if (jobs->of[i].open) jobs->of[i].told(jobs->of[i].to, false);
}

static bool keep_wish(struct jobs *jobs, const struct event *event, uint64_t now_us)
{
    struct wish wish = wish_of(event);

    if (!is_kept(jobs, &wish)) {
        if (jobs->wish_count == WISHES_MAX) return false;
        jobs->wishes[jobs->wish_count++] = wish;
    }
    tell_to_leave(jobs, now_us);
    return true;
}

bool jobs_put_off(struct jobs *jobs, struct election *e, const struct election *before,
                  const struct event *event)
{
    bool resigns = e->role != ROLE_GOOSE || e->reign.resigns;

    if (!resigns || before->reign.resigns || !election_is_goose(before, event->now_us) ||
        !keep_wish(jobs, event, event->now_us))
        return false;
    *e = *before;
    return true;
}

bool jobs_next_wish(struct jobs *jobs, uint64_t now_us, struct wish *wish)
{
    if (are_waited_for(jobs, now_us)) return false;
    if (jobs->wish_count == 0) {
        if (jobs->open == 0) jobs->leave_ends_us = 0;
        return false;
    }
    *wish = jobs->wishes[0];
    jobs->wish_count--;
    memmove(&jobs->wishes[0], &jobs->wishes[1], (size_t)jobs->wish_count * sizeof *wish);
    return true;
}
