/* status.c: `status`, `members`, `history`: what one node knows, as tables for people or as it says it. */
#include <stdio.h>
#include <string.h>

#include "ctl/ask.h"
#include "ctl/commands.h"
#include "ctl/table.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void cell_goose(const cJSON *item, const char *key, char text[CELL_BYTES])
{
    cell_text(item, key, text);
    if (strcmp(text, "-") == 0) snprintf(text, CELL_BYTES, "none");
}

/* What is left of something that most nodes do not have. */
static void cell_left(const cJSON *item, const char *key, char text[CELL_BYTES])
{
    double ms = 0;

    json_number(item, key, &ms);
    cell_span(ms > 0 ? item : NULL, key, text);
}

static void cell_roster(const cJSON *item, const char *key, char text[CELL_BYTES])
{
    const cJSON *roster = cJSON_GetObjectItemCaseSensitive(item, key);
    double term = 0, version = 0;

    json_number(roster, "term", &term);
    json_number(roster, "version", &version);
    snprintf(text, CELL_BYTES, "%.0f.%.0f, %s", term, version,
             json_flag(item, "settled") ? "settled" : "not settled");
}

static void cell_flock(const cJSON *item, const char *key, char text[CELL_BYTES])
{
    char id[CELL_BYTES];

    cell_text(item, key, text);
    cell_text(item, "flock_id", id);
    size_t used = strlen(text);
    snprintf(text + used, CELL_BYTES - used, ", id %s", id);
}

static int show(const struct ctl *ctl, const char *path,
                void (*print)(const struct ctl *, const cJSON *))
{
    struct reply reply;

    if (!ctl_no_more(ctl)) return CTL_UNKNOWN;
    int status = ask_get(ctl, path, &reply);
    if (status == CTL_YES && ctl->json) ask_print(&reply);
    if (status == CTL_YES && !ctl->json) print(ctl, reply.json);
    ask_free(&reply);
    return status;
}

static void print_status(const struct ctl *ctl, const cJSON *json)
{
    static const struct column facts[] = {
        {.title = "node", .key = "self", .cell = cell_text},
        {.title = "role", .key = "role", .cell = cell_text, .colour = colour_role},
        {.title = "goose", .key = "goose", .cell = cell_goose},
        {.title = "term", .key = "term", .cell = cell_number},
        {.title = "lease", .key = "lease_ms", .cell = cell_left},
        {.title = "hold", .key = "hold_ms", .cell = cell_left},
        {.title = "seat", .key = "seat", .cell = cell_text},
        {.title = "state", .key = "state", .cell = cell_text},
        {.title = "draining", .key = "draining", .cell = cell_yes_no},
        {.title = "flock", .key = "flock", .cell = cell_flock},
        {.title = "roster", .key = "roster", .cell = cell_roster},
        {.title = "up for", .key = "uptime_ms", .cell = cell_span},
        {.title = "sealed", .key = "authenticated", .cell = cell_yes_no},
    };

    table_facts(stdout, facts, COUNT(facts), json, ctl->colour);
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
