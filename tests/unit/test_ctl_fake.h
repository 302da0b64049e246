/* test_ctl_fake.h: a node that says what a test tells it to, connection by connection, and keeps what it was asked; and
 * what a command of goosectl printed. */
#ifndef TEST_CTL_FAKE_H
#define TEST_CTL_FAKE_H

#include <pthread.h>
#include <stdbool.h>

#include "ctl/ctl.h"
#include "unit.h"

#define FAKE_ANSWERS_MAX   8
#define FAKE_REQUEST_BYTES 2048
#define FAKE_TEXT_BYTES    8192

struct fake_answer {
    const char *bytes;   /* NULL: none, the connection is closed */
    bool drips;          /* one byte at a time */
    bool hangs;          /* then nothing more, until the client goes */
    size_t flood_blocks; /* so many KiB behind it */
};

struct fake {
    pthread_t thread;
    int listener;
    struct place at;
    struct fake_answer answers[FAKE_ANSWERS_MAX];
    size_t count;
    char asked[FAKE_ANSWERS_MAX][FAKE_REQUEST_BYTES];
};

/* The answers for one connection after the other; behind the last one connections are refused. */
void fake_begin(struct fake *fake, const struct fake_answer *answers, size_t count);
/* All of them were fetched. */
void fake_end(struct fake *fake);

/* An answer of goosed's shape. */
#define FAKE_JSON(code, more, body) \
    "HTTP/1.1 " code "\r\nContent-Type: application/json\r\n" more "\r\n" body

struct said {
    int status;
    char out[FAKE_TEXT_BYTES];
    char err[FAKE_TEXT_BYTES];
};

/* A command with these arguments (NULL at the end), on a node at `at`. */
void run_command(struct said *said, const struct command *command, const struct ctl *like,
                 const struct place *at, const char *const *arguments);

#endif
