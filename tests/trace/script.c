/* script.c: the language of the scenarios. Two tables, `commands` and `conditions`, are all of it,
 * and its manual.
 *
 *     # a comment; the first line is the title: the section and the rule
 *     @250ms crash n1        a command, when the story has come that far
 *     run until goose        a command, now
 *             n2 is goose    indented: what happened, with the time where it has gone on
 *
 * In a pattern small words stand for themselves. NODES and OTHERS are names of nodes, or `all`; NEW
 * are names that may be new; KINDS are message kinds, none for all; TIME is 300ms, 2s, 10min.
 * `watch` and `hide` choose what is told: tell.c. */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "craft.h"

#define PATIENCE_US_MAX UINT64_C(120000000)

bool wrong(struct call *c, const char *what)
{
    words_add(c->wrong, "%s", what);
    return false;
}

static command cmd_run;

static const struct {
    const char *pattern;
    command *act;
} commands[] = {
    {"flock NEW", cmd_flock},   /* lived before, in good order: term 7, roster 7.2, heartbeat due */
    {"stored NEW", cmd_stored}, /* lived before: term 6, roster 6.2 on their disks; not started */
    {"nodes NEW", cmd_nodes},   /* not started, newborn when they are */
    {"start NODES", cmd_start},
    {"crash NODES", cmd_crash}, /* a write under way is lost */
    {"kill NODES", cmd_kill},   /* likewise, and a helper says the last will */
    {"restart NODES", cmd_restart},
    {"pause NODES", cmd_pause},   /* neither handles anything nor writes; what arrives waits */
    {"resume NODES", cmd_resume}, /* handles what waited: disk, datagrams, timer */
    {"set NODES lease TIME", cmd_lease},
    {"set NODES heartbeat TIME", cmd_heartbeat},
    {"set NODES dead after TIME", cmd_dead_after},
    {"set NODES priority NUMBER", cmd_priority},
    {"set NODES voters NUMBER", cmd_voters},
    {"set NODES observer", cmd_observer},
    {"set NODES peers OTHERS", cmd_peers},
    {"set NODES join OTHERS", cmd_join},
    {"NODES moves to WORD", cmd_move},       /* another address */
    {"link NODES WORD OTHERS cut", cmd_cut}, /* WORD: -> or <-> */
    {"link NODES WORD OTHERS heals", cmd_heal},
    {"link NODES WORD OTHERS takes TIME", cmd_take},
    {"link NODES WORD OTHERS holds KINDS", cmd_hold_link}, /* until delivered, dropped */
    {"partition NODES | OTHERS", cmd_partition},
    {"heal", cmd_heal_all},
    {"deliver KINDS NODES -> OTHERS", cmd_deliver}, /* what is held */
    {"drop KINDS NODES -> OTHERS", cmd_drop},
    {"repeat KINDS NODES -> OTHERS", cmd_repeat}, /* the last that arrived, once more */
    {"NODES gets WORD from SECOND", cmd_gets},    /* { made by hand: craft.c } */
    {"NODES disk holds", cmd_disk_holds},         /* writes do not end */
    {"NODES disk is done", cmd_disk_done},        /* the one under way ends */
    {"NODES disk works", cmd_disk_works},
    {"NODES disk takes TIME", cmd_disk_takes},
    {"NODES disk fails", cmd_disk_fails},
    {"NODES disk is lost", cmd_disk_lost},
    {"NODES disk is copied", cmd_disk_copied},
    {"NODES disk is the copy", cmd_disk_brought_back},
    {"ask NODES to hold TIME", cmd_hold},
    {"ask NODES to hand over", cmd_hand_over},
    {"ask NODES to hand over to OTHERS", cmd_hand_over},
    {"ask NODES to remove OTHERS", cmd_remove},
    {"ask NODES to remove OTHERS by force", cmd_remove_by_force},
    {"ask NODES to want NUMBER voters", cmd_want},
    {"ask NODES to drain", cmd_drain},
    {"ask NODES to undrain", cmd_undrain},
    {"ask NODES to stop", cmd_stop},
    {"NODES has work for TIME", cmd_work},     /* one piece more, which may take so long to leave */
    {"work of NODES leaves", cmd_work_leaves}, /* all of it */
    {"ask NODES who is goose", cmd_claims},    /* the claim, read this very moment */
    {"show NODES", cmd_show},
    {"run TIME", cmd_run},
};

static const struct {
    const char *pattern;
    condition *holds;
} conditions[] = {
    {"run until goose", is_goose}, /* somebody claims */
    {"run until no goose", is_no_goose},
    {"run until committed", is_committed},    /* the goose's roster */
    {"run until something happens", is_word}, /* that is shown */
    {"run until NODES votes", is_voter},      /* has a seat */
    {"run until NODES has no seat", is_no_voter},
    {"run until NODES follows OTHERS", is_follower},
    {"run until NODES is WORD", is_role}, /* duck, canvassing, candidate, goose */
};

bool match_nodes(struct call *c, int *at, struct node **nodes, int *count)
{
    *count = 0;
    if (*at < c->count && strcmp(c->words[*at], "all") == 0) {
        for (int i = 0; i < c->w->count; i++)
            nodes[(*count)++] = &c->w->nodes[i];
        (*at)++;
    }
    while (*at < c->count && *count < NODES_MAX) {
        struct node *node = world_find(c->w, c->words[*at]);
        if (node == NULL) break;
        nodes[(*count)++] = node;
        (*at)++;
    }
    return *count > 0;
}

static bool match_new(struct call *c, int *at)
{
    for (c->node_count = 0; *at < c->count && c->node_count < NODES_MAX; (*at)++) {
        struct node *node = world_find(c->w, c->words[*at]);
        if (node == NULL) node = world_add(c->w, c->words[*at]);
        if (node == NULL) return false;
        c->nodes[c->node_count++] = node;
    }
    return c->node_count > 0;
}

static bool match_number(const char *word, uint64_t *number)
{
    char *end = NULL;

    *number = strtoull(word, &end, 10);
    return end != word && *end == '\0';
}

/* None at all means every kind. */
static bool match_kinds(struct call *c, int *at)
{
    enum goose_message_kind kind;

    c->kinds = 0;
    for (; *at < c->count && parse_kind(c->words[*at], &kind); (*at)++)
        c->kinds |= 1U << kind;
    if (c->kinds == 0) c->kinds = ALL_KINDS;
    return true;
}

static bool match_capital(struct call *c, const char *want, int *at)
{
    if (strcmp(want, "NODES") == 0) return match_nodes(c, at, c->nodes, &c->node_count);
    if (strcmp(want, "OTHERS") == 0) return match_nodes(c, at, c->others, &c->other_count);
    if (strcmp(want, "NEW") == 0) return match_new(c, at);
    if (strcmp(want, "KINDS") == 0) return match_kinds(c, at);
    if (*at >= c->count) return false;
    const char *word = c->words[(*at)++];
    if (strcmp(want, "TIME") == 0) return parse_us(word, &c->us);
    if (strcmp(want, "NUMBER") == 0) return match_number(word, &c->number);
    if (strcmp(want, "WORD") == 0) return c->word = word, true;
    if (strcmp(want, "SECOND") == 0) return c->second = word, true;
    return strcmp(want, word) == 0;
}

static bool match(struct call *c, const char *pattern)
{
    char want[32];
    int at = 0, bytes;

    for (; sscanf(pattern, " %31s%n", want, &bytes) == 1; pattern += bytes)
        if (!match_capital(c, want, &at)) return false;
    return at == c->count;
}

static bool wait_for(struct call *c, condition *holds)
{
    uint64_t patience_us = c->w->now_us + PATIENCE_US_MAX;

    c->number = c->w->report.lines;
    while (!holds(c))
        if (!world_next(c->w, patience_us)) return wrong(c, "that did not come about");
    return true;
}

static bool cmd_run(struct call *c)
{
    world_run(c->w, c->w->now_us + c->us);
    return true;
}

/* Words, and what stands between braces. */
static void split(struct call *c, char *line)
{
    char *open = strchr(line, '{');

    c->body = "";
    if (open != NULL) {
        char *close = strrchr(open, '}');
        if (close != NULL) *close = '\0';
        *open = '\0';
        c->body = open + 1;
    }
    for (char *word = strtok(line, " "); word != NULL && c->count < WORDS_MAX;
         word = strtok(NULL, " "))
        c->words[c->count++] = word;
}

static bool take_time(struct call *c)
{
    uint64_t us;

    if (c->count == 0 || c->words[0][0] != '@') return true;
    if (!parse_us(c->words[0] + 1, &us)) return wrong(c, "no time");
    us += c->w->zero_us;
    if (us < c->w->now_us) return wrong(c, "that time has passed");
    world_run(c->w, us);
    memmove(c->words, c->words + 1, (size_t)--c->count * sizeof c->words[0]);
    return true;
}

bool script_line(struct world *w, const char *line, struct words *wrong_words)
{
    struct call c = {.w = w, .wrong = wrong_words};
    char text[LINE_CHARS_MAX];

    snprintf(text, sizeof text, "%s", line);
    split(&c, text);
    if (!take_time(&c)) return false;
    if (c.count == 0) return true;
    w->report.shown_us = w->now_us - w->zero_us;
    if (strcmp(c.words[0], "watch") == 0) return watch(&c, true);
    if (strcmp(c.words[0], "hide") == 0) return watch(&c, false);
    for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++)
        if (match(&c, conditions[i].pattern)) return wait_for(&c, conditions[i].holds);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (match(&c, commands[i].pattern)) {
            bool done = commands[i].act(&c);
            world_run(w, w->now_us);
            return done;
        }
    return wrong(&c, "nobody understands this");
}
