/* access.h: who may ask for what. */
#ifndef HTTP_ACCESS_H
#define HTTP_ACCESS_H

#include "http/exchange.h"
#include "http/server.h"

#define HOST_BYTES_MAX 256

struct access {
    char token[HTTP_TOKEN_BYTES_MAX];
    size_t token_bytes;        /* 0: none is set */
    char self[HOST_BYTES_MAX]; /* hosts, without brackets and port; "": none */
    char bind[HOST_BYTES_MAX];
};

/* From "HOST:PORT", "HOST", "[IPv6]:PORT". */
void access_name(char *host, size_t host_bytes, const char *address);
bool access_set_token(struct access *access, const char *token);

/* Whether the two ends of a connection are one machine's: the client is at a loopback address, or at
 * the very address that it connected to. */
bool access_is_local(const struct sockaddr *peer, const struct sockaddr *own);

/* Whether this user is the node's own, or root. */
bool access_is_owner(unsigned uid);

/* What a request has to have. */
#define ACCESS_HOST  1U /* a Host that is this node's */
#define ACCESS_PAGE  2U /* no page of another site behind it */
#define ACCESS_RIGHT 4U /* the right token, or where none is set, a client on this machine */

/* Why this request is refused, or NULL. */
const struct problem *access_refusal(const struct exchange *exchange, unsigned needs);

#endif
