/* wait.c: `is-goose` and `wait`: questions with yes or no for an answer. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "ctl/ask.h"
#include "ctl/commands.h"
#include "goose/lease_page.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define TURN_US   10000000 /* the longest that one question stays open */
#define AGAIN_US  200000   /* before a node that does not answer is asked again */
#define MOMENT_MS 500      /* for the answer itself, when time is up */

static bool is_role(const struct reply *reply, const char *role)
{
    const char *said = json_text(reply->json, "role");

    return said != NULL && strcmp(said, role) == 0;
}

/* An answer is as old as it is: counted from when the question left, the lease must not be over. */
static bool is_over(const struct reply *reply)
{
    double lease_ms = 0;

    json_number(reply->json, "lease_ms", &lease_ms);
    return (double)(clock_now_us() - reply->answer.sent_us) >= lease_ms * 1000;
}

/* Its answers are exit statuses. */
static int is_goose_by_page(const struct ctl *ctl)
{
    struct goose_lease_reader reader;
    struct goose_lease lease;

    if (!goose_lease_open_file(&reader, ctl->lease_page))
        return ctl_fail(CTL_UNKNOWN, "the lease page %s cannot be read: %s", ctl->lease_page,
                        ctl_page_problem(errno, "this is no lease page"));
    enum goose_lease_answer answer = goose_lease_read(&reader, &lease);
    goose_lease_close(&reader);
    if (answer == GOOSE_LEASE_NOT_KNOWN)
        return ctl_fail(
            CTL_UNKNOWN,
            "the lease page %s is of an earlier boot, or cut short, or its goosed died while "
            "writing",
            ctl->lease_page);
    if (ctl->json)
        printf("{\"role\":\"%s\",\"term\":%" PRIu64 ",\"lease_ms\":%" PRIu64 "}\n",
               answer == GOOSE_LEASE_GOOSE ? "goose" : "duck", lease.term, lease.left_ns / 1000000);
    return (int)answer;
}

static int is_goose(struct ctl *ctl)
{
    struct reply reply;

    if (!ctl_options(ctl, NULL, 0) || !ctl_no_more(ctl)) return CTL_UNKNOWN;
    if (ctl->by_page) return is_goose_by_page(ctl);
    int status = ask_get(ctl, "/status", &reply);
    if (status != CTL_YES)
        status = CTL_UNKNOWN;
    else if (!is_role(&reply, "goose"))
        status = CTL_NO;
    else if (is_over(&reply))
        status = ctl_fail(CTL_UNKNOWN, "%s said goose, but its lease was over when that came",
                          ctl->at.chars);
    if (status != CTL_UNKNOWN && ctl->json) ask_print(&reply);
    ask_free(&reply);
    return status;
}

const struct command is_goose_command = {
    .name = "is-goose",
    .arguments = "",
    .line = "exit status 0: this node is the goose; 1: it is not; 2: not known",
    .page_will_do = true,
    .more = "Says nothing, so that a script can begin with: goosectl is-goose || exit 0\n",
    .carry_out = is_goose,
};

/* ---- wait ---- */

struct waiting {
    struct ctl *ctl;
    const char *what;
    bool has_end;
    uint64_t end_us;
    uint64_t index;              /* of the state that was looked at last; 0: none */
    char why[CLIENT_LINE_BYTES]; /* why there was no answer, where there was none */
};

static uint64_t left_us(const struct waiting *waiting)
{
    uint64_t now_us = clock_now_us();

    if (!waiting->has_end) return TURN_US;
    if (waiting->end_us <= now_us) return 0;
    return waiting->end_us - now_us < TURN_US ? waiting->end_us - now_us : TURN_US;
}

/* `wait_us` is what the node may take by right. No question outlives the time that is given by more than a moment. */
static bool ask_quietly(struct waiting *waiting, const char *path, uint64_t wait_us,
                        struct client_answer *answer)
{
    unsigned end_ms = (unsigned)(left_us(waiting) / 1000) + MOMENT_MS;
    unsigned patience_ms = (unsigned)(wait_us / 1000) + CLIENT_PATIENCE_MS;
    const struct client_request request = {
        .path = path,
        .connect_ms = waiting->has_end && end_ms < CLIENT_CONNECT_MS ? end_ms : CLIENT_CONNECT_MS,
        .patience_ms = waiting->has_end && end_ms < patience_ms ? end_ms : patience_ms,
    };

    return client_ask(&waiting->ctl->at, &request, answer, waiting->why);
}

/* CTL_YES: it is so. CTL_NO: not yet. */
static int look(struct waiting *waiting, const struct client_answer *answer)
{
    cJSON *json = cJSON_ParseWithLength(answer->body, answer->bytes);
    const char *role = json_text(json, "role");
    bool good = answer->code == 200 && role != NULL && answer->index > 0;
    bool is_so = good && strcmp(role, waiting->what) == 0;

    cJSON_Delete(json);
    if (!good)
        return ctl_fail(CTL_UNKNOWN,
                        "%s answers, but not as a goosed that can be waited for (HTTP %u)",
                        waiting->ctl->at.chars, answer->code);
    waiting->index = answer->index;
    return is_so ? CTL_YES : CTL_NO;
}

/* Only the node knows what ready means. */
static bool is_ready(struct waiting *waiting)
{
    struct client_answer answer;

    if (!ask_quietly(waiting, "/readyz", 0, &answer)) return false;
    client_free(&answer);
    return answer.code == 200;
}

/* One question: the first is answered at once, later ones when something has changed. */
static int turn(struct waiting *waiting)
{
    uint64_t wait_us = waiting->index > 0 ? left_us(waiting) : 0;
    struct client_answer answer;
    char path[96] = "/status";

    if (waiting->index > 0)
        snprintf(path, sizeof path, "/status?wait=%lluus&index=%llu", (unsigned long long)wait_us,
                 (unsigned long long)waiting->index);
    if (!ask_quietly(waiting, path, wait_us, &answer)) {
        waiting->index = 0; /* it may be another life of it that answers next */
        return CTL_NO;
    }
    int status = look(waiting, &answer);
    client_free(&answer);
    waiting->why[0] = '\0';
    if (status == CTL_NO && strcmp(waiting->what, "ready") == 0 && is_ready(waiting))
        return CTL_YES;
    return status;
}

static void rest(uint64_t us)
{
    const struct timespec pause = {.tv_sec = (time_t)(us / 1000000),
                                   .tv_nsec = (long)(us % 1000000) * 1000};

    nanosleep(&pause, NULL);
}

static int wait_until(struct waiting *waiting)
{
    for (;;) {
        int status = turn(waiting);
        if (status != CTL_NO) return status;
        uint64_t left = left_us(waiting);
        if (left == 0) break;
        if (waiting->index == 0) rest(left < AGAIN_US ? left : AGAIN_US);
    }
    if (waiting->why[0] != '\0') return ctl_fail(CTL_NO, "time is up: %s", waiting->why);
    return ctl_fail(CTL_NO, "time is up: %s is not %s", waiting->ctl->at.chars, waiting->what);
}

static bool read_timeout(struct waiting *waiting, const char *text)
{
    uint64_t us = 0;

    if (text == NULL) return true;
    if (!duration_parse_us(span_of(text), &us)) {
        ctl_fail(CTL_UNKNOWN,
                 "wait: --timeout %.64s: give a whole number and us, ms, s or m, as in 30s", text);
        return false;
    }
    waiting->has_end = true;
    waiting->end_us = clock_now_us() + us;
    return true;
}

static int wait_for(struct ctl *ctl)
{
    struct waiting waiting = {.ctl = ctl};
    const char *timeout = NULL;
    const struct option_known options[] = {{"--timeout", &timeout, NULL}};

    if (!ctl_options(ctl, options, COUNT(options))) return CTL_UNKNOWN;
    waiting.what = ctl->arguments.count > 0 ? ctl->arguments.of[0] : "";
    if (strcmp(waiting.what, "goose") != 0 && strcmp(waiting.what, "duck") != 0 &&
        strcmp(waiting.what, "ready") != 0)
        return ctl_fail(CTL_UNKNOWN, "wait: for what? Give goose, duck or ready, not '%.64s'",
                        waiting.what);
    ctl->arguments.of++;
    ctl->arguments.count--;
    if (!ctl_no_more(ctl) || !read_timeout(&waiting, timeout)) return CTL_UNKNOWN;
    return wait_until(&waiting);
}

const struct command wait_command = {
    .name = "wait",
    .arguments = "goose|duck|ready [--timeout D]",
    .line = "until this node is that; exit status 1: time is up",
    .more =
        "ready: a member of a flock that knows its goose. D is a whole number and us, ms, s or m;\n"
        "without it there is no end. A node that does not answer is asked again until then.\n",
    .carry_out = wait_for,
};
