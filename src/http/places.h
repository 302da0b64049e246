/* places.h: where clients come from, as a small number: an IPv4 address, or a network of 64 bits of IPv6, as one has all of
 * its addresses. Two may share a number, by a chance that nobody can choose. */
#ifndef HTTP_PLACES_H
#define HTTP_PLACES_H

#include <stdint.h>
#include <sys/socket.h>

#define PLACES 1024

/* `key` is drawn once, and kept from all. */
uint64_t places_key(void);
uint16_t place_of(uint64_t key, const struct sockaddr_storage *peer);

#endif
