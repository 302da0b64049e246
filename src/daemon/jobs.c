/* jobs.c: see jobs.h. */
#include "daemon/jobs.h"

#include <assert.h>
#include <stddef.h>

struct job *jobs_open(struct jobs *jobs, uint64_t grace_us, job_told *told, void *to)
{
    for (int i = 0; i < JOBS_MAX; i++) {
        struct job *job = &jobs->of[i];
        if (job->taken) continue;
        *job =
            (struct job){.taken = true, .open = true, .grace_us = grace_us, .told = told, .to = to};
        jobs->open++;
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

uint64_t jobs_grace_us(const struct jobs *jobs)
{
    uint64_t longest_us = 0;

    for (int i = 0; i < JOBS_MAX; i++)
        if (jobs->of[i].open && jobs->of[i].grace_us > longest_us)
            longest_us = jobs->of[i].grace_us;
    return longest_us;
}

void jobs_leave(struct jobs *jobs)
{
    for (int i = 0; i < JOBS_MAX; i++)
        if (jobs->of[i].open) jobs->of[i].told(jobs->of[i].to, false);
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
