/* mutate.c: see mutate.h. */
#include "mutate.h"

#include <string.h>

static void set_byte(struct rng *rng, struct input *input)
{
    static const uint8_t telling[] = {0, 1, 2, 0x7f, 0x80, 0xfe, 0xff};
    uint64_t value = rng_next(rng);
    uint8_t *byte = &input->bytes[rng_below(rng, input->count)];

    if (value & 1)
        *byte = telling[(value >> 8) % sizeof telling];
    else
        *byte ^= (uint8_t)(1U << (value >> 8 & 7));
}

/* A number at its limits: where, how wide and which is chance. */
static void set_run(struct rng *rng, struct input *input)
{
    size_t at = rng_below(rng, input->count);
    size_t width = (size_t)1 << rng_below(rng, 4);

    if (width > input->count - at) width = input->count - at;
    memset(input->bytes + at, (rng_next(rng) & 1) ? 0xff : 0, width);
}

static void cut(struct rng *rng, struct input *input)
{
    input->count = rng_below(rng, input->count + 1);
}

static void grow(struct rng *rng, struct input *input)
{
    size_t more = 1 + rng_below(rng, 16);

    if (more > FUZZ_BYTES_MAX - input->count) return;
    memset(input->bytes + input->count, (int)rng_below(rng, 256), more);
    input->count += more;
}

/* One part copied over another: lengths and texts where they do not belong. */
static void copy_part(struct rng *rng, struct input *input)
{
    size_t from = rng_below(rng, input->count);
    size_t to = rng_below(rng, input->count);
    size_t most = input->count - (from > to ? from : to);

    memmove(input->bytes + to, input->bytes + from, rng_below(rng, most + 1));
}

static void take_part_out(struct rng *rng, struct input *input)
{
    size_t at = rng_below(rng, input->count);
    size_t less = 1 + rng_below(rng, 16);

    if (less > input->count - at) less = input->count - at;
    memmove(input->bytes + at, input->bytes + at + less, input->count - at - less);
    input->count -= less;
}

void mutate(struct rng *rng, struct input *input)
{
    if (input->count == 0) return;
    switch (rng_below(rng, 12)) {
    case 0: cut(rng, input); break;
    case 1: grow(rng, input); break;
    case 2: copy_part(rng, input); break;
    case 3: take_part_out(rng, input); break;
    case 4:
    case 5: set_run(rng, input); break;
    default: set_byte(rng, input);
    }
}
