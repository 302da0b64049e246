/* claims.h: what somebody who only asks can know about who was goose when, and what of it cannot be.
 *
 * An answer "goose" was true at one instant between the sending of its question and its receipt. A node is goose in one
 * term without a break. So a claim of (node, term) is known to have held from the receipt of its first such answer to
 * the sending of the last question that was so answered (to the end of the hold, where a hold was given): its span.
 *
 * It never samples a clock and never forgives: whatever it calls a conflict is one, on any machine, however slow. */
#ifndef CLAIMS_H
#define CLAIMS_H

#include <stddef.h>
#include <stdint.h>

#define CLAIMS_NODES_MAX 64

/* One answer "goose". */
struct claim_answer {
    uint64_t sent_ns;
    uint64_t received_ns;
    uint64_t term;
    uint64_t hold_ns; /* given from sent_ns on; 0: none */
};

struct claim {
    unsigned node;
    uint64_t term;
    struct claim_answer first;
    struct claim_answer last;
    /* Of the span; it begins at first.received_ns, and is empty if that is not before end_ns */
    uint64_t end_ns;
};

enum conflict_kind {
    CONFLICT_NONE,
    CONFLICT_SPANS,      /* two nodes' spans overlap */
    CONFLICT_INSIDE,     /* an answer's whole interval lies in another node's span */
    CONFLICT_SAME_TERM,  /* two nodes were goose in one term */
    CONFLICT_OLDER_TERM, /* asked after a higher term was known, and still goose in a lower one */
};

struct conflict {
    enum conflict_kind kind;
    struct claim claim; /* what the new answer made of its claim */
    struct claim other;
};

/* The claims of one node, in the order in which they began. */
struct claims_of_node {
    struct claim *claims;
    size_t count;
    size_t room;
};

struct claims {
    struct claims_of_node nodes[CLAIMS_NODES_MAX];
    uint64_t longest_hold_ns;
    uint64_t known_ns; /* until when some claim was known to hold; 0: never yet */
    uint64_t longest_gap_ns;
    size_t count;
};

/* What one answer brought. */
struct claims_news {
    int is_new;  /* the first answer of its claim */
    int is_late; /* a goose of a higher term was known before it came: no conflict, if it waited */
    /* is_new: the longest that nobody can have been goose before; 0: the very first */
    uint64_t gap_ns;
    struct conflict conflict;
};

/* The answers of one node come in the order in which they were asked for. Zero a struct claims to begin with. */
void claims_add(struct claims *claims, unsigned node, const struct claim_answer *answer,
                struct claims_news *news);
void claims_free(struct claims *claims);

const char *conflict_name(enum conflict_kind kind);

#endif
