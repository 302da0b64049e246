/* embed.c: the election inside a program of your own, without goosed. Three of them, each in a folder of its own:
 *     cc -o embed embed.c $(pkg-config --cflags --libs --static goose)
 *     (cd a && ../embed 7101 7102 7103) & (cd b && ../embed 7102 7103 7101) & (cd c && ../embed 7103 7101 7102)
 * The first port is its own. One prints "goose"; kill it, and another does. Left to you: a seal on the datagrams
 * (whatever comes in is believed here), a thread for the disk (while save() waits, no heartbeat leaves), a clock that
 * time daemons do not slew, GOOSE_REQUEST_STOP (to end without a gap), and names instead of 127.0.0.1. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <goose/election.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct goose_election *e; /* zeroed: not started yet */
static struct goose_election_options options = {
    .priority = 100, .voters = 3, .heartbeat_us = 50000, .lease_us = 300000, .dead_after_us = 10000000, .name_tag = 1};
static struct goose_actions actions;
static struct sockaddr_in self;
static int udp;

static uint64_t now_us(void) /* goes on while the machine sleeps; read anew each time, never kept */
{
    struct timespec at;
    clock_gettime(CLOCK_BOOTTIME, &at);
    return (uint64_t)at.tv_sec * 1000000 + (uint64_t)at.tv_nsec / 1000;
}

static uint64_t save(void) /* whole and on disk when it returns: a forgotten vote elects two. To die is safe */
{
    uint8_t bytes[GOOSE_DURABLE_BYTES_MAX];
    size_t count = goose_durable_encode(goose_election_durable(e), bytes);
    int file = open("state.new", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (write(file, bytes, count) != (ssize_t)count || fsync(file) != 0) exit(1);
    if (rename("state.new", "state") != 0 || syncfs(file) != 0) exit(1);
    close(file);
    return actions.save_generation;
}

static void send_one(const struct goose_send *send)
{
    struct sockaddr_in to = self;
    uint8_t bytes[GOOSE_MESSAGE_BYTES_MAX];
    char address[GOOSE_ADDRESS_CHARS_MAX + 1];
    snprintf(address, sizeof address, "%.*s", send->address.bytes, send->address.at);
    if (!send->has_endpoint) to.sin_port = htons((uint16_t)atoi(address + strlen("127.0.0.1:")));
    if (send->has_endpoint) memcpy(&to, send->endpoint.bytes, sizeof to);
    sendto(udp, bytes, goose_wire_encode(&send->message, goose_election_roster(e), bytes), 0, (void *)&to, sizeof to);
}

static void step(struct goose_event event) /* and all that comes of it, in the order that goose/election.h asks for */
{
    event.now_us = now_us();
    if (getentropy(&event.entropy, sizeof event.entropy) != 0) exit(1);
    goose_election_step(e, &event, &actions);
    if (actions.retire) exit(rename("state", "old-copy") != 0); /* this disk was restored: start again, newborn */
    uint64_t written = actions.save ? save() : 0, more = actions.more;
    for (int i = 0; i < actions.send_count; i++) send_one(&actions.sends[i]);
    if (written > 0) step((struct goose_event){.kind = GOOSE_EVENT_SAVED, .saved = {written, true}});
    if (more) step((struct goose_event){.kind = GOOSE_EVENT_GO_ON});
}

static void receive(void)
{
    struct goose_message message;
    struct goose_roster roster;
    struct goose_endpoint from = {{0}};
    uint8_t bytes[GOOSE_DATAGRAM_BYTES_MAX];
    ssize_t count = recvfrom(udp, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &(socklen_t){sizeof from});
    if (count < 0 || goose_wire_decode(bytes, (size_t)count, &message, &roster) != GOOSE_WIRE_OK) return;
    step((struct goose_event){.kind = GOOSE_EVENT_MESSAGE, .message = {&message, &roster, from}});
}

int main(int argc, char **argv)
{
    struct goose_address all[3] = {{0}};
    struct goose_durable_state saved;
    uint8_t bytes[GOOSE_DURABLE_BYTES_MAX];
    for (int i = 0; i < 3 && argc == 4; i++)
        all[i].bytes = (uint8_t)sprintf(all[i].chars, "127.0.0.1:%.5s", argv[i + 1]);
    options.self = all[0];
    if ((e = calloc(1, goose_election_bytes())) == NULL || goose_roster_bootstrap(&options.peers, 1, all, 3)) return 2;
    self = (struct sockaddr_in){AF_INET, htons((uint16_t)atoi(argv[1])), {htonl(INADDR_LOOPBACK)}, {0}};
    if (bind(udp = socket(AF_INET, SOCK_DGRAM, 0), (struct sockaddr *)&self, sizeof self) != 0) return 1;
    int file = open("state", O_RDONLY); /* none: a newborn */
    ssize_t count = file < 0 ? 0 : read(file, bytes, sizeof bytes);
    if (file >= 0 && (count < 0 || !goose_durable_decode(bytes, (size_t)count, &saved))) return 3;
    step((struct goose_event){.kind = GOOSE_EVENT_START, .start = {&options, file < 0 ? NULL : &saved}});
    for (bool was = false, is;; was = is) { /* your loop, with one more descriptor and one more deadline */
        uint64_t now = now_us(), left = actions.wake_at_us > now ? actions.wake_at_us - now : 0;
        if (poll(&(struct pollfd){udp, POLLIN, 0}, 1, left < 1000000 ? (int)left / 1000 + 1 : 1000) > 0) receive();
        else step((struct goose_event){.kind = GOOSE_EVENT_DEADLINE});
        is = goose_election_is_goose(e, now_us()); /* ask right before whatever depends on it */
        if (is != was) puts(is ? "goose" : "duck"), fflush(stdout);
    }
}
