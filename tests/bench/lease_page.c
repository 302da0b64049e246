/* lease_page.c: what a look at the lease page costs, in nanoseconds, beside reading the clock, which is part of it.
 *
 *     lease_page FILE [LOOKS]        FILE: the page of a goosed that is running, or nothing there: one is made and
 *                                    removed, with a lease of 60 s
 *
 * Prints the median of 21 rounds of each, the two taking turns. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/lease_page.h"
#include "goose/lease_page.h"

#define ROUNDS 21

static uint64_t looks = 2000000;
static volatile uint64_t sink;

static uint64_t raw_ns(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC_RAW, &at);
    return (uint64_t)at.tv_sec * UINT64_C(1000000000) + (uint64_t)at.tv_nsec;
}

static double clock_round(void)
{
    uint64_t began_ns = raw_ns();

    for (uint64_t i = 0; i < looks; i++)
        sink = goose_lease_clock_ns();
    return (double)(raw_ns() - began_ns) / (double)looks;
}

static double page_round(const struct goose_lease_reader *reader, uint64_t *geese)
{
    struct goose_lease lease;
    uint64_t began_ns = raw_ns();

    for (uint64_t i = 0; i < looks; i++)
        *geese += goose_lease_read(reader, &lease) == GOOSE_LEASE_GOOSE;
    return (double)(raw_ns() - began_ns) / (double)looks;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Once: a look by read(2), and what a change costs the daemon. */
static void measure_file(const char *path, struct lease_page *own, const struct lease_claim *claim)
{
    struct goose_lease_reader reader;
    uint64_t geese = 0;

    if (!goose_lease_open_file(&reader, path)) return;
    printf("a look by read(2) %.1f ns", page_round(&reader, &geese));
    goose_lease_close(&reader);
    uint64_t began_ns = raw_ns();
    for (uint64_t i = 0; own != NULL && i < looks; i++)
        lease_page_show(own, began_ns, claim);
    if (own != NULL) printf("; a change %.1f ns", (double)(raw_ns() - began_ns) / (double)looks);
    puts("");
}

static void measure(const struct goose_lease_reader *reader)
{
    double clocks[ROUNDS], pages[ROUNDS];
    uint64_t geese = 0;

    for (int i = 0; i < ROUNDS; i++) {
        clocks[i] = clock_round();
        pages[i] = page_round(reader, &geese);
    }
    qsort(clocks, ROUNDS, sizeof clocks[0], by_size);
    qsort(pages, ROUNDS, sizeof pages[0], by_size);
    double clock_ns = clocks[ROUNDS / 2], page_ns = pages[ROUNDS / 2];
    printf(
        "clock_gettime(CLOCK_BOOTTIME) %.1f ns, a look at the page %.1f ns: %.2f times; goose in "
        "%.0f %% of %" PRIu64 " looks\n",
        clock_ns, page_ns, page_ns / clock_ns, 100.0 * (double)geese / (double)(ROUNDS * looks),
        ROUNDS * looks);
}

int main(int argc, char **argv)
{
    static const struct lease_claim goose = {
        .goose = true, .term = 1, .lease_left_us = 60000000, .lease_us = 60000000};
    struct goose_lease_reader reader;
    struct lease_page *own = NULL;
    char why[256];

    if (argc < 2) {
        fputs("usage: lease_page FILE [LOOKS]\n", stderr);
        return 2;
    }
    if (argc > 2) looks = strtoull(argv[2], NULL, 10);
    if (access(argv[1], F_OK) != 0 && (own = lease_page_open(argv[1], why, sizeof why)) == NULL) {
        fprintf(stderr, "lease_page: %s\n", why);
        return 1;
    }
    lease_page_show(own, lease_page_clock_ns(), &goose);
    if (looks == 0 || !goose_lease_open(&reader, argv[1])) {
        perror(argv[1]);
        return 1;
    }
    measure(&reader);
    measure_file(argv[1], own, &goose);
    goose_lease_close(&reader);
    lease_page_close(own);
    if (own != NULL) unlink(argv[1]);
    return 0;
}
