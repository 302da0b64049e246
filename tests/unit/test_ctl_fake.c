/* test_ctl_fake.c: see test_ctl_fake.h. */
#include "test_ctl_fake.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"

/* Up to the end of the header and of the body that it announces. */
static void hear(int fd, char request[FAKE_REQUEST_BYTES])
{
    size_t bytes = 0;

    for (;;) {
        ssize_t got = read(fd, request + bytes, FAKE_REQUEST_BYTES - 1 - bytes);
        if (got <= 0) return;
        bytes += (size_t)got;
        request[bytes] = '\0';
        const char *end = strstr(request, "\r\n\r\n");
        const char *length = strstr(request, "Content-Length: ");
        unsigned body = 0;
        if (end == NULL) continue;
        if (length != NULL) sscanf(length, "Content-Length: %u", &body);
        if (strlen(end + 4) >= body) return;
    }
}

static void answer(int fd, const struct fake_answer *answer)
{
    size_t bytes = answer->bytes != NULL ? strlen(answer->bytes) : 0;
    size_t step = answer->drips || bytes == 0 ? 1 : bytes;
    char block[1024];

    for (size_t at = 0; at < bytes; at += step)
        (void)!send(fd, answer->bytes + at, step, MSG_NOSIGNAL);
    memset(block, 'x', sizeof block);
    for (size_t i = 0; i < answer->flood_blocks; i++)
        if (send(fd, block, sizeof block, MSG_NOSIGNAL) < 0) return;
    if (answer->hangs) (void)!read(fd, block, sizeof block);
}

static void *serve(void *to)
{
    struct fake *fake = to;

    for (size_t i = 0; i < fake->count; i++) {
        int fd = accept(fake->listener, NULL, NULL);
        if (i + 1 == fake->count) close(fake->listener);
        hear(fd, fake->asked[i]);
        answer(fd, &fake->answers[i]);
        close(fd);
    }
    return NULL;
}

void fake_begin(struct fake *fake, const struct fake_answer *answers, size_t count)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof own;
    char text[32];

    assert_true(count > 0 && count <= FAKE_ANSWERS_MAX);
    memset(fake, 0, sizeof *fake);
    memcpy(fake->answers, answers, count * sizeof *answers);
    fake->count = count;
    fake->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fake->listener >= 0);
    assert_int_equal(bind(fake->listener, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(listen(fake->listener, 8), 0);
    assert_int_equal(getsockname(fake->listener, (struct sockaddr *)&own, &bytes), 0);
    snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(own.sin_port));
    assert_null(place_from_user(&fake->at, text));
    assert_int_equal(pthread_create(&fake->thread, NULL, serve, fake), 0);
}

void fake_end(struct fake *fake)
{
    assert_int_equal(pthread_join(fake->thread, NULL), 0);
}

/* Standard output or error, for a while. */
struct capture {
    FILE *stream;
    FILE *file;
    int kept;
};

static void capture_begin(struct capture *capture, FILE *stream)
{
    fflush(stream);
    capture->stream = stream;
    capture->kept = dup(fileno(stream));
    capture->file = tmpfile();
    assert_non_null(capture->file);
    assert_true(dup2(fileno(capture->file), fileno(stream)) >= 0);
}

static void capture_end(struct capture *capture, char text[FAKE_TEXT_BYTES])
{
    fflush(capture->stream);
    dup2(capture->kept, fileno(capture->stream));
    close(capture->kept);
    rewind(capture->file);
    text[fread(text, 1, FAKE_TEXT_BYTES - 1, capture->file)] = '\0';
    fclose(capture->file);
}

void run_command(struct said *said, const struct command *command, const struct ctl *like,
                 const struct place *at, const char *const *arguments)
{
    struct ctl ctl = like != NULL ? *like : (struct ctl){.json = false};
    char copies[8][128], *of[9] = {NULL};
    struct capture out, err;

    ctl.name = command->name;
    ctl.at = *at;
    for (ctl.arguments.count = 0; arguments[ctl.arguments.count] != NULL; ctl.arguments.count++) {
        int i = ctl.arguments.count;
        snprintf(copies[i], sizeof copies[i], "%s", arguments[i]);
        of[i] = copies[i];
    }
    ctl.arguments.of = of;
    capture_begin(&out, stdout);
    capture_begin(&err, stderr);
    said->status = command->carry_out(&ctl);
    capture_end(&err, said->err);
    capture_end(&out, said->out);
}
