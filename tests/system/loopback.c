/* loopback.c: see loopback.h. */
#include "loopback.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#define ROOM    (4 << 20)
#define OWN_TTL (LOOPBACK_NODE_TTL - 1)

/* By the half-word in which time to live and protocol stand. */
static int listen_to_nodes(int fd)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct iphdr, ttl)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LOOPBACK_NODE_TTL << 8 | IPPROTO_UDP, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX), BPF_STMT(BPF_RET | BPF_K, 0)};
    const struct sock_fprog program = {sizeof code / sizeof *code, code};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

int loopback_ears(bool nodes_only)
{
    struct sockaddr_ll lo = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(ETH_P_IP),
                             .sll_ifindex = (int)if_nametoindex("lo")};
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0), room = ROOM, on = 1;

    /* What leaves by loopback comes in by it too: once is enough. */
    if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) != 0 ||
        (nodes_only && listen_to_nodes(fd) != 0) ||
        bind(fd, (struct sockaddr *)&lo, sizeof lo) != 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    return fd;
}

/* An IPv4 packet without options; whatever else there is on loopback is no datagram of a node. */
static bool take(const uint8_t *packet, size_t count, struct datagram *d)
{
    struct udphdr udp;

    if (count < sizeof(struct iphdr) + sizeof udp || packet[0] != 0x45 || packet[9] != IPPROTO_UDP)
        return false;
    memcpy(&udp, packet + sizeof(struct iphdr), sizeof udp);
    size_t bytes = count - sizeof(struct iphdr) - sizeof udp;
    if (bytes > sizeof d->sealed) return false;
    d->from = ntohs(udp.source);
    d->to = ntohs(udp.dest);
    d->bytes = (uint16_t)bytes;
    memcpy(d->sealed, packet + sizeof(struct iphdr) + sizeof udp, bytes);
    return true;
}

bool loopback_hear(int ears, struct datagram *d)
{
    uint8_t packet[2048];
    ssize_t bytes = recv(ears, packet, sizeof packet, MSG_DONTWAIT);

    return bytes > 0 && take(packet, (size_t)bytes, d);
}

int loopback_mouth(void)
{
    return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
}

size_t loopback_disguise(struct disguised *d, uint32_t host, uint16_t from, uint16_t to,
                         size_t bytes)
{
    size_t heads = offsetof(struct disguised, bytes);

    d->ip = (struct iphdr){.version = 4,
                           .ihl = sizeof d->ip / 4,
                           .ttl = OWN_TTL,
                           .protocol = IPPROTO_UDP,
                           .saddr = htonl(host),
                           .daddr = htonl(INADDR_LOOPBACK)};
    d->udp = (struct udphdr){
        .source = htons(from), .dest = htons(to), .len = htons((uint16_t)(sizeof d->udp + bytes))};
    return heads + bytes;
}
