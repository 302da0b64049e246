/* options_help.c: what --help prints: the table of options, and what is to be known besides. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/options_inside.h"

#define HELP_BYTES  8192
#define HELP_COLUMN 26 /* where the text of an option begins */

static const char above[] =
    "goosed: one node of a flock is the goose, all others are ducks.\n"
    "\n"
    "Usage: goosed --self HOST:PORT [--peers A,B,... | --join A,B,...] [options]\n"
    "\n"
    "With neither --peers nor --join it listens a moment for a flock that knows it, and\n"
    "else is a flock of one. Once there is a state file, membership comes from there.\n";

static const char below[] =
    "\n"
    "Each option but --faults is a variable too: --dead-after is GOOSED_DEAD_AFTER, a switch\n"
    "is on or off there. Flags win over the environment, the environment over the file.\n"
    "\n"
    "Signals: TERM, INT: stop. HUP: read keys, token and log level again. USR1: log the\n"
    "status. USR2: hand over to another node.\n"
    "Exit status: 0 stopped, 1 failed while running, 2 wrong usage (the command line),\n"
    "3 wrong configuration (the environment, or a file).\n"
    "\n"
    "A flock of three on one machine, and who it is:\n"
    "  goosed --self 127.0.0.1:7001 --peers 127.0.0.1:7002,127.0.0.1:7003\n"
    "  goosed --self 127.0.0.1:7002 --peers 127.0.0.1:7001,127.0.0.1:7003\n"
    "  goosed --self 127.0.0.1:7003 --peers 127.0.0.1:7001,127.0.0.1:7002\n"
    "  curl 127.0.0.1:7001/status\n";

static char help[HELP_BYTES];

LOG_PRINTF(1, 2)
static int say(const char *format, ...)
{
    size_t used = strlen(help);
    va_list args;

    va_start(args, format);
    int bytes = vsnprintf(help + used, sizeof help - used, format, args);
    va_end(args);
    assert(bytes >= 0 && (size_t)bytes < sizeof help - used);
    return bytes;
}

static void say_option(const struct option *option)
{
    if (option->group != NULL) say("\n%s\n", option->group);
    int columns = say("  --%s%s%s  ", option->name, option->value != NULL ? " " : "",
                      option->value != NULL ? option->value : "");
    say("%*s", columns < HELP_COLUMN ? HELP_COLUMN - columns : 0, "");
    for (const char *at = option->help; *at != 0; at++)
        say("%c%*s", *at, *at == '\n' ? HELP_COLUMN : 0, "");
    if (option->usual != NULL && option->kind != OPTION_SWITCH) say(" (%s)", option->usual);
    say("\n");
}

const char *options_help(void)
{
    help[0] = 0;
    say("%s", above);
    for (size_t i = 0; i < OPTIONS_KNOWN; i++)
        say_option(&option_table[i]);
    say("%s", below);
    return help;
}
