/* test_text.c: text in and out, without a server. */
#include "test_http_fake.h"

#include <string.h>

#include "base/text.h"

static void test_numbers(void **state)
{
    char text[64] = "";
    struct out out = {text, text + sizeof(text)};
    (void)state;
    put_u64(&out, 0);
    PUT(&out, " ");
    put_u64(&out, UINT64_MAX);
    PUT(&out, " ");
    put_hex64(&out, 0x1f);
    assert_non_null(out.at);
    assert_memory_equal(text, "0 18446744073709551615 \"000000000000001f\"", 41);
    assert_int_equal(out.at - text, 41);
}

static void test_json_strings(void **state)
{
    char text[64];
    struct out out = {text, text + sizeof(text)};
    static const char right[] = "\"a\\u0022b\\u005c\\u000a\xc3\xa4\"null";
    (void)state;
    put_json_string(&out, "a\"b\\\n\xc3\xa4");
    put_json_string(&out, NULL);
    assert_int_equal(out.at - text, sizeof(right) - 1);
    assert_memory_equal(text, right, sizeof(right) - 1);
}

static void test_a_full_cursor_stays_failed(void **state)
{
    char text[4];
    struct out out = {text, text + sizeof(text)};
    (void)state;
    PUT(&out, "abcd");
    assert_non_null(out.at);
    PUT(&out, "e");
    assert_null(out.at);
    PUT(&out, "");
    assert_null(out.at);
    assert_memory_equal(text, "abcd", 4);
}

static void test_durations(void **state)
{
    static const struct {
        const char *text;
        uint64_t us;
    } good[] = {{"1us", 1},       {"250ms", 250000},
                {"2s", 2000000},  {"3m", 180000000},
                {"0ms", 0},       {"99999999999m", 99999999999u * UINT64_C(60000000)},
                {"007s", 7000000}};
    static const char *const bad[] = {"",     "ms", "5",    "5 ms", "-1s",
                                      "1.5s", "1h", "1msx", "1MS",  "100000000000s"};
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        uint64_t us = 1;
        assert_true(duration_parse_us(span_of(good[i].text), &us));
        assert_int_equal(us, good[i].us);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint64_t us;
        assert_false(duration_parse_us(span_of(bad[i]), &us));
    }
}

static void test_percent(void **state)
{
    char text[8];
    (void)state;
    assert_true(percent_decode(span_of("%5b::1%5D"), text, sizeof(text)));
    assert_string_equal(text, "[::1]");
    assert_true(percent_decode(span_of("1234567"), text, sizeof(text)));
    assert_false(percent_decode(span_of("12345678"), text, sizeof(text)));
    assert_false(percent_decode(span_of("a%00b"), text, sizeof(text)));
    assert_false(percent_decode(span_of("a%"), text, sizeof(text)));
    assert_false(percent_decode(span_of("a%4"), text, sizeof(text)));
    assert_false(percent_decode(span_of("a%4g"), text, sizeof(text)));
}

static void test_queries(void **state)
{
    struct span value;
    (void)state;
    assert_true(query_find(span_of("a=1&hold=2s&b"), "hold", &value));
    assert_true(span_is(value, "2s"));
    assert_true(query_find(span_of("hold=2s"), "hold", &value));
    assert_true(span_is(value, "2s"));
    assert_true(query_find(span_of("x=hold=1&hold"), "hold", &value));
    assert_int_equal(value.bytes, 0);
    assert_true(query_find(span_of("&&hold="), "hold", &value));
    assert_int_equal(value.bytes, 0);
    assert_false(query_find(span_of("holding=2s&ahold=1&x=hold"), "hold", &value));
    assert_false(query_find(span_of(""), "hold", &value));
}

static void test_spans(void **state)
{
    (void)state;
    assert_true(span_is(span_trim(span_of(" \t a b\t ")), "a b"));
    assert_int_equal(span_trim(span_of(" \t ")).bytes, 0);
    assert_true(span_is_caseless(span_of("HoSt"), span_of("host")));
    assert_false(span_is_caseless(span_of("hos"), span_of("host")));
    assert_true(span_starts_caseless(span_of("Bearer x"), "bearer "));
    assert_false(span_starts_caseless(span_of("Bear"), "bearer "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),   cmocka_unit_test(test_json_strings),
        cmocka_unit_test(test_durations), cmocka_unit_test(test_a_full_cursor_stays_failed),
        cmocka_unit_test(test_percent),   cmocka_unit_test(test_queries),
        cmocka_unit_test(test_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
