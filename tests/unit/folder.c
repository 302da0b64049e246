/* folder.c: see folder.h. */
#include "folder.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

char folder[32], folder_file[40];

int folder_make(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/goosed-test-XXXXXX");
    if (mkdtemp(folder) == NULL) return -1;
    snprintf(folder_file, sizeof folder_file, "%s/file", folder);
    return 0;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about, (void)kind, (void)where;
    return remove(path);
}

int folder_remove(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void folder_write(const void *bytes, size_t count)
{
    int fd = open(folder_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, count), (ssize_t)count);
    close(fd);
}
