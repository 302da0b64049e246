/* udp.c: see udp.h. Receives in batches (recvmmsg through libuv), each datagram handled with a clock read of its own;
 * sends straight to the kernel without allocating. */
#include "net/udp.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/resolver.h"

/* libuv cuts the buffer into datagrams of 64 KiB, and takes so many at once. */
#define BATCH        8
#define SLICE_BYTES  (64 * 1024)
#define BUFFER_BYTES (BATCH * SLICE_BYTES)
#define SOCKET_BYTES (1 << 20)
#define DELAYED_MAX  1024

struct udp {
    uv_udp_t socket;
    uv_loop_t *loop;
    const struct seal *seal;
    struct log *log;
    udp_received *received;
    void *to;
    struct resolver *resolver;
    struct udp_counts counts;
    struct udp_faults *faults; /* NULL: none */
    unsigned delayed;
    unsigned open_handles;
    bool listening;
    bool closing;
    int family;
    char *buffer; /* touched only as far as datagrams fill it */
};

/* A datagram that a drill holds back. */
struct delayed {
    uv_timer_t timer;
    struct udp *udp;
    struct sockaddr_storage address;
    size_t bytes;
    uint8_t datagram[GOOSE_DATAGRAM_BYTES_MAX];
};

void endpoint_from_sockaddr(struct goose_endpoint *endpoint, const struct sockaddr *address)
{
    memset(endpoint, 0, sizeof *endpoint);
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
        endpoint->bytes[0] = 4;
        memcpy(endpoint->bytes + 1, &in->sin_port, 2);
        memcpy(endpoint->bytes + 3, &in->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)(const void *)address;
        endpoint->bytes[0] = 6;
        memcpy(endpoint->bytes + 1, &in->sin6_port, 2);
        memcpy(endpoint->bytes + 3, &in->sin6_addr, 16);
        endpoint->bytes[19] =
            (uint8_t)in->sin6_scope_id; /* link-local: an interface's number below 256 */
    }
}

bool endpoint_to_sockaddr(const struct goose_endpoint *endpoint, struct sockaddr_storage *address)
{
    memset(address, 0, sizeof *address);
    if (endpoint->bytes[0] == 4) {
        struct sockaddr_in *in = (struct sockaddr_in *)address;
        in->sin_family = AF_INET;
        memcpy(&in->sin_port, endpoint->bytes + 1, 2);
        memcpy(&in->sin_addr, endpoint->bytes + 3, 4);
        return true;
    }
    if (endpoint->bytes[0] == 6) {
        struct sockaddr_in6 *in = (struct sockaddr_in6 *)address;
        in->sin6_family = AF_INET6;
        memcpy(&in->sin6_port, endpoint->bytes + 1, 2);
        memcpy(&in->sin6_addr, endpoint->bytes + 3, 16);
        in->sin6_scope_id = endpoint->bytes[19];
        return true;
    }
    return false;
}

void endpoint_to_text(const struct goose_endpoint *endpoint, char *text, size_t bytes)
{
    struct sockaddr_storage address;
    char host[INET6_ADDRSTRLEN] = "?";

    if (endpoint_to_sockaddr(endpoint, &address))
        uv_ip_name((struct sockaddr *)&address, host, sizeof host);
    unsigned port = (unsigned)endpoint->bytes[1] << 8 | endpoint->bytes[2];
    snprintf(text, bytes, endpoint->bytes[0] == 6 ? "[%s]:%u" : "%s:%u", host, port);
}

struct udp *udp_new(uv_loop_t *loop, const struct seal *seal, struct log *log,
                    udp_received *received, void *to)
{
    struct udp *udp = calloc(1, sizeof *udp);

    if (udp == NULL) return NULL;
    udp->loop = loop;
    udp->seal = seal;
    udp->log = log;
    udp->received = received;
    udp->to = to;
    udp->resolver = resolver_new(loop, log);
    udp->buffer = malloc(BUFFER_BYTES);
    if (udp->resolver == NULL || udp->buffer == NULL) {
        free(udp->buffer);
        resolver_close(udp->resolver);
        free(udp);
        return NULL;
    }
    return udp;
}

/* Does a drill cut this address off? By its text, or by what it resolves to. */
static bool is_cut(struct udp *udp, const struct sockaddr *address, bool from)
{
    if (udp->faults != NULL && udp->faults->silent) return true;
    for (size_t i = 0; udp->faults != NULL && i < udp->faults->count; i++) {
        struct sockaddr_storage at;
        struct goose_endpoint a, b;
        bool drop = from ? udp->faults->of[i].drop_from : udp->faults->of[i].drop_to;
        if (!drop ||
            !resolver_find(udp->resolver, goose_address_text(&udp->faults->of[i].address), &at))
            continue;
        endpoint_from_sockaddr(&a, address);
        endpoint_from_sockaddr(&b, (struct sockaddr *)&at);
        if (memcmp(&a, &b, sizeof a) == 0) return true;
    }
    return false;
}

static void buffer_give(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct udp *udp = handle->data;

    (void)suggested;
    *buffer = uv_buf_init(udp->buffer, BUFFER_BYTES);
}

/* Counted always, said once: a flood must not fill the log. */
static void count_drop(struct udp *udp, enum udp_drop why, const struct sockaddr *from)
{
    static const char *const words[UDP_DROPS] = {
        [UDP_DROP_FORGED] = "its key is none of mine (do all nodes have the same --key-file?)",
        [UDP_DROP_FOREIGN] = "it is of a flock of another name",
        [UDP_DROP_OTHER_SEAL] =
            "it is sealed in another way (has every node a --key-file, and goosed 0.2?)",
        [UDP_DROP_TRUNCATED] = "it is no datagram of a flock",
    };
    struct goose_endpoint endpoint;
    char text[INET6_ADDRSTRLEN + 16];

    endpoint_from_sockaddr(&endpoint, from);
    if (why == UDP_DROP_FORGED || why == UDP_DROP_OTHER_SEAL)
        senders_saw(&udp->counts.forged_by, &endpoint, clock_now_us());
    if (why == UDP_DROP_FOREIGN) senders_saw(&udp->counts.foreign_by, &endpoint, clock_now_us());
    if (udp->counts.dropped[why]++ > 0 || words[why] == NULL) return;
    endpoint_to_text(&endpoint, text, sizeof text);
    log_warn(udp->log, "a datagram from %s was dropped: %s; from now on these are only counted",
             text, words[why]);
}

static void datagram_in(uv_udp_t *socket, ssize_t count, const uv_buf_t *buffer,
                        const struct sockaddr *from, unsigned flags)
{
    struct udp *udp = socket->data;
    struct goose_endpoint endpoint;
    uint8_t message[GOOSE_DATAGRAM_BYTES_MAX];
    size_t opened = 0;

    if (count <= 0 || from == NULL || udp->closing) return;
    udp->counts.received++;
    if ((flags & UV_UDP_PARTIAL) != 0 || count > GOOSE_DATAGRAM_BYTES_MAX) {
        count_drop(udp, UDP_DROP_TRUNCATED, from);
        return;
    }
    if (udp->faults != NULL && is_cut(udp, from, true)) {
        count_drop(udp, UDP_DROP_FAULT, from);
        return;
    }
    switch (seal_open(udp->seal, (const uint8_t *)buffer->base, (size_t)count, message, &opened)) {
    case SEAL_OK: break;
    case SEAL_TRUNCATED: count_drop(udp, UDP_DROP_TRUNCATED, from); return;
    case SEAL_FOREIGN: count_drop(udp, UDP_DROP_FOREIGN, from); return;
    case SEAL_OTHER: count_drop(udp, UDP_DROP_OTHER_SEAL, from); return;
    case SEAL_FORGED:
    default: count_drop(udp, UDP_DROP_FORGED, from); return;
    }
    endpoint_from_sockaddr(&endpoint, from);
    udp->received(udp->to, message, opened, &endpoint);
}

/* A bound socket, or an error of libuv. A wildcard of IPv6 takes IPv4 too. */
static int bound_socket(const struct sockaddr *address)
{
    int off = 0, bytes = SOCKET_BYTES;
    socklen_t length =
        address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) return uv_translate_sys_error(errno);
    if (address->sa_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    if (bind(fd, address, length) == 0) return fd;
    int error = uv_translate_sys_error(errno);
    close(fd);
    return error;
}

int udp_listen(struct udp *udp, const struct sockaddr *address)
{
    assert(!udp->listening && !udp->closing);
    int fd = bound_socket(address);
    if (fd < 0) return fd;
    int error = uv_udp_init_ex(udp->loop, &udp->socket, UV_UDP_RECVMMSG);
    if (error != 0) {
        close(fd);
        return error;
    }
    udp->socket.data = udp;
    udp->open_handles++;
    udp->listening = true;
    udp->family = address->sa_family;
    error = uv_udp_open(&udp->socket, fd);
    if (error != 0) {
        close(fd);
        return error;
    }
    return uv_udp_recv_start(&udp->socket, buffer_give, datagram_in);
}

static bool same_address(const struct goose_endpoint *a, const struct goose_endpoint *b)
{
    return a->bytes[0] == b->bytes[0] && memcmp(a->bytes + 3, b->bytes + 3, 16) == 0;
}

static bool is_of_this_machine(const struct goose_endpoint *endpoint)
{
    uv_interface_address_t *interfaces;
    int count = 0;
    bool found = false;

    if (uv_interface_addresses(&interfaces, &count) != 0) return false;
    for (int i = 0; i < count && !found; i++) {
        struct goose_endpoint own;
        endpoint_from_sockaddr(&own, (const struct sockaddr *)&interfaces[i].address);
        found = same_address(&own, endpoint);
    }
    uv_free_interface_addresses(interfaces, count);
    return found;
}

bool udp_is_own(const struct udp *udp, const struct goose_endpoint *endpoint)
{
    static const uint8_t wildcard[16] = {0};
    struct sockaddr_storage bound;
    struct goose_endpoint own;
    int length = sizeof bound;

    if (!udp->listening ||
        uv_udp_getsockname(&udp->socket, (struct sockaddr *)&bound, &length) != 0)
        return false;
    endpoint_from_sockaddr(&own, (const struct sockaddr *)&bound);
    if (memcmp(own.bytes + 1, endpoint->bytes + 1, 2) != 0) return false;
    if (memcmp(own.bytes + 3, wildcard, sizeof wildcard) == 0) return is_of_this_machine(endpoint);
    return same_address(&own, endpoint);
}

/* A socket of IPv6 reaches IPv4 through mapped addresses; one of IPv4 reaches no IPv6. */
static bool fit_family(const struct udp *udp, struct sockaddr_storage *address)
{
    if (udp->family == address->ss_family) return true;
    if (udp->family != AF_INET6) return false;
    struct sockaddr_in in = *(struct sockaddr_in *)address;
    struct sockaddr_in6 *mapped = (struct sockaddr_in6 *)address;
    memset(address, 0, sizeof *address);
    mapped->sin6_family = AF_INET6;
    mapped->sin6_port = in.sin_port;
    memset(mapped->sin6_addr.s6_addr + 10, 0xff, 2);
    memcpy(mapped->sin6_addr.s6_addr + 12, &in.sin_addr, 4);
    return true;
}

static void put(struct udp *udp, const struct sockaddr_storage *address, uint8_t *datagram,
                size_t bytes)
{
    uv_buf_t buffer = uv_buf_init((char *)datagram, (unsigned)bytes);
    int sent = uv_udp_try_send(&udp->socket, &buffer, 1, (const struct sockaddr *)address);

    if (sent < 0)
        udp->counts.send_failed++;
    else
        udp->counts.sent++;
}

static void udp_free_when_closed(struct udp *udp)
{
    if (!udp->closing || udp->open_handles > 0) return;
    free(udp->faults);
    free(udp->buffer);
    free(udp);
}

static void delayed_closed(uv_handle_t *handle)
{
    struct delayed *delayed = handle->data;
    struct udp *udp = delayed->udp;

    free(delayed);
    udp->open_handles--;
    udp->delayed--;
    udp_free_when_closed(udp);
}

static void delayed_due(uv_timer_t *timer)
{
    struct delayed *delayed = timer->data;

    if (!delayed->udp->closing)
        put(delayed->udp, &delayed->address, delayed->datagram, delayed->bytes);
    uv_close((uv_handle_t *)timer, delayed_closed);
}

static void put_later(struct udp *udp, const struct sockaddr_storage *address,
                      const uint8_t *datagram, size_t bytes)
{
    struct delayed *delayed = udp->delayed < DELAYED_MAX ? malloc(sizeof *delayed) : NULL;

    if (delayed == NULL) return;
    delayed->udp = udp;
    delayed->address = *address;
    delayed->bytes = bytes;
    memcpy(delayed->datagram, datagram, bytes);
    uv_timer_init(udp->loop, &delayed->timer);
    delayed->timer.data = delayed;
    udp->open_handles++;
    udp->delayed++;
    uv_timer_start(&delayed->timer, delayed_due, udp->faults->delay_ms, 0);
}

void udp_send(struct udp *udp, const struct goose_send *send, const uint8_t *message, size_t bytes)
{
    struct sockaddr_storage address;
    uint8_t datagram[GOOSE_DATAGRAM_BYTES_MAX];

    if (!udp->listening || udp->closing) return;
    bool known = send->has_endpoint ? endpoint_to_sockaddr(&send->endpoint, &address)
                                    : resolver_find(udp->resolver, send->address, &address);
    if (!known || !fit_family(udp, &address)) {
        udp->counts.unresolved++;
        return;
    }
    memcpy(datagram, message, bytes);
    size_t sealed = seal_datagram(udp->seal, datagram, bytes, sizeof datagram);
    if (udp->faults != NULL && is_cut(udp, (struct sockaddr *)&address, false))
        count_drop(udp, UDP_DROP_FAULT, (struct sockaddr *)&address);
    else if (udp->faults != NULL && udp->faults->delay_ms > 0)
        put_later(udp, &address, datagram, sealed);
    else
        put(udp, &address, datagram, sealed);
}

const struct udp_counts *udp_counts(const struct udp *udp)
{
    return &udp->counts;
}

void udp_set_faults(struct udp *udp, const struct udp_faults *faults)
{
    if (udp->faults == NULL) udp->faults = malloc(sizeof *udp->faults);
    if (udp->faults != NULL) *udp->faults = *faults;
}

static void socket_closed(uv_handle_t *handle)
{
    struct udp *udp = handle->data;

    udp->open_handles--;
    udp_free_when_closed(udp);
}

void udp_close(struct udp *udp)
{
    if (udp == NULL) return;
    udp->closing = true;
    resolver_close(udp->resolver);
    if (udp->listening)
        uv_close((uv_handle_t *)&udp->socket, socket_closed);
    else
        udp_free_when_closed(udp);
}
