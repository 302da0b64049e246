/* own_file.h: files that nobody but us, or root, can have put there or change. What another user may write is his word,
 * not ours: so it is refused, in one line that says what would be right. */
#ifndef BASE_OWN_FILE_H
#define BASE_OWN_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#define OWN_OTHERS_WRITE (S_IWGRP | S_IWOTH)

enum own_file_use {
    OWN_CONFIG, /* others may read it */
    OWN_SECRET, /* nobody else may; but root's by a group, as systemd and Kubernetes hand secrets to a service */
    OWN_SECRET_OF_ANY, /* likewise; and root may use what another user keeps to himself */
};

/* For reading; it never waits. A link is followed only where nobody else may write its directory, as Kubernetes makes
 * them: elsewhere whoever made it would choose the file. -1: `why` is half a line. */
int own_file_open(const char *path, enum own_file_use use, char *why, size_t why_bytes);

/* A file or directory of `owner` or root, without any of the `forbidden` bits of its mode. */
bool own_file_check(const struct stat *about, uid_t owner, mode_t forbidden, char *why,
                    size_t why_bytes);
/* A directory of `owner` or root, where others may write only if its sticky bit keeps them from our files, as in /tmp. */
bool own_directory_check(const struct stat *about, uid_t owner, char *why, size_t why_bytes);

/* For its user alone. A successor waits a little: false with EWOULDBLOCK after a second and a half. */
bool own_file_lock(int fd);

#endif
