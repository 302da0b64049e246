/* test_claims.c: the observer's rules, each shown what it has to see and what it has to let pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "claims.h"
#include "reply.h"

#include <string.h>

static struct claims_news add(struct claims *claims, unsigned node, uint64_t term, uint64_t sent,
                              uint64_t received)
{
    struct claims_news news;
    const struct claim_answer answer = {.sent_ns = sent, .received_ns = received, .term = term};
    claims_add(claims, node, &answer, &news);
    return news;
}

static struct claims_news add_hold(struct claims *claims, unsigned node, uint64_t term,
                                   uint64_t sent, uint64_t hold)
{
    struct claims_news news;
    const struct claim_answer answer = {
        .sent_ns = sent, .received_ns = sent + 10, .term = term, .hold_ns = hold};
    claims_add(claims, node, &answer, &news);
    return news;
}

#define assert_conflict(news, wanted) \
    assert_string_equal(conflict_name((news).conflict.kind), conflict_name(wanted))
#define assert_peace(news) assert_conflict(news, CONFLICT_NONE)

static void one_after_the_other_is_no_conflict(void **state)
{
    (void)state;
    struct claims claims = {0};
    assert_peace(add(&claims, 0, 7, 100, 110));
    assert_peace(add(&claims, 0, 7, 120, 130));
    struct claims_news news = add(&claims, 1, 8, 190, 200);
    assert_peace(news);
    assert_true(news.is_new);
    assert_int_equal(news.gap_ns, 80); /* known to hold at 120, answered at 200 */
    assert_peace(add(&claims, 1, 8, 210, 220));
    assert_int_equal(claims.longest_gap_ns, 80);
    claims_free(&claims);
}

static void overlapping_spans_conflict(void **state)
{
    (void)state;
    struct claims claims = {0};
    add(&claims, 0, 7, 100, 110);
    add(&claims, 1, 8, 105, 125);
    /* Its first answer spanned all of node 0's, so nothing was certain until node 0 said so again. */
    assert_peace(add(&claims, 0, 7, 120, 200));
    assert_conflict(add(&claims, 1, 8, 126, 210), CONFLICT_NONE);
    assert_conflict(add(&claims, 0, 7, 201, 220), CONFLICT_SPANS);
    claims_free(&claims);
}

static void an_answer_within_a_claim_conflicts(void **state)
{
    (void)state;
    struct claims claims = {0};
    add(&claims, 0, 9, 100, 110);
    assert_peace(add(&claims, 1, 10, 115, 125)); /* node 0 may have become duck meanwhile */
    assert_conflict(add(&claims, 0, 9, 130, 140), CONFLICT_INSIDE);
    claims_free(&claims);
}

static void an_answer_within_a_claim_conflicts_when_it_comes_late(void **state)
{
    (void)state;
    struct claims claims = {0};
    add(&claims, 0, 9, 100, 110);
    add(&claims, 0, 9, 130, 140);
    assert_conflict(add(&claims, 1, 10, 115, 125), CONFLICT_INSIDE);
    claims_free(&claims);
}

static void an_interval_that_sticks_out_is_no_conflict(void **state)
{
    (void)state;
    struct claims claims = {0};
    add(&claims, 0, 7, 100, 110);
    add(&claims, 0, 7, 130, 140);
    assert_peace(add(&claims, 1, 6, 109, 125)); /* may have been goose just before */
    assert_peace(add(&claims, 2, 8, 120, 131)); /* or just after */
    claims_free(&claims);
}

static void a_question_that_waited_in_a_paused_node_is_no_claim(void **state)
{
    (void)state;
    struct claims claims = {0};
    add(&claims, 0, 7, 100, 110);
    add(&claims, 1, 8, 500, 510);
    add(&claims, 1, 8, 600, 610);
    /* Asked at 120, answered by a process that went on at 700: nobody can say when it was true. */
    struct claims_news news = add(&claims, 0, 7, 120, 710);
    assert_peace(news);
    assert_true(news.is_late);
    assert_false(add(&claims, 1, 8, 620, 720).is_late);
    claims_free(&claims);
}

static void an_older_term_after_a_newer_one_conflicts(void **state)
{
    (void)state;
    struct claims claims = {0};
    add(&claims, 0, 7, 100, 110);
    add(&claims, 1, 8, 105, 130);
    assert_conflict(add(&claims, 0, 7, 140, 150), CONFLICT_OLDER_TERM);
    claims_free(&claims);
    add(&claims, 0, 8, 100, 110);
    assert_conflict(add(&claims, 0, 7, 140, 150), CONFLICT_OLDER_TERM);
    claims_free(&claims);
}

static void two_geese_of_one_term_conflict(void **state)
{
    (void)state;
    struct claims claims = {0};
    add(&claims, 0, 7, 100, 110);
    assert_conflict(add(&claims, 1, 7, 900, 910), CONFLICT_SAME_TERM);
    claims_free(&claims);
}

static void a_hold_is_counted_from_the_question(void **state)
{
    (void)state;
    struct claims claims = {0};
    assert_peace(add_hold(&claims, 0, 7, 100, 200));
    assert_peace(add(&claims, 1, 8, 290, 301)); /* may have been given at 300.5 */
    claims_free(&claims);
    assert_peace(add_hold(&claims, 0, 7, 100, 200));
    assert_conflict(add(&claims, 1, 8, 280, 300), CONFLICT_INSIDE);
    claims_free(&claims);
}

static void a_hold_of_an_older_claim_is_not_forgotten(void **state)
{
    (void)state;
    struct claims claims = {0};
    add_hold(&claims, 0, 7, 100, 1000);
    add(&claims, 0, 8, 200, 210);
    assert_conflict(add(&claims, 1, 9, 400, 410), CONFLICT_INSIDE);
    claims_free(&claims);
}

static enum reply_result parse(const char *text, struct reply *reply)
{
    return reply_parse(text, strlen(text), reply);
}

static void answers_are_read_to_the_letter(void **state)
{
    (void)state;
    static const char goose[] =
        "HTTP/1.1 200 OK\r\nGoose-Term: 12\r\nContent-Length: 6\r\nGoose-Lease-Ms: 250\r\n"
        "goose-hold-ms: 20\r\n\r\ngoose\n";
    struct reply reply;
    assert_int_equal(parse(goose, &reply), REPLY_WHOLE);
    assert_true(reply.is_goose);
    assert_int_equal(reply.term, 12);
    assert_int_equal(reply.lease_ms, 250);
    assert_int_equal(reply.hold_ms, 20);
    assert_int_equal(reply.bytes, sizeof goose - 1);
    for (size_t count = 0; count < sizeof goose - 1; count++)
        assert_int_equal(reply_parse(goose, count, &reply), REPLY_PART);
    assert_int_equal(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nduck\n", &reply),
                     REPLY_WHOLE);
    assert_false(reply.is_goose);
}

static void other_answers_are_bad(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "HTTP/1.1 503 No\r\nContent-Length: 5\r\n\r\nduck\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nswan\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nduck\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nduck\n",
        "HTTP/1.1 200 OK\r\n\r\nduck\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ngoose\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nGoose-Term: x\r\nGoose-Lease-Ms: 1\r\n\r\ngoose\n",
        "HTTP/1.1 200 \r\nContent-Length: 6\r\nGoose-Term: -1\r\nGoose-Lease-Ms: 1\r\n\r\ngoose\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nGoose-Term: 1\r\n\r\ngoose\n",
    };
    struct reply reply;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(parse(bad[i], &reply), REPLY_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_after_the_other_is_no_conflict),
        cmocka_unit_test(overlapping_spans_conflict),
        cmocka_unit_test(an_answer_within_a_claim_conflicts),
        cmocka_unit_test(an_answer_within_a_claim_conflicts_when_it_comes_late),
        cmocka_unit_test(an_interval_that_sticks_out_is_no_conflict),
        cmocka_unit_test(a_question_that_waited_in_a_paused_node_is_no_claim),
        cmocka_unit_test(an_older_term_after_a_newer_one_conflicts),
        cmocka_unit_test(two_geese_of_one_term_conflict),
        cmocka_unit_test(a_hold_is_counted_from_the_question),
        cmocka_unit_test(a_hold_of_an_older_claim_is_not_forgotten),
        cmocka_unit_test(answers_are_read_to_the_letter),
        cmocka_unit_test(other_answers_are_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
