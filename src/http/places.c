/* places.c: see places.h. */
#include "http/places.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>

uint64_t places_key(void)
{
    uint64_t key = 0;
    /* Without it the numbers can be foreseen, and are right all the same. */
    (void)!getrandom(&key, sizeof(key), 0);
    return key | 1;
}

/* The upper half of IPv6; of IPv4, also where it comes mapped, all of it. A kind without addresses is one place. */
static uint64_t network_of(const struct sockaddr_storage *peer)
{
    uint64_t network = 0;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    memcpy(&in, peer, sizeof(in));
    memcpy(&in6, peer, sizeof(in6));
    if (peer->ss_family == AF_INET) return in.sin_addr.s_addr;
    if (peer->ss_family != AF_INET6) return 0;
    if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
        memcpy(&network, in6.sin6_addr.s6_addr + 12, 4);
    else
        memcpy(&network, in6.sin6_addr.s6_addr, sizeof(network));
    return network;
}

uint16_t place_of(uint64_t key, const struct sockaddr_storage *peer)
{
    return (uint16_t)(network_of(peer) * key >> 54);
}

_Static_assert(UINT64_MAX >> 54 < PLACES, "ten bits");
