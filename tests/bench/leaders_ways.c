/* leaders_ways.c: see leaders_ways.h. */
#include "leaders_ways.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

uint64_t leaders_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

_Noreturn void leaders_give_up(const char *what, const char *which)
{
    fprintf(stderr, "leaders: %s %s\n", what, which);
    exit(2);
}

/* The body of a whole answer, or NULL. */
static const char *http_body(const char *text, size_t bytes)
{
    const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "\r\nContent-Length:");
    if (end == NULL) return NULL;
    if (length == NULL || length > end) leaders_give_up("an answer without a length:", text);
    size_t body = strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
    return (size_t)(text + bytes - (end + 4)) >= body ? end + 4 : NULL;
}

static enum answer yes_if(bool yes)
{
    return yes ? ANSWER_YES : ANSWER_NO;
}

static enum answer judge_goosed(const char *text, size_t bytes, bool at_end)
{
    const char *body = http_body(text, bytes);
    (void)at_end;
    return body == NULL ? ANSWER_PART : yes_if(strncmp(body, "goose\n", 6) == 0);
}

static uint64_t json_number(const char *body, const char *key)
{
    const char *found = strstr(body, key);
    return found == NULL ? 0 : strtoull(found + strlen(key), NULL, 10);
}

static enum answer judge_etcd(const char *text, size_t bytes, bool at_end)
{
    const char *body = http_body(text, bytes);
    (void)at_end;
    if (body == NULL) return ANSWER_PART;
    uint64_t me = json_number(body, "\"member_id\":\"");
    return yes_if(me != 0 && me == json_number(body, "\"leader\":\""));
}

static enum answer judge_zookeeper(const char *text, size_t bytes, bool at_end)
{
    (void)bytes;
    return at_end ? yes_if(strstr(text, "\nMode: leader") != NULL) : ANSWER_PART;
}

static enum answer judge_redis(const char *text, size_t bytes, bool at_end)
{
    const char *body = strstr(text, "\r\n");
    (void)at_end;
    if (body == NULL) return ANSWER_PART;
    if (*text != '$') return ANSWER_NO; /* an error: it loads, say */
    if ((size_t)(text + bytes - body) < strtoul(text + 1, NULL, 10) + 4) return ANSWER_PART;
    return yes_if(strstr(body, "\nrole:master") != NULL);
}

static const struct way ways[] = {
    {"goosed", "GET /status HTTP/1.1\r\nHost: bench\r\n\r\n", judge_goosed, false},
    {"etcd", "POST /v3/maintenance/status HTTP/1.1\r\nHost: bench\r\nContent-Length: 2\r\n\r\n{}",
     judge_etcd, false},
    {"zookeeper", "srvr", judge_zookeeper, true},
    {"redis", "INFO replication\r\n", judge_redis, false},
    {"vip", NULL, NULL, false},
};

const struct way *way_named(const char *name)
{
    for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++)
        if (strcmp(name, ways[i].name) == 0) return &ways[i];
    return NULL;
}

/* A socket of another network namespace stays there. */
static int netlink_in(const char *path)
{
    int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC),
        there = open(path, O_RDONLY | O_CLOEXEC);
    if (home < 0 || there < 0 || setns(there, CLONE_NEWNET) != 0)
        leaders_give_up("not a network namespace:", path);
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0 || setns(home, CLONE_NEWNET) != 0) leaders_give_up("no netlink in", path);
    close(home);
    close(there);
    return fd;
}

static bool is_of(struct nlmsghdr *message, struct in_addr vip)
{
    struct ifaddrmsg *body = NLMSG_DATA(message);
    const char *at = (const char *)body + NLMSG_ALIGN(sizeof *body);
    const char *end = at + IFA_PAYLOAD(message);
    struct rtattr attribute;
    for (; at + sizeof attribute <= end; at += RTA_ALIGN(attribute.rta_len)) {
        memcpy(&attribute, at, sizeof attribute);
        if (attribute.rta_type == IFA_LOCAL && memcmp(at + sizeof attribute, &vip, sizeof vip) == 0)
            return true;
        if (attribute.rta_len < sizeof attribute) break;
    }
    return false;
}

/* The kernel answers at once: no other process has a part in it. */
static enum heard ask_kernel(struct line *l)
{
    struct {
        struct nlmsghdr head;
        struct ifaddrmsg body;
    } question = {.head = {.nlmsg_len = sizeof question,
                           .nlmsg_type = RTM_GETADDR,
                           .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
                  .body = {.ifa_family = AF_INET}};
    bool found = false, more = true;

    l->sent = leaders_now_ns();
    if (send(l->fd, &question, sizeof question, 0) < 0) leaders_give_up("no answer of", l->name);
    while (more) {
        ssize_t count = recv(l->fd, l->bytes, sizeof l->bytes, 0);
        if (count <= 0) leaders_give_up("no answer of", l->name);
        char *at = (char *)l->bytes, *end = at + count;
        for (struct nlmsghdr *m; end - at >= (ssize_t)sizeof *m; at += NLMSG_ALIGN(m->nlmsg_len)) {
            m = (struct nlmsghdr *)(void *)at;
            if (!NLMSG_OK(m, (size_t)(end - at))) break;
            if (m->nlmsg_type == NLMSG_DONE || m->nlmsg_type == NLMSG_ERROR) more = false;
            if (m->nlmsg_type == RTM_NEWADDR && is_of(m, l->vip)) found = true;
        }
    }
    l->received = leaders_now_ns();
    return found ? HEARD_YES : HEARD_NO;
}

/* ---- lines ---- */

void line_init(struct line *l, const struct way *way, const char *name, struct in_addr vip)
{
    char address[INET_ADDRSTRLEN];

    *l = (struct line){.way = way, .name = name, .vip = vip, .fd = -1};
    if (way->question == NULL) {
        l->fd = netlink_in(name);
        return;
    }
    const char *colon = strchr(name, ':');
    if (colon == NULL || (size_t)(colon - name) >= sizeof address)
        leaders_give_up("not IPV4:PORT:", name);
    memcpy(address, name, (size_t)(colon - name));
    address[colon - name] = '\0';
    unsigned long port = strtoul(colon + 1, NULL, 10);
    l->to.sin_family = AF_INET;
    l->to.sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, address, &l->to.sin_addr) != 1 || port == 0 || port > UINT16_MAX)
        leaders_give_up("not IPV4:PORT:", name);
}

static enum heard lost(struct line *l)
{
    if (l->fd >= 0) close(l->fd);
    l->fd = -1;
    l->asked = false;
    return HEARD_LOST;
}

static enum heard call(struct line *l)
{
    int yes = 1;
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0) leaders_give_up("no socket for", l->name);
    (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(l->fd, (const struct sockaddr *)&l->to, sizeof l->to) == 0 || errno == EINPROGRESS)
        return HEARD_NOTHING;
    return lost(l);
}

enum heard line_ask(struct line *l)
{
    size_t bytes = l->way->question == NULL ? 0 : strlen(l->way->question);

    if (bytes == 0) return ask_kernel(l);
    if (l->asked) return HEARD_NOTHING;
    if (l->fd < 0 && call(l) == HEARD_LOST) return HEARD_LOST;
    l->used = 0;
    /* Read before the question can have left: a late clock would make spans too long. */
    l->sent = leaders_now_ns();
    ssize_t sent = send(l->fd, l->way->question, bytes, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return HEARD_NOTHING; /* the connection is being made */
    l->asked = sent == (ssize_t)bytes;
    return l->asked ? HEARD_NOTHING : lost(l);
}

static enum heard hear(struct line *l)
{
    ssize_t bytes = recv(l->fd, l->bytes + l->used, sizeof l->bytes - 1 - l->used, 0);
    if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) return HEARD_NOTHING;
    bool at_end = bytes == 0;
    if (bytes < 0 || (at_end && (l->used == 0 || !l->way->ends))) return lost(l);
    l->received = leaders_now_ns();
    l->used += (size_t)bytes;
    l->bytes[l->used] = '\0';
    enum answer answer = l->way->judge(l->bytes, l->used, at_end);
    if (answer == ANSWER_PART) return HEARD_NOTHING;
    l->asked = false;
    if (at_end) (void)lost(l);
    return answer == ANSWER_YES ? HEARD_YES : HEARD_NO;
}

struct pollfd line_waits_for(const struct line *l)
{
    bool calls = l->way->question != NULL && l->fd >= 0 && !l->asked && l->used == 0;
    return (struct pollfd){.fd = l->asked || calls ? l->fd : -1,
                           .events = calls ? POLLOUT : POLLIN};
}

enum heard line_ready(struct line *l)
{
    return l->asked ? hear(l) : line_ask(l);
}
