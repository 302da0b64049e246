/* options_check.c: options against each other, and defaults that depend on other options. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "config/options_inside.h"

static bool is_given(const struct reader *reader, enum option_id id)
{
    return reader->given[id].by != BY_DEFAULT;
}

bool list_has(const struct list *list, const struct goose_address *address)
{
    for (size_t i = 0; i < list->count; i++)
        if (address_same(&list->of[i], address)) return true;
    return false;
}

const char *duration_text(char text[DURATION_BYTES], uint64_t us)
{
    static const struct {
        uint64_t us;
        const char *name;
    } units[] = {{60000000, "m"}, {1000000, "s"}, {1000, "ms"}, {1, "us"}};
    size_t i = 0;

    while (us % units[i].us != 0)
        i++;
    snprintf(text, DURATION_BYTES, "%" PRIu64 "%s", us / units[i].us, units[i].name);
    return text;
}

/* PROTOCOL 5: a lease is kept alive by heartbeats, and has to outlast the loss of one or two of
 * them. */
static bool check_times(struct reader *reader)
{
    const struct goose_election_options *election = &reader->options->election;
    uint64_t heartbeat_us = election->heartbeat_us, lease_us = election->lease_us;
    char beat[DURATION_BYTES], right[DURATION_BYTES], lease[DURATION_BYTES];

    duration_text(beat, heartbeat_us);
    duration_text(lease, lease_us);
    if (lease_us < 3 * heartbeat_us && is_given(reader, OPTION_LEASE))
        return refuse(reader, OPTION_LEASE,
                      " is under 3 heartbeats (3 x %s); give at least %s, or a shorter --heartbeat",
                      beat, duration_text(right, 3 * heartbeat_us));
    if (lease_us < 3 * heartbeat_us)
        return refuse(reader, OPTION_HEARTBEAT,
                      " is over a third of the lease (%s); give at most %s, or a longer --lease",
                      lease, duration_text(right, lease_us / 3));
    if (election->dead_after_us < 3 * heartbeat_us) {
        enum option_id id =
            is_given(reader, OPTION_DEAD_AFTER) ? OPTION_DEAD_AFTER : OPTION_HEARTBEAT;
        return refuse(reader, id,
                      ": a live node would count as dead; give a --dead-after of at least %s",
                      duration_text(right, 3 * heartbeat_us));
    }
    return true;
}

static bool make_roster(struct reader *reader, enum option_id id, const struct list *list,
                        struct goose_roster *roster)
{
    if (list->count == 0) return true;
    uint64_t name_tag = reader->options->election.name_tag;
    enum goose_roster_result made = goose_roster_bootstrap(roster, name_tag, list->of, list->count);
    if (made == GOOSE_ROSTER_OK) return true;
    if (made == GOOSE_ROSTER_FULL)
        return refuse(reader, id, ": more than %d members, myself included; give fewer",
                      GOOSE_ROSTER_SEATS_MAX);
    return refuse(reader, id,
                  ": these do not fit a roster of %d bytes; give fewer, or shorter names",
                  GOOSE_ROSTER_BYTES_MAX);
}

/* PROTOCOL 9: all who are started with the same addresses make the same roster, whoever of them is
 * myself. An observer that they do not name is none of the first members, and asks them as --join
 * would. */
static bool set_members(struct reader *reader)
{
    struct goose_election_options *election = &reader->options->election;
    struct list *peers = &reader->peers, *join = &reader->join;
    bool listed = list_has(peers, &election->self);
    bool only_watches = election->observer && peers->count > 0 && !listed;

    if (is_given(reader, OPTION_PEERS) && is_given(reader, OPTION_JOIN))
        return refuse(
            reader, OPTION_JOIN,
            ": --peers is given too; give --peers to found a flock, or --join to enter one");
    if (only_watches) {
        join = peers;
        peers = &reader->join;
    } else if (peers->count > 0 && !listed) {
        peers->of[peers->count++] = election->self;
    }
    return make_roster(reader, only_watches ? OPTION_PEERS : OPTION_JOIN, join, &election->join) &&
           make_roster(reader, OPTION_PEERS, peers, &election->peers);
}

static bool text_same_host(const struct goose_address *a, const struct goose_address *b)
{
    return goose_text_equal(address_host(a), address_host(b));
}

/* A path that is too long, or that --http could not say, is left out: TCP does, too. */
static void set_default_socket(struct reader *reader)
{
    const char *given = environment_find(reader->source, "RUNTIME_DIRECTORY");
    size_t folder = given != NULL ? strcspn(given, ":") : 0;

    if (folder > 0 && given[0] == '/' && memchr(given, ',', folder) == NULL &&
        folder + sizeof "/http" - 1 <= SOCKET_CHARS_MAX)
        snprintf(reader->options->http_socket, sizeof reader->options->http_socket, "%.*s/http",
                 (int)folder, given);
}

/* Without --http it is served where datagrams are received, and reached at the port that they are
 * sent to. With it, the others can only guess its host: mine, if it listens there. */
static void set_listening(struct reader *reader)
{
    struct options *options = reader->options;
    struct goose_election_options *election = &options->election;

    if (!is_given(reader, OPTION_BIND)) options->bind = election->self;
    if (!is_given(reader, OPTION_HTTP)) {
        options->http = options->bind;
        set_default_socket(reader);
        election->http_port = address_port(&election->self);
    } else if (options->http.bytes > 0 && (address_is_wildcard(&options->http) ||
                                           text_same_host(&options->http, &election->self))) {
        election->http_port = address_port(&options->http);
    }
}

static bool set_default_state_dir(struct reader *reader)
{
    struct options *options = reader->options;
    const char *given = environment_find(reader->source, "STATE_DIRECTORY");
    const char *home = environment_find(reader->source, "HOME");
    int bytes;

    /* systemd puts a colon between several. */
    if (given != NULL && strcspn(given, ":") > 0)
        bytes = snprintf(options->state_dir, sizeof options->state_dir, "%.*s",
                         (int)strcspn(given, ":"), given);
    else if (reader->source->root)
        bytes = snprintf(options->state_dir, sizeof options->state_dir, "/var/lib/goosed/%s/%s",
                         options->flock, options->election.self.chars);
    else if (home != NULL && home[0] == '/')
        bytes =
            snprintf(options->state_dir, sizeof options->state_dir, "%s/.local/state/goosed/%s/%s",
                     home, options->flock, options->election.self.chars);
    else
        return refuse_config(
            reader,
            "--state-dir is missing, and HOME is not set; give the directory to keep state in");
    if (bytes < 0 || (size_t)bytes >= sizeof options->state_dir)
        return refuse_config(
            reader, "the path of the state is over %d characters; give a shorter --state-dir",
            PATH_CHARS_MAX);
    return true;
}

static bool set_default_lease_page(struct reader *reader)
{
    struct options *options = reader->options;
    const char *given = environment_find(reader->source, "RUNTIME_DIRECTORY");
    int folder = given != NULL ? (int)strcspn(given, ":") : 0;

    if (folder == 0) return true;
    int bytes =
        snprintf(options->lease_page, sizeof options->lease_page, "%.*s/lease", folder, given);
    if (bytes > 0 && (size_t)bytes < sizeof options->lease_page) return true;
    return refuse_config(reader,
                         "the path of RUNTIME_DIRECTORY is over %d characters; give --lease-page",
                         PATH_CHARS_MAX);
}

/* A socket of one version of IP sends nothing to the other, and nobody would say so; [::] can do both. */
static void warn_of_versions(struct reader *reader, const struct list *list)
{
    const struct goose_address *bind = &reader->options->bind;
    unsigned own = address_version(bind);

    if (own == 0 || (own == 6 && address_is_wildcard(bind))) return;
    for (size_t i = 0; i < list->count; i++) {
        unsigned other = address_version(&list->of[i]);
        if (other == 0 || other == own) continue;
        warn(reader,
             "%s is an IPv%u address, and this node sends from %s: they cannot hear each other; "
             "--bind [::]:%u can do both",
             list->of[i].chars, other, bind->chars, (unsigned)address_port(bind));
        return;
    }
}

static void warn_of_risks(struct reader *reader)
{
    const struct options *options = reader->options;
    const struct goose_election_options *election = &options->election;
    bool local = address_is_loopback(&election->self) && address_is_loopback(&options->bind);

    if (options->key_file[0] == 0 && !local)
        warn(reader,
             "no --key-file: whoever can send datagrams to %s can disturb the flock; goosed "
             "--new-key makes a key",
             options->bind.chars);
    warn_of_versions(reader, &reader->peers);
    warn_of_versions(reader, &reader->join);
    if (is_given(reader, OPTION_ON_CHANGE_TIMEOUT) && options->on_change[0] == 0)
        warn(reader, "--on-change-timeout does nothing without --on-change");
    if (election->join.count == 1 && list_has(&reader->join, &election->self))
        warn(
            reader,
            "--join names this node alone: without state it waits until somebody of a flock calls");
}

bool options_check(struct reader *reader)
{
    if (!is_given(reader, OPTION_SELF))
        return refuse_usage(
            reader, "--self is missing; give the address that the others reach this node at, "
                    "as in --self 10.0.0.1:7000");
    if (!check_times(reader) || !set_members(reader)) return false;
    set_listening(reader);
    if (!is_given(reader, OPTION_STATE_DIR) && !set_default_state_dir(reader)) return false;
    if (!is_given(reader, OPTION_LEASE_PAGE) && !set_default_lease_page(reader)) return false;
    warn_of_risks(reader);
    return true;
}
