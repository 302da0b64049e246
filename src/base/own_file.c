/* own_file.c: see own_file.h. All is asked of the open file: its name may come to mean another one meanwhile. */
#include "base/own_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define FOR_READING   (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
#define OTHERS_AT_ALL (S_IRWXG | S_IRWXO)
#define LOCK_TRIES    75 /* 20 ms apart */

bool own_file_check(const struct stat *about, uid_t owner, mode_t forbidden, char *why,
                    size_t why_bytes)
{
    unsigned mode = (unsigned)about->st_mode & 07777;

    if (about->st_uid != owner && about->st_uid != 0)
        snprintf(why, why_bytes, "it belongs to user %u, who could change it; chown it to user %u",
                 (unsigned)about->st_uid, (unsigned)owner);
    else if ((mode & OWN_OTHERS_WRITE & forbidden) != 0 && (forbidden & S_IROTH) == 0)
        snprintf(why, why_bytes, "its mode %04o lets others than its owner write it; chmod go-w it",
                 mode);
    else if ((mode & forbidden) != 0)
        snprintf(why, why_bytes, "its mode %04o lets others in than its owner; chmod 600 it", mode);
    else
        return true;
    return false;
}

bool own_directory_check(const struct stat *about, uid_t owner, char *why, size_t why_bytes)
{
    mode_t forbidden = (about->st_mode & S_ISVTX) != 0 ? 0 : OWN_OTHERS_WRITE;

    return own_file_check(about, owner, forbidden, why, why_bytes);
}

static bool check(int fd, enum own_file_use use, char *why, size_t why_bytes)
{
    struct stat about;
    uid_t owner = geteuid();
    mode_t forbidden = use == OWN_CONFIG ? OWN_OTHERS_WRITE : OTHERS_AT_ALL;

    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        snprintf(why, why_bytes, "not a file; give a regular file");
        return false;
    }
    if (use == OWN_SECRET_OF_ANY && owner == 0) owner = about.st_uid;
    if (about.st_uid == 0 && owner != 0) forbidden &= ~(mode_t)S_IRGRP;
    return own_file_check(&about, owner, forbidden, why, why_bytes);
}

/* The directory that holds the file, and in *name what the file is called there. */
static int open_directory(const char *path, const char **name)
{
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t bytes = slash == NULL ? 0 : (size_t)(slash - path);

    *name = slash == NULL ? path : slash[1] == 0 ? "." : slash + 1;
    if (bytes >= sizeof directory) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(directory, path, bytes);
    directory[bytes] = 0;
    return open(slash == NULL ? "."
                : bytes == 0  ? "/"
                              : directory,
                O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int open_link(int directory, const char *name, char *why, size_t why_bytes)
{
    struct stat about;

    if (fstat(directory, &about) == 0 &&
        own_file_check(&about, geteuid(), OWN_OTHERS_WRITE, why, why_bytes))
        return openat(directory, name, FOR_READING);
    errno = ELOOP;
    return -1;
}

int own_file_open(const char *path, enum own_file_use use, char *why, size_t why_bytes)
{
    const char *name;
    int directory = open_directory(path, &name);
    int fd = directory < 0 ? -1 : openat(directory, name, FOR_READING | O_NOFOLLOW);

    if (fd < 0 && directory >= 0 && errno == ELOOP) fd = open_link(directory, name, why, why_bytes);
    int error = errno;
    if (directory >= 0) close(directory);
    if (fd >= 0) {
        if (check(fd, use, why, why_bytes)) return fd;
        close(fd);
        error = EPERM;
    } else {
        snprintf(why, why_bytes, "%s",
                 error == ELOOP
                     ? "it is a link, in a directory that others may write; give the file itself"
                     : strerror(error));
    }
    errno = error;
    return -1;
}

/* A daemon that was killed keeps its locks until its last thread has left the disk, and its helper until the last will is
 * said. */
bool own_file_lock(int fd)
{
    const struct timespec pause = {.tv_nsec = 20 * 1000000};

    for (int tries = 0; tries < LOCK_TRIES; tries++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
        if (errno != EWOULDBLOCK) return false;
        nanosleep(&pause, NULL);
    }
    errno = EWOULDBLOCK;
    return false;
}
