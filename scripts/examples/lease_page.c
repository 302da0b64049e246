/* lease_page.c: asks the lease page whether this machine's node is the goose.
 *
 *     cc -D_GNU_SOURCE $(pkg-config --cflags goose) -o lease_page lease_page.c   (in the sources: -I ../../include)
 *     ./lease_page /run/goosed/goose/lease && the-job
 *
 * Prints "goose", the term and the milliseconds left, or "duck"; exit status 0 goose, 1 duck, 2 not known. A program that
 * works in steps looks once before each: that takes no system call. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "goose/lease_page.h"

int main(int argc, char **argv)
{
    struct goose_lease_reader reader;
    struct goose_lease lease;

    if (argc != 2) {
        fprintf(stderr, "usage: lease_page FILE\n");
        return GOOSE_LEASE_NOT_KNOWN;
    }
    if (!goose_lease_open(&reader, argv[1])) {
        fprintf(stderr, "lease_page: %s: %s\n", argv[1],
                errno == EINVAL ? "no lease page" : strerror(errno));
        return GOOSE_LEASE_NOT_KNOWN;
    }
    enum goose_lease_answer answer = goose_lease_read(&reader, &lease);
    if (answer == GOOSE_LEASE_GOOSE)
        printf("goose term %" PRIu64 " for %" PRIu64 " ms\n", lease.term, lease.left_ns / 1000000);
    else
        puts(answer == GOOSE_LEASE_DUCK ? "duck" : "not known");
    goose_lease_close(&reader);
    return (int)answer;
}
