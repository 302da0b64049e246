/* token.h: the bearer token that a file holds. */
#ifndef BASE_TOKEN_H
#define BASE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/own_file.h"

/* The file's first line, which must be its only one. False: `why` is a line that names the option, its file, and what
 * would be right. */
bool token_read(const char *option, const char *path, enum own_file_use use, char *token,
                size_t token_bytes, char *why, size_t why_bytes);

#endif
