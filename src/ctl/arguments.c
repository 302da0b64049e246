/* arguments.c: see arguments.h. */
#include "ctl/arguments.h"

#include <stdio.h>
#include <string.h>

#include "base/closest.h"

static bool refuse(char why[ARGUMENTS_LINE_BYTES], const char *option, const char *wrong)
{
    snprintf(why, ARGUMENTS_LINE_BYTES, "%.64s%s", option, wrong);
    return false;
}

bool looks_like_option(const char *argument)
{
    return argument[0] == '-' && argument[1] != '\0' && strcmp(argument, "--") != 0;
}

const char *closest_option(const char *argument, const struct option_known *known, size_t count)
{
    struct closest closest = closest_begin((struct span){argument, strcspn(argument, "=")});

    for (size_t i = 0; i < count; i++)
        if (strlen(known[i].name) > 2) closest_try(&closest, known[i].name);
    return closest.name;
}

static bool refuse_unknown(char why[ARGUMENTS_LINE_BYTES], const char *argument,
                           const struct option_known *known, size_t count)
{
    const char *meant = closest_option(argument, known, count);

    if (meant == NULL) return refuse(why, argument, " is no option here");
    snprintf(why, ARGUMENTS_LINE_BYTES, "%.64s is no option here; did you mean %.64s?", argument,
             meant);
    return false;
}

static const struct option_known *find(const char *argument, const struct option_known *known,
                                       size_t count)
{
    bool is_long = strncmp(argument, "--", 2) == 0;
    size_t bytes = is_long ? strcspn(argument, "=") : strlen(argument);

    for (size_t i = 0; i < count; i++)
        if (strlen(known[i].name) == bytes && memcmp(known[i].name, argument, bytes) == 0)
            return &known[i];
    return NULL;
}

/* A switch, or an option whose value stands behind its "=" or is the next argument. What begins with two dashes is the
 * next option: a shell variable that was empty has left the value out. */
static bool take(const struct option_known *option, const char *argument, const char *next,
                 bool *took_next, char why[ARGUMENTS_LINE_BYTES])
{
    const char *equals = strchr(argument, '=');

    if (option->value == NULL) {
        if (equals != NULL) return refuse(why, option->name, " takes no value; leave it out");
        *option->given = true;
        return true;
    }
    *took_next = equals == NULL;
    const char *value = equals != NULL ? equals + 1 : next;
    if (value == NULL || value[0] == '\0' || (equals == NULL && strncmp(value, "--", 2) == 0))
        return refuse(why, option->name, " has no value; give one, or leave it out");
    if (*option->value != NULL) return refuse(why, option->name, " is given twice; give it once");
    *option->value = value;
    return true;
}

bool options_take(struct arguments *arguments, const struct option_known *known, size_t count,
                  bool others_too, char why[ARGUMENTS_LINE_BYTES])
{
    int kept = 0, i = 0;

    for (; i < arguments->count && strcmp(arguments->of[i], "--") != 0; i++) {
        char *argument = arguments->of[i];
        const struct option_known *option = find(argument, known, count);
        bool took_next = false;
        if (option == NULL && looks_like_option(argument) && !others_too)
            return refuse_unknown(why, argument, known, count);
        if (option == NULL) {
            arguments->of[kept++] = argument;
            continue;
        }
        const char *next = i + 1 < arguments->count ? arguments->of[i + 1] : NULL;
        if (!take(option, argument, next, &took_next, why)) return false;
        if (took_next) i++;
    }
    for (; i < arguments->count; i++)
        arguments->of[kept++] = arguments->of[i];
    arguments->count = kept;
    return true;
}
