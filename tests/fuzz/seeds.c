/* seeds.c: writes the corpus that libFuzzer begins with: good inputs, made here, and what long runs
 * found. usage: seeds_NAME FOLDER COUNT */
#include "found.h"

#include <stdio.h>
#include <stdlib.h>

static int write_input(const char *folder, const char *kind, size_t number,
                       const struct input *input)
{
    char path[4096];
    int chars = snprintf(path, sizeof path, "%s/%s-%zu", folder, kind, number);

    if (chars < 0 || (size_t)chars >= sizeof path) return -1;
    FILE *file = fopen(path, "wb");
    if (file == NULL) return -1;
    size_t written = fwrite(input->bytes, 1, input->count, file);
    return fclose(file) == 0 && written == input->count ? 0 : -1;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s FOLDER COUNT\n", argv[0]);
        return 2;
    }
    static struct input found[FOUND_MAX], sample;
    unsigned long count = strtoul(argv[2], NULL, 10);
    size_t found_count = found_read(found);
    int status = 0;
    for (unsigned long seed = 0; seed < count && status == 0; seed++) {
        sample.count = fuzz_sample(seed, sample.bytes);
        status = write_input(argv[1], "seed", seed, &sample);
    }
    for (size_t i = 0; i < found_count && status == 0; i++)
        status = write_input(argv[1], "found", i, &found[i]);
    if (status != 0) perror(argv[1]);
    return status != 0;
}
