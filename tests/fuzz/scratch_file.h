/* scratch_file.h: a file in memory, for what is only read by its path. Only its owner may read it,
 * as goosed wants its secrets. */
#ifndef FUZZ_SCRATCH_FILE_H
#define FUZZ_SCRATCH_FILE_H

#include <stddef.h>

/* The path of the one file there is; it holds these bytes now. */
const char *scratch_file(const void *bytes, size_t count);

#endif
