/* local_socket.c: see local_socket.h. */
#include "net/local_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128
#define MODE    0660

_Static_assert(LOCAL_SOCKET_CHARS_MAX + sizeof ".new" <= sizeof((struct sockaddr_un){0}.sun_path),
               "a name, and the one that it has while it is made");

static struct sockaddr_un name_of(const char *path, const char *behind)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    snprintf(name.sun_path, sizeof name.sun_path, "%.*s%s", LOCAL_SOCKET_CHARS_MAX, path, behind);
    return name;
}

/* A socket that nobody listens at refuses. One whose queue is full does not, and has somebody. */
static bool is_served(const struct sockaddr_un *name)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)name, sizeof *name) != 0 &&
                   errno == ECONNREFUSED;

    if (fd >= 0) close(fd);
    return !refused;
}

/* NULL: the name is free now. */
static const char *make_free(const struct sockaddr_un *name)
{
    struct stat there;

    if (lstat(name->sun_path, &there) != 0) return errno == ENOENT ? NULL : strerror(errno);
    if (!S_ISSOCK(there.st_mode)) return "there is a file that is no socket; give another path";
    if (there.st_uid != geteuid()) return "another user has a socket there; give another path";
    if (is_served(name)) return "another process listens there; give each node a path of its own";
    return unlink(name->sun_path) == 0 ? NULL : strerror(errno);
}

/* It listens before it has its name, so that whoever finds it is served. */
static const char *listen_as(struct local_socket *made, const char *path)
{
    const struct sockaddr_un first = name_of(path, ".new");
    struct stat own;
    const char *wrong = make_free(&first);

    if (wrong != NULL) return wrong;
    if (bind(made->fd, (const struct sockaddr *)&first, sizeof first) != 0) return strerror(errno);
    if (chmod(first.sun_path, MODE) != 0 || listen(made->fd, BACKLOG) != 0 ||
        lstat(first.sun_path, &own) != 0 || rename(first.sun_path, path) != 0) {
        wrong = strerror(errno);
        unlink(first.sun_path);
        return wrong;
    }
    made->device = own.st_dev;
    made->inode = own.st_ino;
    return NULL;
}

/* Not one of the first three, whatever of them is closed: 0 means none. */
static int socket_above_2(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || fd > STDERR_FILENO) return fd;
    int above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(fd);
    return above;
}

const char *local_socket_open(struct local_socket *made, const char *path)
{
    const struct sockaddr_un name = name_of(path, "");
    const char *wrong = make_free(&name);

    memset(made, 0, sizeof *made);
    if (wrong != NULL) return wrong;
    made->fd = socket_above_2();
    if (made->fd < 0) {
        made->fd = 0;
        return strerror(errno);
    }
    wrong = listen_as(made, path);
    if (wrong == NULL) {
        snprintf(made->path, sizeof made->path, "%s", path);
        return NULL;
    }
    close(made->fd);
    made->fd = 0;
    return wrong;
}

void local_socket_close(struct local_socket *made)
{
    struct stat there;

    if (made->fd == 0) return;
    if (lstat(made->path, &there) == 0 && there.st_dev == made->device &&
        there.st_ino == made->inode)
        unlink(made->path);
    close(made->fd);
    made->fd = 0;
}
