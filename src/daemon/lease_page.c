/* lease_page.c: see lease_page.h. One writer, which never waits: the file's room and memory are there from the start.
 * An existing page is taken over where it lies, so that whoever has it open sees the next daemon, too; but not one that
 * another user made or may write, who could say goose in our name. It is written with pwrite(2): a store into a mapped
 * file that somebody cuts short would end this process. */
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

#include "base/own_file.h"
#include "goose/lease_page.h"

_Static_assert(sizeof(struct goose_lease_page) == GOOSE_LEASE_BYTES, "as documented");
_Static_assert(offsetof(struct goose_lease_page, sequence) == 64, "what changes is one cache line");

#define NEW_SUFFIX ".new"

struct lease_page {
    int fd;     /* locked */
    void *kept; /* mapped, and never looked at */
    struct goose_lease_page shown;
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

/* Whatever else lies there is somebody's, and stays as it is. In an empty file nothing lies: a page was cut short. */
static bool is_page(int fd, const struct stat *about)
{
    struct goose_lease_page head = {.magic = ""};

    if (!S_ISREG(about->st_mode)) return false;
    if (about->st_size == 0) return true;
    return about->st_size == GOOSE_LEASE_BYTES &&
           pread(fd, &head, sizeof head, 0) == (ssize_t)sizeof head &&
           memcmp(head.magic, GOOSE_LEASE_MAGIC, sizeof head.magic) == 0;
}

static bool place_is_ours(const char *path, char *why, size_t why_bytes)
{
    char directory[PATH_MAX], problem[128];
    struct stat about;

    int bytes = snprintf(directory, sizeof directory, "%s", path);
    char *slash = bytes > 0 ? strrchr(directory, '/') : NULL;
    if (slash != NULL) slash[slash == directory] = 0;
    if (stat(slash != NULL ? directory : ".", &about) != 0 || !S_ISDIR(about.st_mode))
        return fail(why, why_bytes, path, "there is no such directory; make it first");
    if (own_directory_check(&about, geteuid(), problem, sizeof problem)) return true;
    snprintf(why, why_bytes, "--lease-page %s: its directory is no place for it: %s", path,
             problem);
    return false;
}

/* Who has it open for writing keeps it so, whatever is done about its mode: so it has to go. */
static bool page_is_ours(int fd, const char *path, char *why, size_t why_bytes)
{
    struct stat about;

    if (fstat(fd, &about) != 0) return fail_system(why, why_bytes, path, "cannot look at it");
    if (!is_page(fd, &about))
        return fail(why, why_bytes, path, "this is no lease page; give a file of its own");
    if (about.st_uid == geteuid() && (about.st_mode & OWN_OTHERS_WRITE) == 0) return true;
    snprintf(why, why_bytes,
             "--lease-page %s: it is of user %u and mode %04o, and could say what another user "
             "wants; remove it, or give another file",
             path, (unsigned)about.st_uid, (unsigned)about.st_mode & 07777);
    return false;
}

/* -1 and an empty `why`: there is none. */
static int open_page(const char *path, int flags, char *why, size_t why_bytes)
{
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    why[0] = 0;
    if (fd >= 0 && page_is_ours(fd, path, why, why_bytes)) return fd;
    if (fd >= 0)
        close(fd);
    else if (errno == ELOOP)
        fail(why, why_bytes, path, "it is a link; give the file itself");
    else if (errno != ENOENT)
        fail_system(why, why_bytes, path, "cannot open it");
    return -1;
}

bool lease_page_check(const char *path, char *why, size_t why_bytes)
{
    if (!place_is_ours(path, why, why_bytes)) return false;
    int fd = open_page(path, O_RDONLY, why, why_bytes);
    if (fd >= 0) close(fd);
    return fd >= 0 || why[0] == 0;
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
    int fd = open_page(path, O_RDWR, why, why_bytes);

    if (fd < 0) return -1;
    if (!own_file_lock(fd))
        fail(why, why_bytes, path, "another goosed keeps this page; give each node its own");
    else if (fchmod(fd, 0644) != 0)
        fail_system(why, why_bytes, path, "cannot make it readable for all and writable for me");
    else
        return fd;
    close(fd);
    return -1;
}

/* Seen by all processors before anything else is done, the next write or a datagram. */
static bool put(const struct lease_page *page, const void *bytes, size_t count, size_t offset)
{
    bool whole = pwrite(page->fd, bytes, count, (off_t)offset) == (ssize_t)count;

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return whole;
}

/* First and last the lowest bit of the sequence changes alone: whoever reads a number in pieces has an old one, a new one
 * or an odd one. All of the page is written each time, so that one that was cut short is whole again. Where that cannot
 * be, on a full disk, the claim that stands there may be one that has to go: then all of the file does. */
static bool put_page(struct lease_page *page)
{
    const size_t at = offsetof(struct goose_lease_page, sequence);
    struct goose_lease_page *shown = &page->shown;
    uint64_t odd = shown->sequence | 1;

    bool written = put(page, &odd, sizeof odd, at);
    shown->sequence = odd + 2;
    written = put(page, shown, sizeof *shown, 0) && written;
    shown->sequence--;
    written = written && put(page, &shown->sequence, sizeof shown->sequence, at);
    return written || ftruncate(page->fd, 0) == 0;
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
    assert(claim->goose || claim->lease_left_us == 0);
    page->shown.role = claim->goose ? 1 : 0;
    page->shown.term = claim->term;
    page->shown.lease_end_ns = claim->goose ? end_ns(boot_ns, claim->lease_left_us) : 0;
    page->shown.hold_end_ns = claim->goose ? end_ns(boot_ns, claim->hold_left_us) : 0;
    page->shown.lease_ns = claim->lease_us * 900;
    (void)put_page(page);
}

/* Duck, of this boot and this process. An earlier daemon may have died in the middle of a change. */
static bool take(struct lease_page *page, const char *path, char *why, size_t why_bytes)
{
    static const struct lease_claim duck = {.goose = false};
    struct goose_lease_page found = {.magic = ""};

    if (!begin(path, &page->shown, why, why_bytes)) return false;
    if (pread(page->fd, &found, sizeof found, 0) == (ssize_t)sizeof found)
        page->shown.sequence = found.sequence;
    lease_page_show(page, 0, &duck);
    /* Where it may: a page that is never swapped out is never waited for. */
    page->kept = mmap(NULL, GOOSE_LEASE_BYTES, PROT_READ, MAP_SHARED | MAP_POPULATE, page->fd, 0);
    if (page->kept == MAP_FAILED) return fail_system(why, why_bytes, path, "cannot map it");
    mlock(page->kept, GOOSE_LEASE_BYTES);
    return true;
}

struct lease_page *lease_page_open(const char *path, char *why, size_t why_bytes)
{
    struct lease_page *page = calloc(1, sizeof *page);

    if (page == NULL) {
        fail(why, why_bytes, path, "out of memory");
        return NULL;
    }
    page->fd = place_is_ours(path, why, why_bytes) ? take_over(path, why, why_bytes) : -1;
    if (page->fd < 0 && why[0] == 0) page->fd = make(path, why, why_bytes);
    if (page->fd >= 0 && take(page, path, why, why_bytes)) return page;
    if (page->fd >= 0) close(page->fd);
    free(page);
    return NULL;
}

int lease_page_descriptor(const struct lease_page *page)
{
    return page->fd;
}

bool lease_page_withdraw(int fd)
{
    struct lease_page page = {.fd = fd};
    ssize_t count = fd < 0 ? -1 : pread(fd, &page.shown, sizeof page.shown, 0);

    if (count < 0) return false;
    if (count < (ssize_t)sizeof page.shown) return ftruncate(fd, 0) == 0;
    if (memcmp(page.shown.magic, GOOSE_LEASE_MAGIC, sizeof page.shown.magic) != 0) return false;
    page.shown.role = 0;
    page.shown.lease_end_ns = page.shown.hold_end_ns = 0;
    return put_page(&page);
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
    munmap(page->kept, GOOSE_LEASE_BYTES);
    close(page->fd);
    free(page);
}
