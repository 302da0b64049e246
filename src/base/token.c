/* token.c: see token.h. */
#include "base/token.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_BYTES_MAX 1024 /* more than any token */

/* Whoever may connect may guess, as often as a node answers. */
#define TOKEN_CHARS_MIN 16
#define AS_TEXT(number) #number
#define TEXT_OF(number) AS_TEXT(number)

static bool is_private(FILE *file)
{
    struct stat status;
    return fstat(fileno(file), &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

static bool is_token(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (text[i] <= ' ' || text[i] > '~') return false;
    return bytes > 0;
}

/* Of one line of `count` bytes: without what ends it. Whatever else is in it is the token's, so
 * that no part of the file is passed over. */
static size_t line_bytes(const char *text, size_t count)
{
    if (count > 0 && text[count - 1] == '\n') count--;
    if (count > 0 && text[count - 1] == '\r') count--;
    return count;
}

static const char too_long[] = "has a token that is too long";

/* What is wrong with the file; NULL: nothing, and the token is taken. */
static const char *take(FILE *file, char *token, size_t token_bytes)
{
    char text[FILE_BYTES_MAX];

    if (!is_private(file)) return "can be read by others; make it mode 0600";
    size_t count = fread(text, 1, sizeof text, file);
    if (ferror(file) != 0) return "cannot be read";
    size_t bytes = line_bytes(text, count);
    if (bytes == 0) return "is empty; write the token on one line";
    if (memchr(text, '\n', bytes) != NULL)
        return "has more than one line; write the token on one line";
    if (bytes >= token_bytes) return too_long;
    if (!is_token(text, bytes))
        return "has spaces or characters that no header can carry in its token";
    if (bytes < TOKEN_CHARS_MIN)
        return "has a token that is guessed too soon; give at least " TEXT_OF(
            TOKEN_CHARS_MIN) " characters, as openssl rand -hex 16 does";
    memcpy(token, text, bytes);
    token[bytes] = 0;
    return NULL;
}

bool token_read(const char *option, const char *path, char *token, size_t token_bytes, char *why,
                size_t why_bytes)
{
    FILE *file = fopen(path, "re");

    token[0] = 0;
    if (file == NULL) {
        snprintf(why, why_bytes, "%s %s cannot be read: %s", option, path, strerror(errno));
        return false;
    }
    const char *wrong = take(file, token, token_bytes);
    fclose(file);
    if (wrong == too_long)
        snprintf(why, why_bytes, "%s %s %s; give at most %zu characters", option, path, wrong,
                 token_bytes - 1);
    else if (wrong != NULL)
        snprintf(why, why_bytes, "%s %s %s", option, path, wrong);
    return wrong == NULL;
}
