/* test_resolver.c: all addresses of a name that a socket can send to, and no others; what is said where there is none; and
 * that nothing waits for a name server. getaddrinfo(3) is the test's. */
#include "unit.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/resolver.h"

#define ALL_MAX 12

/* ---- the name server: of each host what the test says ---- */

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool silent;
    int error;
    unsigned asked, gone; /* calls that began and that ended */
    const char *texts[ALL_MAX];
} server = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static struct addrinfo *entry(const char *text, const char *port, struct addrinfo *behind)
{
    struct addrinfo *info = calloc(1, sizeof *info);
    union socket_address *at = calloc(1, sizeof *at);
    bool v6 = strchr(text, ':') != NULL;

    info->ai_next = behind;
    info->ai_addr = &at->any;
    info->ai_addrlen = v6 ? sizeof at->in6 : sizeof at->in;
    if (v6)
        uv_ip6_addr(text, atoi(port), &at->in6);
    else
        uv_ip4_addr(text, atoi(port), &at->in);
    return info;
}

int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                struct addrinfo **list)
{
    (void)host;
    (void)hints;
    pthread_mutex_lock(&server.mutex);
    server.asked++;
    pthread_cond_broadcast(&server.changed);
    while (server.silent)
        pthread_cond_wait(&server.changed, &server.mutex);
    *list = NULL;
    for (int i = ALL_MAX - 1; i >= 0 && server.error == 0; i--)
        if (server.texts[i] != NULL) *list = entry(server.texts[i], port, *list);
    int error = server.error;
    server.gone++;
    pthread_cond_broadcast(&server.changed);
    pthread_mutex_unlock(&server.mutex);
    return error;
}

void freeaddrinfo(struct addrinfo *list)
{
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;
        free(list->ai_addr);
        free(list);
        list = next;
    }
}

static void set_silent(bool silent)
{
    pthread_mutex_lock(&server.mutex);
    server.silent = silent;
    pthread_cond_broadcast(&server.changed);
    pthread_mutex_unlock(&server.mutex);
}

static void await(const unsigned *count, unsigned wanted)
{
    pthread_mutex_lock(&server.mutex);
    while (*count < wanted)
        pthread_cond_wait(&server.changed, &server.mutex);
    pthread_mutex_unlock(&server.mutex);
}

/* ---- the bench ---- */

static struct {
    uv_loop_t loop;
    struct log *log;
    struct resolver *resolver;
    int said[2];
    struct resolver_found found;
} bench;

static int begin(void **state)
{
    (void)state;
    memset(&bench, 0, sizeof bench);
    memset(server.texts, 0, sizeof server.texts);
    server.error = 0;
    server.asked = server.gone = 0;
    assert_int_equal(uv_loop_init(&bench.loop), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, bench.said), 0);
    bench.log = log_new(bench.said[0], LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    bench.resolver = resolver_new(&bench.loop, bench.log);
    assert_non_null(bench.resolver);
    return 0;
}

static int end(void **state)
{
    (void)state;
    resolver_close(bench.resolver);
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&bench.loop), 0);
    log_free(bench.log);
    close(bench.said[0]);
    close(bench.said[1]);
    return 0;
}

static bool find(const char *address)
{
    uv_update_time(&bench.loop);
    return resolver_find(bench.resolver, (struct goose_text){address, (uint8_t)strlen(address)},
                         &bench.found);
}

/* Once more than is known, until the answer is there. */
static void look_up(const char *address)
{
    unsigned asked = server.asked;
    assert_false(find(address));
    await(&server.gone, asked + 1);
    uv_run(&bench.loop, UV_RUN_ONCE);
}

static void expect_found(const char *texts)
{
    char all[512] = "", text[INET6_ADDRSTRLEN];

    for (unsigned i = 0; i < bench.found.count; i++) {
        assert_int_equal(uv_ip_name(&bench.found.at[i].any, text, sizeof text), 0);
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i > 0 ? " " : "", text);
        assert_int_equal(ntohs(bench.found.at[i].in.sin_port), 7001);
    }
    assert_string_equal(all, texts);
}

/* One line, or none: NULL. */
static void expect_said(const char *wanted)
{
    char line[LOG_LINE_BYTES_MAX + 1];
    ssize_t bytes = recv(bench.said[1], line, sizeof line - 1, 0);

    line[bytes > 0 ? bytes : 0] = 0;
    if (wanted == NULL ? bytes > 0 : strstr(line, wanted) == NULL)
        fail_msg("not \"%s\": %s", wanted == NULL ? "" : wanted, line);
}

static void expect_wrong(enum resolver_wrong wrong, const char *address)
{
    size_t place = 0;
    const struct goose_address *found = resolver_next_wrong(bench.resolver, wrong, &place);

    if (address == NULL) {
        assert_null(found);
        return;
    }
    assert_non_null(found);
    assert_string_equal(found->chars, address);
    assert_null(resolver_next_wrong(bench.resolver, wrong, &place));
}

/* ---- what is found ---- */

static void test_all_that_the_socket_reaches(void **state)
{
    static const struct {
        enum resolver_family family;
        const char *found;
    } all[] = {
        {RESOLVER_ANY, "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2"},
        {RESOLVER_V4, "192.0.2.1 192.0.2.2"},
        {RESOLVER_V6, "2001:db8::1 2001:db8::2"},
        {RESOLVER_MAPPED, "2001:db8::1 ::ffff:192.0.2.1 2001:db8::2 ::ffff:192.0.2.2"},
    };

    for (size_t i = 0; i < COUNT(all); i++) {
        if (i > 0) end(state);
        if (i > 0) begin(state);
        const char *texts[] = {"2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"};
        memcpy(server.texts, texts, sizeof texts);
        resolver_for(bench.resolver, all[i].family);
        look_up("n1:7001");
        assert_true(find("n1:7001"));
        expect_found(all[i].found);
        expect_said(NULL);
    }
}

static void test_no_more_than_there_is_room_for(void **state)
{
    (void)state;
    for (int i = 0; i < ALL_MAX; i++)
        server.texts[i] = "192.0.2.1";
    look_up("n1:7001");
    assert_true(find("n1:7001"));
    assert_int_equal(bench.found.count, RESOLVER_ADDRESSES);
}

static void test_what_is_numeric_needs_no_name_server(void **state)
{
    (void)state;
    resolver_for(bench.resolver, RESOLVER_V4);
    assert_true(find("192.0.2.1:7001"));
    expect_found("192.0.2.1");
    assert_false(find("[2001:db8::1]:7001"));
    expect_said("nothing can be sent to [2001:db8::1]:7001: it has no IPv4 address");
    assert_false(find("[2001:db8::1]:7001"));
    expect_said(NULL);
    expect_wrong(RESOLVER_OTHER_FAMILY, "[2001:db8::1]:7001");
    resolver_for(bench.resolver, RESOLVER_MAPPED);
    assert_true(find("192.0.2.1:7001"));
    expect_found("::ffff:192.0.2.1");
    assert_int_equal(server.asked, 0);
}

/* ---- what is said ---- */

static void test_a_name_of_the_other_family(void **state)
{
    (void)state;
    server.texts[0] = "192.0.2.1";
    resolver_for(bench.resolver, RESOLVER_V6);
    look_up("n1:7001");
    expect_said("nothing can be sent to n1:7001: it has no IPv6 address, and this node listens at "
                "one; give it one, or start this node with --bind [::]:PORT, which sends to both "
                "kinds");
    assert_false(find("n1:7001"));
    expect_wrong(RESOLVER_OTHER_FAMILY, "n1:7001");
    expect_wrong(RESOLVER_UNKNOWN, NULL);
}

static void test_a_name_that_is_not_known(void **state)
{
    (void)state;
    server.error = EAI_NONAME;
    look_up("n1:7001");
    expect_said("n1:7001 does not resolve (Name or service not known): trying on");
    expect_wrong(RESOLVER_UNKNOWN, "n1:7001");
    expect_wrong(RESOLVER_OTHER_FAMILY, NULL);
    bench.loop.time += 20000; /* nobody has asked for it since */
    expect_wrong(RESOLVER_UNKNOWN, NULL);
}

/* ---- name servers that say nothing ---- */

static void test_a_look_up_ends_after_its_resolver(void **state)
{
    (void)state;
    set_silent(true);
    assert_false(find("n1:7001"));
    await(&server.asked, 1);
    resolver_close(bench.resolver);
    /* It would hang here. */
    assert_int_equal(uv_run(&bench.loop, UV_RUN_DEFAULT), 0);
    set_silent(false);
    await(&server.gone, 1);
    bench.resolver = resolver_new(&bench.loop, bench.log);
}

static void test_few_threads_at_a_time(void **state)
{
    char address[16];

    (void)state;
    set_silent(true);
    server.texts[0] = "192.0.2.1";
    for (int i = 0; i < 20; i++) {
        snprintf(address, sizeof address, "n%d:7001", i);
        assert_false(find(address));
    }
    await(&server.asked, 4);
    uv_run(&bench.loop, UV_RUN_NOWAIT);
    set_silent(false);
    await(&server.gone, 4);
    while (!find("n3:7001"))
        uv_run(&bench.loop, UV_RUN_ONCE);
    assert_int_equal(server.asked, 4);
    /* The answers of the other three may come first. */
    while (!find("n19:7001"))
        uv_run(&bench.loop, UV_RUN_ONCE);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_all_that_the_socket_reaches),
        TEST(test_no_more_than_there_is_room_for),
        TEST(test_what_is_numeric_needs_no_name_server),
        TEST(test_a_name_of_the_other_family),
        TEST(test_a_name_that_is_not_known),
        TEST(test_a_look_up_ends_after_its_resolver),
        TEST(test_few_threads_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
