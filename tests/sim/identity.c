/* identity.c: who is where. Hosts move to other addresses, also to such as others had, or come back with each other's;
 * and an operator makes another node of what is left of a flock. It must never go beyond what budget.c allows. */
#include "world.h"

#include "ctl/recover_state.h"

static void restart(struct world *w, const struct fault *f, struct host *h)
{
    host_crash(w, h);
    heap_push(&w->heap, w->now_ns + f->for_ns, HAPPENS_START, h->index, 0);
}

static void sit_at(struct world *w, struct host *h, uint8_t address)
{
    if (((w->moved_away_bits >> address) & 1) != 0) {
        world_count(w, COUNT_USED_ADDRESSES);
    }
    h->address = address;
    w->at_address[address] = h->index;
    (void)goose_address_keep(&h->options.self, address_name(address));
    trace_line(w, "n%u moves to n%u", h->index + 1u, address);
    if (h->peers_bits != 0 && ((h->peers_bits >> address) & 1) == 0) {
        host_set_hints(w, h,
                       h->peers_bits); /* its own list names where it was; the others' still do */
        host_set_peers(w, h, 0);
    }
}

static void leave_address(struct world *w, const struct host *h)
{
    w->at_address[h->address] = NOBODY;
    w->moved_away_bits |= UINT64_C(1) << h->address;
}

/* An address that somebody had and nobody has; 0: none. */
static uint8_t used_address(const struct world *w, const struct fault *f)
{
    for (unsigned i = 0; i < ADDRESSES_MAX; i++) {
        unsigned address = (unsigned)(f->strength + i) % ADDRESSES_MAX;
        if (((w->moved_away_bits >> address) & 1) != 0 && w->at_address[address] == NOBODY &&
            w->twin_at[address] == NOBODY) {
            return (uint8_t)address;
        }
    }
    return 0;
}

static void move_to(struct world *w, struct fault *f, struct host *h, uint8_t address)
{
    restart(w, f, h);
    f->missed = !budget_allows_move(w, h);
    if (!f->missed) {
        leave_address(w, h);
        sit_at(w, h, address);
    }
}

void identity_move(struct world *w, struct fault *f, struct host *h)
{
    if (w->next_address < ADDRESSES_MAX - 1) {
        move_to(w, f, h, w->next_address++);
    }
}

void identity_move_used(struct world *w, struct fault *f, struct host *h)
{
    uint8_t address = used_address(w, f);
    f->missed = address == 0;
    if (address != 0) {
        move_to(w, f, h, address);
    }
}

void identity_swap(struct world *w, struct fault *f, struct host *h)
{
    struct host *other = &w->hosts[f->other];
    if (!budget_allows_swap(w, h, other)) {
        f->missed = true;
        return;
    }
    uint8_t address = h->address;
    restart(w, f, h);
    restart(w, f, other);
    sit_at(w, h, other->address);
    sit_at(w, other, address);
}

/* A machine that nobody has met may get an address that somebody had. */
void identity_join(struct world *w, struct fault *f, struct host *h)
{
    uint8_t address = (f->strength & 1) != 0 ? used_address(w, f) : 0;
    if (address != 0) {
        w->at_address[h->address] = NOBODY;
        sit_at(w, h, address);
    }
    h->state = HOST_OFF;
    host_start(w, h);
}

/* All but one lost their disks and are told whom to ask. */
static void lose_all_but(struct world *w, const struct fault *f, struct host *left)
{
    for (unsigned i = 0; i < w->member_count; i++) {
        struct host *h = &w->hosts[i];
        if (h == left || h->state == HOST_ABSENT) {
            continue;
        }
        host_reboot(w, h);
        disk_lose(w, h);
        host_set_peers(w, h, 0);
        host_set_hints(w, h, UINT64_C(1) << left->address);
        heap_push(&w->heap, w->now_ns + 2 * f->for_ns + w->longest_lease_us * 1100, HAPPENS_START,
                  h->index, 0);
    }
}

/* `goosectl recover`: a new node, of a new flock. The rosters of the old one are over. */
void identity_recover(struct world *w, struct fault *f, struct host *h)
{
    struct goose_durable_state made;
    struct goose_address self = h->options.self;
    uint64_t flock = f->strength | 1;
    if (!h->disk.present || h->index >= w->member_count || budget_is_lost(w, h->disk.state.uid) ||
        recover_state(&h->disk.state, &self, flock, flock * UINT64_C(0x9e3779b97f4a7c15), false,
                      &made) != NULL) {
        f->missed = true;
        return;
    }
    host_reboot(w, h);
    if (recover_state(&h->disk.state, &self, flock, flock * UINT64_C(0x9e3779b97f4a7c15), false,
                      &made) != NULL) {
        heap_push(&w->heap, w->now_ns + f->for_ns, HAPPENS_START, h->index, 0);
        return; /* the last write ended meanwhile */
    }
    trace_line(w, "# an operator makes a new node of n%u's state", h->index + 1u);
    copies_remove_strangers(w);
    lose_all_but(w, f, h);
    budget_lost(w, h);
    w->roster_count = 0;
    disk_put(&h->disk, &made);
    facts_saved(w, h);
    host_set_hints(w, h, (h->peers_bits | h->hints_bits) & ~(UINT64_C(1) << h->address));
    host_set_peers(w, h, 0);
    heap_push(&w->heap, w->now_ns + f->for_ns + w->longest_lease_us * 1100, HAPPENS_START, h->index,
              0);
}
