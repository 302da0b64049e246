/* fuzz_options.c: any words as a command line, any as an environment. The first byte says who is
 * asked; then each word ends with a zero byte, and one that begins with '$' is a variable. No file is
 * opened, whatever name stands there: see options_file_read() below. */
#include "fuzz.h"
#include "options_again.h"
#include "samples.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "config/options_inside.h"

#define WORDS_MAX 128
#define IS_ROOT   1
#define HAS_FILE  2

static bool has_file;

/* In the place of options_file.c, which fuzz_config.c has: an empty file, or none. */
bool options_file_read(struct reader *reader)
{
    if (has_file) return true;
    refuse(reader, OPTION_CONFIG, " cannot be read: it is not there");
    reader->exit = EXIT_WRONG_CONFIG;
    return false;
}

struct words {
    int count;
    char *word[WORDS_MAX + 1];
};

static void add_word(struct words *words, const uint8_t *at, size_t bytes)
{
    if (words->count == WORDS_MAX) return;
    char *word = malloc(bytes + 1);
    if (word == NULL) abort();
    memcpy(word, at, bytes);
    word[bytes] = 0;
    words->word[words->count++] = word;
}

static void free_words(struct words *words)
{
    while (words->count > 0)
        free(words->word[--words->count]);
}

static void split(const uint8_t *at, const uint8_t *end, struct words *arguments,
                  struct words *variables)
{
    add_word(arguments, (const uint8_t *)"goosed", 6);
    while (at < end) {
        const uint8_t *stop = memchr(at, 0, (size_t)(end - at));
        if (stop == NULL) stop = end;
        if (*at == '$')
            add_word(variables, at + 1, (size_t)(stop - at) - 1);
        else
            add_word(arguments, at, (size_t)(stop - at));
        at = stop + 1;
    }
    arguments->word[arguments->count] = NULL;
    variables->word[variables->count] = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static struct options options;
    struct words arguments = {0}, variables = {0};
    char why[OPTIONS_LINE_BYTES];

    if (count == 0) return 0;
    has_file = (bytes[0] & HAS_FILE) != 0;
    split(bytes + 1, bytes + count, &arguments, &variables);
    const struct options_source source = {.argc = arguments.count,
                                          .argv = arguments.word,
                                          .environment = variables.word,
                                          .root = (bytes[0] & IS_ROOT) != 0};
    memset(&options, 0xa5, sizeof options);
    enum exit_code code = options_read(&options, &source, why);
    free_words(&arguments);
    free_words(&variables);
    check_options(&options, code, why);
    return 0;
}

/* The first is the one that has to be there. '|' ends a word. */
static const char *const samples[] = {
    "--self=10.0.0.1:7000",
    "--self|[::1]:07000",
    "--peers=a:1,b:2, C.:3",
    "--join|x:1,y:2",
    "--peers=10.0.0.1:7000",
    "--bind=0.0.0.0:7001",
    "--http=off",
    "--http=[::]:80",
    "--http=a:80",
    "--flock=pond-2",
    "--state-dir|/s",
    "--key-file=/k",
    "--http-token-file=/t",
    "--heartbeat=1ms",
    "--lease=3000us",
    "--heartbeat=20s",
    "--lease=60s",
    "--dead-after=3m",
    "--priority=255",
    "--voters=31",
    "--observer",
    "--observer=off",
    "--faults",
    "--on-change=ip addr del 192.0.2.1/24 dev eth0; logger \"$GOOSE_ROLE\"",
    "--on-change|x",
    "--on-change-timeout=1ms",
    "--config=/c",
    "--log-level=debug",
    "--log-format|json",
    "--check-config",
    "--new-key",
    "--version",
    "-h",
    "--perrs=a:1",
    "stray",
    "--",
    "--lease",
    "$HOME=/h",
    "$HOME=h",
    "$STATE_DIRECTORY=/s:/t",
    "$RUNTIME_DIRECTORY=/s:/t",
    "$GOOSED_SELF=node1:7000",
    "$GOOSED_PEERS=a:1",
    "$GOOSED_LEASE=1s",
    "$GOOSED_OBSERVER=yes",
    "$GOOSED_HTTP=",
    "$GOOSED_LAESE=1s",
    "$GOOSED_CONFIG=/c",
    "$GOOSED_FAULTS=1",
};

size_t fuzz_sample(uint64_t seed, uint8_t *bytes)
{
    struct rng rng = {seed};
    size_t count = 1, which = 0;

    bytes[0] = (uint8_t)rng_next(&rng);
    for (uint64_t left = rng_below(&rng, 8); left > 0; left--) {
        for (const char *at = samples[which]; *at != 0; at++)
            bytes[count++] = *at == '|' ? 0 : (uint8_t)*at;
        bytes[count++] = 0;
        which = rng_below(&rng, sizeof samples / sizeof *samples);
    }
    return count;
}
