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

/* Without the blanks around it: lists are written "a, b" too. */
static struct span trimmed(const char *at, size_t bytes)
{
    return span_trim((struct span){at, bytes});
}

static bool set_address(struct reader *reader, enum option_id id, struct goose_address *address)
{
    const char *value = value_of(reader, id);
    const char *wrong = address_from_user(address, value, strlen(value));

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
    struct goose_address *self = &reader->options->election.self;

    return set_address(reader, id, self) && refuse_wildcard(reader, id, self);
}

static bool set_bind(struct reader *reader, enum option_id id)
{
    return set_address(reader, id, &reader->options->bind);
}

static bool set_http(struct reader *reader, enum option_id id)
{
    return strcmp(value_of(reader, id), "off") == 0 ||
           set_address(reader, id, &reader->options->http);
}

static bool add_to_list(struct reader *reader, enum option_id id, struct list *list,
                        struct span item)
{
    struct goose_address address;
    char text[SHOWN_CHARS_MAX + 4];

    if (item.bytes == 0)
        return refuse(reader, id, ": an address between its commas is empty; leave the comma out");
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
                      "begins with none of the "
                      "first two signs",
                      FLOCK_CHARS_MAX);
    memcpy(reader->options->flock, value, bytes + 1);
    reader->options->election.name_tag = goose_digest_bytes(0, value, bytes);
    return true;
}

static bool set_text(struct reader *reader, enum option_id id, const char *what, char *text,
                     size_t text_bytes)
{
    const char *value = value_of(reader, id);
    size_t bytes = strlen(value);

    if (bytes >= text_bytes)
        return refuse(reader, id, ": %s has at most %zu characters here", what, text_bytes - 1);
    memcpy(text, value, bytes + 1);
    return true;
}

static bool set_path(struct reader *reader, enum option_id id, char path[PATH_CHARS_MAX + 1])
{
    return set_text(reader, id, "a path", path, PATH_CHARS_MAX + 1);
}

static bool set_on_change(struct reader *reader, enum option_id id)
{
    return set_text(reader, id, "a command", reader->options->on_change, COMMAND_CHARS_MAX + 1);
}

static bool set_state_dir(struct reader *reader, enum option_id id)
{
    return set_path(reader, id, reader->options->state_dir);
}

static bool set_key_file(struct reader *reader, enum option_id id)
{
    return set_path(reader, id, reader->options->key_file);
}

static bool set_token_file(struct reader *reader, enum option_id id)
{
    return set_path(reader, id, reader->options->token_file);
}

static bool set_lease_page(struct reader *reader, enum option_id id)
{
    return set_path(reader, id, reader->options->lease_page);
}

static bool set_duration(struct reader *reader, enum option_id id, uint64_t least_us,
                         uint64_t most_us, uint64_t *us)
{
    char least[DURATION_BYTES], most[DURATION_BYTES];

    if (!duration_parse_us(span_of(value_of(reader, id)), us))
        return refuse(reader, id,
                      " is no duration; give a whole number and us, ms, s or m, as in 250ms");
    if (*us < least_us)
        return refuse(reader, id, " is too short; give at least %s",
                      duration_text(least, least_us));
    if (*us > most_us)
        return refuse(reader, id, " is too long; give at most %s", duration_text(most, most_us));
    return true;
}

static bool set_heartbeat(struct reader *reader, enum option_id id)
{
    uint64_t us;

    if (!set_duration(reader, id, GOOSE_HEARTBEAT_US_MIN, GOOSE_LEASE_US_MAX / 3, &us))
        return false;
    reader->options->election.heartbeat_us = (uint32_t)us;
    return true;
}

static bool set_lease(struct reader *reader, enum option_id id)
{
    uint64_t us;

    if (!set_duration(reader, id, 3 * GOOSE_HEARTBEAT_US_MIN, GOOSE_LEASE_US_MAX, &us))
        return false;
    reader->options->election.lease_us = (uint32_t)us;
    return true;
}

static bool set_dead_after(struct reader *reader, enum option_id id)
{
    return set_duration(reader, id, 3 * GOOSE_HEARTBEAT_US_MIN, DEAD_AFTER_US_MAX,
                        &reader->options->election.dead_after_us);
}

static bool set_on_change_timeout(struct reader *reader, enum option_id id)
{
    return set_duration(reader, id, 1000, ON_CHANGE_US_MAX, &reader->options->on_change_timeout_us);
}

static bool set_number(struct reader *reader, enum option_id id, unsigned least, unsigned most,
                       uint8_t *number)
{
    const char *value = value_of(reader, id);
    size_t digits = strspn(value, "0123456789");
    unsigned made = 0;

    for (size_t i = 0; i < digits && made <= most; i++)
        made = made * 10 + (unsigned)(value[i] - '0');
    if (digits == 0 || value[digits] != 0 || made < least || made > most)
        return refuse(reader, id, " is out of range; give a whole number from %u to %u", least,
                      most);
    *number = (uint8_t)made;
    return true;
}

static bool set_priority(struct reader *reader, enum option_id id)
{
    return set_number(reader, id, 0, 255, &reader->options->election.priority);
}

static bool set_voters(struct reader *reader, enum option_id id)
{
    return set_number(reader, id, 1, GOOSE_ROSTER_SEATS_MAX, &reader->options->election.voters);
}

static bool set_switch(struct reader *reader, enum option_id id, bool *on)
{
    static const char *const words[] = {"off", "on", "false", "true", "no", "yes", "0", "1"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(value_of(reader, id), words[i]) != 0) continue;
        *on = i % 2 == 1;
        return true;
    }
    return refuse(reader, id, " is neither; give on or off");
}

static bool set_observer(struct reader *reader, enum option_id id)
{
    return set_switch(reader, id, &reader->options->election.observer);
}

static bool set_faults(struct reader *reader, enum option_id id)
{
    return set_switch(reader, id, &reader->options->faults);
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

const struct option option_table[OPTIONS_KNOWN] = {
    [OPTION_SELF] = {"self", OPTION_VALUE, set_self, NULL},
    [OPTION_PEERS] = {"peers", OPTION_LIST, set_peers, NULL},
    [OPTION_JOIN] = {"join", OPTION_LIST, set_join, NULL},
    [OPTION_BIND] = {"bind", OPTION_VALUE, set_bind, NULL},
    [OPTION_HTTP] = {"http", OPTION_VALUE, set_http, NULL},
    [OPTION_FLOCK] = {"flock", OPTION_VALUE, set_flock, "goose"},
    [OPTION_STATE_DIR] = {"state-dir", OPTION_VALUE, set_state_dir, NULL},
    [OPTION_KEY_FILE] = {"key-file", OPTION_VALUE, set_key_file, NULL},
    [OPTION_TOKEN_FILE] = {"http-token-file", OPTION_VALUE, set_token_file, NULL},
    [OPTION_HEARTBEAT] = {"heartbeat", OPTION_VALUE, set_heartbeat, "50ms"},
    [OPTION_LEASE] = {"lease", OPTION_VALUE, set_lease, "300ms"},
    [OPTION_PRIORITY] = {"priority", OPTION_VALUE, set_priority, "100"},
    [OPTION_OBSERVER] = {"observer", OPTION_SWITCH, set_observer, "off"},
    [OPTION_VOTERS] = {"voters", OPTION_VALUE, set_voters, "5"},
    [OPTION_DEAD_AFTER] = {"dead-after", OPTION_VALUE, set_dead_after, "10s"},
    [OPTION_LEASE_PAGE] = {"lease-page", OPTION_VALUE, set_lease_page, NULL},
    [OPTION_ON_CHANGE] = {"on-change", OPTION_VALUE, set_on_change, NULL},
    [OPTION_ON_CHANGE_TIMEOUT] = {"on-change-timeout", OPTION_VALUE, set_on_change_timeout, "30s"},
    [OPTION_CONFIG] = {"config", OPTION_VALUE, NULL, NULL},
    [OPTION_LOG_LEVEL] = {"log-level", OPTION_VALUE, set_log_level, "info"},
    [OPTION_LOG_FORMAT] = {"log-format", OPTION_VALUE, set_log_format, "text"},
    [OPTION_FAULTS] = {"faults", OPTION_SWITCH, set_faults, "off"},
    [OPTION_CHECK_CONFIG] = {"check-config", OPTION_TASK, NULL, NULL},
    [OPTION_NEW_KEY] = {"new-key", OPTION_TASK, NULL, NULL},
    [OPTION_VERSION] = {"version", OPTION_TASK, NULL, NULL},
    [OPTION_HELP] = {"help", OPTION_TASK, NULL, NULL},
};
