/* address.h: from the way somebody writes HOST:PORT to the one spelling that all nodes compare.
 * What a name resolves to is names.h's business. */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "goose/roster.h"

/* Lower case, no trailing dot, IPv6 in its shortest form, port without leading zeros. NULL: done;
 * else what is wrong with it and what would be right, in words, and `address` is empty. */
const char *address_from_user(struct goose_address *address, const char *spelling, size_t bytes);

/* Of canonical addresses. */
uint16_t address_port(const struct goose_address *address);
struct goose_text address_host(const struct goose_address *address); /* IPv6 with its brackets */
bool address_same(const struct goose_address *a, const struct goose_address *b);
/* Of IP: 4 or 6; 0: a name, of either */
unsigned address_version(const struct goose_address *address);
/* 0.0.0.0 or [::]: any of my addresses */
bool address_is_wildcard(const struct goose_address *address);
/* 127.x.y.z, [::1], localhost and names below it */
bool address_is_loopback(const struct goose_address *address);

#endif
