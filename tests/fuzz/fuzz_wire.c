/* fuzz_wire.c: any bytes as a datagram. What is decoded is encoded again, and has to be the same
 * bytes. */
#include "fuzz.h"
#include "samples.h"

#include <assert.h>
#include <string.h>

#define UNTOUCHED 0xa5

_Static_assert(GOOSE_MESSAGE_BYTES_MAX <= FUZZ_BYTES_MAX, "a sample is a whole message");

static void check_untouched(const struct goose_roster *roster)
{
    struct goose_roster untouched;

    memset(&untouched, UNTOUCHED, sizeof untouched);
    assert(memcmp(roster, &untouched, sizeof untouched) == 0);
}

/* The text of a view is read whole, for the sanitizer's sake. */
static void check_text(struct goose_text text)
{
    assert(text.bytes == 0 || goose_address_is_canonical(text));
}

static void check_texts(const struct goose_message *m)
{
    check_text(m->address);
    if (m->kind == GOOSE_MESSAGE_WELCOME) check_text(m->welcome.goose);
    if (m->kind == GOOSE_MESSAGE_REQUEST) check_text(m->request.address);
}

/* A newer minor version has its own number, and more behind what is known here. */
static void check_bytes(const struct goose_message *m, const struct goose_roster *roster,
                        const uint8_t *bytes, size_t count)
{
    uint8_t again[GOOSE_MESSAGE_BYTES_MAX];
    size_t again_count = goose_wire_encode(m, roster, again);

    assert(again_count <= count);
    assert(again_count == count || bytes[1] > GOOSE_WIRE_MINOR);
    assert(bytes[0] == again[0]);
    assert(bytes[1] >= again[1]);
    assert(memcmp(bytes + 2, again + 2, again_count - 2) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct goose_message message;
    struct goose_roster roster;

    memset(&roster, UNTOUCHED, sizeof roster);
    enum goose_wire_result result = goose_wire_decode(bytes, count, &message, &roster);
    assert(result < GOOSE_WIRE_RESULTS);
    if (result != GOOSE_WIRE_OK) return 0;
    check_texts(&message);
    if (message.with_roster)
        assert(goose_roster_is_sound(&roster));
    else
        check_untouched(&roster);
    check_bytes(&message, &roster, bytes, count);
    return 0;
}

size_t fuzz_sample(uint64_t seed, uint8_t *bytes)
{
    struct rng rng = {seed};
    struct sample sample;

    sample_message(&rng, (enum goose_message_kind)(1 + seed % (GOOSE_MESSAGE_KINDS - 1)), &sample);
    return goose_wire_encode(&sample.message, &sample.roster, bytes);
}
