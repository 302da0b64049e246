/* ticket.c: answers that come later. The node may answer at any time, even before its request
 * function has returned. So an answer is only noted then, and sent from the loop: no connection is
 * ever taken up while another is at work with the buffers that they share. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/changes.h"
#include "http/inside.h"

struct ticket *exchange_wait(const struct exchange *exchange, enum flock_ask ask)
{
    struct connection *connection = exchange->connection;
    struct http_server *server = connection->server;
    assert(connection->ticket == NULL);
    if (server->waits >= server->waits_max) return NULL;
    struct ticket *ticket = calloc(1, sizeof(*ticket));
    if (ticket == NULL) return NULL;
    ticket->server = server;
    ticket->connection = connection;
    ticket->exchange = *exchange;
    ticket->ask = ask;
    ticket->behind = server->tickets;
    if (server->tickets != NULL) server->tickets->before = ticket;
    server->tickets = ticket;
    server->waits++;
    connection->ticket = ticket;
    return ticket;
}

/* It counts until now, even if its client has left long ago: the node has had its work with it. */
static void ticket_leave_list(struct ticket *ticket)
{
    if (ticket->before != NULL)
        ticket->before->behind = ticket->behind;
    else
        ticket->server->tickets = ticket->behind;
    if (ticket->behind != NULL) ticket->behind->before = ticket->before;
    ticket->server->waits--;
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
    uv_async_send(&ticket->server->answered);
}

static void deliver(struct ticket *ticket)
{
    struct connection *connection = ticket->connection;
    if (connection == NULL) return;
    const struct flock_answer answer = {
        .outcome = ticket->outcome,
        .number = ticket->number,
        .address = ticket->address[0] == '\0' ? NULL : ticket->address,
        .error = ticket->error[0] == '\0' ? NULL : ticket->error,
        .hint = ticket->hint[0] == '\0' ? NULL : ticket->hint,
    };
    connection->ticket = NULL;
    change_reply(&ticket->exchange, ticket->ask, &answer);
    connection_resume(connection);
}

void tickets_deliver(struct http_server *server)
{
    struct ticket *next;
    for (struct ticket *ticket = server->tickets; ticket != NULL; ticket = next) {
        /* Delivering one removes no other; new ones come at the head of the list. */
        next = ticket->behind;
        if (!ticket->answered) continue;
        ticket_leave_list(ticket);
        deliver(ticket);
        free(ticket);
    }
}

void ticket_leave(struct connection *connection)
{
    if (connection->ticket == NULL) return;
    connection->ticket->connection = NULL;
    connection->ticket = NULL;
}

void tickets_abandon(struct http_server *server)
{
    struct ticket *next;
    for (struct ticket *ticket = server->tickets; ticket != NULL; ticket = next) {
        next = ticket->behind;
        if (ticket->answered)
            free(ticket);
        else
            ticket->server = NULL;
    }
    server->tickets = NULL;
    server->waits = 0;
}
