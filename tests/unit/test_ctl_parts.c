/* test_ctl_parts.c: the parts of goosectl that ask nobody: the command line, tables, server-sent events. */
#include <stdio.h>
#include <string.h>

#include "ctl/ask.h"
#include "ctl/events.h"
#include "ctl/views.h"
#include "test_ctl_fake.h"

/* ---- arguments ---- */

struct given {
    const char *at;
    bool json;
    char why[ARGUMENTS_LINE_BYTES];
    char left[256];
};

/* "a b c", split at blanks; "" stands for an empty one. What is left comes back in one line. */
static bool take(struct given *given, const char *line, bool others_too)
{
    char text[256], *of[16];
    struct arguments arguments = {0, of};
    const struct option_known known[] = {{"--at", &given->at, NULL}, {"-j", NULL, &given->json}};

    *given = (struct given){.json = false};
    snprintf(text, sizeof text, "%s", line);
    for (char *at = strtok(text, " "); at != NULL; at = strtok(NULL, " "))
        of[arguments.count++] = strcmp(at, "''") == 0 ? at + 2 : at;
    bool good = options_take(&arguments, known, COUNT(known), others_too, given->why);
    for (int i = 0; i < arguments.count && good; i++) {
        size_t used = strlen(given->left);
        snprintf(given->left + used, sizeof given->left - used, "%s%s", i > 0 ? " " : "", of[i]);
    }
    static char at[128]; /* it outlives `text` */
    if (given->at != NULL) snprintf(at, sizeof at, "%s", given->at);
    if (given->at != NULL) given->at = at;
    return good;
}

static void test_options_stand_anywhere(void **state)
{
    struct given given;

    (void)state;
    assert_true(take(&given, "a --at n1:7000 b -j c", false));
    assert_string_equal(given.left, "a b c");
    assert_string_equal(given.at, "n1:7000");
    assert_true(given.json);
    assert_true(take(&given, "--at=n1:7000 a", false));
    assert_string_equal(given.at, "n1:7000");
    assert_false(given.json);
    assert_true(take(&given, "a --to b --at x", true));
    assert_string_equal(given.left, "a --to b");
    assert_true(take(&given, "- a", false));
    assert_string_equal(given.left, "- a");
}

static void test_nothing_is_an_option_behind_two_dashes(void **state)
{
    struct given given;

    (void)state;
    assert_true(take(&given, "run -- -j --at n1", false));
    assert_string_equal(given.left, "run -- -j --at n1");
    assert_null(given.at);
    assert_false(given.json);
}

static void test_options_that_are_refused(void **state)
{
    static const struct {
        const char *line, *why;
    } cases[] = {
        {"a --too", "--too is no option here"},
        {"a -x", "-x is no option here"},
        {"--at", "--at has no value; give one, or leave it out"},
        {"--at ''", "--at has no value; give one, or leave it out"},
        {"--at=", "--at has no value; give one, or leave it out"},
        {"--at --json", "--at has no value; give one, or leave it out"},
        {"--at a --at b", "--at is given twice; give it once"},
        {"--att a", "--att is no option here; did you mean --at?"},
        {"-j=1", "-j=1 is no option here"},
    };
    struct given given;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_false(take(&given, cases[i].line, false));
        assert_string_equal(given.why, cases[i].why);
    }
}

/* ---- tables ---- */

static void expect_table(void (*print)(FILE *, const cJSON *, bool), const char *json, bool colour,
                         const char *wanted)
{
    char text[FAKE_TEXT_BYTES] = "";
    FILE *to = fmemopen(text, sizeof text, "w");
    cJSON *parsed = cJSON_Parse(json);

    assert_non_null(to);
    print(to, parsed, colour);
    fclose(to);
    cJSON_Delete(parsed);
    assert_string_equal(text, wanted);
}

static void all_members(FILE *to, const cJSON *members, bool colour)
{
    members_table(to, members, false, colour);
}

static void brief_members(FILE *to, const cJSON *members, bool colour)
{
    members_table(to, members, true, colour);
}

static const char two_members[] =
    "[{\"address\":\"n1:7000\",\"uid\":\"0a\",\"seat\":\"voter\",\"role\":\"goose\",\"priority\":7,"
    "\"last_heard_ms\":0,\"rtt_ms\":null,\"rank\":null},"
    "{\"address\":\"node12:7000\",\"uid\":null,\"seat\":\"observer\",\"role\":null,\"priority\":"
    "null,"
    "\"last_heard_ms\":61000.5,\"rtt_ms\":0.25,\"rank\":1}]";

static void test_members(void **state)
{
    (void)state;
    expect_table(all_members, two_members, false,
                 "address      seat      role   rank  priority      heard  round trip  uid\n"
                 "n1:7000      voter     goose     -         7       0 ms           -  0a\n"
                 "node12:7000  observer  -         1         -  1 min 1 s    0.250 ms  -\n");
    expect_table(brief_members, two_members, false,
                 "address      seat      role   rank  priority      heard  round trip\n"
                 "n1:7000      voter     goose     -         7       0 ms           -\n"
                 "node12:7000  observer  -         1         -  1 min 1 s    0.250 ms\n");
}

/* The goose knows who is silent; a duck knows nothing of another one, and does not say when it heard it last. */
static void test_what_cannot_be_known(void **state)
{
    (void)state;
    expect_table(
        all_members,
        "[{\"address\":\"n1:7000\",\"role\":\"duck\",\"silent\":true,\"last_heard_ms\":4000},"
        "{\"address\":\"n2:7000\",\"role\":\"duck\",\"silent\":null,\"last_heard_ms\":4000},"
        "{\"address\":\"n3:7000\",\"role\":null,\"silent\":null,\"last_heard_ms\":4000}]",
        false,
        "address  seat  role    rank  priority  heard  round trip  uid\n"
        "n1:7000  -     silent     -         -  4.0 s           -  -\n"
        "n2:7000  -     -          -         -      -           -  -\n"
        "n3:7000  -     -          -         -  4.0 s           -  -\n");
}

static void test_no_members(void **state)
{
    static const char *const none[] = {"[]", "{}", "7"};

    (void)state;
    for (size_t i = 0; i < COUNT(none); i++)
        expect_table(all_members, none[i], true,
                     "address  seat  role  rank  priority  heard  round trip  uid\n");
}

static void all_facts(FILE *to, const cJSON *status, bool colour)
{
    status_facts(to, status, false, colour);
}

static void test_colours(void **state)
{
    (void)state;
    expect_table(all_facts, "{\"role\":\"goose\",\"goose\":null}", true,
                 "node      -\n"
                 "role      \033[1;32mgoose\033[0m\n"
                 "goose     none\n"
                 "term      -\n"
                 "lease     -\n"
                 "hold      -\n"
                 "seat      -\n"
                 "state     -\n"
                 "draining  no\n"
                 "flock     -, id -\n"
                 "roster    0.0, not settled\n"
                 "up for    -\n"
                 "sealed    no\n");
}

static void test_history(void **state)
{
    (void)state;
    expect_table(
        history_table,
        "[{\"index\":1,\"at\":\"2026-11-21T15:53:27.123Z\",\"term\":9,\"from\":null,"
        "\"to\":\"n1:7000\",\"why\":\"elec\\u001b[2Jted\"},"
        "{\"index\":2,\"at\":\"2026-11-21T15:53:28.000Z\",\"term\":10,\"from\":\"n1:7000\","
        "\"to\":null,\"why\":\"lease ended\"}]",
        true,
        "when                      term  from     to       why\n"
        "2026-11-21T15:53:27.123Z     9  none     n1:7000  elec?[2Jted\n"
        "2026-11-21T15:53:28.000Z    10  n1:7000  none     lease ended\n");
}

static void test_spans(void **state)
{
    static const struct {
        const char *ms, *text;
    } cases[] = {
        {"0", "0 ms"},      {"999", "999 ms"},       {"1000", "1.0 s"},  {"9949", "9.9 s"},
        {"10000", "10 s"},  {"59999", "59 s"},       {"60000", "1 min"}, {"3661000", "1 h 1 min"},
        {"7200000", "2 h"}, {"90000000", "1 d 1 h"}, {"-1", "-"},        {"1e300", "-"},
        {"\"1\"", "-"},     {"8640000000", "100 d"},
    };
    char json[64], text[CELL_BYTES];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(json, sizeof json, "{\"ms\":%s}", cases[i].ms);
        cJSON *item = cJSON_Parse(json);
        cell_span(item, "ms", text);
        cJSON_Delete(item);
        assert_string_equal(text, cases[i].text);
    }
}

/* ---- events ---- */

struct seen {
    char text[512];
};

static void event_came(void *to, const char *data)
{
    struct seen *seen = to;
    size_t used = strlen(seen->text);

    snprintf(seen->text + used, sizeof seen->text - used, "[%s]", data);
}

static void test_events_in_pieces_of_any_size(void **state)
{
    static const char stream[] =
        ": hello\n\nid: 1\nevent: status\ndata: {\"a\":1}\n\n: still here\n"
        "data:two\r\ndata: lines\r\n\r\ndata\n\ndatum: no\n\ndata: last\r\r"
        "data: never ended\n";

    (void)state;
    for (size_t step = 1; step < sizeof stream; step++) {
        struct seen seen = {""};
        struct events events = {.event = event_came, .to = &seen};
        for (size_t at = 0; at < sizeof stream - 1; at += step) {
            size_t left = sizeof stream - 1 - at;
            assert_true(events_take(&events, stream + at, left < step ? left : step));
        }
        assert_string_equal(seen.text, "[{\"a\":1}][two\nlines][last]");
    }
}

static void test_events_have_an_end(void **state)
{
    static char much[EVENTS_LINE_BYTES + 1];
    struct seen seen = {""};
    struct events events = {.event = event_came, .to = &seen};

    (void)state;
    memset(much, 'x', sizeof much);
    assert_false(events_take(&events, much, sizeof much));
    assert_false(events_take(&events, "\n\ndata: a\n\n", 11));
    events = (struct events){.event = event_came, .to = &seen};
    memcpy(much, "data: ", 6);
    much[sizeof much / 2] = '\n';
    assert_true(events_take(&events, much, sizeof much / 2 + 1));
    assert_true(events_take(&events, much, sizeof much / 2 + 1));
    assert_false(events_take(&events, much, sizeof much / 2 + 1));
    assert_string_equal(seen.text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_stand_anywhere),
        cmocka_unit_test(test_nothing_is_an_option_behind_two_dashes),
        cmocka_unit_test(test_options_that_are_refused),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_what_cannot_be_known),
        cmocka_unit_test(test_no_members),
        cmocka_unit_test(test_colours),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_events_in_pieces_of_any_size),
        cmocka_unit_test(test_events_have_an_end),
    };
    return cmocka_run_group_tests_name("ctl_parts", tests, NULL, NULL);
}
