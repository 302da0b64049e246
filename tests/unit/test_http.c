/* test_http.c: each row of the HTTP table, each error, and how requests follow each other on a
 * connection. */
#include "test_http_fake.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define JSON "Accept: application/json\r\n"

static void check(struct answered answered, int code, const char *body)
{
    assert_int_equal(answered.code, code);
    assert_string_equal(answered.body, body);
    assert_string_equal(field(&answered, "Cache-Control"), "no-store");
    answered_free(&answered);
}

static void be_duck(struct world *world)
{
    struct flock_status *status = &world->fake.status;
    status->is_goose = false;
    status->lease_us = 0;
    status->goose = "n2.test:7400";
    status->state = "duck";
}

/* ---- what a node is ---- */

static int code_of(struct world *world, const char *method, const char *path, const char *fields)
{
    struct answered answered = ask(world, method, path, fields, "");
    int code = answered.code;
    answered_free(&answered);
    return code;
}

static void test_status(void **state)
{
    struct world *world = *state;
    check(ask(world, "GET", "/status", "", ""), 200, "goose\n");
    check(ask(world, "GET", "/", "", ""), 200, "goose\n");
    check(ask(world, "GET", "/status?unknown=1", "", ""), 200, "goose\n");
    check(ask(world, "GET", "http://n1.test:7400/status", "", ""), 200, "goose\n");
    be_duck(world);
    check(ask(world, "GET", "/status", "", ""), 200, "duck\n");
}

static void test_status_fields(void **state)
{
    struct world *world = *state;
    struct answered answered = ask(world, "GET", "/status", "", "");
    assert_string_equal(field(&answered, "Goose-Term"), "7");
    assert_string_equal(field(&answered, "Goose-Lease-Ms"), "250");
    assert_string_equal(field(&answered, "Goose-Address"), "n1.test:7400");
    assert_string_equal(field(&answered, "Content-Type"), "text/plain");
    assert_null(field(&answered, "Goose-Hold-Ms"));
    assert_null(field(&answered, "Connection"));
    answered_free(&answered);
    be_duck(world);
    world->fake.status.goose = NULL;
    answered = ask(world, "GET", "/status", "", "");
    assert_string_equal(field(&answered, "Goose-Lease-Ms"), "0");
    assert_null(field(&answered, "Goose-Address"));
    answered_free(&answered);
}

static void test_status_json(void **state)
{
    struct world *world = *state;
    struct answered answered = ask(world, "GET", "/status", JSON, "");
    assert_string_equal(field(&answered, "Content-Type"), "application/json");
    assert_string_equal(field(&answered, "Goose-Term"), "7");
    check(
        answered, 200,
        "{\"self\":\"n1.test:7400\",\"role\":\"goose\",\"state\":\"goose\",\"seat\":\"voter\","
        "\"goose\":\"n1.test:7400\",\"term\":7,\"lease_ms\":250,\"hold_ms\":0,\"flock\":\"pond\","
        "\"flock_id\":\"00000000deadbeef\",\"roster\":{\"term\":6,\"version\":2},\"settled\":true,"
        "\"uptime_ms\":5000,\"draining\":false,\"authenticated\":false}\n");
    be_duck(world);
    world->fake.status.goose = NULL;
    world->fake.status.seat = FLOCK_SEAT_NONE;
    world->fake.status.flock = "a \"b\"";
    check(
        ask(world, "GET", "/", JSON, ""), 200,
        "{\"self\":\"n1.test:7400\",\"role\":\"duck\",\"state\":\"duck\",\"seat\":\"none\","
        "\"goose\":null,\"term\":7,\"lease_ms\":0,\"hold_ms\":0,\"flock\":\"a \\u0022b\\u0022\","
        "\"flock_id\":\"00000000deadbeef\",\"roster\":{\"term\":6,\"version\":2},\"settled\":true,"
        "\"uptime_ms\":5000,\"draining\":false,\"authenticated\":false}\n");
}

static void test_why(void **state)
{
    struct world *world = *state;
    check(ask(world, "GET", "/why", "", ""), 200, "{\"self\":\"n1:7000\"}\n");
    assert_int_equal(world->fake.probes, 0);
    check(ask(world, "GET", "/why?probe=1", JSON, ""), 200, "{\"self\":\"n1:7000\"}\n");
    assert_int_equal(world->fake.probes, 1);
    check(ask(world, "GET", "/why?probe=yes", "", ""), 400,
          "probe is 1 or left out; write ?probe=1\n");
    assert_int_equal(world->fake.probes, 1);
}

static void test_accept(void **state)
{
    static const struct {
        const char *accept;
        bool json;
    } cases[] = {{"application/json", true},
                 {"text/html, application/json;q=0.9, */*", true},
                 {"text/plain ,APPLICATION/JSON", true},
                 {"application/json ", true},
                 {"*/*", false},
                 {"application/jsonx", false},
                 {"application/json-patch+json", false},
                 {"xapplication/json", false},
                 {"text/plain", false},
                 {"", false}};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char fields[128];
        snprintf(fields, sizeof(fields), "Accept: %s\r\n", cases[i].accept);
        struct answered answered = ask(world, "GET", "/status", fields, "");
        assert_int_equal(answered.body[0] == '{', cases[i].json);
        answered_free(&answered);
    }
    struct answered twice = ask(world, "GET", "/status", "Accept: text/html\r\n" JSON, "");
    assert_int_equal(twice.body[0], '{');
    answered_free(&twice);
    twice = ask(world, "GET", "/status", JSON "Accept: text/html\r\n", "");
    assert_int_equal(twice.body[0], '{');
    answered_free(&twice);
}

/* The status is read anew for each answer, and the answer says what was read. */
static void test_each_answer_is_read_anew(void **state)
{
    struct world *world = *state;
    uint64_t before = world->fake.status_reads;
    int fd = client_open(world);
    for (int i = 0; i < 5; i++) {
        if (i == 3) be_duck(world);
        client_say(world, fd, "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n");
        check(client_hear(world, fd, false), 200, i < 3 ? "goose\n" : "duck\n");
    }
    assert_int_equal(world->fake.status_reads - before, 5);
    close(fd);
}

static void test_hold(void **state)
{
    struct world *world = *state;
    struct fake *fake = &world->fake;
    fake->hold_given_us = 100999;
    struct answered answered = ask(world, "GET", "/status?hold=150ms", "", "");
    assert_int_equal(fake->hold_asked_us, 150000);
    assert_int_equal(fake->status_reads, fake->reads_before_hold + 1); /* the lease, behind it */
    assert_string_equal(field(&answered, "Goose-Hold-Ms"), "100");
    check(answered, 200, "goose\n");
    answered = ask(world, "GET", "/goose?x=1&hold=2s", JSON, "");
    assert_int_equal(fake->hold_asked_us, 2000000);
    assert_string_equal(field(&answered, "Goose-Hold-Ms"), "100");
    answered_free(&answered);
    answered = ask(world, "GET", "/status?hold=1s", JSON, "");
    assert_non_null(strstr(answered.body, "\"hold_ms\":100,"));
    answered_free(&answered);
    fake->hold_given_us = 900000; /* the lease was read later: never longer than that */
    answered = ask(world, "GET", "/status?hold=1s", "", "");
    assert_string_equal(field(&answered, "Goose-Hold-Ms"), "250");
    answered_free(&answered);
    be_duck(world);
    answered = ask(world, "GET", "/status?hold=1s", "", "");
    assert_string_equal(field(&answered, "Goose-Hold-Ms"), "0");
    check(answered, 200, "duck\n");
}

static void test_hold_not_asked_for(void **state)
{
    struct world *world = *state;
    world->fake.status.hold_us = 77999;
    world->fake.hold_asked_us = 1;
    struct answered answered = ask(world, "GET", "/status", JSON, "");
    assert_non_null(strstr(answered.body, "\"hold_ms\":77,"));
    assert_null(field(&answered, "Goose-Hold-Ms"));
    assert_int_equal(world->fake.hold_asked_us, 1);
    answered_free(&answered);
    check(ask(world, "GET", "/status?hold=soon", "", ""), 400,
          "hold is not a duration; give a whole number and us, ms, s or m, as in ?hold=200ms\n");
    check(ask(world, "GET", "/goose?hold=", JSON, ""), 400,
          "{\"error\": \"hold is not a duration\", \"hint\": \"give a whole number and us, ms, s "
          "or m, as in ?hold=200ms\"}\n");
    assert_int_equal(world->fake.hold_asked_us, 1);
}

static void test_goose(void **state)
{
    struct world *world = *state;
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS"};
    for (size_t i = 0; i < 3; i++) {
        const char *body = i == 1 ? "" : "n1.test:7400\n";
        fake_init(&world->fake);
        struct answered answered = ask(world, methods[i], "/goose", "", "");
        assert_string_equal(field(&answered, "Goose-Term"), "7");
        check(answered, 200, body);
        be_duck(world);
        check(ask(world, methods[i], "/goose", "", ""), 503, i == 1 ? "" : "n2.test:7400\n");
        world->fake.status.goose = NULL;
        check(ask(world, methods[i], "/goose", "", ""), 503, i == 1 ? "" : "none\n");
    }
    check(ask(world, "GET", "/goose", JSON, ""), 503, "{\"goose\":null}\n");
}

static void test_duck(void **state)
{
    struct world *world = *state;
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS"};
    for (size_t i = 0; i < 3; i++) {
        fake_init(&world->fake);
        check(ask(world, methods[i], "/duck", "", ""), 503, i == 1 ? "" : "n1.test:7400\n");
        be_duck(world);
        check(ask(world, methods[i], "/duck", "", ""), 200, i == 1 ? "" : "n2.test:7400\n");
        world->fake.status.draining = true;
        check(ask(world, methods[i], "/duck", "", ""), 503, i == 1 ? "" : "n2.test:7400\n");
        world->fake.status.draining = false;
        world->fake.status.knows_goose = false;
        check(ask(world, methods[i], "/duck", "", ""), 503, i == 1 ? "" : "n2.test:7400\n");
    }
}

static void test_health(void **state)
{
    struct world *world = *state;
    check(ask(world, "GET", "/livez", "", ""), 200, "live\n");
    check(ask(world, "GET", "/livez", JSON, ""), 200, "{\"live\":true}\n");
    check(ask(world, "GET", "/readyz", "", ""), 200, "ready\n");
    check(ask(world, "GET", "/readyz", JSON, ""), 200, "{\"ready\":true}\n");
    be_duck(world);
    check(ask(world, "GET", "/readyz", "", ""), 200, "ready\n");
    world->fake.status.knows_goose = false;
    struct answered answered = ask(world, "GET", "/readyz", "", "");
    assert_string_equal(field(&answered, "Goose-Term"), "7");
    check(answered, 503, "this node knows no goose; see /status and /members\n");
    world->fake.status.is_member = false;
    check(ask(world, "GET", "/readyz", "", ""), 503,
          "this node is no member of the flock; see /status and /members\n");
    world->fake.status.not_ready = "waiting 200ms after a restart";
    check(
        ask(world, "GET", "/readyz", JSON, ""), 503,
        "{\"error\": \"waiting 200ms after a restart\", \"hint\": \"see /status and /members\"}\n");
    check(ask(world, "GET", "/livez", "", ""), 200, "live\n");
}

static void test_members(void **state)
{
    struct world *world = *state;
    struct answered answered = ask(world, "GET", "/members", "", "");
    assert_string_equal(field(&answered, "Content-Type"), "application/json");
    check(answered, 200,
          "{\"goose\":\"n1.test:7400\",\"wanted\":3,\"members\":[\n"
          "{\"address\":\"n1.test:7400\",\"uid\":\"0000000000000abc\",\"seat\":\"voter\",\"role\":"
          "\"goose\","
          "\"silent\":false,\"priority\":100,\"last_heard_ms\":0.000,\"rtt_ms\":0.000,\"rank\":"
          "null,\"http_port\":"
          "7400},\n"
          "{\"address\":\"n2.test:7400\",\"uid\":null,\"seat\":\"observer\",\"role\":null,"
          "\"silent\":null,\"priority\":null,\"last_heard_ms\":12.345,\"rtt_ms\":null,\"rank\":3,"
          "\"http_port\":"
          "null}\n]}\n");
    world->fake.members = 0;
    fake_change(&world->fake, "lost it");
    world->fake.status.goose = NULL;
    world->fake.status.wanted = 0;
    check(ask(world, "GET", "/members", "", ""), 200,
          "{\"goose\":null,\"wanted\":null,\"members\":[\n]}\n");
    check(ask(world, "HEAD", "/members", "", ""), 200, "");
}

/* Too long for one write: the rest follows as the client takes it, and the connection goes on
 * behind it. */
static void test_many_members(void **state)
{
    struct world *world = *state;
    world->fake.members = 40000;
    int fd = client_open(world);
    client_say(world, fd,
               "GET /members HTTP/1.1\r\nHost: localhost\r\n\r\nGET /status HTTP/1.1\r\nHost: "
               "localhost\r\n\r\n");
    for (int i = 0; i < 20; i++)
        world_turn(world, -1, 1);
    struct answered answered = client_hear(world, fd, false);
    assert_int_equal(answered.code, 200);
    assert_true(answered.body_bytes > 4000000);
    assert_string_equal(answered.text + answered.bytes - 4, "\n]}\n");
    answered_free(&answered);
    check(client_hear(world, fd, false), 200, "goose\n");
    close(fd);
}

/* ---- changes ---- */

static int begin(struct world *world, const char *method, const char *target, const char *fields,
                 const char *body)
{
    char text[1024];
    int fd = client_open(world);
    snprintf(text, sizeof(text),
             "%s %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %zu\r\n\r\n%s", method, target,
             fields, strlen(body), body);
    client_say(world, fd, text);
    WAIT_FOR(world, world->fake.pending == 1);
    return fd;
}

static void finish(struct world *world, int fd, struct flock_answer answer, int code,
                   const char *body)
{
    fake_answer(&world->fake, &answer);
    check(client_hear(world, fd, false), code, body);
    client_say(world, fd,
               "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"); /* the connection goes on */
    check(client_hear(world, fd, false), 200, "live\n");
    close(fd);
}

static const struct flock_answer done = {.outcome = FLOCK_DONE, .address = "n2.test:7400"};

#define INFO                            \
    "# HELP goosed_pond_info A pond.\n" \
    "# TYPE goosed_pond_info gauge\n"   \
    "goosed_pond_info{flock=\"a \\\"b\\\\\\n\",side=\"east\"} 1\n"

static void test_metrics(void **state)
{
    struct world *world = *state;
    world->fake.status.flock = "a \"b\\\n";
    struct answered answered = ask(world, "GET", "/metrics", JSON, "");
    assert_string_equal(field(&answered, "Content-Type"),
                        "text/plain; version=0.0.4; charset=utf-8");
    check(answered, 200,
          INFO
          "# HELP goosed_term A term.\n"
          "# TYPE goosed_term gauge\n"
          "goosed_term 18446744073709551615\n"
          "# HELP goosed_lease_seconds A lease.\n"
          "# TYPE goosed_lease_seconds gauge\n"
          "goosed_lease_seconds 0.250999\n"
          "# HELP goosed_wait_seconds A wait.\n"
          "# TYPE goosed_wait_seconds histogram\n"
          "goosed_wait_seconds_bucket{le=\"0.00025\"} 2\n"
          "goosed_wait_seconds_bucket{le=\"1\"} 2\n"
          "goosed_wait_seconds_bucket{le=\"+Inf\"} 3\n"
          "goosed_wait_seconds_sum 3.0002\n"
          "goosed_wait_seconds_count 3\n"
          "# HELP goosed_http_requests_total HTTP requests that were answered, by status code.\n"
          "# TYPE goosed_http_requests_total counter\n"
          "goosed_http_requests_total{code=\"200\"} 0\n"
          "# HELP goosed_http_connections HTTP connections that are open now.\n"
          "# TYPE goosed_http_connections gauge\n"
          "goosed_http_connections 1\n");
    answered = ask(world, "GET", "/nowhere", "", "");
    answered_free(&answered);
    world->fake.status.lease_us = 0;
    fake_change(&world->fake, "lost it");
    world->fake.more_metrics = 1; /* of one name: one head for all */
    answered = ask(world, "GET", "/metrics", "", "");
    assert_non_null(strstr(answered.body, "\ngoosed_lease_seconds 0\n"));
    assert_non_null(strstr(answered.body, "{code=\"200\"} 1\n"
                                          "goosed_http_requests_total{code=\"404\"} 1\n"));
    assert_ptr_equal(strstr(answered.body, INFO "goosed_pond_info{"), answered.body);
    answered_free(&answered);
}

static void test_metrics_that_do_not_fit(void **state)
{
    struct world *world = *state;
    world->fake.more_metrics = 10000;
    struct answered answered = ask(world, "GET", "/metrics", "", "");
    assert_int_equal(answered.code, 503);
    answered_free(&answered);
}

static void test_remove(void **state)
{
    struct world *world = *state;
    int fd = begin(world, "DELETE", "/members/n2.test:7400", "", "");
    assert_int_equal(world->fake.requests[0].ask, FLOCK_REMOVE);
    assert_string_equal(world->fake.requests[0].address, "n2.test:7400");
    assert_false(world->fake.requests[0].force);
    finish(world, fd, done, 200, "removed n2.test:7400\n");
    fd = begin(world, "DELETE", "/members/%5b::1%5d:7400?force=1", JSON, "");
    assert_string_equal(world->fake.requests[0].address, "[::1]:7400");
    assert_true(world->fake.requests[0].force);
    finish(world, fd, done, 200, "{\"removed\":\"n2.test:7400\"}\n");
    fd = begin(world, "DELETE", "/members/[::1]:7400", JSON, "");
    assert_string_equal(world->fake.requests[0].address, "[::1]:7400");
    finish(world, fd, done, 200, "{\"removed\":\"n2.test:7400\"}\n");
}

/* What the flock can lose is said where nobody takes the seat. */
static void test_remove_warns(void **state)
{
    struct world *world = *state;
    struct flock_answer answer = done;
    answer.number = 1;
    int fd = begin(world, "DELETE", "/members/n2.test:7400", "", "");
    finish(world, fd, answer, 200,
           "removed n2.test:7400; nobody waits for the seat: the flock stops when 1 more voter is "
           "lost, so start another node with --join\n");
    answer.number = 2;
    fd = begin(world, "DELETE", "/members/n2.test:7400", JSON, "");
    finish(world, fd, answer, 200,
           "{\"removed\":\"n2.test:7400\",\"stops_at\":2,\"warning\":\"nobody waits for the "
           "seat: the flock stops when 2 more voters are lost, so start another node with "
           "--join\"}\n");
}

static void test_voters(void **state)
{
    static const char *const bad[] = {
        "",
        "3",
        "{}",
        "[3]",
        "{\"wanted\":0}",
        "{\"wanted\":32}",
        "{\"wanted\":-1}",
        "{\"wanted\":3.5}",
        "{\"wanted\":1e300}",
        "{\"wanted\":\"3\"}",
        "{\"wanted\":null}",
        "{\"voters\":3}",
        "{\"wanted\":3,\"wanted\":3}",
        "{\"wanted\":3} x",
    };
    const struct flock_answer three = {.outcome = FLOCK_DONE, .number = 3};
    struct world *world = *state;
    int fd = begin(world, "PUT", "/voters", "", "{\"wanted\": 3}");
    assert_int_equal(world->fake.requests[0].ask, FLOCK_VOTERS);
    assert_int_equal(world->fake.requests[0].wanted, 3);
    finish(world, fd, three, 200, "voters wanted: 3\n");
    fd = begin(world, "PUT", "/voters", JSON, "{\"wanted\":31}");
    assert_int_equal(world->fake.requests[0].wanted, 31);
    finish(world, fd, three, 200, "{\"wanted\":3}\n");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check(ask(world, "PUT", "/voters", "", bad[i]), 400,
              "this is no {\"wanted\": N}; name a number of voters from 1 to 31\n");
    assert_int_equal(world->fake.pending, 0);
}

static void test_remove_refused(void **state)
{
    struct world *world = *state;
    check(ask(world, "DELETE", "/members/n2:1?force=yes", "", ""), 400,
          "force is 1 or left out; write ?force=1\n");
    check(ask(world, "DELETE", "/members/n2%zz", "", ""), 400,
          "this is no HOST:PORT; name the member as /members lists it\n");
    check(ask(world, "DELETE",
              "/members/01234567890123456789012345678901234567890123456789012345678901234567890:1",
              "", ""),
          400, "this is no HOST:PORT; name the member as /members lists it\n");
    struct answered answered = ask(world, "DELETE", "/members/", "", "");
    assert_int_equal(answered.code, 404);
    answered_free(&answered);
    assert_int_equal(world->fake.pending, 0);
}

static void test_outcomes(void **state)
{
    static const struct {
        enum flock_outcome outcome;
        int code;
        const char *body;
    } cases[] = {
        {FLOCK_BAD_ADDRESS, 400, "this is no HOST:PORT; name the member as /members lists it\n"},
        {FLOCK_NOT_FOUND, 404, "there is no member of that address; see /members\n"},
        {FLOCK_REFUSED, 409, "the flock cannot do that now; see /members\n"},
        {FLOCK_NO_GOOSE, 503, "there is no goose to do it; ask again when /readyz says 200\n"},
        {FLOCK_NO_ANSWER, 503,
         "no answer came in time, so it may or may not have been done; look at /status and "
         "/members before "
         "asking again\n"},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = begin(world, "DELETE", "/members/n2:1", "", "");
        finish(world, fd, (struct flock_answer){.outcome = cases[i].outcome}, cases[i].code,
               cases[i].body);
    }
    int fd = begin(world, "POST", "/handover", "", "{\"to\": \"n2:1\"}");
    finish(world, fd, (struct flock_answer){.outcome = FLOCK_NOT_FOUND, .address = "n2:1"}, 404,
           "there is no member n2:1; see /members\n");
    fd = begin(world, "DELETE", "/members/n2:1", JSON, "");
    const struct flock_answer words = {
        .outcome = FLOCK_REFUSED, .error = "2 of 3", .hint = "add \"one\""};
    finish(world, fd, words, 409, "{\"error\": \"2 of 3\", \"hint\": \"add \\u0022one\\u0022\"}\n");
}

static void test_handover(void **state)
{
    struct world *world = *state;
    static const char *const anybody[] = {"", " \t ", "{}", "{\"to\":null}", " {} \r\n"};
    for (size_t i = 0; i < sizeof(anybody) / sizeof(anybody[0]); i++) {
        int fd = begin(world, "POST", "/handover", "", anybody[i]);
        assert_int_equal(world->fake.requests[0].ask, FLOCK_HANDOVER);
        assert_string_equal(world->fake.requests[0].address, "");
        finish(world, fd, done, 200, "n2.test:7400\n");
    }
    int fd = begin(world, "POST", "/handover", JSON, "{\"to\": \"n3.test:7400\"}");
    assert_string_equal(world->fake.requests[0].address, "n3.test:7400");
    finish(world, fd, done, 200, "{\"goose\":\"n2.test:7400\"}\n");
}

/* Who asked, for what, and what came of it; also where the client has left meanwhile. */
static void test_changes_are_logged(void **state)
{
    static const struct {
        const char *method, *path, *body, *says;
        struct flock_answer answer;
    } cases[] = {
        {"POST", "/handover", "", "handover, asked by 127.0.0.1:", {.outcome = FLOCK_DONE}},
        {"POST",
         "/handover",
         "{\"to\":\"n2:1\"}",
         "handover to n2:1, asked by ",
         {.outcome = FLOCK_DONE}},
        {"DELETE",
         "/members/n2:1?force=1",
         "",
         "removal of n2:1 by force, asked by ",
         {.outcome = FLOCK_NO_GOOSE}},
        {"PUT",
         "/voters",
         "{\"wanted\":3}",
         "voters wanted: 3, asked by ",
         {.outcome = FLOCK_REFUSED, .error = "not now"}},
        {"PUT", "/drain", "", "drain, asked by ", {.outcome = FLOCK_NO_ANSWER}},
    };
    static const char *const outcomes[] = {": done\n", ": done\n", ": not done, no goose\n",
                                           ": refused, not now\n", ": perhaps done, no answer\n"};
    struct world *world = *state;
    FILE *file = tmpfile();
    char text[4096] = "", *at = text;
    world->options.log = log_new(fileno(file), LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    world_restart(world);
    for (size_t i = 0; i < COUNT(cases); i++) {
        int fd = begin(world, cases[i].method, cases[i].path, "", cases[i].body);
        close(fd);
        for (int turn = 0; turn < 5; turn++)
            world_turn(world, -1, 1);
        fake_answer(&world->fake, &cases[i].answer);
        for (int turn = 0; turn < 5; turn++)
            world_turn(world, -1, 1);
    }
    assert_int_equal(code_of(world, "POST", "/job", ""), 200);
    assert_int_equal(code_of(world, "PUT", "/drain", "Host: evil.test\r\n"), 403);
    rewind(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    for (size_t i = 0; i < COUNT(cases); i++) {
        at = strstr(at, cases[i].says);
        assert_non_null(at);
        const char *outcome = strstr(at, outcomes[i]);
        assert_ptr_equal(outcome + strlen(outcomes[i]) - 1, strchr(at, '\n'));
    }
    at = strstr(at, "a job, asked by 127.0.0.1:");
    assert_non_null(at);
    assert_string_equal(strchr(at, '\n'), "\n"); /* strangers log nothing */
    log_free(world->options.log);
    world->options.log = NULL;
    world_restart(world);
    fclose(file);
}

static void test_handover_refused(void **state)
{
    static const char *const bad[] = {
        "{",
        "[]",
        "\"n2:1\"",
        "{\"to\":1}",
        "{\"to\":\"\"}",
        "{\"too\":\"n2:1\"}",
        "{\"to\":\"n2:1\\u00009\"}",
        "{\"to\\u0000o\":\"n2:1\"}",
        "{} x",
        "{}{}",
        "{\"to\":\"a:1\",\"to\":\"b:1\"}",
        "{\"to\":\"01234567890123456789012345678901234567890123456789012345678901234567890:1\"}"};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check(ask(world, "POST", "/handover", "", bad[i]), 400,
              "this is no {\"to\": HOST:PORT}; name one member, or send no body for the heir\n");
    assert_int_equal(world->fake.pending, 0);
}

static void test_drain(void **state)
{
    struct world *world = *state;
    int fd = begin(world, "PUT", "/drain", "", "");
    assert_int_equal(world->fake.requests[0].ask, FLOCK_DRAIN);
    finish(world, fd, (struct flock_answer){.outcome = FLOCK_DONE}, 200, "draining\n");
    fd = begin(world, "DELETE", "/drain", JSON, "");
    assert_int_equal(world->fake.requests[0].ask, FLOCK_UNDRAIN);
    finish(world, fd, (struct flock_answer){.outcome = FLOCK_DONE}, 200, "{\"draining\":false}\n");
    world->fake.answers_at_once = true;
    world->fake.answer = (struct flock_answer){.outcome = FLOCK_DONE};
    check(ask(world, "PUT", "/drain", JSON, ""), 200, "{\"draining\":true}\n");
    check(ask(world, "DELETE", "/drain", "", ""), 200, "not draining\n");
}

static void test_faults(void **state)
{
    struct world *world = *state;
    struct answered answered = ask(world, "GET", "/faults", "", "");
    assert_int_equal(answered.code, 404);
    assert_null(strstr(answered.body, "/faults"));
    answered_free(&answered);
    answered = ask(world, "POST", "/faults", "", "{\"drop\":true}");
    assert_int_equal(answered.code, 404);
    answered_free(&answered);
    assert_int_equal(world->fake.faults_drop, 0);

    world->options.faults = true;
    world_restart(world);
    answered = ask(world, "GET", "/faults", "", "");
    assert_non_null(strstr(answered.text, "Content-Type: application/json\r\n"));
    check(answered, 200, "{\"drop\":false}\n");
    check(ask(world, "POST", "/faults", JSON, "{\"drop\":true}"), 200, "{\"drop\":true}\n");
    check(ask(world, "GET", "/faults", "", ""), 200, "{\"drop\":true}\n");
    check(ask(world, "POST", "/faults", "", "{\"drop\":1}"), 400,
          "drop is true or false; see GET /faults for the names\n");
    check(ask(world, "POST", "/faults", "", ""), 400,
          "the body is no JSON object; see GET /faults for the names\n");
    check(ask(world, "POST", "/faults", "", "[1]"), 400,
          "the body is no JSON object; see GET /faults for the names\n");
    answered = ask(world, "PUT", "/faults", "", "");
    assert_string_equal(field(&answered, "Allow"), "GET, HEAD, POST, OPTIONS");
    answered_free(&answered);
}

/* ---- who may ask ---- */

/* A page that has turned its own name on this node reads nothing but the role. */
static void test_hosts_of_what_is_read(void **state)
{
    static const char *const open[] = {"/status", "/goose", "/livez", "/readyz",
                                       "/status?hold=1ms"};
    static const char *const closed[] = {"/",       "/members", "/why",   "/history",
                                         "/events", "/metrics", "/faults"};
    static const char evil[] = "Host: evil.test:7400\r\n";
    static const char token[] = "Host: evil.test\r\nAuthorization: Bearer open-sesame-12345\r\n";
    struct world *world = *state;
    world->options.faults = true;
    world->options.token = "open-sesame-12345";
    world_restart(world);
    for (size_t i = 0; i < COUNT(open); i++)
        assert_int_equal(code_of(world, "GET", open[i], evil), 200);
    assert_int_equal(code_of(world, "GET", "/duck", evil), 503);
    for (size_t i = 0; i < COUNT(closed); i++) {
        assert_int_equal(code_of(world, "GET", closed[i], evil), 403);
        assert_int_equal(code_of(world, "GET", closed[i], "Host: n1.test\r\n"), 200);
        assert_int_equal(code_of(world, "GET", closed[i], "Host: 10.1.2.3\r\n"), 200);
        assert_int_equal(code_of(world, "GET", closed[i], token), 200);
    }
}

/* What an <img> on any page could ask. */
static void test_pages_of_other_sites(void **state)
{
    static const char *const held[] = {"/events", "/status?hold=1ms", "/status?wait=1ms&index=99",
                                       "/goose?hold=1ms", "/why?probe=1"};
    static const char *const read[] = {"/status", "/goose", "/", "/livez", "/members", "/why"};
    static const char *const other[] = {"Sec-Fetch-Site: cross-site\r\n",
                                        "sec-fetch-site: same-site\r\n",
                                        "Sec-Fetch-Site:\r\n",
                                        "Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n",
                                        "Origin: http://evil.test\r\n",
                                        "Origin: null\r\n"};
    static const char *const own[] = {"Sec-Fetch-Site: none\r\n", "Sec-Fetch-Site: same-origin\r\n",
                                      "Origin: http://localhost\r\n", ""};
    struct world *world = *state;
    for (size_t i = 0; i < COUNT(other); i++) {
        for (size_t k = 0; k < COUNT(held); k++)
            assert_int_equal(code_of(world, "GET", held[k], other[i]), 403);
        for (size_t k = 0; k < COUNT(read); k++)
            assert_int_equal(code_of(world, "GET", read[k], other[i]), 200);
        assert_int_equal(code_of(world, "POST", "/job", other[i]), 403);
        assert_int_equal(code_of(world, "PUT", "/drain", other[i]), 403);
    }
    assert_int_equal(world->fake.pending, 0);
    assert_int_equal(world->fake.probes, 0);
    assert_int_equal(world->fake.hold_asked_us, 0);
    for (size_t i = 0; i < COUNT(own); i++)
        for (size_t k = 0; k < COUNT(held); k++)
            assert_int_equal(code_of(world, "GET", held[k], own[i]), 200);
    struct answered answered = ask(world, "GET", "/events", other[0], "");
    assert_non_null(strstr(answered.body, "without its reader's will"));
    answered_free(&answered);
}

/* ---- paths and methods ---- */

static void test_no_such_path(void **state)
{
    struct world *world = *state;
    static const char *const paths[] = {"/x",      "/statusx",  "/status/", "//status",
                                        "/Status", "/%73tatus", "/members/"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        check(ask(world, "GET", paths[i], "", ""), 404,
              "there is no such path here; there are /status /goose /duck / /livez /readyz "
              "/members /why "
              "/members/HOST:PORT /events /history /metrics /voters /handover /drain /job\n");
    struct answered answered = ask(world, "GET", "/x", JSON, "");
    assert_string_equal(field(&answered, "Content-Type"), "application/json");
    assert_int_equal(
        strncmp(answered.body, "{\"error\": \"there is no such path here\", \"hint\": \"", 48), 0);
    answered_free(&answered);
}

static void test_other_methods(void **state)
{
    static const struct {
        const char *method, *path, *allow;
    } cases[] = {
        {"POST", "/status", "GET, HEAD, OPTIONS"},
        {"DELETE", "/goose", "GET, HEAD, OPTIONS"},
        {"PUT", "/members", "GET, HEAD, OPTIONS"},
        {"GET", "/members/n2:1", "DELETE, OPTIONS"},
        {"GET", "/handover", "POST, OPTIONS"},
        {"HEAD", "/drain", "PUT, DELETE, OPTIONS"},
        {"PATCH", "/drain", "PUT, DELETE, OPTIONS"},
        {"POST", "/", "GET, HEAD, OPTIONS"},
        {"GET", "/job", "POST, OPTIONS"},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct answered answered = ask(world, cases[i].method, cases[i].path, "", "");
        assert_int_equal(answered.code, 405);
        assert_string_equal(field(&answered, "Allow"), cases[i].allow);
        answered_free(&answered);
        answered = ask(world, "OPTIONS", cases[i].path, "", "");
        if (strcmp(cases[i].path, "/goose") != 0)
            assert_string_equal(field(&answered, "Allow"), cases[i].allow);
        assert_int_equal(answered.code, 200);
        answered_free(&answered);
    }
    struct answered answered = ask(world, "OPTIONS", "*", "", "");
    assert_int_equal(answered.code, 200);
    assert_string_equal(field(&answered, "Allow"), "GET, HEAD, POST, PUT, DELETE, OPTIONS");
    answered_free(&answered);
    check(ask(world, "PUT", "/handover", "", ""), 405,
          "this path does not take that method; use POST, OPTIONS\n");
    assert_int_equal(world->fake.pending, 0);
}

static void test_head(void **state)
{
    struct world *world = *state;
    static const char *const paths[] = {"/status", "/", "/livez", "/readyz", "/members", "/x"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct answered full = ask(world, "GET", paths[i], "", "");
        char length[32];
        snprintf(length, sizeof(length), "%s", field(&full, "Content-Length"));
        char text[128];
        snprintf(text, sizeof(text),
                 "HEAD %s HTTP/1.1\r\nHost: localhost\r\n\r\nGET /livez HTTP/1.1\r\nHost: "
                 "localhost\r\n\r\n",
                 paths[i]);
        int fd = client_open(world);
        client_say(world, fd, text);
        struct answered answered = client_hear(world, fd, true);
        assert_int_equal(answered.code, full.code);
        assert_string_equal(field(&answered, "Content-Length"), length);
        answered_free(&answered);
        answered_free(&full);
        check(client_hear(world, fd, false), 200, "live\n"); /* no byte of a body came between */
        close(fd);
    }
}

/* ---- one after the other ---- */

#define TRAIN                                                                                   \
    "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n"                                           \
    "HEAD /goose HTTP/1.1\r\nHost: localhost\r\nX-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n"   \
    "PUT /drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc\r\n"                \
    "GET /nowhere HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n"              \
    "POST /handover HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\n{\"to\":\"n9:1\"}" \
    "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"                       \
    "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void hear_train(struct world *world, int fd)
{
    static const int codes[] = {200, 200, 200, 404, 200, 200};
    static const char *const bodies[] = {"goose\n",        "",      "draining\n", NULL,
                                         "n2.test:7400\n", "live\n"};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct answered answered = client_hear(world, fd, i == 1);
        assert_int_equal(answered.code, codes[i]);
        if (bodies[i] != NULL) assert_string_equal(answered.body, bodies[i]);
        answered_free(&answered);
    }
    assert_true(client_ended(world, fd)); /* what stood behind "close" is not answered */
    close(fd);
}

/* Several requests in one segment, and the same cut in two at every byte, and byte by byte. */
static void test_pipeline(void **state)
{
    struct world *world = *state;
    world->fake.answers_at_once = true;
    world->fake.answer = done;
    for (size_t cut = 0; cut <= strlen(TRAIN); cut++) {
        int fd = client_open(world);
        client_send(world, fd, TRAIN, cut);
        for (int i = 0; i < 3; i++)
            world_turn(world, -1, 0);
        client_send(world, fd, &TRAIN[cut], strlen(TRAIN) - cut);
        hear_train(world, fd);
    }
    int fd = client_open(world);
    for (size_t i = 0; i < strlen(TRAIN); i++) {
        client_send(world, fd, &TRAIN[i], 1);
        world_turn(world, -1, 0);
    }
    hear_train(world, fd);
}

static void test_versions(void **state)
{
    struct world *world = *state;
    int fd = client_open(world);
    client_say(world, fd, "GET /status HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    struct answered answered = client_hear(world, fd, false);
    assert_string_equal(field(&answered, "Connection"), "keep-alive");
    check(answered, 200, "goose\n");
    client_say(world, fd, "GET /status HTTP/1.0\r\n\r\n");
    answered = client_hear(world, fd, false);
    assert_string_equal(field(&answered, "Connection"), "close");
    check(answered, 200, "goose\n");
    assert_true(client_ended(world, fd));
    close(fd);
    fd = client_open(world);
    client_say(world, fd, "GET /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    answered = client_hear(world, fd, false);
    assert_string_equal(field(&answered, "Connection"), "close");
    check(answered, 200, "goose\n");
    assert_true(client_ended(world, fd));
    close(fd);
}

static void test_an_upgrade_is_not_taken(void **state)
{
    struct world *world = *state;
    int fd = client_open(world);
    client_say(world, fd,
               "GET /status HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, "
               "HTTP2-Settings\r\nUpgrade: h2c\r\n"
               "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\nGET /livez HTTP/1.1\r\nHost: "
               "localhost\r\n\r\n");
    check(client_hear(world, fd, false), 200, "goose\n");
    check(client_hear(world, fd, false), 200, "live\n");
    close(fd);
}

static void test_expect_continue(void **state)
{
    struct world *world = *state;
    int fd = client_open(world);
    client_say(world, fd,
               "POST /handover HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: "
               "100-continue\r\n\r\n");
    struct answered answered = client_hear(world, fd, false);
    assert_int_equal(answered.code, 100);
    assert_int_equal(world->fake.pending, 0);
    answered_free(&answered);
    client_say(world, fd, "{}");
    WAIT_FOR(world, world->fake.pending == 1);
    fake_answer(&world->fake, &done);
    check(client_hear(world, fd, false), 200, "n2.test:7400\n");
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_status),
        TEST(test_status_fields),
        TEST(test_status_json),
        TEST(test_why),
        TEST(test_accept),
        TEST(test_each_answer_is_read_anew),
        TEST(test_hold),
        TEST(test_hold_not_asked_for),
        TEST(test_goose),
        TEST(test_duck),
        TEST(test_health),
        TEST(test_members),
        TEST(test_many_members),
        TEST(test_metrics),
        TEST(test_metrics_that_do_not_fit),
        TEST(test_remove),
        TEST(test_remove_warns),
        TEST(test_voters),
        TEST(test_remove_refused),
        TEST(test_outcomes),
        TEST(test_handover),
        TEST(test_changes_are_logged),
        TEST(test_handover_refused),
        TEST(test_drain),
        TEST(test_faults),
        TEST(test_hosts_of_what_is_read),
        TEST(test_pages_of_other_sites),
        TEST(test_no_such_path),
        TEST(test_other_methods),
        TEST(test_head),
        TEST(test_pipeline),
        TEST(test_versions),
        TEST(test_an_upgrade_is_not_taken),
        TEST(test_expect_continue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
