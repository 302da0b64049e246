/* fake_node.c: answers GET /status with what a file says instead of an election, so that the observer can be shown two
 * geese at once. One connection at a time is enough for that. Port 0 takes a free one, and says which.
 * usage: fake_node FILE     the file holds: duck, garble, or a number: goose of that term */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Whole at any time: whoever changes the file moves another in its place. */
static void read_answer(const char *path, char answer[32])
{
    FILE *file = fopen(path, "re");
    if (file == NULL || fscanf(file, "%31s", answer) != 1) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    fclose(file);
}

static bool reply(int fd, const char *answer)
{
    static const char form[] = "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nGoose-Term: %s\r\n"
                               "Goose-Lease-Ms: %s\r\n\r\n%s\n";
    char text[256];
    bool goose = answer[0] >= '0' && answer[0] <= '9';
    int count = snprintf(text, sizeof text, form, goose ? 6 : 5, goose ? answer : "1",
                         goose ? "200" : "0", goose ? "goose" : "duck");
    if (strcmp(answer, "garble") == 0)
        count = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n\r\n");
    return send(fd, text, (size_t)count, MSG_NOSIGNAL) == count;
}

static int listen_somewhere(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &bytes) != 0) {
        perror("fake_node");
        exit(EXIT_FAILURE);
    }
    printf("127.0.0.1:%u\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    if (argc != 2) return EXIT_FAILURE;
    int listener = listen_somewhere();
    for (;;) {
        char question[1024];
        char answer[32];
        int fd = accept(listener, NULL, NULL);
        /* A question of the observer arrives whole: it is far shorter than a segment. */
        while (fd >= 0 && recv(fd, question, sizeof question, 0) > 0) {
            read_answer(argv[1], answer);
            if (!reply(fd, answer)) break;
        }
        if (fd >= 0) close(fd);
    }
}
