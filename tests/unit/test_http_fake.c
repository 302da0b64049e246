/* test_http_fake.c: see test_http_fake.h. */
#include "test_http_fake.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

/* ---- the flock ---- */

static void fake_status(const void *context, struct flock_status *status)
{
    struct fake *fake = (struct fake *)(uintptr_t)context;
    fake->status_reads++;
    *status = fake->status;
}

static void fake_make(const void *context)
{
    struct fake *fake = (struct fake *)(uintptr_t)context;
    fake->made++;
    usleep(fake->make_us);
}

static void fake_members(const void *context, flock_each_member *each, void *to)
{
    const struct fake *fake = context;
    fake_make(context);
    const struct flock_member self = {.address = "n1.test:7400",
                                      .uid = 0xabc,
                                      .seat = FLOCK_SEAT_VOTER,
                                      .role = "goose",
                                      .silent = FLOCK_SILENT_NO,
                                      .priority = 100,
                                      .rank = -1,
                                      .last_heard_us = 0,
                                      .rtt_us = 0,
                                      .http_port = 7400};
    const struct flock_member other = {.address = "n2.test:7400",
                                       .seat = FLOCK_SEAT_OBSERVER,
                                       .priority = -1,
                                       .rank = 3,
                                       .last_heard_us = 12345,
                                       .rtt_us = FLOCK_UNKNOWN};
    for (unsigned i = 0; i < fake->members; i++)
        each(i == 0 ? &self : &other, to);
}

static void fake_metrics(const void *context, flock_each_metric *each, void *to)
{
    static const uint64_t bounds_us[] = {250, 1000000};
    static const uint64_t counts[] = {2, 0, 1};
    const struct fake *fake = context;
    const struct flock_metric histogram = {.name = "goosed_wait_seconds",
                                           .help = "A wait.",
                                           .kind = FLOCK_HISTOGRAM,
                                           .value = 3000200,
                                           .bounds = 2,
                                           .bounds_us = bounds_us,
                                           .counts = counts};
    fake_make(context);
    struct flock_metric info = {.name = "goosed_pond_info",
                                .help = "A pond.",
                                .labels = {{"flock", fake->status.flock}, {"side", "east"}},
                                .value = 1};
    each(&info, to);
    for (unsigned i = 0; i < fake->more_metrics; i++)
        each(&info, to);
    each(&(struct flock_metric){.name = "goosed_term", .help = "A term.", .value = UINT64_MAX}, to);
    each(&(struct flock_metric){.name = "goosed_lease_seconds",
                                .help = "A lease.",
                                .in_us = true,
                                .value = fake->status.lease_us},
         to);
    each(&histogram, to);
}

static uint64_t fake_hold(void *context, uint64_t wanted_us)
{
    struct fake *fake = context;
    fake->hold_asked_us = wanted_us;
    fake->reads_before_hold = fake->status_reads;
    if (fake->changes_in_hold) fake_change(fake, "a hold");
    return fake->hold_given_us;
}

static void fake_request(void *context, const struct flock_request *request,
                         flock_answered *answered, void *ticket)
{
    struct fake *fake = context;
    assert_true(fake->pending < FAKE_PENDING_MAX);
    struct fake_pending *pending = &fake->requests[fake->pending++];
    *pending =
        (struct fake_pending){answered, ticket, request->ask, request->force, request->wanted, ""};
    assert_true(strlen(request->address) < sizeof(pending->address));
    memcpy(pending->address, request->address, strlen(request->address) + 1);
    if (fake->answers_at_once) fake_answer(fake, &fake->answer);
}

void fake_answer(struct fake *fake, const struct flock_answer *answer)
{
    assert_true(fake->pending > 0);
    struct fake_pending first = fake->requests[0];
    fake->pending--;
    memmove(fake->requests, fake->requests + 1, fake->pending * sizeof(fake->requests[0]));
    first.answered(first.ticket, answer);
}

/* Nobody looks inside a job. */
static struct job *fake_job_open(void *context, uint64_t grace_us, flock_job_told *told, void *to)
{
    struct fake *fake = context;
    fake->job_grace_us = grace_us;
    if (!fake->takes_jobs) return NULL;
    fake->jobs++;
    fake->job_told = told;
    fake->job_to = to;
    return (struct job *)fake;
}

static void fake_job_close(void *context, struct job *job)
{
    struct fake *fake = context;
    assert_ptr_equal(job, fake);
    assert_true(fake->jobs > 0);
    fake->jobs--;
}

static void fake_history(const void *context, flock_each_change *each, void *to)
{
    const struct fake *fake = context;
    fake_make(context);
    for (unsigned i = 0; i < fake->history; i++) {
        const struct flock_change change = {.index = i + 1,
                                            .at_ms = 1795276407123 + 60000 * (int64_t)i,
                                            .term = 7 + i / 2,
                                            .from = i % 2 == 0 ? NULL : "n1.test:7400",
                                            .to = i % 2 == 0 ? "n1.test:7400" : NULL,
                                            .why = i % 2 == 0 ? "heard it" : "lost \"it\""};
        each(&change, to);
    }
}

static void fake_watch(void *context, flock_changed *changed, void *to)
{
    struct fake *fake = context;
    fake->changed = changed;
    fake->changed_to = to;
}

void fake_change(struct fake *fake, const char *why)
{
    fake->status.index++;
    fake->status.why = why;
    if (fake->changed != NULL) fake->changed(fake->changed_to, &fake->status);
}

static const char *fake_why(const void *context)
{
    fake_make(context);
    return "{\"self\":\"n1:7000\"}\n";
}

static void fake_probe(void *context)
{
    struct fake *fake = context;
    fake->probes++;
}

void fake_answer_newest(struct fake *fake, const struct flock_answer *answer)
{
    assert_true(fake->pending > 0);
    struct fake_pending newest = fake->requests[--fake->pending];
    newest.answered(newest.ticket, answer);
}

static const char *fake_show_faults(const void *context)
{
    const struct fake *fake = context;
    return fake->faults_drop != 0 ? "{\"drop\":true}\n" : "{\"drop\":false}\n";
}

static bool fake_set_faults(void *context, const cJSON *object, char *why, size_t why_bytes)
{
    struct fake *fake = context;
    const cJSON *drop = cJSON_GetObjectItemCaseSensitive(object, "drop");
    if (!cJSON_IsBool(drop)) {
        snprintf(why, why_bytes, "drop is true or false");
        return false;
    }
    fake->faults_drop = cJSON_IsTrue(drop);
    return true;
}

void fake_init(struct fake *fake)
{
    *fake = (struct fake){
        .status = {.is_goose = true,
                   .knows_goose = true,
                   .is_member = true,
                   .settled = true,
                   .seat = FLOCK_SEAT_VOTER,
                   .state = "goose",
                   .self = "n1.test:7400",
                   .goose = "n1.test:7400",
                   .flock = "pond",
                   .term = 7,
                   .lease_us = 250999,
                   .hold_us = 0,
                   .flock_id = 0xdeadbeef,
                   .roster_term = 6,
                   .roster_version = 2,
                   .wanted = 3,
                   .uptime_us = 5000999,
                   .index = 3,
                   .why = "elected"},
        .members = 2,
        .takes_jobs = true,
        .api = {.context = fake,
                .status = fake_status,
                .members = fake_members,
                .metrics = fake_metrics,
                .hold = fake_hold,
                .request = fake_request,
                .job_open = fake_job_open,
                .job_close = fake_job_close,
                .history = fake_history,
                .watch = fake_watch,
                .why = fake_why,
                .probe = fake_probe,
                .show_faults = fake_show_faults,
                .set_faults = fake_set_faults},
    };
}

/* ---- the server ---- */

uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void world_turn(struct world *world, int fd, int ms)
{
    struct pollfd polled[2] = {{.fd = uv_backend_fd(&world->loop), .events = POLLIN},
                               {.fd = fd, .events = POLLIN}};
    if (uv_run(&world->loop, UV_RUN_NOWAIT) == 0) return;
    int until_timer_ms = uv_backend_timeout(&world->loop);
    if (until_timer_ms >= 0 && until_timer_ms < ms) ms = until_timer_ms;
    poll(polled, 2, ms);
    uv_run(&world->loop, UV_RUN_NOWAIT);
}

static void on_closed(void *to)
{
    *(bool *)to = true;
}

static void stop(struct world *world)
{
    if (world->server == NULL) return;
    world->closed = false;
    http_server_close(world->server, on_closed, &world->closed);
    WAIT_FOR(world, world->closed);
    world->server = NULL;
}

void world_restart(struct world *world)
{
    char why[256] = "";
    struct sockaddr_in address;
    stop(world);
    uv_ip4_addr("127.0.0.1", 0, &address);
    if (world->options.address == NULL && world->options.fd == 0)
        world->options.address = (const struct sockaddr *)&address;
    int error = http_server_start(&world->server, &world->loop, &world->options, &world->fake.api,
                                  why, sizeof(why));
    if (error != 0) print_error("%s\n", why);
    assert_int_equal(error, 0);
    world->options.address = NULL;
    world->options.fd = 0;
    world->port = http_server_port(world->server);
}

int world_open(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&world->loop);
    fake_init(&world->fake);
    world->options.self = "n1.test:7400";
    world_restart(world);
    *state = world;
    return 0;
}

int world_close(void **state)
{
    struct world *world = *state;
    const struct flock_answer gone = {.outcome = FLOCK_NO_ANSWER};
    stop(world);
    while (world->fake.pending > 0)
        fake_answer(&world->fake, &gone);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world->loop), 0);
    free(world);
    return 0;
}

/* ---- the client ---- */

int client_open(struct world *world)
{
    return client_open_from(world, "127.0.0.1");
}

int client_open_from(struct world *world, const char *host)
{
    struct sockaddr_in address, own;
    uv_ip4_addr("127.0.0.1", world->port, &address);
    uv_ip4_addr(host, 0, &own);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&own, sizeof(own)), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

bool client_send(struct world *world, int fd, const void *bytes, size_t count)
{
    const char *at = bytes;
    uint64_t deadline_ms = now_ms() + DEADLINE_MS;
    while (count > 0 && now_ms() < deadline_ms) {
        ssize_t sent = send(fd, at, count, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return false;
        if (sent > 0) {
            at += sent;
            count -= (size_t)sent;
        } else {
            world_turn(world, -1, 5);
        }
    }
    assert_int_equal(count, 0);
    return true;
}

void client_say(struct world *world, int fd, const char *text)
{
    client_send(world, fd, text, strlen(text));
}

/* How many bytes came, at most `most`; 0: the end, -1: nothing in time. */
static ssize_t hear_bytes(struct world *world, int fd, char *bytes, size_t most)
{
    uint64_t deadline_ms = now_ms() + DEADLINE_MS;
    while (now_ms() < deadline_ms) {
        ssize_t got = recv(fd, bytes, most, MSG_DONTWAIT);
        if (got > 0) return got;
        if (got == 0 || errno != EAGAIN) return 0;
        world_turn(world, fd, 20);
    }
    return -1;
}

/* At most `most` bytes more, with a zero behind them. False: the end. */
static bool hear_more(struct world *world, int fd, struct answered *answered, size_t most)
{
    if (answered->room < answered->bytes + most + 1) {
        answered->room = answered->bytes + most + 1;
        answered->text = realloc(answered->text, answered->room);
    }
    assert_non_null(answered->text);
    ssize_t got = hear_bytes(world, fd, answered->text + answered->bytes, most);
    if (got < 0) print_error("no answer in time, only %zu bytes\n", answered->bytes);
    assert_true(got >= 0);
    answered->bytes += (size_t)got;
    answered->text[answered->bytes] = '\0';
    return got > 0;
}

/* The head byte by byte, because the next answer may stand right behind this one; the body as it comes. */
struct answered client_hear(struct world *world, int fd, bool head)
{
    size_t head_bytes = 0;
    struct answered answered = {.text = calloc(1, 1)};
    assert_non_null(answered.text);
    while (head_bytes == 0 || answered.bytes < head_bytes + answered.body_bytes) {
        size_t most = head_bytes == 0 ? 1 : head_bytes + answered.body_bytes - answered.bytes;
        if (!hear_more(world, fd, &answered, most)) {
            assert_int_equal(head_bytes, 0);
            answered.bytes = 0;
            break;
        }
        if (head_bytes > 0 || answered.bytes < 4 ||
            strcmp(answered.text + answered.bytes - 4, "\r\n\r\n") != 0)
            continue;
        head_bytes = answered.bytes;
        const char *length = field(&answered, "Content-Length");
        if (length != NULL && !head) answered.body_bytes = strtoul(length, NULL, 10);
    }
    answered.body = answered.text + head_bytes;
    if (answered.bytes > 0) answered.code = atoi(answered.text + 9);
    return answered;
}

void answered_free(struct answered *answered)
{
    free(answered->text);
    *answered = (struct answered){0};
}

bool client_is_quiet(struct world *world, int fd)
{
    char byte;
    for (int i = 0; i < 10; i++)
        world_turn(world, -1, 5);
    return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

bool client_ended(struct world *world, int fd)
{
    char byte;
    return hear_bytes(world, fd, &byte, 1) == 0;
}

const char *field(const struct answered *answered, const char *name)
{
    static char value[1024];
    char wanted[128];
    snprintf(wanted, sizeof(wanted), "\r\n%s: ", name);
    const char *end = strstr(answered->text, "\r\n\r\n");
    const char *at = strstr(answered->text, wanted);
    if (at == NULL || end == NULL || at > end) return NULL;
    at += strlen(wanted);
    size_t bytes = strcspn(at, "\r");
    if (bytes >= sizeof(value)) bytes = sizeof(value) - 1;
    memcpy(value, at, bytes);
    value[bytes] = '\0';
    return value;
}

struct answered ask(struct world *world, const char *method, const char *target, const char *fields,
                    const char *body)
{
    char text[4096];
    bool own_host = strstr(fields, "Host:") != NULL;
    snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\n%s%sContent-Length: %zu\r\n\r\n%s", method,
             target, own_host ? "" : "Host: localhost\r\n", fields, strlen(body), body);
    int fd = client_open(world);
    client_say(world, fd, text);
    struct answered answered = client_hear(world, fd, strcmp(method, "HEAD") == 0);
    close(fd);
    return answered;
}
