/* token.h: the bearer token of --http-token-file. */
#ifndef DAEMON_TOKEN_H
#define DAEMON_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

/* The file's first line, which must be its only one. False: `why` is a line that names the file and what would be right. */
bool token_read(const char *path, char *token, size_t token_bytes, char *why, size_t why_bytes);

#endif
