/* core.h: one election under test, and the others made up: what they say is put together here, a
 * message at a time. Every step is looked at by goose_election_check() and goose_election_check_step(). It
 * must never write into the election: what a test wants to be so, it has to bring about. */
#ifndef UNIT_CORE_H
#define UNIT_CORE_H

#include "internal.h"
#include "rig/carry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CORE_TAG       4
#define CORE_FLOCK     5
#define CORE_TERM      7
#define CORE_START_US  UINT64_C(1000000)
#define CORE_LEASE_US  UINT32_C(300000)
#define CORE_SELF      1 /* its uid; the others' are 2, 3, ... */
#define CORE_LIFE      (UINT64_C(1) << 32)
#define CORE_TABLE_MAX 10000

struct core {
    struct goose_election e;
    struct carry carry;
    struct goose_election before; /* the last step */
    struct goose_actions actions; /* of the last step */
    struct goose_observers *observers;
    uint64_t now_us;
    uint64_t counter;         /* of the messages that the others send: one for all */
    struct goose_message ask; /* the newest canvass or vote sent */
    struct goose_message heartbeat;
    struct goose_address address; /* of the message that core_message() made last */
};

struct core *core_new(uint32_t observers); /* 0: no table */
void core_free(struct core *core);

struct goose_text core_text(const char *chars);
void core_keep(struct goose_address *kept, const char *chars);
void core_options(struct goose_election_options *options); /* n1:7000, without --peers or --join */
/* Seats n1:7000, n2:7000, ... of uids 1, 2, ... in term CORE_TERM. */
void core_roster(struct goose_roster *roster, int seats);
enum goose_roster_result core_roster_move(struct goose_roster *roster, int seat,
                                          struct goose_text address);

/* One step: it is judged, and nothing of what it asks for is done. */
enum goose_refusal core_step(struct core *core, struct goose_event event);
void core_start(struct core *core, const struct goose_election_options *options,
                const struct goose_durable_state *saved);
/* With a state file that holds this roster, and its first write done. */
void core_start_with(struct core *core, const struct goose_roster *roster);
void core_start_seated(struct core *core, int seats);
enum goose_refusal core_at(struct core *core, uint64_t now_us); /* GOOSE_EVENT_DEADLINE */
enum goose_refusal core_go_on(struct core *core);
void core_save(struct core *core); /* all that is to be written is */
enum goose_refusal core_request(struct core *core, uint64_t id, enum goose_request_kind kind,
                                const char *address);

/* The head of a message from this uid, which is up to date: the rest is zero. */
struct goose_message core_message(struct core *core, enum goose_message_kind kind, uint64_t uid);
enum goose_refusal core_tell(struct core *core, struct goose_message message);
enum goose_refusal core_tell_roster(struct core *core, struct goose_message message,
                                    const struct goose_roster *roster);
enum goose_refusal core_reply(struct core *core, uint64_t uid, enum goose_verdict verdict);
enum goose_refusal core_ack(struct core *core, uint64_t uid);
enum goose_refusal core_heartbeat(struct core *core, uint64_t uid, uint64_t term, uint64_t seq);
enum goose_refusal core_admit(struct core *core, uint64_t uid); /* as an observer, by HELLO twice */

void core_until(struct core *core,
                enum goose_role role); /* the time goes on, and nobody says a word */
void core_win(struct core *core);      /* duck -> goose of a committed roster */

const struct goose_send *core_sent(const struct core *core,
                                   enum goose_message_kind kind); /* NULL: none */
const struct goose_note *core_noted(const struct core *core, enum goose_note_kind kind);
const struct goose_answer *core_answer(const struct core *core, uint64_t id);

#endif
