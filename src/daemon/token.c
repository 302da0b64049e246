/* token.c: see token.h. */
#include "daemon/token.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool is_private(FILE *file)
{
    struct stat status;
    return fstat(fileno(file), &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

static bool is_token(const char *token)
{
    for (const char *at = token; *at != 0; at++)
        if (*at <= ' ' || *at > '~') return false;
    return token[0] != 0;
}

bool token_read(const char *path, char *token, size_t token_bytes, char *why, size_t why_bytes)
{
    FILE *file = fopen(path, "re");
    const char *wrong = NULL;
    char rest;

    token[0] = 0;
    if (file == NULL) {
        snprintf(why, why_bytes, "--http-token-file %s cannot be read: %s", path, strerror(errno));
        return false;
    }
    if (!is_private(file))
        wrong = "can be read by others; make it mode 0600";
    else if (fgets(token, (int)token_bytes, file) == NULL)
        wrong = "is empty; write the token on one line";
    else if (strchr(token, '\n') == NULL && !feof(file))
        wrong = "has a token that is too long";
    else if (fread(&rest, 1, 1, file) == 1)
        wrong = "has more than one line; write the token on one line";
    token[strcspn(token, "\r\n")] = 0;
    if (wrong == NULL && !is_token(token))
        wrong = "has spaces or characters that no header can carry in its token";
    fclose(file);
    if (wrong == NULL) return true;
    snprintf(why, why_bytes, "--http-token-file %s %s", path, wrong);
    token[0] = 0;
    return false;
}
