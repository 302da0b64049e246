/* backend.c: the program beside a node, for tests of what sends people there. It answers each connection's request with
 * its name if that node's lease page says goose, else with "refused", and writes a line "AT_US served" or "AT_US refused"
 * for each, on the clock of the nodes' own claim logs.
 * usage: backend PORT NAME LEASE-PAGE >LOG */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "goose/lease_page.h"

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

/* A request of a test is one segment; whoever only connects gets nothing. The clock is read before the page: what was
 * served was served within the lease. */
static void serve(int fd, const char *name, const struct goose_lease_reader *reader)
{
    char request[2048], answer[256];
    struct goose_lease lease;

    if (recv(fd, request, sizeof request, 0) <= 0) return;
    uint64_t now_us = clock_now_us();
    bool goose = goose_lease_read(reader, &lease) == GOOSE_LEASE_GOOSE;
    printf("%" PRIu64 " %s\n", now_us, goose ? "served" : "refused");
    const char *word = goose ? name : "refused";
    int count = snprintf(answer, sizeof answer,
                         "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s\n",
                         goose ? "200 OK" : "503 Service Unavailable", strlen(word) + 1, word);
    /* Whoever asked may be gone: it is the asking that counts here. */
    (void)!send(fd, answer, (size_t)count, MSG_NOSIGNAL);
}

int main(int argc, char **argv)
{
    struct goose_lease_reader reader;

    if (argc != 4) return EXIT_FAILURE;
    if (!goose_lease_open(&reader, argv[3])) {
        perror(argv[3]);
        return EXIT_FAILURE;
    }
    int listener = listen_at(argv[1]);
    setlinebuf(stdout);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) continue;
        serve(fd, argv[2], &reader);
        close(fd);
    }
}
