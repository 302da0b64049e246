/* closest.c: see closest.h. */
#include "base/closest.h"

#include <assert.h>

#define CLOSE_ENOUGH   2 /* letters that a misspelling may have wrong */
#define WORD_CHARS_MAX 31

/* One row of the usual table is kept. */
static size_t distance(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    size_t row[WORD_CHARS_MAX + 1];

    assert(b_bytes <= WORD_CHARS_MAX);
    for (size_t j = 0; j <= b_bytes; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_bytes; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_bytes; j++) {
            size_t changed = diagonal + (a[i - 1] != b[j - 1]);
            size_t one_off = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = changed < one_off ? changed : one_off;
        }
    }
    return row[b_bytes];
}

struct closest closest_begin(struct span word)
{
    return (struct closest){.word = word, .wrong = CLOSE_ENOUGH + 1};
}

void closest_try(struct closest *closest, const char *name)
{
    size_t bytes = closest->word.bytes;

    if (bytes > WORD_CHARS_MAX) return;
    size_t wrong = distance(name, strlen(name), closest->word.at, bytes);
    if (wrong >= closest->wrong || wrong >= bytes) return;
    closest->wrong = wrong;
    closest->name = name;
}
