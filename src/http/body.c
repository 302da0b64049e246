/* body.c: a request's body as JSON. A body is one object and nothing behind it. */
#include "http/body.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A text that has a zero in it would be another one here than at its sender's: cut there. */
static bool has_zero(struct span body)
{
    static const char zero[] = "\\u0000";
    for (size_t i = 0; i < body.bytes; i++) {
        struct span rest = {body.at + i, body.bytes - i};
        if (rest.at[0] == '\0' || span_starts_caseless(rest, zero)) return true;
        if (rest.at[0] == '\\') i++; /* what it stands for is seen */
    }
    return false;
}

cJSON *body_object(struct span body)
{
    const char *end = NULL;
    if (has_zero(body)) return NULL;
    cJSON *value = cJSON_ParseWithLengthOpts(body.at, body.bytes, &end, false);
    bool whole = value != NULL && cJSON_IsObject(value);
    for (; whole && end < body.at + body.bytes; end++)
        whole = is_space(*end);
    if (whole) return value;
    cJSON_Delete(value);
    return NULL;
}
