/* access.c: who may ask for what. A browser that some page has talked into it may change nothing and
 * hold nothing open (Sec-Fetch-Site, Origin), and reads nothing for a page that turned its own name
 * on this node (Host); and a stranger may change nothing (token, or this machine). It must never
 * look at anything that a client could choose in order to seem near: no forwarded-for field. */
#include "http/access.h"

#include <stdio.h>
#include <unistd.h>

#include <uv.h>

#define NOBODY 65534U

static const struct problem foreign_host = {
    403, "the Host field names neither this node, nor an IP address, nor localhost",
    "a page could have turned its name on this node; use the name of --self, --bind or --http, an "
    "IP address or localhost, or send the token of --http-token-file"};
static const struct problem foreign_origin = {
    403, "a page of another origin asks for this",
    "ask from the node's own page, or without an Origin field"};
static const struct problem foreign_site = {
    403, "a page of another site asks, by Sec-Fetch-Site",
    "it could do so without its reader's will; open the node's own page, or ask with curl"};
static const struct problem no_token = {
    401, "a change here needs the right token",
    "send Authorization: Bearer and the token of --http-token-file"};
static const struct problem not_local = {403,
                                         "without a token a change must come from this machine",
                                         "ask on the node's machine (from loopback, or from the "
                                         "address that is asked), or set --http-token-file "
                                         "and send its token"};
static const struct problem not_owner = {
    403, "over this socket only root and the node's own user may change something",
    "ask as one of them, or set --http-token-file and send its token"};

/* "name:80", "1.2.3.4", "[::1]:80" -> the host alone. False: no such thing. */
static bool host_of(struct span authority, struct span *host, bool *bracketed)
{
    *bracketed = authority.bytes > 0 && authority.at[0] == '[';
    const char *end = *bracketed ? memchr(authority.at, ']', authority.bytes)
                                 : memchr(authority.at, ':', authority.bytes);
    if (*bracketed && end == NULL) return false;
    *host = authority;
    if (end != NULL) host->bytes = (size_t)(end - authority.at);
    struct span port = {host->at + host->bytes, authority.bytes - host->bytes};
    if (*bracketed) {
        *host = (struct span){host->at + 1, host->bytes - 1};
        port = (struct span){port.at + 1, port.bytes - 1};
    }
    if (port.bytes > 0 && port.at[0] != ':') return false;
    for (size_t i = 1; i < port.bytes; i++)
        if (port.at[i] < '0' || port.at[i] > '9') return false;
    return host->bytes > 0;
}

static bool is_literal(struct span host, bool bracketed)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char address[sizeof(struct in6_addr)];
    if (host.bytes >= sizeof(text)) return false;
    memcpy(text, host.at, host.bytes);
    text[host.bytes] = '\0';
    return uv_inet_pton(bracketed ? AF_INET6 : AF_INET, text, address) == 0;
}

/* The port is not compared: a forwarded port is another one. A name is what a stranger's page could
 * turn on this node (DNS rebinding), and then it is that page's name that stands here. An IP address
 * or localhost is looked up nowhere that a stranger has a say: whoever asks by it means it. */
static bool host_is_own(const struct access *access, struct span authority)
{
    struct span host;
    bool bracketed;
    if (!host_of(authority, &host, &bracketed)) return false;
    if (is_literal(host, bracketed)) return true;
    if (bracketed) return false;
    if (host.at[host.bytes - 1] == '.') host.bytes--;
    if (host.bytes == 0) return false;
    return span_is_caseless(host, span_of("localhost")) ||
           span_is_caseless(host, span_of(access->self)) ||
           span_is_caseless(host, span_of(access->bind));
}

/* A page is the node's own if it came from the very host and port that it asks now. */
static bool origin_is_own(struct span origin, struct span host)
{
    size_t scheme_bytes = span_starts_caseless(origin, "http://")    ? 7
                          : span_starts_caseless(origin, "https://") ? 8
                                                                     : 0;
    if (scheme_bytes == 0 || host.at == NULL) return false;
    return span_is_caseless((struct span){origin.at + scheme_bytes, origin.bytes - scheme_bytes},
                            host);
}

/* As long for a wrong token as for the right one; only the length of what was sent shows. */
static bool token_is_right(const struct access *access, struct span sent)
{
    volatile unsigned char differs = sent.bytes != access->token_bytes;
    for (size_t i = 0; i < sent.bytes; i++) {
        char right = access->token[i % access->token_bytes];
        differs = (unsigned char)(differs | (unsigned char)(sent.at[i] ^ right));
    }
    return differs == 0;
}

static bool shows_token(const struct exchange *exchange)
{
    static const char scheme[] = "bearer ";
    struct span field = exchange->authorization;
    if (field.at == NULL || !span_starts_caseless(field, scheme)) return false;
    struct span sent = {field.at + sizeof(scheme) - 1, field.bytes - (sizeof(scheme) - 1)};
    return token_is_right(exchange->access, span_trim(sent));
}

/* Only HTTP/1.0 may come without a Host, and no browser speaks it. */
static bool host_is_foreign(const struct exchange *exchange)
{
    return exchange->host.at != NULL && !host_is_own(exchange->access, exchange->host);
}

static bool origin_is_foreign(const struct exchange *exchange)
{
    return exchange->origin.at != NULL && !origin_is_own(exchange->origin, exchange->host);
}

/* The right token opens all: browsers send no token by themselves, and a page of another site can put
 * it neither into a request (that takes a leave which this server never gives) nor know it. So it
 * works behind a proxy or a service name, whatever these make of Host. */
const struct problem *access_refusal(const struct exchange *exchange, unsigned needs)
{
    bool has_token = exchange->access->token_bytes > 0;
    if (has_token && shows_token(exchange)) return NULL;
    if ((needs & ACCESS_HOST) != 0 && host_is_foreign(exchange)) return &foreign_host;
    if ((needs & ACCESS_PAGE) != 0 && exchange->cross_site) return &foreign_site;
    if ((needs & ACCESS_PAGE) != 0 && origin_is_foreign(exchange)) return &foreign_origin;
    bool asked = has_token && !exchange->by_socket;
    if ((needs & ACCESS_RIGHT) == 0 || (!asked && exchange->local)) return NULL;
    return has_token ? &no_token : exchange->by_socket ? &not_owner : &not_local;
}

/* A user that this user namespace does not know shows as nobody, and so does everybody else of them. */
bool access_is_owner(unsigned uid)
{
    return uid == 0 || (uid == geteuid() && uid != NOBODY);
}

/* An IPv4 address on an IPv6 socket looks like ::ffff:127.0.0.1. */
static bool v6_is_loopback(const struct in6_addr *address)
{
    return IN6_IS_ADDR_LOOPBACK(address) ||
           (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127);
}

bool access_is_local(const struct sockaddr *peer, const struct sockaddr *own)
{
    struct sockaddr_in peer4, own4;
    struct sockaddr_in6 peer6, own6;
    if (peer->sa_family != own->sa_family) return false;
    if (peer->sa_family == AF_INET) {
        memcpy(&peer4, peer, sizeof(peer4));
        memcpy(&own4, own, sizeof(own4));
        return ntohl(peer4.sin_addr.s_addr) >> 24 == 127 ||
               peer4.sin_addr.s_addr == own4.sin_addr.s_addr;
    }
    if (peer->sa_family != AF_INET6) return false;
    memcpy(&peer6, peer, sizeof(peer6));
    memcpy(&own6, own, sizeof(own6));
    return v6_is_loopback(&peer6.sin6_addr) ||
           IN6_ARE_ADDR_EQUAL(&peer6.sin6_addr, &own6.sin6_addr);
}

void access_name(char *host, size_t host_bytes, const char *address)
{
    struct span name;
    bool bracketed;
    host[0] = '\0';
    if (address == NULL || !host_of(span_of(address), &name, &bracketed)) return;
    if (name.at[name.bytes - 1] == '.') name.bytes--;
    if (name.bytes >= host_bytes) return;
    memcpy(host, name.at, name.bytes);
    host[name.bytes] = '\0';
}

bool access_set_token(struct access *access, const char *token)
{
    size_t bytes = token == NULL ? 0 : strlen(token);
    if (bytes > sizeof(access->token)) return false;
    if (bytes > 0) memcpy(access->token, token, bytes);
    access->token_bytes = bytes;
    return true;
}
