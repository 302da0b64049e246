/* events.c: see events.h. Of the fields only `data` matters here: what changed stands in it. */
#include "ctl/events.h"

#include <string.h>

static void put_data(struct events *events, const char *value, size_t bytes)
{
    size_t between = events->data_bytes > 0 ? 1 : 0;

    if (bytes + between >= sizeof events->data - events->data_bytes) {
        events->failed = true;
        return;
    }
    if (between > 0) events->data[events->data_bytes++] = '\n';
    memcpy(events->data + events->data_bytes, value, bytes);
    events->data_bytes += bytes;
    events->data[events->data_bytes] = '\0';
}

static void line_came(struct events *events)
{
    static const char field[] = "data:";
    size_t name = sizeof field - 1, bytes = events->line_bytes;

    events->line_bytes = 0;
    if (bytes == 0) {
        if (events->data_bytes > 0) events->event(events->to, events->data);
        events->data_bytes = 0;
    } else if (bytes >= name && memcmp(events->line, field, name) == 0) {
        if (bytes > name && events->line[name] == ' ') name++;
        put_data(events, events->line + name, bytes - name);
    }
}

bool events_take(struct events *events, const char *at, size_t bytes)
{
    for (size_t i = 0; i < bytes && !events->failed; i++) {
        bool ends = at[i] == '\r' || (at[i] == '\n' && !events->skip_lf);
        bool is_rest = at[i] == '\n' && events->skip_lf;
        events->skip_lf = at[i] == '\r';
        if (ends)
            line_came(events);
        else if (events->line_bytes == sizeof events->line)
            events->failed = true;
        else if (!is_rest)
            events->line[events->line_bytes++] = at[i];
    }
    return !events->failed;
}
