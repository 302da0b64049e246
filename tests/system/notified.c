/* notified.c: a service manager's ear. "notified NAME" listens at a path, or at @ and a name, and prints each line that
 * it is told behind the milliseconds at which it came, until it is killed. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

static int open_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t bytes = strlen(name);
    int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (manager < 0 || bytes >= sizeof address.sun_path) return -1;
    memcpy(address.sun_path, name, bytes);
    if (name[0] == '@') address.sun_path[0] = 0;
    bytes += offsetof(struct sockaddr_un, sun_path);
    return bind(manager, (const struct sockaddr *)&address, (socklen_t)bytes) == 0 ? manager : -1;
}

int main(int argc, char **argv)
{
    char text[4096];
    int manager = argc == 2 ? open_at(argv[1]) : -1;

    if (manager < 0) {
        perror("notified NAME");
        return 2;
    }
    puts("0 listening");
    fflush(stdout);
    for (;;) {
        ssize_t bytes = recv(manager, text, sizeof text - 1, 0);
        struct timespec now;
        if (bytes < 0) return 1;
        text[bytes] = 0;
        clock_gettime(CLOCK_MONOTONIC, &now);
        for (const char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
            printf("%lld %s\n", (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, line);
        fflush(stdout);
    }
}
