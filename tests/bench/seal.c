/* seal.c: what a datagram costs the processor: one that is forged and as long as any, with one key and
 * with 16, beside a digest of the same bytes; and an honest heartbeat, sealed and opened.
 *
 *     seal_costs FOLDER     key files are written there, and removed
 *
 * The forged ones are as bad as they get: under the tag of the last key, as somebody makes them who
 * has listened. Prints the median of 21 rounds of each, taking turns, in nanoseconds of this thread.
 * Exit status 0 if 16 keys cost at most half as much again as one. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "goose/wire.h"
#include "net/seal.h"

#define ROUNDS          21
#define TURNS           20000
#define FORGED_BYTES    1274
#define HEARTBEAT_BYTES 114 /* without a roster */
#define KINDS           (sizeof kinds / sizeof *kinds)

/* A seal, and a datagram that it has to judge. */
struct judged {
    struct seal seal;
    uint8_t datagram[GOOSE_DATAGRAM_BYTES_MAX];
    size_t bytes;
};

static struct judged with_1, with_16, honest;
static volatile int sink;

static void digest(void)
{
    uint8_t auth[16];

    crypto_generichash(auth, sizeof auth, with_1.datagram, FORGED_BYTES, with_1.datagram, 32);
    sink += auth[0];
}

static void judge(struct judged *judged)
{
    uint8_t message[GOOSE_DATAGRAM_BYTES_MAX];
    size_t opened;

    sink += (int)seal_open(&judged->seal, judged->datagram, judged->bytes, message, &opened);
}

static void judge_with_1(void)
{
    judge(&with_1);
}

static void judge_with_16(void)
{
    judge(&with_16);
}

static void seal_heartbeat(void)
{
    uint8_t datagram[GOOSE_DATAGRAM_BYTES_MAX];

    memcpy(datagram, honest.datagram, HEARTBEAT_BYTES);
    sink += (int)seal_datagram(&honest.seal, datagram, HEARTBEAT_BYTES, sizeof datagram);
}

static void open_heartbeat(void)
{
    judge(&honest);
}

static const struct {
    const char *name;
    void (*make)(void);
} kinds[] = {{"a digest of 1,274 bytes", digest},
             {"forged, 1,274 bytes, 1 key", judge_with_1},
             {"forged, 1,274 bytes, 16 keys", judge_with_16},
             {"a heartbeat sealed", seal_heartbeat},
             {"a heartbeat opened", open_heartbeat}};

/* `first` seals; the file has `count` keys from it on, or back to it where `count` is negative. */
static struct seal seal_of(const char *folder, int first, int count)
{
    char path[512], why[512];
    struct seal seal;

    snprintf(path, sizeof path, "%s/seal_costs.keys", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (int i = 0; fd >= 0 && i < abs(count); i++)
        dprintf(fd, "%064x\n", (unsigned)(first + (count < 0 ? -i : i)));
    if (fd < 0 || close(fd) != 0 || !seal_read_keys(&seal, "goose", path, why, sizeof why)) {
        perror(path);
        exit(1);
    }
    unlink(path);
    return seal;
}

static void prepare(struct judged *judged, const char *folder, int keys, size_t bytes, int damage)
{
    struct seal last = seal_of(folder, keys, -keys);
    size_t overhead = seal_datagram(&last, judged->datagram, 1, sizeof judged->datagram) - 1;

    judged->seal = seal_of(folder, 1, keys);
    judged->bytes = damage ? bytes : bytes + overhead;
    seal_datagram(&last, judged->datagram, judged->bytes - overhead, sizeof judged->datagram);
    if (!damage) judged->seal = last;
    judged->datagram[0] ^= (uint8_t)damage;
}

static uint64_t thread_ns(void)
{
    struct timespec at;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (uint64_t)at.tv_sec * UINT64_C(1000000000) + (uint64_t)at.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    double took[KINDS][ROUNDS];

    if (argc != 2) {
        fputs("usage: seal_costs FOLDER\n", stderr);
        return 2;
    }
    prepare(&with_1, argv[1], 1, FORGED_BYTES, 1);
    prepare(&with_16, argv[1], 16, FORGED_BYTES, 1);
    prepare(&honest, argv[1], 1, HEARTBEAT_BYTES, 0);
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < KINDS; i++) {
            uint64_t began_ns = thread_ns();
            for (int turn = 0; turn < TURNS; turn++)
                kinds[i].make();
            took[i][round] = (double)(thread_ns() - began_ns) / TURNS;
        }
    for (size_t i = 0; i < KINDS; i++) {
        qsort(took[i], ROUNDS, sizeof took[i][0], by_size);
        printf("%-30s %8.0f ns\n", kinds[i].name, took[i][ROUNDS / 2]);
    }
    printf("a heartbeat has %zu bytes\n", honest.bytes);
    return took[2][ROUNDS / 2] <= 1.5 * took[1][ROUNDS / 2] ? 0 : 1;
}
