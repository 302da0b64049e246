/* impure.c: what the purity test must see: a clock, an allocation and a variable. Never linked into anything. */
#include <stdlib.h>
#include <time.h>

void *impure_remember(void);

void *impure_remember(void)
{
    static time_t last;
    time_t *copy = malloc(sizeof(*copy));
    last += time(copy);
    return last == 0 ? NULL : copy;
}
