/* drive.c: drives a fuzz target without libFuzzer: what long runs found, then that and good inputs
 * mutated at random, from a seed that is printed. usage: drive_NAME COUNT [SEED [FIRST]]
 *
 * The inputs are handed over in a child process. When it dies, the parent says which input it was
 * and how to see it die again: each input depends on the seed and its own number only. */
#include "found.h"
#include "mutate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUTATIONS_MAX 8

static struct input found[FOUND_MAX];
static size_t found_count;

struct run {
    uint64_t seed;
    uint64_t first;
    uint64_t count;
};

/* The first ones are what was found, as it is. */
static void make_input(uint64_t seed, uint64_t number, struct input *input)
{
    struct rng rng = {seed ^ (number * UINT64_C(0xd1342543de82ef95))};

    if (number < found_count) {
        *input = found[number];
        return;
    }
    if (found_count > 0 && rng_below(&rng, 4) == 0)
        *input = found[rng_below(&rng, found_count)];
    else
        input->count = fuzz_sample(rng_next(&rng), input->bytes);
    for (uint64_t left = rng_below(&rng, MUTATIONS_MAX + 1); left > 0; left--)
        mutate(&rng, input);
}

/* From memory without a byte to spare, so that a sanitizer sees the first one read behind the
 * end. */
static void hand_over(const struct input *input)
{
    uint8_t *bytes = malloc(input->count > 0 ? input->count : 1);

    if (bytes == NULL) abort();
    memcpy(bytes, input->bytes, input->count);
    LLVMFuzzerTestOneInput(bytes, input->count);
    free(bytes);
}

static void drive(const struct run *run, volatile uint64_t *at)
{
    struct input input;

    for (uint64_t i = 0; i < run->count; i++) {
        *at = run->first + i;
        make_input(run->seed, *at, &input);
        hand_over(&input);
    }
}

/* 0, or 1 when the child did not come to its end. */
static int watch(const char *name, const struct run *run, pid_t child, const volatile uint64_t *at)
{
    int status = 0;

    if (waitpid(child, &status, 0) != child) return 1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
    fprintf(stderr, "input %llu kills it; again: %s 1 %llu %llu\n", (unsigned long long)*at, name,
            (unsigned long long)run->seed, (unsigned long long)*at);
    return 1;
}

static struct run read_arguments(int argc, char **argv)
{
    struct run run = {.seed = 1};

    if (argc > 1) run.count = strtoull(argv[1], NULL, 10);
    if (argc > 2) run.seed = strtoull(argv[2], NULL, 10);
    if (argc > 3) run.first = strtoull(argv[3], NULL, 10);
    return run;
}

int main(int argc, char **argv)
{
    struct run run = read_arguments(argc, argv);

    if (run.count == 0) {
        fprintf(stderr, "usage: %s COUNT [SEED [FIRST]]\n", argv[0]);
        return 2;
    }
    found_count = found_read(found);
    volatile uint64_t *at =
        mmap(NULL, sizeof *at, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    printf("%s: seed %llu, inputs %llu..%llu\n", argv[0], (unsigned long long)run.seed,
           (unsigned long long)run.first, (unsigned long long)(run.first + run.count - 1));
    fflush(stdout);
    pid_t child = fork();
    if (child < 0) {
        perror("fork");
        return 1;
    }
    if (child > 0) return watch(argv[0], &run, child, at);
    drive(&run, at);
    exit(0);
}
