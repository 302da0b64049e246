/* lease_page.c: see lease_page.h. One writer, which never waits: the file's room and memory are there from the start.
 * An existing page is taken over where it lies, so that whoever has mapped it sees the next daemon, too. */
#include "daemon/lease_page.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "goose/lease_page.h"

_Static_assert(sizeof(struct goose_lease_page) == GOOSE_LEASE_BYTES, "as documented");
_Static_assert(offsetof(struct goose_lease_page, sequence) == 64, "what changes is one cache line");

#define NEW_SUFFIX ".new"

struct lease_page {
    int fd; /* locked */
    struct goose_lease_page *at;
};

static bool fail(char *why, size_t why_bytes, const char *path, const char *problem)
{
    snprintf(why, why_bytes, "--lease-page %s: %s", path, problem);
    return false;
}

static bool fail_system(char *why, size_t why_bytes, const char *path, const char *what)
{
    snprintf(why, why_bytes, "--lease-page %s: %s: %s", path, what, strerror(errno));
    return false;
}

/* Whatever else lies there is somebody's, and stays as it is. */
static bool is_page(int fd)
{
    struct goose_lease_page head = {.magic = ""};
    struct stat about;

    return fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_size == GOOSE_LEASE_BYTES &&
           pread(fd, &head, sizeof head, 0) == (ssize_t)sizeof head &&
           memcmp(head.magic, GOOSE_LEASE_MAGIC, sizeof head.magic) == 0;
}

static bool refuse_other_file(char *why, size_t why_bytes, const char *path)
{
    return fail(why, why_bytes, path, "this is no lease page; give a file of its own");
}

bool lease_page_check(const char *path, char *why, size_t why_bytes)
{
    char directory[PATH_MAX];
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd >= 0) {
        bool page = is_page(fd);
        close(fd);
        return page || refuse_other_file(why, why_bytes, path);
    }
    if (errno != ENOENT) return fail_system(why, why_bytes, path, "cannot open it");
    int bytes = snprintf(directory, sizeof directory, "%s", path);
    char *slash = bytes > 0 ? strrchr(directory, '/') : NULL;
    if (slash != NULL) slash[slash == directory] = 0;
    if (stat(slash != NULL ? directory : ".", &about) == 0 && S_ISDIR(about.st_mode)) return true;
    return fail(why, why_bytes, path, "there is no such directory; make it first");
}

/* The machine's boot, and duck, with an even sequence: whoever reads the page before its first claim reads duck. */
static bool begin(const char *path, struct goose_lease_page *page, char *why, size_t why_bytes)
{
    memcpy(page->magic, GOOSE_LEASE_MAGIC, sizeof page->magic);
    page->version = GOOSE_LEASE_VERSION;
    page->bytes = GOOSE_LEASE_BYTES;
    page->pid = (uint64_t)getpid();
    return goose_lease_boot(page->boot) ||
           fail_system(why, why_bytes, path, "the machine's boot id cannot be read");
}

/* Made under another name, with all its room, and put in place whole. */
static int make(const char *path, char *why, size_t why_bytes)
{
    struct goose_lease_page page = {.magic = ""};
    char name[PATH_MAX];

    if (!begin(path, &page, why, why_bytes)) return -1;
    if (snprintf(name, sizeof name, "%s" NEW_SUFFIX, path) >= (int)sizeof name) {
        fail(why, why_bytes, path, "this path is too long");
        return -1;
    }
    unlink(name);
    int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        fail_system(why, why_bytes, path, "cannot make it");
        return -1;
    }
    errno = ENOSPC;
    if (fchmod(fd, 0644) == 0 && pwrite(fd, &page, sizeof page, 0) == (ssize_t)sizeof page &&
        flock(fd, LOCK_EX | LOCK_NB) == 0 && rename(name, path) == 0)
        return fd;
    fail_system(why, why_bytes, path, "cannot make it");
    unlink(name);
    close(fd);
    return -1;
}

/* The page of an earlier daemon; -1 and an empty `why`: there is none. */
static int take_over(const char *path, char *why, size_t why_bytes)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    why[0] = 0;
    if (fd < 0 && errno == ENOENT) return -1;
    if (fd < 0) {
        fail_system(why, why_bytes, path, "cannot open it");
        return -1;
    }
    if (!is_page(fd))
        refuse_other_file(why, why_bytes, path);
    else if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        fail(why, why_bytes, path, "another goosed keeps this page; give each node its own");
    else if (fchmod(fd, 0644) != 0)
        fail_system(why, why_bytes, path, "cannot make it readable for all and writable for me");
    else
        return fd;
    close(fd);
    return -1;
}

/* An earlier daemon may have died in the middle of a change. */
static void change_begin(struct goose_lease_page *page)
{
    uint64_t sequence = __atomic_load_n(&page->sequence, __ATOMIC_RELAXED);

    __atomic_store_n(&page->sequence, sequence | 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

/* Seen by all processors before anything else is done, a datagram sent above all. */
static void change_end(struct goose_lease_page *page)
{
    uint64_t sequence = __atomic_load_n(&page->sequence, __ATOMIC_RELAXED);

    __atomic_store_n(&page->sequence, sequence + 1, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

uint64_t lease_page_clock_ns(void)
{
    return goose_lease_clock_ns();
}

/* Drawn in by a tenth: goose/lease_page.h says why that is enough. */
static uint64_t end_ns(uint64_t boot_ns, uint64_t left_us)
{
    return left_us == 0 ? 0 : boot_ns + left_us * 900;
}

void lease_page_show(struct lease_page *page, uint64_t boot_ns, const struct lease_claim *claim)
{
    if (page == NULL) return;
    struct goose_lease_page *at = page->at;
    uint64_t lease_end_ns = claim->goose ? end_ns(boot_ns, claim->lease_left_us) : 0;
    uint64_t hold_end_ns = claim->goose ? end_ns(boot_ns, claim->hold_left_us) : 0;

    assert(claim->goose || claim->lease_left_us == 0);
    change_begin(at);
    __atomic_store_n(&at->role, claim->goose ? UINT64_C(1) : 0, __ATOMIC_RELAXED);
    __atomic_store_n(&at->term, claim->term, __ATOMIC_RELAXED);
    __atomic_store_n(&at->lease_end_ns, lease_end_ns, __ATOMIC_RELAXED);
    __atomic_store_n(&at->hold_end_ns, hold_end_ns, __ATOMIC_RELAXED);
    __atomic_store_n(&at->lease_ns, claim->lease_us * 900, __ATOMIC_RELAXED);
    change_end(at);
}

static bool map(struct lease_page *page, const char *path, char *why, size_t why_bytes)
{
    static const struct lease_claim duck = {.goose = false};
    struct goose_lease_page fresh = {.magic = ""};

    if (!begin(path, &fresh, why, why_bytes)) return false;
    void *at = mmap(NULL, GOOSE_LEASE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                    page->fd, 0);
    if (at == MAP_FAILED) return fail_system(why, why_bytes, path, "cannot map it");
    page->at = at;
    /* Where it may: a page that is never swapped out is never waited for. */
    mlock(at, GOOSE_LEASE_BYTES);
    lease_page_show(page, 0, &duck);
    change_begin(page->at);
    memcpy(page->at, &fresh, offsetof(struct goose_lease_page, sequence));
    change_end(page->at);
    return true;
}

struct lease_page *lease_page_open(const char *path, char *why, size_t why_bytes)
{
    struct lease_page *page = calloc(1, sizeof *page);

    if (page == NULL) {
        fail(why, why_bytes, path, "out of memory");
        return NULL;
    }
    page->fd = take_over(path, why, why_bytes);
    if (page->fd < 0 && why[0] == 0) page->fd = make(path, why, why_bytes);
    if (page->fd >= 0 && map(page, path, why, why_bytes)) return page;
    if (page->fd >= 0) close(page->fd);
    free(page);
    return NULL;
}

bool lease_page_in_memory(const struct lease_page *page)
{
    struct statfs about;

    return fstatfs(page->fd, &about) == 0 &&
           (about.f_type == TMPFS_MAGIC || about.f_type == RAMFS_MAGIC);
}

void lease_page_close(struct lease_page *page)
{
    static const struct lease_claim duck = {.goose = false};

    if (page == NULL) return;
    lease_page_show(page, 0, &duck);
    munmap(page->at, GOOSE_LEASE_BYTES);
    close(page->fd);
    free(page);
}
