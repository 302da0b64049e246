/* request.h: what is kept of a request while its bytes come in. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <http_parser.h>

#include "http/exchange.h"

#define HEADER_BYTES_MAX 8192
#define BODY_BYTES_MAX   16384

/* Bytes of the request, counted from `base`: it may move in memory between two reads. */
struct field {
    uint16_t at;
    uint16_t bytes;
};

struct request {
    http_parser parser;
    const char *base; /* its first byte; valid from one request_parse() to the next read */
    struct field target;
    struct field host;
    struct field origin;
    struct field authorization;
    struct field body;
    struct field name; /* of the header field that is being read */
    struct field value;
    bool in_value;
    bool has_host;
    bool has_origin;
    bool has_authorization;
    bool wants_json;
    bool wants_html;
    bool cross_site;               /* Sec-Fetch-Site says so */
    bool expects;                  /* the field Expect: 100-continue */
    bool wants_continue;           /* and nobody has told it to send its body yet */
    bool encoded;                  /* there is a Transfer-Encoding */
    const struct problem *problem; /* it will not be carried out; the answer says why */
};

enum request_progress { REQUEST_UNFINISHED, REQUEST_WHOLE, REQUEST_REFUSED };

void request_init(struct request *request);

/* Reads on in a request that starts at `base` and of which `*seen` bytes were read before; all
 * `bytes` of it are there. Stops behind the request's last byte; `*seen` says where. */
enum request_progress request_parse(struct request *request, const char *base, size_t *seen,
                                    size_t bytes);

/* Once it is whole or refused: fills in all but the exchange's links. False where it is refused:
 * see `problem`. */
bool request_read(const struct request *request, struct exchange *exchange);

#endif
