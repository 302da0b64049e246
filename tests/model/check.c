/* check.c: what must hold in every state (PROTOCOL 2), judged from what was seen from outside. What one node does wrong
 * by itself (S3, election_check, assertions) shell.c has seen already. */
#include "model.h"

/* S1: at this instant, what clients of a process that died may still believe included. */
const char *check_state(const struct state *state)
{
    for (unsigned i = 0; i < world.nodes; i++) {
        const struct facts *f = node_facts(state->nodes[i]);
        if (f->claim_term == 0) continue;
        if (world.lie == LIE_GOOSE) return "there is a goose";
        for (unsigned j = 0; j < world.nodes; j++) {
            const struct facts *other = node_facts(state->nodes[j]);
            if (i != j && other->claim_term != 0) return "S1: two claims at one instant";
            if (i != j && other->hold_left > 0) return "a claim within another's hold";
        }
        if (f->claim_term < state->highest_won) return "S2: claims' terms go down";
    }
    return NULL;
}

/* S1, the step before: whose word may back a lease that lives, or that a candidate may still win, helps nobody else. */
static const char *check_vote(const struct state *before, unsigned voter, unsigned candidate)
{
    const struct facts *v = node_facts(before->nodes[voter]);

    for (unsigned i = 0; i < world.nodes; i++) {
        const struct facts *g = node_facts(before->nodes[i]);
        uint8_t term = v->words[i].term;
        if (i == candidate || i == voter || v->words[i].left == 0) continue;
        if (g->claim_term == term)
            return "S1: a vote for another, while its word backs a live lease";
        if (g->up && g->role == GOOSE_ROLE_CANDIDATE && g->term == term)
            return "S1: a vote for another, while its word may still make a goose";
    }
    return NULL;
}

static const char *check_win(const struct move *move, struct state *after)
{
    if (move->term == after->highest_won) return "S2: a term is won a second time";
    if (move->term < after->highest_won) return "S2: a term is won after a higher one";
    after->highest_won = move->term;
    if (goose_roster_compare(move->stood_term, move->stood_version, after->committed_term,
                             after->committed_version) < 0)
        return "S4: a goose without a roster that was committed";
    return NULL;
}

static const char *check_commit(unsigned node, const struct move *move, struct state *after)
{
    unsigned voters = node_facts(after->nodes[node])->voters, holders = 0;
    unsigned seats = node_facts(after->nodes[node])->seats;

    for (unsigned i = 0; i < world.nodes; i++) {
        const struct facts *f = node_facts(after->nodes[i]);
        if ((voters >> i & 1) == 0) continue;
        holders += goose_roster_compare(f->disk_term, f->disk_version, move->roster_term,
                                        move->roster_version) >= 0;
    }
    if (2 * holders <= seats) return "S4: committed, they say, and no majority has it on disk";
    if (goose_roster_compare(move->roster_term, move->roster_version, after->committed_term,
                             after->committed_version) > 0) {
        after->committed_term = move->roster_term;
        after->committed_version = move->roster_version;
    }
    return NULL;
}

const char *check_move(const struct state *before, unsigned node, const struct move *move,
                       struct state *after)
{
    const char *wrong = move->broken;

    if (wrong == NULL && move->voted_for != 0)
        wrong = check_vote(before, node, move->voted_for - 1u);
    if (wrong == NULL && move->won) wrong = check_win(move, after);
    if (wrong == NULL && move->committed) wrong = check_commit(node, move, after);
    return wrong;
}
