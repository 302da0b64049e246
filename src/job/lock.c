/* lock.c: see lock.h. */
#include "job/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own_file.h"

/* Strictly ours: whoever may write there could take the file away, and the lock with it. */
static bool is_ours(const char *directory, char *why, size_t why_bytes)
{
    struct stat about;

    if (lstat(directory, &about) != 0) {
        snprintf(why, why_bytes, "%s", strerror(errno));
        return false;
    }
    if (!S_ISDIR(about.st_mode)) errno = ENOTDIR;
    if (!S_ISDIR(about.st_mode))
        snprintf(why, why_bytes, "%s", strerror(errno));
    else if (own_file_check(&about, geteuid(), OWN_OTHERS_WRITE, why, why_bytes)) {
        if (faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) == 0) return true;
        snprintf(why, why_bytes, "%s", strerror(errno));
    }
    return false;
}

/* A directory that will do becomes `path`; of one that will not, `why` keeps a word. */
static bool try_directory(struct job_lock *lock, const char *directory)
{
    char problem[128];
    size_t used = strlen(lock->why);

    if (strlen(directory) >= sizeof lock->directory)
        snprintf(problem, sizeof problem, "too long");
    else if (is_ours(directory, problem, sizeof problem)) {
        memcpy(lock->directory, directory, strlen(directory) + 1);
        return true;
    }
    snprintf(lock->why + used, sizeof lock->why - used, "%s%.100s: %s", used > 0 ? "; " : "",
             directory, problem);
    return false;
}

/* systemd gives several with a colon between; the first will do. */
static bool try_variable(struct job_lock *lock, const char *name)
{
    char directory[512];
    const char *value = getenv(name);

    if (value == NULL || value[0] != '/') return false;
    snprintf(directory, sizeof directory, "%.*s", (int)strcspn(value, ":"), value);
    return try_directory(lock, directory);
}

static bool try_made(struct job_lock *lock, const char *above, const char *below)
{
    char directory[512];
    size_t used = (size_t)snprintf(directory, sizeof directory, "%.400s", above);

    for (const char *at = below; *at != 0; at += strcspn(at, "/")) {
        at += *at == '/';
        int part = (int)strcspn(at, "/");
        used += (size_t)snprintf(directory + used, sizeof directory - used, "/%.*s", part, at);
        mkdir(directory, 0700);
    }
    return try_directory(lock, directory);
}

static bool find_directory(struct job_lock *lock)
{
    const char *home = getenv("HOME");

    if (geteuid() == 0 && try_made(lock, "/run", "goosectl")) return true;
    if (try_variable(lock, "RUNTIME_DIRECTORY") || try_variable(lock, "XDG_RUNTIME_DIR"))
        return true;
    if (home != NULL && home[0] == '/' && try_made(lock, home, ".local/state/goosectl"))
        return true;
    size_t used = strlen(lock->why);
    snprintf(lock->why + used, sizeof lock->why - used,
             "%sset XDG_RUNTIME_DIR to a directory of your own", used > 0 ? "; " : "");
    return false;
}

bool job_lock_begin(struct job_lock *lock)
{
    *lock = (struct job_lock){.fd = -1};
    return find_directory(lock);
}

/* A file that its last holder took away meanwhile locks nobody out: then the next one does. The sticky bit tells those
 * who tidy up $XDG_RUNTIME_DIR to leave it. */
bool job_lock_take(struct job_lock *lock, uint64_t digest)
{
    struct stat about;

    if (lock->fd >= 0) return true;
    snprintf(lock->path, sizeof lock->path, "%s/run-%016" PRIx64, lock->directory, digest);
    int fd = open(lock->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 01600);
    if (fd < 0) return false;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &about) == 0 && about.st_nlink > 0) {
        lock->fd = fd;
        return true;
    }
    close(fd);
    return false;
}

void job_lock_end(struct job_lock *lock)
{
    if (lock->fd < 0) return;
    unlink(lock->path);
    close(lock->fd);
    lock->fd = -1;
}
