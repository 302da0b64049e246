/* names.c: addresses, uids and rosters of the model's nodes, and what people call them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define NAMED_MAX   64
#define ROSTERS_MAX 512

static const char *const addresses[NODES_MAX] = {"n1:7400", "n2:7400", "n3:7400", "n4:7400"};

static struct {
    uint64_t uid;
    unsigned node;
    unsigned birth;
} named[NAMED_MAX];
static unsigned named_count;

struct goose_text node_address(unsigned node)
{
    return (struct goose_text){addresses[node], 7};
}

int node_of_address(struct goose_text address)
{
    for (unsigned i = 0; i < world.nodes; i++)
        if (goose_text_equal(address, node_address(i))) return (int)i;
    return -1;
}

static int find(uint64_t uid)
{
    for (unsigned i = 0; i < named_count; i++)
        if (named[i].uid == uid) return (int)i;
    return -1;
}

void name_uid(uint64_t uid, unsigned node, unsigned birth)
{
    if (find(uid) >= 0 || named_count == NAMED_MAX) return;
    named[named_count].uid = uid;
    named[named_count].node = node;
    named[named_count].birth = birth;
    named_count++;
}

int node_of_uid(uint64_t uid)
{
    int at = find(uid);
    return at < 0 ? -1 : (int)named[at].node;
}

/* n2' is the second uid at n2. */
const char *uid_words(uint64_t uid)
{
    static char words[4][8];
    static unsigned turn;
    char *at = words[turn++ % 4];
    int i = find(uid);

    if (uid == 0) return "nobody";
    if (i < 0) return "somebody";
    snprintf(at, sizeof words[0], "n%u%.*s", named[i].node + 1, (int)named[i].birth, "'''");
    return at;
}

unsigned birth_of_uid(uint64_t uid)
{
    int at = find(uid);
    return at < 0 ? 0 : named[at].birth;
}

uint64_t uid_at(unsigned node, uint64_t like)
{
    int at = find(like);

    for (unsigned i = 0; at >= 0 && i < named_count; i++)
        if (named[i].node == node && named[i].birth == named[at].birth) return named[i].uid;
    return 0;
}

static struct {
    uint64_t digest;
    struct goose_roster roster;
} rosters[ROSTERS_MAX];
static unsigned roster_count;

void roster_known(const struct goose_roster *roster)
{
    uint64_t digest = goose_roster_digest(roster);

    if (roster_of_digest(digest) != NULL) return;
    if (roster_count == ROSTERS_MAX) abort();
    rosters[roster_count].digest = digest;
    rosters[roster_count++].roster = *roster;
}

const struct goose_roster *roster_of_digest(uint64_t digest)
{
    for (unsigned i = 0; i < roster_count; i++)
        if (rosters[i].digest == digest) return &rosters[i].roster;
    return NULL;
}
