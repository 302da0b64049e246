/* test_token.c: which token files are read, and that nothing in one is passed over. */
#include "folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/token.h"

#define TOKEN_BYTES 9 /* with its zero */

static char token[TOKEN_BYTES];
static char why[256];

static bool read_token(const char *text, size_t bytes)
{
    folder_write(text, bytes);
    memset(token, 'x', sizeof token);
    memset(why, 0, sizeof why);
    return token_read("--token", folder_file, OWN_SECRET, token, sizeof token, why, sizeof why);
}

static void refuse(const char *text, size_t bytes, const char *says)
{
    assert_false(read_token(text, bytes));
    assert_string_equal(token, "");
    assert_non_null(strstr(why, folder_file));
    if (strstr(why, says) == NULL) fail_msg("'%s' is not: %s", why, says);
    assert_null(strchr(why, '\n'));
}

static void test_tokens_that_are_read(void **state)
{
    static const char *const texts[][2] = {
        {"honk", "honk"},         {"honk\n", "honk"},         {"honk\r\n", "honk"},
        {"12345678", "12345678"}, {"1234567~\n", "1234567~"}, {"!", "!"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        if (!read_token(texts[i][0], strlen(texts[i][0]))) fail_msg("%s", why);
        assert_string_equal(token, texts[i][1]);
        assert_string_equal(why, "");
    }
}

static void test_tokens_that_are_refused(void **state)
{
    (void)state;
    refuse("", 0, "is empty");
    refuse("\n", 1, "is empty; write the token on one line");
    refuse("123456789", 9, "too long; give at most 8 characters");
    refuse("123456789\n", 10, "too long");
    refuse("honk\nhonk\n", 10, "more than one line");
    refuse("honk\n\n", 6, "more than one line");
    refuse("ho nk\n", 6, "spaces");
    refuse("h\xc3\xb6nk\n", 6, "characters");
}

/* Found by fuzzing: what stood behind such a byte was passed over, and the token was the rest. */
static void test_nothing_is_passed_over(void **state)
{
    (void)state;
    refuse("ho\0nk", 5, "characters");
    refuse("honk\0", 5, "characters");
    refuse("ho\rnk\n", 6, "characters");
    refuse("honk\r\r\n", 7, "characters");
}

static void test_much_is_too_much(void **state)
{
    static char much[100000];

    (void)state;
    memset(much, 'a', sizeof much);
    refuse(much, sizeof much, "too long");
}

static void test_a_file_that_others_read_is_refused(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0601};

    (void)state;
    for (size_t i = 0; i < COUNT(modes); i++) {
        assert_int_equal(chmod(folder_file, modes[i]), 0);
        refuse("honk\n", 5, "chmod 600");
    }
    assert_int_equal(chmod(folder_file, 0600), 0);
}

static void test_no_file(void **state)
{
    (void)state;
    assert_false(
        token_read("--token", "/nowhere/token", OWN_SECRET, token, sizeof token, why, sizeof why));
    assert_string_equal(why, "--token /nowhere/token cannot be read: No such file or directory");
    assert_false(token_read("--token", "/tmp", OWN_SECRET, token, sizeof token, why, sizeof why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens_that_are_read),
        cmocka_unit_test(test_tokens_that_are_refused),
        cmocka_unit_test(test_nothing_is_passed_over),
        cmocka_unit_test(test_much_is_too_much),
        cmocka_unit_test(test_a_file_that_others_read_is_refused),
        cmocka_unit_test(test_no_file),
    };
    return cmocka_run_group_tests_name("token", tests, folder_make, folder_remove);
}
