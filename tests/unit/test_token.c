/* test_token.c: which token files are read, and that nothing in one is passed over. */
#include "folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/token.h"

#define TOKEN_BYTES 19                 /* with its zero */
#define HONK        "honk-honk-honk-1" /* 16: as short as one may be */

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
        {HONK, HONK},           {HONK "\n", HONK},        {HONK "\r\n", HONK},
        {HONK "23", HONK "23"}, {HONK "2~\n", HONK "2~"},
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
    refuse(HONK "234", 19, "too long; give at most 18 characters");
    refuse(HONK "234\n", 20, "too long");
    refuse("honk-honk-honk-\n", 16,
           "has a token that is guessed too soon; give at least 16 characters");
    refuse("!", 1, "give at least 16 characters");
    refuse("honk\nhonk\n", 10, "more than one line");
    refuse(HONK "\n\n", 18, "more than one line");
    refuse("h " HONK, 18, "spaces");
    refuse("\xc3\xb6" HONK, 18, "characters");
}

/* Found by fuzzing: what stood behind such a byte was passed over, and the token was the rest. */
static void test_nothing_is_passed_over(void **state)
{
    (void)state;
    refuse("h\0" HONK, 18, "characters");
    refuse(HONK "\0", 17, "characters");
    refuse("h\r" HONK, 18, "characters");
    refuse(HONK "\r\r\n", 19, "characters");
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
        refuse(HONK "\n", 17, "chmod 600");
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
