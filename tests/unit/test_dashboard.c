/* test_dashboard.c: the page for browsers as it leaves the server: who gets it, what it may do
 * there, and that slow browsers cost nothing. What it does is tests/system/dashboard.sh's. */
#include "test_http_fake.h"

#include <netinet/tcp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHROME                                                                                  \
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/" \
    "*;q=0.8"
#define GET_PAGE "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n"

static struct answered get(struct world *world, const char *method, const char *path,
                           const char *accept)
{
    char fields[256];
    snprintf(fields, sizeof(fields), "Accept: %s\r\n", accept);
    return ask(world, method, path, fields, "");
}

static void test_who_gets_it(void **state)
{
    static const struct {
        const char *accept;
        const char *begins;
    } cases[] = {{CHROME, "<!doctype html>"},
                 {"text/html", "<!doctype html>"},
                 {"TEXT/HTML;level=1 ; q=0.5", "<!doctype html>"},
                 {"text/plain, text/html", "<!doctype html>"},
                 {"", "goose\n"},
                 {"*/*", "goose\n"},
                 {"text/*", "goose\n"},
                 {"text/htmlx", "goose\n"},
                 {"xtext/html", "goose\n"},
                 {"application/xhtml+xml", "goose\n"},
                 {"application/json, text/plain, */*", "{"},
                 {"text/html, application/json;q=0.9", "{"}};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct answered answered = get(world, "GET", "/", cases[i].accept);
        assert_int_equal(answered.code, 200);
        assert_memory_equal(answered.body, cases[i].begins, strlen(cases[i].begins));
        answered_free(&answered);
    }
    struct answered elsewhere = get(world, "GET", "/status", CHROME);
    assert_string_equal(elsewhere.body, "goose\n");
    answered_free(&elsewhere);
}

static void test_head_fields(void **state)
{
    static const char *const rules[] = {
        "default-src 'none'; ",     "; connect-src 'self' http://*:*/livez; ",
        "; base-uri 'none'; ",      "; form-action 'none'; ",
        "; frame-ancestors 'none'", "; require-trusted-types-for 'script'"};
    struct world *world = *state;
    struct answered page = get(world, "GET", "/", CHROME);
    struct answered head = get(world, "HEAD", "/", CHROME);
    assert_string_equal(field(&page, "Content-Type"), "text/html; charset=utf-8");
    assert_string_equal(field(&page, "Cache-Control"), "no-store");
    assert_string_equal(field(&page, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(field(&page, "Referrer-Policy"), "same-origin");
    const char *policy = field(&page, "Content-Security-Policy");
    assert_non_null(policy);
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        assert_non_null(strstr(policy, rules[i]));
    assert_null(strstr(policy, "unsafe"));
    assert_int_equal(head.bytes, page.bytes - page.body_bytes);
    assert_memory_equal(head.text, page.text, head.bytes);
    assert_true(page.body_bytes < 48000);
    answered_free(&page);
    answered_free(&head);
}

/* The policy names the hash of what stands between the tags. */
static void check_hash(const struct answered *page, const char *tag, const char *rule)
{
    char open[16], close[16], wanted[128], base64[64];
    unsigned char hash[crypto_hash_sha256_BYTES];
    snprintf(open, sizeof(open), "<%s>", tag);
    snprintf(close, sizeof(close), "</%s>", tag);
    const char *from = strstr(page->body, open);
    assert_non_null(from);
    from += strlen(open);
    const char *to = strstr(from, close);
    assert_non_null(to);
    assert_null(strstr(to, open)); /* there is one */
    crypto_hash_sha256(hash, (const unsigned char *)from, (unsigned long long)(to - from));
    sodium_bin2base64(base64, sizeof(base64), hash, sizeof(hash), sodium_base64_VARIANT_ORIGINAL);
    snprintf(wanted, sizeof(wanted), "; %s 'sha256-%s'; ", rule, base64);
    assert_non_null(strstr(field(page, "Content-Security-Policy"), wanted));
}

static void test_hashes(void **state)
{
    struct world *world = *state;
    struct answered page = get(world, "GET", "/", CHROME);
    check_hash(&page, "script", "script-src");
    check_hash(&page, "style", "style-src");
    answered_free(&page);
}

/* It is one file: nothing of it is fetched from anywhere. An address is only ever put behind
 * 'http://' when it has come from the node. */
static void test_nothing_from_outside(void **state)
{
    static const char *const never[] = {
        " src=",     "url(",  "@import", "import(",  "<link rel=\"style",
        "innerHTML", "eval(", " style=", " onclick="};
    struct world *world = *state;
    struct answered page = get(world, "GET", "/", CHROME);
    assert_int_equal(strlen(page.body), page.body_bytes);
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
        assert_null(strstr(page.body, never[i]));
    for (const char *at = page.body; (at = strstr(at, "://")) != NULL; at += 3)
        assert_memory_equal(at - 5, "'http://'", 9);
    answered_free(&page);
}

/* A browser on a bad line, many times: the page is not copied for any of them, so what the server
 * may keep for slow readers stays free. */
static void test_slow_browsers_cost_nothing(void **state)
{
    enum { BROWSERS = 400, PAGES = 4 };
    struct world *world = *state;
    struct answered page = get(world, "GET", "/", "text/html");
    struct sockaddr_in address;
    int slow[BROWSERS];
    uv_ip4_addr("127.0.0.1", world->port, &address);
    for (int i = 0; i < BROWSERS; i++) {
        int small = 4096, mss = 536; /* by which the kernel measures what it keeps itself */
        slow[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(slow[i] >= 0);
        setsockopt(slow[i], SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
        setsockopt(slow[i], IPPROTO_TCP, TCP_MAXSEG, &mss, sizeof(mss));
        assert_int_equal(connect(slow[i], (const struct sockaddr *)&address, sizeof(address)), 0);
        client_say(world, slow[i], GET_PAGE GET_PAGE GET_PAGE GET_PAGE);
        world_turn(world, -1, 0);
    }
    for (int i = 0; i < 20; i++)
        world_turn(world, -1, 1);
    struct answered members = get(world, "GET", "/members", "application/json");
    assert_int_equal(members.code, 200); /* else: 503, there is no memory for the list */
    answered_free(&members);
    for (int i = 0; i < PAGES; i++) {
        struct answered late = client_hear(world, slow[0], false);
        assert_int_equal(late.bytes, page.bytes);
        assert_memory_equal(late.text, page.text, page.bytes);
        answered_free(&late);
    }
    for (int i = 0; i < BROWSERS; i++)
        close(slow[i]);
    answered_free(&page);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)
    const struct CMUnitTest tests[] = {
        TEST(test_who_gets_it),
        TEST(test_head_fields),
        TEST(test_hashes),
        TEST(test_nothing_from_outside),
        TEST(test_slow_browsers_cost_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
