/* core.h: one election under test, and the others made up: what they say is put together here, a
 * message at a time. Every step is looked at by election_check() and election_check_step(). It
 * must never write into the election: what a test wants to be so, it has to bring about. */
#ifndef UNIT_CORE_H
#define UNIT_CORE_H

#include "internal.h"

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
    struct election e;
    struct election before; /* the last step */
    struct actions actions; /* of the last step */
    struct observers *observers;
    uint64_t now_us;
    uint64_t counter;   /* of the messages that the others send: one for all */
    struct message ask; /* the newest canvass or vote sent */
    struct message heartbeat;
    struct address address; /* of the message that core_message() made last */
};

struct core *core_new(uint32_t observers); /* 0: no table */
void core_free(struct core *core);

struct text core_text(const char *chars);
void core_keep(struct address *kept, const char *chars);
void core_options(struct election_options *options); /* n1:7000, without --peers or --join */
/* Seats n1:7000, n2:7000, ... of uids 1, 2, ... in term CORE_TERM. */
void core_roster(struct roster *roster, int seats);

/* One step: its checks, and nothing of what it asks for is done. */
enum refusal core_step(struct core *core, struct event event);
void core_start(struct core *core, const struct election_options *options,
                const struct durable_state *saved);
/* With a state file that holds this roster, and its first write done. */
void core_start_with(struct core *core, const struct roster *roster);
void core_start_seated(struct core *core, int seats);
enum refusal core_at(struct core *core, uint64_t now_us); /* EVENT_DEADLINE */
enum refusal core_go_on(struct core *core);
void core_save(struct core *core); /* all that is to be written is */
enum refusal core_request(struct core *core, uint64_t id, enum request_kind kind,
                          const char *address);

/* The head of a message from this uid, which is up to date: the rest is zero. */
struct message core_message(struct core *core, enum message_kind kind, uint64_t uid);
enum refusal core_tell(struct core *core, struct message message);
enum refusal core_tell_roster(struct core *core, struct message message,
                              const struct roster *roster);
enum refusal core_reply(struct core *core, uint64_t uid, enum verdict verdict);
enum refusal core_ack(struct core *core, uint64_t uid);
enum refusal core_heartbeat(struct core *core, uint64_t uid, uint64_t term, uint64_t seq);
enum refusal core_admit(struct core *core, uint64_t uid); /* as an observer, by HELLO twice */

void core_until(struct core *core, enum role role); /* the time goes on, and nobody says a word */
void core_win(struct core *core);                   /* duck -> goose of a committed roster */

const struct send *core_sent(const struct core *core, enum message_kind kind); /* NULL: none */
const struct note *core_noted(const struct core *core, enum note_kind kind);
const struct answer *core_answer(const struct core *core, uint64_t id);

#endif
