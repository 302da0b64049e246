/* fuzz.h: what a fuzz target is. The same two functions are driven by libFuzzer, by drive.c in
 * every other build, and by seeds.c, which makes the corpus that libFuzzer begins with. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#define FUZZ_BYTES_MAX 4096

/* The name is libFuzzer's. Any bytes: it comes back with 0, or a sanitizer or an assertion ends
 * the process. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* A good input, from a seed: at most FUZZ_BYTES_MAX bytes. Mutations of these get further than
 * noise. */
size_t fuzz_sample(uint64_t seed, uint8_t *bytes);

#endif
