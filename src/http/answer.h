/* answer.h: an answer's head as bytes. */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "http/exchange.h"

/* At most ANSWER_HEAD_BYTES_MAX. */
void answer_put_head(struct out *out, const struct exchange *exchange, const struct answer *answer);

/* "GET, HEAD, OPTIONS" */
void put_methods(struct out *out, unsigned methods);

#endif
