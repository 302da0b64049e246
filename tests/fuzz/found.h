/* found.h: what libFuzzer found in long runs: the inputs that reach more than the good ones of fuzz_sample() do. They
 * stand in found/NAME.hex, one a line, so that every build tries them again; scripts/fuzz.sh --keep writes them. */
#ifndef FUZZ_FOUND_H
#define FUZZ_FOUND_H

#include "fuzz.h"

#define FOUND_MAX 64

struct input {
    uint8_t bytes[FUZZ_BYTES_MAX];
    size_t count;
};

/* How many of at most FOUND_MAX there are. A file that is not there, or not hex, ends the process. */
size_t found_read(struct input *inputs);

#endif
