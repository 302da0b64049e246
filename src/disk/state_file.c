/* state_file.c: see state_file.h. Every write is durable when it returns (O_DSYNC, and fsync for
 * names), and what fails is said, never tried again: after a failed write nobody knows what is on
 * the disk. */
#include "disk/state_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/own_file.h"

#define OURS      (O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
#define ASIDE_MAX 1000 /* files of one kind: whoever has more has another problem */

/* Always false: the value of the function that fails. */
__attribute__((format(printf, 2, 3))) static bool fail(char text[SAVER_TEXT_BYTES],
                                                       const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, SAVER_TEXT_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

static bool fail_system(const struct state_file *file, const char *what,
                        char text[SAVER_TEXT_BYTES])
{
    return fail(text, "%s/state: %s: %s", file->dir, what, strerror(errno));
}

static bool write_at(const struct state_file *file, const uint8_t *bytes, size_t count,
                     size_t offset, char text[SAVER_TEXT_BYTES])
{
    for (size_t done = 0; done < count;) {
        ssize_t wrote = pwrite(file->fd, bytes + done, count - done, (off_t)(offset + done));
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote == 0) errno = ENOSPC;
        if (wrote <= 0) return fail_system(file, "cannot write", text);
        done += (size_t)wrote;
    }
    return true;
}

static bool write_headers(const struct state_file *file, char text[SAVER_TEXT_BYTES])
{
    uint8_t sector[STATE_SECTOR_BYTES];

    state_header(sector, file->flock);
    return write_at(file, sector, sizeof sector, STATE_HEADER_OFFSET, text) &&
           write_at(file, sector, sizeof sector, STATE_HEADER2_OFFSET, text);
}

static bool write_slot(const struct state_file *file, enum state_slot slot, const uint8_t *bytes,
                       size_t count, char text[SAVER_TEXT_BYTES])
{
    uint8_t image[STATE_SLOT_BYTES];

    state_slot(image, slot, file->generation, bytes, count);
    return write_at(file, image, sizeof image, state_slot_offset(slot), text);
}

/* An empty file under another name, with all its room, so that later saves never lack any. It need not be durable before
 * it has its name, so nothing waits for the disk here: name_new() syncs. */
static bool begin_new(struct state_file *file, char text[SAVER_TEXT_BYTES])
{
    unlinkat(file->dir_fd, "state.new", 0);
    file->fd = openat(file->dir_fd, "state.new", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file->fd < 0) return fail_system(file, "cannot make it", text);
    file->named = false;
    file->b_is_behind = false;
    file->generation = 0;
    errno = posix_fallocate(file->fd, 0, STATE_FILE_BYTES);
    if (errno != 0) return fail_system(file, "no room for it", text);
    if (!write_headers(file, text)) return false;
    int unsynced = file->fd;
    file->fd = openat(file->dir_fd, "state.new", O_RDWR | O_DSYNC | OURS);
    close(unsynced);
    return file->fd >= 0 || fail_system(file, "cannot open it again", text);
}

/* Under its name only when both slots are durable: so a file without a state is damage. */
static bool name_new(struct state_file *file, char text[SAVER_TEXT_BYTES])
{
    if (fsync(file->fd) != 0) return fail_system(file, "cannot sync", text);
    if (renameat(file->dir_fd, "state.new", file->dir_fd, "state") != 0)
        return fail_system(file, "cannot rename state.new to it", text);
    if (fsync(file->dir_fd) != 0) return fail_system(file, "cannot sync its directory", text);
    file->named = true;
    return true;
}

bool state_file_save(struct state_file *file, const uint8_t *bytes, size_t count,
                     char error[SAVER_TEXT_BYTES])
{
    assert(!file->b_is_behind);
    file->generation++;
    if (!write_slot(file, STATE_SLOT_A, bytes, count, error)) return false;
    file->b_is_behind = true;
    return file->named || (state_file_mirror(file, bytes, count, error) && name_new(file, error));
}

bool state_file_mirror(struct state_file *file, const uint8_t *bytes, size_t count,
                       char error[SAVER_TEXT_BYTES])
{
    if (!file->b_is_behind) return true;
    if (!write_slot(file, STATE_SLOT_B, bytes, count, error)) return false;
    file->b_is_behind = false;
    return true;
}

/* The directory is ours alone, so that a name that is free stays free. */
static bool rename_aside(const struct state_file *file, const char *why, char name[64],
                         char text[SAVER_TEXT_BYTES])
{
    struct stat about;

    for (int i = 1; i <= ASIDE_MAX; i++) {
        snprintf(name, 64, "state.%s-%d", why, i);
        if (fstatat(file->dir_fd, name, &about, AT_SYMLINK_NOFOLLOW) == 0) continue;
        if (renameat(file->dir_fd, "state", file->dir_fd, name) != 0 || fsync(file->dir_fd) != 0)
            return fail_system(file, "cannot set it aside", text);
        return true;
    }
    return fail(text, "%s: too many state.%s-N in it; move them away", file->dir, why);
}

bool state_file_set_aside(struct state_file *file, const char *why, char error[SAVER_TEXT_BYTES])
{
    char name[64];

    if (!file->named) return true;
    if (!rename_aside(file, why, name, error)) return false;
    close(file->fd);
    return begin_new(file, error);
}

static void sync_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) return;
    (void)!fsync(fd); /* a parent that cannot be synced is none of ours: it was there before */
    close(fd);
}

/* Like mkdir -p: for its owner only, and durable in its parent. */
static bool make_directories(char *path)
{
    for (char *slash = path; slash != NULL;) {
        slash = strchr(slash + 1, '/');
        if (slash != NULL) *slash = '\0';
        bool made = mkdir(path, 0700) == 0;
        bool good = made || errno == EEXIST;
        if (made) {
            char *last = strrchr(path, '/');
            if (last != NULL && last != path) *last = '\0';
            sync_directory(last == NULL ? "." : last == path ? "/" : path);
            if (last != NULL && last != path) *last = '/';
        }
        if (slash != NULL) *slash = '/';
        if (!good) return false;
    }
    return true;
}

/* A file of the directory, open or not: -1, and `text` is a line, unless there is none. */
static int open_own(const struct state_file *file, const char *name, int flags,
                    char text[SAVER_TEXT_BYTES])
{
    struct stat about;
    int fd = openat(file->dir_fd, name, flags | O_RDWR | OURS, 0600);

    if (fd < 0) {
        fail(text, "%s/%s: %s", file->dir, name,
             errno == ELOOP ? "it is a link; move it away" : strerror(errno));
        return -1;
    }
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_uid == file->owner &&
        (about.st_mode & OWN_OTHERS_WRITE) == 0)
        return fd;
    fail(text, "%s/%s: give it to user %u (chown), a file that nobody else may write (chmod 600)",
         file->dir, name, (unsigned)file->owner);
    close(fd);
    errno = EPERM;
    return -1;
}

static bool open_directory(struct state_file *file, bool of_any, struct saver_found *found)
{
    struct stat about;
    char why[128];

    if (!make_directories(file->dir))
        return fail(found->text, "--state-dir %s: cannot make it: %s", file->dir, strerror(errno));
    file->dir_fd = open(file->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file->dir_fd < 0)
        return fail(found->text, "--state-dir %s: %s", file->dir, strerror(errno));
    if (fstat(file->dir_fd, &about) != 0)
        return fail(found->text, "--state-dir %s: %s", file->dir, strerror(errno));
    file->owner = of_any && geteuid() == 0 ? about.st_uid : geteuid();
    if (own_directory_check(&about, file->owner, why, sizeof why)) return true;
    return fail(found->text, "--state-dir %s: %s, or give a new one below it", file->dir, why);
}

/* Who holds the lock, as far as it said so. */
static bool refuse_locked(const struct state_file *file, struct saver_found *found)
{
    char pid[24] = "";
    ssize_t count = pread(file->lock_fd, pid, sizeof pid - 1, 0);

    pid[count > 0 ? strspn(pid, "0123456789") : 0] = '\0';
    found->verdict = SAVER_LOCKED;
    return fail(
        found->text,
        "--state-dir %s: another goosed runs on it%s%s; give every node a directory of its own",
        file->dir, pid[0] != '\0' ? ", process " : "", pid);
}

static bool take_lock(struct state_file *file, struct saver_found *found)
{
    char pid[24];

    file->lock_fd = open_own(file, "lock", O_CREAT, found->text);
    if (file->lock_fd < 0) return false;
    if (!own_file_lock(file->lock_fd)) {
        if (errno == EWOULDBLOCK) return refuse_locked(file, found);
        return fail(found->text, "%s/lock: cannot lock: %s", file->dir, strerror(errno));
    }
    /* A courtesy to whoever comes second: the lock holds without it, on a full disk too. */
    int count = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(file->lock_fd, 0) == 0) (void)!pwrite(file->lock_fd, pid, (size_t)count, 0);
    return true;
}

/* A block that cannot be read stays zero, and its sectors bad. */
static bool read_image(const struct state_file *file, uint8_t *image, size_t *bytes,
                       bool *unreadable, char text[SAVER_TEXT_BYTES])
{
    struct stat about;

    if (fstat(file->fd, &about) != 0) return fail_system(file, "cannot look at it", text);
    *bytes = (size_t)about.st_size;
    memset(image, 0, STATE_FILE_BYTES);
    for (size_t at = 0; at < STATE_FILE_BYTES; at += STATE_BLOCK_BYTES) {
        if (pread(file->fd, image + at, STATE_BLOCK_BYTES, (off_t)at) >= 0) continue;
        if (errno != EIO) return fail_system(file, "cannot read", text);
        memset(image + at, 0, STATE_BLOCK_BYTES);
        *unreadable = true;
    }
    return true;
}

/* Before anything new is written, both slots hold what was found: state_image.h says why. */
static bool bring_into_line(struct state_file *file, const struct state_found *state,
                            char text[SAVER_TEXT_BYTES])
{
    const uint8_t *bytes = state->payload;

    file->generation = state->generation;
    if (!(state->header_good[0] && state->header_good[1]) && !write_headers(file, text))
        return false;
    return (state->slot_good[STATE_SLOT_A] ||
            write_slot(file, STATE_SLOT_A, bytes, state->count, text)) &&
           (state->slot_good[STATE_SLOT_B] ||
            write_slot(file, STATE_SLOT_B, bytes, state->count, text));
}

static bool take_state(struct state_file *file, const struct state_found *state,
                       struct saver_found *found)
{
    if (!bring_into_line(file, state, found->text)) return false;
    found->count = state->count;
    memcpy(found->bytes, state->payload, state->count);
    found->verdict = SAVER_WHOLE;
    if (state->verdict == STATE_TORN) {
        found->verdict = SAVER_TORN;
        fail(found->text,
             "%s/state: the last write was torn: it was never acted on, the state before it counts",
             file->dir);
    } else if (state->verdict == STATE_REPAIR) {
        found->verdict = SAVER_REPAIRED;
        fail(found->text,
             "%s/state: a bad sector, written again from its copy; look after this disk",
             file->dir);
    }
    return true;
}

static bool start_without(struct state_file *file, struct saver_found *found)
{
    char name[64];
    int old_fd = file->fd;

    file->fd = -1;
    bool begun = begin_new(file, found->text) && rename_aside(file, "damaged", name, found->text);
    close(old_fd);
    if (!begun) return false;
    found->verdict = SAVER_DAMAGED;
    fail(found->text,
         "%s/state: damaged, set aside as %s: this node is newborn; look after this disk",
         file->dir, name);
    return true;
}

static bool refuse_other(const struct state_file *file, const struct state_found *state,
                         size_t bytes, struct saver_found *found)
{
    const char *way_out = "move it away, and this node starts newborn";

    switch (state->verdict) {
    case STATE_SHORT:
        found->verdict = SAVER_SHORT;
        return fail(found->text, "%s/state: cut short, %zu bytes instead of %d; %s", file->dir,
                    bytes, STATE_FILE_BYTES, way_out);
    case STATE_NEWER:
        found->verdict = SAVER_NEWER;
        return fail(found->text,
                    "%s/state: of format %" PRIu32
                    ", this goosed knows up to %d; run a newer goosed",
                    file->dir, state->format, STATE_FORMAT);
    case STATE_OTHER_FLOCK:
        found->verdict = SAVER_OTHER_FLOCK;
        return fail(found->text,
                    "%s/state: of flock \"%s\", not of \"%s\"; check --flock and --state-dir",
                    file->dir, state->flock, file->flock);
    case STATE_WHOLE:
    case STATE_TORN:
    case STATE_REPAIR:
    case STATE_DAMAGED:
    case STATE_FOREIGN:
    default:
        found->verdict = SAVER_FOREIGN;
        return fail(found->text, "%s/state: no state file of goosed; check --state-dir, or %s",
                    file->dir, way_out);
    }
}

static bool load(struct state_file *file, struct saver_found *found)
{
    uint8_t image[STATE_FILE_BYTES];
    struct state_found state;
    size_t bytes = 0;
    bool unreadable = false;

    file->fd = open_own(file, "state", O_DSYNC, found->text);
    if (file->fd < 0) {
        if (errno != ENOENT) return false;
        found->text[0] = '\0';
        found->verdict = SAVER_FRESH;
        bool begun = begin_new(file, found->text);
        if (!begun) found->verdict = SAVER_FAILED;
        return begun;
    }
    file->named = true;
    if (!read_image(file, image, &bytes, &unreadable, found->text)) return false;
    state_judge(image, bytes, file->flock, &state);
    if (state.verdict == STATE_FOREIGN && unreadable) {
        errno = EIO;
        return fail_system(file, "cannot read", found->text);
    }
    if (state.verdict == STATE_DAMAGED) return start_without(file, found);
    if (state.verdict <= STATE_REPAIR) return take_state(file, &state, found);
    return refuse_other(file, &state, bytes, found);
}

bool state_file_open(struct state_file *file, const char *dir, const char *flock, bool of_any,
                     struct saver_found *found)
{
    *file = (struct state_file){.dir_fd = -1, .lock_fd = -1, .fd = -1};
    memset(found, 0, sizeof *found);
    found->verdict = SAVER_FAILED;
    file->dir = strdup(dir);
    file->flock = strdup(flock);
    bool opened = false;
    if (file->dir == NULL || file->flock == NULL || sodium_init() < 0)
        fail(found->text, "--state-dir %s: no memory, or libsodium cannot start", dir);
    else
        opened = open_directory(file, of_any, found) && take_lock(file, found) && load(file, found);
    if (!opened) state_file_close(file);
    return opened;
}

void state_file_close(struct state_file *file)
{
    if (file->fd >= 0) {
        close(file->fd);
        if (!file->named) unlinkat(file->dir_fd, "state.new", 0);
    }
    /* The lock last: then nothing of ours writes here any more. */
    if (file->dir_fd >= 0) close(file->dir_fd);
    if (file->lock_fd >= 0) close(file->lock_fd);
    free(file->dir);
    free(file->flock);
    *file = (struct state_file){.dir_fd = -1, .lock_fd = -1, .fd = -1};
}
