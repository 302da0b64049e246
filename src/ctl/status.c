/* status.c: `status`, `members`, `history`: what one node knows, as tables for people or as it says it. */
#include <stdio.h>

#include "ctl/ask.h"
#include "ctl/commands.h"
#include "ctl/views.h"

static int show(struct ctl *ctl, const char *path, void (*print)(const struct ctl *, const cJSON *))
{
    struct reply reply;

    if (!ctl_options(ctl, NULL, 0) || !ctl_no_more(ctl)) return CTL_UNKNOWN;
    int status = ask_get(ctl, path, &reply);
    if (status == CTL_YES && ctl->json) ask_print(&reply);
    if (status == CTL_YES && !ctl->json) print(ctl, reply.json);
    ask_free(&reply);
    return status;
}

static void print_status(const struct ctl *ctl, const cJSON *json)
{
    status_facts(stdout, json, false, ctl->colour);
}

static void print_members(const struct ctl *ctl, const cJSON *json)
{
    members_table(stdout, cJSON_GetObjectItemCaseSensitive(json, "members"), false, ctl->colour);
}

static void print_history(const struct ctl *ctl, const cJSON *json)
{
    history_table(stdout, cJSON_GetObjectItemCaseSensitive(json, "history"), ctl->colour);
}

static int status(struct ctl *ctl)
{
    return show(ctl, "/status", print_status);
}

const struct command status_command = {
    .name = "status",
    .arguments = "",
    .line = "what this node is, and who is goose",
    .more = "lease and hold are what was left of them when the node answered; sealed says whether "
            "datagrams\n"
            "are authenticated (--key-file).\n",
    .carry_out = status,
};

static int members(struct ctl *ctl)
{
    return show(ctl, "/members", print_members);
}

const struct command members_command = {
    .name = "members",
    .arguments = "",
    .line = "voters and observers, as far as this node knows them",
    .more =
        "rank is the place in the succession, 0 the heir; heard is how long ago, round trip from\n"
        "this node and back. silent is who has not answered the goose for a lease; a duck knows\n"
        "nothing of other ducks: ask the goose.\n",
    .carry_out = members,
};

static int history(struct ctl *ctl)
{
    return show(ctl, "/history", print_history);
}

const struct command history_command = {
    .name = "history",
    .arguments = "",
    .line = "the last changes of goose that this node saw",
    .more = "",
    .carry_out = history,
};
