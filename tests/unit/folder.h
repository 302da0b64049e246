/* folder.h: a folder that a test may fill, and that goes with all that is in it. */
#ifndef UNIT_FOLDER_H
#define UNIT_FOLDER_H

#include "unit.h"

extern char folder[32];      /* its path */
extern char folder_file[40]; /* the path of a file in it, which may be there or not */

/* cmocka's set-up and tear-down, of a test or of a group. */
int folder_make(void **state);
int folder_remove(void **state);
/* These bytes are all that is in the file. A new one is for its owner alone. */
void folder_write(const void *bytes, size_t count);

#endif
