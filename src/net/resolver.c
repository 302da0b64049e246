/* resolver.c: see resolver.h. A table with a bound: where it is full, the entry not asked for longest goes. A look-up that
 * fails is tried again after a second, and said once. */
#include "net/resolver.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESOLVER_MAX 96
#define FRESH_MS     5000 /* an answer older than this is asked for again, and used meanwhile */
#define AGAIN_MS     1000

struct name {
    uv_getaddrinfo_t look_up; /* first: its address is the entry's */
    struct resolver *resolver;
    struct goose_address address;
    struct sockaddr_storage found;
    uint64_t asked_ms; /* last time somebody wanted it */
    uint64_t tried_ms; /* last look-up began; 0: never */
    bool known;
    bool busy;
    bool complained;
};

struct resolver {
    uv_loop_t *loop;
    struct log *log;
    unsigned busy;
    bool closing;
    struct name *of[RESOLVER_MAX];
};

struct resolver *resolver_new(uv_loop_t *loop, struct log *log)
{
    struct resolver *resolver = calloc(1, sizeof *resolver);

    if (resolver == NULL) return NULL;
    resolver->loop = loop;
    resolver->log = log;
    return resolver;
}

/* "[::1]:80" and "a.b:80": where the host is, and the port. */
static void split(struct goose_text address, char host[GOOSE_HOST_CHARS_MAX + 1], char port[6])
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

bool resolver_numeric(struct goose_text address, struct sockaddr_storage *found)
{
    char host[GOOSE_HOST_CHARS_MAX + 1], port[6];

    if (!goose_address_is_canonical(address)) return false;
    split(address, host, port);
    int number = (int)strtol(port, NULL, 10);
    memset(found, 0, sizeof *found);
    return uv_ip4_addr(host, number, (struct sockaddr_in *)found) == 0 ||
           uv_ip6_addr(host, number, (struct sockaddr_in6 *)found) == 0;
}

static void name_forget(struct resolver *resolver, int i)
{
    free(resolver->of[i]);
    resolver->of[i] = NULL;
}

static void resolver_free_when_idle(struct resolver *resolver)
{
    if (!resolver->closing || resolver->busy > 0) return;
    for (int i = 0; i < RESOLVER_MAX; i++)
        name_forget(resolver, i);
    free(resolver);
}

static void looked_up(uv_getaddrinfo_t *look_up, int status, struct addrinfo *list)
{
    struct name *name = (struct name *)look_up;
    struct resolver *resolver = name->resolver;

    name->busy = false;
    resolver->busy--;
    if (status == 0 && list != NULL && list->ai_addrlen <= sizeof name->found) {
        memcpy(&name->found, list->ai_addr, list->ai_addrlen);
        name->known = true;
        name->complained = false;
    } else if (status != UV_ECANCELED && !name->complained) {
        name->complained = true;
        log_warn(resolver->log, "%.*s does not resolve (%s): trying on", name->address.bytes,
                 name->address.chars, status == 0 ? "no address" : uv_strerror(status));
    }
    uv_freeaddrinfo(list);
    resolver_free_when_idle(resolver);
}

static void look_up(struct name *name)
{
    char host[GOOSE_HOST_CHARS_MAX + 1], port[6];
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};

    split(goose_address_text(&name->address), host, port);
    name->tried_ms = uv_now(name->resolver->loop) + 1;
    if (uv_getaddrinfo(name->resolver->loop, &name->look_up, looked_up, host, port, &hints) != 0)
        return;
    name->busy = true;
    name->resolver->busy++;
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
    name_forget(resolver, place);
    struct name *name = calloc(1, sizeof *name);
    if (name == NULL) return NULL;
    name->resolver = resolver;
    goose_address_keep(&name->address, address);
    return resolver->of[place] = name;
}

bool resolver_find(struct resolver *resolver, struct goose_text address,
                   struct sockaddr_storage *found)
{
    if (resolver_numeric(address, found)) return true;
    if (!goose_address_is_canonical(address)) return false;
    struct name *name = name_of(resolver, address);
    if (name == NULL) return false;
    uint64_t now_ms = uv_now(resolver->loop);
    name->asked_ms = now_ms;
    uint64_t wait_ms = name->known ? FRESH_MS : AGAIN_MS;
    if (!name->busy && (name->tried_ms == 0 || now_ms - name->tried_ms >= wait_ms)) look_up(name);
    *found = name->found;
    return name->known;
}

void resolver_close(struct resolver *resolver)
{
    if (resolver == NULL) return;
    resolver->closing = true;
    for (int i = 0; i < RESOLVER_MAX; i++)
        if (resolver->of[i] != NULL && resolver->of[i]->busy)
            uv_cancel((uv_req_t *)&resolver->of[i]->look_up);
    resolver_free_when_idle(resolver);
}
