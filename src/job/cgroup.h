/* cgroup.h: a control group for a job, where there is a cgroup v2 that may be written to: it can be killed as a whole, by
 * the kernel, in one instant. Where there is none, all of these do nothing. */
#ifndef JOB_CGROUP_H
#define JOB_CGROUP_H

#define CGROUP_PATH_BYTES 4096

struct cgroup {
    int enter; /* -1: there is none */
    int kill;
    char path[CGROUP_PATH_BYTES];
};

void cgroup_make(struct cgroup *cgroup);
void cgroup_enter(const struct cgroup *cgroup); /* the calling process */
void cgroup_kill(const struct cgroup *cgroup);
void cgroup_remove(struct cgroup *cgroup); /* once it is empty */

#endif
