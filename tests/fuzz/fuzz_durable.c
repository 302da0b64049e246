/* fuzz_durable.c: any bytes as a durable state. What is decoded is encoded again, and has to be
 * the same bytes; or where they are of the format before, the same state. */
#include "fuzz.h"
#include "samples.h"

#include <assert.h>
#include <string.h>

#define FORMAT_AT 4

_Static_assert(GOOSE_DURABLE_BYTES_MAX <= FUZZ_BYTES_MAX, "a sample is a whole state");

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct goose_durable_state state;
    uint8_t again[GOOSE_DURABLE_BYTES_MAX];

    if (!goose_durable_decode(bytes, count, &state)) return 0;
    assert(goose_roster_is_sound(&state.roster));
    size_t encoded = goose_durable_encode(&state, again);
    if (bytes[FORMAT_AT] == 1) {
        struct goose_durable_state same;
        assert(goose_durable_decode(again, encoded, &same));
        assert(memcmp(&state.roster, &same.roster, sizeof same.roster) == 0);
        return 0;
    }
    assert(encoded == count);
    assert(memcmp(bytes, again, count) == 0);
    return 0;
}

size_t fuzz_sample(uint64_t seed, uint8_t *bytes)
{
    struct rng rng = {seed};
    struct goose_durable_state state;

    sample_durable(&rng, &state);
    return goose_durable_encode(&state, bytes);
}
