/* names.c: addresses, uids and rosters of the model's nodes, and what people call them. */
#include <stdio.h>
#include <stdlib.h>

#include "model.h"

#define ROSTERS_MAX 512

static const char *const addresses[NODES_MAX] = {"n1:7400", "n2:7400", "n3:7400", "n4:7400"};

struct uid_names names;
static struct {
    unsigned node;
    unsigned birth;
} named[NAMES_MAX];

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

/* n2' is the second uid at n2. */
void name_uid(uint64_t uid, unsigned node, unsigned birth)
{
    char name[16];

    if (uid_find(&names, uid) >= 0 || names.count == NAMES_MAX) return;
    named[names.count].node = node;
    named[names.count].birth = birth;
    snprintf(name, sizeof name, "n%u%.*s", node + 1, (int)birth, "'''");
    uid_keep(&names, uid, name);
}

int node_of_uid(uint64_t uid)
{
    int at = uid_find(&names, uid);
    return at < 0 ? -1 : (int)named[at].node;
}

unsigned birth_of_uid(uint64_t uid)
{
    int at = uid_find(&names, uid);
    return at < 0 ? 0 : named[at].birth;
}

uint64_t uid_at(unsigned node, uint64_t like)
{
    int at = uid_find(&names, like);

    for (int i = 0; at >= 0 && i < names.count; i++)
        if (named[i].node == node && named[i].birth == named[at].birth) return names.of[i].uid;
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
