/* recover.c: `recover`: an operator's last word where a majority of the voters is lost for good. Without --yes it only
 * says what it would do. The state is written in place, so that at every instant the directory holds either the old one
 * or the new one, whole, with the owner that it had; a copy of the old one is put beside it before. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/address.h"
#include "ctl/commands.h"
#include "ctl/recover_state.h"
#include "disk/state_file.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define COPIES_MAX 1000

struct recovery {
    const char *dir;
    const char *flock;
    struct goose_address self;
    struct goose_durable_state old;
    struct goose_durable_state made;
    bool reset_terms;
    char copy[64]; /* the name of the old state's copy */
};

static int refuse(const struct recovery *recovery, const char *why)
{
    return ctl_fail(CTL_NO, "recover: %.512s/state: %s", recovery->dir, why);
}

/* ---- what is there ---- */

/* Everything that this refuses is refused before the directory is opened as goosed opens it, which may make, repair or
 * set aside. */
static int look(struct recovery *recovery)
{
    uint8_t image[STATE_FILE_BYTES + 1];
    struct state_found found;
    char path[1100];

    snprintf(path, sizeof path, "%s/state", recovery->dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t bytes = fd < 0 ? -1 : read(fd, image, sizeof image);
    int error = errno;
    if (fd >= 0) close(fd);
    if (bytes < 0) return refuse(recovery, strerror(error));
    state_judge(image, (size_t)bytes, recovery->flock, &found);
    if (found.verdict == STATE_OTHER_FLOCK)
        return ctl_fail(CTL_NO,
                        "recover: %.512s/state is of flock \"%s\"; if it is meant, give --flock %s",
                        recovery->dir, found.flock, found.flock);
    if (found.verdict == STATE_NEWER)
        return refuse(recovery, "of a newer goosed: use its goosectl");
    if (found.verdict > STATE_REPAIR) return refuse(recovery, "damaged, or no state of goosed");
    if (!goose_durable_decode(found.payload, found.count, &recovery->old))
        return refuse(recovery, "it makes no sense to this version");
    return CTL_YES;
}

/* 64 random bits that are not 0. */
static uint64_t chance(void)
{
    uint64_t bits = 0;

    while (bits == 0)
        if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits) bits = 0;
    return bits;
}

/* ---- what is said ---- */

static void list_voters(const struct goose_roster *roster)
{
    for (int i = 0; i < roster->count; i++) {
        struct goose_text address = goose_roster_address(roster, i);
        printf("    %.*s\n", address.bytes, address.at);
    }
}

static void explain(const struct recovery *recovery)
{
    const struct goose_durable_state *old = &recovery->old;
    int majority = goose_roster_majority(&old->roster);

    printf("The state in %s is of flock \"%s\", id %016" PRIx64 ", term %" PRIu64
           ". Its voters, as far as\nthis node knows:\n\n",
           recovery->dir, recovery->flock, old->roster.flock_id, old->term);
    list_voters(&old->roster);
    printf("\nrecover makes it the state of a new flock, with another id, whose only voter is\n"
           "%s. Its terms go on above %" PRIu64 ".\n",
           recovery->self.chars, recovery->made.term);
    printf("\nThis is for a flock that has lost %d or more of these %d for good: their state is "
           "gone. If\n"
           "they are only switched off or cut off, bring %d of them back instead, and nothing is "
           "lost.\n",
           old->roster.count - majority + 1, old->roster.count, majority);
    printf(
        "\nWhat it risks:\n"
        "  - Two geese. Whatever is left of the old flock knows nothing of the new one. If a "
        "majority\n"
        "    of the voters above ever comes back with its state, it has a goose of its own beside\n"
        "    this one. Make sure first that it cannot: erase those states, or machines.\n"
        "  - Two new flocks. Run this on one node only: of those that are left, the one with the\n"
        "    highest term. Every other one is to be started with its state directory emptied and\n"
        "    --join %s; with its old state it stays a duck of the old flock.\n"
        "  - Fencing tokens. What the lost nodes decided without this one is not known here. %s\n"
        "    A resource that has seen a higher term than %" PRIu64 " refuses the new goose.\n"
        "  - Who was removed or let in meanwhile is forgotten.\n\n",
        recovery->self.chars,
        recovery->made.term > old->term
            ? "The\n    terms leap by 100,000,000, far more than they can have used."
            : "The\n    terms begin at 1 again: every resource that compares them has to be told.",
        recovery->made.term);
}

static void say_done(const struct recovery *recovery, bool json)
{
    const struct goose_roster *roster = &recovery->made.roster;

    if (json) {
        printf("{\"self\":\"%s\",\"flock_id\":\"%016" PRIx64 "\",\"term\":%" PRIu64
               ",\"kept\":\"%s\"}\n",
               recovery->self.chars, roster->flock_id, recovery->made.term, recovery->copy);
        return;
    }
    printf("%s is a flock of its own now: id %016" PRIx64 ", term %" PRIu64 ".\n"
           "Start goosed on this state directory, without --peers. Start every other node with an "
           "empty\n"
           "state directory and --join %s. New voters are let in up to %d, so that their number is "
           "odd.\n"
           "The old state is in %s: it belongs to the old flock. Delete it once that is gone for\n"
           "good, and never start a node on it while the new flock lives.\n",
           recovery->self.chars, roster->flock_id, recovery->made.term, recovery->self.chars,
           roster->wanted, recovery->copy);
}

/* ---- what is done ---- */

static bool write_copy(const struct state_file *file, const char *name)
{
    uint8_t image[STATE_FILE_BYTES];
    int fd = openat(file->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0) return false;
    bool good = pread(file->fd, image, sizeof image, 0) == (ssize_t)sizeof image &&
                write(fd, image, sizeof image) == (ssize_t)sizeof image && fsync(fd) == 0;
    int error = errno;
    close(fd);
    good = good && fsync(file->dir_fd) == 0;
    if (!good) unlinkat(file->dir_fd, name, 0);
    errno = error;
    return good;
}

static bool keep_copy(const struct state_file *file, char name[64], char why[SAVER_TEXT_BYTES])
{
    for (int i = 1; i <= COPIES_MAX; i++) {
        snprintf(name, 64, "state.before-recover-%d", i);
        if (write_copy(file, name)) return true;
        if (errno != EEXIST) break;
    }
    snprintf(why, SAVER_TEXT_BYTES, "its copy %s cannot be written: %s", name, strerror(errno));
    return false;
}

static bool write_state(struct recovery *recovery, struct state_file *file,
                        char why[SAVER_TEXT_BYTES])
{
    uint8_t bytes[GOOSE_DURABLE_BYTES_MAX];
    size_t count = goose_durable_encode(&recovery->made, bytes);

    return keep_copy(file, recovery->copy, why) && state_file_save(file, bytes, count, why) &&
           state_file_mirror(file, bytes, count, why);
}

/* Under the lock, and from what is read under it: a goosed may have run a moment ago. */
static int carry_out(struct recovery *recovery)
{
    struct saver_found found;
    struct state_file file;
    char why[SAVER_TEXT_BYTES] = "";

    if (!state_file_open(&file, recovery->dir, recovery->flock, true, &found)) {
        if (found.verdict == SAVER_LOCKED)
            return refuse(recovery, "a goosed runs on it; stop that first");
        return ctl_fail(CTL_NO, "recover: %s", found.text);
    }
    bool same = goose_durable_decode(found.bytes, found.count, &recovery->old);
    const char *wrong = same ? recover_state(&recovery->old, &recovery->self, chance(), chance(),
                                             recovery->reset_terms, &recovery->made)
                             : "it has changed just now";
    bool good = wrong == NULL && write_state(recovery, &file, why);
    state_file_close(&file);
    return good ? CTL_YES : refuse(recovery, wrong != NULL ? wrong : why);
}

/* A misspelt one would make a flock of a node that is nowhere. One that has moved says its new address when it starts. */
static int check_self(const struct recovery *recovery)
{
    const struct goose_roster *roster = &recovery->old.roster;
    int mine = goose_roster_find_uid(roster, recovery->old.uid);

    if (mine < 0) return CTL_YES;
    struct goose_text own = goose_roster_address(roster, mine);
    if (goose_text_equal(own, goose_address_text(&recovery->self))) return CTL_YES;
    return ctl_fail(CTL_NO,
                    "recover: %.512s/state is of %.*s, not of %s: give --self %.*s, even if the "
                    "node has moved since",
                    recovery->dir, own.bytes, own.at, recovery->self.chars, own.bytes, own.at);
}

static int recover_with(struct recovery *recovery, bool yes, bool json)
{
    int status = look(recovery);

    if (status == CTL_YES) status = check_self(recovery);
    if (status != CTL_YES) return status;
    const char *wrong = recover_state(&recovery->old, &recovery->self, chance(), chance(),
                                      recovery->reset_terms, &recovery->made);
    if (wrong != NULL) return refuse(recovery, wrong);
    if (!yes) {
        if (!json) explain(recovery);
        fflush(stdout);
        return ctl_fail(CTL_NO, "recover: nothing was done; to do it, give --yes");
    }
    status = carry_out(recovery);
    if (status == CTL_YES) say_done(recovery, json);
    return status;
}

static int recover(struct ctl *ctl)
{
    struct recovery recovery = {.dir = NULL};
    const char *dir = NULL, *self = NULL, *flock = NULL;
    bool yes = false;
    const struct option_known options[] = {{"--state-dir", &dir, NULL},
                                           {"--self", &self, NULL},
                                           {"--flock", &flock, NULL},
                                           {"--reset-terms", NULL, &recovery.reset_terms},
                                           {"--yes", NULL, &yes}};

    if (!ctl_options(ctl, options, COUNT(options)) || !ctl_no_more(ctl)) return CTL_UNKNOWN;
    if (dir == NULL || self == NULL)
        return ctl_fail(CTL_UNKNOWN,
                        "recover: give --state-dir DIR and --self HOST:PORT, as goosed has them");
    const char *wrong = address_from_user(&recovery.self, self, strlen(self));
    if (wrong != NULL) return ctl_fail(CTL_UNKNOWN, "recover: --self %.128s: %s", self, wrong);
    recovery.dir = dir;
    recovery.flock = flock != NULL ? flock : "goose";
    if (strlen(recovery.flock) > STATE_FLOCK_MAX || strlen(dir) > 1000)
        return ctl_fail(CTL_UNKNOWN, "recover: --flock or --state-dir is too long");
    return recover_with(&recovery, yes, ctl->json);
}

const struct command recover_command = {
    .name = "recover",
    .arguments = "--state-dir DIR --self HOST:PORT [--flock NAME] [--reset-terms] [--yes]",
    .line = "offline: one node of a flock that lost its majority for good founds a new flock",
    .more =
        "Says what it would do and what that risks, and does nothing without --yes. goosed "
        "must not\n"
        "run on DIR. DIR and HOST:PORT are those of its command line; NAME is goose unless "
        "given.\n"
        "--reset-terms is for a term so high that none fits above it: the new flock begins at 1.\n",
    .offline = true,
    .carry_out = recover,
};
