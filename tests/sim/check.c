/* check.c: the checkers' memory and their verdict. It must never forget a fact within a run. */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *rule_name(enum rule rule)
{
    static const char *const names[RULES] = {
        "none",    "S1", "S1*", "S2", "S3",      "S4",        "S5",   "hold", "work",
        "newborn", "L1", "L2",  "L3", "durable", "invariant", "step", "wire",
    };
    return rule < RULES ? names[rule] : "?";
}

void facts_clear(struct facts *facts)
{
    for (uint32_t i = 0; i < facts->count; i++) {
        memset(&facts->slots[facts->used[i]], 0, sizeof facts->slots[0]);
    }
    facts->count = 0;
}

static uint32_t slot_of(const struct facts *facts, uint64_t a, uint64_t b)
{
    uint64_t mixed = (a ^ (b * UINT64_C(0x9e3779b97f4a7c15))) * UINT64_C(0xbf58476d1ce4e5b9);
    uint32_t at = (uint32_t)(mixed >> 40) & (CHECK_FACTS - 1);
    while (facts->slots[at].a != 0 && (facts->slots[at].a != a || facts->slots[at].b != b)) {
        at = (at + 1) & (CHECK_FACTS - 1);
    }
    return at;
}

uint64_t *facts_find(struct facts *facts, uint64_t a, uint64_t b)
{
    struct fact *fact = &facts->slots[slot_of(facts, a, b)];
    return fact->a == 0 ? NULL : &fact->value;
}

uint64_t *facts_make(struct facts *facts, uint64_t a, uint64_t b, bool *is_new)
{
    uint32_t at = slot_of(facts, a, b);
    struct fact *fact = &facts->slots[at];
    *is_new = fact->a == 0;
    if (*is_new) {
        if (a == 0 || facts->count >= CHECK_FACTS * 3 / 4) {
            return NULL;
        }
        facts->used[facts->count++] = at;
        fact->a = a;
        fact->b = b;
    }
    return &fact->value;
}

void check_reset(struct check *check)
{
    facts_clear(&check->winners);
    facts_clear(&check->ended);
    facts_clear(&check->votes);
    facts_clear(&check->rounds);
    facts_clear(&check->resigned);
    check->broken = RULE_NONE;
    check->broken_ns = 0;
    check->why[0] = '\0';
    check->only_s1 = false;
    check->excuse = EXCUSE_NONE;
    check->excused = RULE_NONE;
    memset(check->claims, 0, sizeof check->claims);
    memset(check->lease_us, 0, sizeof check->lease_us);
    memset(check->local_us, 0, sizeof check->local_us);
    memset(check->holds, 0, sizeof check->holds);
    memset(check->voters, 0, sizeof check->voters);
    check->voter_count = 0;
    check->highest_term = 0;
    check->covered_until_ns = 0;
    check->gap_ns = 0;
    check->committed_term = 0;
    check->committed_version = 0;
}

static bool is_core(enum rule rule)
{
    return rule == RULE_INVARIANT || rule == RULE_STEP || rule == RULE_WIRE;
}

/* What a node does by itself holds whatever others forgot: its own disk, votes, promises and birth. */
static bool is_excused(const struct check *check, enum rule rule)
{
    bool own = rule == RULE_S3 || rule == RULE_S5 || rule == RULE_DURABLE || rule == RULE_NEWBORN;
    return check->excuse != EXCUSE_NONE && !own && !is_core(rule);
}

bool check_is_over(const struct check *check)
{
    return check->broken != RULE_NONE || check->excused != RULE_NONE;
}

void check_excuse(struct check *check, enum excuse excuse)
{
    if (check->excuse == EXCUSE_NONE) {
        check->excuse = excuse;
    }
}

void check_fail(struct check *check, enum rule rule, uint64_t now_ns, const char *format, ...)
{
    if (check_is_over(check) || (check->only_s1 && rule != RULE_S1 && !is_core(rule))) {
        return;
    }
    if (is_excused(check, rule)) {
        check->excused = rule;
    } else {
        check->broken = rule;
    }
    check->broken_ns = now_ns;
    va_list values;
    va_start(values, format);
    (void)vsnprintf(check->why, sizeof check->why, format, values);
    va_end(values);
}
