/* test_ctl_service.c: which node of this machine goosectl means where none is named. */
#include <stdio.h>
#include <string.h>

#include "ctl/service.h"
#include "folder.h"

static struct service service;

static void put(const char *name, const char *json)
{
    char path[64];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    fputs(json, to);
    fclose(to);
}

static void test_just_one(void **state)
{
    (void)state;
    assert_false(service_find(&service, folder));
    assert_string_equal(service.wrong, "");
    put("goose.key", "no configuration");
    put("a.json", "{\"self\": \"n1:7000\"}");
    assert_true(service_find(&service, folder));
    assert_string_equal(service.at, "n1:7000");
    assert_string_equal(service.lease_page, "/run/goosed/a/lease");
    put("a.json", "{\"self\": \"n1:7000\", \"http\": \"127.0.0.1:80\", \"lease-page\": \"/p\"}");
    assert_true(service_find(&service, folder));
    assert_string_equal(service.at, "127.0.0.1:80");
    assert_string_equal(service.lease_page, "/p");
    put("a.json", "{\"self\": \"n1:7000\", \"http\": \"off\"}");
    assert_true(service_find(&service, folder));
    assert_string_equal(service.at, "n1:7000");
    put("a.json", "{\"self\": \"n1:7000\", \"http\": \"n1:80, unix:/nowhere/http\"}");
    assert_true(service_find(&service, folder));
    assert_string_equal(service.at, "n1:80");
    put("a.json", "{\"self\": \"n1:7000\", \"http\": \"unix:/nowhere/http\"}");
    assert_true(service_find(&service, folder));
    assert_string_equal(service.at, "unix:/nowhere/http");
    put("a.json", "{\"self\": \"n1:7000\", \"http\": [\"n1:80\", \"unix:/dev/null\"]}");
    assert_true(service_find(&service, folder));
    assert_string_equal(service.at, "unix:/dev/null");
    put("a.json", "{\"self\": \"n1:7000\", \"http\": \"off\"}");
    assert_true(service_find(&service, folder));
    assert_string_equal(service.at, "n1:7000");
}

static void test_none_that_is_meant(void **state)
{
    (void)state;
    put("a.json", "{\"self\": ");
    assert_false(service_find(&service, folder));
    assert_non_null(strstr(service.wrong, "/a.json cannot be read: it is no JSON"));
    put("b.json", "{\"self\": \"n1:7000\"}");
    assert_false(service_find(&service, folder));
    assert_non_null(strstr(service.wrong, " has several, such as "));
    assert_string_equal(service.at, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_just_one, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(test_none_that_is_meant, folder_make, folder_remove),
    };
    return cmocka_run_group_tests_name("ctl_service", tests, NULL, NULL);
}
