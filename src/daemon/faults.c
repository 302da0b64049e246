/* faults.c: see faults.h. */
#include "daemon/faults.h"

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/address.h"
#include "disk/saver.h"
#include "net/udp.h"

#define MS_MAX          600000
#define BEFORE_FREEZING 20 /* ms: so that the answer to the request gets out */

/* One set of faults, as it was asked for. */
struct fault {
    struct udp_faults udp;
    enum saver_fault disk;
    uint64_t disk_ms;
    uint64_t freeze_ms;
};

struct faults {
    uv_timer_t freezer;
    struct udp *udp;
    struct saver *saver;
    struct fault now;
    char *shown;
};

struct faults *faults_new(uv_loop_t *loop, struct udp *udp, struct saver *saver)
{
    struct faults *faults = calloc(1, sizeof *faults);

    if (faults == NULL) return NULL;
    uv_timer_init(loop, &faults->freezer);
    faults->freezer.data = faults;
    faults->udp = udp;
    faults->saver = saver;
    return faults;
}

static bool wrong(char *why, size_t why_bytes, const char *key, const char *right)
{
    snprintf(why, why_bytes, "\"%s\" has to be %s", key, right);
    return false;
}

static bool take_ms(const cJSON *item, uint64_t *ms, char *why, size_t why_bytes)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= MS_MAX))
        return wrong(why, why_bytes, item->string, "milliseconds, 0 to 600000");
    *ms = (uint64_t)item->valuedouble;
    return true;
}

/* The entry of an address, an old one or a new one; NULL: too many. */
static bool *cut_of(struct udp_faults *udp, const struct goose_address *address, bool from)
{
    size_t i = 0;

    while (i < udp->count &&
           !goose_text_equal(goose_address_text(&udp->of[i].address), goose_address_text(address)))
        i++;
    if (i == UDP_NAMES_MAX) return NULL;
    if (i == udp->count) {
        memset(&udp->of[i], 0, sizeof udp->of[i]);
        udp->of[udp->count++].address = *address;
    }
    return from ? &udp->of[i].drop_from : &udp->of[i].drop_to;
}

static bool take_addresses(const cJSON *list, struct udp_faults *udp, bool from, char *why,
                           size_t why_bytes)
{
    const cJSON *item;

    if (!cJSON_IsArray(list)) return wrong(why, why_bytes, list->string, "a list of \"HOST:PORT\"");
    cJSON_ArrayForEach(item, list)
    {
        struct goose_address address;
        bool *cut = NULL;
        if (cJSON_IsString(item) &&
            address_from_user(&address, item->valuestring, strlen(item->valuestring)) == NULL)
            cut = cut_of(udp, &address, from);
        if (cut == NULL) return wrong(why, why_bytes, list->string, "a list of \"HOST:PORT\"");
        *cut = true;
    }
    return true;
}

static bool take_disk(const cJSON *item, enum saver_fault *disk, char *why, size_t why_bytes)
{
    static const struct {
        const char *word;
        enum saver_fault fault;
    } words[] = {{"ok", SAVER_FAULT_NONE},
                 {"fail", SAVER_FAULT_FAIL},
                 {"slow", SAVER_FAULT_SLOW},
                 {"hang", SAVER_FAULT_HANG}};

    for (size_t i = 0; cJSON_IsString(item) && i < sizeof words / sizeof words[0]; i++)
        if (strcmp(item->valuestring, words[i].word) == 0) {
            *disk = words[i].fault;
            return true;
        }
    return wrong(why, why_bytes, item->string, "\"ok\", \"fail\", \"slow\" or \"hang\"");
}

static bool take_item(const cJSON *item, struct fault *fault, char *why, size_t why_bytes)
{
    if (strcmp(item->string, "drop_from") == 0)
        return take_addresses(item, &fault->udp, true, why, why_bytes);
    if (strcmp(item->string, "drop_to") == 0)
        return take_addresses(item, &fault->udp, false, why, why_bytes);
    if (strcmp(item->string, "delay_ms") == 0)
        return take_ms(item, &fault->udp.delay_ms, why, why_bytes);
    if (strcmp(item->string, "disk") == 0) return take_disk(item, &fault->disk, why, why_bytes);
    if (strcmp(item->string, "disk_ms") == 0) return take_ms(item, &fault->disk_ms, why, why_bytes);
    if (strcmp(item->string, "freeze_ms") == 0)
        return take_ms(item, &fault->freeze_ms, why, why_bytes);
    if (strcmp(item->string, "stop_answering") == 0) {
        fault->udp.silent = cJSON_IsTrue(item);
        return cJSON_IsBool(item) || wrong(why, why_bytes, item->string, "true or false");
    }
    snprintf(why, why_bytes,
             "\"%.64s\" is no fault: there are drop_from, drop_to, delay_ms, disk, disk_ms, "
             "freeze_ms and stop_answering",
             item->string);
    return false;
}

/* As SIGSTOP does: nothing of this process runs, and what arrives waits in its sockets. But who is told to stop is not
 * kept. */
static void freeze(uv_timer_t *timer)
{
    const struct faults *faults = timer->data;
    const struct timespec time = {.tv_sec = (time_t)(faults->now.freeze_ms / 1000),
                                  .tv_nsec = (long)(faults->now.freeze_ms % 1000) * 1000000};
    sigset_t others, before;

    sigfillset(&others);
    sigdelset(&others, SIGTERM);
    sigdelset(&others, SIGINT);
    pthread_sigmask(SIG_BLOCK, &others, &before);
    nanosleep(&time, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

bool faults_set(struct faults *faults, const cJSON *object, char *why, size_t why_bytes)
{
    struct fault *fault = calloc(1, sizeof *fault);
    const cJSON *item;
    bool good = fault != NULL;

    if (!good) snprintf(why, why_bytes, "out of memory");
    for (item = object->child; good && item != NULL; item = item->next)
        good = take_item(item, fault, why, why_bytes);
    if (good) {
        faults->now = *fault;
        udp_set_faults(faults->udp, &fault->udp);
        saver_fault(faults->saver, fault->disk, fault->disk_ms * 1000);
        if (fault->freeze_ms > 0) uv_timer_start(&faults->freezer, freeze, BEFORE_FREEZING, 0);
    }
    free(fault);
    return good;
}

static void show_cuts(cJSON *object, const char *key, const struct udp_faults *udp, bool from)
{
    cJSON *list = cJSON_AddArrayToObject(object, key);

    for (size_t i = 0; i < udp->count; i++)
        if (from ? udp->of[i].drop_from : udp->of[i].drop_to)
            cJSON_AddItemToArray(list, cJSON_CreateString(udp->of[i].address.chars));
}

const char *faults_show(struct faults *faults)
{
    static const char *const disks[] = {[SAVER_FAULT_NONE] = "ok",
                                        [SAVER_FAULT_FAIL] = "fail",
                                        [SAVER_FAULT_SLOW] = "slow",
                                        [SAVER_FAULT_HANG] = "hang"};
    cJSON *object = cJSON_CreateObject();

    show_cuts(object, "drop_from", &faults->now.udp, true);
    show_cuts(object, "drop_to", &faults->now.udp, false);
    cJSON_AddNumberToObject(object, "delay_ms", (double)faults->now.udp.delay_ms);
    cJSON_AddStringToObject(object, "disk", disks[faults->now.disk]);
    cJSON_AddNumberToObject(object, "disk_ms", (double)faults->now.disk_ms);
    cJSON_AddNumberToObject(object, "freeze_ms", (double)faults->now.freeze_ms);
    cJSON_AddBoolToObject(object, "stop_answering", faults->now.udp.silent);
    char *text = cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    free(faults->shown);
    size_t bytes = text != NULL ? strlen(text) + 2 : 0;
    faults->shown = text != NULL ? malloc(bytes) : NULL;
    if (faults->shown != NULL) snprintf(faults->shown, bytes, "%s\n", text);
    cJSON_free(text);
    return faults->shown != NULL ? faults->shown : "{}\n";
}

static void closed(uv_handle_t *handle)
{
    struct faults *faults = handle->data;

    free(faults->shown);
    free(faults);
}

void faults_close(struct faults *faults)
{
    if (faults != NULL) uv_close((uv_handle_t *)&faults->freezer, closed);
}
