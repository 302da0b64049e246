/* ask.h: a question to the node that --at names, its answer as JSON, and how goosectl ends where there is none. */
#ifndef CTL_ASK_H
#define CTL_ASK_H

#include <cjson/cJSON.h>

#include "ctl/client.h"
#include "ctl/ctl.h"

struct reply {
    struct client_answer answer;
    cJSON *json; /* an object */
};

/* CTL_YES: a 200 with a JSON object. Else it was said why, and this is how to end: CTL_NO where the node refused,
 * CTL_UNKNOWN where nobody answered. Either way the caller calls ask_free(). */
int ask(const struct ctl *ctl, const struct client_request *request, struct reply *reply);
int ask_get(const struct ctl *ctl, const char *path, struct reply *reply);
void ask_free(struct reply *reply);

/* Where a member's HTTP server is: on its host, at a port that the flock knows. False: nobody knows. */
bool ask_door(const cJSON *member, struct place *at);

/* With --json a program gets what the node said. */
void ask_print(const struct reply *reply);

const char *json_text(const cJSON *object, const char *name); /* NULL: no such text */
bool json_number(const cJSON *object, const char *name, double *number);
bool json_flag(const cJSON *object, const char *name); /* true, and nothing else */

#endif
