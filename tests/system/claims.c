/* claims.c: spans of claims, and the ways in which two of them cannot both be true. */
#include "claims.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static bool has_span(const struct claim *claim)
{
    return claim->first.received_ns < claim->end_ns;
}

static bool spans_overlap(const struct claim *a, const struct claim *b)
{
    return has_span(a) && has_span(b) && a->first.received_ns < b->end_ns &&
           b->first.received_ns < a->end_ns;
}

static bool is_inside(const struct claim_answer *answer, const struct claim *claim)
{
    return has_span(claim) && claim->first.received_ns <= answer->sent_ns &&
           answer->received_ns <= claim->end_ns;
}

/* Of the answers of a claim only the first and the last need a look: any other lies in its claim's own span, so inside
 * another span it would make the two overlap. */
static bool answers_inside(const struct claim *a, const struct claim *b)
{
    return is_inside(&a->first, b) || is_inside(&a->last, b);
}

static enum conflict_kind compare(const struct claim *a, const struct claim *b)
{
    if (a->term == b->term) return CONFLICT_SAME_TERM;
    if (spans_overlap(a, b)) return CONFLICT_SPANS;
    if (answers_inside(a, b) || answers_inside(b, a)) return CONFLICT_INSIDE;
    if (a->term < b->term && b->first.received_ns < a->last.sent_ns) return CONFLICT_OLDER_TERM;
    if (b->term < a->term && a->first.received_ns < b->last.sent_ns) return CONFLICT_OLDER_TERM;
    return CONFLICT_NONE;
}

/* The claim that this answer belongs to: the node's newest, or a new one. */
static struct claim *claim_of(struct claims *claims, unsigned node,
                              const struct claim_answer *answer)
{
    struct claims_of_node *own = &claims->nodes[node];
    if (own->count > 0 && own->claims[own->count - 1].term == answer->term)
        return &own->claims[own->count - 1];
    if (own->count == own->room) {
        own->room = own->room == 0 ? 16 : own->room * 2;
        own->claims = realloc(own->claims, own->room * sizeof *own->claims);
        if (own->claims == NULL) {
            perror("claims");
            exit(EXIT_FAILURE);
        }
    }
    struct claim *claim = &own->claims[own->count++];
    *claim = (struct claim){.node = node, .term = answer->term, .first = *answer};
    claims->count++;
    return claim;
}

/* The node's own earlier claims: terms only go up. */
static void compare_with_own(const struct claims_of_node *own, struct claims_news *news)
{
    if (own->count < 2) return;
    const struct claim *claim = &own->claims[own->count - 1];
    const struct claim *before = claim - 1;
    if (before->term < claim->term) return;
    news->conflict = (struct conflict){CONFLICT_OLDER_TERM, *claim, *before};
}

/* Newest first, back to those that were over before this claim was first known: each node's claims end in the order in
 * which they began, but for holds. Of these only one more is looked at, for the terms. */
static void compare_with_others(const struct claims *claims, const struct claim *claim,
                                struct claims_news *news)
{
    for (unsigned node = 0; node < CLAIMS_NODES_MAX; node++) {
        const struct claims_of_node *others = &claims->nodes[node];
        if (node == claim->node) continue;
        for (size_t i = others->count; i-- > 0;) {
            const struct claim *other = &others->claims[i];
            enum conflict_kind kind = compare(claim, other);
            if (kind != CONFLICT_NONE) {
                news->conflict = (struct conflict){kind, *claim, *other};
                return;
            }
            if (other->last.received_ns + claims->longest_hold_ns < claim->first.sent_ns) break;
        }
    }
}

static bool is_late(const struct claims *claims, const struct claim *claim)
{
    for (unsigned node = 0; node < CLAIMS_NODES_MAX; node++) {
        const struct claims_of_node *others = &claims->nodes[node];
        if (others->count > 0 && others->claims[others->count - 1].term > claim->term) return true;
    }
    return false;
}

static void measure_gap(struct claims *claims, const struct claim_answer *answer,
                        struct claims_news *news)
{
    if (!news->is_new || claims->known_ns == 0 || answer->received_ns <= claims->known_ns) return;
    news->gap_ns = answer->received_ns - claims->known_ns;
    claims->longest_gap_ns = later(claims->longest_gap_ns, news->gap_ns);
}

void claims_add(struct claims *claims, unsigned node, const struct claim_answer *answer,
                struct claims_news *news)
{
    assert(node < CLAIMS_NODES_MAX);
    assert(answer->sent_ns <= answer->received_ns);
    size_t before = claims->count;
    struct claim *claim = claim_of(claims, node, answer);
    *news = (struct claims_news){.is_new = claims->count > before};
    measure_gap(claims, answer, news);
    claim->last = *answer;
    claim->end_ns = later(claim->end_ns, answer->sent_ns + answer->hold_ns);
    claims->longest_hold_ns = later(claims->longest_hold_ns, answer->hold_ns);
    claims->known_ns = later(claims->known_ns, answer->sent_ns);
    news->is_late = is_late(claims, claim);
    compare_with_own(&claims->nodes[node], news);
    if (news->conflict.kind == CONFLICT_NONE) compare_with_others(claims, claim, news);
}

void claims_free(struct claims *claims)
{
    for (unsigned node = 0; node < CLAIMS_NODES_MAX; node++)
        free(claims->nodes[node].claims);
    memset(claims, 0, sizeof *claims);
}

const char *conflict_name(enum conflict_kind kind)
{
    switch (kind) {
    case CONFLICT_NONE: return "no conflict";
    case CONFLICT_SPANS: return "two geese at once: their claims overlap";
    case CONFLICT_INSIDE: return "two geese at once: one answered within the other's claim";
    case CONFLICT_SAME_TERM: return "two geese in one term";
    case CONFLICT_OLDER_TERM: return "a goose of an older term after a newer one was known";
    }
    return "?";
}
