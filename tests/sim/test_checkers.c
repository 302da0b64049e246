/* test_checkers.c: the checkers' own teeth. Each test tells them a short history that breaks one property, and one that
 * nearly does. Times of claims are in ns, of promises in us, as check.h says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "check.h"
#include "clocks.h"
#include "heap.h"

#define A UINT64_C(0xa1) /* uids */
#define B UINT64_C(0xb2)
#define C UINT64_C(0xc3)

static int set_up(void **state)
{
    struct check *check = calloc(1, sizeof *check);
    *state = check;
    if (check == NULL) {
        return -1;
    }
    check_reset(check);
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void s1_two_claims_overlap(void **state)
{
    struct check *check = *state;
    check_claim(check, 0, A, 1, 100, 500);
    check_claim(check, 1, B, 2, 499, 900);
    assert_int_equal(check->broken, RULE_S1);
}

static void s1_a_claim_may_begin_where_another_ends(void **state)
{
    struct check *check = *state;
    check_claim(check, 0, A, 1, 100, 500);
    check_claim(check, 1, B, 2, 500, 900);
    check_withdrawn(check, 1, 700);
    check_claim(check, 0, A, 3, 700, 800);
    assert_int_equal(check->broken, RULE_NONE);
}

static void s1_an_extension_runs_into_another(void **state)
{
    struct check *check = *state;
    check_claim(check, 0, A, 1, 100, 500);
    check->claims[1] = (struct claim_seen){true, B, 2, 450, 800};
    check_claim(check, 0, A, 1, 460, 600);
    assert_int_equal(check->broken, RULE_S1);
}

static void s1_a_clock_slows_down(void **state)
{
    struct check *check = *state;
    check_claim(check, 0, A, 1, 100, 500);
    check->claims[1] = (struct claim_seen){true, B, 2, 450, 800};
    check_claim_moved(check, 0, 480, 510);
    assert_int_equal(check->broken, RULE_S1);
}

static void s2_two_winners_of_a_term(void **state)
{
    struct check *check = *state;
    check_claim(check, 0, A, 5, 100, 200);
    check_claim(check, 1, B, 5, 300, 400);
    assert_int_equal(check->broken, RULE_S2);
}

static void s2_terms_go_down(void **state)
{
    struct check *check = *state;
    check_claim(check, 0, A, 5, 100, 200);
    check_claim(check, 1, B, 4, 300, 400);
    assert_int_equal(check->broken, RULE_S2);
}

static void s2_a_claim_comes_back(void **state)
{
    struct check *check = *state;
    check_claim(check, 0, A, 5, 100, 200);
    check_claim(check, 0, A, 5, 150, 250);
    assert_int_equal(check->broken, RULE_NONE);
    check_claim(check, 0, A, 5, 260, 400);
    assert_int_equal(check->broken, RULE_S2);
}

static void s3_two_votes_in_a_term(void **state)
{
    struct check *check = *state;
    check_vote(check, 0, A, B, 7, 10, 100);
    check_vote(check, 0, A, B, 7, 11, 110);
    check_vote(check, 0, A, C, 8, 12, 120);
    assert_int_equal(check->broken, RULE_NONE);
    check_vote(check, 0, A, C, 7, 13, 130);
    assert_int_equal(check->broken, RULE_S3);
}

static void s5_a_vote_before_a_promise_ends(void **state)
{
    struct check *check = *state;
    struct word word = {B, 1, 100, 400, 90};
    check_word(check, A, &word);
    check_vote(check, 0, A, C, 2, 399, 1000000);
    assert_int_equal(check->broken, RULE_S5);
}

static void s5_a_vote_after_it_or_to_the_same(void **state)
{
    struct check *check = *state;
    struct word word = {B, 1, 100, 400, 90};
    check_word(check, A, &word);
    check_vote(check, 0, A, B, 2, 300, 1000000);
    check_vote(check, 0, A, C, 3, 400, 2000000);
    assert_int_equal(check->broken, RULE_NONE);
}

static void s5_freed_by_that_resignation_only(void **state)
{
    struct check *check = *state;
    struct word word = {B, 3, 100, 400, 90};
    check_word(check, A, &word);
    check_resigned(check, 1, B, 3, 1000);
    check_vote(check, 0, A, C, 4, 200, 2000);
    assert_int_equal(check->broken, RULE_NONE);

    word = (struct word){C, 4, 200, 500, 190};
    check_word(check, A, &word);
    check_resigned(check, 2, C, 3, 3000); /* an earlier term */
    check_resigned(check, 1, B, 4, 3000); /* another node */
    check_vote(check, 0, A, B, 5, 300, 4000);
    assert_int_equal(check->broken, RULE_S5);
}

static void s5_a_promise_is_never_made_shorter(void **state)
{
    struct check *check = *state;
    struct word word = {B, 3, 100, 400, 90};
    check_word(check, A, &word);
    word = (struct word){B, 3, 150, 300, 140};
    check_word(check, A, &word);
    check_vote(check, 0, A, C, 4, 350, 1000);
    assert_int_equal(check->broken, RULE_S5);
}

static void s5_a_later_goose_ends_earlier_promises(void **state)
{
    struct check *check = *state;
    struct word word = {B, 3, 100, 400, 90};
    check_word(check, A, &word);
    check_heard_goose(check, A, C, 4);
    check_vote(check, 0, A, C, 5, 200, 1000);
    assert_int_equal(check->broken, RULE_NONE);
}

static void s1_star_a_vote_while_the_last_word_backs_a_lease(void **state)
{
    struct check *check = *state;
    struct word word = {B, 1, 100, 190, 50}; /* the promise is over: it was too short */
    check->lease_us[1] = 100;
    check->local_us[1] = 149;
    check_word(check, A, &word);
    check_claim(check, 1, B, 1, 1000, 900000);
    check_vote(check, 0, A, C, 2, 200, 200000);
    assert_int_equal(check->broken, RULE_S1_STAR);
}

static void s1_star_the_lease_no_longer_rests_on_it(void **state)
{
    struct check *check = *state;
    struct word word = {B, 1, 100, 190, 50};
    check->lease_us[1] = 100;
    check->local_us[1] = 150;
    check_word(check, A, &word);
    check_claim(check, 1, B, 1, 1000, 900000);
    check_vote(check, 0, A, C, 2, 200, 200000);
    assert_int_equal(check->broken, RULE_NONE);
}

static void s1_star_a_goose_votes(void **state)
{
    struct check *check = *state;
    check_claim(check, 1, B, 1, 1000, 900000);
    check_vote(check, 1, B, C, 2, 200, 200000);
    assert_int_equal(check->broken, RULE_S1_STAR);
}

static void s1_star_a_resignation_before_the_withdrawal(void **state)
{
    struct check *check = *state;
    check_claim(check, 1, B, 4, 1000, 900000);
    check_resigned(check, 1, B, 3, 2000);
    assert_int_equal(check->broken, RULE_NONE);
    check_resigned(check, 1, B, 4, 2000);
    assert_int_equal(check->broken, RULE_S1_STAR);
}

static void s1_star_who_backs_a_lease_and_how_far(void **state)
{
    struct check *check = *state;
    struct word word = {B, 3, 100, 400, 90};
    check_word(check, A, &word);
    assert_true(check_backs(check, A, B, 3, 60, 150));
    assert_false(check_backs(check, A, B, 3, 60, 151));
    assert_false(check_backs(check, A, B, 4, 60, 150)); /* in that term only */
    assert_false(check_backs(check, A, C, 3, 60, 150)); /* and that goose */
    assert_false(check_backs(check, C, B, 3, 60, 150));
}

static void s4_a_committed_roster_is_lost(void **state)
{
    struct check *check = *state;
    check_committed(check, 3, 2, 2, 3, 100);
    check_leads(check, A, 3, 2, 200);
    check_leads(check, A, 4, 1, 200);
    assert_int_equal(check->broken, RULE_NONE);
    check_leads(check, B, 3, 1, 300);
    assert_int_equal(check->broken, RULE_S4);
}

static void s4_a_commit_without_a_majority(void **state)
{
    struct check *check = *state;
    check_committed(check, 3, 2, 2, 4, 100);
    assert_int_equal(check->broken, RULE_S4);
}

static void s4_a_change_on_what_may_be_lost(void **state)
{
    struct check *check = *state;
    check_replaced(check, 3, 2, 2, 3, 100);
    assert_int_equal(check->broken, RULE_NONE);
    check_replaced(check, 3, 3, 2, 4, 200);
    assert_int_equal(check->broken, RULE_S4);
}

static void s2_majorities_without_a_common_node(void **state)
{
    struct check *check = *state;
    check_overlap(check, 3, 2, 0, 4, 1, 100);
    check_overlap(check, 3, 3, 1, 4, 0, 200);
    check_overlap(check, 3, 4, 2, 2, 0, 300);
    assert_int_equal(check->broken, RULE_NONE);
    check_overlap(check, 3, 5, 2, 3, 0, 400);
    assert_int_equal(check->broken, RULE_S2);
}

static void s2_a_seat_swapped(void **state)
{
    struct check *check = *state;
    check_overlap(check, 3, 2, 1, 2, 1, 100);
    assert_int_equal(check->broken, RULE_S2);
}

static void hold_another_claims_within_it(void **state)
{
    struct check *check = *state;
    check_claim(check, 0, A, 1, 100, 500);
    check_hold(check, A, 200, 450);
    check_withdrawn(check, 0, 300);
    check_claim(check, 0, A, 2, 310, 320); /* the same node may */
    assert_int_equal(check->broken, RULE_NONE);
    check_claim(check, 1, B, 3, 449, 900);
    assert_int_equal(check->broken, RULE_HOLD);
}

static void hold_the_lease_ends_within_it(void **state)
{
    struct check *check = *state;
    check_claim(check, 0, A, 1, 100, 500);
    check_hold(check, A, 200, 450);
    check_claim(check, 0, A, 1, 210, 450); /* earlier than it said, and late enough */
    assert_int_equal(check->broken, RULE_NONE);
    check_claim(check, 0, A, 1, 220, 449);
    assert_int_equal(check->broken, RULE_HOLD);
}

static void hold_is_over(void **state)
{
    struct check *check = *state;
    check_claim(check, 0, A, 1, 100, 300);
    check_hold(check, A, 200, 450);
    check_claim(check, 1, B, 3, 450, 900);
    assert_int_equal(check->broken, RULE_NONE);
}

static void the_longest_time_without_a_goose(void **state)
{
    struct check *check = *state;
    check_claim(check, 0, A, 1, 100, 300);
    check_quiet_since(check, 200);
    check_claim(check, 0, A, 1, 250, 400);
    check_withdrawn(check, 0, 350);
    check_claim(check, 1, B, 2, 420, 800);
    assert_int_equal(check_gap_ns(check, 800), 70);
    assert_int_equal(check_gap_ns(check, 900), 100);
}

static void what_is_beyond_the_model_is_not_held_against_it(void **state)
{
    struct check *check = *state;
    check->only_s1 = true;
    check_vote(check, 0, A, B, 7, 10, 100);
    check_vote(check, 0, A, C, 7, 13, 130);
    assert_int_equal(check->broken, RULE_NONE);
    check_claim(check, 0, A, 1, 100, 500);
    check_claim(check, 1, B, 2, 499, 900);
    assert_int_equal(check->broken, RULE_S1);
}

static void what_a_copy_forgot_is_counted(void **state)
{
    struct check *check = *state;
    check_taint(check, A);
    check_vote(check, 0, A, B, 7, 10, 100);
    check_claim(check, 0, A, 1, 100, 500);
    check_claim(check, 1, B, 2, 499, 900);
    assert_int_equal(check->excused, RULE_S1);
}

static void a_copy_that_claims_is_one_that_acts(void **state)
{
    struct check *check = *state;
    check_claim(check, 1, B, 2, 100, 900);
    check_taint(check, A);
    check_claim(check, 0, A, 3, 500, 600);
    assert_int_equal(check->excused, RULE_S1);
}

static void before_a_copy_acts_all_is_judged(void **state)
{
    struct check *check = *state;
    check_taint(check, A);
    check_claim(check, 0, C, 1, 100, 500);
    check_claim(check, 1, B, 2, 499, 900);
    assert_int_equal(check->broken, RULE_S1);
}

static void what_no_copy_changes_is_judged_beside_one(void **state)
{
    struct check *check = *state;
    check_excuse(check, EXCUSE_COPY);
    check_vote(check, 2, C, B, 7, 10, 100);
    check_vote(check, 2, C, A, 7, 10, 200);
    assert_int_equal(check->broken, RULE_S3);
}

static void two_foundings_excuse_no_invariant(void **state)
{
    struct check *check = *state;
    check_excuse(check, EXCUSE_TWO_FLOCKS);
    check_fail(check, RULE_INVARIANT, 1000, "the core says so");
    assert_int_equal(check->broken, RULE_INVARIANT);
}

static void the_first_thing_that_breaks_is_kept(void **state)
{
    struct check *check = *state;
    check_fail(check, RULE_L1, 5, "first");
    check_fail(check, RULE_S1, 6, "second");
    assert_int_equal(check->broken, RULE_L1);
    assert_string_equal(check->why, "first");
}

/* There and back: the first instant at which a clock shows a time, whatever its rate. */
static void clocks_are_exact(void **state)
{
    (void)state;
    for (int64_t ppm = -CLOCK_PPM_MAX; ppm <= CLOCK_PPM_MAX; ppm += 997) {
        struct clock clock = {.base_real_ns = 12345, .base_steady_ns = 987654321, .ppm = ppm};
        clock_reboot(&clock, 20000, 77);
        for (uint64_t us = 100; us < 100000000; us = us * 3 + 1) {
            uint64_t at_ns = clock_real_ns(&clock, us, 20000);
            assert_true(clock_local_us(&clock, at_ns) >= us);
            assert_true(at_ns == 20000 || clock_local_us(&clock, at_ns - 1) < us);
        }
    }
}

static void happenings_come_in_order(void **state)
{
    (void)state;
    struct heap heap = {0};
    struct happening last = {0};
    struct happening next;
    for (uint32_t i = 0; i < 20000; i++) {
        heap_push(&heap, (i * UINT64_C(2654435761)) % 997, 1, 0, i);
    }
    while (heap_pop(&heap, &next)) {
        assert_true(next.at_ns > last.at_ns || (next.at_ns == last.at_ns && next.arg >= last.arg));
        last = next;
    }
    heap_free(&heap);
}

#define CHECKER(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECKER(s1_two_claims_overlap),
        CHECKER(s1_a_claim_may_begin_where_another_ends),
        CHECKER(s1_an_extension_runs_into_another),
        CHECKER(s1_a_clock_slows_down),
        CHECKER(s2_two_winners_of_a_term),
        CHECKER(s2_terms_go_down),
        CHECKER(s2_a_claim_comes_back),
        CHECKER(s3_two_votes_in_a_term),
        CHECKER(s5_a_vote_before_a_promise_ends),
        CHECKER(s5_a_vote_after_it_or_to_the_same),
        CHECKER(s5_freed_by_that_resignation_only),
        CHECKER(s5_a_promise_is_never_made_shorter),
        CHECKER(s5_a_later_goose_ends_earlier_promises),
        CHECKER(s1_star_a_vote_while_the_last_word_backs_a_lease),
        CHECKER(s1_star_the_lease_no_longer_rests_on_it),
        CHECKER(s1_star_a_goose_votes),
        CHECKER(s1_star_a_resignation_before_the_withdrawal),
        CHECKER(s1_star_who_backs_a_lease_and_how_far),
        CHECKER(s4_a_committed_roster_is_lost),
        CHECKER(s4_a_commit_without_a_majority),
        CHECKER(s4_a_change_on_what_may_be_lost),
        CHECKER(s2_majorities_without_a_common_node),
        CHECKER(s2_a_seat_swapped),
        CHECKER(hold_another_claims_within_it),
        CHECKER(hold_the_lease_ends_within_it),
        CHECKER(hold_is_over),
        CHECKER(the_longest_time_without_a_goose),
        CHECKER(what_is_beyond_the_model_is_not_held_against_it),
        CHECKER(what_a_copy_forgot_is_counted),
        CHECKER(a_copy_that_claims_is_one_that_acts),
        CHECKER(before_a_copy_acts_all_is_judged),
        CHECKER(what_no_copy_changes_is_judged_beside_one),
        CHECKER(two_foundings_excuse_no_invariant),
        CHECKER(the_first_thing_that_breaks_is_kept),
        cmocka_unit_test(clocks_are_exact),
        cmocka_unit_test(happenings_come_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
