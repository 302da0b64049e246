/* address.h: from the way somebody writes HOST:PORT to the one spelling that all nodes compare.
 * What a name resolves to is names.h's business. */
#ifndef DAEMON_ADDRESS_H
#define DAEMON_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "goose/roster.h"

/* Lower case, no trailing dot, IPv6 in its shortest form, port without leading zeros. NULL: done;
 * else what is wrong with it and what would be right, in words, and `address` is empty. */
const char *address_from_user(struct address *address, const char *spelling, size_t bytes);

/* Of canonical addresses. */
uint16_t address_port(const struct address *address);
struct text address_host(const struct address *address); /* IPv6 with its brackets */
bool address_same(const struct address *a, const struct address *b);
unsigned address_version(const struct address *address); /* of IP: 4 or 6; 0: a name, of either */
bool address_is_wildcard(const struct address *address); /* 0.0.0.0 or [::]: any of my addresses */
bool address_is_loopback(
    const struct address *address); /* 127.x.y.z, [::1], localhost and names below it */

#endif
