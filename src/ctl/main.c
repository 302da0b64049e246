/* main.c: goosectl from its command line to its exit: what holds for all commands, and which there are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/address.h"
#include "base/closest.h"
#include "base/token.h"
#include "ctl/commands.h"
#include "ctl/service.h"

static const struct command *const commands[] = {
    &status_command, &members_command,  &history_command, &watch_command,   &is_goose_command,
    &wait_command,   &handover_command, &drain_command,   &undrain_command, &remove_command,
    &voters_command, &why_command,      &job_command,     &recover_command,
};

#define COMMANDS (sizeof commands / sizeof commands[0])

#define USAGE_CHARS 36 /* in --help; what is longer has a line of its own */

struct globals {
    const char *at;
    const char *token_file;
    const char *lease_page;
    bool json;
    bool help;
    bool version;
};

static const char before_commands[] =
    "goosectl: asks one node of a flock, and tells it what to do.\n"
    "\n"
    "Usage: goosectl [--at HOST:PORT] [--token-file FILE] [--json] COMMAND\n"
    "\n";

static const char behind_commands[] =
    "\n"
    "  --at HOST:PORT     the node to ask: its --self, or wherever its HTTP is ($GOOSED_SELF),\n"
    "                     or unix:PATH for its socket;\n"
    "                     default: the one that a single /etc/goosed/NAME.json describes\n"
    "  --token-file FILE  the token of a node that wants one before it changes anything\n"
    "                     ($GOOSED_HTTP_TOKEN_FILE)\n"
    "  --lease-page FILE  the one that this machine's goosed keeps ($GOOSED_LEASE_PAGE): is-goose\n"
    "                     looks there instead of asking, unless --at is given; run needs it,\n"
    "                     and finds that of a service by itself\n"
    "  --json             for programs: JSON on standard output\n"
    "  --help, --version  goosectl COMMAND --help says more about one\n"
    "\n"
    "Exit status: 0 done, or so it is; 1 not so, refused, or time is up; 2 wrong usage, or\n"
    "nobody could tell, because no node answered.\n";

/* "wait goose|duck|ready [--timeout D]" */
static int put_usage(const struct command *command)
{
    return printf("%s%s%s", command->name, command->arguments[0] != '\0' ? " " : "",
                  command->arguments);
}

static int help(void)
{
    fputs(before_commands, stdout);
    for (size_t i = 0; i < COMMANDS; i++) {
        fputs("  ", stdout);
        int chars = put_usage(commands[i]);
        if (chars > USAGE_CHARS) chars = printf("\n  ") - 3;
        printf("%*s  %s\n", USAGE_CHARS - chars, "", commands[i]->line);
    }
    fputs(behind_commands, stdout);
    return CTL_YES;
}

static int help_with(const struct command *command)
{
    printf("goosectl %s: %s\n\nUsage: goosectl %s", command->name, command->line,
           command->offline ? "" : "[--at HOST:PORT] ");
    put_usage(command);
    printf("\n\n%s%sgoosectl --help has what holds for all commands.\n", command->more,
           command->more[0] != '\0' ? "\n" : "");
    return CTL_YES;
}

static int refuse_command(const char *name, const struct option_known *known, size_t count)
{
    bool is_option = looks_like_option(name);
    const char *what = is_option ? "option" : "command";
    struct closest command = closest_begin(span_of(name));

    for (size_t i = 0; i < COMMANDS && !is_option; i++)
        closest_try(&command, commands[i]->name);
    const char *meant = is_option ? closest_option(name, known, count) : command.name;
    if (meant == NULL)
        return ctl_fail(CTL_UNKNOWN, "there is no %s '%.64s'; goosectl --help lists them all", what,
                        name);
    return ctl_fail(CTL_UNKNOWN, "there is no %s '%.64s'; did you mean '%s'?", what, name, meant);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
}

/* An empty variable is one that somebody forgot to fill in, and says so. */
static bool read_at(struct ctl *ctl, const char *at, const struct service *service)
{
    const char *from = at != NULL ? "--at " : "GOOSED_SELF=";

    if (at == NULL) at = getenv("GOOSED_SELF");
    if (at == NULL && service->at[0] != '\0') {
        at = service->at;
        from = "of " SERVICE_FOLDER ": ";
    }
    if (at == NULL) {
        ctl_fail(
            CTL_UNKNOWN,
            "which node? Give --at HOST:PORT, or set GOOSED_SELF, as in GOOSED_SELF=n1:7000%s%s",
            service->wrong[0] != '\0' ? "; " : "", service->wrong);
        return false;
    }
    const char *wrong = place_from_user(&ctl->at, at);
    if (wrong != NULL)
        ctl_fail(CTL_UNKNOWN, "%s%.128s: %s", from, at[0] != '\0' ? at : "''", wrong);
    return wrong == NULL;
}

/* The variable is the daemon's: it counts where a token is needed, and is no reason to refuse anything else. */
static bool read_token(struct ctl *ctl, const char *file, bool needed)
{
    char why[512];

    if (file == NULL && needed) file = getenv("GOOSED_HTTP_TOKEN_FILE");
    if (file == NULL) return true;
    prctl(PR_SET_DUMPABLE, 0);
    mlock(ctl->token, sizeof ctl->token);
    bool good = token_read("--token-file", file, OWN_SECRET_OF_ANY, ctl->token, sizeof ctl->token,
                           why, sizeof why);
    if (!good) ctl_fail(CTL_UNKNOWN, "%s", why);
    return good;
}

static bool has_colours(void)
{
    const char *terminal = getenv("TERM"), *no = getenv("NO_COLOR");

    return isatty(STDOUT_FILENO) && (no == NULL || no[0] == '\0') && terminal != NULL &&
           strcmp(terminal, "dumb") != 0;
}

static int carry_out(struct ctl *ctl, const struct command *command, const struct globals *globals)
{
    static struct service service; /* its page's path is kept */

    if (globals->help) return help_with(command);
    ctl->name = command->name;
    ctl->arguments.of++;
    ctl->arguments.count--;
    ctl->lease_page = globals->lease_page;
    if (ctl->lease_page == NULL) ctl->lease_page = getenv("GOOSED_LEASE_PAGE");
    ctl->by_page = globals->lease_page != NULL || (ctl->lease_page != NULL && globals->at == NULL);
    bool needs_at = !command->offline && !(command->page_will_do && ctl->by_page);
    if (needs_at || command->needs_page) service_find(&service, SERVICE_FOLDER);
    if (needs_at && !read_at(ctl, globals->at, &service)) return CTL_UNKNOWN;
    if (command->needs_page && ctl->lease_page == NULL && service.lease_page[0] != '\0')
        ctl->lease_page = service.lease_page;
    if (!read_token(ctl, globals->token_file, command->changes)) return CTL_UNKNOWN;
    return command->carry_out(ctl);
}

/* What was printed has to have arrived: a full disk is no success. */
static int end(int status)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0) return status;
    return ctl_fail(CTL_UNKNOWN, "standard output cannot be written to");
}

int main(int argc, char **argv)
{
    struct globals globals = {0};
    struct ctl ctl = {.arguments = {argc - 1, argv + 1}, .colour = has_colours()};
    const struct option_known known[] = {
        {"--at", &globals.at, NULL},
        {"--token-file", &globals.token_file, NULL},
        {"--lease-page", &globals.lease_page, NULL},
        {"--json", NULL, &globals.json},
        {"--help", NULL, &globals.help},
        {"-h", NULL, &globals.help},
        {"--version", NULL, &globals.version},
    };
    char why[ARGUMENTS_LINE_BYTES];

    if (argc < 1 || !options_take(&ctl.arguments, known, sizeof known / sizeof known[0], true, why))
        return ctl_fail(CTL_UNKNOWN, "%s; see goosectl --help", argc < 1 ? "no arguments" : why);
    ctl.json = globals.json;
    if (globals.version) {
        puts("goosectl " GOOSED_VERSION);
        return end(CTL_YES);
    }
    if (ctl.arguments.count == 0 && globals.help) return end(help());
    if (ctl.arguments.count == 0)
        return ctl_fail(CTL_UNKNOWN, "what is to be done? See goosectl --help");
    const struct command *command = find_command(ctl.arguments.of[0]);
    if (command == NULL)
        return refuse_command(ctl.arguments.of[0], known, sizeof known / sizeof known[0]);
    int status = carry_out(&ctl, command, &globals);
    explicit_bzero(ctl.token, sizeof ctl.token);
    return end(status);
}
