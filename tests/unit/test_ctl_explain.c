/* test_ctl_explain.c: what `why` says of flocks that are made up, and that it asks every voter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/commands.h"
#include "ctl/explain.h"
#include "test_ctl_fake.h"

#define VOTERS 3

static struct fact facts[VOTERS];
static char text[FAKE_TEXT_BYTES];

static void tell(void)
{
    FILE *to = fmemopen(text, sizeof text, "w");

    assert_non_null(to);
    explain(to, facts, VOTERS);
    fclose(to);
}

static void says(const char *sentence)
{
    if (strstr(text, sentence) == NULL) fail_msg("%s\ndoes not say: %s", text, sentence);
}

static void does_not_say(const char *sentence)
{
    if (strstr(text, sentence) != NULL) fail_msg("%s\nsays: %s", text, sentence);
}

static void add_link(cJSON *links, int to, int answered, int heard)
{
    char address[16];
    cJSON *link = cJSON_CreateObject();

    snprintf(address, sizeof address, "n%d:7000", to);
    cJSON_AddStringToObject(link, "address", address);
    cJSON_AddNumberToObject(link, "asked", 5);
    cJSON_AddNumberToObject(link, "answered", answered);
    cJSON_AddNumberToObject(link, "heard", heard);
    cJSON_AddNumberToObject(link, "rtt_us", 250);
    cJSON_AddItemToArray(links, link);
}

/* Three voters that hear each other, and no goose. */
static int make_flock(void **state)
{
    (void)state;
    memset(facts, 0, sizeof facts);
    for (int i = 0; i < VOTERS; i++) {
        snprintf(facts[i].address, sizeof facts[i].address, "n%d:7000", i + 1);
        facts[i].voter = true;
        facts[i].why = cJSON_CreateObject();
        cJSON_AddStringToObject(facts[i].why, "role", "duck");
        cJSON_AddNullToObject(facts[i].why, "goose");
        cJSON_AddNumberToObject(facts[i].why, "term", 7);
        cJSON_AddNumberToObject(facts[i].why, "priority", 100);
        cJSON_AddArrayToObject(facts[i].why, "refusals");
        cJSON *links = cJSON_AddArrayToObject(facts[i].why, "links");
        for (int j = 0; j < VOTERS; j++)
            if (j != i) add_link(links, j + 1, 5, 5);
    }
    return 0;
}

static int drop_flock(void **state)
{
    (void)state;
    for (int i = 0; i < VOTERS; i++)
        cJSON_Delete(facts[i].why);
    return 0;
}

static void set(int i, const char *name, cJSON *value)
{
    cJSON_DeleteItemFromObject(facts[i].why, name);
    cJSON_AddItemToObject(facts[i].why, name, value);
}

static void set_link(int i, int j, int answered, int heard)
{
    cJSON *links = cJSON_GetObjectItem(facts[i].why, "links");
    cJSON *link = cJSON_GetArrayItem(links, j < i ? j : j - 1);

    cJSON_SetNumberValue(cJSON_GetObjectItem(link, "answered"), answered);
    cJSON_SetNumberValue(cJSON_GetObjectItem(link, "heard"), heard);
}

static void silence(int i)
{
    cJSON_Delete(facts[i].why);
    facts[i].why = NULL;
    snprintf(facts[i].wrong, sizeof facts[i].wrong, "n%d:7000 cannot be reached", i + 1);
    for (int j = 0; j < VOTERS; j++)
        if (facts[j].why != NULL) set_link(j, i, 0, 0);
}

static void refuse(int teller, const char *by, const char *asker, const char *why, int ago_ms)
{
    cJSON *refusal = cJSON_CreateObject();

    cJSON_AddStringToObject(refusal, "by", by);
    cJSON_AddStringToObject(refusal, "asker", asker);
    cJSON_AddStringToObject(refusal, "why", why);
    cJSON_AddNumberToObject(refusal, "ago_ms", ago_ms);
    cJSON_AddItemToArray(cJSON_GetObjectItem(facts[teller].why, "refusals"), refusal);
}

static void test_all_is_well(void **state)
{
    cJSON *promise = cJSON_CreateObject();

    (void)state;
    set(1, "role", cJSON_CreateString("goose"));
    set(1, "goose", cJSON_CreateString("n2:7000"));
    set(0, "goose", cJSON_CreateString("n2:7000"));
    cJSON_AddNumberToObject(promise, "left_ms", 300);
    set(0, "promise", promise);
    refuse(0, "n3:7000", "n1:7000", "promised", 500);
    tell();
    says("n1:7000 is a duck: n2:7000 is the goose, in term 7.");
    says("For 300 ms it votes for nobody else.");
    says("All voters that were asked hear each other; round trips 0.250 to 0.250 ms.");
    does_not_say("refused");
    does_not_say("There is no goose");
}

static void test_this_is_the_goose(void **state)
{
    (void)state;
    set(0, "role", cJSON_CreateString("goose"));
    set(0, "goose", cJSON_CreateString("n1:7000"));
    set(1, "draining", cJSON_CreateTrue());
    tell();
    says("n1:7000 is the goose, in term 7.");
    does_not_say("draining");
}

static void test_another_version(void **state)
{
    const char *old = "10.0.0.3:7000";

    (void)state;
    set(1, "other_versions", cJSON_CreateStringArray(&old, 1));
    set(1, "other_keys", cJSON_CreateArray());
    tell();
    says("n2:7000 hears nothing from 10.0.0.3:7000: another version.\n"
         "Run one version of goosed everywhere.\n");
    does_not_say("key");
}

static void test_they_were_told_different_things(void **state)
{
    static const struct {
        const char *list, *says;
    } all[] = {
        {"other_keys", "n1:7000 drops what comes from n2:7000, n3:7000: another key, or none.\n"
                       "n3:7000 drops what comes from n2:7000, n3:7000: another key, or none.\n"
                       "Give all nodes the same --key-file.\n"},
        {"other_flocks", "another --flock.\nGive all nodes the same --flock.\n"},
        {"other_peers", "n1:7000 refuses n2:7000, n3:7000: other --peers.\n"},
    };
    const char *others[] = {"n2:7000", "n3:7000"};

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        set(0, all[i].list, cJSON_CreateStringArray(others, 2));
        set(2, all[i].list, cJSON_CreateStringArray(others, 2));
        tell();
        says(all[i].says);
        says("But they were not told the same: mend that first, as said above.");
        does_not_say("in a moment");
        set(0, all[i].list, cJSON_CreateNull());
        set(2, all[i].list, cJSON_CreateNull());
    }
    tell();
    says("in a moment");
}

/* A node that nobody runs any more may have no name: that is no reason why there is no goose. */
static void test_no_way_to_a_name(void **state)
{
    const char *other = "n3:7000";

    (void)state;
    set(0, "unresolved", cJSON_CreateStringArray(&other, 1));
    tell();
    says("n1:7000 cannot send to n3:7000: the name does not resolve there.\n"
         "Mend the name there, in DNS or /etc/hosts.\n");
    does_not_say("they were not told the same");
    set(1, "other_family", cJSON_CreateStringArray(&other, 1));
    tell();
    says("n2:7000 cannot send to n3:7000: it listens at an address of one kind, IPv4 or IPv6, and "
         "these have only the other.\n"
         "Give all nodes addresses of one kind, or --bind [::]:PORT, which sends to both.\n");
}

static void test_a_goose_that_it_does_not_hear(void **state)
{
    (void)state;
    set(1, "role", cJSON_CreateString("goose"));
    set(1, "goose", cJSON_CreateString("n2:7000"));
    set_link(0, 1, 0, 0);
    set_link(1, 0, 0, 5);
    refuse(0, "n3:7000", "n1:7000", "promised", 500);
    tell();
    says("n1:7000 is a duck and hears no goose; but n2:7000 is one, in term 7.");
    says("One way only: n2:7000 hears n1:7000, but is not heard there.");
    says("n3:7000 refused n1:7000, 500 ms ago: its promise to another has not ended.");
}

static void test_too_few_are_left(void **state)
{
    (void)state;
    silence(1);
    silence(2);
    tell();
    says("There is no goose.");
    says("n2:7000 cannot be reached; no other node hears it either.");
    says("Of 3 voters 1 answer; a goose needs 2. Start 1 more with the state they have");
}

static void test_heard_by_others_though_not_here(void **state)
{
    (void)state;
    silence(1);
    silence(2);
    set_link(0, 1, 4, 0);
    tell();
    says("n2:7000 cannot be reached; but other nodes hear it.");
    says("Of 3 voters 2 answer; a goose needs 2. They reach each other");
}

static void test_everybody_for_himself(void **state)
{
    (void)state;
    for (int i = 0; i < VOTERS; i++)
        for (int j = 0; j < VOTERS; j++)
            if (i != j) set_link(i, j, 0, 0);
    tell();
    says("n1:7000 and n2:7000 do not hear each other.");
    says("n2:7000 and n3:7000 do not hear each other.");
    says("But none that may be goose reaches so many: mend the network.");
    does_not_say("All voters");
}

static void test_loss(void **state)
{
    (void)state;
    set_link(0, 1, 3, 4);
    tell();
    says("Between n1:7000 and n2:7000 2 of 10 round trips were lost.");
    does_not_say("All voters");
}

static void test_nobody_may(void **state)
{
    (void)state;
    set(0, "draining", cJSON_CreateTrue());
    set(1, "priority", cJSON_CreateNumber(0));
    set(2, "failed", cJSON_CreateTrue());
    tell();
    says("n1:7000 is draining: it will not be goose until undrain, or a restart.");
    says("n2:7000 has priority 0: it is never goose.");
    says("n3:7000 cannot save its state: it will not be goose, and must be looked after.");
    says("But none of them may be goose: undrain one, or raise its priority.");
}

/* What keeps a node that does not answer here is not known. */
static void test_who_may_was_not_asked(void **state)
{
    (void)state;
    silence(2);
    set_link(0, 2, 5, 5);
    set(0, "draining", cJSON_CreateTrue());
    set(1, "priority", cJSON_CreateNumber(0));
    tell();
    says("Of 3 voters 3 answer; a goose needs 2. Those that were asked cannot be it; ask at the "
         "others, too.");
    does_not_say("none of them");
}

static void test_a_moment_yet(void **state)
{
    (void)state;
    set(2, "quarantine_ms", cJSON_CreateNumber(1500));
    facts[0].voter = false;
    refuse(0, "n2:7000", "n1:7000", "stranger", 100);
    refuse(1, "n2:7000", "n1:7000", "stranger", 100);
    refuse(2, "n2:7000", "n3:7000", "made-up", 100);
    refuse(2, "n1:7000", "n3:7000", "voted", 20000);
    tell();
    says("n1:7000 has no vote");
    says("n3:7000 has restarted and waits 1.5 s more, because it does not remember");
    says("n2:7000 refused n1:7000, 100 ms ago: the asker has no seat in its roster.");
    says("n2:7000 refused n3:7000, 100 ms ago: for a reason that this goosectl does not know.");
    says("Of 2 voters 2 answer; a goose needs 2. They reach each other, so there should be one");
    does_not_say("in that term"); /* long ago */
    assert_null(strstr(strstr(text, "n2:7000 refused n1:7000") + 1, "n2:7000 refused n1:7000"));
}

static void tell_of_one(void)
{
    FILE *to = fmemopen(text, sizeof text, "w");

    assert_non_null(to);
    explain(to, facts, 1);
    fclose(to);
}

static void test_a_member_of_no_flock_yet(void **state)
{
    (void)state;
    facts[0].voter = false;
    tell_of_one();
    says("n1:7000 is in no flock yet.\nNone that its --join names has let it in: look whether");
    does_not_say("There is no goose");
    does_not_say("no vote");
    does_not_say("Of 0 voters");
    set(0, "listening", cJSON_CreateTrue());
    tell_of_one();
    says("n1:7000 is in no flock yet.\nn1:7000 listens first whether a flock knows it.\n");
    does_not_say("--join");
}

/* What is not JSON of a goosed's shape is like silence. */
static void test_nonsense(void **state)
{
    (void)state;
    for (int i = 0; i < VOTERS; i++) {
        cJSON_Delete(facts[i].why);
        facts[i].why =
            cJSON_Parse("{\"role\":7,\"links\":{\"a\":[]},\"refusals\":[1,{}],\"goose\":{}}");
    }
    tell();
    says("There is no goose.");
}

static void test_what_is_asked(void **state)
{
    static char why[512], members[512];
    struct fake_answer answers[] = {
        {.bytes = why}, {.bytes = members}, {.bytes = why}, {.bytes = why}, {.bytes = why}};
    struct fake fake;
    struct said said;

    (void)state;
    fake_begin(&fake, answers, 5);
    snprintf(
        why, sizeof why,
        FAKE_JSON("200 OK", "", "{\"self\":\"%s\",\"role\":\"goose\",\"priority\":1,\"term\":3}"),
        fake.at.chars);
    snprintf(
        members, sizeof members,
        FAKE_JSON(
            "200 OK", "",
            "{\"members\":[{\"address\":\"%s\",\"seat\":\"voter\"},"
            "{\"address\":\"n2:7000\",\"seat\":\"voter\",\"uid\":\"2\",\"http_port\":1e300}]}"),
        fake.at.chars);
    run_command(&said, &why_command, NULL, &fake.at, (const char *const[]){NULL});
    fake_end(&fake);
    assert_int_equal(said.status, CTL_YES);
    assert_non_null(strstr(said.out, " is the goose, in term 3.\n"));
    assert_non_null(strstr(said.out, "n2:7000 has no HTTP server for others (--http); "));
    assert_memory_equal(fake.asked[0], "GET /why HTTP", 13);
    assert_memory_equal(fake.asked[1], "GET /members HTTP", 17);
    assert_memory_equal(fake.asked[2], "GET /why HTTP", 13);
    assert_memory_equal(fake.asked[3], "GET /why?probe=1 HTTP", 21);
    assert_memory_equal(fake.asked[4], "GET /why HTTP", 13);
    run_command(&said, &why_command, NULL, &fake.at, (const char *const[]){NULL});
    assert_int_equal(said.status, CTL_UNKNOWN);
    assert_non_null(strstr(said.err, "cannot be reached"));
}

/* Answers that are on their way are waited for. */
static void test_it_looks_again(void **state)
{
#define LINKS(answered) \
    "\"links\":[{\"address\":\"n2:7000\",\"asked\":5,\"answered\":" answered "}]}"
    static char first[256], members[256], late[256], all[256];
    struct fake_answer answers[] = {{.bytes = first}, {.bytes = members}, {.bytes = first},
                                    {.bytes = first}, {.bytes = late},    {.bytes = all}};
    struct fake fake;
    struct said said;

    (void)state;
    fake_begin(&fake, answers, 6);
    snprintf(first, sizeof first, FAKE_JSON("200 OK", "", "{\"self\":\"%s\"}"), fake.at.chars);
    snprintf(members, sizeof members, FAKE_JSON("200 OK", "", "{\"members\":[]}"));
    snprintf(late, sizeof late, FAKE_JSON("200 OK", "", "{\"self\":\"%s\"," LINKS("4")),
             fake.at.chars);
    snprintf(all, sizeof all, FAKE_JSON("200 OK", "", "{\"self\":\"%s\"," LINKS("5")),
             fake.at.chars);
    run_command(&said, &why_command, NULL, &fake.at, (const char *const[]){NULL});
    fake_end(&fake);
    assert_int_equal(said.status, CTL_YES);
    assert_memory_equal(fake.asked[5], "GET /why HTTP", 13);
}

int main(void)
{
#define IN_A_FLOCK(test) cmocka_unit_test_setup_teardown(test, make_flock, drop_flock)
    const struct CMUnitTest tests[] = {
        IN_A_FLOCK(test_all_is_well),
        IN_A_FLOCK(test_this_is_the_goose),
        IN_A_FLOCK(test_another_version),
        IN_A_FLOCK(test_they_were_told_different_things),
        IN_A_FLOCK(test_no_way_to_a_name),
        IN_A_FLOCK(test_a_goose_that_it_does_not_hear),
        IN_A_FLOCK(test_too_few_are_left),
        IN_A_FLOCK(test_heard_by_others_though_not_here),
        IN_A_FLOCK(test_everybody_for_himself),
        IN_A_FLOCK(test_loss),
        IN_A_FLOCK(test_nobody_may),
        IN_A_FLOCK(test_who_may_was_not_asked),
        IN_A_FLOCK(test_a_moment_yet),
        IN_A_FLOCK(test_a_member_of_no_flock_yet),
        IN_A_FLOCK(test_nonsense),
        cmocka_unit_test(test_what_is_asked),
        cmocka_unit_test(test_it_looks_again),
    };
    return cmocka_run_group_tests_name("ctl_explain", tests, NULL, NULL);
}
