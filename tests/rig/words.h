/* words.h: one language for all that tell what a flock did: the traces, the simulator, the model. Messages, rosters, notes
 * and events in human words; a field that says nothing new is left out. */
#ifndef RIG_WORDS_H
#define RIG_WORDS_H

#include "state.h"

#define LINE_CHARS_MAX 512
#define NAME_CHARS_MAX 24
#define NAMES_MAX      64

/* A small string that is added to, and cut where it would overflow. */
struct words {
    char chars[LINE_CHARS_MAX];
    size_t bytes;
};

__attribute__((format(printf, 2, 3))) void words_add(struct words *words, const char *format, ...);
/* 315ms, 26.25ms, 12s: no digits that say nothing. */
void words_add_us(struct words *words, uint64_t us);
/* Names of the core are words with dashes; good until the next one. */
const char *plain(const char *name);

/* What uids are called: the first one of a node as the node itself, those after a lost disk get a prime each. Who is not
 * known is somebody. */
struct uid_names {
    int count;
    struct {
        uint64_t uid;
        char chars[NAME_CHARS_MAX];
    } of[NAMES_MAX];
};

int uid_find(const struct uid_names *names, uint64_t uid); /* -1: not known */
const char *uid_name(const struct uid_names *names, uint64_t uid);
uint64_t uid_of(const struct uid_names *names, const char *name); /* 0: not known */
void uid_keep(struct uid_names *names, uint64_t uid, const char *name);
void uid_learn(struct uid_names *names, uint64_t uid, const char *node);

/* Whose words these are, and where they go. */
struct speaker {
    const struct uid_names *names;
    const char *name; /* of the node that this is about */
    const struct goose_election *e;
    /* Of a clock that all nodes have: so who gets something can say when it was sent; 0: there is none. */
    uint64_t one_clock_us;
    unsigned watch;   /* what is told: tell.h */
    uint64_t hold_id; /* of its last request for a hold; 0: not known */
    void *listener;
    void (*line)(void *listener, const char *line);
    const char *(*receiver)(void *listener, const struct goose_send *send);
};

/* 7.2: n1 n2? n3=n3'(50): n2's seat is unclaimed, another uid than n3's first sits at n3's address, with a priority that
 * is not the usual one. */
void roster_words(const struct speaker *s, const struct goose_roster *roster, struct words *words);
/* { what it says }: as the speaker means it, or as anybody reads it. `roster` rides along where the message says so. */
void message_words(const struct speaker *s, const struct goose_message *m,
                   const struct goose_roster *roster, struct words *words);
void note_words(const struct speaker *s, const struct goose_note *note, struct words *words);
/* As a scenario says it; of a deadline, and of going on, there is nothing to say. */
void event_words(const struct speaker *s, const struct goose_event *event, const char *from,
                 struct words *words);

#endif
