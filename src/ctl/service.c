/* service.c: see service.h. What the unit's environment file says besides is not looked at. */
#include "ctl/service.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ask.h"

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

static bool take(struct service *service, const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    cJSON *config = read_config(path);

    if (config == NULL) {
        snprintf(service->wrong, sizeof service->wrong, "%.400s cannot be read: %s", path,
                 errno == EINVAL ? "it is no JSON" : strerror(errno));
        return false;
    }
    const char *http = json_text(config, "http"), *self = json_text(config, "self");
    const char *page = json_text(config, "lease-page");
    if (http == NULL || strcmp(http, "off") == 0) http = self;
    snprintf(service->at, sizeof service->at, "%s", http != NULL ? http : "");
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
