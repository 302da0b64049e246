/* test_http_stand_in.c: the HTTP server on a flock that is made up, for measuring it alone.
 *   http_stand_in PORT      serves until it is killed */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "test_http_fake.h"

int main(int count, char **arguments)
{
    static uv_loop_t loop;
    static struct fake fake;
    struct http_server *server;
    struct sockaddr_in address;
    char why[256];
    int port = count == 2 ? atoi(arguments[1]) : 0;
    if (port <= 0 || uv_ip4_addr("127.0.0.1", port, &address) != 0) {
        fprintf(stderr, "usage: http_stand_in PORT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&loop);
    fake_init(&fake);
    const struct http_options options = {.address = (const struct sockaddr *)&address,
                                         .self = "localhost:1"};
    if (http_server_start(&server, &loop, &options, &fake.api, why, sizeof(why)) != 0) {
        fprintf(stderr, "http_stand_in: %s\n", why);
        return 1;
    }
    return uv_run(&loop, UV_RUN_DEFAULT);
}
