/* listener.c: see listener.h. */
#include "daemon/listener.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "net/local_socket.h"
#include "net/resolver.h"

#define AGAIN_MS      1000
#define AGAIN_FAST_MS 20 /* while a name is being looked up */

struct listener {
    struct listener_parts parts;
    uv_timer_t again;
    struct resolver *resolver;
    struct http_server *http;
    struct local_socket local;
    char token[HTTP_TOKEN_BYTES_MAX];
    unsigned tries;
    bool udp_open;
    bool closing;
};

static bool may_come(int error)
{
    return error == UV_EADDRNOTAVAIL || error == UV_ENETUNREACH || error == UV_ENETDOWN ||
           error == UV_ENODEV || error == UV_EHOSTUNREACH;
}

/* A daemon that was killed may leave a helper behind, which has the port for a moment more. */
static bool may_be_left(const struct listener *listener, int error)
{
    return error == UV_EADDRINUSE && listener->tries <= AGAIN_MS / AGAIN_FAST_MS;
}

static void fail(struct listener *listener, const char *flag, const struct goose_address *address,
                 int error)
{
    const struct goose_address *self = &listener->parts.options->election.self;
    char why[256];

    if (address_same(address, self)) flag = "--self";
    snprintf(
        why, sizeof why, "%s %s cannot be opened: %s%s", flag, address->chars, uv_strerror(error),
        error == UV_EADDRINUSE ? "; another program has this port, perhaps another goosed" : "");
    listener->parts.failed(listener->parts.to, why);
}

static void wait_for(struct listener *listener, const struct goose_address *address, int error)
{
    if (listener->tries == 1)
        log_warn(listener->parts.log, "%s cannot be opened yet (%s): trying on", address->chars,
                 uv_strerror(error));
}

/* The first of its addresses that can be had; or the first error that is not to pass. */
static bool open_udp(struct listener *listener)
{
    const struct goose_address *address = &listener->parts.options->bind;
    struct resolver_found found;
    int error = UV_EADDRNOTAVAIL;

    if (!resolver_find(listener->resolver, goose_address_text(address), &found)) return false;
    for (unsigned i = 0; i < found.count && may_come(error); i++)
        error = udp_listen(listener->parts.udp, &found.at[i]);
    if (error == 0) {
        listener->udp_open = true;
        listener->parts.listening(listener->parts.to);
        return true;
    }
    if (may_come(error) || may_be_left(listener, error))
        wait_for(listener, address, error);
    else
        fail(listener, "--bind", address, error);
    return false;
}

/* A heartbeat that is late by a tenth of the time between two costs nobody a lease. */
static unsigned turn_us(const struct options *options)
{
    uint64_t tenth_us = options->election.heartbeat_us / 10;
    return tenth_us < HTTP_TURN_US ? (unsigned)tenth_us : HTTP_TURN_US;
}

static bool wants_http(const struct listener *listener)
{
    const struct options *options = listener->parts.options;
    return options->http.bytes > 0 || options->http_socket[0] != 0;
}

/* False: it cannot be, and that was said. */
static bool open_local(struct listener *listener)
{
    const char *path = listener->parts.options->http_socket;
    char why[256];

    if (path[0] == 0 || listener->local.fd > 0) return true;
    const char *wrong = local_socket_open(&listener->local, path);
    if (wrong == NULL) return true;
    snprintf(why, sizeof why, "--http unix:%s cannot be opened: %s", path, wrong);
    listener->parts.failed(listener->parts.to, why);
    return false;
}

/* NULL: at the Unix socket alone. */
static int open_http_at(struct listener *listener, const struct sockaddr *address)
{
    const struct options *options = listener->parts.options;
    char why[256];
    struct http_options http = {.address = address,
                                .local_fd = listener->local.fd,
                                .self = options->election.self.chars,
                                .bind = options->http.chars,
                                .token = listener->token[0] != 0 ? listener->token : NULL,
                                .log = listener->parts.log,
                                .faults = options->faults,
                                .turn_us = turn_us(options)};

    return http_server_start(&listener->http, listener->parts.loop, &http, listener->parts.api, why,
                             sizeof why);
}

/* At the first of its addresses that can be had, as UDP. */
static bool open_http(struct listener *listener)
{
    const struct goose_address *address = &listener->parts.options->http;
    bool tcp = address->bytes > 0;
    struct resolver_found found;
    int error = UV_EADDRNOTAVAIL;

    if (!wants_http(listener)) return true;
    if (tcp && !resolver_find(listener->resolver, goose_address_text(address), &found))
        return false;
    if (!open_local(listener)) return false;
    if (!tcp) error = open_http_at(listener, NULL);
    for (unsigned i = 0; tcp && i < found.count && may_come(error); i++)
        error = open_http_at(listener, &found.at[i].any);
    if (error == 0) return true;
    if (may_come(error))
        wait_for(listener, address, error);
    else
        fail(listener, "--http", address, error);
    return false;
}

static void try_now(uv_timer_t *timer)
{
    struct listener *listener = timer->data;

    listener->tries++;
    if (!listener->udp_open) open_udp(listener);
    if (listener->udp_open && listener->http == NULL && !listener->closing) open_http(listener);
    bool done = listener->udp_open && (listener->http != NULL || !wants_http(listener));
    if (done && !listener->closing) listener->parts.all_open(listener->parts.to);
    if (done || listener->closing) return;
    bool fast = listener->tries < AGAIN_MS / AGAIN_FAST_MS;
    uv_timer_start(timer, try_now, fast ? AGAIN_FAST_MS : AGAIN_MS, 0);
}

struct listener *listener_start(const struct listener_parts *parts)
{
    struct listener *listener = calloc(1, sizeof *listener);

    if (listener == NULL) return NULL;
    listener->parts = *parts;
    listener->resolver = resolver_new(parts->loop, parts->log);
    if (listener->resolver == NULL) {
        free(listener);
        return NULL;
    }
    if (parts->token != NULL) snprintf(listener->token, sizeof listener->token, "%s", parts->token);
    uv_timer_init(parts->loop, &listener->again);
    listener->again.data = listener;
    uv_timer_start(&listener->again, try_now, 0, 0);
    return listener;
}

bool listener_set_token(struct listener *listener, const char *token)
{
    if (token != NULL && strlen(token) >= sizeof listener->token) return false;
    snprintf(listener->token, sizeof listener->token, "%s", token == NULL ? "" : token);
    return listener->http == NULL || http_server_set_token(listener->http, listener->token);
}

static void timer_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;

    explicit_bzero(listener->token, sizeof listener->token);
    free(listener);
}

static void http_closed(void *to)
{
    struct listener *listener = to;

    listener->http = NULL;
    uv_close((uv_handle_t *)&listener->again, timer_closed);
}

void listener_close(struct listener *listener)
{
    if (listener == NULL || listener->closing) return;
    listener->closing = true;
    resolver_close(listener->resolver);
    struct local_socket local = listener->local; /* the server may free the rest at once */
    if (listener->http != NULL)
        http_server_close(listener->http, http_closed, listener);
    else
        http_closed(listener);
    local_socket_close(&local);
}
