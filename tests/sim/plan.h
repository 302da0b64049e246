/* plan.h: the faults of a run, all drawn before it begins, and what carries them out. */
#ifndef GOOSIM_PLAN_H
#define GOOSIM_PLAN_H

#include "options.h"

#include "rig/carry.h"

#include <stddef.h>

struct world;
struct host;
struct packet;

enum trigger {
    TRIGGER_TIME,
    TRIGGER_WIN,
    TRIGGER_ROSTER,
    TRIGGER_COMMIT,
    TRIGGER_RESIGN,
    TRIGGER_YES, /* a granted vote leaves */
    TRIGGER_CANDIDACY,
    TRIGGER_CANVASS,
    TRIGGER_HOLD,
    TRIGGER_SAVE,
    TRIGGER_PENDING, /* a goose has begun to save a roster that is not in use yet */
    TRIGGERS
};

enum aim { AIM_HOST, AIM_SELF, AIM_GOOSE, AIM_OTHER, AIM_NEWCOMER, AIM_SEATED };

/* One fault of the plan. Everything random about it is drawn when the plan is made, so that leaving another one out
 * does not change it. */
struct fault {
    enum fault_kind kind;
    enum trigger trigger;
    enum aim aim;
    enum carry_next stage; /* where in its own step a host is struck: before this */
    uint8_t host;
    uint8_t other;
    uint16_t mask;
    uint32_t countdown; /* ambush: the so many-th time */
    uint64_t at_ns;
    uint64_t for_ns;
    uint64_t strength;
    bool struck;
    bool missed; /* what it needs was not there, or budget.c forbids it */
    uint8_t victim;
    uint16_t from; /* what it cut: hosts of `from` to hosts of `to` */
    uint16_t to;
    bool both;
};

/* plan.c: draws the faults; faults.c: carries them out */
void plan_draw(struct world *w);
void plan_start(struct world *w);
void plan_describe(const struct fault *fault, char *text, size_t size);
void fault_spring(struct world *w, unsigned index);
void fault_strike(struct world *w, unsigned index, struct host *h);
void fault_end(struct world *w, unsigned index);
void fault_ambush(struct world *w, struct host *h, uint32_t triggers);
void weather_begins(struct world *w, const struct fault *fault); /* weather.c */
void fault_client(struct world *w);

/* identity.c: who is where, and who is who */
void identity_move(struct world *w, struct fault *f, struct host *h);
void identity_move_used(struct world *w, struct fault *f, struct host *h);
void identity_swap(struct world *w, struct fault *f, struct host *h);
void identity_join(struct world *w, struct fault *f, struct host *h);
void identity_recover(struct world *w, struct fault *f, struct host *h);

/* copies.c: machines that are there twice, or again */
void copies_twin(struct world *w, struct fault *f, struct host *h);
void copies_clone(struct world *w, struct fault *f, struct host *h);
void copies_snapshot(struct world *w, struct fault *f, struct host *h);
void copies_record(struct world *w, struct fault *f, struct host *h);
void copies_end(struct world *w, struct fault *f);
void copies_remove_strangers(struct world *w);
void copies_heard(struct world *w, const struct packet *packet,
                  uint8_t to); /* net.c: a datagram is sent */

#endif
