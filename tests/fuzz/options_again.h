/* options_again.h: what has to hold of every reading of options. */
#ifndef FUZZ_OPTIONS_AGAIN_H
#define FUZZ_OPTIONS_AGAIN_H

#include "config/options.h"

/* A refusal is one line and leaves nothing. What was taken makes sense, and written down as a
 * command line it is taken again and is the same. */
void check_options(const struct options *options, enum exit_code code, const char *why);

#endif
