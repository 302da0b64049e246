/* state_file.h: the directory with the state file: locked, read at the start, written in place,
 * set aside. Everything here may block, and nothing here knows the loop or its thread.
 *
 *   DIR/state             always with a state in it: made as state.new, renamed when durable
 *   DIR/lock              held while the process lives; has its process id
 *   DIR/state.damaged-N   could not be relied upon
 *   DIR/state.old-N       turned out to be an old copy (PROTOCOL 3)
 *
 * DIR has to belong to who runs us, or to root; others may write in it only where its sticky bit keeps them from our files;
 * and `state` and `lock` have to be regular files of ours: so no other user can put a link or a state there. */
#ifndef DISK_STATE_FILE_H
#define DISK_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "disk/state_image.h"

#define SAVER_TEXT_BYTES 512

enum saver_verdict {
    /* The node may start. With a text (all but the first two): say it in the log. */
    SAVER_FRESH,    /* no state: newborn */
    SAVER_WHOLE,    /* what was saved last */
    SAVER_TORN,     /* what was saved last; a write that never ended was undone */
    SAVER_REPAIRED, /* what was saved last; a bad copy of it was written again */
    SAVER_DAMAGED,  /* not to be relied upon: set aside, newborn */
    /* It may not: an operator has to look. */
    SAVER_SHORT,
    SAVER_FOREIGN,     /* no state file of goosed */
    SAVER_NEWER,       /* of a later format */
    SAVER_OTHER_FLOCK, /* of a flock of another name */
    SAVER_LOCKED,      /* another daemon runs on it */
    SAVER_FAILED,      /* the directory or the disk */
};

struct saver_found {
    enum saver_verdict verdict;
    size_t count; /* of `bytes`; 0: newborn */
    uint8_t bytes[STATE_PAYLOAD_MAX];
    char text[SAVER_TEXT_BYTES]; /* one line, or empty */
};

struct state_file {
    char *dir;
    char *flock;
    uid_t owner;
    int dir_fd;
    int lock_fd;
    int fd;
    bool named;       /* as `state`; before the first save it is state.new */
    bool b_is_behind; /* slot B waits for the mirror of A */
    uint64_t generation;
};

/* False: `found` says why, and nothing is left open. With `of_any`, root works in another user's directory. */
bool state_file_open(struct state_file *file, const char *dir, const char *flock, bool of_any,
                     struct saver_found *found);
/* True: these bytes are durable and may be acted upon. Else `error` is a line. */
bool state_file_save(struct state_file *file, const uint8_t *bytes, size_t count,
                     char error[SAVER_TEXT_BYTES]);
/* The same bytes to the other slot, if they are not there yet: before the next save. */
bool state_file_mirror(struct state_file *file, const uint8_t *bytes, size_t count,
                       char error[SAVER_TEXT_BYTES]);
/* Renames `state` to state.WHY-N and begins a new file. */
bool state_file_set_aside(struct state_file *file, const char *why, char error[SAVER_TEXT_BYTES]);
void state_file_close(struct state_file *file);

#endif
