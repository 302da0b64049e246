/* test_http_fake.h: a flock that a test makes up, a server on it, and a client that speaks bytes.
 * Everything runs in one thread: whoever waits for a client's bytes turns the server's loop
 * meanwhile. */
#ifndef TEST_HTTP_FAKE_H
#define TEST_HTTP_FAKE_H

#include <uv.h>

#include "http/server.h"
#include "unit.h"

#define FAKE_PENDING_MAX 64
#define DEADLINE_MS      5000

struct fake_pending {
    flock_answered *answered;
    void *ticket;
    enum flock_ask ask;
    bool force;
    unsigned wanted;
    char address[FLOCK_ADDRESS_BYTES];
};

struct fake {
    struct flock_status status;
    uint64_t status_reads;
    uint64_t hold_asked_us;
    uint64_t hold_given_us;
    uint64_t reads_before_hold; /* of the status */
    unsigned members;           /* how many */
    unsigned made;              /* so many lists of metrics, members, reasons and changes, */
    unsigned make_us;           /* and so long each takes */
    unsigned more_metrics;      /* so many times one sample again */
    bool answers_at_once;       /* from inside its request function */
    struct flock_answer answer;
    unsigned pending;
    struct fake_pending requests[FAKE_PENDING_MAX];
    bool takes_jobs;
    unsigned jobs; /* open */
    uint64_t job_grace_us;
    flock_job_told *job_told; /* of the last one */
    void *job_to;
    int faults_drop; /* what /faults sets */
    unsigned probes;
    bool changes_in_hold; /* a change is told from inside its hold function */
    unsigned history;     /* how many changes there were */
    flock_changed *changed;
    void *changed_to;
    struct node_api api;
};

void fake_init(struct fake *fake);
/* The status is another one, for this reason; whoever watches is told. */
void fake_change(struct fake *fake, const char *why);
/* Answers the oldest request that has not been. */
void fake_answer(struct fake *fake, const struct flock_answer *answer);
void fake_answer_newest(struct fake *fake, const struct flock_answer *answer);

struct world {
    uv_loop_t loop;
    struct fake fake;
    struct http_options options;
    struct http_server *server;
    uint16_t port;
    bool closed;
};

/* cmocka's set-up and tear-down: a server with the usual limits. */
int world_open(void **state);
int world_close(void **state);
/* Closes the server and starts one with world->options. */
void world_restart(struct world *world);

/* One turn of the loop, waiting at most `ms` for something to happen there or at `fd` (-1: none).
 */
void world_turn(struct world *world, int fd, int ms);
uint64_t now_ms(void);

/* Waits until `condition` holds, or fails the test. */
#define WAIT_FOR(world, condition)                      \
    do {                                                \
        uint64_t deadline_ms_ = now_ms() + DEADLINE_MS; \
        while (!(condition) && now_ms() < deadline_ms_) \
            world_turn((world), -1, 5);                 \
        assert_true(condition);                         \
    } while (0)

struct answered {
    int code;
    size_t bytes; /* of it all; 0: the connection ended before a whole answer */
    size_t body_bytes;
    size_t room;
    char *text; /* of it all, zero-terminated */
    char *body;
};

int client_open(struct world *world);
int client_open_from(struct world *world, const char *host); /* any of 127.0.0.0/8 */
/* False where the server has ended the connection before it had all of it. */
bool client_send(struct world *world, int fd, const void *bytes, size_t count);
void client_say(struct world *world, int fd, const char *text);
/* One answer off the connection; `head` for one that has no body whatever it says. To be freed by
 * answered_free(). */
struct answered client_hear(struct world *world, int fd, bool head);
void answered_free(struct answered *answered);
/* Nothing comes for a while, and the connection stays. */
bool client_is_quiet(struct world *world, int fd);
/* Waits until the server has ended the connection; false if anything else came first. */
bool client_ended(struct world *world, int fd);

/* The value of a header field, or NULL; in a buffer that the next call uses again. */
const char *field(const struct answered *answered, const char *name);

/* A request on a connection of its own. `fields` are whole lines; "" for none. */
struct answered ask(struct world *world, const char *method, const char *target, const char *fields,
                    const char *body);

#endif
