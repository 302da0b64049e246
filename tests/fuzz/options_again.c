/* options_again.c: see options_again.h. */
#include "options_again.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "config/options_inside.h"

#define WORDS_MAX 28

struct words {
    int count;
    char *word[WORDS_MAX];
};

static void check_line(const char *line)
{
    assert(memchr(line, 0, OPTIONS_LINE_BYTES) != NULL && line[0] != 0);
    for (const char *at = line; *at != 0; at++)
        assert((unsigned char)*at >= ' ' && *at != 0x7f);
}

__attribute__((format(printf, 2, 3))) static void add(struct words *words, const char *format, ...)
{
    char text[COMMAND_CHARS_MAX + 16];
    va_list args;

    va_start(args, format);
    int bytes = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert(bytes > 0 && (size_t)bytes < sizeof text && words->count < WORDS_MAX);
    words->word[words->count] = strdup(text);
    assert(words->word[words->count++] != NULL);
}

static void add_roster(struct words *words, const char *flag, const struct goose_roster *roster)
{
    char list[GOOSE_ROSTER_SEATS_MAX * (sizeof(struct goose_address) + 1) + 1];
    size_t bytes = 0;

    if (roster->count == 0) return;
    for (int seat = 0; seat < roster->count; seat++) {
        struct goose_text address = goose_roster_address(roster, seat);
        if (seat > 0) list[bytes++] = ',';
        memcpy(list + bytes, address.at, address.bytes);
        bytes += address.bytes;
    }
    list[bytes] = 0;
    add(words, "--%s=%s", flag, list);
}

static void add_duration(struct words *words, const char *flag, uint64_t us)
{
    char text[DURATION_BYTES];

    add(words, "--%s=%s", flag, duration_text(text, us));
}

static void write_down(const struct options *options, struct words *words)
{
    const struct goose_election_options *election = &options->election;

    add(words, "goosed");
    add(words, "--self=%s", election->self.chars);
    add_roster(words, "peers", &election->peers);
    add_roster(words, "join", &election->join);
    add(words, "--bind=%s", options->bind.chars);
    bool tcp = options->http.bytes > 0, local = options->http_socket[0] != 0;
    add(words, "--http=%s%s%s%s",
        tcp     ? options->http.chars
        : local ? ""
                : "off",
        tcp && local ? "," : "", local ? "unix:" : "", options->http_socket);
    add(words, "--flock=%s", options->flock);
    add(words, "--state-dir=%s", options->state_dir);
    if (options->key_file[0] != 0) add(words, "--key-file=%s", options->key_file);
    if (options->token_file[0] != 0) add(words, "--http-token-file=%s", options->token_file);
    if (options->lease_page[0] != 0) add(words, "--lease-page=%s", options->lease_page);
    add_duration(words, "heartbeat", election->heartbeat_us);
    add_duration(words, "lease", election->lease_us);
    add_duration(words, "dead-after", election->dead_after_us);
    add(words, "--priority=%d", election->priority);
    add(words, "--voters=%d", election->voters);
    add(words, "--observer=%s", election->observer ? "yes" : "no");
    add(words, "--last-will=%s", options->last_will ? "on" : "off");
    if (options->on_change[0] != 0) add(words, "--on-change=%s", options->on_change);
    add_duration(words, "on-change-timeout", options->on_change_timeout_us);
    add(words, "--faults=%s", options->faults ? "1" : "0");
    add(words, "--log-level=%s", log_level_name(options->log_level));
    add(words, "--log-format=%s", log_format_name(options->log_format));
    if (options->task == TASK_CHECK_CONFIG) add(words, "--check-config");
}

static void check_sense(const struct options *options)
{
    const struct goose_election_options *election = &options->election;

    assert(options->task <= TASK_CHECK_CONFIG);
    assert(goose_address_is_canonical(goose_address_text(&election->self)));
    assert(!address_is_wildcard(&election->self));
    assert(goose_address_is_canonical(goose_address_text(&options->bind)));
    assert(options->http.bytes == 0 ||
           goose_address_is_canonical(goose_address_text(&options->http)));
    assert(election->heartbeat_us > 0 && election->lease_us >= 3 * election->heartbeat_us);
    assert(election->dead_after_us >= 3 * (uint64_t)election->heartbeat_us);
    assert(election->peers.count == 0 || goose_roster_is_sound(&election->peers));
    assert(election->join.count == 0 || goose_roster_is_sound(&election->join));
    assert(election->peers.count == 0 || election->join.count == 0);
    assert(options->flock[0] != 0 && options->state_dir[0] != 0);
    assert(options->warnings <= OPTIONS_WARNINGS_MAX);
    for (unsigned i = 0; i < options->warnings; i++)
        check_line(options->warning[i]);
}

/* But for what is only a warning, and the port of HTTP: what the others may guess of it depends on
 * whether --http was written. */
static void check_same(struct options *a, const struct options *b)
{
    a->warnings = b->warnings;
    memcpy(a->warning, b->warning, sizeof a->warning);
    a->election.http_port = b->election.http_port;
    assert(memcmp(a, b, sizeof *a) == 0);
}

static void check_again(const struct options *options)
{
    static struct options again;
    char why[OPTIONS_LINE_BYTES], *environment[] = {NULL};
    struct words words = {0};

    write_down(options, &words);
    const struct options_source source = {
        .argc = words.count, .argv = words.word, .environment = environment};
    enum exit_code code = options_read(&again, &source, why);
    if (code != EXIT_STOPPED) fprintf(stderr, "refused when written down: %s\n", why);
    assert(code == EXIT_STOPPED);
    check_same(&again, options);
    while (words.count > 0)
        free(words.word[--words.count]);
}

void check_options(const struct options *options, enum exit_code code, const char *why)
{
    static const struct options nothing;
    static struct options task_only;

    assert(code == EXIT_STOPPED || code == EXIT_WRONG_USAGE || code == EXIT_WRONG_CONFIG);
    if (code != EXIT_STOPPED) {
        check_line(why);
        assert(memcmp(options, &nothing, sizeof nothing) == 0);
        return;
    }
    assert(why[0] == 0);
    if (options->task > TASK_CHECK_CONFIG) {
        task_only.task = options->task;
        assert(memcmp(options, &task_only, sizeof task_only) == 0);
        return;
    }
    check_sense(options);
    check_again(options);
}
