/* udp.h: the socket of the election: seals and sends, receives and opens, finds addresses. It knows messages as bytes
 * only. Errors of a send are losses, never errors. */
#ifndef NET_UDP_H
#define NET_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/log.h"
#include "goose/election.h"
#include "net/resolver.h"
#include "net/seal.h"
#include "net/senders.h"

#define UDP_NAMES_MAX \
    96 /* addresses under look-up or kept: seats, --peers, --join and a few more */

enum udp_drop {
    UDP_DROP_FORGED,
    UDP_DROP_FOREIGN, /* of a flock of another name */
    UDP_DROP_OTHER_SEAL,
    UDP_DROP_TRUNCATED,
    UDP_DROP_FAULT, /* a drill asked for it */
    UDP_DROPS
};

enum udp_share { UDP_NOTHING, UDP_SOME, UDP_ALL };

struct udp_counts {
    uint64_t received;
    uint64_t sent;
    uint64_t send_failed;
    uint64_t unresolved; /* not sent: no address that the socket reaches is known */
    uint64_t dropped[UDP_DROPS];
    struct senders forged_by; /* under none of my keys; or one of us has none */
    struct senders foreign_by;
};

/* What a drill does to the datagrams between here and a named address. */
struct udp_faults {
    size_t count;
    struct {
        struct goose_address address;
        bool drop_from;
        bool drop_to;
    } of[UDP_NAMES_MAX];
    uint64_t delay_ms;
    bool silent; /* nothing goes in or out */
};

typedef void udp_received(void *to, const uint8_t *message, size_t bytes,
                          const struct goose_endpoint *from);

struct udp;

/* The seal stays the caller's, who may change its keys at any time. */
struct udp *udp_new(uv_loop_t *loop, const struct seal *seal, struct log *log,
                    udp_received *received, void *to);
/* 0, or an error of libuv; after an error it may be tried again. */
int udp_listen(struct udp *udp, const union socket_address *address);
/* Is this where I send from? With a wildcard, any address of this machine and my port. */
bool udp_is_own(const struct udp *udp, const struct goose_endpoint *endpoint);
/* How much of what this address means is such a place; nothing, as long as it is not known. */
enum udp_share udp_own_share(struct udp *udp, struct goose_text address);
/* What udp_send() would put on the wire, and where to, for somebody else to send. `datagram` holds the message, and has room
 * for GOOSE_DATAGRAM_BYTES_MAX. 0: no address is known. */
size_t udp_seal(struct udp *udp, const struct goose_send *send, uint8_t *datagram, size_t bytes,
                union socket_address *to);
int udp_descriptor(const struct udp *udp); /* of a socket that listens */
void udp_send(struct udp *udp, const struct goose_send *send, const uint8_t *message, size_t bytes);
const struct udp_counts *udp_counts(const struct udp *udp);
/* The addresses that it sends to. */
const struct resolver *udp_names(const struct udp *udp);
void udp_set_faults(struct udp *udp, const struct udp_faults *faults);
/* Frees it once its handles are closed by the loop. */
void udp_close(struct udp *udp);

void endpoint_from_sockaddr(struct goose_endpoint *endpoint, const struct sockaddr *address);
void endpoint_to_text(const struct goose_endpoint *endpoint, char *text, size_t bytes);
/* False: no address that can be sent to. */
bool endpoint_to_sockaddr(const struct goose_endpoint *endpoint, union socket_address *address);

#endif
