/* loopback.h: what somebody who may can do on loopback by IPv4: hear what nodes say to each other, and speak in the name of
 * any address. Needs a network namespace of its own, or root. */
#ifndef SYSTEM_LOOPBACK_H
#define SYSTEM_LOOPBACK_H

#include "goose/wire.h"

#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOPBACK_BYTES_MAX 65507 /* the longest datagram that UDP has */
#define LOOPBACK_NODE_TTL  64    /* what nodes send has it, and what is said here has another */

/* Ports, and the bytes between them. */
struct datagram {
    uint16_t from, to, bytes;
    uint8_t sealed[GOOSE_DATAGRAM_BYTES_MAX];
};

struct disguised {
    struct iphdr ip;
    struct udphdr udp;
    uint8_t bytes[LOOPBACK_BYTES_MAX];
};

/* To hear with; datagrams of nodes only, or all. -1: errno says why not. */
int loopback_ears(bool nodes_only);
/* False: nothing, or no datagram that a node could have sent. It does not wait. */
bool loopback_hear(int ears, struct datagram *d);
/* To speak with; -1: errno says why not. */
int loopback_mouth(void);
/* Heads for the bytes that are in it already: from that host's port to 127.0.0.1's. How many bytes to send it has now. */
size_t loopback_disguise(struct disguised *d, uint32_t host, uint16_t from, uint16_t to,
                         size_t bytes);

#endif
