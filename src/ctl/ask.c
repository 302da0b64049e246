/* ask.c: see ask.h. */
#include "ctl/ask.h"

#include <stdio.h>
#include <string.h>

#include "base/address.h"

const char *json_text(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(item) ? item->valuestring : NULL;
}

bool json_number(const cJSON *object, const char *name, double *number)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (cJSON_IsNumber(item)) *number = item->valuedouble;
    return cJSON_IsNumber(item);
}

bool json_flag(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

/* A node's hints are for who speaks HTTP; who types commands is told of commands. */
static const char *in_commands(const char *hint, char text[CLIENT_LINE_BYTES])
{
    static const struct {
        const char *there, *here;
    } all[] = {
        {"ask with ?force=1", "give --force"},
        {"see /members", "see goosectl members"},
        {"when /readyz says 200", "after goosectl wait ready"},
        {"look at /status and /members", "look at goosectl status and members"},
    };

    for (size_t i = 0; hint != NULL && i < sizeof all / sizeof all[0]; i++) {
        const char *at = strstr(hint, all[i].there);
        if (at == NULL) continue;
        snprintf(text, CLIENT_LINE_BYTES, "%.*s%s%s", (int)(at - hint), hint, all[i].here,
                 at + strlen(all[i].there));
        return text;
    }
    return hint;
}

/* "there are n1:7000, n2:7000", as many as fit. False: the node does not say. */
static bool list_members(const struct ctl *ctl, char text[CLIENT_LINE_BYTES])
{
    const struct client_request request = {.path = "/members"};
    struct client_answer answer;
    const cJSON *member;
    size_t used = 0;

    if (!client_ask(&ctl->at, &request, &answer, text)) return false;
    cJSON *json = cJSON_ParseWithLength(answer.body, answer.bytes);
    client_free(&answer);
    cJSON_ArrayForEach(member, cJSON_GetObjectItemCaseSensitive(json, "members"))
    {
        const char *address = json_text(member, "address");
        if (address == NULL) continue;
        bool fits = used + strlen(address) + sizeof "there are , ..." < CLIENT_LINE_BYTES;
        used += (size_t)snprintf(text + used, CLIENT_LINE_BYTES - used, "%s%s",
                                 used > 0 ? ", " : "there are ", fits ? address : "...");
        if (!fits) break;
    }
    cJSON_Delete(json);
    return used > 0;
}

/* {"error": "...", "hint": "..."}, or nothing that a goosed says. */
static int refused(const struct ctl *ctl, const struct reply *reply)
{
    char text[CLIENT_LINE_BYTES], members[CLIENT_LINE_BYTES];
    const char *error = json_text(reply->json, "error");
    const char *said = json_text(reply->json, "hint"), *hint = in_commands(said, text);

    if (error == NULL)
        return ctl_fail(CTL_UNKNOWN, "%s answers, but not as a goosed does (HTTP %u)",
                        ctl->at.chars, reply->answer.code);
    bool no_member = reply->answer.code == 404 && said != NULL && strcmp(said, "see /members") == 0;
    if (no_member && list_members(ctl, members)) hint = members;
    if (reply->answer.code == 401) hint = "give --token-file FILE, with the token of this node";
    return ctl_fail(CTL_NO, "%s%s%s", error, hint != NULL ? "; " : "", hint != NULL ? hint : "");
}

int ask(const struct ctl *ctl, const struct client_request *request, struct reply *reply)
{
    char why[CLIENT_LINE_BYTES];

    *reply = (struct reply){.json = NULL};
    if (!client_ask(&ctl->at, request, &reply->answer, why)) {
        bool unsure = request->method != NULL && reply->answer.sent;
        return ctl_fail(CTL_UNKNOWN, "%s%s", why, unsure ? "; it may or may not be done" : "");
    }
    if (reply->answer.code == 0)
        return ctl_fail(CTL_UNKNOWN, "%s no longer answers; it may or may not be done",
                        ctl->at.chars);
    reply->json = cJSON_ParseWithLength(reply->answer.body, reply->answer.bytes);
    if (reply->answer.code == 200 && cJSON_IsObject(reply->json)) return CTL_YES;
    return refused(ctl, reply);
}

int ask_get(const struct ctl *ctl, const char *path, struct reply *reply)
{
    const struct client_request request = {.path = path};

    return ask(ctl, &request, reply);
}

bool ask_door(const cJSON *member, struct place *at)
{
    const char *spelt = json_text(member, "address");
    struct goose_address address;
    char text[GOOSE_ADDRESS_CHARS_MAX + 8];
    double port = 0;

    if (spelt == NULL || address_from_user(&address, spelt, strlen(spelt)) != NULL ||
        !json_number(member, "http_port", &port))
        return false;
    struct goose_text host = address_host(&address);
    int bytes = snprintf(text, sizeof text, "%.*s:%.0f", host.bytes, host.at, port);
    return (size_t)bytes < sizeof text && place_from_user(at, text) == NULL;
}

void ask_free(struct reply *reply)
{
    cJSON_Delete(reply->json);
    client_free(&reply->answer);
    reply->json = NULL;
}

void ask_print(const struct reply *reply)
{
    const struct client_answer *answer = &reply->answer;
    bool ends = answer->bytes > 0 && answer->body[answer->bytes - 1] == '\n';

    printf("%s%s", answer->body, ends ? "" : "\n");
}
