/* sd_notify.h: tells the service manager that started this process, if one did, how it fares: datagrams to the socket that
 * $NOTIFY_SOCKET names (sd_notify(3), without its library). Nothing here ever waits or fails: what cannot be sent is
 * owed, and sent at a later turn of the loop. */
#ifndef DAEMON_SD_NOTIFY_H
#define DAEMON_SD_NOTIFY_H

#include <uv.h>

#include "base/log.h"
#include "goose/election.h"

struct sd_notify;

struct sd_notify_parts {
    uv_loop_t *loop;
    struct log *log;
    void (*view)(const void *of, struct goose_election_view *view); /* asked once it is ready */
    const void *of;
};

/* NULL: nobody asked to be told. The functions below take that as well, and do nothing. */
struct sd_notify *sd_notify_new(const struct sd_notify_parts *parts);

/* The state has been read and the ports are open: whatever is ordered behind this service may ask it. Not "there is a
 * goose", or the first nodes of a flock to be started would wait for the others in vain, and be killed for it. */
void sd_notify_ready(struct sd_notify *notify);
void sd_notify_reloading(struct sd_notify *notify);
void sd_notify_reloaded(struct sd_notify *notify);
void sd_notify_stopping(struct sd_notify *notify);
void sd_notify_close(struct sd_notify *notify);

#endif
