/* commands.h: all commands; each stands in the file that carries it out. main.c lists them. */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include "ctl/ctl.h"

extern const struct command status_command; /* status.c */

#endif
