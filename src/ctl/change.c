/* change.c: `handover`, `drain`, `undrain`, `remove`, `voters`: what changes the flock. The node that is asked has it carried to
 * the goose; it may take ten leases, so nobody gives up on a node that lives. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "ctl/ask.h"
#include "ctl/commands.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define CHANGE_MS      (660 * 1000) /* ten of the longest leases, and a minute */
#define STILL_THERE_MS 5000

/* The loop of a node that answers this turns: the answer to the change will come. */
static bool still_there(void *to)
{
    const struct ctl *ctl = to;
    const struct client_request livez = {.path = "/livez", .patience_ms = STILL_THERE_MS};
    struct client_answer answer;
    char why[CLIENT_LINE_BYTES];
    bool there = client_ask(&ctl->at, &livez, &answer, why);

    if (there) client_free(&answer);
    return there;
}

/* `done`, and behind it what it is about: the new goose, who was removed, how many voters, or this node. */
static void say_done(const struct ctl *ctl, const cJSON *json, const char *done)
{
    const char *goose = json_text(json, "goose"), *removed = json_text(json, "removed");
    const char *warning = json_text(json, "warning");
    double wanted;

    if (json_number(json, "wanted", &wanted))
        printf("%s%.0f\n", done, wanted);
    else
        printf("%s%s\n", done, goose != NULL ? goose : removed != NULL ? removed : ctl->at.chars);
    if (warning != NULL) ctl_fail(CTL_YES, "%s", warning);
}

static int change(struct ctl *ctl, const char *method, const char *path, const char *body,
                  const char *done)
{
    const struct client_request request = {.method = method,
                                           .path = path,
                                           .body = body,
                                           .token = ctl->token,
                                           .patience_ms = CHANGE_MS,
                                           .tick = still_there,
                                           .tick_ms = STILL_THERE_MS,
                                           .to = ctl};
    struct reply reply;
    int status = ask(ctl, &request, &reply);

    if (status == CTL_YES && ctl->json) ask_print(&reply);
    if (status == CTL_YES && !ctl->json) say_done(ctl, reply.json, done);
    ask_free(&reply);
    return status;
}

/* An address as nodes spell it. False: it is none, and that was said. */
static bool read_member(const struct ctl *ctl, const char *option, const char *text,
                        struct goose_address *address)
{
    const char *wrong = address_from_user(address, text, strlen(text));

    if (wrong != NULL) ctl_fail(CTL_UNKNOWN, "%s: %s%.128s: %s", ctl->name, option, text, wrong);
    return wrong == NULL;
}

static int handover(struct ctl *ctl)
{
    const char *to = NULL;
    const struct option_known options[] = {{"--to", &to, NULL}};
    struct goose_address heir;
    char body[GOOSE_ADDRESS_CHARS_MAX + 16];

    if (!ctl_options(ctl, options, COUNT(options)) || !ctl_no_more(ctl)) return CTL_UNKNOWN;
    if (to != NULL && !read_member(ctl, "--to ", to, &heir)) return CTL_UNKNOWN;
    if (to != NULL) snprintf(body, sizeof body, "{\"to\":\"%s\"}", heir.chars);
    return change(ctl, "POST", "/handover", to != NULL ? body : NULL, "goose is now ");
}

const struct command handover_command = {
    .name = "handover",
    .arguments = "[--to HOST:PORT]",
    .line = "the goose hands over: to its heir, or to the one named",
    .more = "The new goose is a voter that the goose hears, not draining, of a priority above 0.\n",
    .changes = true,
    .carry_out = handover,
};

static int drain(struct ctl *ctl)
{
    if (!ctl_options(ctl, NULL, 0) || !ctl_no_more(ctl)) return CTL_UNKNOWN;
    return change(ctl, "PUT", "/drain", NULL, "draining: ");
}

const struct command drain_command = {
    .name = "drain",
    .arguments = "",
    .line = "this node stops being, and never becomes, goose",
    .more = "It goes on voting. This does not survive a restart of goosed.\n",
    .changes = true,
    .carry_out = drain,
};

static int undrain(struct ctl *ctl)
{
    if (!ctl_options(ctl, NULL, 0) || !ctl_no_more(ctl)) return CTL_UNKNOWN;
    return change(ctl, "DELETE", "/drain", NULL, "not draining: ");
}

const struct command undrain_command = {
    .name = "undrain",
    .arguments = "",
    .line = "this node may be goose again",
    .more = "",
    .changes = true,
    .carry_out = undrain,
};

/* The brackets of IPv6 may not stand in a path. */
static void put_path(char *path, size_t bytes, const struct goose_address *member, bool force)
{
    size_t used = (size_t)snprintf(path, bytes, "/members/");

    for (const char *at = member->chars; *at != '\0'; at++)
        used += (size_t)snprintf(path + used, bytes - used,
                                 *at == '[' || *at == ']' ? "%%%02X" : "%c", (unsigned char)*at);
    snprintf(path + used, bytes - used, "%s", force ? "?force=1" : "");
}

static int remove_member(struct ctl *ctl)
{
    bool force = false;
    const struct option_known options[] = {{"--force", NULL, &force}};
    struct goose_address member;
    char path[GOOSE_ADDRESS_CHARS_MAX + 32];

    if (!ctl_options(ctl, options, COUNT(options))) return CTL_UNKNOWN;
    if (ctl->arguments.count == 0)
        return ctl_fail(CTL_UNKNOWN, "remove: whom? Give HOST:PORT as `goosectl members` has it");
    if (!read_member(ctl, "", ctl->arguments.of[0], &member)) return CTL_UNKNOWN;
    ctl->arguments.of++;
    ctl->arguments.count--;
    if (!ctl_no_more(ctl)) return CTL_UNKNOWN;
    put_path(path, sizeof path, &member, force);
    return change(ctl, "DELETE", path, NULL, "removed ");
}

const struct command remove_command = {
    .name = "remove",
    .arguments = "[--force] HOST:PORT",
    .line = "a member leaves the flock for good",
    .more =
        "Whoever waits longest takes its seat. To replace a node, start the new one with --join\n"
        "first. The one that was removed stays out until it is told to undrain.\n"
        "Refused where those that are left would be no majority; --force skips that question, and\n"
        "no rule of the protocol. Take --peers off its command line before a machine that was\n"
        "removed is started again without its state.\n",
    .changes = true,
    .carry_out = remove_member,
};

static int voters(struct ctl *ctl)
{
    char body[32], *end;

    if (!ctl_options(ctl, NULL, 0)) return CTL_UNKNOWN;
    if (ctl->arguments.count == 0)
        return ctl_fail(CTL_UNKNOWN, "voters: how many? Give a number from 1 to %d",
                        GOOSE_ROSTER_SEATS_MAX);
    const char *text = ctl->arguments.of[0];
    unsigned long wanted = text[0] >= '0' && text[0] <= '9' ? strtoul(text, &end, 10) : 0;
    if (wanted < 1 || wanted > GOOSE_ROSTER_SEATS_MAX || *end != '\0')
        return ctl_fail(CTL_UNKNOWN, "voters: '%.32s' is no number from 1 to %d", text,
                        GOOSE_ROSTER_SEATS_MAX);
    ctl->arguments.of++;
    ctl->arguments.count--;
    if (!ctl_no_more(ctl)) return CTL_UNKNOWN;
    snprintf(body, sizeof body, "{\"wanted\":%lu}", wanted);
    return change(ctl, "PUT", "/voters", body, "voters wanted: ");
}

const struct command voters_command = {
    .name = "voters",
    .arguments = "N",
    .line = "how many voters the flock wants: 1 to 31",
    .more = "Observers that wait are let in until there are so many; of more voters one after the\n"
            "other becomes an observer, never the goose. Nothing else changes that number.\n",
    .changes = true,
    .carry_out = voters,
};
