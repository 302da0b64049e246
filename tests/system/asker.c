/* asker.c: somebody who asks all the time, every 5 ms on a connection of its own, and writes a line "AT_US ANSWER" for
 * each: the last word of what came, or "none". The clock is that of the nodes' own claim logs.
 * usage: asker PORT >LOG */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static int connect_to(const char *port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 1};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        connect(fd, (const struct sockaddr *)&to, sizeof to) != 0) {
        if (fd >= 0) close(fd);
        return -1;
    }
    return fd;
}

/* All that comes until the other side closes: an answer of a test is short. */
static size_t ask(int fd, char *answer, size_t bytes)
{
    static const char question[] = "GET / HTTP/1.1\r\nHost: service\r\nConnection: close\r\n\r\n";
    size_t used = 0;
    ssize_t got = send(fd, question, strlen(question), MSG_NOSIGNAL);

    while (got > 0 && used + 1 < bytes) {
        got = recv(fd, answer + used, bytes - 1 - used, 0);
        if (got > 0) used += (size_t)got;
    }
    return used;
}

static void write_answer(char *answer, size_t used)
{
    while (used > 0 && answer[used - 1] == '\n')
        used--;
    answer[used] = '\0';
    const char *last = strrchr(answer, '\n');
    printf("%" PRIu64 " %s\n", clock_now_us(), last != NULL && last[1] != '\0' ? last + 1 : "none");
}

int main(int argc, char **argv)
{
    static const struct timespec pause = {.tv_nsec = 5000000};
    char answer[1024];

    if (argc != 2) return EXIT_FAILURE;
    setlinebuf(stdout);
    for (;;) {
        int fd = connect_to(argv[1]);
        size_t used = fd >= 0 ? ask(fd, answer, sizeof answer) : 0;
        if (fd >= 0) close(fd);
        write_answer(answer, used);
        nanosleep(&pause, NULL);
    }
}
