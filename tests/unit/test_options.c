/* test_options.c: what a command line, an environment and a file make together, and every way to be
 * refused. */
#include "folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/options.h"

#define WORDS_MAX 16
#define SELF      "--self", "10.0.0.1:7000"

/* One reading: up to 15 words of a command line, up to 15 variables. */
struct given {
    const char *words[WORDS_MAX];
    const char *variables[WORDS_MAX];
};

#define LONG_PATH                                          \
    "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" /* 103 */

static struct options options;
static char why[OPTIONS_LINE_BYTES];

static enum exit_code read_as(const struct given *given, bool root)
{
    char *argv[WORDS_MAX + 1] = {NULL}, *environment[WORDS_MAX] = {NULL};
    struct options_source source = {
        .argc = 1, .argv = argv, .environment = environment, .root = root};

    argv[0] = strdup("goosed");
    for (size_t i = 0; i < WORDS_MAX && given->words[i] != NULL; i++)
        argv[source.argc++] = strdup(given->words[i]);
    for (size_t i = 0; i < WORDS_MAX && given->variables[i] != NULL; i++)
        environment[i] = strdup(given->variables[i]);
    memset(&options, 0xaa, sizeof options);
    memset(why, 0xaa, sizeof why);
    enum exit_code code = options_read(&options, &source, why);
    /* What is kept must not point into what it was read from. */
    for (int i = 0; i < source.argc; i++)
        free(argv[i]);
    for (size_t i = 0; i < WORDS_MAX; i++)
        free(environment[i]);
    assert_non_null(memchr(why, 0, sizeof why));
    assert_null(strchr(why, '\n'));
    return code;
}

static void accept_as(const struct given *given, bool root)
{
    if (read_as(given, root) != EXIT_STOPPED) fail_msg("%s", why);
    assert_string_equal(why, "");
}

#define FLAGS(...)     .words = {__VA_ARGS__}
#define VARIABLES(...) .variables = {__VA_ARGS__}
#define ACCEPT(...)    accept_as(&(struct given){__VA_ARGS__}, true)

static bool has(const struct goose_roster *roster, const char *address)
{
    return goose_roster_find_address(roster,
                                     (struct goose_text){address, (uint8_t)strlen(address)}) >= 0;
}

static bool warned(const char *part)
{
    for (unsigned i = 0; i < options.warnings; i++)
        if (strstr(options.warning[i], part) != NULL) return true;
    return false;
}

static void test_defaults(void **state)
{
    const struct goose_election_options *election = &options.election;

    (void)state;
    ACCEPT(FLAGS(SELF));
    assert_int_equal(options.task, TASK_RUN);
    assert_string_equal(election->self.chars, "10.0.0.1:7000");
    assert_string_equal(options.bind.chars, "10.0.0.1:7000");
    assert_string_equal(options.http.chars, "10.0.0.1:7000");
    assert_int_equal(election->http_port, 7000);
    assert_string_equal(options.flock, "goose");
    assert_int_equal(election->name_tag, goose_digest_bytes(0, "goose", 5));
    assert_string_equal(options.state_dir, "/var/lib/goosed/goose/10.0.0.1:7000");
    assert_string_equal(options.key_file, "");
    assert_string_equal(options.token_file, "");
    assert_int_equal(election->heartbeat_us, 50000);
    assert_int_equal(election->lease_us, 300000);
    assert_int_equal(election->dead_after_us, 10000000);
    assert_int_equal(election->priority, 100);
    assert_int_equal(election->voters, 5);
    assert_false(election->observer);
    assert_false(options.last_will);
    assert_int_equal(election->peers.count, 0);
    assert_int_equal(election->join.count, 0);
    assert_string_equal(options.on_change, "");
    assert_int_equal(options.on_change_timeout_us, 30000000);
    assert_false(options.faults);
    assert_int_equal(options.log_level, LOG_LEVEL_INFO);
    assert_int_equal(options.log_format, LOG_FORMAT_TEXT);
}

static void test_on_change(void **state)
{
    char command[COMMAND_CHARS_MAX + 2];

    (void)state;
    memset(command, 'x', sizeof command);
    command[COMMAND_CHARS_MAX] = 0;
    ACCEPT(FLAGS(SELF, "--on-change", command, "--on-change-timeout=1ms"));
    assert_string_equal(options.on_change, command);
    assert_int_equal(options.on_change_timeout_us, 1000);
    ACCEPT(FLAGS(SELF, "--on-change=a\nb", "--on-change-timeout=60m"));
    assert_string_equal(options.on_change, "a\nb");
    assert_int_equal(options.on_change_timeout_us, UINT64_C(3600000000));
    assert_int_equal(options.warnings, 1); /* of the key */
    ACCEPT(FLAGS(SELF, "--on-change-timeout=1s"));
    assert_int_equal(options.warnings, 2);
    assert_string_equal(options.warning[1], "--on-change-timeout does nothing without --on-change");
    command[COMMAND_CHARS_MAX] = 'x';
    command[COMMAND_CHARS_MAX + 1] = 0;
    assert_int_equal(read_as(&(struct given){{SELF, "--on-change", command}, {NULL}}, true),
                     EXIT_WRONG_USAGE);
    assert_non_null(strstr(why, ": a command has at most 4095 characters here"));
}

static void test_every_flag(void **state)
{
    const struct goose_election_options *election = &options.election;

    (void)state;
    ACCEPT(FLAGS("--self=Node1.:7000", "--join", " b:1, C:2 ", "--bind=0.0.0.0:8000", "--http",
                 "127.0.0.1:8001", "--flock", "Grey-lag.2", "--state-dir=/x=y", "--key-file", "k",
                 "--http-token-file=t", "--observer", "--faults", "--on-change", "a 'b'; c=$d"));
    assert_string_equal(election->self.chars, "node1:7000");
    assert_int_equal(election->join.count, 2);
    assert_true(has(&election->join, "b:1") && has(&election->join, "c:2"));
    assert_string_equal(options.bind.chars, "0.0.0.0:8000");
    assert_string_equal(options.http.chars, "127.0.0.1:8001");
    assert_int_equal(election->http_port, 0);
    assert_string_equal(options.flock, "Grey-lag.2");
    assert_int_equal(election->name_tag, goose_digest_bytes(0, "Grey-lag.2", 10));
    assert_string_equal(options.state_dir, "/x=y");
    assert_string_equal(options.key_file, "k");
    assert_string_equal(options.token_file, "t");
    assert_true(election->observer);
    assert_string_equal(options.on_change, "a 'b'; c=$d");
    assert_true(options.faults);
    ACCEPT(FLAGS(SELF, "--heartbeat=1ms", "--lease=3000us", "--dead-after=3m", "--priority=0",
                 "--voters=31", "--log-level=debug", "--log-format=json", "--observer=off",
                 "--check-config"));
    assert_int_equal(options.task, TASK_CHECK_CONFIG);
    assert_int_equal(election->heartbeat_us, 1000);
    assert_int_equal(election->lease_us, 3000);
    assert_int_equal(election->dead_after_us, 180000000);
    assert_int_equal(election->priority, 0);
    assert_int_equal(election->voters, 31);
    assert_false(election->observer);
    assert_int_equal(options.log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(options.log_format, LOG_FORMAT_JSON);
}

static void test_last_will(void **state)
{
    (void)state;
    ACCEPT(FLAGS(SELF, "--last-will"));
    assert_true(options.last_will);
    ACCEPT(FLAGS(SELF, "--last-will=off"), VARIABLES("GOOSED_LAST_WILL=on"));
    assert_false(options.last_will);
    ACCEPT(FLAGS(SELF), VARIABLES("GOOSED_LAST_WILL=on"));
    assert_true(options.last_will);
}

static void test_tasks(void **state)
{
    (void)state;
    ACCEPT(FLAGS("--help"));
    assert_int_equal(options.task, TASK_HELP);
    ACCEPT(FLAGS("--peers", "nonsense", "-h", "--bogus"));
    assert_int_equal(options.task, TASK_HELP);
    ACCEPT(FLAGS("--version"));
    assert_int_equal(options.task, TASK_VERSION);
    ACCEPT(FLAGS("--new-key"), VARIABLES("GOOSED_LEASE=nonsense"));
    assert_int_equal(options.task, TASK_NEW_KEY);
}

/* Whoever is told the same members makes the same roster, with or without itself in the list. */
static void test_peers(void **state)
{
    (void)state;
    ACCEPT(FLAGS("--self=a:1", "--peers=b:1,c:1"));
    struct goose_roster of_a = options.election.peers;
    assert_int_equal(of_a.count, 3);
    assert_int_equal(of_a.term, 0);
    assert_true(has(&of_a, "a:1") && has(&of_a, "b:1") && has(&of_a, "c:1"));
    ACCEPT(FLAGS("--self=B.:1", "--peers=c:01,A:1,b:1"));
    assert_memory_equal(&of_a, &options.election.peers, sizeof of_a);
    ACCEPT(FLAGS("--self=a:1", "--peers=b:1,c:1", "--flock=other"));
    assert_true(of_a.flock_id != options.election.peers.flock_id);
    ACCEPT(FLAGS("--self=a:1", "--peers=a:1"));
    assert_int_equal(options.election.peers.count, 1);
}

/* An observer that is none of the first members asks them, and makes no roster that differs from
 * theirs. */
static void test_an_observer_with_peers(void **state)
{
    (void)state;
    ACCEPT(FLAGS("--self=x:1", "--peers=b:1,c:1", "--observer"));
    assert_int_equal(options.election.peers.count, 0);
    assert_int_equal(options.election.join.count, 2);
    ACCEPT(FLAGS("--self=b:1", "--peers=b:1,c:1", "--observer"));
    assert_int_equal(options.election.peers.count, 2);
    assert_int_equal(options.election.join.count, 0);
}

/* `count` first members besides myself, BEFORE00AFTER, BEFORE01AFTER, ...; NULL: they are taken. */
static void check_size(const char *before, const char *after, unsigned count, const char *refusal)
{
    char list[4096];
    const struct given given = {FLAGS("--self=127.0.0.1:7000", "--peers", list)};
    size_t at = 0;

    for (unsigned i = 0; i < count; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s%02u%s", i == 0 ? "" : ",", before,
                               i, after);
    enum exit_code code = read_as(&given, true);
    if (refusal == NULL) {
        assert_int_equal(code, EXIT_STOPPED);
        assert_int_equal(options.election.peers.count, count + 1);
    } else {
        assert_int_equal(code, EXIT_WRONG_USAGE);
        if (strstr(why, refusal) == NULL) fail_msg("%s", why);
    }
}

static void test_as_many_as_a_roster_holds(void **state)
{
    static const char long_name[] =
        "a-name-of-sixty-four-characters.abcdefghijklmnopqrstuvwxyz-012";

    (void)state;
    assert_int_equal(strlen(long_name) + 2, GOOSE_HOST_CHARS_MAX);
    check_size("255.255.255.2", ":65535", 30, NULL);
    check_size("255.255.255.2", ":65535", 31, "more than 31 members, myself included");
    check_size("255.255.255.2", ":65535", 32, "more than 31 addresses");
    check_size(long_name, ":65535", 12, NULL);
    check_size(long_name, ":65535", 13, "1056 bytes");
}

static void test_http(void **state)
{
    (void)state;
    ACCEPT(FLAGS(SELF, "--http=off"));
    assert_int_equal(options.http.bytes, 0);
    assert_int_equal(options.election.http_port, 0);
    ACCEPT(FLAGS(SELF, "--http=0.0.0.0:80"));
    assert_string_equal(options.http.chars, "0.0.0.0:80");
    assert_int_equal(options.election.http_port, 80);
    ACCEPT(FLAGS(SELF, "--http=[0::0]:80"));
    assert_int_equal(options.election.http_port, 80);
    ACCEPT(FLAGS(SELF, "--http=10.0.0.1:80"));
    assert_int_equal(options.election.http_port, 80);
    ACCEPT(FLAGS(SELF, "--http=10.0.0.2:80"));
    assert_int_equal(options.election.http_port, 0);
    ACCEPT(FLAGS(SELF, "--bind=0.0.0.0:9000"));
    assert_string_equal(options.http.chars, "0.0.0.0:9000");
    assert_int_equal(options.election.http_port, 7000);
}

static void test_http_socket(void **state)
{
    (void)state;
    ACCEPT(FLAGS(SELF));
    assert_string_equal(options.http_socket, "");
    ACCEPT(FLAGS(SELF, "--http=unix:/run/a b"));
    assert_string_equal(options.http_socket, "/run/a b");
    assert_int_equal(options.http.bytes, 0);
    assert_int_equal(options.election.http_port, 0);
    ACCEPT(FLAGS(SELF, "--http", "0.0.0.0:80, unix:/s"));
    assert_string_equal(options.http_socket, "/s");
    assert_string_equal(options.http.chars, "0.0.0.0:80");
    assert_int_equal(options.election.http_port, 80);
    ACCEPT(FLAGS(SELF, "--http=unix:" LONG_PATH));
    assert_int_equal(strlen(options.http_socket), 103);
    ACCEPT(FLAGS(SELF), VARIABLES("RUNTIME_DIRECTORY=/run/a:/run/b"));
    assert_string_equal(options.http_socket, "/run/a/http");
    assert_string_equal(options.http.chars, "10.0.0.1:7000");
    ACCEPT(FLAGS(SELF, "--http=10.0.0.1:80"), VARIABLES("RUNTIME_DIRECTORY=/run/a"));
    assert_string_equal(options.http_socket, "");
    ACCEPT(FLAGS(SELF), VARIABLES("RUNTIME_DIRECTORY=" LONG_PATH));
    assert_string_equal(options.http_socket, "");
}

static void test_where_the_lease_page_is(void **state)
{
    char path[5000] = "RUNTIME_DIRECTORY=/";

    (void)state;
    ACCEPT(FLAGS(SELF), VARIABLES("RUNTIME_DIRECTORY="));
    assert_string_equal(options.lease_page, "");
    ACCEPT(FLAGS(SELF), VARIABLES("RUNTIME_DIRECTORY=/run/a:/run/b"));
    assert_string_equal(options.lease_page, "/run/a/lease");
    ACCEPT(FLAGS(SELF, "--lease-page=here"), VARIABLES("RUNTIME_DIRECTORY=/run/a"));
    assert_string_equal(options.lease_page, "here");
    memset(path + strlen(path), 'x', sizeof path - strlen(path) - 1);
    assert_int_equal(read_as(&(struct given){{SELF}, {path}}, true), EXIT_WRONG_CONFIG);
    assert_non_null(strstr(why, "give --lease-page"));
}

static void test_where_state_is(void **state)
{
    (void)state;
    ACCEPT(FLAGS(SELF, "--flock=f"), VARIABLES("HOME=/home/x"));
    assert_string_equal(options.state_dir, "/var/lib/goosed/f/10.0.0.1:7000");
    ACCEPT(FLAGS(SELF), VARIABLES("STATE_DIRECTORY=/var/lib/a", "HOME=/home/x"));
    assert_string_equal(options.state_dir, "/var/lib/a");
    ACCEPT(FLAGS(SELF), VARIABLES("STATE_DIRECTORY=/var/lib/a:/var/lib/b"));
    assert_string_equal(options.state_dir, "/var/lib/a");
    ACCEPT(FLAGS(SELF, "--state-dir=here"), VARIABLES("STATE_DIRECTORY=/var/lib/a"));
    assert_string_equal(options.state_dir, "here");
    accept_as(&(struct given){{"--self=[::1]:7"}, {"HOME=/home/x", "STATE_DIRECTORY="}}, false);
    assert_string_equal(options.state_dir, "/home/x/.local/state/goosed/goose/[::1]:7");
    assert_int_equal(read_as(&(struct given){{SELF}, {NULL}}, false), EXIT_WRONG_CONFIG);
    assert_non_null(strstr(why, "--state-dir"));
    assert_int_equal(read_as(&(struct given){{SELF}, {"HOME=relative"}}, false), EXIT_WRONG_CONFIG);
}

static void test_environment(void **state)
{
    (void)state;
    ACCEPT(VARIABLES("GOOSED_SELF=a:1", "GOOSED_PEERS=b:1", "GOOSED_HEARTBEAT=10ms",
                     "GOOSED_LEASE=40ms", "GOOSED_OBSERVER=1", "GOOSED_HTTP_TOKEN_FILE=t",
                     "GOOSED_LOG_LEVEL=warn", "GOOSED_FAULTS=yes", "GOOSED_DEAD_AFTER=2s",
                     "GOOSED_STATE_DIR=/s"));
    assert_string_equal(options.election.self.chars, "a:1");
    assert_int_equal(options.election.lease_us, 40000);
    assert_int_equal(options.election.dead_after_us, 2000000);
    assert_string_equal(options.token_file, "t");
    assert_string_equal(options.state_dir, "/s");
    assert_int_equal(options.log_level, LOG_LEVEL_WARN);
    assert_true(options.election.observer);
    assert_false(options.faults); /* a flag only, or the file */
    ACCEPT(FLAGS("--self=c:1", "--observer=off", "--lease", "60ms"),
           VARIABLES("GOOSED_SELF=a:1", "GOOSED_OBSERVER=on", "GOOSED_HEARTBEAT=10ms",
                     "GOOSED_LEASE=nonsense"));
    assert_string_equal(options.election.self.chars, "c:1");
    assert_false(options.election.observer);
    assert_int_equal(options.election.lease_us, 60000);
    assert_int_equal(options.election.heartbeat_us, 10000);
}

static void test_warnings(void **state)
{
    (void)state;
    ACCEPT(FLAGS("--self=127.0.0.1:1"), VARIABLES("GOOSEDX=1", "XGOOSED_PEERS=", "GOOSE_TERM=1"));
    assert_int_equal(options.warnings, 0);
    ACCEPT(FLAGS("--self=localhost:1"), VARIABLES("GOOSED_PEER=a:1"));
    assert_int_equal(options.warnings, 1);
    assert_true(warned("GOOSED_PEER is none of goosed's, and ignored; did you mean GOOSED_PEERS?"));
    ACCEPT(FLAGS("--self=localhost:1"),
           VARIABLES("GOOSED_dead_after=1s", "GOOSED_ZEBRA=1", "GOOSED_HELP=1", "GOOSED_=1"));
    assert_int_equal(options.warnings, 4);
    assert_true(warned("did you mean GOOSED_DEAD_AFTER?"));
    assert_true(warned("GOOSED_ZEBRA is none of goosed's, and ignored"));
    ACCEPT(FLAGS("--self=localhost:1"), VARIABLES("GOOSED_FAULTS=on"));
    assert_true(warned("GOOSED_FAULTS is none of goosed's, and ignored; did you mean --faults?"));
    ACCEPT(FLAGS("--self=[::1]:1", "--peers=[::2]:1,127.0.0.1:1"));
    assert_true(warned(
        "127.0.0.1:1 is an IPv4 address, and this node sends from [::1]:1: they cannot hear each "
        "other; --bind [::]:1 can do both"));
    ACCEPT(FLAGS("--self=127.0.0.1:1", "--join=[::1]:1,[::2]:1"));
    assert_int_equal(options.warnings, 1);
    assert_true(warned("[::1]:1 is an IPv6 address, and this node sends from 127.0.0.1:1: "));
    ACCEPT(
        FLAGS("--self=127.0.0.1:1", "--bind=[::]:1", "--join=[::1]:1,127.0.0.1:2", "--key-file=k"));
    assert_int_equal(options.warnings, 0);
    ACCEPT(FLAGS("--self=127.0.0.1:1", "--peers=localhost:1"));
    assert_int_equal(options.warnings, 0);
    ACCEPT(FLAGS(SELF));
    assert_true(warned("no --key-file"));
    ACCEPT(FLAGS("--self=127.0.0.1:1", "--bind=0.0.0.0:1"));
    assert_true(warned("no --key-file"));
    ACCEPT(FLAGS(SELF, "--key-file=k"));
    assert_int_equal(options.warnings, 0);
    ACCEPT(FLAGS("--self=[::1]:1", "--join=[::1]:1"));
    assert_true(warned("this node alone"));
    ACCEPT(FLAGS("--self=[::1]:1", "--join=[::1]:1,[::1]:2"));
    assert_int_equal(options.warnings, 0);
}

static void test_more_warnings_than_are_kept(void **state)
{
    struct given given = {{"--self=[::1]:1"}, {NULL}};

    (void)state;
    for (size_t i = 0; i < WORDS_MAX - 1; i++)
        given.variables[i] = "GOOSED_ZEBRA=1";
    accept_as(&given, true);
    assert_int_equal(options.warnings, WORDS_MAX - 1);
}

static void test_refusals(void **state)
{
    static const struct {
        struct given given;
        enum exit_code code;
        const char *parts[3]; /* of the line; the first begins it */
    } cases[] = {
        {{{NULL}, {NULL}}, 2, {"--self is missing"}},
        {{{SELF, "--bogus"}, {NULL}}, 2, {"unknown flag --bogus;", "--help"}},
        {{{SELF, "--peer", "a:1"}, {NULL}}, 2, {"unknown flag --peer; did you mean --peers?"}},
        {{{SELF, "--lease-book=x"}, {NULL}}, 2, {"unknown flag --lease-book"}},
        {{{SELF, "--on-change="}, {NULL}}, 2, {"--on-change '' is empty"}},
        {{{SELF, "--on-chnage=x"}, {NULL}},
         2,
         {"unknown flag --on-chnage; did you mean --on-change?"}},
        {{{SELF}, {"GOOSED_ON_CHANGE="}}, 3, {"GOOSED_ON_CHANGE='' is empty"}},
        {{{SELF, "--on-change-timeout=5"}, {NULL}}, 2, {"--on-change-timeout 5 is no duration"}},
        {{{SELF, "--on-change-timeout=0s"}, {NULL}},
         2,
         {"--on-change-timeout 0s is too short; give at least 1ms"}},
        {{{SELF, "--on-change-timeout=61m"}, {NULL}},
         2,
         {"--on-change-timeout 61m is too long; give at most 60m"}},
        {{{SELF, "--Lease=1s"}, {NULL}}, 2, {"unknown flag --Lease; did you mean --lease?"}},
        {{{SELF, "--"}, {NULL}}, 2, {"unknown flag --;"}},
        {{{SELF, "--=x"}, {NULL}}, 2, {"unknown flag --;"}},
        {{{SELF, "bogus"}, {NULL}}, 2, {"unexpected argument 'bogus'"}},
        {{{SELF, "-x"}, {NULL}}, 2, {"unexpected argument '-x'"}},
        {{{SELF, ""}, {NULL}}, 2, {"unexpected argument ''"}},
        {{{SELF, "a\nb"}, {NULL}}, 2, {"unexpected argument 'a?b'"}},
        {{{SELF, "--version=1"}, {NULL}}, 2, {"--version takes no value"}},
        {{{SELF, "--peers"}, {NULL}}, 2, {"--peers has no value"}},
        {{{SELF, "--peers", "--observer"}, {NULL}}, 2, {"--peers has no value"}},
        {{{SELF, "--peers", ""}, {NULL}}, 2, {"--peers '' is empty"}},
        {{{SELF, "--peers="}, {NULL}}, 2, {"--peers '' is empty"}},
        {{{SELF, "--join= "}, {NULL}}, 2, {"--join   is empty"}},
        {{{SELF}, {"GOOSED_PEERS="}}, 3, {"GOOSED_PEERS='' is empty"}},
        {{{SELF}, {"GOOSED_JOIN="}}, 3, {"GOOSED_JOIN='' is empty"}},
        {{{SELF}, {"GOOSED_KEY_FILE="}}, 3, {"GOOSED_KEY_FILE='' is empty"}},
        {{{SELF}, {"GOOSED_CONFIG="}}, 3, {"GOOSED_CONFIG='' is empty"}},
        {{{SELF, "--peers=a:1,"}, {NULL}},
         2,
         {"--peers a:1,: an address between its commas is empty"}},
        {{{SELF, "--peers=,"}, {NULL}}, 2, {"--peers ,: ", "empty"}},
        {{{SELF, "--peers=a:1,,b:1"}, {NULL}}, 2, {"--peers", "empty"}},
        {{{SELF, "--peers=a:1,b"}, {NULL}}, 2, {"--peers a:1,b: 'b': give HOST:PORT"}},
        {{{SELF, "--peers=a:1 b:1"}, {NULL}}, 2, {"--peers a:1 b:1: put commas between"}},
        {{{SELF, "--peers=a:1,A.:01"}, {NULL}}, 2, {"--peers a:1,A.:01: a:1 is in it twice"}},
        {{{SELF, "--join=a:1,a:1"}, {NULL}}, 2, {"--join a:1,a:1: a:1 is in it twice"}},
        {{{SELF, "--peers=0.0.0.0:1"}, {NULL}},
         2,
         {"--peers 0.0.0.0:1: nobody can send to 0.0.0.0:1"}},
        {{{SELF, "--peers=a:1", "--join=b:1"}, {NULL}}, 2, {"--join b:1: --peers is given too"}},
        {{{SELF, "--peers=a:1"}, {"GOOSED_JOIN=b:1"}},
         3,
         {"GOOSED_JOIN=b:1: --peers is given too"}},
        {{{SELF, SELF}, {NULL}}, 2, {"--self is given twice"}},
        {{{"--self=[::]:1"}, {NULL}}, 2, {"--self [::]:1: nobody can send to [::]:1"}},
        {{{"--self=a"}, {NULL}}, 2, {"--self a: give HOST:PORT"}},
        {{{"--self=a:0"}, {NULL}}, 2, {"--self a:0: the port"}},
        {{{NULL}, {"GOOSED_SELF=a:0"}}, 3, {"GOOSED_SELF=a:0: the port"}},
        {{{SELF, "--bind=a"}, {NULL}}, 2, {"--bind a: "}},
        {{{SELF, "--http=on"}, {NULL}}, 2, {"--http on: "}},
        {{{SELF, "--http=n1:80,n2:80"}, {NULL}},
         2,
         {"--http n1:80,n2:80: more than one HOST:PORT"}},
        {{{SELF, "--http=unix:/a,unix:/b"}, {NULL}},
         2,
         {"--http unix:/a,unix:/b: more than one unix:PATH"}},
        {{{SELF, "--http=unix:http"}, {NULL}},
         2,
         {"--http unix:http: give the whole path, as in unix:/run/"}},
        {{{SELF, "--http=unix:"}, {NULL}}, 2, {"--http unix:: give the whole path"}},
        {{{SELF, "--http=n1:80,"}, {NULL}}, 2, {"--http n1:80,: "}},
        {{{SELF, "--http=unix:" LONG_PATH "x"}, {NULL}},
         2,
         {"--http unix:/", "a socket's path has at most 103 characters"}},
        {{{SELF, "--flock=a/b"}, {NULL}}, 2, {"--flock a/b: a flock's name"}},
        {{{SELF, "--flock=.."}, {NULL}}, 2, {"--flock ..: "}},
        {{{SELF, "--flock", "-x"}, {NULL}}, 2, {"--flock -x: "}},
        {{{SELF, "--flock=g\xc3\xa4nse"}, {NULL}}, 2, {"--flock g\xc3\xa4nse: "}},
        {{{SELF, "--flock=12345678901234567890123456789012345678901234567890123456789012345"},
          {NULL}},
         2,
         {"--flock 1", "at most 64"}},
        {{{SELF, "--lease=100ms"}, {NULL}},
         2,
         {"--lease 100ms is under 3 heartbeats (3 x 50ms); give at least 150ms, or a shorter "
          "--heartbeat"}},
        {{{SELF}, {"GOOSED_LEASE=100ms"}}, 3, {"GOOSED_LEASE=100ms is under 3 heartbeats"}},
        {{{SELF, "--heartbeat=101ms"}, {NULL}},
         2,
         {"--heartbeat 101ms is over a third of the lease (300ms); give at most 100ms, or a longer "
          "--lease"}},
        {{{SELF, "--lease=149999us"}, {NULL}}, 2, {"--lease 149999us is under 3 heartbeats"}},
        {{{SELF, "--lease=60001ms"}, {NULL}}, 2, {"--lease 60001ms is too long; give at most 1m"}},
        {{{SELF, "--lease=2m"}, {NULL}}, 2, {"--lease 2m is too long"}},
        {{{SELF, "--lease=4294968s"}, {NULL}}, 2, {"--lease 4294968s is too long"}},
        {{{SELF, "--lease=300"}, {NULL}},
         2,
         {"--lease 300 is no duration; give a whole number and us, ms, s or m"}},
        {{{SELF, "--lease=0.3s"}, {NULL}}, 2, {"--lease 0.3s is no duration"}},
        {{{SELF, "--lease", "-1s"}, {NULL}}, 2, {"--lease -1s is no duration"}},
        {{{SELF, "--lease=300 ms"}, {NULL}}, 2, {"--lease 300 ms is no duration"}},
        {{{SELF, "--heartbeat=999us"}, {NULL}},
         2,
         {"--heartbeat 999us is too short; give at least 1ms"}},
        {{{SELF, "--heartbeat=0s"}, {NULL}}, 2, {"--heartbeat 0s is too short"}},
        {{{SELF, "--dead-after=149ms"}, {NULL}}, 2, {"--dead-after 149ms: ", "at least 150ms"}},
        {{{SELF, "--heartbeat=4s", "--lease=12s"}, {NULL}},
         2,
         {"--heartbeat 4s: ", "--dead-after of at least 12s"}},
        {{{SELF, "--dead-after=99999999999m"}, {NULL}},
         2,
         {"--dead-after 99999999999m is too long"}},
        {{{SELF, "--priority=256"}, {NULL}},
         2,
         {"--priority 256 is out of range; give a whole number from 0 to 255"}},
        {{{SELF, "--priority=-1"}, {NULL}}, 2, {"--priority -1 is out of range"}},
        {{{SELF, "--priority=1.5"}, {NULL}}, 2, {"--priority 1.5 is out of range"}},
        {{{SELF, "--priority=99999999999999999999"}, {NULL}},
         2,
         {"--priority 99999999999999999999 is out"}},
        {{{SELF, "--voters=0"}, {NULL}},
         2,
         {"--voters 0 is out of range; give a whole number from 1 to 31"}},
        {{{SELF, "--voters=32"}, {NULL}}, 2, {"--voters 32 is out of range"}},
        {{{SELF, "--observer=maybe"}, {NULL}}, 2, {"--observer maybe is neither; give on or off"}},
        {{{SELF}, {"GOOSED_OBSERVER="}}, 3, {"GOOSED_OBSERVER='' is empty"}},
        {{{SELF, "--log-level=loud"}, {NULL}},
         2,
         {"--log-level loud is no level; give error, warn, info or debug"}},
        {{{SELF, "--log-format=xml"}, {NULL}},
         2,
         {"--log-format xml is no format; give text or json"}},
        {{{SELF, "--config=/nonexistent/x"}, {NULL}},
         3,
         {"--config /nonexistent/x cannot be read: No such file"}},
        {{{SELF}, {"GOOSED_CONFIG=/"}}, 3, {"GOOSED_CONFIG=/ cannot be read: not a file; give"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum exit_code code = read_as(&cases[i].given, true);
        bool begins = strncmp(why, cases[i].parts[0], strlen(cases[i].parts[0])) == 0;
        for (size_t j = 0; j < COUNT(cases[i].parts) && cases[i].parts[j] != NULL; j++)
            if (strstr(why, cases[i].parts[j]) == NULL || !begins)
                fail_msg("case %zu: '%s'", i, why);
        if (code != cases[i].code) fail_msg("case %zu ends with %d: %s", i, (int)code, why);
    }
}

/* A value that is long or strange still makes one readable line, with what would be right at its
 * end. */
static void test_long_values(void **state)
{
    char value[5000];
    const struct given lease = {{SELF, "--lease", value}, {NULL}};
    const struct given path = {{SELF, "--key-file", value}, {NULL}};
    const struct given list = {{SELF, "--peers", value}, {NULL}};
    const struct given flag = {{SELF, value}, {NULL}};
    const struct given variable = {{"--self=[::1]:1"}, {value}};

    (void)state;
    memset(value, '1', sizeof value);
    value[7] = '\n';
    value[sizeof value - 1] = 0;
    assert_int_equal(read_as(&lease, true), EXIT_WRONG_USAGE);
    assert_non_null(strstr(why, "--lease 1111111?111"));
    assert_non_null(strstr(why, "111... is no duration; give"));
    assert_int_equal(read_as(&path, true), EXIT_WRONG_USAGE);
    assert_non_null(strstr(why, "at most 1023"));
    assert_int_equal(read_as(&list, true), EXIT_WRONG_USAGE);
    assert_non_null(strstr(why, "HOST:PORT"));
    memcpy(value, "--", 2);
    assert_int_equal(read_as(&flag, true), EXIT_WRONG_USAGE);
    assert_non_null(strstr(why, "unknown flag"));
    memcpy(value, "GOOSED_X", 8);
    accept_as(&variable, true);
    assert_int_equal(options.warnings, 1);
    assert_null(strchr(options.warning[0], '\n'));
}

static enum exit_code read_file(const char *text, const char *word, const char *variable)
{
    const struct given given = {{"--config", folder_file, word}, {variable}};

    folder_write(text, strlen(text));
    return read_as(&given, true);
}

static void test_file(void **state)
{
    static const char text[] = "{\n \"self\": \"A:1\", \"peers\": [\"b:1\", \"c:1\"], "
                               "\"heartbeat\": \"20ms\", \"lease\": \"200ms\",\n"
                               " \"priority\": 7, \"voters\": \"9\", \"observer\": false, "
                               "\"faults\": true, \"http\": \"off\",\n"
                               " \"dead-after\": \"4s\", \"log-level\": \"error\", \"state-dir\": "
                               "\"/s\", \"flock\": \"f\"\n}\n";
    const struct goose_election_options *election = &options.election;

    (void)state;
    assert_int_equal(read_file(text, NULL, NULL), EXIT_STOPPED);
    assert_string_equal(election->self.chars, "a:1");
    assert_int_equal(election->peers.count, 3);
    assert_int_equal(election->heartbeat_us, 20000);
    assert_int_equal(election->lease_us, 200000);
    assert_int_equal(election->dead_after_us, 4000000);
    assert_int_equal(election->priority, 7);
    assert_int_equal(election->voters, 9);
    assert_int_equal(options.http.bytes, 0);
    assert_true(options.faults);
    assert_string_equal(options.state_dir, "/s");
    assert_string_equal(options.flock, "f");
    assert_int_equal(options.log_level, LOG_LEVEL_ERROR);
    assert_int_equal(read_file(text, "--priority=9", "GOOSED_VOTERS=3"), EXIT_STOPPED);
    assert_int_equal(election->priority, 9);
    assert_int_equal(election->voters, 3);
    assert_int_equal(read_file(text, "--observer=on", "GOOSED_LEASE=90ms"), EXIT_STOPPED);
    assert_int_equal(election->lease_us, 90000);
    assert_true(election->observer);
    assert_int_equal(read_file("{\"self\":\"a:1\",\"peers\":\"b:1, c:1\"}", NULL, NULL),
                     EXIT_STOPPED);
    assert_int_equal(election->peers.count, 3);
    assert_int_equal(read_file("{}", "--self=a:1", NULL), EXIT_STOPPED);
}

static void test_file_by_environment(void **state)
{
    char variable[64];
    const struct given given = {{NULL}, {variable}};

    (void)state;
    snprintf(variable, sizeof variable, "GOOSED_CONFIG=%s", folder_file);
    folder_write("{\"self\":\"a:1\"}", 14);
    accept_as(&given, true);
    assert_string_equal(options.election.self.chars, "a:1");
}

static void test_file_refusals(void **state)
{
    static const char *const cases[][2] = {
        {"", "is no JSON: look at line 1"},
        {"{\n\"self\": \"a:1\",\n\"lease\" \"1s\"}", "is no JSON: look at line 3"},
        {"{\"self\": \"a:1\"} x", "is no JSON: look at line 1"},
        {"{\"self\": \"a:1\"", "is no JSON"},
        {"{\"self\": \"a:1\",\n\"flock\": \"a\\u0000b\"}", "line 2 has a zero character"},
        {"{\"lease\\u0000\": \"1s\"}", "line 1 has a zero character"},
        {"[]", "is no JSON object; give one"},
        {"7", "is no JSON object"},
        {"{\"peer\": \"a:1\"}", "\"peer\" is no option; did you mean \"peers\"?"},
        {"{\"dead_after\": \"1s\"}", "\"dead_after\" is no option; did you mean \"dead-after\"?"},
        {"{\"zebra\": 1}", "\"zebra\" is no option; --help"},
        {"{\"\": 1}", "\"\" is no option; --help"},
        {"{\"z\\nz\": 1}", "\"z?z\" is no option"},
        {"{\"config\": \"x\"}", "\"config\" has no place in a file"},
        {"{\"new-key\": true}", "\"new-key\" has no place in a file"},
        {"{\"lease\": \"1s\", \"lease\": \"1s\"}", "\"lease\" stands there twice"},
        {"{\"lease\": null}", "\"lease\" has to be a string"},
        {"{\"lease\": {}}", "\"lease\" has to be a string"},
        {"{\"lease\": true}", "\"lease\" has to be a string"},
        {"{\"lease\": [\"1s\"]}", "\"lease\" has to be a string"},
        {"{\"peers\": [1]}", "\"peers\" has to be a string, as on the command line, or an array"},
        {"{\"peers\": 1}", "\"peers\" has to be"},
        {"{\"observer\": 1}", "\"observer\" has to be true or false"},
        {"{\"lease\": 1}", "\"lease\": 1 is no duration"},
        {"{\"lease\": \"\"}", "\"lease\": '' is empty"},
        {"{\"peers\": []}", "\"peers\": '' is empty"},
        {"{\"peers\": [\"b:1\", \"\"]}", "\"peers\": b:1,: an address between its commas is empty"},
        {"{\"priority\": 1.5}", "\"priority\": 1.5 is out of range"},
        {"{\"priority\": -1}", "\"priority\": -1 is out of range"},
        {"{\"priority\": 1e300}", "\"priority\": 1e+300 is out of range"},
        {"{\"lease\": \"100ms\"}", "\"lease\": 100ms is under 3 heartbeats"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum exit_code code = read_file(cases[i][0], "--self=a:1", NULL);
        size_t named = strlen(folder_file);
        if (code != EXIT_WRONG_CONFIG || strncmp(why, folder_file, named) != 0 ||
            strncmp(why + named, ": ", 2) != 0 ||
            strncmp(why + named + 2, cases[i][1], strlen(cases[i][1])) != 0)
            fail_msg("case %zu ends with %d: '%s'", i, (int)code, why);
    }
}

/* Found by fuzzing: what stood behind it was passed over. */
static void test_file_with_a_zero_byte(void **state)
{
    static const char *const texts[] = {"{\"self\":\"a:1\"}\0{", "{\"self\"\0:\"a:1\"}"};
    const struct given given = {{"--config", folder_file}, {NULL}};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        folder_write(texts[i], 15);
        assert_int_equal(read_as(&given, true), EXIT_WRONG_CONFIG);
        assert_non_null(strstr(why, ": line 1 has a zero character; leave it out"));
    }
    folder_write("{\"self\":\"a:1\",\"key-file\":\"\\\\u0000\"}", 35);
    ACCEPT(FLAGS("--config", folder_file));
    assert_string_equal(options.key_file, "\\u0000");
}

static void test_file_too_large(void **state)
{
    static char bytes[65536];

    (void)state;
    memset(bytes, ' ', sizeof bytes);
    memcpy(bytes, "{\"self\":\"a:1\"}", 14);
    folder_write(bytes, sizeof bytes - 1);
    ACCEPT(FLAGS("--config", folder_file));
    folder_write(bytes, sizeof bytes);
    assert_int_equal(read_as(&(struct given){{"--config", folder_file}, {NULL}}, true),
                     EXIT_WRONG_CONFIG);
    assert_non_null(strstr(why, "65535 bytes"));
    memset(bytes, '[', sizeof bytes); /* deep, too */
    assert_int_equal(sizeof bytes, 65536);
    folder_write(bytes, 65535);
    assert_int_equal(read_as(&(struct given){{"--config", folder_file}, {NULL}}, true),
                     EXIT_WRONG_CONFIG);
}

/* "... (300ms)" at the end of a line: said or not said, it is the same. False: the line tells no default. */
static bool check_default(const char *flag, const char *line, const char *end)
{
    static struct options unsaid;
    const char *open = memrchr(line, '(', (size_t)(end - line));
    char value[16] = "";

    if (open == NULL || sscanf(open, "(%15[a-z0-9])", value) != 1) return false;
    if (end != open + strlen(value) + 2) return false;
    ACCEPT(FLAGS(SELF, "--on-change", "x"));
    memcpy(&unsaid, &options, sizeof options);
    ACCEPT(FLAGS(SELF, "--on-change", "x", flag, value));
    if (memcmp(&unsaid, &options, sizeof options) != 0) fail_msg("%s is not %s", flag, value);
    return true;
}

static void test_help(void **state)
{
    char flag[32] = "";
    unsigned flags = 0, defaults = 0;

    (void)state;
    for (const char *line = options_help(), *end; *line != 0; line = end + 1) {
        end = strchr(line, '\n');
        assert_non_null(end);
        if (end - line > 100) fail_msg("too wide: %.*s", (int)(end - line), line);
        if (strncmp(line, "  --", 4) == 0) flags += sscanf(line, " %31[a-z-]", flag) == 1;
        defaults += check_default(flag, line, end);
    }
    assert_int_equal(flags, 27);
    assert_int_equal(defaults, 9);
    assert_true(strlen(options_version()) >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_every_flag),
        cmocka_unit_test(test_on_change),
        cmocka_unit_test(test_last_will),
        cmocka_unit_test(test_tasks),
        cmocka_unit_test(test_peers),
        cmocka_unit_test(test_an_observer_with_peers),
        cmocka_unit_test(test_as_many_as_a_roster_holds),
        cmocka_unit_test(test_http),
        cmocka_unit_test(test_where_state_is),
        cmocka_unit_test(test_http_socket),
        cmocka_unit_test(test_where_the_lease_page_is),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_more_warnings_than_are_kept),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_long_values),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_file_by_environment),
        cmocka_unit_test(test_file_refusals),
        cmocka_unit_test(test_file_with_a_zero_byte),
        cmocka_unit_test(test_file_too_large),
        cmocka_unit_test(test_help),
    };

    return cmocka_run_group_tests_name("options", tests, folder_make, folder_remove);
}
