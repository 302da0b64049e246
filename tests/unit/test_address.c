/* test_address.c: every way to write an address, and the one way that all nodes compare. */
#include "unit.h"

#include <string.h>

#include "base/address.h"

#define HOST_62 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz_01234567"

static struct goose_address made(const char *spelling)
{
    struct goose_address address;
    const char *wrong = address_from_user(&address, spelling, strlen(spelling));

    if (wrong != NULL) fail_msg("%s: %s", spelling, wrong);
    return address;
}

static void test_spellings(void **state)
{
    static const char *const cases[][2] = {
        {"127.0.0.1:7001", "127.0.0.1:7001"},
        {"255.255.255.255:65535", "255.255.255.255:65535"},
        {"node1:1", "node1:1"},
        {"Node1.Example.COM:7000", "node1.example.com:7000"},
        {"node1.example.com.:7000", "node1.example.com:7000"},
        {"LOCALHOST.:07001", "localhost:7001"},
        {"n:000065535", "n:65535"},
        {"a_b-c.d:7000", "a_b-c.d:7000"},
        {"_srv.x:7000", "_srv.x:7000"},
        {"1and1.de:7000", "1and1.de:7000"},
        {"10.0.0.1.nip.io:7000", "10.0.0.1.nip.io:7000"},
        {"0xcafe.de:7000", "0xcafe.de:7000"},
        {"[::1]:7001", "[::1]:7001"},
        {"[0:0:0:0:0:0:0:1]:7001", "[::1]:7001"},
        {"[FE80:0::00AB]:7001", "[fe80::ab]:7001"},
        {"[2001:DB8:0:0:1:0:0:1]:7001", "[2001:db8::1:0:0:1]:7001"},
        {"[2001:db8:0:1:1:1:1:1]:7001", "[2001:db8:0:1:1:1:1:1]:7001"},
        {"[::]:7001", "[::]:7001"},
        {"[64:ff9b::192.0.2.33]:7001", "[64:ff9b::c000:221]:7001"},
        {HOST_62 "ab:7000", HOST_62 "ab:7000"},
        {HOST_62 "ab.:65535", HOST_62 "ab:65535"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct goose_address address = made(cases[i][0]);
        assert_string_equal(address.chars, cases[i][1]);
        assert_int_equal(address.bytes, strlen(cases[i][1]));
        assert_true(goose_address_is_canonical(goose_address_text(&address)));
        struct goose_address again = made(address.chars);
        assert_true(address_same(&address, &again));
    }
}

static void test_refusals(void **state)
{
    static const char *const cases[][2] = {
        {"", "HOST:PORT"},
        {":", "HOST:PORT"},
        {":7000", "HOST:PORT"},
        {"node1", "HOST:PORT"},
        {"7000", "HOST:PORT"},
        {"[::1]", "HOST:PORT"},
        {"[::1", "in the brackets"},
        {"abcd::1:7000", "brackets"},
        {"node1:", "port"},
        {"node1:0", "port"},
        {"node1:000", "port"},
        {"node1:65536", "port"},
        {"node1:4294974296", "port"},
        {"node1:99999999999999999999", "port"},
        {"node1:+7000", "port"},
        {"node1:-1", "port"},
        {"node1:7000 ", "port"},
        {"node1:http", "port"},
        {"node1:0x1b58", "port"},
        {" node1:7000", "begins with"},
        {"no de:7000", "begins with"},
        {"n\xc3\xb6"
         "de:7000",
         "begins with"},
        {"http://node1:7000", "begins with"},
        {"user@node1:7000", "begins with"},
        {".node1:7000", "begins with"},
        {"-node1:7000", "begins with"},
        {"node1..example:7000", "begins with"},
        {"node1..:7000", "begins with"},
        {".:7000", "begins with"},
        {"[:7000", "in the brackets"},
        {"[::1].:7000", "in the brackets"},
        {"[:.].:1", "in the brackets"},
        {"::1:7000", "brackets"},
        {"fe80::1:7000", "brackets"},
        {"[]:7000", "IPv6"},
        {"[node1]:7000", "IPv6"},
        {"[127.0.0.1]:7000", "IPv6"},
        {"[::1::]:7000", "IPv6"},
        {"[fe80::1%eth0]:7000", "without a scope"},
        {"[::ffff:127.0.0.1]:7000", "without brackets"},
        {"[::FFFF:7f00:1]:7000", "without brackets"},
        {"127.1:7000", "four numbers"},
        {"2130706433:7000", "four numbers"},
        {"0x7f000001:7000", "four numbers"},
        {"127.0.0.0x1:7000", "four numbers"},
        {"127.0.0.01:7000", "four numbers"},
        {"127.0.0.256:7000", "four numbers"},
        {"127.0.0.1.1:7000", "four numbers"},
        {"1.2.3.4.5.6.7.8.9.10:7000", "four numbers"},
        {HOST_62 "abc:7000", "at most 64"},
        {"[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa]:7000", "IPv6"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct goose_address address;
        memset(&address, 0xaa, sizeof address);
        const char *wrong = address_from_user(&address, cases[i][0], strlen(cases[i][0]));
        if (wrong == NULL) fail_msg("'%s' passed", cases[i][0]);
        if (strstr(wrong, cases[i][1]) == NULL) fail_msg("'%s': %s", cases[i][0], wrong);
        assert_int_equal(address.bytes, 0);
        assert_int_equal(address.chars[0], 0);
    }
}

/* The spelling has no zero at its end: it is a piece of a list. */
static void test_a_piece_of_a_list(void **state)
{
    struct goose_address address;

    (void)state;
    assert_null(address_from_user(&address, "a:70,b:71", 4));
    assert_string_equal(address.chars, "a:70");
    assert_null(address_from_user(&address, "a:7001", 5));
    assert_string_equal(address.chars, "a:700");
}

static void test_parts(void **state)
{
    struct goose_address name = made("node1:7000"), six = made("[::1]:65535"), one = made("n:1");

    (void)state;
    assert_int_equal(address_port(&name), 7000);
    assert_int_equal(address_port(&six), 65535);
    assert_int_equal(address_port(&one), 1);
    assert_true(goose_text_equal(address_host(&name), (struct goose_text){"node1", 5}));
    assert_true(goose_text_equal(address_host(&six), (struct goose_text){"[::1]", 5}));
    assert_false(address_same(&name, &six));
}

static void test_wildcard_and_loopback(void **state)
{
    static const struct {
        const char *spelling;
        bool wildcard, loopback;
    } cases[] = {
        {"0.0.0.0:1", true, false},      {"[::]:1", true, false},
        {"[0::0]:1", true, false},       {"0.0.0.1:1", false, false},
        {"127.0.0.1:1", false, true},    {"127.255.0.3:1", false, true},
        {"128.0.0.1:1", false, false},   {"[::1]:1", false, true},
        {"[::2]:1", false, false},       {"localhost:1", false, true},
        {"Localhost.:1", false, true},   {"a.localhost:1", false, true},
        {"alocalhost:1", false, false},  {"localhost.example:1", false, false},
        {"127.0.0.1.x:1", false, false}, {"127.example:1", false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct goose_address address = made(cases[i].spelling);
        if (address_is_wildcard(&address) != cases[i].wildcard ||
            address_is_loopback(&address) != cases[i].loopback)
            fail_msg("%s", cases[i].spelling);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_a_piece_of_a_list),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_wildcard_and_loopback),
    };

    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
