/* options_values.c: the table of options, and what the text of each means. What they mean together
 * is options_check.c's business. */
#include <string.h>

#include "base/address.h"
#include "base/text.h"
#include "config/options_inside.h"

#define DEAD_AFTER_US_MAX UINT64_C(31536000000000) /* a year */
#define ON_CHANGE_US_MAX  UINT64_C(3600000000)     /* an hour */

static const char *value_of(const struct reader *reader, enum option_id id)
{
    return reader->given[id].value;
}

static void *place_of(const struct reader *reader, enum option_id id)
{
    return (char *)reader->options + option_table[id].kept.at;
}

/* Without the blanks around it: lists are written "a, b" too. */
static struct span trimmed(const char *at, size_t bytes)
{
    return span_trim((struct span){at, bytes});
}

static bool set_address(struct reader *reader, enum option_id id)
{
    const char *value = value_of(reader, id);
    const char *wrong = address_from_user(place_of(reader, id), value, strlen(value));

    return wrong == NULL || refuse(reader, id, ": %s", wrong);
}

/* The others send to it, or an operator means one node by it. */
static bool refuse_wildcard(struct reader *reader, enum option_id id,
                            const struct goose_address *address)
{
    if (!address_is_wildcard(address)) return true;
    return refuse(reader, id,
                  ": nobody can send to %s; give the address that the others reach it at",
                  address->chars);
}

static bool set_self(struct reader *reader, enum option_id id)
{
    return set_address(reader, id) && refuse_wildcard(reader, id, place_of(reader, id));
}

static bool add_to_list(struct reader *reader, enum option_id id, struct list *list,
                        struct span item)
{
    struct goose_address address;
    char text[SHOWN_CHARS_MAX + 4];

    if (item.bytes == 0)
        return refuse(reader, id, ": an address between its commas is empty; leave the comma out");
    if (memchr(item.at, ' ', item.bytes) != NULL)
        return refuse(reader, id, ": put commas between the addresses, not blanks");
    const char *wrong = address_from_user(&address, item.at, item.bytes);
    if (wrong != NULL)
        return refuse(reader, id, ": '%s': %s", shown(text, item.at, item.bytes), wrong);
    if (!refuse_wildcard(reader, id, &address)) return false;
    if (list_has(list, &address))
        return refuse(reader, id, ": %s is in it twice; give it once", address.chars);
    if (list->count == GOOSE_ROSTER_SEATS_MAX)
        return refuse(reader, id, ": more than %d addresses; give fewer", GOOSE_ROSTER_SEATS_MAX);
    list->of[list->count++] = address;
    return true;
}

static bool set_list(struct reader *reader, enum option_id id, struct list *list)
{
    const char *at = value_of(reader, id);

    for (;;) {
        size_t bytes = strcspn(at, ",");
        if (!add_to_list(reader, id, list, trimmed(at, bytes))) return false;
        if (at[bytes] == 0) return true;
        at += bytes + 1;
    }
}

static bool set_peers(struct reader *reader, enum option_id id)
{
    return set_list(reader, id, &reader->peers);
}

static bool set_join(struct reader *reader, enum option_id id)
{
    return set_list(reader, id, &reader->join);
}

static bool set_http_socket(struct reader *reader, enum option_id id, struct span path)
{
    char *kept = reader->options->http_socket;

    if (kept[0] != 0) return refuse(reader, id, ": more than one unix:PATH; give one");
    if (path.bytes == 0 || path.at[0] != '/')
        return refuse(reader, id, ": give the whole path, as in unix:/run/goosed/http");
    if (path.bytes > SOCKET_CHARS_MAX)
        return refuse(reader, id, ": a socket's path has at most %d characters", SOCKET_CHARS_MAX);
    memcpy(kept, path.at, path.bytes);
    kept[path.bytes] = 0;
    return true;
}

static bool set_http_item(struct reader *reader, enum option_id id, struct span item)
{
    static const char prefix[] = "unix:";
    size_t bytes = sizeof prefix - 1;
    struct goose_address *address = &reader->options->http;

    if (item.bytes >= bytes && memcmp(item.at, prefix, bytes) == 0)
        return set_http_socket(reader, id, (struct span){item.at + bytes, item.bytes - bytes});
    if (address->bytes > 0) return refuse(reader, id, ": more than one HOST:PORT; give one");
    const char *wrong = address_from_user(address, item.at, item.bytes);
    return wrong == NULL || refuse(reader, id, ": %s", wrong);
}

/* An address, a socket, or both. */
static bool set_http(struct reader *reader, enum option_id id)
{
    const char *at = value_of(reader, id);

    if (strcmp(at, "off") == 0) return true;
    for (;; at++) {
        size_t bytes = strcspn(at, ",");
        if (!set_http_item(reader, id, trimmed(at, bytes))) return false;
        at += bytes;
        if (*at == 0) return true;
    }
}

/* It is a name for people, and of a folder. */
static bool set_flock(struct reader *reader, enum option_id id)
{
    static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    const char *value = value_of(reader, id);
    size_t bytes = strlen(value);

    if (bytes > FLOCK_CHARS_MAX || strspn(value, chars) != bytes || value[0] == '.' ||
        value[0] == '-')
        return refuse(reader, id,
                      ": a flock's name has at most %d letters, digits, '-', '.' and '_', and "
                      "does not begin with '-' or '.'",
                      FLOCK_CHARS_MAX);
    memcpy(reader->options->flock, value, bytes + 1);
    reader->options->election.name_tag = goose_digest_bytes(0, value, bytes);
    return true;
}

static bool set_text(struct reader *reader, enum option_id id, const char *what)
{
    const char *value = value_of(reader, id);
    size_t bytes = strlen(value), most = option_table[id].kept.bytes - 1;

    if (bytes > most) return refuse(reader, id, ": %s has at most %zu characters here", what, most);
    memcpy(place_of(reader, id), value, bytes + 1);
    return true;
}

static bool set_path(struct reader *reader, enum option_id id)
{
    return set_text(reader, id, "a path");
}

static bool set_command(struct reader *reader, enum option_id id)
{
    return set_text(reader, id, "a command");
}

static bool set_duration(struct reader *reader, enum option_id id)
{
    const struct option *option = &option_table[id];
    char text[DURATION_BYTES];
    uint64_t us;

    if (!duration_parse_us(span_of(value_of(reader, id)), &us))
        return refuse(reader, id,
                      " is no duration; give a whole number and us, ms, s or m, as in 250ms");
    if (us < option->least)
        return refuse(reader, id, " is too short; give at least %s",
                      duration_text(text, option->least));
    if (us > option->most)
        return refuse(reader, id, " is too long; give at most %s",
                      duration_text(text, option->most));
    if (option->kept.bytes == sizeof us)
        *(uint64_t *)place_of(reader, id) = us;
    else
        *(uint32_t *)place_of(reader, id) = (uint32_t)us;
    return true;
}

static bool set_number(struct reader *reader, enum option_id id)
{
    const char *value = value_of(reader, id);
    size_t digits = strspn(value, "0123456789");
    unsigned least = (unsigned)option_table[id].least, most = (unsigned)option_table[id].most;
    unsigned made = 0;

    for (size_t i = 0; i < digits && made <= most; i++)
        made = made * 10 + (unsigned)(value[i] - '0');
    if (digits == 0 || value[digits] != 0 || made < least || made > most)
        return refuse(reader, id, " is out of range; give a whole number from %u to %u", least,
                      most);
    *(uint8_t *)place_of(reader, id) = (uint8_t)made;
    return true;
}

static bool set_switch(struct reader *reader, enum option_id id)
{
    static const char *const words[] = {"off", "on", "false", "true", "no", "yes", "0", "1"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(value_of(reader, id), words[i]) != 0) continue;
        *(bool *)place_of(reader, id) = i % 2 == 1;
        return true;
    }
    return refuse(reader, id, " is neither; give on or off");
}

static bool set_log_level(struct reader *reader, enum option_id id)
{
    for (enum log_level level = LOG_LEVEL_ERROR; level < LOG_LEVELS; level++) {
        if (strcmp(value_of(reader, id), log_level_name(level)) != 0) continue;
        reader->options->log_level = level;
        return true;
    }
    return refuse(reader, id, " is no level; give error, warn, info or debug");
}

static bool set_log_format(struct reader *reader, enum option_id id)
{
    for (enum log_format format = LOG_FORMAT_TEXT; format < LOG_FORMATS; format++) {
        if (strcmp(value_of(reader, id), log_format_name(format)) != 0) continue;
        reader->options->log_format = format;
        return true;
    }
    return refuse(reader, id, " is no format; give text or json");
}

#define KEPT(member) .kept = {offsetof(struct options, member), sizeof((struct options){0}.member)}

const struct option option_table[OPTIONS_KNOWN] = {
    [OPTION_SELF] = {"self", "HOST:PORT", OPTION_VALUE, set_self, KEPT(election.self),
                     .group = "Who is who",
                     .help = "my address, as the others reach it: a name, an IPv4 address, or an\n"
                             "IPv6 address in brackets. Required"},
    [OPTION_PEERS] = {"peers", "A,B,...", OPTION_LIST, set_peers,
                      .help = "the other first members; myself may be listed too"},
    [OPTION_JOIN] = {"join", "A,B,...", OPTION_LIST, set_join,
                     .help = "any members of a running flock: asked in turn until one lets me in"},
    [OPTION_FLOCK] = {"flock", "NAME", OPTION_VALUE, set_flock, .usual = "goose",
                      .help = "the flock's name; nodes of other names are ignored"},
    [OPTION_OBSERVER] = {"observer", NULL, OPTION_SWITCH, set_switch, KEPT(election.observer),
                         .usual = "off", .help = "never a voter: it follows, and knows the goose"},
    [OPTION_PRIORITY] = {"priority", "0..255", OPTION_VALUE, set_number, KEPT(election.priority), 0,
                         255, "100",
                         .help =
                             "who is next in line; 0: never goose. A goose with a lower one stays"},
    [OPTION_VOTERS] =
        {"voters", "N", OPTION_VALUE, set_number, KEPT(election.voters), 1, GOOSE_ROSTER_SEATS_MAX,
         "5",
         .help = "how many voters a flock without --peers aims at, until \"goosectl voters\"\n"
                 "says another number"},
    [OPTION_HEARTBEAT] = {"heartbeat", "DURATION", OPTION_VALUE, set_duration,
                          KEPT(election.heartbeat_us), GOOSE_HEARTBEAT_US_MIN,
                          GOOSE_LEASE_US_MAX / 3, "50ms",
                          .group = "Timing: durations are a whole number and us, ms, s or m",
                          .help = "how often the goose is heard"},
    [OPTION_LEASE] =
        {"lease", "DURATION", OPTION_VALUE, set_duration, KEPT(election.lease_us),
         3 * GOOSE_HEARTBEAT_US_MIN, GOOSE_LEASE_US_MAX, "300ms",
         .help = "how long the goose may go on without being heard; at least 3 heartbeats,\n"
                 "at most 60s. Give all members the same"},
    [OPTION_DEAD_AFTER] =
        {"dead-after", "DURATION", OPTION_VALUE, set_duration, KEPT(election.dead_after_us),
         3 * GOOSE_HEARTBEAT_US_MIN, DEAD_AFTER_US_MAX, "10s",
         .help = "when a silent voter may be replaced by a node that waits for a seat"},
    [OPTION_LAST_WILL] =
        {"last-will", NULL, OPTION_SWITCH, set_switch, KEPT(last_will), .usual = "off",
         .help = "keep a helper process that resigns in my name when this one has died:\n"
                 "the next goose comes in milliseconds, not after a lease"},
    [OPTION_BIND] = {"bind", "HOST:PORT", OPTION_VALUE, set_address, KEPT(bind),
                     .group = "Where: one port, UDP for the election and TCP for HTTP",
                     .help = "listen here instead of --self: containers, NAT"},
    [OPTION_HTTP] = {"http", "WHERE", OPTION_LIST, set_http,
                     .help = "serve HTTP here instead: HOST:PORT, or unix:PATH for a socket that\n"
                             "root and my user change things over without a token, or both with a\n"
                             "comma between; off: nowhere. Default: where I listen and, where\n"
                             "systemd sets that, unix:$RUNTIME_DIRECTORY/http"},
    [OPTION_STATE_DIR] = {"state-dir", "DIR", OPTION_VALUE, set_path, KEPT(state_dir),
                          .help = "what has to outlast a restart. Default: $STATE_DIRECTORY, else\n"
                                  "/var/lib/goosed/FLOCK/SELF for root, and\n"
                                  "~/.local/state/goosed/FLOCK/SELF for others"},
    [OPTION_KEY_FILE] = {"key-file", "FILE", OPTION_VALUE, set_path, KEPT(key_file),
                         .group = "Who may",
                         .help =
                             "shared keys, one a line in hex: the first seals, all open. Who has\n"
                             "none can neither read nor make a datagram. A file that others may\n"
                             "read is refused: mode 0600. Without one, anybody who can send\n"
                             "datagrams to the port can disturb the flock"},
    [OPTION_NEW_KEY] = {"new-key", NULL, OPTION_TASK, .help = "print a fresh key, and exit"},
    [OPTION_TOKEN_FILE] =
        {"http-token-file", "FILE", OPTION_VALUE, set_path, KEPT(token_file),
         .help = "bearer token of HTTP requests that change something: a line of at least\n"
                 "16 characters. Without one, they must come from the machine itself"},
    [OPTION_FAULTS] = {"faults", NULL, OPTION_SWITCH, set_switch, KEPT(faults), .usual = "off",
                       .help = "allow drills over HTTP that break this node"},
    [OPTION_ON_CHANGE] =
        {"on-change", "COMMAND", OPTION_VALUE, set_command, KEPT(on_change), .group = "Who is told",
         .help = "run by /bin/sh at the start and at each change of my role or of the goose,\n"
                 "one at a time, with GOOSE_ROLE (duck, goose), GOOSE_TERM, GOOSE_ADDRESS\n"
                 "(of the goose; empty: none is known), GOOSE_SELF, GOOSE_FLOCK, and\n"
                 "GOOSE_MISSED: how many changes before this one were left out, if any"},
    [OPTION_ON_CHANGE_TIMEOUT] = {"on-change-timeout", "DURATION", OPTION_VALUE, set_duration,
                                  KEPT(on_change_timeout_us), 1000, ON_CHANGE_US_MAX, "30s",
                                  .help = "how long one run of that command may take"},
    [OPTION_LEASE_PAGE] =
        {"lease-page", "FILE", OPTION_VALUE, set_path, KEPT(lease_page),
         .help = "keep the role in a small file that programs map and check in nanoseconds;\n"
                 "put it on a tmpfs, as /run is. Default: $RUNTIME_DIRECTORY/lease, where\n"
                 "systemd sets that, else none"},
    [OPTION_CONFIG] = {"config", "FILE", OPTION_VALUE, .group = "The rest",
                       .help = "options as a JSON object, by these names without their dashes:\n"
                               "{\"self\": \"n1:7000\", \"peers\": [\"n2:7000\", \"n3:7000\"]}"},
    [OPTION_LOG_LEVEL] = {"log-level", "LEVEL", OPTION_VALUE, set_log_level, .usual = "info",
                          .help = "how much goes to standard error: error, warn, info or debug"},
    [OPTION_LOG_FORMAT] =
        {"log-format", "FORMAT", OPTION_VALUE, set_log_format, .usual = "text",
         .help = "how it is written: text or json. Each line names its node in json,\n"
                 "and in text on a terminal"},
    [OPTION_CHECK_CONFIG] = {"check-config", NULL, OPTION_TASK,
                             .help = "say whether all this is right, and exit"},
    [OPTION_VERSION] = {"version", NULL, OPTION_TASK, .help = "print the version, and exit"},
    [OPTION_HELP] = {"help", NULL, OPTION_TASK, .help = "print what these options are, and exit"},
};
