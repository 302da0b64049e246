/* service.h: the goosed that runs on this machine as goosed@NAME.service: what is meant where nothing is named. */
#ifndef CTL_SERVICE_H
#define CTL_SERVICE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define SERVICE_FOLDER     "/etc/goosed" /* NAME.json: what the unit gives as --config */
#define SERVICE_LINE_BYTES 512

struct service {
    char at[SERVICE_LINE_BYTES];    /* where its HTTP is */
    char lease_page[PATH_MAX];      /* where it keeps one, if it does */
    char wrong[SERVICE_LINE_BYTES]; /* why there is none, where it is worth a word */
};

/* False: `folder` describes no node, or not just one. */
bool service_find(struct service *service, const char *folder);

#endif
