/* fuzz_http.c: any bytes from clients of the HTTP server, in any packets, to a flock that is made up.
 * Every request that came in full is answered once and in turn, in good HTTP, whatever the packets,
 * whatever the client takes of its answers; and nobody changes anything who may not.
 *
 * The first byte says what the server is like. The others are what a client says, but behind an ESCAPE
 * stands what happens: see enum happening. */
#include "fuzz.h"
#include "http_client.h"
#include "loop_fake.h"
#include "samples.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "http/access.h"
#include "http/server.h"

#define ESCAPE      0xff
#define TOKEN       "secret"
#define TICKETS_MAX 8
#define TURNS_MAX   100000
#define QUIET_TURNS 3 /* in which nothing happens, and nothing will */

enum happening {
    ENDS_PACKET,
    DRIBBLES,     /* this client, from now on: a byte a packet */
    ENDS,         /* it sends no more */
    IS_GONE,      /* a reset */
    TAKES_LITTLE, /* and how much, in 16 bytes */
    TAKES_ALL,
    TIME_PASSES,  /* and how much, in 100 ms */
    DOOR_ANSWERS, /* and what */
    OTHER_CLIENT, /* and which */
    SAYS_MUCH,    /* and how much, in 64 bytes */
    CHANGES,      /* for whoever watches; and how often */
    HAPPENINGS,
};

enum trait {
    HAS_TOKEN = 1,
    IS_LOCAL = 2,
    HAS_DRILLS = 4,
    ANSWERS_AT_ONCE = 8,
    WAITS_FOR_ONE = 16,
    MANY_MEMBERS = 32,
    KNOWS_NO_GOOSE = 64,
    GIVES_BAD_REASONS = 128,
};

struct program {
    const uint8_t *at;
    const uint8_t *end;
};

static struct client clients[SOCKETS];

static struct {
    uint8_t traits;
    struct http_server *server;
    bool closed;
    bool time_passed;
    unsigned tickets;
    flock_answered *answered;
    void *ticket[TICKETS_MAX];
    uint64_t index;
    flock_changed *changed;
    void *changed_to;
} world;

/* ---- the flock ---- */

static void door_status(const void *context, struct flock_status *status)
{
    bool goose = (world.traits & KNOWS_NO_GOOSE) == 0;

    (void)context;
    *status = (struct flock_status){.is_goose = goose,
                                    .knows_goose = goose,
                                    .is_member = goose,
                                    .seat = FLOCK_SEAT_VOTER,
                                    .state = goose ? "goose" : "quarantine",
                                    .self = "n1.test:7400",
                                    .goose = goose ? "n1.test:7400" : NULL,
                                    .flock = "pond",
                                    .not_ready = goose ? NULL : "quarantine",
                                    .term = UINT64_MAX,
                                    .lease_us = goose ? 250999 : 0,
                                    .flock_id = UINT64_MAX,
                                    .index = world.index,
                                    .why = "because\n\"of\" that"};
}

static void door_history(const void *context, flock_each_change *each, void *to)
{
    const struct flock_change change = {.index = UINT64_MAX,
                                        .at_ms = INT64_C(253402300799999),
                                        .term = UINT64_MAX,
                                        .to = "n1.test:7400",
                                        .why = "heard \"it\""};

    (void)context;
    for (uint64_t i = 0; i < world.index && i < 100; i++)
        each(&change, to);
}

static void door_watch(void *context, flock_changed *changed, void *to)
{
    (void)context;
    world.changed = changed;
    world.changed_to = to;
}

static void change(void)
{
    struct flock_status status;

    world.index++;
    door_status(NULL, &status);
    world.changed(world.changed_to, &status);
}

static void door_members(const void *context, flock_each_member *each, void *to)
{
    const struct flock_member member = {.address = "n1.test:7400",
                                        .uid = UINT64_MAX,
                                        .seat = FLOCK_SEAT_OBSERVER,
                                        .priority = -1,
                                        .rank = 3,
                                        .last_heard_us = 12345,
                                        .rtt_us = FLOCK_UNKNOWN};

    (void)context;
    for (int i = 0; i < ((world.traits & MANY_MEMBERS) != 0 ? 150 : 2); i++)
        each(&member, to);
}

static void door_metrics(const void *context, flock_each_metric *each, void *to)
{
    const struct flock_metric metric = {.name = "goosed_pond_info",
                                        .help = "A pond.",
                                        .labels = {{"flock", "a \"pond\"\\\n"}},
                                        .value = 1};
    (void)context;
    each(&metric, to);
}

static uint64_t door_hold(void *context, uint64_t wanted_us)
{
    (void)context;
    return wanted_us;
}

static void answer_oldest(uint8_t how)
{
    static const char reason[] = "\"no\"\r\n\x01\x7f\xff because of all this, and more than all "
                                 "this, and more than more than all this";
    bool bad = (world.traits & GIVES_BAD_REASONS) != 0;
    const struct flock_answer answer = {.outcome =
                                            (enum flock_outcome)(how % (FLOCK_NO_ANSWER + 1)),
                                        .address = how % 2 == 0 ? "n2.test:7400" : NULL,
                                        .error = bad ? reason : NULL,
                                        .hint = bad && how % 3 == 0 ? reason : NULL};

    if (world.tickets == 0) return;
    void *oldest = world.ticket[0];
    world.tickets--;
    memmove(world.ticket, world.ticket + 1, world.tickets * sizeof world.ticket[0]);
    world.answered(oldest, &answer);
}

static bool anybody_says(const char *text)
{
    for (size_t i = 0; i < SOCKETS; i++)
        if (memmem(clients[i].says, clients[i].says_bytes, text, strlen(text)) != NULL) return true;
    return false;
}

static void check_may_change(void)
{
    if ((world.traits & HAS_TOKEN) != 0)
        assert(anybody_says(TOKEN));
    else
        assert((world.traits & IS_LOCAL) != 0);
}

static void door_request(void *context, const struct flock_request *request,
                         flock_answered *answered, void *ticket)
{
    (void)context;
    check_may_change();
    assert(request->ask <= FLOCK_VOTERS && strlen(request->address) < FLOCK_ADDRESS_BYTES);
    assert((request->ask == FLOCK_VOTERS) == (request->wanted > 0));
    assert(request->wanted <= FLOCK_VOTERS_MAX);
    assert(world.tickets < TICKETS_MAX);
    world.answered = answered;
    world.ticket[world.tickets++] = ticket;
    if ((world.traits & ANSWERS_AT_ONCE) != 0) answer_oldest((uint8_t)request->ask);
}

static const char *door_why(const void *context)
{
    (void)context;
    return "{}\n";
}

static void door_probe(void *context)
{
    (void)context;
}

/* Its answer has no length, so that nobody here could tell where the next one begins. */
static struct job *door_job_open(void *context, uint64_t grace_us, flock_job_told *told, void *to)
{
    (void)context;
    (void)told;
    (void)to;
    check_may_change();
    assert(grace_us <= 60000000);
    return NULL;
}

static const char *door_show_faults(const void *context)
{
    (void)context;
    return "{}\n";
}

static bool door_set_faults(void *context, const cJSON *object, char *why, size_t why_bytes)
{
    (void)context;
    check_may_change();
    assert((world.traits & HAS_DRILLS) != 0 && why_bytes > 4);
    if (object->child == NULL) return true;
    memcpy(why, "bad", 4);
    return false;
}

static const struct node_api api = {.status = door_status,
                                    .members = door_members,
                                    .metrics = door_metrics,
                                    .hold = door_hold,
                                    .request = door_request,
                                    .job_open = door_job_open,
                                    .history = door_history,
                                    .watch = door_watch,
                                    .why = door_why,
                                    .probe = door_probe,
                                    .show_faults = door_show_faults,
                                    .set_faults = door_set_faults};

/* ---- the clients ---- */

static void hear(unsigned i, const char *bytes, size_t count)
{
    client_hear(&clients[i], bytes, count);
}

static bool turn_until_read(unsigned i)
{
    for (int turns = 0; loop_has_unread(i) && turns < QUIET_TURNS; turns++)
        loop_turn();
    return !loop_has_unread(i);
}

/* What it has said up to `to` comes in, as far as the server reads on. */
static void deliver(unsigned i, size_t to)
{
    struct client *client = &clients[i];

    if (!client->opened) {
        client->opened = true;
        loop_connect(i);
    }
    while (client->said < to && turn_until_read(i) && loop_is_open(i)) {
        size_t bytes = client->dribbles ? 1 : to - client->said;
        loop_bring(i, client->says + client->said, bytes);
        client->said += bytes;
        loop_turn();
    }
}

static size_t answers_so_far(void)
{
    size_t answers = 0;

    for (unsigned i = 0; i < SOCKETS; i++)
        answers += clients[i].answers;
    return answers;
}

/* Whether anything moved or waits for somebody to move it. */
static bool go_on(void)
{
    bool busy = world.tickets > 0;
    size_t answers = answers_so_far();

    answer_oldest(0);
    change();
    loop_turn();
    for (unsigned i = 0; i < SOCKETS; i++) {
        struct client *client = &clients[i];
        size_t before = client->said;
        if (client->opened ? loop_is_open(i) : client->says_bytes > 0 && !client->gone)
            deliver(i, client->says_bytes);
        busy = busy || client->said != before || loop_has_unread(i);
    }
    return busy || world.tickets > 0 || answers_so_far() != answers;
}

/* Nothing holds back any more: what is owed has to come. */
static void drain(void)
{
    unsigned quiet = 0;

    for (unsigned i = 0; i < SOCKETS; i++)
        loop_room(i, SIZE_MAX);
    for (unsigned turns = 0; turns < TURNS_MAX && quiet < QUIET_TURNS; turns++)
        quiet = go_on() ? 0 : quiet + 1;
}

static void check_clients(void)
{
    for (unsigned i = 0; i < SOCKETS; i++) {
        const struct client *client = &clients[i];
        if (!client->opened || client->gone || world.time_passed) continue;
        if (client->watches && !loop_is_open(i)) continue; /* it has left, or was too slow */
        assert(client->heard_bytes == 0);
        assert(client->answers == client->requests);
    }
}

/* ---- the program ---- */

static uint8_t next(struct program *program)
{
    return program->at < program->end ? *program->at++ : 0;
}

/* What is said is the same in both passes: the first collects it, the second lets it come in. */
static void say(struct client *client, char byte, size_t count)
{
    if (client->ended || client->gone || count > SAYS_BYTES_MAX - client->says_bytes) return;
    memset(client->says + client->says_bytes, byte, count);
    client->says_bytes += count;
}

static void happen(struct program *program, unsigned *current, uint8_t what, bool collects)
{
    struct client *client = &clients[*current];
    uint8_t how = what >= TAKES_LITTLE && what != TAKES_ALL ? next(program) : 0;

    if (what == SAYS_MUCH) say(client, 'a', 64U * how);
    if (what == OTHER_CLIENT) *current = how % SOCKETS;
    if (what == ENDS) client->ended = true;
    if (what == IS_GONE) client->gone = true;
    if (collects || what == SAYS_MUCH || what == OTHER_CLIENT) return;
    if (what == DRIBBLES) client->dribbles = true;
    if (!client->gone) deliver(*current, client->says_bytes);
    if (what == ENDS && client->said == client->says_bytes) loop_end(*current);
    if (what == IS_GONE) loop_reset(*current);
    if (what == TAKES_LITTLE) loop_room(*current, 16U * how);
    if (what == TAKES_ALL) loop_room(*current, SIZE_MAX);
    if (what == DOOR_ANSWERS) answer_oldest(how);
    for (unsigned i = 0; what == CHANGES && i <= how; i++)
        change();
    if (what == TIME_PASSES) {
        world.time_passed = true;
        loop_pass(100U * how);
    }
    loop_turn();
}

static void walk(struct program program, bool collects)
{
    unsigned current = 0;

    while (program.at < program.end) {
        uint8_t byte = next(&program), what;
        if (byte == ESCAPE && (what = next(&program)) != ESCAPE)
            happen(&program, &current, what % HAPPENINGS, collects);
        else
            say(&clients[current], (char)byte, 1);
    }
}

static void again(void)
{
    for (size_t i = 0; i < SOCKETS; i++) {
        clients[i].ended = clients[i].gone = false;
        clients[i].says_bytes = 0;
    }
}

static void on_closed(void *to)
{
    *(bool *)to = true;
}

static void open_server(void)
{
    static uv_loop_t loop;
    char why[256] = "";
    const struct sockaddr address = {.sa_family = AF_INET};
    const struct http_options options = {
        .address = &address,
        .self = "n1.test:7400",
        .bind = "pond.test:7400",
        .token = (world.traits & HAS_TOKEN) != 0 ? TOKEN : NULL,
        .faults = (world.traits & HAS_DRILLS) != 0,
        .waits_max = (world.traits & WAITS_FOR_ONE) != 0 ? 1 : 0,
    };

    loop_begin(hear, (world.traits & IS_LOCAL) != 0);
    world.closed = world.time_passed = false;
    world.tickets = 0;
    world.index = 1;
    if (http_server_start(&world.server, &loop, &options, &api, why, sizeof why) != 0) abort();
}

/* The node may answer after the server is gone. */
static void close_server(void)
{
    http_server_close(world.server, on_closed, &world.closed);
    loop_turn();
    assert(world.closed && loop_is_empty() && world.changed == NULL);
    while (world.tickets > 0)
        answer_oldest(FLOCK_NO_ANSWER);
}

static void count_requests(void)
{
    struct access access = {.self = "n1.test", .bind = "pond.test"};

    access_set_token(&access, (world.traits & HAS_TOKEN) != 0 ? TOKEN : NULL);
    for (size_t i = 0; i < SOCKETS; i++)
        client_count_requests(&clients[i], &access);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (count == 0) return 0;
    const struct program program = {bytes + 1, bytes + count};
    world.traits = bytes[0];
    for (size_t i = 0; i < SOCKETS; i++)
        client_clear(&clients[i]);
    walk(program, true);
    count_requests();
    again();
    open_server();
    walk(program, false);
    drain();
    check_clients();
    close_server();
    return 0;
}

/* ---- samples ---- */

static const char *const requests[] = {
    "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /status?hold=20ms HTTP/1.1\r\nHost: n1.test\r\nAccept: text/html, "
    "application/json;q=1\r\n\r\n",
    "HEAD /goose HTTP/1.1\r\nHost: [::1]:7400\r\n\r\n",
    "OPTIONS /duck HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /members HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "HEAD /events HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /status?wait=30s&index=1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /?wait=200ms HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n",
    "GET /history HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n",
    "GET http://localhost:7400/readyz?x#y HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "GET /livez HTTP/1.0\r\n\r\n",
    "PUT /drain HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " TOKEN "\r\n\r\n",
    "DELETE /drain HTTP/1.1\r\nHost: localhost\r\nAuthorization: bearer  " TOKEN " \r\n\r\n",
    "DELETE /members/n2.test%3a7400?force=1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "POST /handover HTTP/1.1\r\nHost: pond.test\r\nContent-Length: "
    "18\r\n\r\n{\"to\":\"n2:7400\"}\r\n",
    "POST /handover HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: "
    "2\r\n\r\n{}",
    "GET /faults HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n",
    "POST /faults HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " TOKEN
    "\r\nContent-Length: 2\r\n\r\n{}",
    "POST /faults HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "PUT /drain HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nConnection: "
    "close\r\n\r\n",
    "GET /nowhere HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "PATCH /status HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    "GET /events HTTP/1.1\r\nHost: evil.test\r\n\r\n",
    "GET /events HTTP/1.1\r\nHost: pond.test\r\nSec-Fetch-Site: cross-site\r\n\r\n",
    "GET /status HTTP/1.1\nHost: localhost\n\n",
    "GET /status HTTP/2.0\r\nHost: localhost\r\n\r\n",
    "GET /status HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n",
    "POST /handover HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\n",
    "POST /job?grace=9s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " TOKEN "\r\n\r\n",
};

size_t fuzz_sample(uint64_t seed, uint8_t *bytes)
{
    struct rng rng = {seed};
    uint8_t *at = bytes;

    *at++ = (uint8_t)rng_next(&rng);
    for (uint64_t left = 1 + rng_below(&rng, 6); left > 0; left--) {
        const char *request = requests[rng_below(&rng, sizeof requests / sizeof *requests)];
        size_t all = strlen(request), cut = rng_below(&rng, 4) > 0 ? all : all / 2;
        memcpy(at, request, cut);
        at += cut;
        for (uint64_t more = rng_below(&rng, 3); more > 0; more--) {
            *at++ = ESCAPE;
            *at++ = (uint8_t)rng_below(&rng, HAPPENINGS);
            *at++ = (uint8_t)rng_below(&rng, 8);
        }
        memcpy(at, request + cut, all - cut);
        at += all - cut;
    }
    return (size_t)(at - bytes);
}
