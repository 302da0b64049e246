/* options_inside.h: what the files of options share, and nobody else includes. */
#ifndef CONFIG_OPTIONS_INSIDE_H
#define CONFIG_OPTIONS_INSIDE_H

#include "config/options.h"

#define CONFIG_BYTES_MAX 65535
#define SHOWN_CHARS_MAX  80 /* of a value, in a refusal */
#define DURATION_BYTES   32

enum option_id {
    OPTION_SELF,
    OPTION_PEERS,
    OPTION_JOIN,
    OPTION_FLOCK,
    OPTION_OBSERVER,
    OPTION_PRIORITY,
    OPTION_VOTERS,
    OPTION_HEARTBEAT,
    OPTION_LEASE,
    OPTION_DEAD_AFTER,
    OPTION_LAST_WILL,
    OPTION_BIND,
    OPTION_HTTP,
    OPTION_STATE_DIR,
    OPTION_KEY_FILE,
    OPTION_NEW_KEY,
    OPTION_TOKEN_FILE,
    OPTION_FAULTS,
    OPTION_ON_CHANGE,
    OPTION_ON_CHANGE_TIMEOUT,
    OPTION_LEASE_PAGE,
    OPTION_CONFIG,
    OPTION_LOG_LEVEL,
    OPTION_LOG_FORMAT,
    OPTION_CHECK_CONFIG,
    OPTION_VERSION,
    OPTION_HELP,
    OPTIONS_KNOWN
};

enum option_kind {
    OPTION_VALUE,
    OPTION_LIST,   /* a value of several; in the file it may be an array */
    OPTION_SWITCH, /* on or off; a flag without a value means on */
    OPTION_TASK,   /* a flag and nothing else */
};

enum option_by { BY_DEFAULT, BY_FLAG, BY_ENVIRONMENT, BY_FILE };

struct reader;

/* One row an option, and the only place that tells it: the flag is --name, the variable GOOSED_NAME,
 * the key in the file "name"; --help is printed from here, and the manual page's list is written from
 * --help (tests/unit/options_told.sh). The order is that of --help. */
struct option {
    const char *name;
    const char *value; /* what the flag's value is called; NULL: it needs none */
    enum option_kind kind;
    bool (*set)(struct reader *reader, enum option_id id); /* false: refused */
    struct {
        size_t at, bytes;
    } kept; /* in struct options, where several options share one set() */
    uint64_t least, most;
    const char *usual; /* the default; NULL: none */
    const char *help;  /* lines of at most 74 columns; the default is printed behind the last */
    const char *group; /* the heading over this row; NULL: that of the row above */
};

struct given {
    enum option_by by;
    const char *value; /* NULL: not given, and no default */
};

struct list {
    size_t count;
    struct goose_address of[GOOSE_ROSTER_SEATS_MAX + 1]; /* one more: myself */
};

struct reader {
    struct options *options;
    const struct options_source *source;
    struct given given[OPTIONS_KNOWN];
    enum exit_code exit;
    char *why;
    struct list peers;
    struct list join;
    size_t file_bytes;
    char file[CONFIG_BYTES_MAX + 1]; /* values from the file */
};

extern const struct option option_table[OPTIONS_KNOWN];

/* OPTIONS_KNOWN: none. */
enum option_id option_find(const char *name, size_t bytes);
/* Of the options that are no task, or of all, the name that is meant by a misspelling; NULL: none
 * is close. */
const char *option_closest(const char *name, size_t bytes, bool tasks_too);

/* All return false. The line begins with the option and its value, as they were given. */
bool refuse(struct reader *reader, enum option_id id, const char *format, ...) LOG_PRINTF(3, 4);
bool refuse_usage(struct reader *reader, const char *format, ...) LOG_PRINTF(2, 3);
bool refuse_config(struct reader *reader, const char *format, ...) LOG_PRINTF(2, 3);
void warn(struct reader *reader, const char *format, ...) LOG_PRINTF(2, 3);

/* A value for a line: cut where it is long, without anything that could end the line. */
const char *shown(char text[SHOWN_CHARS_MAX + 4], const char *value, size_t bytes);

bool list_has(const struct list *list, const struct goose_address *address);
/* In the largest unit that needs no fraction. */
const char *duration_text(char text[DURATION_BYTES], uint64_t us);

/* What the environment says; NULL: nothing. */
const char *environment_find(const struct options_source *source, const char *name);

/* What the file says of options that neither flags nor environment gave. */
bool options_file_read(struct reader *reader);

/* What no single option can tell: options against each other, and defaults that depend on others.
 */
bool options_check(struct reader *reader);

#endif
