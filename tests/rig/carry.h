/* carry.h: one step of an election, and what it asks for, one thing at a time in the order of election.h. What a thing
 * means is the shell's; between any two of them its process may stop or die. What election.h rules out is noticed here, by
 * the writes that were asked for and ended, and not by the election's own books. */
#ifndef RIG_CARRY_H
#define RIG_CARRY_H

#include "goose/election.h"

/* Where a step stands, and what carry_next() gives out. */
enum carry_next {
    CARRY_DONE, /* the step is carried out to its end */
    CARRY_WITHDRAW,
    CARRY_SAVE,
    CARRY_SEND, /* carry->send */
    CARRY_ARM,
    CARRY_ANNOUNCE,
    CARRY_GO_ON,  /* it is to step again at once */
    CARRY_RETIRE, /* its process is to end, and its disk to be set aside: the step is over */
    CARRY_NOTHING /* the step asks for nothing at this point */
};

/* Of one process: zeroes at its start, as its election is. */
struct carry {
    struct goose_actions *actions; /* of the last step */
    struct goose_send *send;
    enum carry_next at; /* what comes next */
    unsigned sent;
    unsigned go_ons;
    uint64_t writing;  /* the generation under way; 0: none */
    uint64_t durable;  /* the newest whose write has ended well */
    const char *wrong; /* with what came last, as a sentence; NULL: nothing */
};

/* One step, judged. `before` has room for the state before it; NULL saves time: then the step is not judged, and the state
 * behind it only where it shows something new. */
enum goose_refusal carry_step(struct carry *carry, struct goose_election *e,
                              const struct goose_event *event, struct goose_actions *actions,
                              struct goose_election *before);

/* Withdraw, arm and announce come in each step, the others where it asks for them. */
enum carry_next carry_next(struct carry *carry);

#endif
