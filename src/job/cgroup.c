/* cgroup.c: see cgroup.h. */
#include "job/cgroup.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_BYTES 4096

/* The first line of a file that `wanted` takes something from. */
static bool find_line(const char *path, bool (*wanted)(char *line, char *found), char *found)
{
    char line[LINE_BYTES];
    bool has = false;
    FILE *file = fopen(path, "re");

    if (file == NULL) return false;
    while (!has && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = 0;
        has = wanted(line, found);
    }
    fclose(file);
    return has;
}

/* "0::/user.slice/..." */
static bool own_group(char *line, char *found)
{
    if (strncmp(line, "0::/", 4) != 0 || strstr(line, "/..") != NULL) return false;
    snprintf(found, LINE_BYTES, "%s", line + 3);
    return true;
}

/* "30 23 0:26 / /sys/fs/cgroup rw,... - cgroup2 cgroup2 rw": the fifth is where it is mounted. */
static bool mount_point(char *line, char *found)
{
    const char *type = strstr(line, " - ");
    char *at = line, *root = NULL;

    if (type == NULL || strncmp(type, " - cgroup2 ", 11) != 0) return false;
    for (int i = 0; i < 4; i++) {
        if (i == 3) root = at;
        at = strchr(at, ' ');
        if (at == NULL) return false;
        at++;
    }
    if (strncmp(root, "/ ", 2) != 0) return false;
    snprintf(found, LINE_BYTES, "%.*s", (int)strcspn(at, " "), at);
    return true;
}

void cgroup_make(struct cgroup *cgroup)
{
    char mounted[LINE_BYTES], own[LINE_BYTES], file[CGROUP_PATH_BYTES + 16];

    cgroup->enter = cgroup->kill = -1;
    if (!find_line("/proc/self/mountinfo", mount_point, mounted) ||
        !find_line("/proc/self/cgroup", own_group, own))
        return;
    uint64_t chance = 0;
    if (getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance) return;
    int bytes = snprintf(cgroup->path, sizeof cgroup->path, "%s%s/goosectl-run-%016" PRIx64,
                         mounted, strcmp(own, "/") == 0 ? "" : own, chance);
    if (bytes >= (int)sizeof cgroup->path || mkdir(cgroup->path, 0755) != 0) return;
    snprintf(file, sizeof file, "%s/cgroup.kill", cgroup->path);
    cgroup->kill = open(file, O_WRONLY | O_CLOEXEC);
    snprintf(file, sizeof file, "%s/cgroup.procs", cgroup->path);
    cgroup->enter = open(file, O_WRONLY | O_CLOEXEC);
    if (cgroup->kill >= 0 && cgroup->enter >= 0) return;
    cgroup_remove(cgroup);
    rmdir(cgroup->path);
}

void cgroup_enter(const struct cgroup *cgroup)
{
    if (cgroup->enter >= 0) (void)!write(cgroup->enter, "0", 1);
}

void cgroup_kill(const struct cgroup *cgroup)
{
    if (cgroup->kill >= 0) (void)!write(cgroup->kill, "1", 1);
}

void cgroup_remove(struct cgroup *cgroup)
{
    if (cgroup->kill >= 0) close(cgroup->kill);
    if (cgroup->enter >= 0) close(cgroup->enter);
    if (cgroup->kill >= 0 || cgroup->enter >= 0) rmdir(cgroup->path);
    cgroup->kill = cgroup->enter = -1;
}
