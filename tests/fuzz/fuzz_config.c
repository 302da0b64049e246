/* fuzz_config.c: any bytes as the file of --config. */
#include "fuzz.h"
#include "options_again.h"
#include "samples.h"
#include "scratch_file.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* All of the file counts: what stands behind a zero would be lost. */
static void check_no_zero(const uint8_t *bytes, size_t count)
{
    const uint8_t *escaped = memmem(bytes, count, "\\u0000", 6);

    assert(memchr(bytes, 0, count) == NULL);
    if (escaped != NULL) assert(escaped > bytes && escaped[-1] == '\\');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static struct options options;
    static const uint8_t nothing[1];
    char program[] = "goosed", flag[] = "--config", path[64], why[OPTIONS_LINE_BYTES];
    char *argv[] = {program, flag, path, NULL}, *environment[] = {NULL};
    const struct options_source source = {
        .argc = 3, .argv = argv, .environment = environment, .root = true};

    snprintf(path, sizeof path, "%s", scratch_file(count > 0 ? bytes : nothing, count));
    memset(&options, 0xa5, sizeof options);
    enum exit_code code = options_read(&options, &source, why);
    check_options(&options, code, why);
    if (code == EXIT_STOPPED) check_no_zero(bytes, count);
    return 0;
}

static const char *const pairs[] = {
    "\"self\": \"10.0.0.1:7000\"",
    "\"peers\": [\"a:1\", \"b:2\"]",
    "\"join\":\"x:1,y:2\"",
    "\"peers\":[]",
    "\"http\": \"off\"",
    "\"bind\": \"\\u005b::]:1\"",
    "\"flock\":\"p\\u006fnd\"",
    "\"state-dir\": \"/a\\u0000b\"",
    "\"voters\": 3",
    "\"priority\":0",
    "\"observer\": true",
    "\"faults\":false",
    "\"lease\": \"1s\"",
    "\"heartbeat\":\"2e1ms\"",
    "\"voters\":1e9",
    "\"lease\": null",
    "\"log-level\": \"debug\"",
    "\"log-format\":\"json\"",
    "\"dead-after\": \"10s\"",
    "\"state-dir\":\"/\\ud83e\\udd86\"",
    "\"key-file\": \"k\"",
    "\"http-token-file\": \"t\"",
    "\"config\": \"c\"",
    "\"lase\": 1",
    "\"help\":true",
};

size_t fuzz_sample(uint64_t seed, uint8_t *bytes)
{
    struct rng rng = {seed};
    char *at = (char *)bytes;
    size_t which = 0;

    *at++ = '{';
    for (uint64_t left = rng_below(&rng, 8); left > 0; left--) {
        at += sprintf(at, "%s%s", pairs[which], left > 1 ? ",\n" : "");
        which = rng_below(&rng, sizeof pairs / sizeof *pairs);
    }
    at += sprintf(at, "}%s", rng_below(&rng, 2) == 0 ? "\n" : "");
    return (size_t)(at - (char *)bytes);
}
