/* lease_page.h: is this machine's node the goose? Asked of the file that goosed keeps with --lease-page FILE, in
 * nanoseconds, without a system call. This header is all that a program needs (C11 or C++, gcc or clang, Linux;
 * compile with -D_GNU_SOURCE):
 *
 *     struct goose_lease_reader reader;
 *     struct goose_lease lease;
 *     if (!goose_lease_open(&reader, "/run/goosed/goose/lease")) ...  errno says why
 *     if (goose_lease_read(&reader, &lease) == GOOSE_LEASE_GOOSE)
 *         ...                                  for lease.left_ns from now on, unless the role is handed over meanwhile
 *
 * The answer is GOOSE only while the lease lives: nobody has to write anything for it to end. A goosed that is killed,
 * stopped or hangs leaves a page that runs out by itself; one that gives the role up takes it from the page before the
 * first datagram that says so leaves. As with every answer about the role, what is done with it later may come too late:
 * use lease.term as a fencing token, or look at hold_left_ns.
 *
 * goose_lease_open() maps the file. goose_lease_open_file() keeps it open instead, and a look is two system calls, some
 * microseconds: for a program that must live on whatever happens to the file. Where its owner or root cuts it short, by
 * mistake, who has mapped it gets SIGBUS at the next look, and who reads it hears "not known". goosed makes it whole
 * with the next heartbeat; it cuts it short itself only as a last resort, when a claim cannot be withdrawn.
 *
 * Both refuse (EPERM) a page that others than its owner may write, and, in a directory where everybody may put files,
 * as /tmp and /dev/shm are, one that is neither root's nor the reader's own: it could be anybody's. So keep it in
 * a directory of goosed's, as /run/goosed/NAME is.
 *
 * The file, in the machine's own byte order; 128 bytes, never shorter, never replaced while goosed lives or when it is
 * started again, so that it may be opened or mapped once and for all:
 *
 *     offset  bytes
 *          0      8  "goosepg" and a zero
 *          8      4  version of this layout: 1
 *         12      4  bytes of this layout: 128
 *         16     16  boot: the machine's boot id, as 32 hex digits make 16 bytes. Of another boot: means nothing
 *         32      8  process id of the goosed that keeps it
 *         40     24  zero
 *         64      8  sequence: odd while what follows is being changed
 *         72      8  role: 0 duck, 1 goose
 *         80      8  term
 *         88      8  lease_end: CLOCK_BOOTTIME in ns. The node is goose if role is 1 and this clock is before it
 *         96      8  hold_end: likewise. Before it no other node is goose, and a planned handover waits; 0: no hold
 *        104      8  lease: how long a lease is when it is new, in ns of that clock
 *        112     16  zero
 *
 * To read it: take sequence (an even one), then the rest, then sequence again; if it is the same, the rest belongs
 * together. With read(2), which may take a number in pieces: read all of it twice; if the two are the same and
 * sequence is even, so are they. Then, and not before, read the clock.
 *
 * Why boot time: it goes on while the machine sleeps, and every language can read it. Why the ends are drawn in by a
 * tenth of what is left: goosed counts leases on a clock that nobody steers, but time daemons slew this one. The kernel
 * lets them slow it by a tenth (adjtimex, tick) and by some 500 ppm besides; chronyd goes to 8.3 %, systemd-timesyncd
 * to 10 %. Nine tenths of the time that is left, counted on a clock that is a tenth slow, are all of it and no more;
 * the rest, a thousandth, is taken from the 5 % by which clocks of different machines may differ, of which real ones
 * use a hundredth. On a fast clock the lease only seems shorter.
 *
 * A reader in another time namespace (man 7 time_namespaces) than goosed reads another clock: map the page only where
 * /proc/self/ns/time is the same. Containers share it unless told otherwise. */
#ifndef GOOSE_LEASE_PAGE_H
#define GOOSE_LEASE_PAGE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define GOOSE_LEASE_MAGIC     "goosepg"
#define GOOSE_LEASE_VERSION   1
#define GOOSE_LEASE_BYTES     128
#define GOOSE_LEASE_TRIES_MAX 1000 /* a change takes less time than some of these */

struct goose_lease_page {
    char magic[8];
    uint32_t version;
    uint32_t bytes;
    uint64_t boot[2];
    uint64_t pid;
    uint64_t zero[3];
    uint64_t sequence;
    uint64_t role;
    uint64_t term;
    uint64_t lease_end_ns;
    uint64_t hold_end_ns;
    uint64_t lease_ns;
    uint64_t zeros[2];
};

/* An exit status of scripts, too. */
enum goose_lease_answer { GOOSE_LEASE_GOOSE = 0, GOOSE_LEASE_DUCK = 1, GOOSE_LEASE_NOT_KNOWN = 2 };

struct goose_lease {
    uint64_t term;
    uint64_t left_ns; /* of the lease, on the boot-time clock; 0: not the goose */
    uint64_t hold_left_ns;
    uint64_t lease_end_ns; /* as they stand in the page; 0 unless GOOSE */
    uint64_t hold_end_ns;
    uint64_t lease_ns;
};

struct goose_lease_reader {
    const struct goose_lease_page *page; /* NULL: not mapped */
    void *mapping;                       /* the same, to be given back */
    int file;                            /* where it is not mapped; -1: not open */
    uint64_t boot[2];
};

static inline uint64_t goose_lease_clock_ns(void)
{
    struct timespec at;

    clock_gettime(CLOCK_BOOTTIME, &at);
    return (uint64_t)at.tv_sec * UINT64_C(1000000000) + (uint64_t)at.tv_nsec;
}

/* The machine's boot id as it stands in the page. False: it cannot be read, and errno says why. */
static inline bool goose_lease_boot(uint64_t boot[2])
{
    unsigned char bytes[16] = {0};
    char text[64];
    unsigned digits = 0;
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

    if (fd < 0) return false;
    ssize_t count = read(fd, text, sizeof text);
    close(fd);
    for (ssize_t i = 0; i < count && digits < 32; i++) {
        char c = text[i];
        int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (value < 0) continue;
        bytes[digits / 2] = (unsigned char)(bytes[digits / 2] << 4 | value);
        digits++;
    }
    memcpy(boot, bytes, sizeof bytes);
    errno = EINVAL;
    return digits == 32;
}

static inline void goose_lease_close(struct goose_lease_reader *reader)
{
    if (reader->page != NULL)
        munmap(reader->mapping, GOOSE_LEASE_BYTES);
    else if (reader->file >= 0)
        close(reader->file);
    reader->page = NULL;
    reader->file = -1;
}

/* Whether nobody but its owner can have written it, and who that is was not up to a stranger. */
static inline bool goose_lease_is_trusted(const struct stat *about, const char *path)
{
    struct stat around;
    char directory[4096];
    const char *slash = strrchr(path, '/');
    size_t bytes = slash == NULL ? 0 : (size_t)(slash - path) + 1;

    if ((about->st_mode & 022) != 0 || bytes >= sizeof directory - 1) return false;
    memcpy(directory, path, bytes);
    memcpy(directory + bytes, ".", 2);
    if (stat(directory, &around) != 0) return false;
    return (around.st_mode & 022) == 0 || about->st_uid == 0 || about->st_uid == geteuid() ||
           about->st_uid == around.st_uid;
}

/* A page that this header knows, open; -1: errno says why. */
static inline int goose_lease_open_fd(const char *path)
{
    struct goose_lease_page head;
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) return -1;
    int error = EINVAL;
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) &&
        pread(fd, &head, sizeof head, 0) == (ssize_t)sizeof head &&
        memcmp(head.magic, GOOSE_LEASE_MAGIC, sizeof head.magic) == 0 &&
        head.version == GOOSE_LEASE_VERSION)
        error = goose_lease_is_trusted(&about, path) ? 0 : EPERM;
    if (error == 0) return fd;
    close(fd);
    errno = error;
    return -1;
}

/* False: errno says why; EINVAL: the file is no lease page that this header knows; EPERM: it could be anybody's. */
static inline bool goose_lease_open_file(struct goose_lease_reader *reader, const char *path)
{
    reader->page = NULL;
    reader->file = -1;
    if (!goose_lease_boot(reader->boot)) return false;
    reader->file = goose_lease_open_fd(path);
    return reader->file >= 0;
}

/* Likewise, mapped. */
static inline bool goose_lease_open(struct goose_lease_reader *reader, const char *path)
{
    if (!goose_lease_open_file(reader, path)) return false;
    void *at = mmap(NULL, GOOSE_LEASE_BYTES, PROT_READ, MAP_SHARED, reader->file, 0);
    int error = errno;
    close(reader->file);
    reader->file = -1;
    errno = error;
    if (at == MAP_FAILED) return false;
    reader->mapping = at;
    reader->page = (const struct goose_lease_page *)at;
    return true;
}

/* What stands in the page, all of one moment. False: somebody is writing all the time, or died while writing. */
static inline bool goose_lease_copy(const struct goose_lease_page *page,
                                    struct goose_lease_page *copy)
{
    for (int i = 0; i < GOOSE_LEASE_TRIES_MAX; i++) {
        uint64_t sequence = __atomic_load_n(&page->sequence, __ATOMIC_ACQUIRE);
        copy->boot[0] = __atomic_load_n(&page->boot[0], __ATOMIC_RELAXED);
        copy->boot[1] = __atomic_load_n(&page->boot[1], __ATOMIC_RELAXED);
        copy->role = __atomic_load_n(&page->role, __ATOMIC_RELAXED);
        copy->term = __atomic_load_n(&page->term, __ATOMIC_RELAXED);
        copy->lease_end_ns = __atomic_load_n(&page->lease_end_ns, __ATOMIC_RELAXED);
        copy->hold_end_ns = __atomic_load_n(&page->hold_end_ns, __ATOMIC_RELAXED);
        copy->lease_ns = __atomic_load_n(&page->lease_ns, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (sequence % 2 == 0 && __atomic_load_n(&page->sequence, __ATOMIC_RELAXED) == sequence)
            return true;
    }
    return false;
}

/* Likewise by read(2). False also for a file that has been cut short, or is no page any more. */
static inline bool goose_lease_copy_file(int fd, struct goose_lease_page *copy)
{
    struct goose_lease_page again;

    for (int i = 0; i < GOOSE_LEASE_TRIES_MAX; i++) {
        if (pread(fd, copy, sizeof *copy, 0) != (ssize_t)sizeof *copy ||
            pread(fd, &again, sizeof again, 0) != (ssize_t)sizeof again)
            return false;
        if (copy->sequence % 2 == 0 && memcmp(copy, &again, sizeof again) == 0)
            return memcmp(copy->magic, GOOSE_LEASE_MAGIC, sizeof copy->magic) == 0;
    }
    return false;
}

/* For a clock that was read after the page: else a pause between the two would prolong the lease. */
static inline enum goose_lease_answer goose_lease_judge(const struct goose_lease_page *copy,
                                                        uint64_t now_ns, struct goose_lease *lease)
{
    bool goose = copy->role == 1 && now_ns < copy->lease_end_ns;

    memset(lease, 0, sizeof *lease);
    lease->term = copy->term;
    lease->lease_ns = copy->lease_ns;
    if (!goose) return GOOSE_LEASE_DUCK;
    lease->lease_end_ns = copy->lease_end_ns;
    lease->hold_end_ns = copy->hold_end_ns;
    lease->left_ns = copy->lease_end_ns - now_ns;
    lease->hold_left_ns = now_ns < copy->hold_end_ns ? copy->hold_end_ns - now_ns : 0;
    return GOOSE_LEASE_GOOSE;
}

static inline enum goose_lease_answer goose_lease_read(const struct goose_lease_reader *reader,
                                                       struct goose_lease *lease)
{
    struct goose_lease_page copy;

    memset(lease, 0, sizeof *lease);
    bool whole = reader->page != NULL ? goose_lease_copy(reader->page, &copy)
                                      : goose_lease_copy_file(reader->file, &copy);
    if (!whole) return GOOSE_LEASE_NOT_KNOWN;
    if (copy.boot[0] != reader->boot[0] || copy.boot[1] != reader->boot[1])
        return GOOSE_LEASE_NOT_KNOWN;
    return goose_lease_judge(&copy, goose_lease_clock_ns(), lease);
}

#endif
