/* table.h: JSON as tables for people: a line for each of many items, or one item with a line for each of its facts. */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#define CELL_BYTES 160

struct column {
    const char *title;
    const char *key; /* in the item */
    void (*cell)(const cJSON *item, const char *key, char text[CELL_BYTES]);
    const char *(*colour)(const cJSON *item); /* an SGR code or NULL; NULL: never any */
    bool right;
};

/* What is not there, or not known, is "-". */
void cell_text(const cJSON *item, const char *key, char text[CELL_BYTES]);
void cell_number(const cJSON *item, const char *key, char text[CELL_BYTES]);
void cell_yes_no(const cJSON *item, const char *key, char text[CELL_BYTES]);
void cell_ms(const cJSON *item, const char *key, char text[CELL_BYTES]); /* "0.214 ms", "17 ms" */
void cell_span(const cJSON *item, const char *key,
               char text[CELL_BYTES]); /* ms, as "4.2 s", "3 h 5 min" */
/* The word that `key` names, bright green for a goose. */
const char *colour_role(const cJSON *item);

void table_rows(FILE *to, const struct column *columns, size_t count, const cJSON *rows,
                bool colour);
void table_facts(FILE *to, const struct column *columns, size_t count, const cJSON *item,
                 bool colour);

#endif
