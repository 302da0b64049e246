/* test_ctl_client.c: the HTTP client: what it sends, what it takes for an answer, and how long it waits for one. */
#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/clock.h"
#include "ctl/client.h"
#include "test_ctl_fake.h"

static char why[CLIENT_LINE_BYTES];

/* The whole answer to this request. */
static bool ask_fake(const struct fake_answer *answer, const struct client_request *request,
                     struct client_answer *got, char asked[FAKE_REQUEST_BYTES])
{
    struct fake fake;

    fake_begin(&fake, answer, 1);
    bool good = client_ask(&fake.at, request, got, why);
    fake_end(&fake);
    if (asked != NULL) memcpy(asked, fake.asked[0], FAKE_REQUEST_BYTES);
    return good;
}

static void test_answers_of_every_shape(void **state)
{
    static const char *const shapes[] = {
        "HTTP/1.1 200 OK\r\ngoose-index: 17\r\nContent-Length: 5\r\n\r\nhello, and more",
        "HTTP/1.1 200 OK\r\nGoose-Index: 17\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nGoose-Index: 17\r\nGoose-Index-Other: 3\r\nConnection: "
        "close\r\n\r\nhello",
        "HTTP/1.0 200 OK\r\nGoose-Indexing-Of-Things: 4\r\nGoose-Index: 17\r\n\r\nhello",
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(shapes); i++) {
        const struct fake_answer answer = {.bytes = shapes[i / 2], .drips = i % 2 == 1};
        const struct client_request request = {.path = "/status"};
        struct client_answer got;
        assert_true(ask_fake(&answer, &request, &got, NULL));
        assert_int_equal(got.code, 200);
        assert_int_equal(got.index, 17);
        assert_int_equal(got.bytes, 5);
        assert_string_equal(got.body, "hello");
        client_free(&got);
    }
}

static void test_what_is_sent(void **state)
{
    const struct fake_answer answer = {.bytes = FAKE_JSON("401 Unauthorized", "", "{}")};
    const struct client_request plain = {.path = "/status", .token = ""};
    const struct client_request change = {
        .method = "POST", .path = "/handover", .body = "{\"to\":\"a\"}", .token = "honk"};
    struct client_answer got;
    char asked[FAKE_REQUEST_BYTES];

    (void)state;
    assert_true(ask_fake(&answer, &plain, &got, asked));
    assert_int_equal(got.code, 401);
    assert_string_equal(got.body, "{}");
    client_free(&got);
    assert_memory_equal(asked, "GET /status HTTP/1.1\r\nHost: 127.0.0.1:", 38);
    assert_non_null(strstr(asked, "\r\nAccept: application/json\r\n"));
    assert_null(strstr(asked, "Authorization"));
    assert_null(strstr(asked, "Content-"));
    assert_true(ask_fake(&answer, &change, &got, asked));
    client_free(&got);
    assert_memory_equal(asked, "POST /handover HTTP/1.1\r\n", 25);
    assert_non_null(strstr(asked, "\r\nAuthorization: Bearer honk\r\n"));
    assert_non_null(strstr(asked, "\r\nContent-Length: 10\r\n\r\n{\"to\":\"a\"}"));
}

static void test_what_is_no_answer(void **state)
{
    static const struct {
        struct fake_answer answer;
        const char *why;
    } cases[] = {
        {{.bytes = NULL}, "closed the connection without an answer"},
        {{.bytes = "SSH-2.0-OpenSSH\r\n"}, "does not speak HTTP"},
        {{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"}, "broke its answer off"},
        {{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfoo"}, "broke its answer"},
        {{.bytes = "HTTP/1.1 200 OK\r\n\r\n", .flood_blocks = 17 * 1024},
         "sends more than any goosed"},
        {{.bytes = "HTTP/1.1 200 OK\r\n", .hangs = true},
         "does not answer, though its port is open"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct client_request request = {.path = "/status",
                                               .patience_ms = cases[i].answer.hangs ? 200 : 60000};
        struct client_answer got;
        assert_false(ask_fake(&cases[i].answer, &request, &got, NULL));
        assert_true(got.sent);
        assert_null(got.body);
        assert_memory_equal(why, "127.0.0.1:", 10);
        if (strstr(why, cases[i].why) == NULL) fail_msg("%s: not: %s", why, cases[i].why);
    }
}

static bool count_pieces(void *to, const char *at, size_t bytes)
{
    size_t *left = to;

    (void)at;
    *left -= bytes;
    return *left > 0;
}

static bool count_ticks(void *to)
{
    size_t *left = to;

    return --*left > 0;
}

static void test_pieces_until_it_is_enough(void **state)
{
    const struct fake_answer refused = {.bytes = FAKE_JSON("404 Not Found", "", "none")};
    const struct fake_answer ends = {.bytes = "HTTP/1.1 200 OK\r\n\r\n", .flood_blocks = 17 * 1024};
    const struct fake_answer five = {.bytes = "HTTP/1.1 200 OK\r\n\r\nhello", .hangs = true};
    size_t left = SIZE_MAX;
    const struct client_request request = {.path = "/events", .piece = count_pieces, .to = &left};
    struct client_answer got;

    (void)state;
    assert_true(ask_fake(&refused, &request, &got, NULL));
    assert_string_equal(got.body, "none");
    assert_int_equal(left, SIZE_MAX);
    client_free(&got);
    assert_true(ask_fake(&ends, &request, &got, NULL));
    assert_int_equal(SIZE_MAX - left, 17 * 1024 * 1024);
    assert_int_equal(got.bytes, 0);
    client_free(&got);
    left = 5;
    assert_true(ask_fake(&five, &request, &got, NULL));
    assert_int_equal(left, 0);
    client_free(&got);
}

static void test_ticks_until_it_is_enough(void **state)
{
    const struct fake_answer silent = {.bytes = "", .hangs = true};
    size_t left = 3;
    const struct client_request request = {
        .path = "/events", .tick = count_ticks, .tick_ms = 5, .to = &left};
    struct client_answer got;

    (void)state;
    assert_true(ask_fake(&silent, &request, &got, NULL));
    assert_int_equal(got.code, 0);
    assert_int_equal(left, 0);
    client_free(&got);
}

static void test_what_was_tried_is_said(void **state)
{
    const struct fake_answer answer = {.bytes = NULL};
    const struct client_request request = {.path = "/status"};
    struct client_answer got;
    struct fake fake;
    struct place named;
    char text[64], wanted[512];

    (void)state;
    fake_begin(&fake, &answer, 1);
    assert_false(client_ask(&fake.at, &request, &got, why));
    fake_end(&fake);
    assert_false(client_ask(&fake.at, &request, &got, why));
    assert_false(got.sent);
    snprintf(wanted, sizeof wanted, "%s cannot be reached; tried %s: Connection refused",
             fake.at.chars, fake.at.chars);
    assert_string_equal(why, wanted);

    snprintf(text, sizeof text, "localhost:%u", address_port(&fake.at.address));
    assert_null(place_from_user(&named, text));
    assert_false(client_ask(&named, &request, &got, why));
    snprintf(wanted, sizeof wanted, "127.0.0.1:%u: Connection refused",
             address_port(&fake.at.address));
    assert_non_null(strstr(why, wanted));

    assert_null(place_from_user(&named, "no-such-host.invalid:1"));
    assert_false(client_ask(&named, &request, &got, why));
    assert_non_null(strstr(why, "the name no-such-host.invalid cannot be looked up: "));
}

static void test_a_request_too_long_for_anybody(void **state)
{
    static char path[4096];
    const struct fake_answer answer = {.bytes = NULL};
    const struct client_request request = {.path = path};
    struct client_answer got;

    (void)state;
    memset(path, 'x', sizeof path - 1);
    assert_false(ask_fake(&answer, &request, &got, NULL));
    assert_non_null(strstr(why, "the request is too long"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_of_every_shape),
        cmocka_unit_test(test_what_is_sent),
        cmocka_unit_test(test_what_is_no_answer),
        cmocka_unit_test(test_pieces_until_it_is_enough),
        cmocka_unit_test(test_ticks_until_it_is_enough),
        cmocka_unit_test(test_what_was_tried_is_said),
        cmocka_unit_test(test_a_request_too_long_for_anybody),
    };
    return cmocka_run_group_tests_name("ctl_client", tests, NULL, NULL);
}
