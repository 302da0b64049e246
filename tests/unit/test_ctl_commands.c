/* test_ctl_commands.c: what the commands ask of a node, what they make of its answers, and how they end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/commands.h"
#include "goose/lease_page.h"
#include "test_ctl_fake.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NONE       ((const char *const[]){NULL})

#define GOOSE     FAKE_JSON("200 OK", "Goose-Index: 6\r\n", "{\"role\":\"goose\",\"lease_ms\":60000}\n")
#define DUCK      FAKE_JSON("200 OK", "Goose-Index: 5\r\n", "{\"role\":\"duck\",\"lease_ms\":0}\n")
#define OK(body)  FAKE_JSON("200 OK", "", body)
#define NOT_READY FAKE_JSON("503 Service Unavailable", "", "{\"error\":\"no\",\"hint\":\"x\"}")

static struct said said;
static struct fake fake;

/* The command, while a node gives these answers; all of them are fetched. */
static void run_with(const struct command *command, const char *const *arguments,
                     const struct fake_answer *answers, size_t count)
{
    fake_begin(&fake, answers, count);
    run_command(&said, command, NULL, &fake.at, arguments);
    fake_end(&fake);
}

static void run_on(const struct command *command, const char *const *arguments, const char *answer)
{
    const struct fake_answer answers[] = {{.bytes = answer}};

    run_with(command, arguments, answers, 1);
}

static void expect(int status, const char *out, const char *err)
{
    assert_int_equal(said.status, status);
    if (strstr(said.out, out) == NULL || (out[0] == '\0' && said.out[0] != '\0'))
        fail_msg("out: %s, not: %s", said.out, out);
    if (strstr(said.err, err) == NULL || (err[0] == '\0' && said.err[0] != '\0'))
        fail_msg("err: %s, not: %s", said.err, err);
    const char *end = strchr(said.err, '\n');
    assert_true(end == NULL || end[1] == '\0'); /* one line */
}

static bool asked(size_t which, const char *line)
{
    return strncmp(fake.asked[which], line, strlen(line)) == 0;
}

/* ---- is-goose ---- */

static void test_is_goose(void **state)
{
    (void)state;
    run_on(&is_goose_command, NONE, GOOSE);
    expect(CTL_YES, "", "");
    assert_true(asked(0, "GET /status HTTP/1.1\r\n"));
    run_on(&is_goose_command, NONE, DUCK);
    expect(CTL_NO, "", "");
    run_on(&is_goose_command, NONE, OK("{\"role\":\"goose\",\"lease_ms\":0}"));
    expect(CTL_UNKNOWN, "", "its lease was over when that came");
    run_on(&is_goose_command, NONE, OK("{\"role\":\"goose\",\"lease_ms\":0.001}"));
    expect(CTL_UNKNOWN, "", "its lease was over when that came");
    run_on(&is_goose_command, NONE, OK("{\"role\":\"goose\"}"));
    expect(CTL_UNKNOWN, "", "its lease was over");
    run_on(&is_goose_command, NONE, NOT_READY);
    expect(CTL_UNKNOWN, "", "goosectl: no; x");
    run_on(&is_goose_command, NONE, OK("goose"));
    expect(CTL_UNKNOWN, "", "but not as a goosed does (HTTP 200)");
    run_on(&is_goose_command, NONE, NULL);
    expect(CTL_UNKNOWN, "", "closed the connection without an answer");
    run_command(&said, &is_goose_command, NULL, &fake.at, NONE);
    expect(CTL_UNKNOWN, "", "cannot be reached; tried 127.0.0.1:");
    run_command(&said, &is_goose_command, NULL, &fake.at, WORDS("now"));
    expect(CTL_UNKNOWN, "",
           "is-goose: 'now' is one argument too many; see goosectl is-goose --help");
}

static void expect_of_page(const struct goose_lease_page *page, int status, const char *err)
{
    char path[] = "/tmp/goosectl-page-XXXXXX";
    const struct ctl like = {.lease_page = path, .by_page = true};
    const struct place none = {0};
    int fd = mkstemp(path);

    assert_int_equal(write(fd, page, sizeof *page), sizeof *page);
    close(fd);
    run_command(&said, &is_goose_command, &like, &none, NONE);
    unlink(path);
    expect(status, "", err);
}

/* Nobody is asked; and what the page does not say is not known. */
static void test_is_goose_by_page(void **state)
{
    struct goose_lease_page page = {.magic = GOOSE_LEASE_MAGIC,
                                    .version = GOOSE_LEASE_VERSION,
                                    .bytes = GOOSE_LEASE_BYTES,
                                    .role = 1,
                                    .term = 7};

    (void)state;
    assert_true(goose_lease_boot(page.boot));
    page.lease_end_ns = goose_lease_clock_ns() + UINT64_C(60000000000);
    expect_of_page(&page, CTL_YES, "");
    page.sequence = 1; /* its goosed died while writing */
    expect_of_page(&page, CTL_UNKNOWN, "died while writing");
    page.sequence = 2;
    page.boot[0]++;
    expect_of_page(&page, CTL_UNKNOWN, "is of an earlier boot");
    page.boot[0]--;
    page.lease_end_ns = goose_lease_clock_ns();
    expect_of_page(&page, CTL_NO, "");
    page.magic[0] = 'm';
    expect_of_page(&page, CTL_UNKNOWN, "this is no lease page");
}

/* ---- wait ---- */

static void test_wait(void **state)
{
    const struct fake_answer soon[] = {{.bytes = DUCK}, {.bytes = DUCK}, {.bytes = GOOSE}};
    const struct fake_answer away[] = {{.bytes = DUCK}, {.bytes = NULL}, {.bytes = GOOSE}};

    (void)state;
    run_with(&wait_command, WORDS("goose"), soon, COUNT(soon));
    expect(CTL_YES, "", "");
    assert_true(asked(0, "GET /status HTTP/1.1\r\n"));
    assert_true(asked(1, "GET /status?wait=10000000us&index=5 HTTP/1.1\r\n"));
    assert_true(asked(2, "GET /status?wait=10000000us&index=5 HTTP/1.1\r\n"));
    run_on(&wait_command, WORDS("duck", "--timeout", "5s"), DUCK);
    expect(CTL_YES, "", "");
    run_with(&wait_command, WORDS("goose"), away, COUNT(away));
    expect(CTL_YES, "", "");
    assert_true(asked(2, "GET /status HTTP/1.1\r\n")); /* whose index 5 may be another */
}

static void test_wait_ready(void **state)
{
    const struct fake_answer soon[] = {
        {.bytes = DUCK}, {.bytes = NOT_READY}, {.bytes = DUCK}, {.bytes = OK("{\"ready\":true}")}};

    (void)state;
    run_with(&wait_command, WORDS("ready"), soon, COUNT(soon));
    expect(CTL_YES, "", "");
    assert_true(asked(1, "GET /readyz HTTP/1.1\r\n"));
    assert_true(asked(2, "GET /status?wait="));
    assert_true(asked(3, "GET /readyz HTTP/1.1\r\n"));
}

static void test_wait_in_vain(void **state)
{
    const struct fake_answer frozen = {.bytes = "", .hangs = true};
    const struct fake_answer unready[] = {{.bytes = DUCK}, {.bytes = NOT_READY}};
    uint64_t before_us = clock_now_us();

    (void)state;
    run_on(&wait_command, WORDS("goose", "--timeout", "0s"), DUCK);
    expect(CTL_NO, "", "time is up: 127.0.0.1:");
    expect(CTL_NO, "", " is not goose\n");
    run_with(&wait_command, WORDS("ready", "--timeout", "0s"), unready, COUNT(unready));
    expect(CTL_NO, "", " is not ready\n"); /* it was reached, and said so */
    run_command(&said, &wait_command, NULL, &fake.at, WORDS("goose", "--timeout", "300ms"));
    expect(CTL_NO, "", "time is up: 127.0.0.1:");
    expect(CTL_NO, "", "Connection refused\n");
    run_with(&wait_command, WORDS("goose", "--timeout", "100ms"), &frozen, 1);
    expect(CTL_NO, "", "does not answer, though its port is open\n");
    assert_in_range(clock_now_us() - before_us, 400000, 4900000); /* the usual patience is 5 s */
}

static void test_wait_for_what_cannot_be(void **state)
{
    (void)state;
    run_on(&wait_command, WORDS("goose"), OK("{\"role\":\"duck\"}"));
    expect(CTL_UNKNOWN, "", "but not as a goosed that can be waited for (HTTP 200)");
    run_on(&wait_command, WORDS("goose"), NOT_READY);
    expect(CTL_UNKNOWN, "", "(HTTP 503)");
    run_command(&said, &wait_command, NULL, &fake.at, NONE);
    expect(CTL_UNKNOWN, "", "wait: for what? Give goose, duck or ready, not ''");
    run_command(&said, &wait_command, NULL, &fake.at, WORDS("swan"));
    expect(CTL_UNKNOWN, "", "not 'swan'");
    run_command(&said, &wait_command, NULL, &fake.at, WORDS("goose", "--timeout", "3"));
    expect(CTL_UNKNOWN, "", "wait: --timeout 3: give a whole number and us, ms, s or m, as in 30s");
    run_command(&said, &wait_command, NULL, &fake.at, WORDS("goose", "--until", "3s"));
    expect(CTL_UNKNOWN, "", "wait: --until is no option here; see goosectl wait --help");
}

/* ---- changes ---- */

static void test_changes(void **state)
{
    (void)state;
    run_on(&handover_command, NONE, OK("{\"goose\":\"n2:7000\"}"));
    expect(CTL_YES, "goose is now n2:7000\n", "");
    assert_true(asked(0, "POST /handover HTTP/1.1\r\n"));
    assert_non_null(strstr(fake.asked[0], "Content-Length: 0\r\n\r\n"));
    run_on(&handover_command, WORDS("--to", "N3:07000"), OK("{\"goose\":\"n3:7000\"}"));
    expect(CTL_YES, "goose is now n3:7000\n", "");
    assert_non_null(strstr(fake.asked[0], "\r\n\r\n{\"to\":\"n3:7000\"}"));
    run_on(&drain_command, NONE, OK("{\"draining\":true}"));
    expect(CTL_YES, "draining: 127.0.0.1:", "");
    assert_true(asked(0, "PUT /drain HTTP/1.1\r\n"));
    run_on(&undrain_command, NONE, OK("{\"draining\":false}"));
    expect(CTL_YES, "not draining: 127.0.0.1:", "");
    assert_true(asked(0, "DELETE /drain HTTP/1.1\r\n"));
    run_on(&remove_command, WORDS("[0:0::1]:7000"), OK("{\"removed\":\"[::1]:7000\"}"));
    expect(CTL_YES, "removed [::1]:7000\n", "");
    assert_true(asked(0, "DELETE /members/%5B::1%5D:7000 HTTP/1.1\r\n"));
    run_on(&remove_command, WORDS("--force", "n1:7000"), OK("{\"removed\":\"n1:7000\"}"));
    expect(CTL_YES, "removed n1:7000\n", "");
    assert_true(asked(0, "DELETE /members/n1:7000?force=1 HTTP/1.1\r\n"));
    run_on(&remove_command, WORDS("n1:7000"),
           OK("{\"removed\":\"n1:7000\",\"stops_at\":1,\"warning\":\"nobody waits\"}"));
    expect(CTL_YES, "removed n1:7000\n", "goosectl: nobody waits\n");
    run_on(&voters_command, WORDS("5"), OK("{\"wanted\":5}"));
    expect(CTL_YES, "voters wanted: 5\n", "");
    assert_true(asked(0, "PUT /voters HTTP/1.1\r\n"));
    assert_non_null(strstr(fake.asked[0], "\r\n\r\n{\"wanted\":5}"));
}

static void test_changes_that_fail(void **state)
{
    (void)state;
    run_on(&handover_command, NONE, NOT_READY);
    expect(CTL_NO, "", "goosectl: no; x\n");
    run_on(&handover_command, NONE,
           FAKE_JSON("409 Conflict", "", "{\"error\":\"it \\u001b[31mcannot\\n\"}"));
    expect(CTL_NO, "", "goosectl: it ?[31mcannot?\n");
    run_on(&remove_command, WORDS("n1:1"),
           FAKE_JSON("409 Conflict", "",
                     "{\"error\":\"no majority\",\"hint\":\"wait, or ask with ?force=1\"}"));
    expect(CTL_NO, "", "goosectl: no majority; wait, or give --force\n");
    run_on(&remove_command, WORDS("n1:1"),
           FAKE_JSON("404 Not Found", "", "{\"error\":\"no\",\"hint\":\"see /members\"}"));
    expect(CTL_NO, "", "goosectl: no; see goosectl members\n");
    const struct fake_answer nobody[] = {
        {.bytes = FAKE_JSON("404 Not Found", "", "{\"error\":\"no\",\"hint\":\"see /members\"}")},
        {.bytes = OK("{\"members\":[{\"address\":\"n2:7000\"},{\"address\":\"n3:7000\"}]}")}};
    run_with(&remove_command, WORDS("n1:1"), nobody, COUNT(nobody));
    expect(CTL_NO, "", "goosectl: no; there are n2:7000, n3:7000\n");
    run_on(&drain_command, NONE,
           FAKE_JSON("401 Unauthorized", "", "{\"error\":\"no\",\"hint\":\"x\"}"));
    expect(CTL_NO, "", "goosectl: no; give --token-file FILE, with the token of this node\n");
    run_on(&drain_command, NONE, NULL);
    expect(CTL_UNKNOWN, "", "without an answer; it may or may not be done");
    run_command(&said, &drain_command, NULL, &fake.at, NONE);
    expect(CTL_UNKNOWN, "", "Connection refused\n");
    run_command(&said, &handover_command, NULL, &fake.at, WORDS("--to", "nowhere"));
    expect(CTL_UNKNOWN, "", "handover: --to nowhere: give HOST:PORT");
    run_command(&said, &handover_command, NULL, &fake.at, WORDS("n1:7000"));
    expect(CTL_UNKNOWN, "", "handover: 'n1:7000' is one argument too many");
    run_command(&said, &remove_command, NULL, &fake.at, NONE);
    expect(CTL_UNKNOWN, "", "remove: whom?");
    run_command(&said, &remove_command, NULL, &fake.at, WORDS("n1"));
    expect(CTL_UNKNOWN, "", "remove: n1: give HOST:PORT");
    run_command(&said, &voters_command, NULL, &fake.at, NONE);
    expect(CTL_UNKNOWN, "", "voters: how many?");
    static const char *const no_numbers[] = {
        "0", "32", "+3", " 3", "3x", "", "99999999999999999999"};
    for (size_t i = 0; i < sizeof no_numbers / sizeof no_numbers[0]; i++) {
        run_command(&said, &voters_command, NULL, &fake.at, WORDS(no_numbers[i]));
        expect(CTL_UNKNOWN, "", "is no number from 1 to 31");
    }
    run_command(&said, &voters_command, NULL, &fake.at, WORDS("3", "4"));
    expect(CTL_UNKNOWN, "", "voters: '4' is one argument too many");
    run_command(&said, &remove_command, NULL, &fake.at, WORDS("n1:1", "n2:1"));
    expect(CTL_UNKNOWN, "", "remove: 'n2:1' is one argument too many");
}

/* ---- tables and JSON ---- */

static void test_json_is_what_the_node_says(void **state)
{
    static const struct command *const commands[] = {
        &status_command, &members_command, &history_command, &handover_command, &is_goose_command};
    static const char body[] = "{\"role\":\"goose\", \"lease_ms\":5000,\n\"x\":[7]}";
    const struct ctl like = {.json = true, .token = "honk"};
    const struct fake_answer answer = {
        .bytes = OK("{\"role\":\"goose\", \"lease_ms\":5000,\n\"x\":[7]}")};

    (void)state;
    for (size_t i = 0; i < COUNT(commands); i++) {
        fake_begin(&fake, &answer, 1);
        run_command(&said, commands[i], &like, &fake.at, NONE);
        fake_end(&fake);
        expect(CTL_YES, body, "");
        assert_int_equal(strlen(said.out), strlen(body) + 1);
        bool tells = strstr(fake.asked[0], "Bearer honk") != NULL;
        assert_int_equal(tells, commands[i]->changes);
    }
}

static void test_tables(void **state)
{
    (void)state;
    run_on(&members_command, NONE, OK("{\"goose\":null,\"members\":[{\"address\":\"n1:7000\"}]}"));
    expect(CTL_YES, "\nn1:7000 ", "");
    assert_true(asked(0, "GET /members HTTP/1.1\r\n"));
    run_on(&history_command, NONE, OK("{\"history\":[{\"term\":4,\"to\":\"n1:7000\"}]}"));
    expect(CTL_YES, "4  none  n1:7000  -\n", "");
    run_on(&status_command, NONE, OK("{\"role\":\"duck\"}"));
    expect(CTL_YES, "role      duck\n", "");
    run_command(&said, &status_command, NULL, &fake.at, WORDS("-x"));
    expect(CTL_UNKNOWN, "", "status: -x is no option here");
}

/* ---- watch ---- */

static void test_watch(void **state)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    static char first[512], second[512];
    static const char no_events[] = FAKE_JSON("404 Not Found", "", "{}");
    const struct fake_answer answers[] = {{.bytes = first, .drips = true},
                                          {.bytes = NULL},
                                          {.bytes = NOT_READY},
                                          {.bytes = second},
                                          {.bytes = no_events}};
    const struct ctl like = {.json = true};

    (void)state;
    snprintf(first, sizeof first,
             "%s: hello\n\nid: 1\nevent: status\ndata: {\"self\":\"n1:7000\",\"role\":\"duck\","
             "\"state\":\"canvassing\",\"goose\":null,\"term\":3,\"index\":1,\"why\":\"asked\"}\n\n"
             "data: rubbish\n\n",
             head);
    snprintf(second, sizeof second,
             "%sdata: {\"self\":\"n1:7000\",\"role\":\"goose\",\"state\":\"goose\","
             "\"goose\":\"n1:7000\",\"term\":4,\"index\":1,\"draining\":true}\n\n",
             head);
    run_with(&watch_command, NONE, answers, COUNT(answers));
    expect(CTL_UNKNOWN, "Z  term 3  goose none  n1:7000 is duck, canvassing  (asked)\n",
           "answers, but has no events (HTTP 404)");
    assert_non_null(strstr(said.out, " has ended the stream\n"));
    assert_non_null(strstr(said.out, "Z  term 4  goose n1:7000  n1:7000 is goose, draining\n"));
    assert_true(asked(0, "GET /events HTTP/1.1\r\n"));
    assert_non_null(strstr(fake.asked[0], "\r\nAccept: text/event-stream\r\n"));
    size_t lines = 0;
    for (const char *at = said.out; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines, 4);

    fake_begin(&fake, answers + 3, 2);
    run_command(&said, &watch_command, &like, &fake.at, NONE);
    fake_end(&fake);
    assert_memory_equal(said.out, "{\"self\":\"n1:7000\",\"role\":\"goose\"", 32);
    assert_non_null(strstr(said.err, "has ended the stream\n"));
}

static void test_watch_of_nobody(void **state)
{
    (void)state;
    run_on(&watch_command, NONE, NOT_READY);
    expect(CTL_UNKNOWN, "", "answers, but has no events (HTTP 503)");
    run_on(&watch_command, NONE, "HTTP/1.1 200 OK\r\n\r\n: hello\n\n");
    expect(CTL_UNKNOWN, "", "no event came");
    run_command(&said, &watch_command, NULL, &fake.at, NONE);
    expect(CTL_UNKNOWN, "", "cannot be reached; tried ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_goose),
        cmocka_unit_test(test_is_goose_by_page),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_wait_ready),
        cmocka_unit_test(test_wait_in_vain),
        cmocka_unit_test(test_wait_for_what_cannot_be),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_changes_that_fail),
        cmocka_unit_test(test_json_is_what_the_node_says),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_watch),
        cmocka_unit_test(test_watch_of_nobody),
    };
    return cmocka_run_group_tests_name("ctl_commands", tests, NULL, NULL);
}
