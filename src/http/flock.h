/* flock.h: all that the HTTP server may know of the node, and all that it may ask of it.
 *
 * The daemon fills in a struct node_api; the server calls it, always from the loop's thread and
 * never from inside one of the node's own calls. The server never sees the election, so it cannot
 * alter one by accident.
 *
 * Strings that come out of the node belong to the node. They stay as they are until the callback
 * of the loop that asked for them returns, no longer. NULL means "not known" wherever a comment
 * says so, and nowhere else. */
#ifndef HTTP_FLOCK_H
#define HTTP_FLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;
struct job;

#define FLOCK_UNKNOWN       UINT64_MAX
#define FLOCK_ADDRESS_BYTES 72 /* "host:port" and its terminating zero */
#define FLOCK_VOTERS_MAX    31
#define FLOCK_TEXT_BYTES    256 /* a reason or a hint, and its terminating zero */

enum flock_seat { FLOCK_SEAT_NONE, FLOCK_SEAT_OBSERVER, FLOCK_SEAT_VOTER };

/* The node at the instant of the call. PROTOCOL 5: `is_goose` and `lease_us` come from a clock
 * that was read in this very call, never from an earlier event. */
struct flock_status {
    bool is_goose;    /* the claim: goose, and the lease is alive */
    bool knows_goose; /* a promise from a heartbeat of this term lives, or is_goose */
    bool is_member;   /* a voter, or an observer that the goose knows */
    bool settled;     /* PROTOCOL 2: no seat is unclaimed any more */
    bool draining;
    bool authenticated; /* datagrams are sealed under a key */
    enum flock_seat seat;
    const char *state; /* a word for people and `why`: "duck", "canvassing", "quarantine", ... */
    const char *self;  /* "host:port" */
    const char *goose; /* its address; NULL: not known */
    const char *flock; /* the flock's name */
    const char *not_ready; /* why not, in words; NULL: it is ready, or there is no more to say */
    uint64_t term;
    uint64_t lease_us; /* what is left of my lease; 0 unless is_goose */
    uint64_t hold_us;  /* what is left of the longest hold that I have given */
    uint64_t flock_id;
    uint64_t roster_term;
    uint64_t roster_version;
    unsigned wanted; /* how many voters the flock wants; 0: not of a flock yet */
    uint64_t uptime_us;
    uint64_t index;  /* of the newest change in what this node is and knows; the first is 1 */
    const char *why; /* that change, in words */
};

/* The goose was `from` and is `to`, as this node saw it. */
struct flock_change {
    uint64_t index;
    int64_t at_ms; /* since 1970, UTC */
    uint64_t term;
    const char *from; /* NULL: none was known */
    const char *to;   /* likewise */
    const char *why;
};

typedef void flock_each_change(const struct flock_change *change, void *to);

/* What the node is right after a change. */
typedef void flock_changed(void *to, const struct flock_status *status);

/* Whether one answers the goose: each node knows that of itself and of the goose, and of others only the goose does. */
enum flock_silent { FLOCK_SILENT_UNKNOWN, FLOCK_SILENT_NO, FLOCK_SILENT_YES };

/* What a duck does not know of the others stays unknown. */
struct flock_member {
    const char *address;
    uint64_t uid; /* 0: the seat is not claimed yet */
    enum flock_seat seat;
    const char *role; /* "goose" or "duck"; NULL: not known */
    enum flock_silent silent;
    int priority;           /* -1: not known */
    int rank;               /* in the succession, 0 is the heir; -1: none, or not known */
    uint64_t last_heard_us; /* ago; FLOCK_UNKNOWN */
    uint64_t rtt_us;        /* FLOCK_UNKNOWN */
    uint16_t http_port;     /* on the address's host; 0: none, or not known */
};

typedef void flock_each_member(const struct flock_member *member, void *to);

enum flock_ask { FLOCK_REMOVE, FLOCK_HANDOVER, FLOCK_DRAIN, FLOCK_UNDRAIN, FLOCK_VOTERS };

struct flock_request {
    enum flock_ask ask;
    bool force;          /* FLOCK_REMOVE: even where it costs the majority */
    unsigned wanted;     /* FLOCK_VOTERS: how many, 1..FLOCK_VOTERS_MAX */
    const char *address; /* as the client wrote it, not yet canonical; "": none given */
};

enum flock_outcome {
    FLOCK_DONE,        /* 200 */
    FLOCK_BAD_ADDRESS, /* 400: not HOST:PORT */
    FLOCK_NOT_FOUND,   /* 404: no such member */
    FLOCK_REFUSED,     /* 409: would cost the majority, not eligible, nobody to hand over to */
    FLOCK_NO_GOOSE,    /* 503: nobody to carry it out */
    FLOCK_NO_ANSWER,   /* 503: it may or may not have been carried out */
};

struct flock_answer {
    enum flock_outcome outcome;
    const char *address; /* FLOCK_DONE: the new goose, or who was removed; NULL: none.
                            FLOCK_NOT_FOUND: whom nobody knows */
    unsigned number;     /* FLOCK_DONE: how many voters are wanted; or behind a removal, the loss
                            of how many stops the flock, 0: somebody waits for the seat */
    const char *error;   /* otherwise: what is wrong; NULL: the plain words for the outcome */
    const char *hint;    /* what would be right; NULL likewise */
};

typedef void flock_answered(void *ticket, const struct flock_answer *answer);

typedef void flock_job_told(void *to, bool over);

/* What can be watched. Those of one name come one behind the other, with one help and kind. */
#define FLOCK_LABELS_MAX 2

enum flock_metric_kind { FLOCK_GAUGE, FLOCK_COUNTER, FLOCK_HISTOGRAM };

struct flock_label {
    const char *name; /* NULL: none, nor any behind it */
    const char *value;
};

struct flock_metric {
    const char *name; /* as Prometheus wants it, with its unit; stays while the metrics are shown */
    const char *help; /* one line, without a backslash */
    enum flock_metric_kind kind;
    bool in_us;     /* the value is shown in seconds */
    uint64_t value; /* of a histogram: the sum, in us */
    struct flock_label labels[FLOCK_LABELS_MAX];
    size_t bounds; /* of a histogram, which has no labels: buckets, and one behind them */
    const uint64_t *bounds_us;
    const uint64_t *counts; /* of each bucket by itself */
};

typedef void flock_each_metric(const struct flock_metric *metric, void *to);

struct node_api {
    void *context;
    void (*status)(const void *context, struct flock_status *status);
    void (*members)(const void *context, flock_each_member *each, void *to);
    void (*metrics)(const void *context, flock_each_metric *each, void *to);

    /* PROTOCOL 5, Hold. Asks that no other node be goose for `wanted_us` from now; returns how
     * much of it is given, at most what is left of the lease, 0 on a duck. */
    uint64_t (*hold)(void *context, uint64_t wanted_us);

    /* Begins a change. `answered` is called with this ticket exactly once, within a bounded time,
     * be it before this function returns; also when the node stops, and also when the client or
     * the server has gone meanwhile: the ticket is the server's to forget, and nobody has to be
     * told. */
    void (*request)(void *context, const struct flock_request *request, flock_answered *answered,
                    void *ticket);

    /* A client works in the goose's name until it closes the job: the node holds the role for it,
     * and a planned resignation waits for it, at most `grace_us`. NULL: not the goose, or a goose
     * that resigns, or too many jobs. `told` may be called from inside the node: leave, or it is
     * over; after the latter or job_close() never again. */
    struct job *(*job_open)(void *context, uint64_t grace_us, flock_job_told *told, void *to);
    void (*job_close)(void *context, struct job *job);
    /* The last changes of the goose, oldest first. */
    void (*history)(const void *context, flock_each_change *each, void *to);

    /* From now on `changed` is called at each change, once, with indexes that count up by one; it
     * may be from inside one of the node's own calls. NULL: no more. */
    void (*watch)(void *context, flock_changed *changed, void *to);
    /* GET /why: JSON, and what it takes to know more a moment later. */
    const char *(*why)(const void *context);
    void (*probe)(void *context);

    /* The fault drills: JSON, and from JSON. Called only where http_options.faults is set. */
    const char *(*show_faults)(const void *context);
    bool (*set_faults)(void *context, const struct cJSON *object, char *why, size_t why_bytes);
};

#endif
