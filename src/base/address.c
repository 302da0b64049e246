/* address.c: see address.h. It never looks a name up. */
#include "base/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <string.h>

static const char *const not_host_port =
    "give HOST:PORT, as in 10.0.0.1:7000, node1:7000 or [fd00::1]:7000";
static const char *const bad_port = "the port is a number from 1 to 65535";
static const char *const bad_host =
    "a host has letters, digits, '-', '.' and '_', and begins with a letter or a digit";
static const char *const long_host = "a host has at most 64 characters";
static const char *const bare_ipv6 = "an IPv6 address stands in brackets, as in [fd00::1]:7000";
static const char *const bad_ipv6 =
    "in the brackets stands an IPv6 address without a scope, as in [fd00::1]:7000";
static const char *const mapped_ipv4 =
    "an IPv4 address stands without brackets, as in 10.0.0.1:7000";
static const char *const bad_ipv4 =
    "an IPv4 address is four numbers from 0 to 255, as in 10.0.0.1:7000";

/* Here a locale has no say. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Appends the port as canonical digits; false: it is none. */
static bool put_port(struct goose_address *address, const char *digits, size_t count)
{
    while (count > 1 && digits[0] == '0') {
        digits++;
        count--;
    }
    if (count == 0 || count > 5 || digits[0] == '0') return false;
    uint32_t port = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_digit(digits[i])) return false;
        port = port * 10 + (uint32_t)(digits[i] - '0');
    }
    if (port > 65535) return false;
    address->chars[address->bytes++] = ':';
    memcpy(address->chars + address->bytes, digits, count);
    address->bytes = (uint8_t)(address->bytes + count);
    return true;
}

/* inet_ntop() writes RFC 5952: lower case, no leading zeros, the longest run of zeros folded. */
static const char *put_ipv6(struct goose_address *address, const char *at, size_t count)
{
    char text[INET6_ADDRSTRLEN] = "";
    struct in6_addr binary;

    if (count >= sizeof text) return bad_ipv6;
    memcpy(text, at, count);
    if (inet_pton(AF_INET6, text, &binary) != 1) return bad_ipv6;
    if (IN6_IS_ADDR_V4MAPPED(&binary)) return mapped_ipv4;
    if (inet_ntop(AF_INET6, &binary, text, sizeof text) == NULL) return bad_ipv6;
    size_t bytes = strlen(text);
    address->chars[0] = '[';
    memcpy(address->chars + 1, text, bytes);
    address->chars[1 + bytes] = ']';
    address->bytes = (uint8_t)(bytes + 2);
    return NULL;
}

/* Resolvers read a host whose last part begins with a digit and is a number (127.1, 1.2.3.0x7f) as
 * an IPv4 address, each in its own way: so only four decimal numbers pass. */
static bool ends_in_number(const char *host, size_t bytes)
{
    size_t from = bytes;

    while (from > 0 && host[from - 1] != '.')
        from--;
    bool hex = bytes - from >= 2 && host[from] == '0' && host[from + 1] == 'x';
    for (size_t i = hex ? from + 2 : from; i < bytes; i++)
        if (!is_digit(host[i]) && !(hex && host[i] >= 'a' && host[i] <= 'f')) return false;
    return from < bytes;
}

static bool is_ipv4(const char *host, size_t bytes)
{
    char text[INET_ADDRSTRLEN] = "";
    struct in_addr binary;

    if (bytes >= sizeof text) return false;
    memcpy(text, host, bytes);
    return inet_pton(AF_INET, text, &binary) == 1;
}

/* What the user meant by a colon in a host. */
static bool looks_like_ipv6(const char *host, size_t bytes)
{
    bool colon = false;

    for (size_t i = 0; i < bytes; i++) {
        char c = lower(host[i]);
        colon = colon || c == ':';
        if (!is_digit(c) && !(c >= 'a' && c <= 'f') && c != ':' && c != '.') return false;
    }
    return colon;
}

static const char *put_name(struct goose_address *address, const char *at, size_t count)
{
    if (looks_like_ipv6(at, count)) return bare_ipv6;
    if (count > 0 && at[0] == '[') return bad_ipv6; /* "[::]." is no name, whatever is cut off it */
    if (count > 1 && at[count - 1] == '.') count--;
    if (count > GOOSE_HOST_CHARS_MAX) return long_host;
    for (size_t i = 0; i < count; i++) {
        if (at[i] == '.' && i > 0 && at[i - 1] == '.') return bad_host;
        address->chars[i] = lower(at[i]);
    }
    address->bytes = (uint8_t)count;
    if (ends_in_number(address->chars, count) && !is_ipv4(address->chars, count)) return bad_ipv4;
    return NULL;
}

const char *address_from_user(struct goose_address *address, const char *spelling, size_t bytes)
{
    struct goose_address made = {0};
    size_t colon = bytes;

    memset(address, 0, sizeof *address);
    while (colon > 0 && spelling[colon - 1] != ':')
        colon--;
    /* A colon inside brackets is no port's. */
    if (colon < 2 || memchr(spelling + colon, ']', bytes - colon) != NULL) return not_host_port;
    size_t host = colon - 1;
    bool bracketed = spelling[0] == '[' && spelling[host - 1] == ']';
    const char *wrong =
        bracketed ? put_ipv6(&made, spelling + 1, host - 2) : put_name(&made, spelling, host);
    if (wrong != NULL) return wrong;
    if (!put_port(&made, spelling + colon, bytes - colon)) return bad_port;
    return goose_address_keep(address, goose_address_text(&made)) ? NULL : bad_host;
}

/* Where the host ends. */
static uint8_t host_bytes(const struct goose_address *address)
{
    uint8_t bytes = address->bytes;

    assert(goose_address_is_canonical(goose_address_text(address)));
    while (address->chars[bytes - 1] != ':')
        bytes--;
    return (uint8_t)(bytes - 1);
}

uint16_t address_port(const struct goose_address *address)
{
    uint32_t port = 0;

    for (size_t i = host_bytes(address) + 1u; i < address->bytes; i++)
        port = port * 10 + (uint32_t)(address->chars[i] - '0');
    return (uint16_t)port;
}

struct goose_text address_host(const struct goose_address *address)
{
    return (struct goose_text){address->chars, host_bytes(address)};
}

bool address_same(const struct goose_address *a, const struct goose_address *b)
{
    return goose_text_equal(goose_address_text(a), goose_address_text(b));
}

static bool host_is(const struct goose_address *address, const char *host)
{
    struct goose_text own = address_host(address);

    return own.bytes == strlen(host) && memcmp(own.at, host, own.bytes) == 0;
}

unsigned address_version(const struct goose_address *address)
{
    struct goose_text host = address_host(address);

    if (host.at[0] == '[') return 6;
    return is_ipv4(host.at, host.bytes) ? 4 : 0;
}

bool address_is_wildcard(const struct goose_address *address)
{
    return host_is(address, "0.0.0.0") || host_is(address, "[::]");
}

/* RFC 6761 6.3: localhost, and every name that ends in it, is this machine. */
bool address_is_loopback(const struct goose_address *address)
{
    static const char name[] = ".localhost";
    const size_t name_bytes = sizeof name - 1;
    struct goose_text host = address_host(address);

    if (host_is(address, "[::1]") || host_is(address, "localhost")) return true;
    if (is_ipv4(host.at, host.bytes)) return memcmp(host.at, "127.", 4) == 0;
    return host.bytes > name_bytes &&
           memcmp(host.at + host.bytes - name_bytes, name, name_bytes) == 0;
}
