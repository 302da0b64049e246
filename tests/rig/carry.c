/* carry.c: see carry.h. */
#include "rig/carry.h"

#include "state.h"

#include <assert.h>
#include <stddef.h>

#define GO_ONS_MAX 1000

static const char *judge(const struct goose_actions *actions, const struct goose_election *before,
                         const struct goose_election *e)
{
    bool shows = actions->claim != GOOSE_CLAIM_UNCHANGED || actions->note_count > 0;
    const char *wrong = before == NULL ? NULL : goose_election_check_step(before, e);

    return wrong == NULL && (before != NULL || shows) ? goose_election_check(e) : wrong;
}

enum goose_refusal carry_step(struct carry *carry, struct goose_election *e,
                              const struct goose_event *event, struct goose_actions *actions,
                              struct goose_election *before)
{
    assert(carry->at == CARRY_DONE || event->kind == GOOSE_EVENT_GO_ON); /* the last one first */
    if (before != NULL) *before = *e;
    enum goose_refusal refusal = goose_election_step(e, event, actions);
    if (event->kind == GOOSE_EVENT_SAVED && carry->writing != 0 &&
        event->saved.generation == carry->writing) {
        if (event->saved.ok) carry->durable = carry->writing;
        carry->writing = 0;
    }
    carry->actions = actions;
    carry->at = CARRY_WITHDRAW;
    carry->sent = 0;
    carry->wrong = judge(actions, before, e);
    return refusal;
}

static enum carry_next next_save(struct carry *carry)
{
    if (!carry->actions->save) return CARRY_NOTHING;
    if (carry->writing != 0) carry->wrong = "a second write while one is under way";
    carry->writing = carry->actions->save_generation;
    return CARRY_SAVE;
}

static enum carry_next next_send(struct carry *carry)
{
    if (carry->sent == carry->actions->send_count) {
        carry->at = CARRY_ARM;
        return CARRY_NOTHING;
    }
    carry->send = &carry->actions->sends[carry->sent++];
    if (carry->send->stands_on > carry->durable)
        carry->wrong = "a message stands on what is not on disk";
    return CARRY_SEND;
}

static enum carry_next next_end(struct carry *carry)
{
    bool more = carry->actions->more && !carry->actions->retire;

    if (more && ++carry->go_ons <= GO_ONS_MAX) return CARRY_GO_ON;
    if (more) carry->wrong = "`more` for ever";
    carry->go_ons = 0;
    carry->at = CARRY_DONE;
    return carry->actions->retire ? CARRY_RETIRE : CARRY_DONE;
}

enum carry_next carry_next(struct carry *carry)
{
    enum carry_next now = carry->at;

    carry->wrong = NULL;
    if (now == CARRY_DONE) return now;
    if (now == CARRY_SEND) return next_send(carry);
    if (now == CARRY_GO_ON) return next_end(carry);
    carry->at = now + 1;
    return now == CARRY_SAVE ? next_save(carry) : now;
}
