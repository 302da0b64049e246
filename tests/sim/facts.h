/* facts.h: the checkers are told what was seen of a node from outside, and nothing else. */
#ifndef GOOSIM_FACTS_H
#define GOOSIM_FACTS_H

#include "goose/election.h"

struct world;
struct host;

void facts_handled(struct world *w, struct host *h, const struct goose_message *m);
void facts_stepped(struct world *w, struct host *h, const struct goose_event *event);
void facts_sent(struct world *w, struct host *h, const struct goose_send *send);
void facts_shown(struct world *w, struct host *h); /* page and HTTP can show a claim from now on */
void facts_put_back(struct world *w, struct host *h);
void facts_claim(struct world *w,
                 struct host *h); /* what goose_election_lease_left_us() says now */
void facts_announced(struct world *w, struct host *h);
void facts_clock_moved(struct world *w, struct host *h);
void facts_saved(struct world *w, struct host *h);
void facts_gone(struct world *w, struct host *h, bool rebooted);

/* What facts*.c share. */
void facts_vote(struct world *w, struct host *h, uint64_t candidate, uint64_t term);
bool facts_has_newest(struct world *w, const struct goose_roster *roster, uint64_t uid);

#endif
