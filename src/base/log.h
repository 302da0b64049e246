/* log.h: lines on standard error: levels, text or JSON, one write(2) a line.
 *
 * A line that says what one of the last LOG_REPEATS_KEPT others said less than LOG_REPEAT_US ago
 * goes to debug. A log that nobody reads (a full pipe, a stopped terminal) never holds the caller
 * up: lines are dropped and counted, and the count is said when it is read again; nor does a file
 * on a disk that hangs, behind log_by_thread(). The process must ignore SIGPIPE.
 * One thread only: the loop's. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_LINE_BYTES_MAX 4096 /* with its end of line: what a pipe takes whole or not at all */
#define LOG_REPEATS_KEPT   64
#define LOG_REPEAT_US      INT64_C(60000000)

#define LOG_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVELS };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON, LOG_FORMATS };

struct log;

/* NULL: no memory. `fd` stays the caller's, and open for as long as the log lives. */
struct log *log_new(int fd, enum log_level level, enum log_format format);
/* From now on a file is written by a thread. What it has not written when the process is killed is lost. */
void log_by_thread(struct log *log);
void log_free(struct log *log);
void log_set_level(struct log *log, enum log_level level);
void log_set_format(struct log *log, enum log_format format);
/* Whose lines they are: said in JSON, and on a terminal, where several nodes may write. In a file or a journal the place
 * says it. `node` stays as it is for as long as the log lives. */
void log_set_node(struct log *log, const char *node);
/* Microseconds since 1970, UTC, instead of the host's: for tests. */
void log_set_clock(struct log *log, int64_t (*wall_us)(void));

/* Whether a line of that level would be written: before work that is done for the log alone. */
bool log_wants(const struct log *log, enum log_level level);

void log_error(struct log *log, const char *format, ...) LOG_PRINTF(2, 3);
void log_warn(struct log *log, const char *format, ...) LOG_PRINTF(2, 3);
void log_info(struct log *log, const char *format, ...) LOG_PRINTF(2, 3);
void log_debug(struct log *log, const char *format, ...) LOG_PRINTF(2, 3);
/* Written at any level, repeated or not: the answer to somebody who asked. */
void log_always(struct log *log, const char *format, ...) LOG_PRINTF(2, 3);

uint64_t log_dropped(const struct log *log); /* lines, since the start */

const char *log_level_name(enum log_level level);
const char *log_format_name(enum log_format format);

#endif
