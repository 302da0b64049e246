/* budget.c: which disks may be lost, and who may move away: the sum of PROTOCOL 2. A minority of the voters of every
 * roster in use, and of every --peers list that a node may still be started with; who has not come yet counts as lost,
 * and so does whoever runs on a copy. It must allow no more, or what the checkers find is not the core's. */
#include "world.h"

static bool is_same(const struct goose_roster *a, const struct goose_roster *b)
{
    return a->term == b->term && a->version == b->version && a->flock_id == b->flock_id;
}

/* Its place among those that were ever used; -1: none. */
static int roster_place(const struct world *w, const struct goose_roster *roster)
{
    for (unsigned i = w->roster_count; i-- > 0;) {
        if (is_same(&w->rosters[i], roster)) {
            return (int)i;
        }
    }
    return -1;
}

void budget_roster_seen(struct world *w, const struct goose_roster *roster)
{
    if (roster->count == 0 || roster_place(w, roster) >= 0) {
        return;
    }
    unsigned at = w->roster_count < ROSTERS_MAX ? w->roster_count++ : ROSTERS_MAX - 1;
    w->rosters[at] = *roster;
    w->roster_flies_to_ns[at] = 0;
}

void budget_roster_flies(struct world *w, uint64_t term, uint64_t version, uint64_t to_ns)
{
    for (unsigned i = w->roster_count; i-- > 0;) {
        if (w->rosters[i].term == term && w->rosters[i].version == version) {
            uint64_t *flies_to_ns = &w->roster_flies_to_ns[i];
            *flies_to_ns = to_ns > *flies_to_ns ? to_ns : *flies_to_ns;
            return;
        }
    }
}

bool budget_is_lost(const struct world *w, uint64_t uid)
{
    for (unsigned i = 0; i < w->lost_count; i++) {
        if (w->lost_uids[i] == uid) {
            return true;
        }
    }
    return false;
}

static bool carries(const struct packet *packet, const struct goose_roster *roster)
{
    return packet->with_roster && packet->roster_term == roster->term &&
           packet->roster_version == roster->version;
}

static bool is_recorded(const struct world *w, const struct goose_roster *roster)
{
    const struct recording *recording = &w->recording;
    for (unsigned i = 0; i < recording->count && recording->on; i++) {
        if (carries(&recording->packets[i], roster)) {
            return true;
        }
    }
    return false;
}

static bool is_queued(const struct world *w, const struct host *h,
                      const struct goose_roster *roster)
{
    uint32_t at = h->queue_head;
    for (unsigned i = 0; i < h->queued; i++) {
        if (carries(&w->packets[at], roster)) {
            return true;
        }
        at = w->packets[at].next;
    }
    return false;
}

/* Somebody goes by it, has it on disk, or may still get it: from the network, out of a socket, or from a recording. */
static bool is_in_use(const struct world *w, unsigned place)
{
    const struct goose_roster *roster = &w->rosters[place];
    if (w->roster_flies_to_ns[place] >= w->now_ns || is_recorded(w, roster)) {
        return true;
    }
    for (unsigned i = 0; i < w->host_count; i++) {
        const struct host *h = &w->hosts[i];
        bool used = h->state == HOST_UP &&
                    (is_same(roster, goose_election_roster(&h->election)) ||
                     is_same(roster, &goose_election_durable(&h->election)->roster) ||
                     is_queued(w, h, roster));
        if (used || (h->disk.present && is_same(roster, &h->disk.state.roster))) {
            return true;
        }
    }
    return false;
}

/* Its node is at none of the addresses in the roster: who does not know better cannot find it. */
static bool is_astray(const struct world *w, const struct goose_roster *roster, int seat)
{
    uint64_t uid = roster->seats[seat].uid;
    for (int at = 0; at < roster->count && uid != 0; at++) {
        uint8_t host = w->at_address[address_id(goose_roster_address(roster, at))];
        if (host != NOBODY && w->hosts[host].disk.present && w->hosts[host].disk.state.uid == uid) {
            return false;
        }
    }
    return uid != 0;
}

/* How many seats of a roster are lost, and would be if `uid` were too. An unclaimed one counts. */
static int lost_seats(const struct world *w, const struct goose_roster *roster, uint64_t uid)
{
    int lost = 0;
    for (int seat = 0; seat < roster->count; seat++) {
        uint64_t at = roster->seats[seat].uid;
        lost += at == 0 || at == uid || budget_is_lost(w, at) || is_astray(w, roster, seat);
    }
    return lost;
}

static bool roster_allows(const struct world *w, const struct goose_roster *roster, uint64_t uid,
                          uint8_t address)
{
    int seat = goose_roster_find_address(roster, address_name(address));
    bool counted = seat >= 0 && roster->seats[seat].uid == 0; /* as one that has not come */
    /* One that is not in it yet may be let in the very next instant. */
    int seats = roster->count + (!counted && goose_roster_find_uid(roster, uid) < 0);
    return 2 * (lost_seats(w, roster, uid) + (seats > roster->count)) < seats;
}

static bool lists_allow(const struct world *w, uint8_t address)
{
    for (unsigned i = 0; i < w->host_count; i++) {
        uint64_t bits = w->hosts[i].peers_bits;
        int lost = 0;
        for (uint8_t id = 0; id < ADDRESSES_MAX; id++) {
            uint8_t host = w->at_address[id];
            bool there = host != NOBODY && w->hosts[host].reached;
            lost += ((bits >> id) & 1) != 0 &&
                    (id == address || !there || ((w->moved_away_bits >> id) & 1) != 0);
        }
        if (bits != 0 && 2 * lost >= __builtin_popcountll(bits)) {
            return false;
        }
    }
    return true;
}

/* The last disk that knows of the flock. A list of nodes that have all lost theirs is a new flock, as far as anybody can
 * know, and PROTOCOL 9 lets it begin at once: sooner than the lease page of a goose that died a moment ago ends. */
static bool is_last_to_know(const struct world *w, const struct host *h)
{
    for (unsigned i = 0; i < w->host_count; i++) {
        const struct disk *disk = &w->hosts[i].disk;
        if (i != h->index && disk->present && disk->state.roster.term > 0) {
            return false;
        }
    }
    return h->disk.state.roster.term > 0;
}

bool budget_allows_loss(struct world *w, const struct host *h)
{
    if (w->options.beyond && h->disk.present) {
        return !is_last_to_know(w, h);
    }
    if (!h->disk.present) {
        return true;
    }
    if (h->peers_bits == 0 && h->hints_bits == 0) {
        return false; /* PROTOCOL 9: a founder whose command line names nobody could found a second flock */
    }
    uint64_t uid = h->disk.state.uid;
    for (unsigned i = 0; i < w->roster_count; i++) {
        const struct goose_roster *roster = &w->rosters[i];
        if (roster->term > 0 && is_in_use(w, i) && !roster_allows(w, roster, uid, h->address)) {
            return false;
        }
    }
    return lists_allow(w, h->address);
}

/* Who moves can be found by nobody until it has been heard, and is lost to every list of addresses. */
bool budget_allows_move(struct world *w, const struct host *h)
{
    return h->disk.present && h->reached && !w->options.beyond && budget_allows_loss(w, h);
}

/* Both keep all that they know, and whoever goes through a roster's addresses meets both. */
bool budget_allows_swap(const struct world *w, const struct host *h, const struct host *other)
{
    return h != other && h->index < w->member_count && other->index < w->member_count &&
           h->reached && other->reached && h->disk.present && other->disk.present &&
           other->state != HOST_ABSENT && w->twin_at[h->address] == NOBODY &&
           w->twin_at[other->address] == NOBODY;
}

void budget_lost(struct world *w, struct host *h)
{
    uint64_t uid = h->disk.state.uid;
    if (!budget_is_lost(w, uid) && w->lost_count < LOST_UIDS_MAX) {
        w->lost_uids[w->lost_count++] = uid;
    }
    check_taint(&w->check, uid);
}

static bool knows_flock(const struct host *h)
{
    return (h->disk.present && h->disk.state.roster.term > 0) ||
           (h->state == HOST_UP && h->election.roster.term > 0);
}

static bool seat_is_up(const struct world *w, const struct goose_roster *roster, int seat,
                       uint16_t hosts)
{
    uint64_t uid = roster->seats[seat].uid;
    if (is_astray(w, roster, seat)) {
        return false;
    }
    for (unsigned i = 0; i < w->host_count; i++) {
        const struct host *h = &w->hosts[i];
        if (((hosts >> i) & 1) == 0 || !h->disk.present) {
            continue;
        }
        bool sits =
            uid != 0 ? h->disk.state.uid == uid && !budget_is_lost(w, uid)
                     : roster->term == 0 && h->peers_bits != 0 && !knows_flock(h) &&
                           goose_roster_digest(&h->options.peers) == goose_roster_digest(roster) &&
                           goose_text_equal(goose_roster_address(roster, seat),
                                            address_name(h->address));
        if (sits) {
            return true;
        }
    }
    return false;
}

static bool majority_is_up(const struct world *w, const struct goose_roster *roster, uint16_t hosts)
{
    int up = 0;
    for (int seat = 0; seat < roster->count; seat++) {
        up += seat_is_up(w, roster, seat, hosts);
    }
    return 2 * up > roster->count;
}

bool budget_list_up(const struct world *w, const struct host *h, uint16_t hosts)
{
    return h->options.peers.count > 0 && majority_is_up(w, &h->options.peers, hosts);
}

static bool rosters_up(const struct world *w, const struct host *h, uint16_t hosts)
{
    const struct goose_roster *disk = &h->disk.state.roster;
    const struct goose_roster *used = &h->election.roster;
    bool has_disk = h->disk.present && disk->term > 0;
    bool has_used = h->state == HOST_UP && used->term > 0;
    return (!has_disk || majority_is_up(w, disk, hosts)) &&
           (!has_used || majority_is_up(w, used, hosts));
}

bool budget_majority_up(struct world *w, uint16_t hosts)
{
    bool any_flock = false;
    bool any_list = w->options.birth == BIRTH_FOUNDER && (hosts & 1) != 0;
    for (unsigned i = 0; i < w->host_count; i++) {
        const struct host *h = &w->hosts[i];
        if (h->state == HOST_ABSENT || ((hosts >> i) & 1) == 0) {
            continue;
        }
        if (!rosters_up(w, h, hosts)) {
            return false;
        }
        any_flock = any_flock || knows_flock(h);
        any_list =
            any_list || budget_list_up(w, h, hosts); /* until there is a flock, a list decides */
    }
    return any_flock || any_list;
}
