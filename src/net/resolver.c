/* resolver.c: see resolver.h. A table with a bound: where it is full, the entry not asked for longest goes. A look-up that
 * fails is tried again after a second, and said once. Each has a thread of its own, a few at a time: of libuv's pool both
 * the loop and exit(3) would wait until a name server that says nothing is given up. */
#include "net/resolver.h"

#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"

#define RESOLVER_MAX 96
#define THREADS_MAX  4
#define FRESH_MS     5000 /* an answer older than this is asked for again, and used meanwhile */
#define AGAIN_MS     1000
#define LATELY_MS    10000
#define PORT_CHARS   6

struct name {
    struct goose_address address;
    struct resolver_found found;
    uint64_t asked_ms; /* last time somebody wanted it */
    uint64_t tried_ms; /* last look-up began, or failed; 0: never */
    enum resolver_wrong wrong;
    enum resolver_wrong told;
    bool busy;
};

/* The thread's, until it is among the resolver's `done`. */
struct look_up {
    struct look_up *behind;
    struct resolver *resolver;
    struct name *name; /* the loop's: its entry stays where it is while it is busy */
    char host[GOOSE_HOST_CHARS_MAX + 1], port[PORT_CHARS];
    int error;
    struct resolver_found all;
};

struct resolver {
    uv_async_t told;
    uv_loop_t *loop;
    struct log *log;
    enum resolver_family family;
    unsigned busy;
    struct name *of[RESOLVER_MAX];

    pthread_mutex_t mutex;
    /* Of both, under the mutex. */
    struct look_up *done;
    bool closing;
    unsigned users; /* the threads and the loop: the last one frees */
};

/* ---- the threads ---- */

static void resolver_free(struct resolver *resolver)
{
    while (resolver->done != NULL) {
        struct look_up *look_up = resolver->done;
        resolver->done = look_up->behind;
        free(look_up);
    }
    for (int i = 0; i < RESOLVER_MAX; i++)
        free(resolver->of[i]);
    pthread_mutex_destroy(&resolver->mutex);
    free(resolver);
}

static void let_go(struct resolver *resolver)
{
    pthread_mutex_lock(&resolver->mutex);
    bool last = --resolver->users == 0;
    pthread_mutex_unlock(&resolver->mutex);
    if (last) resolver_free(resolver);
}

static void keep_all(struct resolver_found *all, const struct addrinfo *list)
{
    for (; list != NULL && all->count < RESOLVER_ADDRESSES; list = list->ai_next)
        if (list->ai_addrlen <= sizeof all->at[0])
            memcpy(&all->at[all->count++], list->ai_addr, list->ai_addrlen);
}

static void *look(void *argument)
{
    struct look_up *look_up = argument;
    struct resolver *resolver = look_up->resolver;
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;

    look_up->error = getaddrinfo(look_up->host, look_up->port, &hints, &list);
    if (look_up->error == 0) {
        keep_all(&look_up->all, list);
        freeaddrinfo(list);
    }
    pthread_mutex_lock(&resolver->mutex);
    look_up->behind = resolver->done;
    resolver->done = look_up;
    if (!resolver->closing) uv_async_send(&resolver->told);
    pthread_mutex_unlock(&resolver->mutex);
    let_go(resolver);
    return NULL;
}

/* ---- what came of it ---- */

/* False: this socket cannot send there. */
static bool fit(enum resolver_family family, union socket_address *address)
{
    struct sockaddr_in in = address->in;

    if (family == RESOLVER_ANY) return true;
    if (address->any.sa_family == AF_INET6) return family != RESOLVER_V4;
    if (family != RESOLVER_MAPPED) return family == RESOLVER_V4;
    address->in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = in.sin_port};
    memset(address->in6.sin6_addr.s6_addr + 10, 0xff, 2);
    memcpy(address->in6.sin6_addr.s6_addr + 12, &in.sin_addr, 4);
    return true;
}

static void tell_wrong(struct resolver *resolver, struct name *name, int error)
{
    const char *has = resolver->family == RESOLVER_V4 ? "IPv4" : "IPv6";
    const char *address = name->address.chars;

    if (name->wrong == name->told) return;
    name->told = name->wrong;
    if (name->wrong == RESOLVER_UNKNOWN)
        log_warn(resolver->log, "%s does not resolve (%s): trying on", address,
                 gai_strerror(error));
    if (name->wrong == RESOLVER_OTHER_FAMILY)
        log_warn(resolver->log,
                 "nothing can be sent to %s: it has no %s address, and this node listens at one; "
                 "give it one, or start this node with --bind [::]:PORT, which sends to both kinds",
                 address, has);
}

/* What is known stays in use while look-ups fail. A name that has come to mean only what cannot be sent to means nothing. */
static void name_take(struct resolver *resolver, struct name *name, int error,
                      const struct resolver_found *all)
{
    struct resolver_found fits = {.count = 0};

    for (unsigned i = 0; i < all->count; i++) {
        fits.at[fits.count] = all->at[i];
        fits.count += fit(resolver->family, &fits.at[fits.count]);
    }
    if (error == 0) name->found = fits;
    name->wrong = name->found.count > 0 ? RESOLVER_GOOD
                  : error != 0          ? RESOLVER_UNKNOWN
                                        : RESOLVER_OTHER_FAMILY;
    if (error != 0) name->tried_ms = uv_now(resolver->loop) + 1;
    tell_wrong(resolver, name, error);
}

static void told(uv_async_t *async)
{
    struct resolver *resolver = async->data;

    pthread_mutex_lock(&resolver->mutex);
    struct look_up *done = resolver->done;
    resolver->done = NULL;
    pthread_mutex_unlock(&resolver->mutex);
    while (done != NULL) {
        struct look_up *look_up = done;
        done = look_up->behind;
        look_up->name->busy = false;
        resolver->busy--;
        name_take(resolver, look_up->name, look_up->error, &look_up->all);
        free(look_up);
    }
}

/* ---- asking ---- */

/* "[::1]:80" and "a.b:80": where the host is, and the port. */
static void split(struct goose_text address, char host[GOOSE_HOST_CHARS_MAX + 1],
                  char port[PORT_CHARS])
{
    size_t colon = address.bytes;

    while (address.at[colon - 1] != ':')
        colon--;
    size_t digits = address.bytes - colon;
    memcpy(port, address.at + colon, digits);
    port[digits] = 0;
    size_t from = address.at[0] == '[' ? 1 : 0;
    size_t bytes = colon - 1 - 2 * from;
    memcpy(host, address.at + from, bytes);
    host[bytes] = 0;
}

static bool numeric(struct goose_text address, struct resolver_found *all)
{
    char host[GOOSE_HOST_CHARS_MAX + 1], port[PORT_CHARS];

    split(address, host, port);
    int number = (int)strtol(port, NULL, 10);
    memset(&all->at[0], 0, sizeof all->at[0]);
    all->count = 1;
    return uv_ip4_addr(host, number, &all->at[0].in) == 0 ||
           uv_ip6_addr(host, number, &all->at[0].in6) == 0;
}

/* Without memory or a thread it is tried again by and by; likewise while as many as may be are busy. */
static void look_up(struct resolver *resolver, struct name *name)
{
    struct look_up *look_up = resolver->busy < THREADS_MAX ? calloc(1, sizeof *look_up) : NULL;

    if (look_up == NULL) return;
    look_up->resolver = resolver;
    look_up->name = name;
    split(goose_address_text(&name->address), look_up->host, look_up->port);
    name->tried_ms = uv_now(resolver->loop) + 1;
    pthread_mutex_lock(&resolver->mutex);
    resolver->users++;
    pthread_mutex_unlock(&resolver->mutex);
    name->busy = thread_begin(look, look_up);
    resolver->busy += name->busy;
    if (name->busy) return;
    let_go(resolver);
    free(look_up);
}

/* The entry of an address: the one it has, or an empty one, or that of whoever was not asked for longest. */
static struct name *name_of(struct resolver *resolver, struct goose_text address)
{
    int place = -1;

    for (int i = 0; i < RESOLVER_MAX; i++) {
        struct name *name = resolver->of[i];
        if (name != NULL && goose_text_equal(goose_address_text(&name->address), address))
            return name;
        if (name != NULL && name->busy) continue;
        if (place < 0 || name == NULL ||
            (resolver->of[place] != NULL && name->asked_ms < resolver->of[place]->asked_ms))
            place = i;
    }
    if (place < 0) return NULL;
    free(resolver->of[place]);
    struct name *name = calloc(1, sizeof *name);
    if (name != NULL) goose_address_keep(&name->address, address);
    return resolver->of[place] = name;
}

bool resolver_find(struct resolver *resolver, struct goose_text address,
                   struct resolver_found *found)
{
    if (!goose_address_is_canonical(address)) return false;
    bool known = numeric(address, found);
    struct resolver_found one = {.count = known, .at = {found->at[0]}};
    if (known && fit(resolver->family, &found->at[0])) return true;
    struct name *name = name_of(resolver, address);
    if (name == NULL) return false;
    uint64_t now_ms = uv_now(resolver->loop) + 1; /* 0 is never */
    name->asked_ms = now_ms;
    uint64_t wait_ms = name->found.count > 0 ? FRESH_MS : AGAIN_MS;
    if (known)
        name_take(resolver, name, 0, &one);
    else if (!name->busy && (name->tried_ms == 0 || now_ms - name->tried_ms >= wait_ms))
        look_up(resolver, name);
    *found = name->found;
    return found->count > 0;
}

const struct goose_address *resolver_next_wrong(const struct resolver *resolver,
                                                enum resolver_wrong wrong, size_t *place)
{
    uint64_t now_ms = uv_now(resolver->loop) + 1;

    while (*place < RESOLVER_MAX) {
        const struct name *name = resolver->of[(*place)++];
        if (name != NULL && name->wrong == wrong && now_ms - name->asked_ms <= LATELY_MS)
            return &name->address;
    }
    return NULL;
}

/* ---- it comes and goes ---- */

struct resolver *resolver_new(uv_loop_t *loop, struct log *log)
{
    struct resolver *resolver = calloc(1, sizeof *resolver);

    if (resolver == NULL || uv_async_init(loop, &resolver->told, told) != 0) {
        free(resolver);
        return NULL;
    }
    resolver->told.data = resolver;
    resolver->loop = loop;
    resolver->log = log;
    resolver->users = 1;
    pthread_mutex_init(&resolver->mutex, NULL);
    return resolver;
}

void resolver_for(struct resolver *resolver, enum resolver_family family)
{
    resolver->family = family;
}

static void closed(uv_handle_t *handle)
{
    let_go(handle->data);
}

void resolver_close(struct resolver *resolver)
{
    if (resolver == NULL) return;
    pthread_mutex_lock(&resolver->mutex);
    resolver->closing = true;
    pthread_mutex_unlock(&resolver->mutex);
    uv_close((uv_handle_t *)&resolver->told, closed);
}
