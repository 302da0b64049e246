/* loop_fake.c: see loop_fake.h. It calls back only out of loop_connect() and loop_turn(), as libuv
 * does only out of uv_run(). */
#include "loop_fake.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <uv.h>

#define WRITES_MAX   256
#define CLOSINGS_MAX 64
#define TIMERS_MAX   2
#define READS_A_TURN 32 /* of one socket, while they fill their buffers: libuv's number */

struct pending {
    uv_write_t *write;
    uv_write_cb done;
    const char *at;
    size_t bytes;
};

struct socket_fake {
    uv_stream_t *stream; /* NULL: not open */
    uv_alloc_cb room;
    uv_read_cb read;
    bool reading;
    bool ended;
    bool gone;
    const char *in;
    size_t in_bytes;
    size_t takes;
    unsigned writes;
    struct pending pending[WRITES_MAX];
};

struct closing {
    uv_handle_t *handle;
    uv_close_cb closed;
    unsigned writes; /* that will never be */
    struct pending pending[WRITES_MAX];
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
    struct socket_fake sockets[SOCKETS];
    struct socket_fake *calling; /* waits to be accepted */
    uv_stream_t *listener;
    uv_connection_cb called;
    unsigned timers;
    struct timer_fake timer[TIMERS_MAX];
    uv_check_t *check;
    uv_check_cb checked;
    uv_async_t *async;
    uv_async_cb woken;
    bool async_sent;
    unsigned handles;
    unsigned closings;
    struct closing closing[CLOSINGS_MAX];
} fake;

static int any_descriptor(void)
{
    static int pair[2] = {-1, -1};

    if (pair[0] < 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) abort();
    return pair[0];
}

void loop_begin(loop_hear *hear, bool local)
{
    for (size_t i = 0; i < SOCKETS; i++)
        fake.sockets[i] = (struct socket_fake){.takes = SIZE_MAX};
    fake.hear = hear;
    fake.local = local;
    fake.now_ms = 1000;
    fake.calling = NULL;
    fake.timers = 0;
    fake.async_sent = false;
    fake.checked = NULL;
    fake.handles = fake.closings = 0;
}

bool loop_is_empty(void)
{
    return fake.handles == 0;
}

bool loop_is_open(unsigned i)
{
    return fake.sockets[i].stream != NULL;
}

void loop_connect(unsigned i)
{
    fake.calling = &fake.sockets[i];
    fake.called(fake.listener, 0);
    assert(fake.calling == NULL);
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

/* ---- sockets ---- */

static struct socket_fake *socket_of(const uv_stream_t *stream)
{
    for (size_t i = 0; i < SOCKETS; i++)
        if (fake.sockets[i].stream == stream) return &fake.sockets[i];
    return NULL;
}

/* How much of it the socket takes at once. */
static size_t take(struct socket_fake *socket, const char *at, size_t bytes)
{
    if (bytes > socket->takes) bytes = socket->takes;
    if (socket->takes != SIZE_MAX) socket->takes -= bytes;
    if (bytes > 0) fake.hear((unsigned)(socket - fake.sockets), at, bytes);
    return bytes;
}

static void stop_with(struct socket_fake *socket, ssize_t error)
{
    uv_buf_t none = uv_buf_init(NULL, 0);

    socket->reading = false;
    socket->read(socket->stream, error, &none);
}

/* False: there is no more to read now. */
static bool read_once(struct socket_fake *socket)
{
    uv_buf_t buffer = uv_buf_init(NULL, 0);

    if (!socket->reading || (socket->in_bytes == 0 && !socket->ended && !socket->gone))
        return false;
    socket->room((uv_handle_t *)socket->stream, 65536, &buffer);
    if (buffer.base == NULL || buffer.len == 0) {
        socket->read(socket->stream, UV_ENOBUFS, &buffer);
        return false;
    }
    if (socket->gone || socket->in_bytes == 0) {
        stop_with(socket, socket->gone ? UV_ECONNRESET : UV_EOF);
        return false;
    }
    size_t bytes = socket->in_bytes < buffer.len ? socket->in_bytes : buffer.len;
    memcpy(buffer.base, socket->in, bytes);
    socket->in += bytes;
    socket->in_bytes -= bytes;
    socket->read(socket->stream, (ssize_t)bytes, &buffer);
    return bytes == buffer.len;
}

/* The oldest write goes on; false: none could end. */
static bool write_once(struct socket_fake *socket)
{
    if (socket->stream == NULL || socket->writes == 0) return false;
    struct pending *first = &socket->pending[0];
    size_t taken = socket->gone ? 0 : take(socket, first->at, first->bytes);
    first->at += taken;
    first->bytes -= taken;
    if (first->bytes > 0 && !socket->gone) return false;
    struct pending over = *first;
    socket->writes--;
    memmove(first, first + 1, socket->writes * sizeof *first);
    over.done(over.write, socket->gone ? UV_EPIPE : 0);
    return true;
}

static void close_all(void)
{
    for (unsigned i = 0; i < fake.closings; i++) {
        struct closing *closing = &fake.closing[i];
        for (unsigned w = 0; w < closing->writes; w++)
            closing->pending[w].done(closing->pending[w].write, UV_ECANCELED);
        fake.handles--;
        closing->closed(closing->handle);
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
    for (size_t i = 0; i < SOCKETS; i++) {
        while (write_once(&fake.sockets[i]))
            continue;
        for (int reads = 0; reads < READS_A_TURN && read_once(&fake.sockets[i]); reads++)
            continue;
    }
    if (fake.checked != NULL) fake.checked(fake.check);
    close_all();
}

/* ---- what src/http calls ---- */

int uv_tcp_init(uv_loop_t *loop, uv_tcp_t *tcp)
{
    tcp->loop = loop;
    fake.handles++;
    return 0;
}

int uv_listen(uv_stream_t *listener, int backlog, uv_connection_cb called)
{
    (void)backlog;
    fake.listener = listener;
    fake.called = called;
    return 0;
}

int uv_accept(uv_stream_t *listener, uv_stream_t *client)
{
    assert(listener == fake.listener && fake.calling != NULL);
    fake.calling->stream = client;
    fake.calling = NULL;
    return 0;
}

int uv_tcp_bind(uv_tcp_t *tcp, const struct sockaddr *address, unsigned flags)
{
    (void)tcp, (void)address, (void)flags;
    return 0;
}

int uv_tcp_open(uv_tcp_t *tcp, uv_os_sock_t descriptor)
{
    (void)tcp, (void)descriptor;
    return 0;
}

int uv_tcp_nodelay(uv_tcp_t *tcp, int on)
{
    (void)tcp, (void)on;
    return 0;
}

int uv_tcp_keepalive(uv_tcp_t *tcp, int on, unsigned delay_s)
{
    (void)tcp, (void)on, (void)delay_s;
    return 0;
}

static int give_address(struct sockaddr *to, int *bytes, const char *host)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(7400)};

    if (inet_pton(AF_INET, host, &in.sin_addr) != 1) abort();
    assert((size_t)*bytes >= sizeof in);
    memcpy(to, &in, sizeof in);
    *bytes = (int)sizeof in;
    return 0;
}

int uv_tcp_getsockname(const uv_tcp_t *tcp, struct sockaddr *name, int *bytes)
{
    (void)tcp;
    return give_address(name, bytes, "10.0.0.1");
}

int uv_tcp_getpeername(const uv_tcp_t *tcp, struct sockaddr *name, int *bytes)
{
    (void)tcp;
    return give_address(name, bytes, fake.local ? "127.0.0.1" : "10.0.0.2");
}

int uv_fileno(const uv_handle_t *handle, uv_os_fd_t *descriptor)
{
    (void)handle;
    *descriptor = any_descriptor();
    return 0;
}

int uv_read_start(uv_stream_t *stream, uv_alloc_cb room, uv_read_cb read)
{
    struct socket_fake *socket = socket_of(stream);

    if (socket == NULL) return UV_EINVAL;
    if (socket->reading) return UV_EALREADY;
    socket->reading = true;
    socket->room = room;
    socket->read = read;
    return 0;
}

int uv_read_stop(uv_stream_t *stream)
{
    struct socket_fake *socket = socket_of(stream);

    if (socket != NULL) socket->reading = false;
    return 0;
}

int uv_try_write(uv_stream_t *stream, const uv_buf_t buffers[], unsigned count)
{
    struct socket_fake *socket = socket_of(stream);

    assert(socket != NULL && count == 1 && buffers[0].len > 0);
    if (socket->gone) return UV_EPIPE;
    if (socket->writes > 0 || socket->takes == 0) return UV_EAGAIN;
    return (int)take(socket, buffers[0].base, buffers[0].len);
}

int uv_write(uv_write_t *write, uv_stream_t *stream, const uv_buf_t buffers[], unsigned count,
             uv_write_cb done)
{
    struct socket_fake *socket = socket_of(stream);

    assert(socket != NULL && count == 1 && socket->writes < WRITES_MAX);
    socket->pending[socket->writes++] =
        (struct pending){write, done, buffers[0].base, buffers[0].len};
    return 0;
}

void uv_close(uv_handle_t *handle, uv_close_cb closed)
{
    struct socket_fake *socket = socket_of((uv_stream_t *)handle);

    assert(fake.closings < CLOSINGS_MAX);
    struct closing *closing = &fake.closing[fake.closings++];
    closing->handle = handle;
    closing->closed = closed;
    closing->writes = 0;
    if (socket != NULL) {
        closing->writes = socket->writes;
        memcpy(closing->pending, socket->pending, socket->writes * sizeof socket->pending[0]);
        socket->stream = NULL;
        socket->reading = false;
        socket->writes = 0;
    }
    for (unsigned i = 0; i < fake.timers; i++)
        if (handle == (uv_handle_t *)fake.timer[i].timer) fake.timer[i].runs = false;
    if (handle == (uv_handle_t *)fake.check) fake.checked = NULL;
    if (handle == (uv_handle_t *)fake.async) fake.async_sent = false;
}

int uv_tcp_close_reset(uv_tcp_t *tcp, uv_close_cb closed)
{
    uv_close((uv_handle_t *)tcp, closed);
    return 0;
}

int uv_timer_init(uv_loop_t *loop, uv_timer_t *timer)
{
    assert(fake.timers < TIMERS_MAX);
    timer->loop = loop;
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

int uv_check_stop(uv_check_t *check)
{
    assert(check == fake.check);
    fake.checked = NULL;
    return 0;
}

int uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb woken)
{
    async->loop = loop;
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

uv_buf_t uv_buf_init(char *base, unsigned bytes)
{
    uv_buf_t buffer;

    memset(&buffer, 0, sizeof buffer);
    buffer.base = base;
    buffer.len = bytes;
    return buffer;
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
