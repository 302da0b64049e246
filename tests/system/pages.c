/* pages.c: looks at lease pages without a pause, and fails as soon as two say goose at one instant.
 *
 *     pages FILE FILE...        until it is told to end
 *
 * One look at each is no instant. But if a page says goose, then another does, and then the first still or again in the
 * same term, both did when the second was looked at. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "goose/lease_page.h"

#define PAGES_MAX 16

static volatile sig_atomic_t over;

static void end(int number)
{
    (void)number;
    over = 1;
}

static bool says_goose(const struct goose_lease_reader *reader, uint64_t *term)
{
    struct goose_lease lease;
    bool goose = goose_lease_read(reader, &lease) == GOOSE_LEASE_GOOSE;

    *term = lease.term;
    return goose;
}

static bool conflict(const struct goose_lease_reader *readers, int count, int first)
{
    uint64_t term, other, again;

    for (int i = 0; i < count; i++) {
        if (i == first || !says_goose(&readers[first], &term)) continue;
        if (!says_goose(&readers[i], &other)) continue;
        if (!says_goose(&readers[first], &again) || again != term) continue;
        printf("CONFLICT: page %d in term %" PRIu64 ", page %d in term %" PRIu64 "\n", first + 1,
               term, i + 1, other);
        return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    struct goose_lease_reader readers[PAGES_MAX];
    uint64_t looks = 0, claims = 0, term, last_term = 0;

    signal(SIGTERM, end);
    if (argc < 3 || argc > PAGES_MAX) return 2;
    for (int i = 1; i < argc; i++)
        if (!goose_lease_open(&readers[i - 1], argv[i])) {
            perror(argv[i]);
            return 2;
        }
    for (; !over; looks++)
        for (int i = 0; i < argc - 1; i++) {
            if (!says_goose(&readers[i], &term)) continue;
            claims += term != last_term;
            last_term = term;
            if (conflict(readers, argc - 1, i)) return 1;
        }
    printf("%" PRIu64 " looks at %d pages, %" PRIu64 " claims\n", looks, argc - 1, claims);
    return 0;
}
