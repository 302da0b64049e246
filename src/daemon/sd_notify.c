/* sd_notify.c: see sd_notify.h. The status is looked at once a turn of the loop, and told when it has changed. The watchdog
 * is fed by a timer of the loop, and by nothing else: a loop that hangs feeds nobody. */
#include "daemon/sd_notify.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define STATUS_BYTES    160
#define TEXT_BYTES      256
#define WATCHDOG_US_MAX UINT64_C(86400000000)

_Static_assert(STATUS_BYTES > GOOSE_ADDRESS_CHARS_MAX + 64,
               "a status with the longest address fits");

enum owed {
    OWED_READY = 1 << 0,
    OWED_STOPPING = 1 << 1,
    OWED_STATUS = 1 << 2,
    OWED_ALIVE = 1 << 3,
};

struct sd_notify {
    struct sd_notify_parts parts;
    uv_check_t turn;
    uv_timer_t watchdog;
    int handles; /* still open */
    int socket;
    struct sockaddr_un to;
    socklen_t to_bytes;
    unsigned owed;
    bool ready;
    bool stopping;
    bool told_trouble;
    char status[STATUS_BYTES];
};

/* A path, or a name that begins with @ and stands in no folder. */
static bool set_address(struct sd_notify *notify, const char *name)
{
    size_t bytes = strlen(name);

    if ((name[0] != '/' && name[0] != '@') || bytes < 2 || bytes >= sizeof notify->to.sun_path)
        return false;
    notify->to.sun_family = AF_UNIX;
    memcpy(notify->to.sun_path, name, bytes);
    if (name[0] == '@') notify->to.sun_path[0] = 0;
    notify->to_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes);
    return true;
}

static bool parse(const char *text, uint64_t most, uint64_t *number)
{
    *number = 0;
    if (text == NULL || text[0] == 0) return false;
    for (; *text >= '0' && *text <= '9' && *number <= most; text++)
        *number = *number * 10 + (uint64_t)(*text - '0');
    return *text == 0 && *number > 0 && *number <= most;
}

/* How often the manager is to hear of this process; 0: it does not wait to. What it gives another process is not ours:
 * a child inherits the variables. */
static uint64_t watchdog_ms(void)
{
    const char *pid = getenv("WATCHDOG_PID");
    uint64_t number;

    if (pid != NULL && (!parse(pid, INT32_MAX, &number) || (pid_t)number != getpid())) return 0;
    if (!parse(getenv("WATCHDOG_USEC"), WATCHDOG_US_MAX, &number)) return 0;
    return number < 2000 ? 1 : number / 2000;
}

/* True: it is on its way. The manager may be busy, or just be replacing itself. */
static bool put(struct sd_notify *notify, const char *text)
{
    ssize_t sent = sendto(notify->socket, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
                          (const struct sockaddr *)&notify->to, notify->to_bytes);

    if (sent >= 0) return true;
    if (errno != EAGAIN && !notify->told_trouble) {
        notify->told_trouble = true;
        log_warn(notify->parts.log, "the service manager cannot be told (NOTIFY_SOCKET): %s",
                 strerror(errno));
    }
    return false;
}

static void pay(struct sd_notify *notify)
{
    char text[TEXT_BYTES];
    unsigned owed = notify->owed;
    bool status = (owed & OWED_STATUS) != 0;

    if (owed == 0) return;
    int bytes = snprintf(text, sizeof text, "%s%s%s%s%s%s", owed & OWED_READY ? "READY=1\n" : "",
                         owed & OWED_STOPPING ? "STOPPING=1\n" : "",
                         owed & OWED_ALIVE ? "WATCHDOG=1\n" : "", status ? "STATUS=" : "",
                         status ? notify->status : "", status ? "\n" : "");
    assert(bytes > 0 && bytes < TEXT_BYTES);
    if (put(notify, text)) notify->owed = 0;
}

static void say_status(const struct sd_notify *notify, char status[STATUS_BYTES])
{
    struct goose_election_view view;

    if (notify->stopping || !notify->ready) {
        snprintf(status, STATUS_BYTES, notify->stopping ? "stopping" : "waits for its address");
        return;
    }
    notify->parts.view(notify->parts.of, &view);
    int bytes =
        snprintf(status, STATUS_BYTES, "%s, term %" PRIu64, goose_role_name(view.role), view.term);
    assert(bytes > 0 && bytes < STATUS_BYTES);
    if (view.role != GOOSE_ROLE_GOOSE)
        snprintf(status + bytes, STATUS_BYTES - (size_t)bytes, ", %s%.*s",
                 view.goose.bytes > 0 ? "follows " : "knows no goose", view.goose.bytes,
                 view.goose.bytes > 0 ? view.goose.at : "");
}

static void look(struct sd_notify *notify)
{
    char status[STATUS_BYTES];

    say_status(notify, status);
    if (strcmp(status, notify->status) != 0) {
        memcpy(notify->status, status, sizeof status);
        notify->owed |= OWED_STATUS;
    }
    pay(notify);
}

static void turned(uv_check_t *turn)
{
    look(turn->data);
}

static void still_alive(uv_timer_t *watchdog)
{
    struct sd_notify *notify = watchdog->data;

    notify->owed |= OWED_ALIVE;
    pay(notify);
}

static void start(struct sd_notify *notify)
{
    uint64_t every_ms = watchdog_ms();

    uv_check_init(notify->parts.loop, &notify->turn);
    uv_timer_init(notify->parts.loop, &notify->watchdog);
    notify->handles = 2;
    notify->turn.data = notify->watchdog.data = notify;
    uv_check_start(&notify->turn, turned);
    if (every_ms > 0) uv_timer_start(&notify->watchdog, still_alive, 0, every_ms);
}

struct sd_notify *sd_notify_new(const struct sd_notify_parts *parts)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sd_notify *notify = name != NULL ? calloc(1, sizeof *notify) : NULL;

    if (notify == NULL) return NULL;
    notify->parts = *parts;
    notify->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (notify->socket >= 0 && set_address(notify, name)) {
        start(notify);
        return notify;
    }
    log_warn(parts->log, "NOTIFY_SOCKET=%s cannot be used: it has to be a path, or @ and a name",
             name);
    if (notify->socket >= 0) close(notify->socket);
    free(notify);
    return NULL;
}

void sd_notify_ready(struct sd_notify *notify)
{
    if (notify == NULL || notify->stopping) return;
    notify->ready = true;
    notify->owed |= OWED_READY;
    look(notify);
}

/* The pair has to frame the reload, or "systemctl reload" returns before it is over. Before the first READY nothing is
 * reloaded: it would be taken for that one. */
void sd_notify_reloading(struct sd_notify *notify)
{
    char text[TEXT_BYTES];
    struct timespec now;

    if (notify == NULL || !notify->ready || notify->stopping) return;
    clock_gettime(CLOCK_MONOTONIC, &now); /* the manager's clock, no business of the election's */
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\n",
             (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
    put(notify, text);
}

void sd_notify_reloaded(struct sd_notify *notify)
{
    if (notify != NULL && notify->ready) sd_notify_ready(notify);
}

void sd_notify_stopping(struct sd_notify *notify)
{
    if (notify == NULL || notify->stopping) return;
    notify->stopping = true;
    notify->owed = (notify->owed & ~(unsigned)OWED_READY) | OWED_STOPPING;
    look(notify);
}

static void handle_closed(uv_handle_t *handle)
{
    struct sd_notify *notify = handle->data;

    if (--notify->handles > 0) return;
    close(notify->socket);
    free(notify);
}

void sd_notify_close(struct sd_notify *notify)
{
    if (notify == NULL) return;
    uv_close((uv_handle_t *)&notify->turn, handle_closed);
    uv_close((uv_handle_t *)&notify->watchdog, handle_closed);
}
