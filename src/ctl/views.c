/* views.c: see views.h. */
#include "ctl/views.h"

#include <string.h>

#include "ctl/ask.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define BRIEF_FACTS  5 /* the first ones */

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

void status_facts(FILE *to, const cJSON *status, bool brief, bool colour)
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

    table_facts(to, facts, brief ? BRIEF_FACTS : COUNT(facts), status, colour);
}

/* A duck knows of another one neither whether it lives nor when it was heard last, for they do not speak. */
static bool is_guess(const cJSON *member)
{
    return cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(member, "silent")) &&
           json_text(member, "role") != NULL;
}

static void cell_role(const cJSON *item, const char *key, char text[CELL_BYTES])
{
    cell_text(is_guess(item) ? NULL : item, key, text);
    if (json_flag(item, "silent")) snprintf(text, CELL_BYTES, "silent");
}

static void cell_heard(const cJSON *item, const char *key, char text[CELL_BYTES])
{
    cell_span(is_guess(item) ? NULL : item, key, text);
}

void members_table(FILE *to, const cJSON *members, bool brief, bool colour)
{
    static const struct column columns[] = {
        {.title = "address", .key = "address", .cell = cell_text},
        {.title = "seat", .key = "seat", .cell = cell_text},
        {.title = "role", .key = "role", .cell = cell_role, .colour = colour_role},
        {.title = "rank", .key = "rank", .cell = cell_number, .right = true},
        {.title = "priority", .key = "priority", .cell = cell_number, .right = true},
        {.title = "heard", .key = "last_heard_ms", .cell = cell_heard, .right = true},
        {.title = "round trip", .key = "rtt_ms", .cell = cell_ms, .right = true},
        {.title = "uid", .key = "uid", .cell = cell_text},
    };

    table_rows(to, columns, COUNT(columns) - (brief ? 1 : 0), members, colour);
}

void history_table(FILE *to, const cJSON *history, bool colour)
{
    static const struct column columns[] = {
        {.title = "when", .key = "at", .cell = cell_text},
        {.title = "term", .key = "term", .cell = cell_number, .right = true},
        {.title = "from", .key = "from", .cell = cell_goose},
        {.title = "to", .key = "to", .cell = cell_goose},
        {.title = "why", .key = "why", .cell = cell_text},
    };

    table_rows(to, columns, COUNT(columns), history, colour);
}
