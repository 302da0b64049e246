/* loop_fake.h: as much of libuv as src/http asks for, and its sockets.h, without a kernel behind them: a fuzzer says
 * what each socket brings and takes, and when time passes. The same bytes then give the same run, some hundred times
 * faster than through real sockets. It takes their place when a target is linked. */
#ifndef FUZZ_LOOP_FAKE_H
#define FUZZ_LOOP_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOCKETS 4

/* The peer of socket `i` hears these bytes. */
typedef void loop_hear(unsigned i, const char *bytes, size_t count);

/* Nothing is left of what was before. `local`: the peers are on this machine. */
void loop_begin(loop_hear *hear, bool local);
/* Whether every handle that was opened has been closed. */
bool loop_is_empty(void);

void loop_connect(unsigned i);
bool loop_is_open(unsigned i);
/* One packet. It is read in the next turn, or later where nobody reads. */
void loop_bring(unsigned i, const char *bytes, size_t count);
bool loop_has_unread(unsigned i);
void loop_end(unsigned i);   /* the peer sends no more */
void loop_reset(unsigned i); /* the peer is gone */
/* How many more bytes the socket takes: SIZE_MAX for any. */
void loop_room(unsigned i, size_t bytes);
void loop_pass(uint64_t ms);

/* Everything that can happen now, once. */
void loop_turn(void);

#endif
