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

#include <sodium.h>

#include "base/clock.h"
#include "base/closed.h"

/* libuv cuts the buffer into datagrams of 64 KiB, and takes so many at once. */
#define BATCH        8
#define SLICE_BYTES  (64 * 1024)
#define BUFFER_BYTES (BATCH * SLICE_BYTES)
#define CLOSED_BYTES 256 /* behind a datagram, while it is read */
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
    struct delayed *delayed_first;
    unsigned open_handles;
    bool listening;
    bool closing;
    char *buffer; /* touched only as far as datagrams fill it */
};

/* A datagram that a drill holds back. */
struct delayed {
    uv_timer_t timer;
    struct udp *udp;
    struct delayed *next;
    struct delayed **at; /* what points here */
    union socket_address address;
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

bool endpoint_to_sockaddr(const struct goose_endpoint *endpoint, union socket_address *address)
{
    memset(address, 0, sizeof *address);
    if (endpoint->bytes[0] == 4) {
        struct sockaddr_in *in = &address->in;
        in->sin_family = AF_INET;
        memcpy(&in->sin_port, endpoint->bytes + 1, 2);
        memcpy(&in->sin_addr, endpoint->bytes + 3, 4);
        return true;
    }
    if (endpoint->bytes[0] == 6) {
        struct sockaddr_in6 *in = &address->in6;
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
    union socket_address address;
    char host[INET6_ADDRSTRLEN] = "?";

    if (endpoint_to_sockaddr(endpoint, &address)) uv_ip_name(&address.any, host, sizeof host);
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

static bool is_among(const struct resolver_found *found, const struct goose_endpoint *endpoint)
{
    for (unsigned i = 0; i < found->count; i++) {
        struct goose_endpoint at;
        endpoint_from_sockaddr(&at, &found->at[i].any);
        if (memcmp(&at, endpoint, sizeof at) == 0) return true;
    }
    return false;
}

/* Does a drill cut this address off? By its text, or by what it resolves to. */
static bool is_cut(struct udp *udp, const struct sockaddr *address, bool from)
{
    struct goose_endpoint endpoint;

    if (udp->faults != NULL && udp->faults->silent) return true;
    endpoint_from_sockaddr(&endpoint, address);
    for (size_t i = 0; udp->faults != NULL && i < udp->faults->count; i++) {
        struct resolver_found found;
        bool drop = from ? udp->faults->of[i].drop_from : udp->faults->of[i].drop_to;
        if (drop &&
            resolver_find(udp->resolver, goose_address_text(&udp->faults->of[i].address), &found) &&
            is_among(&found, &endpoint))
            return true;
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

static enum seal_verdict open_datagram(const struct udp *udp, const uv_buf_t *buffer, size_t count,
                                       uint8_t *message, size_t *opened)
{
    size_t behind = buffer->len - count < CLOSED_BYTES ? buffer->len - count : CLOSED_BYTES;

    memory_close(buffer->base + count, behind);
    enum seal_verdict verdict =
        seal_open(udp->seal, (const uint8_t *)buffer->base, count, message, opened);
    memory_open(buffer->base + count, behind);
    return verdict;
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
    switch (open_datagram(udp, buffer, (size_t)count, message, &opened)) {
    case SEAL_OK: break;
    case SEAL_TRUNCATED: count_drop(udp, UDP_DROP_TRUNCATED, from); return;
    case SEAL_FOREIGN: count_drop(udp, UDP_DROP_FOREIGN, from); return;
    case SEAL_OTHER: count_drop(udp, UDP_DROP_OTHER_SEAL, from); return;
    case SEAL_FORGED:
    default: count_drop(udp, UDP_DROP_FORGED, from); return;
    }
    endpoint_from_sockaddr(&endpoint, from);
    memory_close(message + opened, sizeof message - opened);
    udp->received(udp->to, message, opened, &endpoint);
    memory_open(message + opened, sizeof message - opened);
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

/* A wildcard of IPv6 takes IPv4 too, an address of IPv6 does not. */
static enum resolver_family family_of(const union socket_address *address)
{
    if (address->any.sa_family == AF_INET) return RESOLVER_V4;
    return IN6_IS_ADDR_UNSPECIFIED(&address->in6.sin6_addr) ? RESOLVER_MAPPED : RESOLVER_V6;
}

int udp_listen(struct udp *udp, const union socket_address *address)
{
    assert(!udp->listening && !udp->closing);
    int fd = bound_socket(&address->any);
    if (fd < 0) return fd;
    int error = uv_udp_init_ex(udp->loop, &udp->socket, UV_UDP_RECVMMSG);
    if (error != 0) {
        close(fd);
        return error;
    }
    udp->socket.data = udp;
    udp->open_handles++;
    udp->listening = true;
    resolver_for(udp->resolver, family_of(address));
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

enum udp_share udp_own_share(struct udp *udp, struct goose_text address)
{
    struct resolver_found found;
    unsigned own = 0;

    if (!resolver_find(udp->resolver, address, &found)) return UDP_NOTHING;
    for (unsigned i = 0; i < found.count; i++) {
        struct goose_endpoint at;
        endpoint_from_sockaddr(&at, &found.at[i].any);
        own += udp_is_own(udp, &at);
    }
    if (own == 0) return UDP_NOTHING;
    return own < found.count ? UDP_SOME : UDP_ALL;
}

/* False: the kernel did not take it. */
static bool put(struct udp *udp, const union socket_address *address, uint8_t *datagram,
                size_t bytes)
{
    uv_buf_t buffer = uv_buf_init((char *)datagram, (unsigned)bytes);
    bool sent = uv_udp_try_send(&udp->socket, &buffer, 1, &address->any) >= 0;

    udp->counts.sent += sent;
    return sent;
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

static void delayed_close(struct delayed *delayed)
{
    *delayed->at = delayed->next;
    if (delayed->next != NULL) delayed->next->at = delayed->at;
    uv_close((uv_handle_t *)&delayed->timer, delayed_closed);
}

static void delayed_due(uv_timer_t *timer)
{
    struct delayed *delayed = timer->data;
    struct udp *udp = delayed->udp;

    udp->counts.send_failed += !put(udp, &delayed->address, delayed->datagram, delayed->bytes);
    delayed_close(delayed);
}

static void put_later(struct udp *udp, const union socket_address *address, const uint8_t *datagram,
                      size_t bytes)
{
    struct delayed *delayed = udp->delayed < DELAYED_MAX ? malloc(sizeof *delayed) : NULL;

    if (delayed == NULL) return;
    delayed->udp = udp;
    delayed->next = udp->delayed_first;
    delayed->at = &udp->delayed_first;
    if (delayed->next != NULL) delayed->next->at = &delayed->next;
    udp->delayed_first = delayed;
    delayed->address = *address;
    delayed->bytes = bytes;
    memcpy(delayed->datagram, datagram, bytes);
    uv_timer_init(udp->loop, &delayed->timer);
    delayed->timer.data = delayed;
    udp->open_handles++;
    udp->delayed++;
    uv_timer_start(&delayed->timer, delayed_due, udp->faults->delay_ms, 0);
}

/* False: the kernel did not take it. What a drill takes is lost as in a network: nobody is told. */
static bool put_by_drill(struct udp *udp, const union socket_address *address, uint8_t *datagram,
                         size_t bytes)
{
    if (udp->faults != NULL && is_cut(udp, &address->any, false))
        count_drop(udp, UDP_DROP_FAULT, &address->any);
    else if (udp->faults != NULL && udp->faults->delay_ms > 0)
        put_later(udp, address, datagram, bytes);
    else
        return put(udp, address, datagram, bytes);
    return true;
}

static bool find(struct udp *udp, const struct goose_send *send, struct resolver_found *found)
{
    if (!send->has_endpoint) return resolver_find(udp->resolver, send->address, found);
    found->count = 1;
    return endpoint_to_sockaddr(&send->endpoint, &found->at[0]);
}

size_t udp_seal(struct udp *udp, const struct goose_send *send, uint8_t *datagram, size_t bytes,
                union socket_address *to)
{
    struct resolver_found found;

    if (!find(udp, send, &found)) return 0;
    *to = found.at[0];
    return seal_datagram(udp->seal, datagram, bytes, GOOSE_DATAGRAM_BYTES_MAX);
}

int udp_descriptor(const struct udp *udp)
{
    uv_os_fd_t fd = -1;

    assert(udp->listening);
    uv_fileno((const uv_handle_t *)&udp->socket, &fd);
    return fd;
}

/* Of several addresses any may be the one where the peer is, and one that is heard from may be somebody else's: so chance
 * chooses each time. Taken in turn, two messages that always follow each other would each have its own. */
void udp_send(struct udp *udp, const struct goose_send *send, const uint8_t *message, size_t bytes)
{
    struct resolver_found found;
    uint8_t datagram[GOOSE_DATAGRAM_BYTES_MAX];

    if (!udp->listening || udp->closing) return;
    if (!find(udp, send, &found)) {
        udp->counts.unresolved++;
        return;
    }
    memcpy(datagram, message, bytes);
    size_t sealed = seal_datagram(udp->seal, datagram, bytes, sizeof datagram);
    unsigned first = found.count > 1 ? randombytes_uniform(found.count) : 0;
    for (unsigned i = 0; i < found.count; i++)
        if (put_by_drill(udp, &found.at[(first + i) % found.count], datagram, sealed)) return;
    udp->counts.send_failed++;
}

const struct resolver *udp_names(const struct udp *udp)
{
    return udp->resolver;
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
    while (udp->delayed_first != NULL)
        delayed_close(udp->delayed_first);
    if (udp->listening)
        uv_close((uv_handle_t *)&udp->socket, socket_closed);
    else
        udp_free_when_closed(udp);
}
