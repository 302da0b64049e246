/* service.c: see service.h. What the unit's environment file says besides is not looked at. */
#include "ctl/service.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ask.h"
#include "ctl/place.h"

#define CONFIG_BYTES 65536

static cJSON *read_config(const char *path)
{
    static char bytes[CONFIG_BYTES];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t count = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
    int error = errno;

    if (fd >= 0) close(fd);
    errno = count < 0 ? error : EINVAL;
    return count < 0 ? NULL : cJSON_ParseWithLength(bytes, (size_t)count);
}

/* The socket of its --http or of its unit, if there is one that this user may connect to: over that, root and the
 * node's own user need no token. */
static bool take_socket(struct service *service, const char *path)
{
    snprintf(service->at, sizeof service->at, PLACE_SOCKET "%.*s", PLACE_CHARS_MAX, path);
    return access(path, W_OK) == 0;
}

/* "HOST:PORT,unix:PATH", or an array of such. */
static void list_http(const cJSON *http, char list[SERVICE_LINE_BYTES])
{
    const cJSON *item;
    size_t used = 0;

    list[0] = '\0';
    if (http != NULL && cJSON_IsString(http))
        snprintf(list, SERVICE_LINE_BYTES, "%s", http->valuestring);
    cJSON_ArrayForEach(item, http)
    {
        if (!cJSON_IsString(item) || used + strlen(item->valuestring) + 2 > SERVICE_LINE_BYTES)
            continue;
        used += (size_t)snprintf(list + used, SERVICE_LINE_BYTES - used, "%s,", item->valuestring);
    }
}

/* Of what --http says, or of where the unit serves without it. */
static void take_http(struct service *service, const cJSON *config, const char *default_socket)
{
    const cJSON *http = cJSON_GetObjectItemCaseSensitive(config, "http");
    const char *self = json_text(config, "self"), *tcp = http == NULL ? self : NULL;
    char list[SERVICE_LINE_BYTES], *rest = list;

    if (http == NULL && take_socket(service, default_socket)) return;
    list_http(http, list);
    for (char *one; (one = strtok_r(rest, ", ", &rest)) != NULL;) {
        bool socket = strncmp(one, PLACE_SOCKET, sizeof PLACE_SOCKET - 1) == 0;
        if (socket && take_socket(service, one + sizeof PLACE_SOCKET - 1)) return;
        if (!socket) tcp = strcmp(one, "off") != 0 ? one : self;
    }
    if (tcp != NULL) snprintf(service->at, sizeof service->at, "%s", tcp);
}

static bool take(struct service *service, const char *path)
{
    char socket[PATH_MAX];
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    cJSON *config = read_config(path);

    if (config == NULL) {
        snprintf(service->wrong, sizeof service->wrong, "%.400s cannot be read: %s", path,
                 errno == EINVAL ? "it is no JSON" : strerror(errno));
        return false;
    }
    const char *page = json_text(config, "lease-page");
    snprintf(socket, sizeof socket, "/run/goosed/%.*s/http", (int)(dot - slash - 1), slash + 1);
    take_http(service, config, socket);
    if (page != NULL)
        snprintf(service->lease_page, sizeof service->lease_page, "%s", page);
    else
        snprintf(service->lease_page, sizeof service->lease_page, "/run/goosed/%.*s/lease",
                 (int)(dot - slash - 1), slash + 1);
    cJSON_Delete(config);
    return true;
}

bool service_find(struct service *service, const char *folder)
{
    char pattern[PATH_MAX];
    glob_t found;

    memset(service, 0, sizeof *service);
    snprintf(pattern, sizeof pattern, "%s/*.json", folder);
    if (glob(pattern, 0, NULL, &found) != 0) return false;
    bool good = found.gl_pathc == 1 && take(service, found.gl_pathv[0]);
    if (found.gl_pathc > 1)
        snprintf(service->wrong, sizeof service->wrong, "%s has several, such as %.200s and %.200s",
                 folder, found.gl_pathv[0], found.gl_pathv[1]);
    globfree(&found);
    return good;
}
