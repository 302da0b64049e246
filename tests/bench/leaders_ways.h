/* leaders_ways.h: how each system is asked whether a node leads, and what its answer means. */
#ifndef LEADERS_WAYS_H
#define LEADERS_WAYS_H

#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum answer { ANSWER_PART, ANSWER_NO, ANSWER_YES };

/* `ends`: the server closes behind each answer. Without a question it is the kernel that is asked, below. */
struct way {
    const char *name;
    const char *question;
    enum answer (*judge)(const char *text, size_t bytes, bool at_end);
    bool ends;
};

/* Or NULL. */
const struct way *way_named(const char *name);

enum heard { HEARD_NOTHING, HEARD_NO, HEARD_YES, HEARD_LOST };

/* To one node, and one question at a time on it. Never blocks. */
struct line {
    const struct way *way;
    const char *name; /* ADDRESS:PORT, or the path of a network namespace */
    struct sockaddr_in to;
    struct in_addr vip;
    int fd;
    bool asked;
    uint64_t sent;     /* the last question: no later than this */
    uint64_t received; /* the last answer: no earlier */
    size_t used;
    char bytes[16384];
};

void line_init(struct line *l, const struct way *way, const char *name, struct in_addr vip);
/* Asks, unless an answer is due; calls first where that is needed. */
enum heard line_ask(struct line *l);
struct pollfd line_waits_for(const struct line *l);
/* When that has come. */
enum heard line_ready(struct line *l);

uint64_t leaders_now_ns(void);
_Noreturn void leaders_give_up(const char *what, const char *which);

#endif
