/* options.c: collects what flags, environment and file say, then has each option set in the order
 * of the table and all of them checked together. Values stay text until then, so that every refusal
 * can say what was written, and where. */
#include "config/options.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/closest.h"
#include "config/options_inside.h"

#define VARIABLE_PREFIX    "GOOSED_"
#define VARIABLE_BYTES     64
#define MISSPELT_CHARS_MAX 31

const char *options_version(void)
{
    return GOOSED_VERSION;
}

const char *shown(char text[SHOWN_CHARS_MAX + 4], const char *value, size_t bytes)
{
    size_t count = bytes <= SHOWN_CHARS_MAX ? bytes : SHOWN_CHARS_MAX;

    for (size_t i = 0; i < count; i++)
        text[i] = (unsigned char)value[i] < 0x20 || value[i] == 0x7f ? '?' : value[i];
    memcpy(text + count, bytes > count ? "..." : "", bytes > count ? 4 : 1);
    return text;
}

LOG_PRINTF(3, 0)
static bool put_refusal(struct reader *reader, enum exit_code code, const char *format,
                        va_list args)
{
    size_t used = strlen(reader->why);

    assert(code != EXIT_STOPPED && used < OPTIONS_LINE_BYTES);
    reader->exit = code;
    vsnprintf(reader->why + used, OPTIONS_LINE_BYTES - used, format, args);
    return false;
}

bool refuse_usage(struct reader *reader, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    put_refusal(reader, EXIT_WRONG_USAGE, format, args);
    va_end(args);
    return false;
}

bool refuse_config(struct reader *reader, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    put_refusal(reader, EXIT_WRONG_CONFIG, format, args);
    va_end(args);
    return false;
}

static void variable_name(char variable[VARIABLE_BYTES], const char *name)
{
    size_t at = strlen(VARIABLE_PREFIX);

    memcpy(variable, VARIABLE_PREFIX, at);
    for (; *name != 0; name++) {
        assert(at < VARIABLE_BYTES - 1);
        variable[at++] = *name == '-' ? '_' : (char)(*name - 'a' + 'A');
    }
    variable[at] = 0;
}

bool refuse(struct reader *reader, enum option_id id, const char *format, ...)
{
    const struct given *given = &reader->given[id];
    const char *name = option_table[id].name;
    const char *value = given->value == NULL || given->value[0] == 0 ? "''" : given->value;
    char text[SHOWN_CHARS_MAX + 4], path[SHOWN_CHARS_MAX + 4], variable[VARIABLE_BYTES];
    const char *config = reader->given[OPTION_CONFIG].value;
    va_list args;

    shown(text, value, strlen(value));
    if (given->by == BY_FILE) {
        snprintf(reader->why, OPTIONS_LINE_BYTES, "%s: \"%s\": %s",
                 shown(path, config, strlen(config)), name, text);
    } else if (given->by == BY_ENVIRONMENT) {
        variable_name(variable, name);
        snprintf(reader->why, OPTIONS_LINE_BYTES, "%s=%s", variable, text);
    } else {
        snprintf(reader->why, OPTIONS_LINE_BYTES, "--%s %s", name, text);
    }
    va_start(args, format);
    put_refusal(reader, given->by == BY_FLAG ? EXIT_WRONG_USAGE : EXIT_WRONG_CONFIG, format, args);
    va_end(args);
    return false;
}

void warn(struct reader *reader, const char *format, ...)
{
    struct options *options = reader->options;
    va_list args;

    if (options->warnings == OPTIONS_WARNINGS_MAX) return;
    va_start(args, format);
    vsnprintf(options->warning[options->warnings++], OPTIONS_LINE_BYTES, format, args);
    va_end(args);
}

enum option_id option_find(const char *name, size_t bytes)
{
    for (unsigned i = 0; i < OPTIONS_KNOWN; i++)
        if (strlen(option_table[i].name) == bytes && memcmp(option_table[i].name, name, bytes) == 0)
            return (enum option_id)i;
    return OPTIONS_KNOWN;
}

const char *option_closest(const char *name, size_t bytes, bool tasks_too)
{
    struct closest closest = closest_begin((struct span){name, bytes});

    for (size_t i = 0; i < OPTIONS_KNOWN; i++)
        if (tasks_too || option_table[i].kind != OPTION_TASK)
            closest_try(&closest, option_table[i].name);
    return closest.name;
}

static bool refuse_unknown_flag(struct reader *reader, const char *name, size_t bytes)
{
    char text[SHOWN_CHARS_MAX + 4];
    const char *meant = option_closest(name, bytes, true);

    shown(text, name, bytes);
    if (meant == NULL)
        return refuse_usage(reader, "unknown flag --%s; --help lists them all", text);
    return refuse_usage(reader, "unknown flag --%s; did you mean --%s?", text, meant);
}

/* The value of a flag that has to have one: behind its =, or the next argument. What begins with
 * two dashes is the next flag, and a shell variable that was empty has left the value out. */
static const char *flag_value(struct reader *reader, const char *equals, int *i)
{
    const struct options_source *source = reader->source;

    if (equals != NULL) return equals + 1;
    if (*i + 1 >= source->argc || strncmp(source->argv[*i + 1], "--", 2) == 0) return NULL;
    return source->argv[++*i];
}

static bool read_flag(struct reader *reader, int *i)
{
    char text[SHOWN_CHARS_MAX + 4];
    const char *flag = reader->source->argv[*i];

    if (strcmp(flag, "-h") == 0) flag = "--help";
    if (strncmp(flag, "--", 2) != 0)
        return refuse_usage(reader,
                            "unexpected argument '%s'; options begin with two dashes, and lists "
                            "have no blanks; see --help",
                            shown(text, flag, strlen(flag)));
    const char *name = flag + 2, *equals = strchr(name, '=');
    size_t bytes = equals != NULL ? (size_t)(equals - name) : strlen(name);
    enum option_id id = option_find(name, bytes);
    if (id == OPTIONS_KNOWN) return refuse_unknown_flag(reader, name, bytes);
    struct given *given = &reader->given[id];
    if (option_table[id].kind == OPTION_TASK && equals != NULL)
        return refuse_usage(reader, "--%s takes no value; leave '%s' out", option_table[id].name,
                            shown(text, equals, strlen(equals)));
    bool bare = option_table[id].kind == OPTION_TASK ||
                (option_table[id].kind == OPTION_SWITCH && equals == NULL);
    const char *value = bare ? "on" : flag_value(reader, equals, i);
    if (value == NULL)
        return refuse_usage(reader, "--%s has no value; give one, or leave the flag out",
                            option_table[id].name);
    if (given->by == BY_FLAG && option_table[id].kind != OPTION_TASK)
        return refuse_usage(reader, "--%s is given twice; give it once", option_table[id].name);
    *given = (struct given){BY_FLAG, value};
    return true;
}

/* Tasks that need nothing else end the reading: "--help" behind half a command line is how people
 * ask. */
static enum options_task task_asked(const struct reader *reader)
{
    if (reader->given[OPTION_HELP].by == BY_FLAG) return TASK_HELP;
    if (reader->given[OPTION_VERSION].by == BY_FLAG) return TASK_VERSION;
    if (reader->given[OPTION_NEW_KEY].by == BY_FLAG) return TASK_NEW_KEY;
    return reader->given[OPTION_CHECK_CONFIG].by == BY_FLAG ? TASK_CHECK_CONFIG : TASK_RUN;
}

static bool read_flags(struct reader *reader)
{
    for (int i = 1; i < reader->source->argc; i++) {
        if (!read_flag(reader, &i)) return false;
        reader->options->task = task_asked(reader);
        if (reader->options->task > TASK_CHECK_CONFIG) return true;
    }
    return true;
}

const char *environment_find(const struct options_source *source, const char *name)
{
    size_t bytes = strlen(name);

    for (char *const *at = source->environment; *at != NULL; at++)
        if (strncmp(*at, name, bytes) == 0 && (*at)[bytes] == '=') return *at + bytes + 1;
    return NULL;
}

/* Drills break a node on purpose: that is asked for where one sees it, not by what a shell may have left behind. */
static bool has_variable(size_t option)
{
    return option_table[option].kind != OPTION_TASK && option != OPTION_FAULTS;
}

static bool is_known_variable(const char *variable, size_t bytes)
{
    char known[VARIABLE_BYTES];

    for (size_t i = 0; i < OPTIONS_KNOWN; i++) {
        if (!has_variable(i)) continue;
        variable_name(known, option_table[i].name);
        if (strlen(known) == bytes && memcmp(known, variable, bytes) == 0) return true;
    }
    return false;
}

/* Refusing it would tie this version to what a later one, or another program, keeps in the
 * environment. */
static void warn_unknown_variable(struct reader *reader, const char *variable, size_t bytes)
{
    char text[SHOWN_CHARS_MAX + 4], name[MISSPELT_CHARS_MAX + 1], known[VARIABLE_BYTES] = "";
    size_t prefix = strlen(VARIABLE_PREFIX), count = bytes - prefix;
    const char *meant = NULL;

    for (size_t i = 0; i < count && count <= MISSPELT_CHARS_MAX; i++) {
        char c = variable[prefix + i];
        name[i] = c == '_' ? '-' : (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    if (count <= MISSPELT_CHARS_MAX) meant = option_closest(name, count, false);
    if (meant != NULL && has_variable(option_find(meant, strlen(meant))))
        variable_name(known, meant);
    else if (meant != NULL)
        snprintf(known, sizeof known, "--%s", meant);
    warn(reader, "the variable %s is none of goosed's, and ignored%s%s%s",
         shown(text, variable, bytes), meant != NULL ? "; did you mean " : "", known,
         meant != NULL ? "?" : "");
}

static void read_environment(struct reader *reader)
{
    char variable[VARIABLE_BYTES];

    for (unsigned i = 0; i < OPTIONS_KNOWN; i++) {
        if (!has_variable(i) || reader->given[i].by != BY_DEFAULT) continue;
        variable_name(variable, option_table[i].name);
        const char *value = environment_find(reader->source, variable);
        if (value != NULL) reader->given[i] = (struct given){BY_ENVIRONMENT, value};
    }
    for (char *const *at = reader->source->environment; *at != NULL; at++) {
        size_t bytes = strcspn(*at, "=");
        if (strncmp(*at, VARIABLE_PREFIX, strlen(VARIABLE_PREFIX)) == 0 &&
            !is_known_variable(*at, bytes))
            warn_unknown_variable(reader, *at, bytes);
    }
}

/* Nothing is never read as "none": it is what a variable that was not set looks like. */
static bool set_all(struct reader *reader)
{
    for (unsigned i = 0; i < OPTIONS_KNOWN; i++) {
        struct given *given = &reader->given[i];
        if (given->value == NULL) continue;
        if (given->value[strspn(given->value, " \t")] == 0)
            return refuse(reader, (enum option_id)i, " is empty; give a value, or leave it out");
        if (option_table[i].set != NULL && !option_table[i].set(reader, (enum option_id)i))
            return false;
    }
    return true;
}

static bool read_all(struct reader *reader)
{
    if (!read_flags(reader)) return false;
    if (reader->options->task > TASK_CHECK_CONFIG) return true;
    read_environment(reader);
    const struct given *config = &reader->given[OPTION_CONFIG];
    if (config->value != NULL && config->value[0] != 0 && !options_file_read(reader)) return false;
    return set_all(reader) && options_check(reader);
}

enum exit_code options_read(struct options *options, const struct options_source *source,
                            char why[OPTIONS_LINE_BYTES])
{
    struct reader *reader = calloc(1, sizeof *reader);

    memset(options, 0, sizeof *options);
    why[0] = 0;
    if (reader == NULL) {
        snprintf(why, OPTIONS_LINE_BYTES, "no memory to read the options");
        return EXIT_FAILED_RUNNING;
    }
    reader->options = options;
    reader->source = source;
    reader->why = why;
    for (size_t i = 0; i < OPTIONS_KNOWN; i++)
        reader->given[i].value = option_table[i].usual;
    bool read = read_all(reader);
    enum exit_code code = read ? EXIT_STOPPED : reader->exit;
    assert(read == (code == EXIT_STOPPED));
    if (!read) memset(options, 0, sizeof *options);
    free(reader);
    return code;
}
