/* senders.c: see senders.h. */
#include "net/senders.h"

#include <string.h>

bool senders_saw(struct senders *senders, const struct goose_endpoint *from, uint64_t now_us)
{
    bool known = false;
    int place = 0;

    for (int i = 0; i < SENDERS_MAX; i++) {
        if (senders->of[i].at_us != 0 && memcmp(&senders->of[i].from, from, sizeof *from) == 0) {
            known = true;
            place = i;
            break;
        }
        if (senders->of[i].at_us < senders->of[place].at_us) place = i;
    }
    senders->of[place].from = *from;
    senders->of[place].at_us = now_us;
    return !known;
}

bool senders_recent(const struct senders *senders, int place, uint64_t now_us)
{
    uint64_t at_us = senders->of[place].at_us;

    return at_us != 0 && now_us - at_us <= SENDERS_LATE_US;
}

unsigned senders_count(const struct senders *senders, uint64_t now_us)
{
    unsigned count = 0;

    for (int i = 0; i < SENDERS_MAX; i++)
        count += senders_recent(senders, i, now_us);
    return count;
}
