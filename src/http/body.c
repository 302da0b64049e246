/* body.c: a request's body as JSON. A body is one object and nothing behind it. */
#include "http/body.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

cJSON *body_object(struct span body)
{
    const char *end = NULL;
    cJSON *value = cJSON_ParseWithLengthOpts(body.at, body.bytes, &end, false);
    bool whole = value != NULL && cJSON_IsObject(value);
    for (; whole && end < body.at + body.bytes; end++)
        whole = is_space(*end);
    if (whole) return value;
    cJSON_Delete(value);
    return NULL;
}
