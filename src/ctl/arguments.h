/* arguments.h: a command line, from which known options are taken out wherever they stand, up to a lone "--". */
#ifndef CTL_ARGUMENTS_H
#define CTL_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#define ARGUMENTS_LINE_BYTES 256

struct arguments {
    int count;
    char **of; /* of main()'s argv: only their order is changed */
};

/* "--to" with a value behind it or behind "=", or a switch ("--json", "-n"). */
struct option_known {
    const char *name;
    const char **value; /* NULL: a switch */
    bool *given;        /* a switch */
};

/* What is left afterwards are the arguments that are no options, and all from "--" on. Unless `others_too`, an option
 * that is not known is refused. False: `why` says what is wrong. */
bool options_take(struct arguments *arguments, const struct option_known *known, size_t count,
                  bool others_too, char why[ARGUMENTS_LINE_BYTES]);

/* Whether this is written like an option; a single dash is not. */
bool looks_like_option(const char *argument);

/* The option that a misspelt one was meant to be, or NULL. */
const char *closest_option(const char *argument, const struct option_known *known, size_t count);

#endif
