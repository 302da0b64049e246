/* options.h: flags, environment and a JSON file, made into one checked struct. Flags win over the
 * environment, the environment over the file. Besides the file that --config names, nothing is
 * read: no clock, no names looked up, no directory made. Reading again (on a signal) is calling
 * options_read() again with the same arguments. */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"
#include "goose/election.h"

#define FLOCK_CHARS_MAX      64
#define PATH_CHARS_MAX       1023
#define SOCKET_CHARS_MAX     103 /* what the system takes, less ".new" while it is made */
#define COMMAND_CHARS_MAX    4095
#define OPTIONS_WARNINGS_MAX 16
#define OPTIONS_LINE_BYTES   512

/* How the process ends. */
enum exit_code {
    EXIT_STOPPED = 0,
    EXIT_FAILED_RUNNING = 1, /* disk, port in use */
    EXIT_WRONG_USAGE = 2,    /* the command line */
    EXIT_WRONG_CONFIG = 3,   /* the environment, or a file: --config, keys, token, state */
};

enum options_task {
    TASK_RUN,
    TASK_CHECK_CONFIG, /* everything is checked as for a run */
    TASK_NEW_KEY,      /* of these three, nothing but `task` is filled in */
    TASK_VERSION,
    TASK_HELP,
};

struct options {
    enum options_task task;
    struct goose_election_options election; /* ready for GOOSE_EVENT_START */
    struct goose_address bind;              /* where to listen for datagrams */
    struct goose_address http;              /* where to listen for HTTP; empty: not over TCP */
    char http_socket[SOCKET_CHARS_MAX + 1]; /* and at which Unix socket; "": none */
    char flock[FLOCK_CHARS_MAX + 1];
    char state_dir[PATH_CHARS_MAX + 1];
    char key_file[PATH_CHARS_MAX + 1];     /* "": none */
    char token_file[PATH_CHARS_MAX + 1];   /* "": none */
    char on_change[COMMAND_CHARS_MAX + 1]; /* for the shell; "": none */
    uint64_t on_change_timeout_us;
    char lease_page[PATH_CHARS_MAX + 1]; /* "": none */
    bool faults;
    bool last_will;
    enum log_level log_level;
    enum log_format log_format;
    unsigned warnings; /* for the log, once there is one */
    char warning[OPTIONS_WARNINGS_MAX][OPTIONS_LINE_BYTES];
};

/* Where options come from. */
struct options_source {
    int argc;
    char *const *argv;        /* as main() has it: argv[0] is the program */
    char *const *environment; /* "NAME=value", NULL at the end */
    bool root;                /* whether the default place for state is the system's */
};

/* EXIT_STOPPED: go on as options->task says. Else how to end, nothing in `options`, and in `why` one
 * line, without an end of line, that names the flag (or variable, or file and key), its value, and
 * what would be right. */
enum exit_code options_read(struct options *options, const struct options_source *source,
                            char why[OPTIONS_LINE_BYTES]);

const char *options_help(void);    /* whole lines, at most 100 columns wide */
const char *options_version(void); /* "0.2.0" */

#endif
