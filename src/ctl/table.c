/* table.c: see table.h. Nothing is kept: the cells are made once to be measured and once to be printed. */
#include "ctl/table.h"

#include <stdint.h>
#include <string.h>

#include "ctl/ask.h"

#define COLUMNS_MAX 16

static void set(char text[CELL_BYTES], const char *value)
{
    snprintf(text, CELL_BYTES, "%s", value != NULL && value[0] != '\0' ? value : "-");
    ctl_printable(text);
}

void cell_text(const cJSON *item, const char *key, char text[CELL_BYTES])
{
    set(text, json_text(item, key));
}

void cell_number(const cJSON *item, const char *key, char text[CELL_BYTES])
{
    double number;

    set(text, NULL);
    if (json_number(item, key, &number)) snprintf(text, CELL_BYTES, "%.0f", number);
}

void cell_yes_no(const cJSON *item, const char *key, char text[CELL_BYTES])
{
    set(text, json_flag(item, key) ? "yes" : "no");
}

void cell_ms(const cJSON *item, const char *key, char text[CELL_BYTES])
{
    double ms;

    set(text, NULL);
    if (json_number(item, key, &ms))
        snprintf(text, CELL_BYTES, ms < 10 ? "%.3f ms" : "%.0f ms", ms);
}

void cell_span(const cJSON *item, const char *key, char text[CELL_BYTES])
{
    static const struct {
        unsigned long of_s;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    double ms;

    set(text, NULL);
    if (!json_number(item, key, &ms) || ms < 0 || ms > 1e15) return;
    if (ms < 10000) {
        snprintf(text, CELL_BYTES, ms < 1000 ? "%.0f ms" : "%.1f s", ms < 1000 ? ms : ms / 1000);
        return;
    }
    unsigned long s = (unsigned long)(ms / 1000);
    size_t unit = 0;
    while (s < units[unit].of_s)
        unit++;
    unsigned long whole = s / units[unit].of_s, rest = s % units[unit].of_s;
    snprintf(text, CELL_BYTES, "%lu %s", whole, units[unit].name);
    if (unit == 3 || rest / units[unit + 1].of_s == 0) return;
    snprintf(text, CELL_BYTES, "%lu %s %lu %s", whole, units[unit].name,
             rest / units[unit + 1].of_s, units[unit + 1].name);
}

const char *colour_role(const cJSON *item)
{
    const char *role = json_text(item, "role");

    return role != NULL && strcmp(role, "goose") == 0 ? "1;32" : NULL;
}

static void put_cell(FILE *to, const struct column *column, const cJSON *item, int width,
                     bool colour)
{
    char text[CELL_BYTES];
    const char *code = colour && column->colour != NULL ? column->colour(item) : NULL;

    column->cell(item, column->key, text);
    int blanks = width - (int)strlen(text);
    if (column->right) fprintf(to, "%*s", blanks > 0 ? blanks : 0, "");
    if (code != NULL)
        fprintf(to, "\033[%sm%s\033[0m", code, text);
    else
        fputs(text, to);
    if (!column->right) fprintf(to, "%*s", blanks > 0 ? blanks : 0, "");
}

static int widest(const struct column *column, const cJSON *rows)
{
    char text[CELL_BYTES];
    size_t most = strlen(column->title);
    const cJSON *row;

    cJSON_ArrayForEach(row, rows)
    {
        column->cell(row, column->key, text);
        if (strlen(text) > most) most = strlen(text);
    }
    return (int)most;
}

void table_rows(FILE *to, const struct column *columns, size_t count, const cJSON *rows,
                bool colour)
{
    int width[COLUMNS_MAX] = {0};
    const cJSON *row;

    for (size_t i = 0; i < count; i++) {
        /* No blanks behind the last one. */
        bool last = i + 1 == count && !columns[i].right;
        width[i] = last ? 0 : widest(&columns[i], rows);
        fprintf(to, columns[i].right ? "%s%*s" : "%s%-*s", i > 0 ? "  " : "", width[i],
                columns[i].title);
    }
    fputs("\n", to);
    cJSON_ArrayForEach(row, rows)
    {
        for (size_t i = 0; i < count; i++) {
            fputs(i > 0 ? "  " : "", to);
            put_cell(to, &columns[i], row, width[i], colour);
        }
        fputs("\n", to);
    }
}

void table_facts(FILE *to, const struct column *columns, size_t count, const cJSON *item,
                 bool colour)
{
    int width = 0;

    for (size_t i = 0; i < count; i++)
        if ((int)strlen(columns[i].title) > width) width = (int)strlen(columns[i].title);
    for (size_t i = 0; i < count; i++) {
        fprintf(to, "%-*s  ", width, columns[i].title);
        put_cell(to, &columns[i], item, 0, colour);
        fputs("\n", to);
    }
}
