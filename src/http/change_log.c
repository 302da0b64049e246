/* change_log.c: who asked for which change, and what came of it: one line each. Who was refused the
 * right to ask is counted (goosed_http_requests_total), not logged: strangers would fill the disk. */
#include <stdio.h>

#include "http/inside.h"

/* "127.0.0.1:41312", or a user of this machine. */
static void name_client(const struct exchange *exchange, char who[WHO_BYTES])
{
    struct sockaddr_storage peer = {0}, own;
    int fd = exchange->connection->fd;
    char host[INET6_ADDRSTRLEN] = "nobody";
    struct sockaddr_in in; /* the port stands at the same place in both kinds of address */
    unsigned uid;
    if (socket_user(fd, &uid)) {
        snprintf(who, WHO_BYTES, "uid %u", uid);
        return;
    }
    socket_ends(fd, &peer, &own);
    memcpy(&in, &peer, sizeof(in));
    uv_ip_name((const struct sockaddr *)&peer, host, sizeof(host));
    snprintf(who, WHO_BYTES, peer.ss_family == AF_INET6 ? "[%s]:%u" : "%s:%u", host,
             (unsigned)ntohs(in.sin_port));
}

void change_note(struct change_note *note, const struct exchange *exchange,
                 const struct flock_request *request)
{
    static const char *const names[] = {[FLOCK_REMOVE] = "removal of ",
                                        [FLOCK_HANDOVER] = "handover",
                                        [FLOCK_DRAIN] = "drain",
                                        [FLOCK_UNDRAIN] = "undrain",
                                        [FLOCK_VOTERS] = "voters wanted: "};
    char number[16] = "";
    bool to = request->ask == FLOCK_HANDOVER && request->address[0] != '\0';
    if (request->ask == FLOCK_VOTERS) snprintf(number, sizeof(number), "%u", request->wanted);
    name_client(exchange, note->who);
    snprintf(note->what, sizeof(note->what), "%s%s%s%s%s", names[request->ask], to ? " to " : "",
             request->address, number, request->force ? " by force" : "");
}

void change_log(const struct http_server *server, const struct change_note *note,
                const struct flock_answer *answer)
{
    static const char *const words[] = {[FLOCK_DONE] = "done",
                                        [FLOCK_BAD_ADDRESS] = "refused, no HOST:PORT",
                                        [FLOCK_NOT_FOUND] = "refused, no such member",
                                        [FLOCK_REFUSED] = "refused",
                                        [FLOCK_NO_GOOSE] = "not done, no goose",
                                        [FLOCK_NO_ANSWER] = "perhaps done, no answer"};
    const char *error = answer->error != NULL ? answer->error : "";
    if (server->log == NULL) return;
    log_info(server->log, "%s, asked by %s: %s%s%s", note->what, note->who, words[answer->outcome],
             error[0] != '\0' ? ", " : "", error);
}

void exchange_log(const struct exchange *exchange, struct span what, const char *outcome)
{
    struct log *log = exchange->connection->server->log;
    char who[WHO_BYTES];
    if (log == NULL) return;
    name_client(exchange, who);
    log_info(log, "%.*s, asked by %s: %s", what.bytes < 256 ? (int)what.bytes : 256, what.at, who,
             outcome);
}
