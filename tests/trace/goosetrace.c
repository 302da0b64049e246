/* goosetrace.c: runs scenarios and compares what they tell with what is written, to the letter.
 *
 *     goosetrace FILE...            status 0 only if every line is as written
 *     goosetrace --rewrite FILE...  writes what happened into the files, after a deliberate change:
 *                                   to be read against the protocol before it is believed */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

#define SCENARIO_BYTES_MAX (1 << 20)
#define CONTEXT_LINES      6
#define INDENT             "        "
#define TITLE              "# PROTOCOL "

static char *file_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, SCENARIO_BYTES_MAX + 1);

    if (file == NULL || text == NULL) {
        if (file != NULL) fclose(file);
        free(text);
        return NULL;
    }
    size_t bytes = fread(text, 1, SCENARIO_BYTES_MAX, file);
    bool ok = ferror(file) == 0 && bytes < SCENARIO_BYTES_MAX && strlen(text) == bytes;
    fclose(file);
    if (ok) return text;
    free(text);
    return NULL;
}

static bool file_write(const char *path, const char *text, size_t bytes)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL) return false;
    bool ok = fwrite(text, 1, bytes, file) == bytes;
    return fclose(file) == 0 && ok;
}

static size_t line_bytes(const char *at)
{
    return strcspn(at, "\n");
}

/* The scenario again: its inputs as they stand, and under each what came of it. */
static bool scenario_run(struct world *w, const char *path, const char *text)
{
    int number = 0;

    for (const char *at = text; *at != '\0';) {
        size_t bytes = line_bytes(at);
        bool expected = strncmp(at, INDENT, sizeof INDENT - 1) == 0;
        struct words wrong = {.bytes = 0};
        char line[LINE_CHARS_MAX];
        number++;
        if (!expected) {
            report_raw(&w->report, at, bytes);
            report_raw(&w->report, "\n", 1);
        }
        snprintf(line, sizeof line, "%.*s", (int)bytes, at);
        if (!expected && line[0] == ' ') words_add(&wrong, "neither in column 0 nor in column 8");
        if (wrong.bytes > 0 || (!expected && line[0] != '#' && !script_line(w, line, &wrong))) {
            fprintf(stderr, "%s:%d: %s: %s\n", path, number, line, wrong.chars);
            return false;
        }
        at += bytes + (at[bytes] == '\n');
    }
    return true;
}

static void print_line(const char *mark, const char *at)
{
    printf("%s%.*s\n", mark, (int)line_bytes(at), at);
}

static const char *next_line(const char *at)
{
    at += line_bytes(at);
    return *at == '\n' ? at + 1 : at;
}

static bool same_line(const char *a, const char *b)
{
    return line_bytes(a) == line_bytes(b) && memcmp(a, b, line_bytes(a)) == 0;
}

/* The first difference, with what stood before it; then what is written and what happened, up to
 * the next input. */
static void print_difference(const char *path, const char *written, const char *happened)
{
    const char *before[CONTEXT_LINES] = {NULL};
    int number = 1;

    print_line("", written);
    while (*written != '\0' && *happened != '\0' && same_line(written, happened)) {
        memmove(before, before + 1, sizeof before - sizeof before[0]);
        before[CONTEXT_LINES - 1] = written;
        written = next_line(written);
        happened = next_line(happened);
        number++;
    }
    printf("--- %s, as written\n+++ as it happened\n@@ line %d @@\n", path, number);
    for (int i = 0; i < CONTEXT_LINES; i++)
        if (before[i] != NULL) print_line(" ", before[i]);
    for (; *written == ' '; written = next_line(written))
        print_line("-", written);
    for (; *happened == ' '; happened = next_line(happened))
        print_line("+", happened);
}

static bool scenario_settle(const char *path, const char *written, const struct report *report,
                            bool rewrite)
{
    size_t bytes = report->bytes - 1;

    if (strlen(written) == bytes && memcmp(written, report->text, bytes) == 0) return true;
    if (!rewrite) {
        print_difference(path, written, report->text);
        return false;
    }
    if (file_write(path, report->text, bytes)) return true;
    perror(path);
    return false;
}

static bool scenario(const char *path, bool rewrite)
{
    char *text = file_read(path);

    if (text == NULL) {
        fprintf(stderr, "%s: cannot be read as text of at most 1 MiB\n", path);
        return false;
    }
    if (strncmp(text, TITLE, sizeof TITLE - 1) != 0) {
        fprintf(stderr, "%s: the first line has to be '" TITLE "section - the rule'\n", path);
        free(text);
        return false;
    }
    struct world *w = world_new();
    bool ok = scenario_run(w, path, text);
    report_raw(&w->report, "", 1);
    ok = ok && scenario_settle(path, text, &w->report, rewrite);
    world_free(w);
    free(text);
    return ok;
}

int main(int count, char **words)
{
    bool rewrite = count > 1 && strcmp(words[1], "--rewrite") == 0;
    int at = rewrite ? 2 : 1, status = EXIT_SUCCESS;

    if (at >= count) {
        fprintf(stderr, "usage: goosetrace [--rewrite] FILE...\n");
        return 2;
    }
    for (; at < count; at++)
        if (!scenario(words[at], rewrite)) status = EXIT_FAILURE;
    return status;
}
