/* loop_fake.c: see loop_fake.h. It calls back only out of loop_connect() and loop_turn(), as libuv
 * does only out of uv_run(). A socket's descriptor is its number. */
#include "loop_fake.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "http/sockets.h"

#define QUEUE        1000
#define LISTENER     1001
#define CLOSINGS_MAX 8
#define TIMERS_MAX   2
#define CLOCK_NS     20000 /* between two looks at the clock: so turns end early now and then */

struct socket_fake {
    bool open;
    void *whose;
    unsigned waits_for;
    bool ended;
    bool gone;
    const char *in;
    size_t in_bytes;
    size_t takes;
};

struct closing {
    uv_handle_t *handle;
    uv_close_cb closed;
};

struct timer_fake {
    uv_timer_t *timer;
    uv_timer_cb fired;
    uint64_t due_ms;
    uint64_t repeat_ms;
    bool runs;
};

static struct {
    loop_hear *hear;
    bool local;
    uint64_t now_ms;
    uint64_t clock_ns;
    struct socket_fake sockets[SOCKETS];
    unsigned first; /* of those who are ready */
    int calling;    /* waits to be accepted; -1: nobody */
    unsigned timers;
    struct timer_fake timer[TIMERS_MAX];
    uv_poll_t *poll;
    uv_poll_cb polled;
    uv_check_t *check;
    uv_check_cb checked;
    uv_async_t *async;
    uv_async_cb woken;
    bool async_sent;
    unsigned handles;
    unsigned closings;
    struct closing closing[CLOSINGS_MAX];
} fake;

void loop_begin(loop_hear *hear, bool local)
{
    memset(&fake, 0, sizeof fake);
    for (size_t i = 0; i < SOCKETS; i++)
        fake.sockets[i].takes = SIZE_MAX;
    fake.hear = hear;
    fake.local = local;
    fake.now_ms = 1000;
    fake.calling = -1;
}

bool loop_is_empty(void)
{
    return fake.handles == 0;
}

bool loop_is_open(unsigned i)
{
    return fake.sockets[i].open;
}

void loop_connect(unsigned i)
{
    fake.calling = (int)i;
    loop_turn();
    assert(fake.calling == -1);
}

void loop_bring(unsigned i, const char *bytes, size_t count)
{
    assert(fake.sockets[i].in_bytes == 0);
    fake.sockets[i].in = bytes;
    fake.sockets[i].in_bytes = count;
}

bool loop_has_unread(unsigned i)
{
    return loop_is_open(i) && fake.sockets[i].in_bytes > 0;
}

void loop_end(unsigned i)
{
    fake.sockets[i].ended = true;
}

void loop_reset(unsigned i)
{
    fake.sockets[i].gone = true;
}

void loop_room(unsigned i, size_t bytes)
{
    fake.sockets[i].takes = bytes;
}

void loop_pass(uint64_t ms)
{
    fake.now_ms += ms;
}

/* ---- turns ---- */

static bool is_ready(const struct socket_fake *socket)
{
    if (!socket->open) return false;
    bool comes = socket->in_bytes > 0 || socket->ended;
    return socket->gone || ((socket->waits_for & WAITS_TO_READ) != 0 && comes) ||
           ((socket->waits_for & WAITS_TO_WRITE) != 0 && socket->takes > 0);
}

static bool anybody_is_ready(void)
{
    bool ready = fake.calling >= 0;

    for (size_t i = 0; i < SOCKETS; i++)
        ready = ready || is_ready(&fake.sockets[i]);
    return ready;
}

static void close_all(void)
{
    for (unsigned i = 0; i < fake.closings; i++) {
        fake.handles--;
        fake.closing[i].closed(fake.closing[i].handle);
    }
    fake.closings = 0;
}

static void fire_timer(struct timer_fake *timer)
{
    if (!timer->runs || fake.now_ms < timer->due_ms) return;
    timer->due_ms = fake.now_ms + timer->repeat_ms;
    timer->runs = timer->repeat_ms > 0;
    timer->fired(timer->timer);
}

void loop_turn(void)
{
    for (unsigned i = 0; i < fake.timers; i++)
        fire_timer(&fake.timer[i]);
    if (fake.async_sent) {
        fake.async_sent = false;
        fake.woken(fake.async);
    }
    if (fake.polled != NULL && anybody_is_ready()) fake.polled(fake.poll, 0, UV_READABLE);
    if (fake.checked != NULL) fake.checked(fake.check);
    close_all();
}

/* ---- sockets.h ---- */

int queue_open(void)
{
    return QUEUE;
}

void queue_close(int queue)
{
    assert(queue == QUEUE);
}

int queue_add(int queue, int fd, unsigned waits_for, void *whose)
{
    if (fd == LISTENER) return 0;
    fake.sockets[fd].whose = whose;
    queue_change(queue, fd, waits_for, whose);
    return 0;
}

void queue_change(int queue, int fd, unsigned waits_for, void *whose)
{
    assert(queue == QUEUE && fake.sockets[fd].open && fake.sockets[fd].whose == whose);
    fake.sockets[fd].waits_for = waits_for;
}

/* Another one is the first each time. */
unsigned queue_take(int queue, struct ready ready[], unsigned room)
{
    unsigned count = 0;

    assert(queue == QUEUE && room > SOCKETS);
    if (fake.calling >= 0) ready[count++] = (struct ready){NULL, false};
    for (unsigned i = 0; i < SOCKETS; i++) {
        const struct socket_fake *socket = &fake.sockets[(fake.first + i) % SOCKETS];
        if (is_ready(socket)) ready[count++] = (struct ready){socket->whose, socket->gone};
    }
    fake.first++;
    return count;
}

int socket_listen(const struct sockaddr *address, int fd)
{
    (void)address, (void)fd;
    return LISTENER;
}

int socket_accept(int listener)
{
    int fd = fake.calling;

    assert(listener == LISTENER);
    if (fd < 0) return UV_EAGAIN;
    fake.calling = -1;
    fake.sockets[fd].open = true;
    return fd;
}

static void give_address(struct sockaddr_storage *to, const char *host)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(7400)};

    if (inet_pton(AF_INET, host, &in.sin_addr) != 1) abort();
    memcpy(to, &in, sizeof in);
}

bool socket_ends(int fd, struct sockaddr_storage *peer, struct sockaddr_storage *own)
{
    (void)fd;
    give_address(peer, fake.local ? "127.0.0.1" : "10.0.0.2");
    give_address(own, "10.0.0.1");
    return true;
}

bool socket_user(int fd, unsigned *uid)
{
    (void)fd;
    (void)uid;
    return false;
}

ssize_t socket_read(int fd, char *to, size_t room)
{
    struct socket_fake *socket = &fake.sockets[fd];
    size_t bytes = socket->in_bytes < room ? socket->in_bytes : room;

    assert(socket->open && room > 0);
    if (socket->gone) return UV_ECONNRESET;
    if (bytes == 0) return socket->ended ? 0 : UV_EAGAIN;
    memcpy(to, socket->in, bytes);
    socket->in += bytes;
    socket->in_bytes -= bytes;
    return (ssize_t)bytes;
}

ssize_t socket_write(int fd, const char *from, size_t bytes)
{
    struct socket_fake *socket = &fake.sockets[fd];

    assert(socket->open && bytes > 0);
    if (socket->gone) return UV_EPIPE;
    if (socket->takes == 0) return UV_EAGAIN;
    if (bytes > socket->takes) bytes = socket->takes;
    if (socket->takes != SIZE_MAX) socket->takes -= bytes;
    fake.hear((unsigned)fd, from, bytes);
    return (ssize_t)bytes;
}

bool socket_finish(int fd)
{
    return !fake.sockets[fd].gone;
}

void socket_keep_alive(int fd, int silent_s)
{
    (void)fd, (void)silent_s;
}

void socket_close(int queue, int fd, bool reset)
{
    (void)reset;
    assert(queue == QUEUE);
    if (fd == LISTENER) return;
    assert(fake.sockets[fd].open);
    fake.sockets[fd].open = false;
}

/* ---- what src/http calls of libuv ---- */

void uv_close(uv_handle_t *handle, uv_close_cb closed)
{
    assert(fake.closings < CLOSINGS_MAX);
    fake.closing[fake.closings++] = (struct closing){handle, closed};
    for (unsigned i = 0; i < fake.timers; i++)
        if (handle == (uv_handle_t *)fake.timer[i].timer) fake.timer[i].runs = false;
    if (handle == (uv_handle_t *)fake.poll) fake.polled = NULL;
    if (handle == (uv_handle_t *)fake.check) fake.checked = NULL;
    if (handle == (uv_handle_t *)fake.async) fake.async_sent = false;
}

int uv_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd)
{
    assert(fd == QUEUE);
    poll->loop = loop;
    poll->type = UV_POLL;
    fake.poll = poll;
    fake.handles++;
    return 0;
}

int uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb polled)
{
    assert(poll == fake.poll && events == UV_READABLE);
    fake.polled = polled;
    return 0;
}

uint64_t uv_hrtime(void)
{
    return fake.clock_ns += CLOCK_NS;
}

int uv_timer_init(uv_loop_t *loop, uv_timer_t *timer)
{
    assert(fake.timers < TIMERS_MAX);
    timer->loop = loop;
    timer->type = UV_TIMER;
    fake.timer[fake.timers++] = (struct timer_fake){.timer = timer};
    fake.handles++;
    return 0;
}

static struct timer_fake *timer_of(const uv_timer_t *timer)
{
    unsigned i = 0;

    while (i < fake.timers && fake.timer[i].timer != timer)
        i++;
    assert(i < fake.timers);
    return &fake.timer[i];
}

int uv_timer_start(uv_timer_t *timer, uv_timer_cb fired, uint64_t first_ms, uint64_t repeat_ms)
{
    struct timer_fake *started = timer_of(timer);

    started->fired = fired;
    started->due_ms = fake.now_ms + first_ms;
    started->repeat_ms = repeat_ms;
    started->runs = true;
    return 0;
}

int uv_timer_stop(uv_timer_t *timer)
{
    timer_of(timer)->runs = false;
    return 0;
}

int uv_is_active(const uv_handle_t *handle)
{
    return timer_of((const uv_timer_t *)handle)->runs;
}

int uv_check_init(uv_loop_t *loop, uv_check_t *check)
{
    check->loop = loop;
    check->type = UV_CHECK;
    fake.check = check;
    fake.handles++;
    return 0;
}

int uv_check_start(uv_check_t *check, uv_check_cb checked)
{
    assert(check == fake.check);
    fake.checked = checked;
    return 0;
}

int uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb woken)
{
    async->loop = loop;
    async->type = UV_ASYNC;
    fake.async = async;
    fake.woken = woken;
    fake.handles++;
    return 0;
}

int uv_async_send(uv_async_t *async)
{
    assert(async == fake.async);
    fake.async_sent = true;
    return 0;
}

uint64_t uv_now(const uv_loop_t *loop)
{
    (void)loop;
    return fake.now_ms;
}

int uv_inet_pton(int family, const char *text, void *to)
{
    return inet_pton(family, text, to) == 1 ? 0 : UV_EINVAL;
}

const char *uv_strerror(int error)
{
    (void)error;
    return "an error";
}
