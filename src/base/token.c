/* token.c: see token.h. */
#include "base/token.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES_MAX 1024 /* more than any token */

/* Whoever may connect may guess, as often as a node answers. */
#define TOKEN_CHARS_MIN 16
#define AS_TEXT(number) #number
#define TEXT_OF(number) AS_TEXT(number)

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

/* What is wrong with the text; NULL: nothing, and the token is taken. */
static const char *take(const char *text, size_t count, char *token, size_t token_bytes)
{
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

static const char *read_and_take(int fd, char *token, size_t token_bytes)
{
    char text[FILE_BYTES_MAX];
    size_t count = 0;
    ssize_t got;

    while ((got = read(fd, text + count, sizeof text - count)) > 0)
        count += (size_t)got;
    const char *wrong = got < 0 ? "cannot be read" : take(text, count, token, token_bytes);
    explicit_bzero(text, sizeof text);
    return wrong;
}

bool token_read(const char *option, const char *path, enum own_file_use use, char *token,
                size_t token_bytes, char *why, size_t why_bytes)
{
    char problem[128];
    int fd = own_file_open(path, use, problem, sizeof problem);

    token[0] = 0;
    if (fd < 0) {
        snprintf(why, why_bytes, "%s %s cannot be read: %s", option, path, problem);
        return false;
    }
    const char *wrong = read_and_take(fd, token, token_bytes);
    close(fd);
    if (wrong == too_long)
        snprintf(why, why_bytes, "%s %s %s; give at most %zu characters", option, path, wrong,
                 token_bytes - 1);
    else if (wrong != NULL)
        snprintf(why, why_bytes, "%s %s %s", option, path, wrong);
    return wrong == NULL;
}
