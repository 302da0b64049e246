/* explain.c: see explain.h. What is not known is not guessed: a pair counts as cut off only if both were asked. */
#include "ctl/explain.h"

#include <string.h>

#include "ctl/ask.h"
#include "ctl/table.h"

#define LATELY_MS 10000 /* who wants to be goose asks several times a second */

struct flock {
    FILE *to;
    const struct fact *facts;
    size_t count;
    size_t voters;
    size_t majority;
    const struct fact *goose; /* NULL: nobody says so */
};

/* ---- what the facts say ---- */

static double number(const cJSON *item, const char *name)
{
    double value = 0;

    json_number(item, name, &value);
    return value;
}

static bool is_text(const cJSON *item, const char *name, const char *wanted)
{
    const char *text = json_text(item, name);

    return text != NULL && strcmp(text, wanted) == 0;
}

static const cJSON *link_to(const struct fact *from, const struct fact *to)
{
    const cJSON *link, *links = cJSON_GetObjectItemCaseSensitive(from->why, "links");

    cJSON_ArrayForEach(link, links)
    {
        if (is_text(link, "address", to->address)) return link;
    }
    return NULL;
}

static bool is_answered(const struct fact *from, const struct fact *to)
{
    return number(link_to(from, to), "answered") > 0;
}

static bool hears(const struct fact *listener, const struct fact *other)
{
    return number(link_to(listener, other), "heard") > 0 || is_answered(listener, other);
}

/* It answers goosectl, or at least another node. */
static bool is_alive(const struct flock *flock, const struct fact *fact)
{
    for (size_t i = 0; i < flock->count; i++)
        if (is_answered(&flock->facts[i], fact)) return true;
    return fact->why != NULL;
}

static bool may_stand(const struct fact *fact)
{
    return fact->why != NULL && fact->voter && !json_flag(fact->why, "draining") &&
           !json_flag(fact->why, "failed") && number(fact->why, "priority") > 0;
}

/* Voters that it exchanges datagrams with, itself among them. */
static size_t reach(const struct flock *flock, const struct fact *from)
{
    size_t count = 0;

    for (size_t i = 0; i < flock->count; i++)
        if (flock->facts[i].voter &&
            (&flock->facts[i] == from || is_answered(from, &flock->facts[i])))
            count++;
    return count;
}

static struct flock flock_of(FILE *to, const struct fact *facts, size_t count)
{
    struct flock flock = {.to = to, .facts = facts, .count = count};

    for (size_t i = 0; i < count; i++) {
        flock.voters += facts[i].voter;
        if (is_text(facts[i].why, "role", "goose")) flock.goose = &facts[i];
    }
    flock.majority = flock.voters / 2 + 1;
    return flock;
}

/* ---- sentences ---- */

static void headline(const struct flock *flock, const struct fact *asked)
{
    const char *goose = json_text(asked->why, "goose");
    const cJSON *promise = cJSON_GetObjectItemCaseSensitive(asked->why, "promise");
    char left[CELL_BYTES];

    if (flock->goose == asked) {
        fprintf(flock->to, "%s is the goose, in term %.0f.\n", asked->address,
                number(asked->why, "term"));
    } else if (goose != NULL) {
        cell_span(promise, "left_ms", left);
        fprintf(flock->to,
                "%s is a duck: %s is the goose, in term %.0f.\n"
                "It heard the goose lately. For %s it votes for nobody else.\n",
                asked->address, goose, number(asked->why, "term"), left);
    } else if (flock->goose != NULL) {
        fprintf(flock->to, "%s is a duck and hears no goose; but %s is one, in term %.0f.\n",
                asked->address, flock->goose->address, number(flock->goose->why, "term"));
    } else if (flock->voters == 0) {
        fprintf(flock->to, "%s is in no flock yet.\n", asked->address);
    } else {
        fprintf(flock->to, "There is no goose.\n");
    }
}

/* What keeps this node itself from being goose. */
static void hindrances(const struct flock *flock, const struct fact *fact)
{
    static const struct {
        const char *flag, *says;
    } flags[] = {
        {"failed", "cannot save its state: it will not be goose, and must be looked after"},
        {"two_geese", "hears two geese of this flock: two machines with one --self have founded it "
                      "twice, or a state file "
                      "was put back; stop one side, and let it join without its state"},
        {"removed", "was removed by an operator: it stays out until undrain"},
        {"listening", "listens first whether a flock knows it"},
        {"draining", "is draining: it will not be goose until undrain, or a restart"},
    };
    char left[CELL_BYTES];

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (json_flag(fact->why, flags[i].flag))
            fprintf(flock->to, "%s %s.\n", fact->address, flags[i].says);
    if (fact->why != NULL && !fact->voter && flock->voters > 0)
        fprintf(flock->to, "%s has no vote: it is no member that can be goose.\n", fact->address);
    if (fact->why != NULL && number(fact->why, "priority") == 0)
        fprintf(flock->to, "%s has priority 0: it is never goose.\n", fact->address);
    if (number(fact->why, "quarantine_ms") > 0 && flock->goose == NULL) {
        cell_span(fact->why, "quarantine_ms", left);
        fprintf(
            flock->to,
            "%s has restarted and waits %s more, because it does not remember what it promised.\n",
            fact->address, left);
    }
}

static void silent_ones(const struct flock *flock)
{
    for (size_t i = 0; i < flock->count; i++) {
        const struct fact *fact = &flock->facts[i];
        if (fact->why != NULL) continue;
        fprintf(flock->to, "%s; %s.\n", fact->wrong,
                is_alive(flock, fact) ? "but other nodes hear it"
                                      : "no other node hears it either");
    }
}

static void list_texts(FILE *to, const cJSON *list)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        if (cJSON_IsString(item))
            fprintf(to, "%s%s", item != list->child ? ", " : " ", item->valuestring);
    }
}

/* Who drops or refuses what others send, because they were told something else (true: somebody does); and who finds no way
 * to others. */
static bool differences(const struct flock *flock)
{
    static const struct {
        const char *list, *does, *because, *mend;
        bool way;
    } all[] = {
        {"other_versions", "hears nothing from", "another version",
         "Run one version of goosed everywhere", false},
        {"other_keys", "drops what comes from", "another key, or none",
         "Give all nodes the same --key-file", false},
        {"other_flocks", "drops what comes from", "another --flock",
         "Give all nodes the same --flock", false},
        {"other_peers", "refuses", "other --peers", "Give all first members the same --peers",
         false},
        {"unresolved", "cannot send to", "the name does not resolve there",
         "Mend the name there, in DNS or /etc/hosts", true},
        {"other_family", "cannot send to",
         "it listens at an address of one kind, IPv4 or IPv6, and these have only the other",
         "Give all nodes addresses of one kind, or --bind [::]:PORT, which sends to both", true},
    };
    bool some = false;

    for (size_t j = 0; j < sizeof all / sizeof all[0]; j++) {
        bool these = false;
        for (size_t i = 0; i < flock->count; i++) {
            const struct fact *fact = &flock->facts[i];
            const cJSON *list = cJSON_GetObjectItemCaseSensitive(fact->why, all[j].list);
            if (cJSON_GetArraySize(list) == 0) continue;
            these = true;
            fprintf(flock->to, "%s %s", fact->address, all[j].does);
            list_texts(flock->to, list);
            fprintf(flock->to, ": %s.\n", all[j].because);
        }
        if (these) fprintf(flock->to, "%s.\n", all[j].mend);
        some = some || (these && !all[j].way);
    }
    return some;
}

/* Between two that were both asked. True: all is well. */
static bool pair(const struct flock *flock, const struct fact *a, const struct fact *b)
{
    const cJSON *ab = link_to(a, b), *ba = link_to(b, a);
    double asked = number(ab, "asked") + number(ba, "asked");
    double answered = number(ab, "answered") + number(ba, "answered");
    bool a_hears = hears(a, b), b_hears = hears(b, a);

    if (number(ab, "asked") == 0 || number(ba, "asked") == 0) return true;
    if (!a_hears && !b_hears)
        fprintf(flock->to, "%s and %s do not hear each other.\n", a->address, b->address);
    else if (!a_hears || !b_hears)
        fprintf(flock->to, "One way only: %s hears %s, but is not heard there.\n",
                a_hears ? a->address : b->address, a_hears ? b->address : a->address);
    else if (answered < asked)
        fprintf(flock->to, "Between %s and %s %.0f of %.0f round trips were lost.\n", a->address,
                b->address, asked - answered, asked);
    return answered >= asked;
}

static void links(const struct flock *flock)
{
    bool well = true;
    size_t pairs = 0;
    double least = 0, most = 0;

    for (size_t i = 0; i < flock->count; i++)
        for (size_t j = 0; j < flock->count; j++) {
            const struct fact *a = &flock->facts[i], *b = &flock->facts[j];
            const cJSON *link = link_to(a, b);
            double rtt = number(link, "rtt_us");
            if (i == j || a->why == NULL || b->why == NULL || !a->voter || !b->voter) continue;
            if (i < j) well = pair(flock, a, b) && well;
            if (number(link, "answered") == 0) continue;
            if (pairs++ == 0 || rtt < least) least = rtt;
            if (rtt > most) most = rtt;
        }
    if (well && pairs > 0)
        fprintf(flock->to,
                "All voters that were asked hear each other; round trips %.3f to %.3f ms.\n",
                least / 1000, most / 1000);
}

static const char *in_words(const char *verdict)
{
    static const struct {
        const char *verdict, *words;
    } all[] = {
        {"stranger", "the asker has no seat in its roster"},
        {"not-part", "it may not vote: no seat is its own yet"},
        {"old-term", "its own term is higher"},
        {"voted", "it has voted for another in that term"},
        {"quarantine", "it has just started, and does not remember what it promised"},
        {"old-roster", "its roster is newer"},
        {"other-roster", "it was started with other --peers"},
        {"resigned", "the asker has given that term up"},
        {"lease-lives", "it is the goose itself"},
        {"promised", "its promise to another has not ended"},
        {"yield-to-me", "it asks too, and is ahead"},
        {"failed", "its disk has failed"},
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (verdict != NULL && strcmp(all[i].verdict, verdict) == 0) return all[i].words;
    return "for a reason that this goosectl does not know";
}

/* Each as its asker tells it, so that none is told twice; of nodes that say nothing, as the refuser tells it. */
static void refusals(const struct flock *flock, const struct fact *teller)
{
    const cJSON *item, *all = cJSON_GetObjectItemCaseSensitive(teller->why, "refusals");
    char ago[CELL_BYTES];

    cJSON_ArrayForEach(item, all)
    {
        const char *by = json_text(item, "by"), *asker = json_text(item, "asker");
        bool counts = by != NULL && asker != NULL && number(item, "ago_ms") <= LATELY_MS;
        for (size_t i = 0; counts && i < flock->count; i++)
            if (flock->facts[i].why != NULL && &flock->facts[i] != teller &&
                strcmp(flock->facts[i].address, asker) == 0)
                counts = false;
        if (!counts) continue;
        cell_span(item, "ago_ms", ago);
        fprintf(flock->to, "%s refused %s, %s ago: %s.\n", by, asker, ago,
                in_words(json_text(item, "why")));
    }
}

/* It listens first, and then founds one; or waits to be let in, for ever. */
static void way_in(const struct flock *flock, const struct fact *asked)
{
    if (json_flag(asked->why, "listening")) return;
    fprintf(flock->to,
            "None that its --join names has let it in: look whether they run, can be reached,\n"
            "and have the same --flock and --key-file.\n");
}

static void remedy(const struct flock *flock, bool differ)
{
    size_t alive = 0, unasked = 0, able = 0, connected = 0;

    for (size_t i = 0; i < flock->count; i++) {
        const struct fact *fact = &flock->facts[i];
        alive += fact->voter && is_alive(flock, fact);
        unasked += fact->voter && fact->why == NULL;
        able += may_stand(fact);
        connected += may_stand(fact) && reach(flock, fact) >= flock->majority;
    }
    fprintf(flock->to, "Of %zu voters %zu answer; a goose needs %zu. ", flock->voters, alive,
            flock->majority);
    if (alive < flock->majority)
        fprintf(flock->to, "Start %zu more with the state they have, or mend the way to them.\n",
                flock->majority - alive);
    else if (differ)
        fprintf(flock->to, "But they were not told the same: mend that first, as said above.\n");
    else if (connected == 0 && unasked > 0)
        fprintf(flock->to, "Those that were asked cannot be it; ask at the others, too.\n");
    else if (able == 0)
        fprintf(flock->to, "But none of them may be goose: undrain one, or raise its priority.\n");
    else if (connected == 0)
        fprintf(flock->to, "But none that may be goose reaches so many: mend the network.\n");
    else
        fprintf(flock->to,
                "They reach each other, so there should be one in a moment: ask again.\n");
}

void explain(FILE *to, const struct fact *facts, size_t count)
{
    const struct flock flock = flock_of(to, facts, count);
    bool follows = json_text(facts[0].why, "goose") != NULL;

    headline(&flock, &facts[0]);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || flock.goose == NULL) hindrances(&flock, &facts[i]);
    silent_ones(&flock);
    bool differ = differences(&flock);
    links(&flock);
    for (size_t i = 0; i < count; i++)
        if ((i == 0 && !follows) || flock.goose == NULL) refusals(&flock, &facts[i]);
    if (flock.voters == 0 && !follows)
        way_in(&flock, &facts[0]);
    else if (flock.goose == NULL && !follows)
        remedy(&flock, differ);
}
