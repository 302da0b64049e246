/* ticket.c: answers that come later. The node may answer at any time, even before its request
 * function has returned. So an answer is only noted then, and sent from the loop: no connection is
 * ever taken up while another is at work with the buffers that they share. */
#include <assert.h>
#include <stdlib.h>

#include "http/inside.h"

/* An answer that the node owes. It outlives its connection, and its server: the node calls exactly
 * once. */
struct ticket {
    struct waiter waiter;
    struct http_server *server; /* NULL: closed meanwhile */
    change_answer *answer;
    enum flock_ask ask;
    struct change_note note;
    bool answered;
    enum flock_outcome outcome;
    unsigned number;
    char address[FLOCK_ADDRESS_BYTES]; /* "": NULL was given */
    char error[FLOCK_TEXT_BYTES];
    char hint[FLOCK_TEXT_BYTES];
};

/* It counts until it is delivered, even if its client has left long ago: the node has its work
 * with it. */
static void ticket_leave(struct waiter *waiter)
{
    waiter->exchange.connection->waiter = NULL;
    waiter->exchange.connection = NULL;
}

struct ticket *exchange_wait(const struct exchange *exchange, const struct flock_request *request,
                             change_answer *answer)
{
    struct connection *connection = exchange->connection;
    struct http_server *server = connection->server;
    assert(connection->waiter == NULL);
    if (waits_are_full(server)) return NULL;
    struct ticket *ticket = calloc(1, sizeof(*ticket));
    if (ticket == NULL) return NULL;
    ticket->waiter.exchange = *exchange;
    ticket->waiter.line = &server->waiting;
    ticket->waiter.owed = true;
    ticket->waiter.leave = ticket_leave;
    ticket->server = server;
    ticket->answer = answer;
    ticket->ask = request->ask;
    change_note(&ticket->note, exchange, request);
    waiter_join(&server->tickets, &ticket->waiter);
    connection->waiter = &ticket->waiter;
    return ticket;
}

static void copy_text(char *to, size_t to_bytes, const char *from)
{
    size_t bytes = from == NULL ? 0 : strnlen(from, to_bytes - 1);
    if (bytes > 0) memcpy(to, from, bytes);
    to[bytes] = '\0';
}

void ticket_answered(void *given, const struct flock_answer *answer)
{
    struct ticket *ticket = given;
    assert(!ticket->answered);
    if (ticket->server == NULL) {
        free(ticket);
        return;
    }
    ticket->answered = true;
    ticket->outcome = answer->outcome;
    ticket->number = answer->number;
    copy_text(ticket->address, sizeof(ticket->address), answer->address);
    copy_text(ticket->error, sizeof(ticket->error), answer->error);
    copy_text(ticket->hint, sizeof(ticket->hint), answer->hint);
    wake(ticket->server);
}

/* The change is logged also where its client has left: it was carried out, or was not, all the same. */
static void deliver(struct ticket *ticket)
{
    struct connection *connection = ticket->waiter.exchange.connection;
    const struct flock_answer answer = {
        .outcome = ticket->outcome,
        .number = ticket->number,
        .address = ticket->address[0] == '\0' ? NULL : ticket->address,
        .error = ticket->error[0] == '\0' ? NULL : ticket->error,
        .hint = ticket->hint[0] == '\0' ? NULL : ticket->hint,
    };
    change_log(ticket->server, &ticket->note, &answer);
    if (connection == NULL) return;
    connection->waiter = NULL;
    ticket->answer(&ticket->waiter.exchange, ticket->ask, &answer);
    connection_resume(connection);
}

void tickets_deliver(struct http_server *server)
{
    struct waiter *next;
    for (struct waiter *waiter = server->tickets.last; waiter != NULL; waiter = next) {
        struct ticket *ticket = (struct ticket *)waiter;
        /* Delivering one removes no other; new ones come behind the last. */
        next = waiter->before;
        if (!ticket->answered) continue;
        waiter_leave(&server->tickets, waiter);
        deliver(ticket);
        free(ticket);
        if (next != NULL && time_is_up(server)) {
            wake(server);
            return;
        }
    }
}

void tickets_abandon(struct http_server *server)
{
    struct waiter *next;
    for (struct waiter *waiter = server->tickets.first; waiter != NULL; waiter = next) {
        struct ticket *ticket = (struct ticket *)waiter;
        next = waiter->behind;
        const struct flock_answer answer = {.outcome = ticket->answered ? ticket->outcome
                                                                        : FLOCK_NO_ANSWER};
        change_log(server, &ticket->note, &answer);
        if (ticket->answered)
            free(ticket);
        else
            ticket->server = NULL;
    }
    server->tickets = (struct waiters){0};
}
