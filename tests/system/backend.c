/* backend.c: the program beside a node, for tests of what sends people there. It answers each connection's request with
 * its name, and writes a line "AT_US NAME" for each, on the clock of the nodes' own claim logs.
 * usage: backend PORT NAME >LOG */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/clock.h"

static int listen_at(const char *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    at.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 64) != 0) {
        perror("backend");
        exit(EXIT_FAILURE);
    }
    return fd;
}

/* A request of a test is one segment; whoever only connects gets nothing. */
static void serve(int fd, const char *name)
{
    char request[2048], answer[256];

    if (recv(fd, request, sizeof request, 0) <= 0) return;
    printf("%" PRIu64 " %s\n", clock_now_us(), name);
    int count = snprintf(answer, sizeof answer,
                         "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s\n",
                         strlen(name) + 1, name);
    /* Whoever asked may be gone: it is the asking that counts here. */
    (void)!send(fd, answer, (size_t)count, MSG_NOSIGNAL);
}

int main(int argc, char **argv)
{
    if (argc != 3) return EXIT_FAILURE;
    int listener = listen_at(argv[1]);
    setlinebuf(stdout);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) continue;
        serve(fd, argv[2]);
        close(fd);
    }
}
