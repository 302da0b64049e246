/* main.c: goosed from its command line to its exit: read options, open the parts, run the loop, take them down again.
 * Every refusal is one line on standard error. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sodium.h>
#include <uv.h>

#include "base/log.h"
#include "base/token.h"
#include "config/options.h"
#include "daemon/faults.h"
#include "daemon/last_will.h"
#include "daemon/lease_page.h"
#include "daemon/listener.h"
#include "daemon/node.h"
#include "daemon/node_api.h"
#include "daemon/on_change.h"
#include "daemon/sd_notify.h"
#include "disk/saver.h"
#include "net/seal.h"

extern char **environ;

static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
#define SIGNALS (sizeof signals / sizeof signals[0])

struct goosed {
    uv_loop_t loop;
    int argc;
    char **argv;
    struct options options;
    struct log *log;
    struct seal seal;
    char token[HTTP_TOKEN_BYTES_MAX];
    struct saver *saver;
    struct saver_found found;
    struct goose_durable_state saved;
    struct lease_page *page;
    struct last_will *will; /* NULL: no --last-will */
    struct node *node;
    struct faults *faults;
    struct served *api;
    struct listener *listener;
    struct sd_notify *notify;
    struct on_change *on_change; /* NULL: no --on-change */
    uv_signal_t signals[SIGNALS];
    uv_async_t
        over; /* the parts are closed from the loop, never from inside one of their own calls */
    bool closing;
    int status;
};

static int refuse(int status, const char *why)
{
    fprintf(stderr, "goosed: %s\n", why);
    return status;
}

static struct options_source source_of(const struct goosed *goosed)
{
    return (struct options_source){
        .argc = goosed->argc, .argv = goosed->argv, .environment = environ, .root = geteuid() == 0};
}

/* Keys and token: files that are read at the start and again on HUP. */
static bool read_secrets(struct seal *seal, char token[HTTP_TOKEN_BYTES_MAX],
                         const struct options *options, char *why, size_t why_bytes)
{
    token[0] = 0;
    if (options->token_file[0] != 0 &&
        !token_read("--http-token-file", options->token_file, OWN_SECRET, token,
                    HTTP_TOKEN_BYTES_MAX, why, why_bytes))
        return false;
    if (options->key_file[0] != 0)
        return seal_read_keys(seal, options->flock, options->key_file, why, why_bytes);
    if (seal_without_key(seal, options->flock)) return true;
    snprintf(why, why_bytes, "libsodium cannot start");
    return false;
}

static void close_all(uv_async_t *over)
{
    struct goosed *goosed = over->data;

    if (goosed->closing) return;
    goosed->closing = true;
    uv_close((uv_handle_t *)over, NULL);
    for (size_t i = 0; i < SIGNALS; i++)
        uv_close((uv_handle_t *)&goosed->signals[i], NULL);
    sd_notify_stopping(goosed->notify);
    sd_notify_close(goosed->notify);
    listener_close(goosed->listener);
    faults_close(goosed->faults);
    last_will_revoke(goosed->will);
    if (goosed->node != NULL) node_close(goosed->node);
    saver_close(goosed->saver);
    on_change_close(goosed->on_change);
}

static void node_is_done(void *to, int status)
{
    struct goosed *goosed = to;

    if (status > goosed->status) goosed->status = status;
    uv_async_send(&goosed->over);
}

static void port_failed(void *to, const char *why)
{
    struct goosed *goosed = to;

    log_error(goosed->log, "%s", why);
    node_is_done(goosed, EXIT_FAILED_RUNNING);
}

static void port_open(void *to)
{
    struct goosed *goosed = to;

    log_info(goosed->log, "listening at %s", goosed->options.bind.chars);
    last_will_give(goosed->will, WILL_GIFT_SOCKET, udp_descriptor(node_udp(goosed->node)));
    node_start(goosed->node);
}

static void all_open(void *to)
{
    struct goosed *goosed = to;

    sd_notify_ready(goosed->notify);
}

/* What cannot be read leaves everything as it was. */
static void read_again(struct goosed *goosed)
{
    struct options_source source = source_of(goosed);
    struct options *options = malloc(sizeof *options);
    struct seal seal;
    char token[HTTP_TOKEN_BYTES_MAX], why[OPTIONS_LINE_BYTES];
    sd_notify_reloading(goosed->notify);
    bool good = options != NULL && options_read(options, &source, why) == EXIT_STOPPED &&
                read_secrets(&seal, token, options, why, sizeof why);

    if (good) {
        goosed->seal = seal;
        seal_wipe(&seal);
        node_keys_changed(goosed->node);
        memcpy(goosed->token, token, sizeof token);
        listener_set_token(goosed->listener, token);
        log_set_level(goosed->log, options->log_level);
        log_info(goosed->log, "keys, token and log level read again");
    } else {
        log_error(goosed->log, "nothing was changed: %s", options == NULL ? "out of memory" : why);
    }
    sodium_memzero(token, sizeof token);
    free(options);
    sd_notify_reloaded(goosed->notify);
}

static void handed_over(void *to, enum goose_outcome outcome, uint64_t number)
{
    struct goosed *goosed = to;

    (void)number;
    if (outcome != GOOSE_OUTCOME_DONE)
        log_warn(goosed->log, "no handover: %s", goose_outcome_name(outcome));
}

static void hand_over(struct goosed *goosed)
{
    struct goose_election_view view;

    node_view(goosed->node, &view);
    if (view.role == GOOSE_ROLE_GOOSE)
        node_request(goosed->node, GOOSE_REQUEST_HANDOVER, (struct goose_text){NULL, 0}, false,
                     handed_over, goosed);
    else
        log_info(goosed->log, "nothing to hand over: this node is a duck");
}

static void signal_came(uv_signal_t *handle, int number)
{
    struct goosed *goosed = handle->data;

    switch (number) {
    case SIGHUP: read_again(goosed); break;
    case SIGUSR1: node_log_status(goosed->node); break;
    case SIGUSR2: hand_over(goosed); break;
    default:
        log_info(goosed->log, "stopping");
        sd_notify_stopping(goosed->notify);
        node_stop(goosed->node, EXIT_STOPPED);
        break;
    }
}

static void watch_signals(struct goosed *goosed)
{
    uv_async_init(&goosed->loop, &goosed->over, close_all);
    goosed->over.data = goosed;
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < SIGNALS; i++) {
        uv_signal_init(&goosed->loop, &goosed->signals[i]);
        goosed->signals[i].data = goosed;
        uv_signal_start(&goosed->signals[i], signal_came, signals[i]);
    }
}

/* The state of an earlier life, or none; anything an operator has to look at is the end. */
static int open_state(struct goosed *goosed)
{
    struct saver_found *found = &goosed->found;

    goosed->saver =
        saver_open(&goosed->loop, goosed->options.state_dir, goosed->options.flock, found);
    if (goosed->saver == NULL)
        return refuse(found->verdict == SAVER_FAILED || found->verdict == SAVER_LOCKED
                          ? EXIT_FAILED_RUNNING
                          : EXIT_WRONG_CONFIG,
                      found->text);
    if (found->text[0] != 0) log_warn(goosed->log, "%s", found->text);
    if (found->count > 0 && !goose_durable_decode(found->bytes, found->count, &goosed->saved)) {
        log_error(goosed->log,
                  "the state in %s is whole but makes no sense to this version: set aside, newborn",
                  goosed->options.state_dir);
        saver_set_aside(goosed->saver);
        found->count = 0;
    }
    return EXIT_STOPPED;
}

/* Only a daemon that has the state's lock may say anything in its name. */
static int open_page(struct goosed *goosed)
{
    const char *path = goosed->options.lease_page;
    char why[OPTIONS_LINE_BYTES];

    if (path[0] == 0) return EXIT_STOPPED;
    goosed->page = lease_page_open(path, why, sizeof why);
    if (goosed->page == NULL) return refuse(EXIT_FAILED_RUNNING, why);
    if (!lease_page_in_memory(goosed->page))
        log_warn(goosed->log,
                 "--lease-page %s lies on a disk, and a disk that hangs would stop this node: put "
                 "it on a tmpfs, as /run mostly is",
                 path);
    last_will_give(goosed->will, WILL_GIFT_PAGE, lease_page_descriptor(goosed->page));
    return EXIT_STOPPED;
}

/* Its helper was started before anything else. */
static int open_last_will(struct goosed *goosed)
{
    if (goosed->options.last_will && goosed->will == NULL)
        log_warn(
            goosed->log,
            "--last-will does nothing here: this is the first process of its pid namespace, and "
            "what it starts dies with it; start it under an init that stays");
    if (!last_will_watch(goosed->will, &goosed->loop, goosed->log))
        return refuse(EXIT_FAILED_RUNNING, "out of descriptors");
    last_will_give(goosed->will, WILL_GIFT_LOCK, saver_lock(goosed->saver));
    return EXIT_STOPPED;
}

static void say_hello(struct goosed *goosed)
{
    const struct options *options = &goosed->options;
    const struct goose_roster *peers = &options->election.peers;

    for (unsigned i = 0; i < options->warnings; i++)
        log_warn(goosed->log, "%s", options->warning[i]);
    log_info(goosed->log,
             "goosed %s self=%s flock=%s heartbeat_us=%" PRIu32 " lease_us=%" PRIu32 " state=%s",
             options_version(), options->election.self.chars, options->flock,
             options->election.heartbeat_us, options->election.lease_us, options->state_dir);
    if (options->faults)
        log_warn(goosed->log, "--faults: anybody who may change this node may also break it");
    if (goosed->found.count > 0 && goosed->saved.roster.term > 0 && peers->count > 1 &&
        goosed->saved.roster.flock_id != peers->flock_id)
        log_warn(goosed->log, "--peers is ignored: the state file already names this node's flock");
}

static void view_for_notify(const void *of, struct goose_election_view *view)
{
    node_view(of, view);
}

static bool open_on_change(struct goosed *goosed)
{
    const struct options *options = &goosed->options;
    const struct on_change_parts parts = {.loop = &goosed->loop,
                                          .log = goosed->log,
                                          .command = options->on_change,
                                          .self = options->election.self.chars,
                                          .flock = options->flock,
                                          .timeout_us = options->on_change_timeout_us};

    if (options->on_change[0] == 0) return true;
    goosed->on_change = on_change_new(&parts);
    if (goosed->on_change == NULL) return false;
    changes_listen(node_changes(goosed->node), on_change_tell, goosed->on_change);
    return true;
}

static int open_parts(struct goosed *goosed)
{
    int status = open_last_will(goosed);
    if (status == EXIT_STOPPED) status = open_page(goosed);
    if (status != EXIT_STOPPED) return status;
    struct node_parts parts = {.loop = &goosed->loop,
                               .log = goosed->log,
                               .options = &goosed->options,
                               .seal = &goosed->seal,
                               .saver = goosed->saver,
                               .saved = goosed->found.count > 0 ? &goosed->saved : NULL,
                               .page = goosed->page,
                               .will = goosed->will,
                               .ended = node_is_done,
                               .to = goosed};

    goosed->node = node_new(&parts);
    if (goosed->node == NULL) return refuse(EXIT_FAILED_RUNNING, "out of memory or descriptors");
    goosed->notify = sd_notify_new(&(struct sd_notify_parts){
        .loop = &goosed->loop, .log = goosed->log, .view = view_for_notify, .of = goosed->node});
    goosed->faults = faults_new(&goosed->loop, node_udp(goosed->node), goosed->saver);
    goosed->api = node_api_new(goosed->node, goosed->faults, &goosed->options, &goosed->seal);
    if (goosed->faults == NULL || goosed->api == NULL)
        return refuse(EXIT_FAILED_RUNNING, "out of memory");
    if (!open_on_change(goosed)) return refuse(EXIT_FAILED_RUNNING, "out of memory");
    struct listener_parts listener = {.loop = &goosed->loop,
                                      .log = goosed->log,
                                      .options = &goosed->options,
                                      .udp = node_udp(goosed->node),
                                      .api = node_api_of(goosed->api),
                                      .token = goosed->token,
                                      .listening = port_open,
                                      .all_open = all_open,
                                      .failed = port_failed,
                                      .to = goosed};
    goosed->listener = listener_start(&listener);
    if (goosed->listener == NULL) return refuse(EXIT_FAILED_RUNNING, "out of memory");
    return EXIT_STOPPED;
}

/* From the first part to the last, and until all are closed again. */
static int run_parts(struct goosed *goosed)
{
    say_hello(goosed);
    watch_signals(goosed);
    int status = open_parts(goosed);
    if (status != EXIT_STOPPED) node_is_done(goosed, status);
    uv_run(&goosed->loop, UV_RUN_DEFAULT);
    log_info(goosed->log, "stopped");
    return goosed->status;
}

static int run(struct goosed *goosed)
{
    goosed->log = log_new(STDERR_FILENO, goosed->options.log_level, goosed->options.log_format);
    if (goosed->log == NULL || uv_loop_init(&goosed->loop) != 0)
        return refuse(EXIT_FAILED_RUNNING, "out of memory");
    log_set_node(goosed->log, goosed->options.election.self.chars);
    log_by_thread(goosed->log);
    int status = open_state(goosed);
    if (status == EXIT_STOPPED) status = run_parts(goosed);
    uv_loop_close(&goosed->loop);
    lease_page_close(goosed->page);
    node_api_free(goosed->api);
    log_free(goosed->log);
    seal_wipe(&goosed->seal);
    return status;
}

static int print_key(void)
{
    char key[SEAL_KEY_TEXT_BYTES];

    if (!seal_new_key(key)) return refuse(EXIT_FAILED_RUNNING, "libsodium cannot start");
    puts(key);
    return EXIT_STOPPED;
}

/* The election's own, and a few clients: without them a node would run that nobody can ask. */
static bool raise_descriptors(char *why, size_t why_bytes)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= HTTP_DESCRIPTORS_MIN)
        return true;
    struct rlimit raised = {HTTP_DESCRIPTORS_MIN, limit.rlim_max};
    if (limit.rlim_max >= HTTP_DESCRIPTORS_MIN && setrlimit(RLIMIT_NOFILE, &raised) == 0)
        return true;
    snprintf(why, why_bytes,
             "%llu descriptors are too few (ulimit -n, LimitNOFILE=); give at least %d, and %d for "
             "many clients",
             (unsigned long long)limit.rlim_max, HTTP_DESCRIPTORS_MIN,
             HTTP_OTHER_DESCRIPTORS + HTTP_CONNECTIONS_MAX);
    return false;
}

/* Before there are threads or secrets, neither of which it should have. False: `why` is a line. */
static bool start_helper(struct goosed *goosed, char *why, size_t why_bytes)
{
    const struct options *options = &goosed->options;

    if (!options->last_will || options->task != TASK_RUN || last_will_is_vain()) return true;
    goosed->will =
        last_will_begin(goosed->argc, goosed->argv, options->lease_page[0] != 0, why, why_bytes);
    return goosed->will != NULL;
}

static int start(struct goosed *goosed)
{
    struct options_source source = source_of(goosed);
    char why[OPTIONS_LINE_BYTES];
    int status = (int)options_read(&goosed->options, &source, why);

    if (status != EXIT_STOPPED) return refuse(status, why);
    switch (goosed->options.task) {
    case TASK_HELP: fputs(options_help(), stdout); return EXIT_STOPPED;
    case TASK_VERSION: printf("goosed %s\n", options_version()); return EXIT_STOPPED;
    case TASK_NEW_KEY: return print_key();
    case TASK_CHECK_CONFIG:
    case TASK_RUN: break;
    }
    if (!start_helper(goosed, why, sizeof why)) return refuse(EXIT_FAILED_RUNNING, why);
    if (!read_secrets(&goosed->seal, goosed->token, &goosed->options, why, sizeof why))
        return refuse(EXIT_WRONG_CONFIG, why);
    if (goosed->options.lease_page[0] != 0 &&
        !lease_page_check(goosed->options.lease_page, why, sizeof why))
        return refuse(EXIT_WRONG_CONFIG, why);
    if (goosed->options.task == TASK_RUN)
        return raise_descriptors(why, sizeof why) ? run(goosed) : refuse(EXIT_FAILED_RUNNING, why);
    for (unsigned i = 0; i < goosed->options.warnings; i++)
        fprintf(stderr, "goosed: warning: %s\n", goosed->options.warning[i]);
    puts("the configuration is good");
    return EXIT_STOPPED;
}

/* Where descriptor 2 is closed, the next thing that is opened gets its number, and every line of the log is written into
 * that: a pipe of the loop, say. */
static bool open_standard(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

/* What was printed has to have arrived: a key on a full disk is none. */
static int end(int status)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0) return status;
    return refuse(EXIT_FAILED_RUNNING, "standard output cannot be written to");
}

/* Keys and token: into no core, before no debugger of this user, and never onto a swap. Where RLIMIT_MEMLOCK is too small
 * for that, they may be swapped out, and that is all. */
static struct goosed *new_goosed(void)
{
    void *at = mmap(NULL, sizeof(struct goosed), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    prctl(PR_SET_DUMPABLE, 0);
    if (at == MAP_FAILED) return NULL;
    mlock(at, sizeof(struct goosed));
    return at;
}

static void free_goosed(struct goosed *goosed)
{
    sodium_memzero(goosed, sizeof *goosed);
    munmap(goosed, sizeof *goosed);
}

int main(int argc, char **argv)
{
    if (!open_standard()) return EXIT_FAILED_RUNNING;
    struct goosed *goosed = new_goosed();

    if (goosed == NULL) return refuse(EXIT_FAILED_RUNNING, "out of memory");
    goosed->argc = argc;
    goosed->argv = argv;
    int status = start(goosed);
    last_will_free(goosed->will);
    free_goosed(goosed);
    return end(status);
}
