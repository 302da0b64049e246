/* seeds.c: writes the corpus that libFuzzer begins with, so that no bytes need to be kept in the
 * repository. usage: seeds_NAME FOLDER COUNT */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

static int write_seed(const char *folder, unsigned long seed)
{
    char path[4096];
    uint8_t bytes[FUZZ_BYTES_MAX];
    size_t count = fuzz_sample(seed, bytes);
    int chars = snprintf(path, sizeof path, "%s/seed-%lu", folder, seed);

    if (chars < 0 || (size_t)chars >= sizeof path) return -1;
    FILE *file = fopen(path, "wb");
    if (file == NULL) return -1;
    size_t written = fwrite(bytes, 1, count, file);
    return fclose(file) == 0 && written == count ? 0 : -1;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s FOLDER COUNT\n", argv[0]);
        return 2;
    }
    unsigned long count = strtoul(argv[2], NULL, 10);
    for (unsigned long seed = 0; seed < count; seed++)
        if (write_seed(argv[1], seed) != 0) {
            perror(argv[1]);
            return 1;
        }
    return 0;
}
