/* test_http_access.c: who may ask for what, as one matrix. Without a server: here the test
 * says where the client is. */
#include <unistd.h>

#include "unit.h"

#include "http/access.h"

#define CHANGE (ACCESS_HOST | ACCESS_PAGE | ACCESS_RIGHT)

static unsigned refusal(const char *token, bool local, const char *host, const char *origin,
                        const char *authorization)
{
    struct access access = {0};
    access_name(access.self, sizeof(access.self), "n1.Test:7400");
    access_name(access.bind, sizeof(access.bind), "[::1]:7401");
    assert_true(access_set_token(&access, token));
    struct exchange exchange = {.access = &access, .local = local};
    if (host != NULL) exchange.host = span_of(host);
    if (origin != NULL) exchange.origin = span_of(origin);
    if (authorization != NULL) exchange.authorization = span_of(authorization);
    const struct problem *problem = access_refusal(&exchange, CHANGE);
    return problem == NULL ? 0 : problem->code;
}

static void test_hosts(void **state)
{
    static const char *const own[] = {"n1.test",   "n1.test:7400",   "N1.TEST:80", "n1.test.",
                                      "localhost", "LocalHost:99",   "127.0.0.1",  "10.1.2.3:5",
                                      "[::1]",     "[fe80::1]:7400", "localhost:", "n1.test.:7400",
                                      "[::1]:7401"};
    static const char *const foreign[] = {"",
                                          "evil.test",
                                          "n1.test.evil",
                                          "xn1.test",
                                          "1.2.3",
                                          "1.2.3.4.5",
                                          "1.2.3.4.evil:80",
                                          "[n1.test]",
                                          "[::1",
                                          "::1",
                                          "[::1]x",
                                          "localhost:80x",
                                          "localhost@",
                                          "evil:localhost",
                                          ".",
                                          ":7400",
                                          "[]",
                                          "2130706433",
                                          "localhost.evil"};
    (void)state;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        assert_int_equal(refusal(NULL, true, own[i], NULL, NULL), 0);
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        assert_int_equal(refusal(NULL, true, foreign[i], NULL, NULL), 403);
        assert_int_equal(refusal("secret", true, foreign[i], NULL, "Bearer secrets"), 403);
        /* Who knows the token was not talked into it. */
        assert_int_equal(refusal("secret", false, foreign[i], NULL, "Bearer secret"), 0);
    }
    assert_int_equal(refusal(NULL, true, NULL, NULL, NULL), 0); /* HTTP/1.0 */
}

static void test_origins(void **state)
{
    static const char *const foreign[] = {"http://evil.test",
                                          "null",
                                          "",
                                          "http://localhost",
                                          "localhost:80",
                                          "http://localhost:81",
                                          "http://",
                                          "ftp://localhost:80"};
    (void)state;
    assert_int_equal(refusal(NULL, true, "localhost:80", "http://localhost:80", NULL), 0);
    /* As browsers send them from the node's own page: without the port 80, and from an IP address. */
    assert_int_equal(refusal(NULL, true, "10.1.2.3", "http://10.1.2.3", NULL), 0);
    assert_int_equal(refusal(NULL, true, "10.1.2.3:7400", "http://10.1.2.3:7400", NULL), 0);
    assert_int_equal(refusal(NULL, true, "[::1]:7400", "http://[::1]:7400", NULL), 0);
    /* And from the page of another node: on another machine, or on another port of this one. */
    assert_int_equal(refusal(NULL, true, "10.1.2.3:7400", "http://10.1.2.4:7400", NULL), 403);
    assert_int_equal(refusal(NULL, true, "[::1]:7400", "http://[::1]:7401", NULL), 403);
    assert_int_equal(refusal(NULL, true, "localhost:80", "https://LOCALHOST:80", NULL), 0);
    assert_int_equal(refusal("secret", false, "n1.test", "http://n1.test", "Bearer secret"), 0);
    assert_int_equal(refusal(NULL, true, NULL, "http://localhost:80", NULL), 403);
    assert_int_equal(refusal(NULL, true, "evil.test", "http://evil.test", NULL), 403);
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        assert_int_equal(refusal(NULL, true, "localhost:80", foreign[i], NULL), 403);
        assert_int_equal(refusal("secret", true, "localhost:80", foreign[i], "Bearer secrets"),
                         403);
        assert_int_equal(refusal("secret", true, "localhost:80", foreign[i], "Bearer secret"), 0);
    }
}

static void test_tokens(void **state)
{
    static const char *const wrong[] = {
        "Bearer secre", "Bearer secrets", "Bearer secretsecret", "Bearer Secret",   "Bearer ",
        "Bearer",       "secret",         "Basic secret",        "Bearer secret x", ""};
    (void)state;
    for (int local = 0; local <= 1; local++) {
        assert_int_equal(refusal("secret", local, "localhost", NULL, "Bearer secret"), 0);
        assert_int_equal(refusal("secret", local, "localhost", NULL, "bearer  secret"), 0);
        assert_int_equal(refusal("secret", local, NULL, NULL, "Bearer secret"), 0);
        assert_int_equal(refusal("secret", local, "localhost", NULL, NULL), 401);
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
            assert_int_equal(refusal("secret", local, "localhost", NULL, wrong[i]), 401);
    }
    /* Where none is set, one that is shown opens nothing. */
    assert_int_equal(refusal(NULL, true, "localhost", NULL, NULL), 0);
    assert_int_equal(refusal(NULL, false, "localhost", NULL, NULL), 403);
    assert_int_equal(refusal("", false, "localhost", NULL, "Bearer "), 403);
    assert_int_equal(refusal(NULL, false, "localhost", NULL, "Bearer secret"), 403);
}

static void test_the_refusal_names_both_ways_out(void **state)
{
    struct access access = {0};
    const struct exchange exchange = {.access = &access};
    (void)state;
    const struct problem *problem = access_refusal(&exchange, CHANGE);
    assert_non_null(problem);
    assert_non_null(strstr(problem->hint, "loopback"));
    assert_non_null(strstr(problem->hint, "--http-token-file"));
}

/* Each of the three is asked for by itself, and only where it is needed. */
static void test_what_is_needed(void **state)
{
    static const struct {
        const char *host, *origin;
        bool cross_site, local;
        unsigned needs; /* the one that this breaks */
    } cases[] = {
        {"evil.test", NULL, false, true, ACCESS_HOST},
        {"localhost", "http://evil.test", false, true, ACCESS_PAGE},
        {"localhost", NULL, true, true, ACCESS_PAGE},
        {"localhost", NULL, false, false, ACCESS_RIGHT},
    };
    struct access access = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct exchange exchange = {.access = &access,
                                    .host = span_of(cases[i].host),
                                    .cross_site = cases[i].cross_site,
                                    .local = cases[i].local};
        if (cases[i].origin != NULL) exchange.origin = span_of(cases[i].origin);
        assert_null(access_refusal(&exchange, CHANGE & ~cases[i].needs));
        const struct problem *problem = access_refusal(&exchange, cases[i].needs);
        assert_non_null(problem);
        assert_int_equal(problem->code, 403);
    }
}

/* Over a Unix socket the peer's user decides, with a token and without. */
static void test_users(void **state)
{
    struct access access = {0};
    (void)state;
    for (int with_token = 0; with_token <= 1; with_token++) {
        struct exchange exchange = {.access = &access, .local = true, .by_socket = true};
        assert_true(access_set_token(&access, with_token ? "secret" : NULL));
        assert_null(access_refusal(&exchange, CHANGE));
        exchange.cross_site = true;
        assert_non_null(access_refusal(&exchange, CHANGE));
        exchange.cross_site = exchange.local = false;
        const struct problem *problem = access_refusal(&exchange, CHANGE);
        assert_non_null(problem);
        assert_int_equal(problem->code, with_token ? 401 : 403);
        exchange.authorization = span_of("Bearer secret");
        assert_int_equal(access_refusal(&exchange, CHANGE) == NULL, with_token);
    }
    assert_true(access_is_owner(0));
    assert_true(access_is_owner(geteuid()));
    assert_false(access_is_owner(geteuid() + 1));
    assert_false(access_is_owner(65534));
}

static bool local(const char *peer, const char *own)
{
    struct sockaddr_storage ends[2] = {0};
    const char *const texts[] = {peer, own};
    for (int i = 0; i < 2; i++) {
        int error = strchr(texts[i], ':') != NULL
                        ? uv_ip6_addr(texts[i], 1000 + i, (struct sockaddr_in6 *)&ends[i])
                        : uv_ip4_addr(texts[i], 1000 + i, (struct sockaddr_in *)&ends[i]);
        assert_int_equal(error, 0);
    }
    return access_is_local((const struct sockaddr *)&ends[0], (const struct sockaddr *)&ends[1]);
}

static void test_this_machine(void **state)
{
    (void)state;
    assert_true(local("127.0.0.1", "127.0.0.1"));
    assert_true(local("127.9.9.9", "127.0.0.1"));
    assert_true(local("10.1.2.3", "10.1.2.3"));
    assert_false(local("10.1.2.4", "10.1.2.3"));
    assert_false(local("128.0.0.1", "10.1.2.3"));
    assert_false(local("10.0.0.127", "127.0.0.1"));
    assert_true(local("::1", "::1"));
    assert_true(local("fd00::1", "fd00::1"));
    assert_false(local("fd00::2", "fd00::1"));
    assert_true(local("::ffff:127.0.0.2", "::ffff:127.0.0.1"));
    assert_true(local("::ffff:10.1.2.3", "::ffff:10.1.2.3"));
    assert_false(local("::ffff:10.1.2.4", "::ffff:10.1.2.3"));
    assert_false(local("::127.0.0.1", "fd00::1"));
    assert_false(local("10.1.2.3", "::1"));
}

static void test_names_and_tokens_that_do_not_fit(void **state)
{
    struct access access = {0};
    char token[HTTP_TOKEN_BYTES_MAX + 2];
    (void)state;
    memset(token, 'x', sizeof(token));
    token[HTTP_TOKEN_BYTES_MAX + 1] = '\0';
    assert_true(access_set_token(&access, "old"));
    assert_false(access_set_token(&access, token));
    assert_int_equal(access.token_bytes, 3);
    token[HTTP_TOKEN_BYTES_MAX] = '\0';
    assert_true(access_set_token(&access, token));
    assert_int_equal(access.token_bytes, HTTP_TOKEN_BYTES_MAX);
    char host[4];
    access_name(host, sizeof(host), "long:1");
    assert_string_equal(host, "");
    access_name(host, sizeof(host), "abc:1");
    assert_string_equal(host, "abc");
    access_name(host, sizeof(host), NULL);
    assert_string_equal(host, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_the_refusal_names_both_ways_out),
        cmocka_unit_test(test_what_is_needed),
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_this_machine),
        cmocka_unit_test(test_names_and_tokens_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
