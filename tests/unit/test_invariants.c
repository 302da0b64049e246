/* test_invariants.c: each sentence of goose_election_check() and goose_election_check_step(), provoked by one
 * thing wrong in a state that was good. */
#include "core.h"

#include <string.h>

enum scene { DUCK, CANVASSING, CANDIDATE, GOOSE, SCENES };

/* A good state of each kind, made once. */
struct scenes {
    struct goose_election e[SCENES];
};

static int make_scenes(void **state)
{
    static struct scenes scenes;
    struct core *core = core_new(0);

    core_start_seated(core, 3);
    core_heartbeat(core, 2, CORE_TERM, 1);
    core_save(core);
    scenes.e[DUCK] = core->e;
    core_until(core, GOOSE_ROLE_CANVASSING);
    scenes.e[CANVASSING] = core->e;
    core_reply(core, 2, GOOSE_VERDICT_YES);
    core_save(core);
    scenes.e[CANDIDATE] = core->e;
    core_reply(core, 2, GOOSE_VERDICT_YES);
    core_save(core);
    core_ack(core, 2);
    core_ack(core, 3);
    core_save(core);
    scenes.e[GOOSE] = core->e;
    assert_int_equal(scenes.e[CANDIDATE].role, GOOSE_ROLE_CANDIDATE);
    assert_int_equal(scenes.e[GOOSE].role, GOOSE_ROLE_GOOSE);
    core_free(core);
    *state = &scenes;
    return 0;
}

static void told(const char *wrong, const char *sentence)
{
    if (wrong == NULL) fail_msg("not noticed: %s", sentence);
    assert_string_equal(wrong, sentence);
}

static void good_states_are_good(void **state)
{
    const struct scenes *scenes = *state;

    for (int i = 0; i < SCENES; i++) {
        assert_null(goose_election_check(&scenes->e[i]));
        assert_null(goose_election_check_step(&scenes->e[i], &scenes->e[i]));
    }
}

static void before_its_start_nothing_is_wrong(void **state)
{
    static const struct goose_election none;

    (void)state;
    assert_null(goose_election_check(&none));
    assert_null(goose_election_check_step(&none, &none));
}

#define WRONG(scene, fault, sentence) \
    e = scenes->e[scene];             \
    fault;                            \
    told(goose_election_check(&e), sentence)

static void what_is_saved(void **state)
{
    const struct scenes *scenes = *state;
    struct goose_election e;

    WRONG(DUCK, e.saved.uid = 0, "a started node has a uid and a life");
    WRONG(DUCK, e.saved.life = 0, "a started node has a uid and a life");
    WRONG(DUCK, e.saved.roster.term++, "the roster is of a later term than the node");
    WRONG(DUCK, e.saved.longest_promise_us = GOOSE_PROMISE_US_MAX + 1,
          "a promise of more than 63 s");
    WRONG(DUCK, e.saved.roster.zero[0] = 1, "the saved roster is not sound");
    WRONG(DUCK, e.roster.zero[0] = 1, "the roster in use is not sound");
    WRONG(DUCK, e.durable++, "a write of the future");
    WRONG(DUCK, e.writing = e.generation + 1, "a write of the future");
    WRONG(GOOSE, e.longest_given_us = e.saved.longest_promise_us + 1,
          "a promise longer than the longest on file");
}

static void a_goose(void **state)
{
    const struct scenes *scenes = *state;
    struct goose_election e;

    WRONG(GOOSE, e.roster.seats[0].uid = 99, "a goose without a claimed seat");
    WRONG(GOOSE, e.roster.term--, "a goose whose roster is not of its term");
    WRONG(GOOSE, e.saved.voted_for = 2, "a goose that did not vote for itself");
    WRONG(GOOSE, e.round.vote_generation = e.durable + 1, "a goose whose vote is not durable");
    WRONG(GOOSE, e.resigned = ((struct goose_tenure){e.saved.term, CORE_SELF, e.saved.life}),
          "a goose in a term that it gave up");
    WRONG(GOOSE, e.reign.promise_us--, "a promise under 1.05 leases");
    WRONG(GOOSE, e.roster.version++, "a goose uses another roster than it saved");
}

static void a_duck_or_candidate(void **state)
{
    const struct scenes *scenes = *state;
    struct goose_election e;

    WRONG(CANVASSING, e.roster.seats[0].uid = 99,
          "somebody without a seat that counts asks for votes");
    WRONG(CANDIDATE, e.roster.seats[0].uid = 99,
          "somebody without a seat that counts asks for votes");
    WRONG(CANDIDATE, e.saved.voted_for = 2, "a candidate that did not vote for itself");
    WRONG(CANDIDATE, e.promise.to.uid = 2, "a candidate that promised itself to another");
    WRONG(DUCK, e.roster.version++, "a duck uses another roster than it saves");
}

static void its_peers(void **state)
{
    const struct scenes *scenes = *state;
    struct goose_election e;

    WRONG(DUCK, e.peers[1].owed ^= OWED_HELLO, "what is owed is not marked");
    WRONG(DUCK, e.owing ^= 1 << 2, "what is owed is not marked");
    WRONG(DUCK, e.peers[1].asked.kept = true, "what is kept is not marked");
    WRONG(DUCK, owe(&e, 1, OWED_HEARTBEAT), "a duck owes a heartbeat");
    WRONG(DUCK, e.peers[1].contact.uid = 99, "a seat's peer is somebody else");
    WRONG(DUCK, e.peers[5].contact.uid = 2, "one uid, two peers");
}

#undef WRONG
#define WRONG(scene, fault, sentence)  \
    before = after = scenes->e[scene]; \
    fault;                             \
    told(goose_election_check_step(&before, &after), sentence)

static void a_step(void **state)
{
    const struct scenes *scenes = *state;
    struct goose_election before, after;

    WRONG(DUCK, after.saved.uid++, "another uid or life in one run");
    WRONG(DUCK, after.saved.life++, "another uid or life in one run");
    WRONG(DUCK, after.saved.term--, "the term went down");
    WRONG(CANDIDATE, after.saved.voted_for = 2, "the vote of a term changed");
    WRONG(DUCK, after.saved.roster.version--, "the roster went back");
    WRONG(DUCK, after.now_us--, "time went back");
    WRONG(DUCK, after.durable--, "what was durable is not any more");
    WRONG(GOOSE, before.role = GOOSE_ROLE_CANVASSING, "a goose that was no candidate");
    WRONG(GOOSE, after.saved.term++, "a goose changed its term");
    WRONG(DUCK, after.promise.until_us--, "a promise was shortened, and nobody had resigned");
    WRONG(DUCK, (after.saved.term++, after.saved.voted_for = 3), "a vote against a live promise");
}

/* What a claim may rest on ends the process; the rest is said. */
static void what_ends_a_process(void **state)
{
    const struct scenes *scenes = *state;
    struct goose_election e = scenes->e[GOOSE];
    struct goose_election_facts before;

    goose_election_facts(&e, &before);
    assert_null(goose_election_fault(&before, &e).what);
    e.owing ^= 1 << 2;
    told(goose_election_fault(&before, &e).what, "what is owed is not marked");
    assert_false(goose_election_fault(&before, &e).of_claim);
    e.saved.voted_for = 2;
    told(goose_election_fault(&before, &e).what, "a goose that did not vote for itself");
    assert_true(goose_election_fault(&before, &e).of_claim);
    e = scenes->e[GOOSE];
    before.term++;
    told(goose_election_fault(&before, &e).what, "the term went down");
    assert_true(goose_election_fault(&before, &e).of_claim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_states_are_good),
        cmocka_unit_test(before_its_start_nothing_is_wrong),
        cmocka_unit_test(what_is_saved),
        cmocka_unit_test(a_goose),
        cmocka_unit_test(a_duck_or_candidate),
        cmocka_unit_test(its_peers),
        cmocka_unit_test(a_step),
        cmocka_unit_test(what_ends_a_process),
    };
    return cmocka_run_group_tests(tests, make_scenes, NULL);
}
