/* why.c: `why`: asks every voter what it knows, has them ask each other, and tells it in words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/address.h"
#include "ctl/ask.h"
#include "ctl/commands.h"
#include "ctl/explain.h"

#define ASK_MS     1000      /* a node that is cut off is not waited for any longer */
#define PROBING_NS 600000000 /* their questions to each other take half a second */
#define LATE_NS    200000000 /* and answers that are missing then may be on their way */
#define LATE_LOOKS 5

/* What this node says now. A fact keeps what it said before if nothing comes. */
static void fetch(struct fact *fact, const char *path)
{
    const struct client_request request = {
        .path = path, .connect_ms = ASK_MS, .patience_ms = ASK_MS};
    struct client_answer answer;

    if (fact->at.chars[0] == 0 || !client_ask(&fact->at, &request, &answer, fact->wrong)) return;
    cJSON *why = answer.code == 200 ? cJSON_ParseWithLength(answer.body, answer.bytes) : NULL;
    if (cJSON_IsObject(why)) {
        cJSON_Delete(fact->why);
        fact->why = why;
    } else {
        cJSON_Delete(why);
        snprintf(fact->wrong, sizeof fact->wrong, "HTTP %u, no answer of a goosed", answer.code);
    }
    client_free(&answer);
}

static struct fact *fact_of(struct fact *facts, size_t *count, const char *address)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(facts[i].address, address) == 0) return &facts[i];
    struct fact *fact = &facts[(*count)++];
    snprintf(fact->address, sizeof fact->address, "%s", address);
    return fact;
}

/* Of a seat that nobody has claimed its address is as good a guess as any. */
static void find_door(struct fact *fact, const cJSON *member)
{
    if (!ask_door(member, &fact->at) && json_text(member, "uid") == NULL)
        (void)place_from_user(&fact->at, fact->address);
    snprintf(fact->wrong, sizeof fact->wrong, "%s has no HTTP server for others (--http)",
             fact->address);
}

/* The node itself first, under the name that the others know. */
static size_t list_voters(const struct ctl *ctl, struct fact *facts, const cJSON *why,
                          const cJSON *members)
{
    const cJSON *member, *all = cJSON_GetObjectItemCaseSensitive(members, "members");
    const char *self = json_text(why, "self");
    size_t count = 0;

    if (self == NULL) return 0;
    fact_of(facts, &count, self)->at = ctl->at;
    cJSON_ArrayForEach(member, all)
    {
        const char *address = json_text(member, "address"), *seat = json_text(member, "seat");
        if (address == NULL || seat == NULL || strcmp(seat, "voter") != 0) continue;
        if (count > GOOSE_ROSTER_SEATS_MAX) break;
        struct fact *fact = fact_of(facts, &count, address);
        fact->voter = true;
        if (fact != facts) find_door(fact, member);
    }
    return count;
}

static void print_json(const struct fact *facts, size_t count)
{
    cJSON *all = cJSON_CreateObject(), *nodes = cJSON_AddArrayToObject(all, "nodes");

    for (size_t i = 0; i < count; i++) {
        cJSON *node = cJSON_CreateObject();
        cJSON_AddStringToObject(node, "address", facts[i].address);
        cJSON_AddBoolToObject(node, "voter", facts[i].voter);
        if (facts[i].why != NULL)
            cJSON_AddItemReferenceToObject(node, "why", facts[i].why);
        else
            cJSON_AddStringToObject(node, "silent", facts[i].wrong);
        cJSON_AddItemToArray(nodes, node);
    }
    char *text = cJSON_PrintUnformatted(all);
    puts(text != NULL ? text : "{}");
    cJSON_free(text);
    cJSON_Delete(all);
}

static void fetch_all(struct fact *facts, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (facts[i].why != NULL) fetch(&facts[i], path);
}

static bool all_answered(const struct fact *facts, size_t count)
{
    const cJSON *link;

    for (size_t i = 0; i < count; i++)
        cJSON_ArrayForEach(link, cJSON_GetObjectItemCaseSensitive(facts[i].why, "links"))
        {
            double asked = 0, answered = 0;
            if (json_number(link, "asked", &asked) && json_number(link, "answered", &answered) &&
                answered < asked)
                return false;
        }
    return true;
}

/* Once to see who answers: who does not may take a second each, and the questions to each other must not be that old
 * when their results are fetched. */
static void tell(const struct ctl *ctl, struct fact *facts, size_t count)
{
    struct timespec pause = {.tv_nsec = PROBING_NS};

    for (size_t i = 0; i < count; i++)
        fetch(&facts[i], "/why");
    fetch_all(facts, count, "/why?probe=1");
    int looks = 0;
    do {
        nanosleep(&pause, NULL);
        pause.tv_nsec = LATE_NS;
        fetch_all(facts, count, "/why");
    } while (looks++ < LATE_LOOKS && !all_answered(facts, count));
    if (ctl->json)
        print_json(facts, count);
    else
        explain(stdout, facts, count);
}

static int gather(const struct ctl *ctl, struct fact *facts)
{
    struct reply why, members = {.json = NULL};
    int status = ask_get(ctl, "/why", &why);

    if (status == CTL_YES) status = ask_get(ctl, "/members", &members);
    size_t count = status == CTL_YES ? list_voters(ctl, facts, why.json, members.json) : 0;
    if (status == CTL_YES && count == 0)
        status = ctl_fail(CTL_UNKNOWN, "%s answers, but not as a goosed does", ctl->at.chars);
    if (status == CTL_YES) facts[0].why = cJSON_Duplicate(why.json, true);
    ask_free(&why);
    ask_free(&members);
    if (count > 0) tell(ctl, facts, count);
    for (size_t i = 0; i < count; i++)
        cJSON_Delete(facts[i].why);
    return status;
}

static int why(struct ctl *ctl)
{
    if (!ctl_options(ctl, NULL, 0) || !ctl_no_more(ctl)) return CTL_UNKNOWN;
    struct fact *facts = calloc(GOOSE_ROSTER_SEATS_MAX + 2, sizeof *facts);
    if (facts == NULL) return ctl_fail(CTL_UNKNOWN, "out of memory");
    int status = gather(ctl, facts);
    free(facts);
    return status;
}

const struct command why_command = {
    .name = "why",
    .arguments = "",
    .line = "in words: why this node is a duck, or why there is no goose",
    .more =
        "Asks every voter over HTTP, where the flock knows its server to be, and has them ask\n"
        "each other whether they hear one another. It takes a second or two, and no part in any\n"
        "election.\n",
    .carry_out = why,
};
