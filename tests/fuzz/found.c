/* found.c: reads what found.h says. */
#include "found.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES (2 * FUZZ_BYTES_MAX + 2)

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

static int take_line(const char *line, struct input *input)
{
    size_t chars = strcspn(line, "\n");

    if (chars % 2 != 0 || line[chars] != '\n') return -1;
    for (input->count = 0; input->count < chars / 2; input->count++) {
        int high = digit(line[2 * input->count]);
        int low = digit(line[2 * input->count + 1]);
        if (high < 0 || low < 0) return -1;
        input->bytes[input->count] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "%s: %s\n", FOUND_FILE, what);
    exit(1);
}

size_t found_read(struct input *inputs)
{
    char line[LINE_BYTES];
    size_t count = 0;
    FILE *file = fopen(FOUND_FILE, "r");

    if (file == NULL) give_up("cannot be read");
    while (fgets(line, sizeof line, file) != NULL) {
        if (count == FOUND_MAX) give_up("more lines than FOUND_MAX");
        if (take_line(line, &inputs[count++]) != 0)
            give_up("a line that is not whole bytes in hex");
    }
    fclose(file);
    return count;
}
