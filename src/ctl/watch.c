/* watch.c: `watch`: a line for each change, or, on a terminal, a display that follows. It watches one node, and waits
 * for it when it goes away: what another one says would be another view. The display shows that view meanwhile, and
 * whose it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ask.h"
#include "ctl/commands.h"
#include "ctl/events.h"
#include "ctl/live.h"
#include "ctl/views.h"

#define SILENCE_MS  40000 /* a comment comes every 15 s */
#define TICK_MS     1000
#define LATEST      6 /* changes that the display shows */
#define OTHERS      8
#define STAMP_BYTES 32
#define DATE_BYTES  (sizeof "2026-11-21") /* and the letter behind it: the display does without */
#define LINE_BYTES  512

struct watch {
    struct ctl *ctl;
    bool live;
    bool ever;    /* the node was heard */
    bool missing; /* and is not heard now: that has been said */
    struct events events;
    char latest[LATEST][LINE_BYTES]; /* a ring */
    unsigned lines;
    struct place others[OTHERS]; /* whom to ask while the node is away */
    size_t other_count;
};

static void stamp(char text[STAMP_BYTES])
{
    struct timespec now;
    struct tm parts;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    size_t used = strftime(text, STAMP_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + used, STAMP_BYTES - used, ".%03ldZ", now.tv_nsec / 1000000);
}

/* "15:53:27.123  term 2  goose n3:7000  handover": for the display, which says all else, and has 80 columns. */
static void put_brief(char line[LINE_BYTES], const cJSON *status)
{
    const char *goose = json_text(status, "goose"), *why = json_text(status, "why");
    const char *state = json_text(status, "state");
    char now[STAMP_BYTES];
    double term = 0;

    stamp(now);
    json_number(status, "term", &term);
    snprintf(line, LINE_BYTES, "%.12s  term %.0f  goose %s  %s", now + DATE_BYTES, term,
             goose != NULL ? goose : "none",
             why != NULL     ? why
             : state != NULL ? state
                             : "");
    ctl_printable(line);
}

/* "2026-11-21T15:53:27.123Z  term 2  goose n3:7000  n1:7000 is duck  (handover)" */
static void put_change(char line[LINE_BYTES], const cJSON *status)
{
    const char *self = json_text(status, "self"), *role = json_text(status, "role");
    const char *goose = json_text(status, "goose"), *why = json_text(status, "why");
    const char *state = json_text(status, "state");
    char now[STAMP_BYTES];
    double term = 0;

    stamp(now);
    json_number(status, "term", &term);
    bool more = state != NULL && role != NULL && strcmp(state, role) != 0;
    snprintf(line, LINE_BYTES, "%s  term %.0f  goose %s  %s is %s%s%s%s%s%s%s", now, term,
             goose != NULL ? goose : "none", self != NULL ? self : "?", role != NULL ? role : "?",
             more ? ", " : "", more ? state : "", json_flag(status, "draining") ? ", draining" : "",
             why != NULL ? "  (" : "", why != NULL ? why : "", why != NULL ? ")" : "");
    ctl_printable(line);
}

/* ---- the display ---- */

static cJSON *fetch(const struct place *at, const char *path)
{
    const struct client_request request = {
        .path = path, .connect_ms = TICK_MS, .patience_ms = TICK_MS};
    struct client_answer answer;
    char why[CLIENT_LINE_BYTES];

    if (!client_ask(at, &request, &answer, why)) return NULL;
    cJSON *json = answer.code == 200 ? cJSON_ParseWithLength(answer.body, answer.bytes) : NULL;
    client_free(&answer);
    return json;
}

static void put_latest(FILE *to, const struct watch *watch)
{
    unsigned first = watch->lines > LATEST ? watch->lines - LATEST : 0;

    for (unsigned i = first; i < watch->lines; i++)
        fprintf(to, "%s\n", watch->latest[i % LATEST]);
}

static void remember_others(struct watch *watch, const cJSON *members)
{
    const cJSON *member;

    watch->other_count = 0;
    cJSON_ArrayForEach(member, cJSON_GetObjectItemCaseSensitive(members, "members"))
    {
        if (watch->other_count == OTHERS) break;
        if (ask_door(member, &watch->others[watch->other_count])) watch->other_count++;
    }
}

/* The node, or the first of the others that answers. */
static cJSON *fetch_status(const struct watch *watch, const struct place **of)
{
    cJSON *status = fetch(*of = &watch->ctl->at, "/status");

    for (size_t i = 0; status == NULL && i < watch->other_count; i++)
        status = fetch(*of = &watch->others[i], "/status");
    return status;
}

/* The members last: there may be more of them than lines. */
static void put_display(FILE *to, struct watch *watch)
{
    bool colour = watch->ctl->colour;
    const struct place *of;
    cJSON *status = fetch_status(watch, &of);
    cJSON *members = status != NULL ? fetch(of, "/members") : NULL;
    bool away = of != &watch->ctl->at;
    char now[STAMP_BYTES];

    stamp(now);
    fprintf(to, "%s  %s%s\n%s%s\n", now, watch->ctl->at.chars,
            away || status == NULL ? "  does not answer" : "",
            away && status != NULL ? "What follows is the view of " : "",
            away && status != NULL ? of->chars : "");
    if (members != NULL) remember_others(watch, members);
    if (status != NULL) {
        status_facts(to, status, true, colour);
        fputs("\n", to);
    }
    put_latest(to, watch);
    if (members != NULL) {
        fputs("\n", to);
        members_table(to, cJSON_GetObjectItemCaseSensitive(members, "members"), true, colour);
    }
    cJSON_Delete(status);
    cJSON_Delete(members);
}

static bool draw(void *to)
{
    struct watch *watch = to;
    char *text = NULL;
    size_t bytes = 0;
    FILE *memory = open_memstream(&text, &bytes);

    if (memory == NULL) return true;
    put_display(memory, watch);
    fclose(memory);
    live_draw(text, bytes);
    free(text);
    return true;
}

/* ---- what happens ---- */

static void show_line(struct watch *watch, const char *line)
{
    if (watch->live) {
        snprintf(watch->latest[watch->lines++ % LATEST], LINE_BYTES, "%s", line);
        draw(watch);
        return;
    }
    puts(line);
    fflush(stdout);
}

static void changed(void *to, const char *data)
{
    struct watch *watch = to;
    char line[LINE_BYTES];
    cJSON *status = cJSON_Parse(data);

    if (!cJSON_IsObject(status)) {
        cJSON_Delete(status);
        return;
    }
    if (watch->live && !watch->ever) live_begin();
    watch->ever = true;
    watch->missing = false;
    if (watch->live)
        put_brief(line, status);
    else
        put_change(line, status);
    show_line(watch, watch->ctl->json ? data : line);
    cJSON_Delete(status);
}

static bool took(void *to, const char *at, size_t bytes)
{
    struct watch *watch = to;

    return events_take(&watch->events, at, bytes) && !ferror(stdout);
}

/* Once, and for people where they look for changes. */
static void say_missing(struct watch *watch, const char *why)
{
    char now[STAMP_BYTES], line[STAMP_BYTES + CLIENT_LINE_BYTES + 2];

    if (watch->missing) return;
    watch->missing = true;
    stamp(now);
    snprintf(line, sizeof line, "%s  %s", watch->live ? now + DATE_BYTES : now, why);
    ctl_printable(line);
    if (watch->ctl->json)
        ctl_fail(CTL_UNKNOWN, "%s", why);
    else
        show_line(watch, line);
}

/* Until the node goes away. CTL_YES: it may come back. */
static int follow(struct watch *watch)
{
    const struct client_request request = {.path = "/events",
                                           .accept = "text/event-stream",
                                           .patience_ms = SILENCE_MS,
                                           .piece = took,
                                           .tick = watch->live ? draw : NULL,
                                           .tick_ms = TICK_MS,
                                           .to = watch};
    struct client_answer answer;
    char why[CLIENT_LINE_BYTES];

    watch->events = (struct events){.event = changed, .to = watch};
    bool heard = client_ask(&watch->ctl->at, &request, &answer, why);
    unsigned code = heard ? answer.code : 0;
    if (heard) client_free(&answer);
    /* Nobody reads any more: watch() ends, and main() says so. */
    if (ferror(stdout)) return CTL_YES;
    bool busy = watch->ever && code >= 500; /* it has just started, or has too much to do */
    if (heard && ((code != 200 && !busy) || watch->events.failed))
        return ctl_fail(CTL_UNKNOWN, "%s answers, but has no events (HTTP %u)",
                        watch->ctl->at.chars, code);
    if (!watch->ever) return ctl_fail(CTL_UNKNOWN, "%s", heard ? "no event came" : why);
    if (heard) snprintf(why, sizeof why, "%s has ended the stream", watch->ctl->at.chars);
    say_missing(watch, why);
    return CTL_YES;
}

static int watch(struct ctl *ctl)
{
    const struct timespec pause = {.tv_sec = 0, .tv_nsec = 500000000};
    struct watch *watch = calloc(1, sizeof *watch);
    int status;

    if (watch == NULL) return ctl_fail(CTL_UNKNOWN, "out of memory");
    watch->ctl = ctl;
    watch->live = !ctl->json && isatty(STDOUT_FILENO);
    status = ctl_options(ctl, NULL, 0) && ctl_no_more(ctl) ? CTL_YES : CTL_UNKNOWN;
    while (status == CTL_YES && !ferror(stdout)) {
        status = follow(watch);
        if (status == CTL_YES && watch->live) draw(watch);
        if (status == CTL_YES) nanosleep(&pause, NULL);
    }
    if (watch->live && watch->ever) live_end();
    free(watch);
    return status;
}

const struct command watch_command = {
    .name = "watch",
    .arguments = "",
    .line = "a line for each change; on a terminal, live",
    .more = "Until it is interrupted. When the node goes away it says so, and waits for it to be "
            "back;\n"
            "the display has the view of another one meanwhile.\n"
            "With --json each line is what GET /status says, with index and why.\n",
    .carry_out = watch,
};
