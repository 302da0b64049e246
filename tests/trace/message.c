/* message.c: what a message says, in human words. One function a kind; a field that says nothing
 * new is left out. */
#include <string.h>

#include "tell.h"

typedef void describe(struct world *w, const struct node *sender, const struct goose_message *m,
                      struct words *out);

static unsigned long long number(uint64_t n)
{
    return (unsigned long long)n;
}

/* Without the port that all nodes here share. */
void address_words(struct goose_text address, struct words *words)
{
    size_t port = sizeof TRACE_PORT - 1;
    size_t bytes = address.bytes;

    if (bytes > port && memcmp(address.at + bytes - port, TRACE_PORT, port) == 0) bytes -= port;
    words_add(words, "%.*s", (int)bytes, address.at);
}

/* 7.2: n1 n2? n3=n3'(50): n2's seat is unclaimed, another uid than n3's first sits at n3's address,
 * with a priority that is not the usual one. */
void roster_words(struct world *w, const struct goose_roster *roster, struct words *words)
{
    words_add(words, "%llu.%llu:", number(roster->term), number(roster->version));
    for (int i = 0; i < roster->count; i++) {
        const struct goose_seat *seat = &roster->seats[i];
        struct words address = {.bytes = 0};
        address_words(goose_roster_address(roster, i), &address);
        words_add(words, " %s", address.chars);
        if (seat->uid == 0)
            words_add(words, "?");
        else if (strcmp(world_uid_name(w, seat->uid), address.chars) != 0)
            words_add(words, "=%s", world_uid_name(w, seat->uid));
        if (seat->priority != GOOSE_PRIORITY_DEFAULT) words_add(words, "(%u)", seat->priority);
    }
}

static void rides_along(struct world *w, const struct node *sender, const struct goose_message *m,
                        struct words *out)
{
    if (!m->with_roster) return;
    words_add(out, ", with roster ");
    roster_words(w, &sender->e.roster, out);
}

static void after_words(struct world *w, const struct goose_tenure *after, struct words *out)
{
    if (after->term != 0)
        words_add(out, ", after %s in term %llu", world_uid_name(w, after->uid),
                  number(after->term));
}

static void describe_heartbeat(struct world *w, const struct node *sender,
                               const struct goose_message *m, struct words *out)
{
    words_add(out, "term %llu, seq %llu, promise ", number(m->term), number(m->heartbeat.seq));
    words_add_us(out, m->heartbeat.promise_us);
    words_add(out, ", delay ");
    words_add_us(out, m->heartbeat.succession_delay_us);
    if (!m->heartbeat.settled) words_add(out, ", not settled");
    rides_along(w, sender, m, out);
}

static void describe_ack(struct world *w, const struct node *sender, const struct goose_message *m,
                         struct words *out)
{
    (void)w, (void)sender;
    words_add(out, "term %llu, seq %llu, ", number(m->term), number(m->ack.seq));
    words_add(out, m->ack.yes ? "yes" : "no");
    if (m->ack.yes)
        words_add(out, ", roster %llu.%llu", number(m->roster_term), number(m->roster_version));
    if (m->ack.yes && !m->ack.stands) words_add(out, ", does not stand");
    if (m->ack.yes && m->ack.observes) words_add(out, ", observes");
}

static void describe_ask(struct world *w, const struct node *sender, const struct goose_message *m,
                         struct words *out)
{
    (void)sender;
    words_add(out, "%sterm %llu, roster %llu.%llu", m->kind == GOOSE_MESSAGE_CANVASS ? "for " : "",
              number(m->ask.term), number(m->roster_term), number(m->roster_version));
    after_words(w, &m->ask.after, out);
}

static void describe_reply(struct world *w, const struct node *sender,
                           const struct goose_message *m, struct words *out)
{
    const struct promise *promise = &sender->e.promise;
    uint64_t now_us = node_now_us(w, sender);

    words_add(out, "%s", m->reply.verdict == GOOSE_VERDICT_YES ? "yes" : "no: ");
    if (m->reply.verdict == GOOSE_VERDICT_PROMISED) {
        words_add(out, "promised to %s for ", world_uid_name(w, promise->to.uid));
        words_add_us(out, promise->until_us > now_us ? promise->until_us - now_us : 0);
        words_add(out, " more");
    } else if (m->reply.verdict != GOOSE_VERDICT_YES) {
        words_add(out, "%s", goose_verdict_name(m->reply.verdict));
    }
    if (m->reply.verdict != GOOSE_VERDICT_YES) words_add(out, ", term %llu", number(m->term));
    after_words(w, &m->reply.after, out);
    rides_along(w, sender, m, out);
}

static void describe_resign(struct world *w, const struct node *sender,
                            const struct goose_message *m, struct words *out)
{
    (void)sender;
    words_add(out, "term %llu, heir %s", number(m->resign.term),
              world_uid_name(w, m->resign.heir_uid));
}

static void describe_hello(struct world *w, const struct node *sender,
                           const struct goose_message *m, struct words *out)
{
    (void)w, (void)sender;
    words_add(out, "term %llu, roster %llu.%llu", number(m->term), number(m->roster_term),
              number(m->roster_version));
    if (!m->hello.may_enter) words_add(out, ", not to be let in");
    if (m->hello.invite != 0) words_add(out, ", invited");
}

static void describe_welcome(struct world *w, const struct node *sender,
                             const struct goose_message *m, struct words *out)
{
    words_add(out, "%s", m->welcome.knows_flock ? "knows a flock" : "knows of no flock");
    words_add(out, ", roster %llu.%llu", number(m->roster_term), number(m->roster_version));
    if (m->welcome.goose.bytes > 0) {
        words_add(out, ", goose ");
        address_words(m->welcome.goose, out);
    }
    if (m->welcome.old_copy) words_add(out, ", you run on an old copy");
    rides_along(w, sender, m, out);
}

static void describe_request(struct world *w, const struct node *sender,
                             const struct goose_message *m, struct words *out)
{
    (void)w, (void)sender;
    if (m->request.what == GOOSE_FORWARDED_VOTERS) {
        words_add(out, "want %u voters", m->request.wanted);
        return;
    }
    words_add(out, "%s ", m->request.what == GOOSE_FORWARDED_REMOVE ? "remove" : "hand over to");
    if (m->request.address.bytes == 0) words_add(out, "anybody");
    address_words(m->request.address, out);
    if (m->request.force) words_add(out, " by force");
}

static void describe_result(struct world *w, const struct node *sender,
                            const struct goose_message *m, struct words *out)
{
    (void)w, (void)sender;
    words_add(out, "%s", goose_outcome_name(m->result.outcome));
    if (m->result.stops_at > 0) words_add(out, ", stops at %u lost", m->result.stops_at);
}

static void describe_stale(struct world *w, const struct node *sender,
                           const struct goose_message *m, struct words *out)
{
    (void)w, (void)sender;
    words_add(out, "term %llu, roster %llu.%llu", number(m->term), number(m->roster_term),
              number(m->roster_version));
}

void message_words(struct world *w, const struct node *sender, const struct goose_message *m,
                   struct words *words)
{
    static describe *const describes[GOOSE_MESSAGE_KINDS] = {
        [GOOSE_MESSAGE_HEARTBEAT] = describe_heartbeat,
        [GOOSE_MESSAGE_ACK] = describe_ack,
        [GOOSE_MESSAGE_CANVASS] = describe_ask,
        [GOOSE_MESSAGE_CANVASS_REPLY] = describe_reply,
        [GOOSE_MESSAGE_VOTE] = describe_ask,
        [GOOSE_MESSAGE_VOTE_REPLY] = describe_reply,
        [GOOSE_MESSAGE_RESIGN] = describe_resign,
        [GOOSE_MESSAGE_HELLO] = describe_hello,
        [GOOSE_MESSAGE_WELCOME] = describe_welcome,
        [GOOSE_MESSAGE_REQUEST] = describe_request,
        [GOOSE_MESSAGE_RESULT] = describe_result,
        [GOOSE_MESSAGE_STALE] = describe_stale,
    };

    words_add(words, "{ ");
    describes[m->kind](w, sender, m, words);
    words_add(words, " }");
}
