/* options_file.c: the JSON file of --config. It only collects text: what a value means is
 * options_values.c's business. A key that is not known is refused, or a misspelling would silently
 * leave a default in force. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/own_file.h"
#include "config/options_inside.h"

/* Up to CONFIG_BYTES_MAX + 1 bytes, so that one too many is seen; below 0: `why` says what is wrong. */
static ssize_t read_bytes(const char *path, char bytes[CONFIG_BYTES_MAX + 1], char *why,
                          size_t why_bytes)
{
    int fd = own_file_open(path, OWN_CONFIG, why, why_bytes);
    size_t count = 0;
    ssize_t got = 0;

    if (fd < 0) return -1;
    do {
        got = read(fd, bytes + count, CONFIG_BYTES_MAX + 1 - count);
        if (got > 0) count += (size_t)got;
    } while ((got > 0 && count <= CONFIG_BYTES_MAX) || (got < 0 && errno == EINTR));
    if (got < 0) snprintf(why, why_bytes, "%s", strerror(errno));
    close(fd);
    return got < 0 ? -1 : (ssize_t)count;
}

/* Every refusal of a file's contents begins with its name. */
static void name_file(struct reader *reader)
{
    char text[SHOWN_CHARS_MAX + 4];
    const char *path = reader->given[OPTION_CONFIG].value;

    snprintf(reader->why, OPTIONS_LINE_BYTES, "%s: ", shown(text, path, strlen(path)));
}

/* A zero byte, or an escaped one in a text; NULL: none. To cJSON either is the end of something, and
 * what stands behind it would be passed over in silence. */
static const char *find_zero(const char *bytes, size_t count)
{
    for (const char *at = bytes; at < bytes + count; at++) {
        if (*at == 0 || strncmp(at, "\\u0000", 6) == 0) return at;
        if (*at == '\\' && at[1] != 0) at++; /* what is escaped begins no escape */
    }
    return NULL;
}

static unsigned line_at(const char *bytes, const char *end)
{
    unsigned line = 1;

    for (const char *at = bytes; at < end; at++)
        line += *at == '\n';
    return line;
}

static cJSON *parse(struct reader *reader, const char *bytes, size_t count)
{
    const char *zero = find_zero(bytes, count), *end = bytes;
    cJSON *root = zero == NULL ? cJSON_ParseWithLengthOpts(bytes, count + 1, &end, true) : NULL;

    if (root != NULL && cJSON_IsObject(root)) return root;
    name_file(reader);
    if (zero != NULL)
        refuse_config(reader, "line %u has a zero character; leave it out", line_at(bytes, zero));
    else if (root != NULL)
        refuse_config(reader, "is no JSON object; give one, as in {\"self\": \"10.0.0.1:7000\"}");
    else
        refuse_config(reader, "is no JSON: look at line %u, or just above it",
                      line_at(bytes, end < bytes + count ? end : bytes + count));
    cJSON_Delete(root);
    return NULL;
}

/* Keeps a piece of a value; several pieces in a row make one. What is kept of a file has never more
 * bytes than the file, but for a number that is written shorter (1e9) than it is kept. */
static bool keep(struct reader *reader, const char *piece)
{
    size_t bytes = strlen(piece);

    if (bytes >= sizeof reader->file - reader->file_bytes) return false;
    memcpy(reader->file + reader->file_bytes, piece, bytes + 1);
    reader->file_bytes += bytes;
    return true;
}

static bool keep_list(struct reader *reader, const cJSON *array)
{
    const cJSON *item;
    bool kept = keep(reader, "");

    cJSON_ArrayForEach(item, array)
    {
        if (!cJSON_IsString(item)) return false;
        kept =
            kept && (item == array->child || keep(reader, ",")) && keep(reader, item->valuestring);
    }
    return kept;
}

/* A value as it would stand on the command line; false: of no type that this option has. */
static bool keep_value(struct reader *reader, enum option_kind kind, const cJSON *item)
{
    char number[32];

    if (cJSON_IsString(item)) return keep(reader, item->valuestring);
    if (kind == OPTION_LIST) return cJSON_IsArray(item) && keep_list(reader, item);
    if (kind == OPTION_SWITCH)
        return cJSON_IsBool(item) && keep(reader, cJSON_IsTrue(item) ? "on" : "off");
    if (!cJSON_IsNumber(item)) return false;
    snprintf(number, sizeof number, "%.15g", item->valuedouble);
    return keep(reader, number);
}

static bool refuse_key(struct reader *reader, const char *key)
{
    char text[SHOWN_CHARS_MAX + 4];
    const char *meant = option_closest(key, strlen(key), false);

    name_file(reader);
    shown(text, key, strlen(key));
    if (option_find(key, strlen(key)) != OPTIONS_KNOWN)
        return refuse_config(reader, "\"%s\" has no place in a file; give it on the command line",
                             text);
    if (meant == NULL)
        return refuse_config(reader, "\"%s\" is no option; --help lists them all", text);
    return refuse_config(reader, "\"%s\" is no option; did you mean \"%s\"?", text, meant);
}

static bool read_key(struct reader *reader, const cJSON *item, bool seen[OPTIONS_KNOWN])
{
    static const char *const right[] = {
        [OPTION_VALUE] = "a string, as on the command line, or a number",
        [OPTION_LIST] = "a string, as on the command line, or an array of strings",
        [OPTION_SWITCH] = "true or false",
    };
    enum option_id id = option_find(item->string, strlen(item->string));

    if (id == OPTIONS_KNOWN || id == OPTION_CONFIG || option_table[id].kind == OPTION_TASK)
        return refuse_key(reader, item->string);
    const struct option *option = &option_table[id];
    const char *value = reader->file + reader->file_bytes;
    bool kept = keep_value(reader, option->kind, item);
    if (!kept || seen[id]) name_file(reader);
    if (!kept)
        return refuse_config(reader, "\"%s\" has to be %s", option->name, right[option->kind]);
    if (seen[id])
        return refuse_config(reader, "\"%s\" stands there twice; give it once", option->name);
    seen[id] = true;
    reader->file_bytes++; /* the zero of this value stays */
    if (reader->given[id].by == BY_DEFAULT) reader->given[id] = (struct given){BY_FILE, value};
    return true;
}

static bool read_object(struct reader *reader, const cJSON *root)
{
    bool seen[OPTIONS_KNOWN] = {false};
    const cJSON *item;

    cJSON_ArrayForEach(item, root) if (!read_key(reader, item, seen)) return false;
    return true;
}

bool options_file_read(struct reader *reader)
{
    char *bytes = malloc(CONFIG_BYTES_MAX + 2), problem[128] = "it has more than 65535 bytes";

    if (bytes == NULL) return refuse_config(reader, "no memory to read the file of --config");
    ssize_t count = read_bytes(reader->given[OPTION_CONFIG].value, bytes, problem, sizeof problem);
    if (count < 0 || count > CONFIG_BYTES_MAX) {
        free(bytes);
        refuse(reader, OPTION_CONFIG, " cannot be read: %s", problem);
        reader->exit = EXIT_WRONG_CONFIG;
        return false;
    }
    bytes[count] = 0;
    cJSON *root = parse(reader, bytes, (size_t)count);
    free(bytes);
    bool read = root != NULL && read_object(reader, root);
    cJSON_Delete(root);
    return read;
}
