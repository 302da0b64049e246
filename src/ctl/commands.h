/* commands.h: all commands; each stands in the file that carries it out. main.c lists them. */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include "ctl/ctl.h"

extern const struct command status_command, members_command, history_command;
extern const struct command watch_command;
extern const struct command is_goose_command, wait_command, job_command;
extern const struct command handover_command, drain_command, undrain_command, remove_command,
    voters_command;
extern const struct command why_command;
extern const struct command recover_command;

#endif
